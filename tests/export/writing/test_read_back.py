"""What was encoded at once is followed item by item in the file; any difference is found."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

import rtxr
from rtxr.errors import RTXRError
from rtxr.export.writing import files
from rtxr.export.writing.read_back import differing, native_frames
from rtxr.iod.encoding.data_set_bytes import UNDEFINED_LENGTH
from rtxr.iod.encoding.raw import element_at, item, items_of, put
from rtxr.iod.items.packed import pack

CONTOURS = Tag("ContourSequence")
COLUMNS = {
    "ContourGeometricType": [b"POINT", b"POINT"],
    "NumberOfContourPoints": [b"1", b"1"],
    "ContourImageSequence": {
        "ReferencedSOPClassUID": [b"1.2.840", b"1.2.840"],
        "ReferencedSOPInstanceUID": [b"1.2.3", b"1.2.45"],
    },
    "ContourData": [b"1\\2\\3", b"-1.5\\2\\3.25"],
}


def structures(implicit_vr: bool = False, data: bytes | None = None) -> Dataset:
    """Two ROIs, the second with contours; ``data`` in place of their bytes."""
    roi = item(ReferencedROINumber=2)
    element = pack("ContourSequence", COLUMNS, implicit_vr=implicit_vr)
    put(roi, element if data is None else element._replace(value=data, length=len(data)))
    return item(ROIContourSequence=[item(ReferencedROINumber=1), roi])


def bytes_of(dataset: Dataset) -> bytes:
    return bytes(element_at(items_of(dataset, "ROIContourSequence")[1], CONTOURS).value)


@pytest.mark.parametrize("implicit_vr", [True, False])
def test_what_is_the_same(implicit_vr):
    made = structures(implicit_vr)
    assert differing(made, structures(implicit_vr, bytes_of(made))) == []


@pytest.mark.parametrize("implicit_vr", [True, False])
def test_every_byte_counts(implicit_vr):
    made = structures(implicit_vr)
    data = bytes_of(made)
    ignored = []
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        if not differing(made, structures(implicit_vr, changed)):
            ignored.append(data[at : at + 1])
    # Nothing but the reserved bytes of two sequences.
    assert ignored == [b"\0"] * (0 if implicit_vr else 4)


def test_what_is_missing():
    made = structures()
    data = bytes_of(made)
    assert differing(made, structures(data=data[:-8])) == [CONTOURS]
    assert differing(made, structures(data=b"")) == [CONTOURS]
    assert differing(made, structures(data=data + data)) == [CONTOURS]
    assert differing(made, item(ROIContourSequence=[item(ReferencedROINumber=1)])) == [CONTOURS]
    without = item(ROIContourSequence=[item(ReferencedROINumber=1), item(ReferencedROINumber=2)])
    assert differing(made, without) == [CONTOURS]


def test_nothing_packed_is_nothing_to_compare():
    assert differing(item(ROIContourSequence=[item(ReferencedROINumber=1)]), Dataset()) == []


@pytest.mark.parametrize(("kind", "signed"), [("<u2", 0), ("<i2", 1), ("<u4", 0), ("<u1", 0)])
@pytest.mark.parametrize("unused", [0, 4])
def test_native_frames_are_read_as_their_header_says(kind, signed, unused):
    bits = 8 * np.dtype(kind).itemsize
    stored = np.arange(12, dtype=kind).reshape(3, 2, 2) - 3 * signed
    noise = np.array((1 << bits) - (1 << bits - unused), np.int64).astype(kind)
    back = pixels_of(stored & ~noise | noise & 0x55, bits, signed, unused)
    np.testing.assert_array_equal(native_frames(back, 3), stored)
    assert native_frames(back, 2) is None
    assert native_frames(back, 4) is None


def test_frames_that_are_not_what_the_header_says():
    stored = np.arange(12, dtype="<u2")
    assert native_frames(Dataset(), 1) is None
    assert native_frames(pixels_of(stored[:-1], 16, 0, 0), 3) is None
    compressed = pixels_of(stored, 16, 0, 0)
    put(compressed, element_at(compressed, Tag("PixelData"))._replace(length=UNDEFINED_LENGTH))
    assert native_frames(compressed, 3) is None


def pixels_of(stored, bits: int, signed: int, unused: int) -> Dataset:
    made = item(
        Rows=2,
        Columns=2,
        BitsAllocated=bits,
        BitsStored=bits - unused,
        PixelRepresentation=signed,
    )
    data = stored.tobytes()
    put(made, RawDataElement(Tag("PixelData"), "OW", len(data), data, 0, False, True))
    return made


def test_a_file_whose_items_differ_is_not_delivered(phantom, tmp_path, monkeypatch):
    case = rtxr.open_dir(phantom, progress=False)
    case = case.rt.add_structure("bright", case.ct > 300).drop_vars(["ct", "dose"])
    monkeypatch.setattr(files, "differing", lambda *_: [CONTOURS])
    with pytest.raises(RTXRError, match=r"\(3006,0040\) did not read back"):
        case.rt.to_dicom(tmp_path / "out")
    assert not any(tmp_path.iterdir())
