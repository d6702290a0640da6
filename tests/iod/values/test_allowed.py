"""What a VR allows, on raw bytes and on values."""

from __future__ import annotations

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.tag import Tag

from rtxr.iod.encoding.raw import make
from rtxr.iod.values.allowed import ENUMERATED, flaw


def raw(keyword: str, value: bytes, vr: str | None = None) -> RawDataElement:
    return RawDataElement(Tag(keyword), vr, len(value), value, 0, vr is None, True)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("StudyID", b"x" * 16),
        ("StudyID", b"x" * 15 + b" "),
        ("ImagePositionPatient", b"1.5\\ -2e-3 \\+.5 "),
        ("SeriesNumber", b"-12 "),
        ("SeriesNumber", b"-2147483648"),
        ("StudyDate", b"20260105"),
        ("StudyTime", b"1200"),
        ("StudyTime", b"120000.123456 "),
        ("PatientName", b"A" * 64 + b"=" + b"B" * 64),
        ("DerivationDescription", b"a\\" * 500),
        ("SOPInstanceUID", b"1.2.840.0.10\0"),
        ("PixelRepresentation", b"\1\0"),
        ("PatientSex", b"F "),
        ("Modality", b""),
        ("PixelData", b"\xff" * 99),
        ("SliceThickness", b""),
        ("SliceThickness", b"0.5"),
        ("DoseComment", b"\x1b$B;3\x1b(B"),
        ("DerivationDescription", b"two\r\nlines"),
        ("PatientAge", b"040Y"),
        ("StudyDate", b"20240229"),
        ("StudyDate", b"00000101"),
        ("StudyTime", b"235960"),
        ("AcquisitionDateTime", b"20260228121500.5-0330"),
        ("AcquisitionDateTime", b"2026"),
        ("PatientName", b"A^B^C^D^E=A^B=C"),
        # In a set of several bytes a letter may have the code of a delimiter.
        ("PatientName", b"\x1b$B^^^^^^==\x1b(B"),
        ("StudyDescription", "表".encode("shift_jis")),
        ("SpecificCharacterSet", b"\\ISO 2022 IR 87 "),
        ("ReconstructionFieldOfView", bytes(16)),
    ],
)
def test_what_is_allowed(keyword, value):
    assert flaw(raw(keyword, value)) == ""


@pytest.mark.parametrize(
    ("keyword", "value", "what"),
    [
        ("StudyID", b"x" * 17, "17 characters, and VR SH allows 16"),
        ("PixelSpacing", b"1.12345678901234567\\2", "19 characters, and VR DS allows 16"),
        ("PixelSpacing", b"1,5\\2", "characters that VR DS does not allow"),
        ("SeriesNumber", b"1.0", "characters that VR IS"),
        ("SeriesNumber", b"2147483648", "more than 32 bits, which VR IS does not allow"),
        ("StudyDate", b"5.1.26", "characters that VR DA"),
        ("SOPInstanceUID", b"1.02", "characters that VR UI"),
        ("SOPInstanceUID", b"1." + b"9" * 64, "66 characters"),
        ("Modality", b"ct", "characters that VR CS"),
        ("PatientName", b"A" * 65, "65 characters, and VR PN allows 64"),
        ("PatientSex", b"X", "M, F, O"),
        ("SliceThickness", b"0 ", "a value that is not above 0"),
        ("SliceThickness", b"-2.5", "a value that is not above 0"),
        ("DoseComment", b"two\r\nlines", "control characters, which VR LO"),
        ("DoseComment", b"two\n" * 100, "control characters, which VR LO"),
        ("StudyID", b"a\tb", "control characters, which VR SH"),
        ("PatientName", b"A\nB", "control characters, which VR PN"),
        ("Modality", b"C\nT", "characters that VR CS"),
        ("PixelRepresentation", b"\2\0", "0, 1"),
        ("ContourGeometricType", b"CLOSED", "CLOSED_PLANAR"),
        ("ContourData", b"1.5\\" * 2000 + b"1.1234567890123456", "more than the 16 characters"),
        ("ContourData", b"1.5\\" * 2001 + b"1.5", "2002 values, and multiples of 3 are allowed"),
        ("PatientID", b"a\\b", "2 values, and 1 is allowed"),
        ("PatientName", b"Doe\\John", "2 values, and 1 is allowed"),
        ("PatientWeight", b"1\\2", "2 values, and 1 is allowed"),
        ("PixelSpacing", b"1.5 ", "1 values, and 2 are allowed"),
        ("Rows", b"\1\0\1\0", "2 values, and 1 is allowed"),
        ("ReconstructionFieldOfView", bytes(24), "3 values, and 2 are allowed"),
        ("PatientAge", b"abc ", "an age that is not three digits"),
        ("PatientAge", b"40Y ", "an age that is not three digits"),
        ("StudyDate", b"20209999", "does not exist"),
        ("StudyDate", b"20210229", "does not exist"),
        ("StudyTime", b"256199", "does not exist"),
        ("AcquisitionDateTime", b"20260230", "does not exist"),
        ("AcquisitionDateTime", b"20260228+1500", "does not exist"),
        ("AcquisitionDateTime", b"2026-02-28", "characters that VR DT"),
        ("PatientName", b"a^b^c^d^e^f^g^h", "8 components, and VR PN allows 5"),
        ("PatientName", b"A=B=C=D ", "4 component groups, and VR PN allows 3"),
        ("PatientComments", b"a\0b", "control characters, which VR LT"),
        ("WindowWidth", b"400\\-3", "a value that is not above 0"),
        ("SpecificCharacterSet", b"NONSENSE", "PS3.3 C.12.1.1.2"),
    ],
)
def test_what_is_not(keyword, value, what):
    assert what in flaw(raw(keyword, value))


def test_values_are_checked_like_bytes():
    assert flaw(make("PixelSpacing", [1 / 3, 2.0])) == ""
    assert "SH allows 16" in flaw(make("StudyID", "x" * 20))
    assert flaw(make("ImageType", ["ORIGINAL", "PRIMARY"])) == ""
    assert "CS" in flaw(make("ImageType", ["original"]))


@pytest.mark.parametrize(
    ("keyword", "value", "what"),
    [
        ("PatientID", ["a", "b"], "2 values"),
        ("StudyDescription", "a\\b", "2 values"),
        ("StudyDescription", ["a\\b"], "2 values"),
        ("PatientName", "Doe\\John", "2 values"),
        ("PatientName", "\x00\x1b[31m", "control characters"),
        ("PatientName", "\x1b[31m", "control characters"),
        ("PatientComments", "\x1b[31m", "control characters"),
        ("ReconstructionFieldOfView", [1.0], "1 values, and 2 are allowed"),
    ],
)
def test_values_that_no_reader_accepts(keyword, value, what):
    element = make(keyword, value)
    assert what in flaw(element)
    write_data_element(buffer(), element, ["utf8"])  # a name remembers the bytes
    assert what in flaw(element)


def buffer() -> DicomBytesIO:
    made = DicomBytesIO()
    made.is_little_endian = made.is_implicit_VR = True
    return made


def test_a_text_of_many_bytes_counts_characters():
    assert flaw(raw("StudyID", "ä".encode() * 16)) == ""


def test_enumerated_attributes_exist():
    assert all(Tag(keyword) for keyword in ENUMERATED)


@pytest.mark.parametrize("value", [-1, 65536, "4", 1.5, [1, 70000]])
def test_numbers_that_a_binary_vr_cannot_hold_are_refused(value):
    with pytest.raises(ValueError, match="from 0 to 65535"):
        make("Rows", value)
