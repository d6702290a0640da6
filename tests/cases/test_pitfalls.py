"""What receivers of other makes stumble over: held here on whole exports, or by the tests named.

Where one of those is renamed, this module says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import factories as make
import numpy as np
import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_file_meta_info
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

import rtxr
from rtxr import model
from rtxr.errors import ConformanceError

TESTS = Path(__file__).resolve().parents[1]
#: Pitfall > the test that holds it.
HELD = {
    "decimal strings of 16 characters, as near as these allow": (
        "iod/values/test_decimal_strings.py::test_every_number_has_a_string_that_is_near"
    ),
    "references to images that are not written": (
        "export/test_references.py::test_a_slice_that_is_not_written_takes_its_reference_along"
    ),
    "references that were broken already": (
        "export/test_references.py::test_references_that_nobody_could_follow_stay"
    ),
    "files rewritten in place": (
        "export/writing/test_files.py::test_the_folder_of_the_sources_is_never_written_to"
    ),
    "de-identification that breaks links": (
        "export/test_deidentified.py::test_uids_are_one_map_over_all_files_and_exports"
    ),
    "identifiers in nested sequences and private elements": (
        "export/test_deidentified.py::test_nothing_that_was_planted_is_in_the_files"
    ),
    "one object in several files": (
        "catalog/test_duplicates.py::test_exact_copies_are_used_once"
    ),
}  # fmt: skip
#: Longest values by VR (PS3.5 Table 6.2-1), characters.
LONGEST = {"AE": 16, "CS": 16, "DS": 16, "IS": 12, "LO": 64, "SH": 16, "UI": 64}


@pytest.mark.parametrize("pitfall", HELD)
def test_the_tests_named_here_exist(pitfall):
    path, _, name = HELD[pitfall].partition("::")
    assert f"def {name}" in (TESTS / path).read_text()


@pytest.fixture(scope="module")
def edited(phantom, tmp_path_factory):
    """Everything edited: thirds of spacings, a turned dose, new and renamed structures."""
    ds = rtxr.open_dir(phantom, progress=False).rt.resample((None, 10 / 3, 10 / 3))
    ds = ds.assign(dose=ds.dose.fillna(0) / 3)
    ds = ds.rt.rename(
        {"Lung_L": "A name of sixty-four characters, as long as ROI Name may be, /*?"}
    )
    ds = ds.rt.add_structure("Another long name that no short string can hold", ds.ct > 150)
    out = tmp_path_factory.mktemp("pitfalls") / "out"
    table = ds.rt.to_dicom(out)
    return ds, [pydicom.dcmread(path) for path in table["path"]]


def raw_elements(ds: Dataset) -> Iterator[tuple[str, RawDataElement]]:
    """Elements of a file at all depths, as they are stored."""
    for element in list(ds._dict.values()):
        if isinstance(element, RawDataElement) and element.VR != "SQ":
            yield str(element.VR), element
        else:
            for item in ds[element.tag].value if element.VR == "SQ" else ():
                yield from raw_elements(item)


def test_no_value_is_longer_than_its_vr_allows(edited):
    _, files = edited
    seen = set()
    for ds in files:
        for vr, element in raw_elements(ds):
            value = (element.value or b"").rstrip(b" \0")
            assert len(element.value or b"") % 2 == 0
            if vr in LONGEST:
                text = value.decode("utf-8")
                assert max(map(len, text.split("\\"))) <= LONGEST[vr], element.tag
                seen.add(vr)
    assert {"DS", "IS", "LO", "SH", "UI", "CS"} <= seen


def test_labels_of_structures_with_long_names_are_short(edited):
    _, files = edited
    (structures,) = (ds for ds in files if ds.Modality == "RTSTRUCT")
    names = {roi.ROIName for roi in structures.StructureSetROISequence}
    assert "Another long name that no short string can hold" in names
    labels = [each.get("ROIObservationLabel", "") for each in structures.RTROIObservationsSequence]
    assert max(map(len, labels)) <= 16


def test_a_name_that_is_too_long_is_refused_before_anything_is_written(phantom, tmp_path):
    ds = rtxr.open_dir(phantom, progress=False)
    with pytest.raises(rtxr.errors.RTXRError, match="64"):
        ds.rt.rename({"Lung_L": "x" * 65})
    labels = [str(label).replace("Lung_L", "x" * 65) for label in ds.roi.values]
    with pytest.raises(ConformanceError, match="ROIName"):
        ds.assign_coords(roi=labels).rt.to_dicom(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_chain_of_references_is_whole(edited):
    _, files = edited
    by_kind = {ds.Modality: ds for ds in files}
    images = {ds.SOPInstanceUID: ds for ds in files if ds.Modality == "CT"}
    dose, plan, structures = by_kind["RTDOSE"], by_kind["RTPLAN"], by_kind["RTSTRUCT"]
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    named = plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID
    assert named == structures.SOPInstanceUID
    (frame,) = structures.ReferencedFrameOfReferenceSequence
    (series,) = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence
    assert {each.ReferencedSOPInstanceUID for each in series.ContourImageSequence} == set(images)
    frames = {ds.FrameOfReferenceUID for ds in files if "FrameOfReferenceUID" in ds}
    assert frames == {frame.FrameOfReferenceUID}
    rois = structures.StructureSetROISequence
    assert {roi.ReferencedFrameOfReferenceUID for roi in rois} == frames


def test_every_contour_in_the_plane_of_a_slice_names_it(edited):
    _, files = edited
    images = {ds.SOPInstanceUID: ds for ds in files if ds.Modality == "CT"}
    heights = {round(float(ds.ImagePositionPatient[2]), 3): uid for uid, ds in images.items()}
    (structures,) = (ds for ds in files if ds.Modality == "RTSTRUCT")
    for roi in structures.ROIContourSequence:
        for contour in roi.get("ContourSequence", ()):
            if contour.ContourGeometricType != "CLOSED_PLANAR":
                continue
            (image,) = contour.ContourImageSequence
            wanted = heights[round(float(contour.ContourData[2]), 3)]
            assert image.ReferencedSOPInstanceUID == wanted
            assert image.ReferencedSOPClassUID == images[wanted].SOPClassUID


def test_interpolated_images_are_what_contours_refer_to(phantom, tmp_path):
    """Positions say which slice is meant, also where xarray has dropped its UID."""
    ds = rtxr.open_dir(phantom, progress=False).drop_vars("mask")
    between = np.sort(np.concatenate([ds.z[:4], ds.z[:3] + 1]))
    table = ds.interp(z=between).rt.to_dicom(tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    slices = dict(zip(map(str, back.ct_uid.values), back.z.values, strict=True))
    z = back.node_z.to_series().groupby(back.node_contour.values).first()
    named = dict(zip(back.contour.values, map(str, back.contour_image_uid.values), strict=True))
    drawn = [key for key in z.index if (np.abs(between - z[key]) < 0.01).any()]
    closed = set(back.contour.values[back.contour_type.values == "CLOSED_PLANAR"])
    assert [slices[named[key]] for key in drawn if key in closed] == [
        z[key] for key in drawn if key in closed
    ]
    assert "contour-image-gone" in {each["code"] for each in table.attrs["findings"]}


@pytest.mark.validators
def test_a_contour_beyond_64_kib(tmp_path, validator):
    """Explicit VR cannot say how long it is: the file is Implicit, and nothing becomes UN."""
    images = make.ct_series(2)
    make.write(tmp_path / "in", [*images, make.structure_set(images)])
    angle = 2 * np.pi * np.arange(4000) / 4000
    points = np.column_stack([np.cos(angle), np.sin(angle) / 3, np.zeros(4000)])
    ds = rtxr.open_dir(tmp_path / "in", progress=False).rt.add_structure("Long", [points])
    table = ds.rt.to_dicom(tmp_path / "out")
    path = table["path"].iloc[-1]
    back = pydicom.dcmread(path)
    assert (
        pydicom.dcmread(table["path"].iloc[0]).file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    )
    assert back.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    (contour,) = back.ROIContourSequence[1].ContourSequence
    assert len(contour.get_item("ContourData").value) > 2**16
    assert contour["ContourData"].VR == "DS"
    np.testing.assert_allclose(np.reshape(contour.ContourData, (-1, 3)), points, atol=1e-12)
    assert [line for line in validator.dciodvfy(path) if "ContourData" in line] == []


def test_group_lengths_are_true_or_not_there(edited):
    _, files = edited
    for ds in files:
        meta = read_file_meta_info(ds.filename)
        data = Path(ds.filename).read_bytes()
        end = 132 + 12 + meta.FileMetaInformationGroupLength
        assert data[end : end + 2] == b"\x08\0"  # what follows the file meta
        assert not any(tag.element == 0 for tag in ds._dict)


def test_group_lengths_of_a_source_are_not_written(tmp_path):
    (path,) = make.write(tmp_path / "in", make.ct_slice(1, 0.0))
    data, patient = path.read_bytes(), b"\x10\0\x10\0PN"
    wrong = b"\x10\0\0\0UL\x04\0" + (7).to_bytes(4, "little")
    path.write_bytes(data.replace(patient, wrong + patient, 1))
    assert (0x0010, 0x0000) in pydicom.dcmread(path)
    table = rtxr.open_dir(tmp_path / "in", progress=False).rt.to_dicom(tmp_path / "out")
    assert table["changed"].tolist() == [""]
    assert (0x0010, 0x0000) not in pydicom.dcmread(table["path"].iloc[0])


def test_names_never_leave_the_folder(tmp_path):
    objects = make.case(
        PatientID="../../../etc", StudyDescription="C:\\x", SeriesDescription="../a"
    )
    make.write(tmp_path / "in", objects)
    ds = rtxr.open_dir(tmp_path / "in", progress=False)
    before = {path for path in tmp_path.rglob("*") if "in" not in path.parts}
    table = ds.rt.rename({str(ds.roi.values[0]): "../../CON:"}).rt.to_dicom(tmp_path / "a" / "out")
    out = (tmp_path / "a" / "out").resolve()
    assert all(Path(path).resolve().is_relative_to(out) for path in table["path"])
    assert {path for path in tmp_path.rglob("*") if "in" not in path.parts} - before == {
        out.parent, out, *(Path(path).resolve() for path in table["path"])
    }  # fmt: skip
    assert str(rtxr.open_dir(out, progress=False)[model.ROI_NAME].values[0]) == "../../CON:"
