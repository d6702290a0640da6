"""Real objects: unchanged they come out as they were plus additions, and then they conform."""

from __future__ import annotations

import io

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.uid import generate_uid

from iod.objects import codes, differences, header_and_bulk, structure_data, write
from rtxr.iod import rt_structure_set
from rtxr.iod.build import build
from rtxr.iod.encoding import pixels
from rtxr.iod.encoding.raw import duplicate, put
from rtxr.iod.provenance import changed_values
from rtxr.iod.tables import IODS, iod_for

pytestmark = pytest.mark.data

#: What each kind of object of a case lacks, by folder.
CASES = {
    "breast_boost_eclipse": {
        "CT Image": {"Laterality"},
        "RT Structure Set": {
            "FrameOfReferenceUID",
            "OperatorsName",
            "PositionReferenceIndicator",
        },
        "RT Dose": {"OperatorsName"},
        "RT Plan": set(),
    },
    "oncentra_phantom": {
        "CT Image": {"KVP"},
        "RT Structure Set": {
            "FrameOfReferenceUID",
            "OperatorsName",
            "PositionReferenceIndicator",
        },
        "RT Dose": {"OperatorsName"},
        "RT Plan": set(),
    },
    "proton_dcpt": {"RT Structure Set": set(), "RT Dose": set(), "RT Ion Plan": set()},
    "brachy_hdr_robustbrachy": {
        "RT Structure Set": {"FrameOfReferenceUID", "PositionReferenceIndicator"},
        "RT Dose": set(),
        "RT Plan": set(),
    },
}
_RT_IMAGE = "1.2.840.10008.5.1.4.1.1.481.1"


def _values(header: pydicom.Dataset, full: pydicom.Dataset) -> dict[str, object]:
    """What an export gives for an object that nobody edited."""
    if header.SOPClassUID != IODS["RTSTRUCT"].sop_class_uid:
        return {}
    values, findings = rt_structure_set.values(structure_data(full), header)
    assert findings == []
    assert set(values) == {"ROIContourSequence"}
    return values


@pytest.mark.parametrize("case", CASES)
def test_unchanged_objects_come_out_equal_plus_additions(case, case_data):
    seen = set()
    for path in sorted(case_data(case).rglob("*.dcm")):
        header, full = header_and_bulk(path)
        if full.SOPClassUID == _RT_IMAGE:
            continue
        iod = iod_for(str(full.SOPClassUID))
        built = build(iod, header, _values(header, full))
        assert built.violations == (), path.name
        dataset = duplicate(built.dataset)
        if "PixelData" in full:
            put(dataset, full.get_item("PixelData"))
        changed, added = differences(full, dataset)
        assert changed == [], path.name
        assert set(added) == CASES[case][iod.name], path.name
        found = [each.split()[1] for each in codes(built.findings) if each.startswith("added")]
        assert sorted(found) == sorted(added)
        seen.add(iod.name)
    assert seen == set(CASES[case])


def _written(path, target, *, implicit_vr=False, changed=False):
    """An object, built and written with its uncompressed pixels."""
    header, full = header_and_bulk(path)
    iod = iod_for(str(full.SOPClassUID))
    values = _values(header, full)
    if changed:
        values = {**changed_values(iod, header, "made for a test"), **values}
        values["SOPInstanceUID"] = generate_uid(prefix=None)
        values["SeriesInstanceUID"] = generate_uid(prefix=None)
    built = build(iod, header, values)
    assert built.violations == ()
    dataset = duplicate(built.dataset)
    if "PixelData" in full:
        raw = full.get_item("PixelData").value
        put(dataset, pydicom.DataElement("PixelData", "OW", raw))
    return write(dataset, target, implicit_vr=implicit_vr)


@pytest.mark.validators
@pytest.mark.parametrize("implicit_vr", [False, True])
@pytest.mark.parametrize(
    "name", ["rtss.dcm", "rtplan.dcm", "rtdose.dcm", "ct_z168.56_uncompressed.dcm"]
)
def test_what_is_added_makes_a_case_conform(name, implicit_vr, case_data, validator, tmp_path):
    source = case_data("breast_boost_eclipse") / name
    path = _written(source, tmp_path / name, implicit_vr=implicit_vr)
    assert validator.dciodvfy(path) == []
    if not name.startswith("ct"):
        assert set(validator.drtdump(path)) <= set(validator.drtdump(source))


@pytest.mark.validators
@pytest.mark.parametrize(
    "name", ["rtss.dcm", "rtplan.dcm", "rtdose.dcm", "ct_z168.56_uncompressed.dcm"]
)
def test_a_changed_object_conforms_and_says_so(name, case_data, validator, tmp_path):
    source = case_data("breast_boost_eclipse") / name
    path = _written(source, tmp_path / name, changed=True)
    assert validator.dciodvfy(path) == []
    back = pydicom.dcmread(path)
    assert back.ContributingEquipmentSequence[-1].ContributionDescription == "made for a test"
    assert back.get("ApprovalStatus", "UNAPPROVED") == "UNAPPROVED"


@pytest.mark.validators
@pytest.mark.parametrize("case", ["oncentra_phantom", "proton_dcpt", "brachy_hdr_robustbrachy"])
def test_other_cases_get_no_error_their_source_did_not_have(case, case_data, validator, tmp_path):
    for at, source in enumerate(sorted(case_data(case).rglob("R[SPDN]*.dcm"))):
        path = _written(source, tmp_path / f"{at}.dcm")
        assert set(validator.dciodvfy(path)) <= set(validator.dciodvfy(source)), source.name
        assert set(validator.drtdump(path)) <= set(validator.drtdump(source)), source.name


@pytest.mark.parametrize("implicit_vr", [False, True])
def test_vendor_elements_that_pydicom_cannot_parse_are_written_back(
    implicit_vr, case_data, tmp_path
):
    found = 0
    for source in sorted((case_data("quirks") / "topas_odd_length_vr").rglob("*.dcm")):
        header, full = header_and_bulk(source)
        if full.SOPClassUID != IODS["CT"].sop_class_uid:
            continue
        built = build(IODS["CT"], header, {})
        private = {
            e.tag: e.value
            for e in header.elements()
            if e.tag.is_private and e.tag.element and e.VR != "SQ"
        }
        back = pydicom.dcmread(write(built.dataset, tmp_path / "out.dcm", implicit_vr=implicit_vr))
        for tag, value in private.items():
            assert back.get_item(tag).value == value
        found += pydicom.tag.Tag(0x01F1, 0x1026) in private
    assert found


def test_stored_integers_of_real_pixels_are_the_source_again(case_data):
    folder = case_data("breast_boost_eclipse")
    ct = pydicom.dcmread(folder / "ct_z168.56_uncompressed.dcm")
    hu = ct.pixel_array * float(ct.RescaleSlope) + float(ct.RescaleIntercept)
    for values in (hu, hu.astype("int16"), hu.astype("float32")):
        coded = pixels.encode_image(values, ct)
        assert coded.attributes == {}
        assert (coded.stored == ct.pixel_array).all()
    dose = pydicom.dcmread(folder / "rtdose.dcm")
    coded = pixels.encode_dose(dose.pixel_array * float(dose.DoseGridScaling), dose)
    assert coded.attributes == {}
    assert (coded.stored == dose.pixel_array).all()


def test_pixels_with_a_slope_that_is_no_integer(case_data):
    path = next(
        path
        for path in sorted(case_data("matrad_tg119").rglob("*.dcm"))
        if pydicom.dcmread(path, specific_tags=["Modality"]).Modality == "CT"
    )
    ct = pydicom.dcmread(path)
    hu = ct.pixel_array * float(ct.RescaleSlope) + float(ct.RescaleIntercept)
    for values in (hu, hu.astype("float32")):
        coded = pixels.encode_image(values, ct)
        assert coded.attributes == {}
        assert (coded.stored == ct.pixel_array).all()


def test_elements_that_nobody_touches_stay_undecoded(case_data):
    header, _ = header_and_bulk(case_data("breast_boost_eclipse") / "ct_z168.56_uncompressed.dcm")
    buffer = io.BytesIO()
    header.save_as(buffer)
    fresh = pydicom.dcmread(io.BytesIO(buffer.getvalue()))
    build(IODS["CT"], fresh, {"InstanceNumber": 3})
    assert isinstance(fresh.get_item("RescaleSlope"), RawDataElement)
