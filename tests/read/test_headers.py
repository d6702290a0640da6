from __future__ import annotations

import io
import warnings

import pydicom
import pytest
from factories import ct_slice, dose, save, structure_set
from pydicom import uid as sop

from rtxr.errors import NotDicomError
from rtxr.read import headers
from rtxr.read.sources import read_source

SYNTAXES = [
    sop.ImplicitVRLittleEndian,
    sop.ExplicitVRLittleEndian,
    sop.ExplicitVRBigEndian,
    sop.DeflatedExplicitVRLittleEndian,
]


def raw_values(ds: pydicom.Dataset) -> dict[int, object]:
    return {int(tag): ds.get_item(tag).value for tag in ds.keys()}  # noqa: SIM118


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("preamble", [True, False])
def test_record_is_the_file_without_its_pixels(tmp_path, syntax, preamble):
    if not preamble and syntax == sop.DeflatedExplicitVRLittleEndian:
        pytest.skip("without file meta nothing says that it is deflated")
    ds = ct_slice(3, 12.5)
    ds.add_new(0x00091001, "UN", b"\x01\x02\x03")
    ds.add_new(0xFFFCFFFC, "OB", b"\0" * 6)
    path = save(tmp_path / "x", ds, syntax=syntax, preamble=preamble)
    header = headers.read_header(path)
    back = headers.parse(header.record)
    assert header.record.uid == ds.SOPInstanceUID
    assert header.pixels is not None
    assert header.pixels.length == 40
    assert "PixelData" not in back
    del ds.PixelData
    for element in ds:
        assert back[element.tag].value == element.value, element.tag
    assert len(back) == len(ds)


def test_native_little_endian_bytes_are_untouched(tmp_path):
    path = save(tmp_path / "x", ct_slice(1, 0.0))
    data = path.read_bytes()
    header = headers.read_header(path)
    span = header.pixels
    assert header.record.data == data[: span.offset - 12]
    assert data[span.offset : span.offset + span.length] == ct_slice(1, 0.0).PixelData


def test_private_elements_that_pydicom_cannot_decode_come_back(tmp_path):
    path = save(tmp_path / "x", ct_slice(1, 0.0), syntax=sop.ImplicitVRLittleEndian)
    odd = b"\xf1\x01\x26\x10" + (3).to_bytes(4, "little") + b"\x01\x02\x03"
    data = path.read_bytes()
    at = data.index(b"\xe0\x7f\x10\x00")
    path.write_bytes(data[:at] + odd + data[at:])
    record = headers.read_header(path).record
    assert record.data.endswith(odd)
    assert headers.parse(record).get_item(0x01F11026).value == b"\x01\x02\x03"


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_record_of_a_structure_set_has_no_contour_data(tmp_path, syntax):
    ds = structure_set([ct_slice(n, float(n)) for n in range(4)])
    header = headers.read_header(save(tmp_path / "x", ds, syntax=syntax))
    back = headers.parse(header.record)
    for contour in ds.ROIContourSequence[0].ContourSequence:
        del contour.ContourData
    assert back.ROIContourSequence == ds.ROIContourSequence
    assert back.StructureSetROISequence == ds.StructureSetROISequence


def test_elements_behind_the_first_read_are_found(tmp_path):
    ds = ct_slice(1, 0.0)
    ds.add_new(0x00091010, "OB", bytes(300_000))
    header = headers.read_header(save(tmp_path / "x", ds))
    assert header.integer("Rows") == 4
    assert header.pixels.length == 40


def test_encapsulated_pixels_are_spanned_and_what_follows_is_kept(tmp_path):
    ds = pydicom.dcmread(pydicom.data.get_testdata_file("MR_small_RLE.dcm", download=False))
    ds.add_new(0xFFFCFFFC, "OB", b"\0" * 4)
    ds.save_as(tmp_path / "x")
    header = headers.read_header(tmp_path / "x")
    data = (tmp_path / "x").read_bytes()
    start, stop = header.pixels.offset, header.pixels.offset + header.pixels.length
    assert header.pixels.encapsulated
    assert data[start:stop] == ds.get_item("PixelData").value
    assert headers.parse(header.record).get_item(0xFFFCFFFC).value == b"\0" * 4


def test_rubbish_after_the_pixels_is_dropped(tmp_path):
    path = save(tmp_path / "x", ct_slice(1, 0.0))
    clean = headers.read_header(path).record.data
    path.write_bytes(path.read_bytes() + bytes(32))
    assert headers.read_header(path).record.data == clean


def test_a_missing_instance_uid_gets_a_stable_key(tmp_path):
    ds = ct_slice(1, 0.0)
    del ds.SOPInstanceUID
    path = save(tmp_path / "x", ds)
    key = headers.read_header(path).record.uid
    assert key.startswith("no-uid-")
    assert headers.read_header(path).record.uid == key
    assert headers.read_header(path, uid="mine").record.uid == "mine"


@pytest.mark.parametrize(
    "data", [b"", b"hello, this is no DICOM file at all", b"\0" * 200, b"DICM"]
)
def test_what_is_no_dicom_says_so(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(NotDicomError, match="no DICOM data elements"):
        headers.read_header(tmp_path / "x")


def test_a_truncated_file_gives_what_is_there(tmp_path):
    path = save(tmp_path / "x", ct_slice(1, 0.0))
    path.write_bytes(path.read_bytes()[:-10])
    header = headers.read_header(path)
    assert header.integer("Columns") == 5
    assert header.pixels.length == 30


def test_numbers_and_texts_of_a_header(tmp_path):
    ds = ct_slice(1, 2.5)
    header = headers.read_header(save(tmp_path / "x", ds))
    assert header.numbers("ImagePositionPatient").tolist() == [-4, -3, 2.5]
    assert header.number("RescaleSlope") == 1
    assert header.integer("InstanceNumber") == 1
    assert header.text("Modality") == "CT"
    assert header.value("WindowCenter") is None
    assert header.number("WindowCenter") is None
    assert header.text("WindowCenter") == ""


def test_parse_is_quiet_and_never_raises(tmp_path):
    ds = dose()
    ds.add_new(0x00281052, "DS", "1")
    record = headers.read_header(save(tmp_path / "x", ds)).record
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        headers.parse(record)
        headers.parse(type(record)("a", "", record.data[:-3]))
        headers.parse(type(record)("a", "", b""))


def test_source_of_a_deflated_file_is_inflated(tmp_path):
    ds = ct_slice(1, 0.0)
    path = save(tmp_path / "x", ds, syntax=sop.DeflatedExplicitVRLittleEndian)
    source = read_source(path)
    assert ds.PixelData in source.data
    header = headers.header_of(source)
    start = header.pixels.offset
    assert source.data[start : start + header.pixels.length] == ds.PixelData
    assert headers.parse(header.record).file_meta.TransferSyntaxUID == sop.ExplicitVRLittleEndian


def test_broken_deflated_bytes_say_so(tmp_path):
    path = save(tmp_path / "x", ct_slice(1, 0.0), syntax=sop.DeflatedExplicitVRLittleEndian)
    source = read_source(path)
    path.write_bytes(path.read_bytes()[: source.start] + b"\xff" * 40)
    with pytest.raises(NotDicomError, match="cannot be inflated"):
        headers.read_header(path)


def test_group_length_of_the_file_meta_is_put_right(tmp_path):
    path = save(tmp_path / "x", ct_slice(1, 0.0))
    whole = pydicom.dcmread(path)
    whole.file_meta.TransferSyntaxUID = sop.DeflatedExplicitVRLittleEndian
    whole.save_as(path, enforce_file_format=True)
    record = headers.read_header(path).record
    meta = headers.parse(record).file_meta
    start = 132 + 12 + meta.FileMetaInformationGroupLength
    assert record.data[start : start + 4] == b"\x08\x00\x08\x00"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pydicom.dcmread(io.BytesIO(record.data)).SOPClassUID == sop.CTImageStorage


@pytest.mark.data
@pytest.mark.parametrize(
    "name", ["oncentra_phantom", "quirks", "pymedphys", "proton_dcpt", "pylinac", "rt_utils"]
)
def test_records_of_real_files_are_element_for_element_the_files(case_data, name):
    bulk = {0x7FE00010, 0x30060039}
    count = 0
    for path in sorted(case_data(name).rglob("*")):
        try:
            header = headers.read_header(path) if path.is_file() else None
        except NotDicomError:
            continue
        if header is None:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours, theirs = headers.parse(header.record), pydicom.dcmread(path, force=True)
        expected = {tag: v for tag, v in raw_values(theirs).items() if tag not in bulk}
        assert {tag: v for tag, v in raw_values(ours).items() if tag not in bulk} == expected, path
        count += 1
    assert count
