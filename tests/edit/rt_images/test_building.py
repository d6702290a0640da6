"""RT Images made of pairs, row by row of the recipe, from pairs of every kind."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import xarray as xr
from factories import base
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid as sop
from pydicom.dataset import Dataset
from rt_image_pairs import (
    BOUNDARIES,
    CREATOR,
    NESTED,
    PRIVATE,
    RECIPE,
    exposure,
    measured,
    pixels,
    planned,
    rows,
    saved,
    template,
)

import rtxr
from rtxr.errors import ConformanceError
from rtxr.model import findings_of

MACHINE = rtxr.Machine("TB1", DeviceSerialNumber="1234", imager="aS1200")
SYNTAXES = (sop.ExplicitVRLittleEndian, sop.ImplicitVRLittleEndian)


def made(
    folder: Path,
    images: list[Dataset],
    templates: list[Dataset],
    plan: Dataset | None = None,
    **options: Any,
) -> tuple[xr.Dataset, list[Dataset]]:
    """The Dataset, and what is in the files that it writes, in the order of the images."""
    plan = planned() if plan is None else plan
    ds = rtxr.rt_image_from_template(
        saved(folder, "images", images),
        saved(folder, "templates", templates),
        saved(folder, "plan", [plan])[0],
        **{"machine": MACHINE, **options},
    )
    return ds, written(ds, folder / "out")


def written(ds: xr.Dataset, folder: Path) -> list[Dataset]:
    table = ds.rt.to_dicom(folder)
    files = [pydicom.dcmread(path) for path in table["path"]]
    return sorted(files, key=lambda each: (each.AcquisitionTime, each.RTImageLabel))


def codes(ds: xr.Dataset) -> list[str]:
    return [each.code for each in findings_of(ds) if not each.code.startswith("rt-image-value")]


def same(one: Dataset, other: Dataset, keyword: str) -> bool:
    """Whether both have the same element, or the one has none or an empty one as the other."""
    if not other.get(keyword) and other.get(keyword) != 0:
        return keyword not in one or one[keyword].is_empty
    return bool(one[keyword] == other[keyword])


# --- every row ------------------------------------------------------------------------------------
MEASURED_OR_NOT = ("ImageComments", "RTImageName", "RTImageDescription", "WindowWidth",
                   "XRayImageReceptorTranslation", "XRayImageReceptorAngle", "RTImageSID",
                   "RadiationMachineSAD", "PixelIntensityRelationship")  # fmt: skip
MEANT_OR_NOT = ("FractionNumber", "ExposureSequence", "IsocenterPosition", "GantryAngle",
                "PrimaryDosimeterUnit", "ReferencedFractionGroupNumber", "PatientSex", "StudyID",
                "ConversionType", "StudyTime")  # fmt: skip


@st.composite
def pairs(draw: st.DrawFn) -> dict[str, Any]:
    """Images and templates that fit, their order and how they are stored."""
    count = draw(st.integers(1, 3))
    shape = draw(st.tuples(st.integers(1, 5), st.integers(2, 5)))
    dtype = draw(st.sampled_from(["uint8", "uint16", "int16"]))
    spacing = draw(
        st.lists(st.sampled_from(["0.336", "0.784", "1", "2.50"]), min_size=2, max_size=2)
    )
    scale = draw(st.sampled_from([("1", "0"), ("0.5", "-3"), ("2.1061499579e-06", "0")]))
    institution = draw(st.sampled_from([None, "Clinic", "Klinik Süd"]))
    charset = "ISO_IR 100" if institution and not institution.isascii() else None
    absent = draw(st.sets(st.sampled_from(MEASURED_OR_NOT)))
    images = [
        measured(
            number,
            pixels(*shape, dtype),
            ContentDate=draw(st.sampled_from(["20240305", "20240304"])),
            ImagePlanePixelSpacing=spacing,
            RescaleSlope=scale[0],
            RescaleIntercept=scale[1],
            InstitutionName=institution,
            SpecificCharacterSet=charset,
            **dict.fromkeys(absent),
        )
        for number in range(count)
    ]
    less = draw(st.sets(st.sampled_from(MEANT_OR_NOT)))
    templates = [
        template(
            number,
            draw(st.sampled_from([1, 2, 3])),
            StudyDate=draw(st.sampled_from(["20240101", "20240102"])),
            OperatorsName=draw(st.sampled_from([None, "Иванов"])),
            SpecificCharacterSet="ISO_IR 192",
            **dict.fromkeys(less),
        )
        for number in range(count)
    ]
    return {
        "images": images,
        "templates": templates,
        "order": draw(st.permutations(range(count))),
        "syntaxes": draw(st.tuples(*[st.sampled_from(SYNTAXES)] * 2)),
        "PatientID": draw(st.sampled_from([None, "QA-1", "Ωmega"])),
    }


@settings(max_examples=15)
@given(pairs())
def test_every_row_of_the_recipe_holds(drawn: dict[str, Any]):
    plan = planned()
    order = list(enumerate(drawn["order"]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ds = rtxr.rt_image_from_template(
            saved(folder, "images", drawn["images"], drawn["syntaxes"][0]),
            saved(folder, "templates", drawn["templates"], drawn["syntaxes"][1]),
            saved(folder, "plan", [plan])[0],
            machine=MACHINE,
            PatientID=drawn["PatientID"],
            pairs=lambda *_: order,
        )
        files = written(ds, folder / "out")
        back = rtxr.open_dir(folder / "out", progress=False)
        np.testing.assert_array_equal(back.rt_image.values, ds.rt_image.values)
    assert len(files) == len(order)
    by_label = {each.RTImageLabel: each for each in files}
    for image, meant in order:
        source = drawn["images"][image]
        check_pair(by_label[source.RTImageLabel], source, drawn["templates"][meant], plan)
    check_series(files, drawn)


def check_pair(new: Dataset, image: Dataset, meant: Dataset, plan: Dataset) -> None:
    for _, keyword in rows("image"):
        assert keyword == "PixelData" or same(new, image, keyword), keyword
    assert new.pixel_array.tobytes() == np.asarray(image_array(image)).tobytes()
    for tag, keyword in rows("template"):
        if tag >> 16 == 0x3273:
            value = CREATOR if tag == 0x32730010 else PRIVATE[tag]
            assert new[tag].value == value
        elif keyword not in NESTED:
            assert same(new, meant, keyword), keyword
    check_exposures(new, meant)
    for kind in ("Date", "Time"):
        content = image[f"Content{kind}"].value
        assert new[f"Acquisition{kind}"].value == content
        assert new[f"InstanceCreation{kind}"].value == content
    assert same(new, image, "InstitutionName")
    spacing = [float(each) for each in image.ImagePlanePixelSpacing]
    corner = [-(image.Columns - 1) / 2 * spacing[1], (image.Rows - 1) / 2 * spacing[0]]
    assert new.RTImagePosition == pytest.approx(corner, abs=1e-9)
    (reference,) = new.ReferencedRTPlanSequence
    assert reference.ReferencedSOPInstanceUID == plan.SOPInstanceUID
    assert reference.ReferencedSOPClassUID == plan.SOPClassUID
    assert new.StudyInstanceUID == meant.StudyInstanceUID
    assert new.StationName == new.RadiationMachineName == "TB1"
    assert new.DeviceSerialNumber == "1234"
    assert (new.SOPClassUID, new.Modality) == (sop.RTImageStorage, "RTIMAGE")
    for keyword in ("ImageType", "PatientBirthDate", "Manufacturer", "SeriesNumber"):
        assert same(new, meant, keyword)
    for keyword in ("PatientSex", "StudyID"):
        assert same(new, meant if keyword in meant else plan, keyword)
    assert "ApprovalStatus" not in new


def check_exposures(new: Dataset, meant: Dataset) -> None:
    """The sequence with everything in it, and the leaf boundaries of the plan."""
    if "ExposureSequence" not in meant:
        assert "ExposureSequence" not in new
        return
    (item,) = new.ExposureSequence
    leaves = item.BeamLimitingDeviceSequence[1]
    assert leaves.LeafPositionBoundaries == BOUNDARIES
    del leaves.LeafPositionBoundaries
    assert item[0x32531001].value == b"inside"
    assert item == meant.ExposureSequence[0]


def check_series(files: list[Dataset], drawn: dict[str, Any]) -> None:
    images, templates = drawn["images"], drawn["templates"]
    assert len({each.SeriesInstanceUID for each in files}) == 1
    for keyword in ("SOPInstanceUID", "FrameOfReferenceUID"):
        assert len({each[keyword].value for each in files}) == len(files)
    used = {str(each.value) for ds in (*images, *templates) for each in ds if each.VR == "UI"}
    for each in files:
        assert each.file_meta.MediaStorageSOPInstanceUID == each.SOPInstanceUID
        new = {each.SOPInstanceUID, each.SeriesInstanceUID, each.FrameOfReferenceUID}
        assert not new & used
        study = min(
            (ds.StudyDate, "StudyTime" not in ds, ds.get("StudyTime", "")) for ds in templates
        )
        assert (each.StudyDate, each.StudyTime) == (study[0], study[2])
        series = min((ds.ContentDate, ds.ContentTime) for ds in images)
        assert (each.SeriesDate, each.SeriesTime) == series
        assert each.PatientID == (drawn["PatientID"] or "T1")
        assert str(each.PatientName) == "T^T"


def image_array(image: Dataset) -> np.ndarray[Any, Any]:
    dtype = f"{'i' if image.PixelRepresentation else 'u'}{image.BitsAllocated // 8}"
    size = image.Rows * image.Columns
    return np.frombuffer(image.PixelData, dtype)[:size].reshape(image.Rows, image.Columns)


def test_all_lists_are_walked():
    assert list(RECIPE) == ["miscellaneous", "uids", "dates", "user", "image", "template"]
    assert [len(rows(each)) for each in RECIPE] == [3, 5, 8, 5, 27, 22]


# --- the whole -----------------------------------------------------------------------------------
def two() -> tuple[list[Dataset], list[Dataset]]:
    return [measured(0), measured(1)], [template(0, 1), template(1, 2)]


def test_what_was_made_survives_a_file_of_another_format(tmp_path):
    ds, _ = made(tmp_path, *two())
    ds.to_netcdf(tmp_path / "made.nc")
    with xr.open_dataset(tmp_path / "made.nc") as back:
        files = written(back, tmp_path / "again")
    assert [each.AcquisitionTime for each in files] == ["101200.5", "101201.5"]
    assert [each.InstanceCreationDate for each in files] == ["20240305"] * 2
    assert files[0][0x32731001].value == b"HFS "


def test_the_export_finds_nothing_to_mend(tmp_path):
    ds, _ = made(tmp_path, *two())
    noticed = ds.rt.validate()  # a frame of reference per image
    assert noticed[["severity", "code"]].values.tolist() == [["warning", "series-differs"]]
    assert noticed["attribute"].tolist() == ["(0020,0052) FrameOfReferenceUID"]
    files = rtxr.validate(tmp_path / "out")
    files = files[files["code"] != "unresolved-reference"]  # the plan is elsewhere
    same_words = ["severity", "code", "attribute", "message", "fix"]
    assert files[same_words].values.tolist() == noticed[same_words].values.tolist()
    assert noticed["fix"].str.contains("nothing has to be done").all()
    unlike = ["template-size-differs", "template-machine-differs"]
    assert codes(ds) == [*unlike * 2, *["patient-mismatch"] * 2]


def test_the_new_series_is_one_whatever_the_templates_say(tmp_path):
    one = {"SeriesNumber": 1, "OperatorsName": "A", "PatientBirthDate": "19500101", "StudyID": None}
    other = {"SeriesNumber": 2, "OperatorsName": "B", "PatientBirthDate": "19700101"}
    meant = [template(0, 1, **one, InstanceNumber=4), template(1, 2, **other, StudyTime="0700")]
    ds, files = made(tmp_path, [measured(0), measured(1)], meant)
    for each in files:
        assert (each.SeriesNumber, each.OperatorsName) == (2, "B")
        assert (each.PatientBirthDate, each.StudyID, each.StudyTime) == ("19700101", "S1", "0700")
    assert [each.InstanceNumber for each in files] == [4, 1]
    (found,) = [each for each in findings_of(ds) if each.code == "templates-differ"]
    assert found.severity == "warning"
    assert "taken from templates_01.dcm" in found.message
    unlike = ("PatientBirthDate", "StudyID", "SeriesNumber", "OperatorsName")
    assert all(each in found.message for each in unlike)
    assert "1970" not in found.message


def test_templates_of_several_series_are_only_told(tmp_path):
    ds, files = made(
        tmp_path, [measured(0), measured(1)], [template(), template(1, SeriesNumber=8)]
    )
    assert [each.SeriesNumber for each in files] == [7, 7]
    (found,) = [each for each in findings_of(ds) if each.code == "templates-differ"]
    assert (found.severity, found.message.count("(")) == ("info", 1)


# --- the patient ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("of_image", "of_template", "expected"),
    [("I", "T", "I"), (None, "T", "T"), ("", "T", "T"), ("", "", "PLAN"), (None, None, "PLAN")],
)
def test_the_patient_is_the_images_else_the_templates_else_the_plans(
    tmp_path, of_image, of_template, expected
):
    ds, (file,) = made(tmp_path, [measured(PatientID=of_image)], [template(PatientID=of_template)])
    assert file.PatientID == expected
    mismatches = [each for each in findings_of(ds) if each.code == "patient-mismatch"]
    assert any("PatientID" in each.message for each in mismatches) == (expected != "PLAN")


def test_the_user_sets_the_patient(tmp_path):
    ds, (file,) = made(
        tmp_path,
        [measured(PatientName="Image^I")],
        [template()],
        PatientName="Müller^Jörg",
        PatientID="Ω",
    )
    assert (str(file.PatientName), file.PatientID) == ("Müller^Jörg", "Ω")
    assert file.SpecificCharacterSet == "ISO_IR 192"
    assert "patient-mismatch" not in codes(ds)


def test_unlike_character_sets_are_brought_together(tmp_path):
    _, (file,) = made(
        tmp_path,
        [measured(SpecificCharacterSet="ISO_IR 100", RTImageDescription="Größe")],
        [
            template(
                SpecificCharacterSet="ISO_IR 144",
                OperatorsName="Люкceмбypг",
                ExposureSequence=[exposure(DiaphragmPosition=None)],
            )
        ],
        planned(SpecificCharacterSet="ISO_IR 192", StudyDescription="東京"),
    )
    assert file.RTImageDescription == "Größe"
    assert str(file.OperatorsName) == "Люкceмбypг"
    assert file.SpecificCharacterSet == "ISO_IR 192"


def test_a_text_that_its_character_set_does_not_have_is_an_error(tmp_path):
    image = measured(SpecificCharacterSet="ISO_IR 192", RTImageDescription="x")
    paths = saved(tmp_path, "images", [image])
    paths[0].write_bytes(paths[0].read_bytes().replace(b"measured", b"mess\xff\xfeed"))
    with pytest.raises(ConformanceError, match="the texts of image"):
        rtxr.rt_image_from_template(
            paths,
            saved(tmp_path, "templates", [template(SpecificCharacterSet="ISO_IR 100")]),
            saved(tmp_path, "plan", [planned()])[0],
            machine=MACHINE,
        )


def test_an_ion_plan_is_a_plan(tmp_path):
    ion = base(sop.RTIonPlanStorage, "RTPLAN", "ion")
    beam = Dataset()
    beam.BeamNumber = 1
    ion.RTPlanLabel, ion.IonBeamSequence = "ion", [beam]
    _, (file,) = made(tmp_path, [measured()], [template()], ion)
    (reference,) = file.ReferencedRTPlanSequence
    assert reference.ReferencedSOPClassUID == sop.RTIonPlanStorage
