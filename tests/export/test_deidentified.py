"""A whole case through the confidentiality profile, as files."""

import numpy as np
import pydicom
import pytest
import xarray as xr

import rtxr
from rtxr.errors import RTXRError
from tests.iod.deidentification.planted import TAGS, add_private, planted

MODIFIED = "Retain Longitudinal Modified Dates"
CASES = [
    "oncentra_phantom",
    "brachy_hdr_robustbrachy",
    "matrad_tg119",
    "pymedphys/tiny_vmat",
]


def headers(folder):
    return [pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(folder.glob("*.dcm"))]


def files(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.dcm")))


@pytest.fixture(scope="module")
def small(phantom, tmp_path_factory):
    """Folder with some slices of the synthetic patient and all its other objects."""
    folder = tmp_path_factory.mktemp("small") / "dicom"
    rtxr.open_dir(phantom).isel(z=slice(18, 23)).rt.to_dicom(folder)
    return folder


@pytest.fixture(scope="module")
def case(small):
    return rtxr.open_dir(small)


@pytest.fixture(scope="module")
def marked(small, tmp_path_factory):
    """The phantom with every attribute of the table in every file; what to look for."""
    folder = tmp_path_factory.mktemp("marked")
    traces: set[bytes] = set()
    for source in small.rglob("*.dcm"):
        dataset = pydicom.dcmread(source)
        rows = [
            tag for tag in TAGS if not pydicom.datadict.keyword_for_tag(tag).endswith("Sequence")
        ]
        nested = pydicom.Dataset()
        deep = planted(rows, nested, first=1000)
        add_private(nested, "PLANTED private")
        add_private(dataset, "PLANTED private")
        traces |= {str(value).encode() for value in _old_identifiers(dataset)}
        top = planted(rows, dataset)
        traces |= set(top.values()) | set(deep.values())
        dataset.PatientName, dataset.PatientID = "Kowalski^Jan", "A471100"
        dataset.RelatedSeriesSequence = [nested]
        dataset.preamble = b"PLANTED preamble".ljust(128, b"\0")
        dataset.file_meta.SourceApplicationEntityTitle = "PLANTED_AE"
        dataset.save_as(folder / source.name)
    return folder, {*traces, b"Kowalski", b"A471100", b"PLANTED"}


def _old_identifiers(dataset):
    for element in dataset.iterall():
        if element.VR == "UI" and not str(element.value).startswith("1.2.840.10008."):
            yield element.value


def equal_numbers(one, other, *, names=True):
    for name in one.data_vars:
        np.testing.assert_array_equal(one[name].values, other[name].values)
    if "mask" in one.coords:
        np.testing.assert_array_equal(one.mask.values, other.mask.values)
        assert one.roi_number.values.tolist() == other.roi_number.values.tolist()
        if names:
            assert one.roi.values.tolist() == other.roi.values.tolist()


@pytest.mark.filterwarnings("ignore")
def test_nothing_that_was_planted_is_in_the_files(marked, tmp_path):
    folder, traces = marked
    ds = rtxr.open_dir(folder)
    table = ds.rt.to_dicom(tmp_path / "out", deidentify=True)
    written = files(tmp_path / "out")
    assert not {trace for trace in traces if trace in written}
    told = table.to_csv() + str(table.attrs)
    assert not {trace for trace in traces if trace.decode() in told}
    names = "".join(path.name for path in (tmp_path / "out").iterdir())
    assert "A471100" not in names
    assert set(table["changed"]) == {"de-identified"}
    equal_numbers(ds, rtxr.open_dir(tmp_path / "out"), names=False)


@pytest.mark.parametrize("options", [(), ("Clean Descriptors", "Retain Device Identity", MODIFIED)])
@pytest.mark.validators
def test_a_case_is_whole_and_conformant(case, tmp_path, validator, options):
    profile = rtxr.Deidentify(options=options, patient_name="Case^7", patient_id="C7")
    case.rt.to_dicom(tmp_path / "out", deidentify=profile)
    back = rtxr.open_dir(tmp_path / "out")
    equal_numbers(case, back, names=bool(options))
    if options:
        xr.testing.assert_equal(case.rt.dvh().to_xarray(), back.rt.dvh().to_xarray())
        assert case.rt.beams().equals(back.rt.beams())
    assert len(rtxr.scan(tmp_path / "out").cases) == 1
    for path in sorted((tmp_path / "out").glob("*.dcm")):
        if path.name not in {f"CT_{at:04d}.dcm" for at in range(2, 100)}:
            assert validator.dciodvfy(path) == []
    assert validator.dcentvfy(tmp_path / "out") == []


def test_what_the_files_say_of_it(case, tmp_path):
    profile = rtxr.Deidentify(
        options=["Clean Descriptors", MODIFIED], patient_name="Case^7", patient_id="C7"
    )
    table = case.rt.to_dicom(tmp_path / "out", deidentify=profile)
    for header in headers(tmp_path / "out"):
        assert (header.PatientName, header.PatientID) == ("Case^7", "C7")
        assert header.PatientIdentityRemoved == "YES"
        assert header.LongitudinalTemporalInformationModified == "MODIFIED"
        codes = [code.CodeValue for code in header.DeidentificationMethodCodeSequence]
        assert codes == ["113100", "113107", "113105"]
        assert "PS3.15 Basic Application Confidentiality Profile" in header.DeidentificationMethod
        purpose = header.ContributingEquipmentSequence[-1].PurposeOfReferenceCodeSequence[0]
        assert purpose.CodeValue == "109104"
    (said,) = [each for each in table.attrs["findings"] if each["code"] == "de-identified"]
    assert "UIDs replaced" in said["message"]


def test_uids_are_one_map_over_all_files_and_exports(case, small, tmp_path):
    profile = rtxr.Deidentify()
    case.rt.to_dicom(tmp_path / "one", deidentify=profile)
    known = dict(profile.uid_map)
    shared = rtxr.Deidentify(options=["Clean Descriptors"], uid_map=profile.uid_map)
    case.drop_vars("dose").rt.to_dicom(tmp_path / "two", deidentify=shared)
    assert profile.uid_map == known
    sources = {header.SOPInstanceUID for header in headers(small)}
    one = {header.SOPInstanceUID: header for header in headers(tmp_path / "one")}
    two = {header.SOPInstanceUID for header in headers(tmp_path / "two")}
    assert two < set(one) == {known[uid] for uid in sources}
    assert len({header.StudyInstanceUID for header in one.values()}) == 1
    assert len({header.FrameOfReferenceUID for header in one.values()}) == 1
    (plan,) = [header for header in one.values() if header.Modality == "RTPLAN"]
    (dose,) = [header for header in one.values() if header.Modality == "RTDOSE"]
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID


def test_with_a_key_an_export_can_be_repeated(case, tmp_path):
    for name in ("one", "two"):
        profile = rtxr.Deidentify(options=[MODIFIED], key="of this study")
        case.rt.to_dicom(tmp_path / name, deidentify=profile)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_dates_of_all_files_are_moved_by_one_offset(case, small, tmp_path):
    profile = rtxr.Deidentify(options=[MODIFIED], shift_days=-100)
    case.rt.to_dicom(tmp_path / "out", deidentify=profile)
    before = {str(each.get("StudyDate")) for each in headers(small)}
    after = {str(each.get("StudyDate")) for each in headers(tmp_path / "out")}
    (old,), (new,) = before, after
    assert (np.datetime64(f"{new[:4]}-{new[4:6]}-{new[6:]}")) == (
        np.datetime64(f"{old[:4]}-{old[4:6]}-{old[6:]}") - np.timedelta64(100, "D")
    )


def test_an_edited_case_does_not_tell_its_day(case, tmp_path):
    edited = case.assign(dose=case.dose * 2)
    profile = rtxr.Deidentify(options=[MODIFIED, "Clean Descriptors"], shift_days=-100)
    table = edited.rt.to_dicom(tmp_path / "out", deidentify=profile)
    (dose,) = [header for header in headers(tmp_path / "out") if header.Modality == "RTDOSE"]
    assert "InstanceCreationDate" not in dose
    assert not any("ContributionDateTime" in item for item in dose.ContributingEquipmentSequence)
    assert (
        str(np.datetime64("today", "Y")).encode()
        not in (dose.get("ContentDate", "") or "").encode()
    )
    back = rtxr.open_dir(tmp_path / "out")
    np.testing.assert_array_equal(back.dose, edited.dose)
    assert table["changed"].str.endswith("de-identified").all()


def test_what_the_caller_sets_is_written_as_given(case, tmp_path):
    case.rt.to_dicom(
        tmp_path / "out", deidentify=True, PatientID="T-01", StudyDescription="Trial 5"
    )
    for header in headers(tmp_path / "out"):
        assert (header.PatientID, header.StudyDescription) == ("T-01", "Trial 5")


def test_validate_leaves_no_trace_in_the_map(case):
    profile = rtxr.Deidentify()
    found = case.rt.validate(deidentify=profile)
    assert not profile.uid_map
    assert "de-identified" in set(found["code"])
    assert "error" not in set(found["severity"])


def test_contradictions_are_refused_before_anything_is_written(case, tmp_path):
    with pytest.raises(RTXRError, match="Retain UIDs"):
        case.rt.to_dicom(tmp_path / "out", deidentify=True, uids="keep")
    with pytest.raises(RTXRError, match="Deidentify"):
        case.rt.to_dicom(tmp_path / "out", deidentify="yes")
    assert not (tmp_path / "out").exists()
    profile = rtxr.Deidentify(options=["Retain UIDs"])
    case.rt.to_dicom(tmp_path / "out", deidentify=profile, uids="keep")
    assert {header.SOPInstanceUID for header in headers(tmp_path / "out")} >= {case.plan_uid.item()}


def test_burned_in_text_is_told(small, tmp_path):
    for source in small.rglob("*.dcm"):
        dataset = pydicom.dcmread(source)
        if dataset.Modality == "CT":
            dataset.BurnedInAnnotation = "YES"
        dataset.save_as(tmp_path / source.name)
    found = rtxr.open_dir(tmp_path).rt.validate(deidentify=True)
    assert "burned-in-annotation" in set(found["code"])


@pytest.mark.data
@pytest.mark.parametrize("name", CASES)
def test_real_cases_reopen_equal(case_data, tmp_path, name):
    tree = rtxr.open_tree(case_data(name))
    ds = next(leaf.to_dataset() for leaf in tree.leaves if leaf.to_dataset().rt.structures().size)
    profile = rtxr.Deidentify(options=["Clean Descriptors", MODIFIED, "Retain Device Identity"])
    ds.rt.to_dicom(tmp_path / "out", deidentify=profile)
    equal_numbers(ds, rtxr.open_dir(tmp_path / "out"), names=False)
    written = files(tmp_path / "out")
    assert not [old for old in profile.uid_map if len(old) > 12 and old.encode() in written]
