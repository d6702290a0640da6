"""``rtxr.validate``: a clean case gives nothing, and each fault its row."""

from __future__ import annotations

import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pydicom
import pytest
import xarray as xr
from pydicom import config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import CTImageStorage, generate_uid

import rtxr
from rtxr.errors import NotDicomError, RTXRError
from rtxr.read.elements import EXPLICIT, elements

COLUMNS = [
    *("severity", "code", "IOD", "module", "attribute", "type", "message", "fix", "uid", "path")
]


@pytest.fixture(scope="module")
def coarse(tmp_path_factory) -> Path:
    """The synthetic patient in few files; do not write into it."""
    folder = tmp_path_factory.mktemp("coarse") / "dicom"
    return rtxr.tutorial.phantom(folder, spacing=(20, 10, 10), dose_spacing=(20, 10, 10))


@pytest.fixture
def planted(coarse, tmp_path, monkeypatch) -> Callable[..., pd.DataFrame]:
    """Rows about a file of the patient once a fault is in it, beside the others or alone."""
    monkeypatch.setattr(config.settings, "writing_validation_mode", config.IGNORE)
    monkeypatch.setattr(config.settings, "reading_validation_mode", config.IGNORE)

    def plant(name: str, fault: Callable, *, alone: bool = True) -> pd.DataFrame:
        target = tmp_path / name
        if fault.__annotations__.get("data") == "bytes":
            target.write_bytes(fault((coarse / name).read_bytes()))
        else:
            ds = pydicom.dcmread(coarse / name)
            fault(ds)
            ds.save_as(target)
        others = [] if alone else [path for path in coarse.glob("*.dcm") if path.name != name]
        return rtxr.validate([*others, target])

    return plant


@pytest.mark.parametrize(
    ("name", "keyword", "value", "fix"),
    [
        ("CT_001.dcm", "WindowWidth", "0.5", "give 1 or more, or a VOILUTFunction"),
        ("CT_001.dcm", "WindowWidth", "0", "give a number above 0"),
        ("CT_001.dcm", "SliceThickness", "0", "give a number above 0"),
        ("CT_001.dcm", "SliceThickness", "thick", "give a number, or a list of them (VR DS"),
        ("CT_001.dcm", "FrameOfReferenceUID", "", "give it a value"),
        ("RTDOSE.dcm", "ReferencedRTPlanSequence", None, "give it a value"),
    ],
)
def test_the_fix_fits_a_file(planted, name, keyword, value, fix):
    def fault(ds: Dataset) -> None:
        vr = dictionary_VR(keyword)
        if value is None:
            ds[keyword] = pydicom.DataElement(keyword, vr, value)
        else:  # as bytes, since pydicom makes no number of any text
            raw = value.encode().ljust(len(value) + len(value) % 2)
            ds[keyword] = RawDataElement(Tag(keyword), vr, len(raw), raw, 0, False, True)

    rows = planted(name, fault)
    found = rows[rows["attribute"].str.endswith(keyword) & (rows["severity"] == "error")]
    assert found["fix"].str.startswith(fix).all()
    assert len(found) == 1


def serious(rows: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Severity, code and attribute of the errors and warnings."""
    some = rows[rows["severity"] != "info"]
    return list(zip(some["severity"], some["code"], some["attribute"], strict=True))


# --- what is right ------------------------------------------------------------------------------
def test_a_clean_case_gives_no_row(coarse):
    rows = rtxr.validate(coarse)
    assert list(rows.columns) == COLUMNS
    assert len(rows) == 0


def test_one_file_alone_names_others_which_is_an_info(coarse):
    rows = rtxr.validate(coarse / "RTDOSE.dcm")
    assert set(rows["severity"]) == {"info"}
    assert set(rows["code"]) == {"unresolved-reference"}
    assert (rows["IOD"] == "RT Dose").all()


def test_an_archive_is_checked_as_the_files_in_it(coarse, tmp_path):
    with zipfile.ZipFile(tmp_path / "case.zip", "w") as archive:
        for path in coarse.glob("*.dcm"):
            archive.write(path, path.name)
    assert len(rtxr.validate(tmp_path / "case.zip")) == 0


def test_every_export_is_clean(coarse, tmp_path):
    rtxr.open_dir(coarse).rt.to_dicom(tmp_path / "out", uids="new")
    assert len(rtxr.validate(tmp_path / "out")) == 0


# --- what is nothing ----------------------------------------------------------------------------
def test_a_folder_without_dicom_and_a_path_that_is_not_there_raise(tmp_path):
    (tmp_path / "readme.txt").write_text("nothing")
    told = r"no DICOM object: readme.txt: not DICOM: no DICOM preamble and no element [a-z ]+$"
    for path in (tmp_path, tmp_path / "readme.txt"):
        with pytest.raises(NotDicomError, match=told):
            rtxr.validate(path)
    (tmp_path / "other").mkdir()
    with pytest.raises(NotDicomError, match="no DICOM object: there is no file in it"):
        rtxr.validate(tmp_path / "other")
    with pytest.raises(FileNotFoundError):
        rtxr.validate(tmp_path / "nowhere")


# --- faults of one object -------------------------------------------------------------------------
def of_ds(change: Callable[[Dataset], object]) -> Callable[[Dataset], None]:
    def fault(ds: Dataset) -> None:
        change(ds)

    return fault


def put(**values: object) -> Callable[[Dataset], None]:
    def fault(ds: Dataset) -> None:
        for keyword, value in values.items():
            setattr(ds, keyword, value)

    return fault


def drop(keyword: str) -> Callable[[Dataset], None]:
    def fault(ds: Dataset) -> None:
        delattr(ds, keyword)

    return fault


def meta(keyword: str, value: object = None) -> Callable[[Dataset], None]:
    """A wrong value in the file meta."""

    def fault(ds: Dataset) -> None:
        setattr(ds.file_meta, keyword, value)

    return fault


def spliced(tag: int, encoded: bytes, *, replace: bool = True) -> Callable[[bytes], bytes]:
    """The element of a tag, or the place where it would stand, with other bytes."""

    def fault(data: bytes) -> bytes:
        for element in elements(data, 132, len(data), EXPLICIT):
            if element.tag >= tag:
                end = element.end if replace else element.start
                return data[: element.start] + encoded + data[end:]
        raise AssertionError("no such place")

    fault.__annotations__["data"] = "bytes"
    return fault


def short(tag: int, vr: bytes, value: bytes) -> bytes:
    """An element with a 16-bit length in Explicit VR Little Endian."""
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def without_preamble(data: bytes) -> bytes:
    return data[132:]


def cut(data: bytes) -> bytes:
    return data[:-100]


without_preamble.__annotations__["data"] = cut.__annotations__["data"] = "bytes"

ROIS, CONTOURS = "StructureSetROISequence", "ROIContourSequence.ContourSequence"
#: File, fault, severity, code, attribute.
FAULTS = [
    # the file format
    ("RTPLAN.dcm", without_preamble, "error", "no-preamble", ""),
    ("RTPLAN.dcm", spliced(0x00020012, b""), "error", "file-meta", "(0002,0012)"),
    (
        "RTPLAN.dcm",
        spliced(0x00020000, short(0x00020000, b"UL", b"\1\0\0\0")),
        "error",
        "file-meta",
        "(0002,0000)",
    ),
    (
        "RTPLAN.dcm",
        meta("MediaStorageSOPInstanceUID", "1.2.3"),
        "error",
        "file-meta",
        "(0002,0003)",
    ),
    (
        "RTPLAN.dcm",
        meta("MediaStorageSOPClassUID", CTImageStorage),
        "error",
        "file-meta",
        "(0002,0002)",
    ),
    (
        "RTPLAN.dcm",
        spliced(0x00020012, short(0x00020012, b"UI", b"1.02.30\0")),
        "error",
        "file-meta",
        "(0002,0012)",
    ),
    (
        "RTPLAN.dcm",
        spliced(0x00020010, short(0x00020010, b"UI", b"1.2.840.10008.1.2\0")),
        "error",
        "transfer-syntax",
        "(0002,0010)",
    ),
    # the encoding
    (
        "RTPLAN.dcm",
        spliced(0x00081030, short(0x00081030, b"LO", b"abc")),
        "error",
        "odd-length",
        "(0008,1030) StudyDescription",
    ),
    (
        "RTPLAN.dcm",
        spliced(0x00081030, short(0x00081030, b"SH", b"ab")),
        "error",
        "wrong-vr",
        "(0008,1030) StudyDescription",
    ),
    (
        "RTPLAN.dcm",
        spliced(0x00080016, short(0x00080000, b"UL", b"\1\0\0\0"), replace=False),
        "warning",
        "group-length",
        "(0008,0000)",
    ),
    (
        "RTPLAN.dcm",
        spliced(0x00100030, short(0x00081030, b"LO", b"ab"), replace=False),
        "error",
        "element-order",
        "(0008,1030) StudyDescription",
    ),
    (
        "RTPLAN.dcm",
        spliced(0x00100010, short(0x00091001, b"LO", b"ab"), replace=False),
        "warning",
        "private-creator",
        "(0009,1001)",
    ),
    (
        "RTPLAN.dcm",
        spliced(0x00081030, short(0x00081030, b"LO", b"M\xfcll")),
        "error",
        "character-set",
        "(0008,1030) StudyDescription",
    ),
    (
        "RTPLAN.dcm",
        put(SpecificCharacterSet="ISO_IR 999"),
        "error",
        "character-set",
        "(0008,0005) SpecificCharacterSet",
    ),
    ("RTDOSE.dcm", put(PixelSpacing=[1, 1, 1]), "error", "value-count", "(0028,0030) PixelSpacing"),
    # the tables
    (
        "RTPLAN.dcm",
        drop("StudyInstanceUID"),
        "error",
        "missing-type-1",
        "(0020,000D) StudyInstanceUID",
    ),
    ("RTPLAN.dcm", drop("OperatorsName"), "error", "missing-type-2", "(0008,1070) OperatorsName"),
    ("RTPLAN.dcm", put(StudyID="x" * 17), "error", "bad-value", "(0020,0010) StudyID"),
    ("RTPLAN.dcm", put(StudyDate="5 Jan 26"), "error", "bad-value", "(0008,0020) StudyDate"),
    ("RTPLAN.dcm", put(PatientSex="X"), "error", "bad-value", "(0010,0040) PatientSex"),
    ("RTPLAN.dcm", put(Modality="RTDOSE"), "error", "bad-value", "(0008,0060) Modality"),
    ("CT_001.dcm", drop("WindowWidth"), "error", "missing-type-1", "(0028,1051) WindowWidth"),
    (
        "CT_001.dcm",
        put(WindowCenter=None, WindowWidth=None),
        "error",
        "bad-value",
        "(0028,1051) WindowWidth",
    ),
    (
        "RTPLAN.dcm",
        of_ds(lambda ds: setattr(ds.BeamSequence[0], "FinalCumulativeMetersetWeight", None)),
        "error",
        "bad-value",
        "(300A,010E) FinalCumulativeMetersetWeight in BeamSequence",
    ),
    (
        "RTSTRUCT.dcm",
        of_ds(lambda ds: delattr(ds[ROIS][0], "ROIName")),
        "error",
        "missing-type-2",
        f"(3006,0026) ROIName in {ROIS}",
    ),
    (
        "RTPLAN.dcm",
        of_ds(lambda ds: setattr(ds, "SeriesInstanceUID", ds.StudyInstanceUID)),
        "error",
        "uid-of-two",
        "(0020,000E) SeriesInstanceUID",
    ),
    # pixels and grids
    ("CT_001.dcm", drop("PixelData"), "error", "no-pixel-data", "(7FE0,0010) PixelData"),
    (
        "CT_001.dcm",
        of_ds(lambda ds: setattr(ds, "PixelData", ds.PixelData[:-2])),
        "error",
        "pixel-length",
        "(7FE0,0010) PixelData",
    ),
    ("CT_001.dcm", cut, "error", "pixel-length", "(7FE0,0010) PixelData"),
    (
        "CT_001.dcm",
        put(BitsStored=11, HighBit=10),
        "error",
        "pixel-description",
        "(0028,0101) BitsStored",
    ),
    (
        "RTDOSE.dcm",
        put(BitsStored=33, HighBit=32),
        "error",
        "pixel-description",
        "(0028,0101) BitsStored",
    ),
    ("CT_001.dcm", put(HighBit=15), "error", "pixel-description", "(0028,0102) HighBit"),
    (
        "CT_001.dcm",
        put(PhotometricInterpretation="RGB"),
        "error",
        "pixel-description",
        "(0028,0004) PhotometricInterpretation",
    ),
    (
        "CT_001.dcm",
        put(ImageOrientationPatient=[1, 0, 0, 0.1, 1, 0]),
        "error",
        "direction-cosines",
        "(0020,0037) ImageOrientationPatient",
    ),
    ("CT_001.dcm", put(PixelSpacing=[0, 1]), "error", "bad-value", "(0028,0030) PixelSpacing"),
    (
        "RTDOSE.dcm",
        put(FrameIncrementPointer=0x00181063),
        "error",
        "frame-offsets",
        "(0028,0009) FrameIncrementPointer",
    ),
    (
        "RTDOSE.dcm",
        of_ds(lambda ds: setattr(ds, "GridFrameOffsetVector", [7, *ds.GridFrameOffsetVector[1:]])),
        "error",
        "frame-offsets",
        "(3004,000C) GridFrameOffsetVector",
    ),
    (
        "RTDOSE.dcm",
        of_ds(lambda ds: ds.GridFrameOffsetVector.append(1e3)),
        "error",
        "wrong-count",
        "(0028,0008) NumberOfFrames",
    ),
    # numbers
    (
        "RTSTRUCT.dcm",
        of_ds(lambda ds: setattr(ds[ROIS][1], "ROINumber", ds[ROIS][0].ROINumber)),
        "error",
        "repeated-number",
        f"(3006,0022) ROINumber in {ROIS}",
    ),
    (
        "RTSTRUCT.dcm",
        of_ds(lambda ds: setattr(ds.ROIContourSequence[0], "ReferencedROINumber", 99)),
        "error",
        "dangling-number",
        "(3006,0084) ReferencedROINumber in ROIContourSequence",
    ),
    (
        "RTSTRUCT.dcm",
        of_ds(lambda ds: setattr(ds.RTROIObservationsSequence[0], "ReferencedROINumber", 99)),
        "error",
        "dangling-number",
        "(3006,0084) ReferencedROINumber in RTROIObservationsSequence",
    ),
    (
        "RTSTRUCT.dcm",
        of_ds(lambda ds: setattr(ds.RTROIObservationsSequence[1], "ObservationNumber", 1)),
        "error",
        "repeated-number",
        "(3006,0082) ObservationNumber in RTROIObservationsSequence",
    ),
    (
        "RTSTRUCT.dcm",
        of_ds(
            lambda ds: setattr(
                ds.ROIContourSequence[0].ContourSequence[0], "NumberOfContourPoints", 5
            )
        ),
        "error",
        "wrong-count",
        f"(3006,0046) NumberOfContourPoints in {CONTOURS}",
    ),
    (
        "RTSTRUCT.dcm",
        of_ds(
            lambda ds: (
                ds.ROIContourSequence[0]
                .ContourSequence[0]
                .update({"NumberOfContourPoints": 2, "ContourData": [0] * 6})
            )
        ),
        "warning",
        "contour-points",
        f"(3006,0050) ContourData in {CONTOURS}",
    ),
    (
        "RTPLAN.dcm",
        of_ds(lambda ds: setattr(ds.FractionGroupSequence[0], "NumberOfBeams", 3)),
        "error",
        "wrong-count",
        "(300A,0080) NumberOfBeams in FractionGroupSequence",
    ),
    (
        "RTPLAN.dcm",
        of_ds(lambda ds: setattr(ds.BeamSequence[0], "NumberOfControlPoints", 3)),
        "error",
        "wrong-count",
        "(300A,0110) NumberOfControlPoints in BeamSequence",
    ),
    (
        "RTPLAN.dcm",
        of_ds(lambda ds: setattr(ds.BeamSequence[0], "BeamNumber", 2)),
        "error",
        "repeated-number",
        "(300A,00C0) BeamNumber in BeamSequence",
    ),
    (
        "RTPLAN.dcm",
        of_ds(lambda ds: setattr(ds.BeamSequence[0], "ReferencedPatientSetupNumber", 4)),
        "error",
        "dangling-number",
        "(300C,006A) ReferencedPatientSetupNumber in BeamSequence",
    ),
    (
        "RTDOSE.dcm",
        of_ds(lambda ds: setattr(ds.DVHSequence[0], "DVHNumberOfBins", 3)),
        "error",
        "wrong-count",
        "(3004,0056) DVHNumberOfBins in DVHSequence",
    ),
]


@pytest.mark.parametrize(
    ("name", "fault", "severity", "code", "attribute"),
    FAULTS,
    ids=[f"{code} {attribute[12:40]}" for _, _, _, code, attribute in FAULTS],
)
def test_a_fault_of_one_object_gives_its_row(planted, name, fault, severity, code, attribute):
    rows = planted(name, fault)
    found = serious(rows)
    assert any(each[:2] == (severity, code) and each[2].startswith(attribute) for each in found)
    (row,) = rows[(rows["code"] == code) & rows["attribute"].str.startswith(attribute)].to_dict(
        "records"
    )
    assert row["message"]
    assert row["fix"]
    assert row["path"].endswith(name)


def test_a_row_says_where_the_attribute_stands(planted):
    rows = planted("RTSTRUCT.dcm", of_ds(lambda ds: delattr(ds[ROIS][0], "ROIName")))
    row = rows[rows["code"] == "missing-type-2"].iloc[0]
    assert (row["IOD"], row["module"], row["type"]) == ("RT Structure Set", "Structure Set", "2")
    assert row["attribute"] == "(3006,0026) ROIName in StructureSetROISequence"


# --- faults between objects -----------------------------------------------------------------------
NEW = generate_uid(entropy_srcs=["elsewhere"])
BETWEEN = [
    (
        "RTDOSE.dcm",
        of_ds(lambda ds: setattr(ds.ReferencedRTPlanSequence[0], "ReferencedSOPInstanceUID", NEW)),
        "warning",
        "unresolved-reference",
        "(0008,1155) ReferencedSOPInstanceUID in ReferencedRTPlanSequence",
    ),
    (
        "RTDOSE.dcm",
        of_ds(
            lambda ds: setattr(
                ds.ReferencedRTPlanSequence[0], "ReferencedSOPClassUID", CTImageStorage
            )
        ),
        "error",
        "wrong-reference-class",
        "(0008,1150) ReferencedSOPClassUID in ReferencedRTPlanSequence",
    ),
    (
        "RTDOSE.dcm",
        put(FrameOfReferenceUID=NEW),
        "warning",
        "frame-of-reference-mismatch",
        "(0020,0052) FrameOfReferenceUID",
    ),
    (
        "RTDOSE.dcm",
        put(StudyInstanceUID=NEW),
        "warning",
        "study-mismatch",
        "(0020,000D) StudyInstanceUID",
    ),
    (
        "RTDOSE.dcm",
        put(PatientID="somebody else"),
        "warning",
        "patient-mismatch",
        "(0010,0020) PatientID",
    ),
    ("RTDOSE.dcm", put(PatientBirthDate="19700101"), None, None, None),
    (
        "RTDOSE.dcm",
        put(StudyDescription="another"),
        "warning",
        "study-differs",
        "(0008,1030) StudyDescription",
    ),
    ("RTDOSE.dcm", put(PatientSex="F"), "warning", "patient-differs", "(0010,0040) PatientSex"),
    (
        "CT_002.dcm",
        put(FrameOfReferenceUID=NEW),
        "error",
        "series-differs",
        "(0020,0052) FrameOfReferenceUID",
    ),
    (
        "CT_002.dcm",
        put(FrameOfReferenceUID=NEW),
        "warning",
        "frame-of-reference-mismatch",
        "(0020,0052) FrameOfReferenceUID",
    ),
    (
        "RTDOSE.dcm",
        of_ds(
            lambda ds: setattr(
                ds.DVHSequence[0].DVHReferencedROISequence[0], "ReferencedROINumber", 99
            )
        ),
        "warning",
        "dangling-number",
        "(3006,0084) ReferencedROINumber in DVHSequence.DVHReferencedROISequence",
    ),
    (
        "RTPLAN.dcm",
        of_ds(lambda ds: setattr(ds.DoseReferenceSequence[1], "ReferencedROINumber", 99)),
        "warning",
        "dangling-number",
        "(3006,0084) ReferencedROINumber in DoseReferenceSequence",
    ),
    (
        "RTPLAN.dcm",
        of_ds(
            lambda ds: setattr(
                ds.FractionGroupSequence[0].ReferencedBeamSequence[0], "ReferencedBeamNumber", 9
            )
        ),
        "error",
        "dangling-number",
        "(300C,0006) ReferencedBeamNumber in FractionGroupSequence.ReferencedBeamSequence",
    ),
    (
        "CT_002.dcm",
        of_ds(
            lambda ds: setattr(
                ds,
                "SOPInstanceUID",
                pydicom.dcmread(Path(ds.filename).with_name("CT_001.dcm")).SOPInstanceUID,
            )
        ),
        "error",
        "duplicate-sop-instance",
        "(0008,0018) SOPInstanceUID",
    ),
]


@pytest.mark.parametrize(
    ("name", "fault", "severity", "code", "attribute"),
    BETWEEN,
    ids=[f"{at} {row[3]}" for at, row in enumerate(BETWEEN)],
)
def test_a_fault_between_objects_gives_its_row(planted, name, fault, severity, code, attribute):
    found = serious(planted(name, fault, alone=False))
    if code is None:  # a value beside an empty one contradicts nothing
        assert found == []
    else:
        assert (severity, code, attribute) in found


def test_beams_of_a_dose_are_those_of_its_plan(planted):
    def fault(ds: Dataset) -> None:
        beam, group = Dataset(), Dataset()
        beam.ReferencedBeamNumber, group.ReferencedFractionGroupNumber = "7", "3"
        group.ReferencedBeamSequence = [beam]
        ds.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = [group]

    rows = planted("RTDOSE.dcm", fault, alone=False)
    found = rows[rows["code"] == "dangling-number"]["attribute"].tolist()
    around = "ReferencedRTPlanSequence.ReferencedFractionGroupSequence"
    assert sorted(found) == [
        f"(300C,0006) ReferencedBeamNumber in {around}.ReferencedBeamSequence",
        f"(300C,0022) ReferencedFractionGroupNumber in {around}",
    ]


# --- files that are hardly any --------------------------------------------------------------------
def test_bad_files_are_rows(coarse, tmp_path):
    (tmp_path / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 64)
    (tmp_path / "plan.dcm").write_bytes((coarse / "RTPLAN.dcm").read_bytes()[:-300])
    rows = rtxr.validate(tmp_path)
    assert ("error", "unreadable-file") in set(zip(rows["severity"], rows["code"], strict=True))
    damaged = rows[rows["code"] == "damaged-header"]
    assert damaged["path"].str.endswith("plan.dcm").all()
    assert len(damaged) == 1


def test_what_stands_before_a_break_is_checked(planted, tmp_path):
    def fault(ds: Dataset) -> None:
        ds.StudyID = "x" * 17
        ds["BeamSequence"].is_undefined_length = True

    planted("RTPLAN.dcm", fault)
    path = tmp_path / "RTPLAN.dcm"
    path.write_bytes(path.read_bytes()[:-900])
    rows = rtxr.validate(path)
    assert {"damaged-header", "bad-value"} == {code for _, code, _ in serious(rows)}


def test_a_class_without_a_table_is_a_row_that_says_so(planted):
    other = "1.2.840.10008.5.1.4.1.1.66.1"  # Spatial Registration

    def fault(ds: Dataset) -> None:
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = other

    rows = planted("RTPLAN.dcm", fault)
    (row,) = rows[rows["code"] == "no-table"].to_dict("records")
    assert (row["severity"], row["IOD"]) == ("info", "Spatial Registration")


def test_an_object_that_does_not_say_what_it_is_is_an_error(planted):
    found = serious(planted("RTPLAN.dcm", drop("SOPClassUID")))
    assert ("error", "missing-type-1", "(0008,0016) SOPClassUID") in found


def test_what_objects_share_is_one_row(coarse, tmp_path):
    for path in coarse.glob("CT_*.dcm"):
        ds = pydicom.dcmread(path)
        del ds.KVP
        ds.save_as(tmp_path / path.name)
    rows = rtxr.validate(tmp_path)
    (row,) = rows[rows["code"] == "missing-type-2"].to_dict("records")
    assert row["message"].endswith(f"[{len(list(coarse.glob('CT_*.dcm')))} objects]")


def test_errors_come_first_and_no_row_holds_a_value_of_a_patient(planted):
    rows = planted("RTPLAN.dcm", put(PatientName="Doe^Jane\r\n", PatientID="x" * 70), alone=False)
    order = ["error", "warning", "info"]
    assert [order.index(each) for each in rows["severity"]] == sorted(
        order.index(each) for each in rows["severity"]
    )
    assert not rows["message"].str.contains("Doe").any()
    assert not rows["message"].str.contains("xxx").any()


def test_what_is_no_file_is_told_how_to_be_checked(phantom, tmp_path):
    ds = rtxr.open_dir(phantom)
    with pytest.raises(RTXRError, match=r"a Dataset: use ds.rt.validate\(\)"):
        rtxr.validate(ds)
    with pytest.raises(RTXRError, match=r"tree.rt.validate\(\)"):
        rtxr.validate(xr.DataTree())
    with pytest.raises(RTXRError, match=r"dataset.save_as\(path\)"):
        rtxr.validate(ds.rt.header("plan"))
    for name in "ab":
        (tmp_path / name).write_text("nothing")
    with pytest.raises(NotDicomError, match=r"a: not DICOM.*; 1 more .* rtxr.scan\(...\).findings"):
        rtxr.validate(tmp_path)


def test_a_missing_slice_that_contours_name(phantom, tmp_path):
    paths = sorted(phantom.glob("CT*"))
    del paths[len(paths) // 2]
    for path in [*paths, *phantom.glob("RTSTRUCT*")]:
        shutil.copy(path, tmp_path)
    rows = rtxr.validate(tmp_path).query("code == 'unresolved-reference'")
    of_contours = rows[rows["attribute"].str.contains("ContourImageSequence")]
    assert len(of_contours) >= 1
    assert of_contours["fix"].str.startswith("look for the missing slices").all()


# --- what the index and opening say of files and stacks -------------------------------------------
def codes(folder: Path) -> set[tuple[str, str]]:
    rows = rtxr.validate(folder)
    assert rows["fix"][rows["severity"] != "info"].all()
    return set(zip(rows["severity"], rows["code"], strict=True))


def test_a_file_that_is_called_dicom_and_is_none(coarse, tmp_path):
    shutil.copy(coarse / "RTPLAN.dcm", tmp_path)
    (tmp_path / "notes.txt").write_text("nothing")
    assert ("warning", "not-dicom") not in codes(tmp_path)
    (tmp_path / "x.dcm").write_text("nothing")
    assert ("warning", "not-dicom") in codes(tmp_path)


def moved(to: int) -> Callable[[list[Dataset]], object]:
    """The second slice where another one is, or beyond all."""

    def move(slices: list[Dataset]) -> None:
        slices[1].ImagePositionPatient = [*slices[0].ImagePositionPatient[:2], to]

    return move


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (
            lambda slices: moved(slices[0].ImagePositionPatient[2])(slices),
            "several-images-at-one-position",
        ),
        (lambda slices: setattr(slices[1], "Rows", slices[1].Rows + 1), "slices-set-aside"),
        (lambda slices: delattr(slices[1], "RescaleSlope"), "rescale-missing"),
        (lambda slices: slices.pop(2), "missing-slices"),
    ],
)
def test_a_fault_of_a_stack_gives_its_row(coarse, tmp_path, fault, code):
    slices = [pydicom.dcmread(path) for path in sorted(coarse.glob("CT_*.dcm"))]
    slices.sort(key=lambda each: each.ImagePositionPatient[2])
    fault(slices)
    for at, each in enumerate(slices):
        each.save_as(tmp_path / f"{at}.dcm")
    assert ("warning", code) in codes(tmp_path) or ("error", code) in codes(tmp_path)
