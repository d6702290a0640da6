"""What was encoded at once is followed item by item in the file; any difference is found."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag

import rtxr
from rtxr.errors import RTXRError
from rtxr.export.writing import files
from rtxr.export.writing.read_back import differing
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


def test_a_file_whose_items_differ_is_not_delivered(phantom, tmp_path, monkeypatch):
    case = rtxr.open_dir(phantom, progress=False)
    case = case.rt.add_structure("bright", case.ct > 300).drop_vars(["ct", "dose"])
    monkeypatch.setattr(files, "differing", lambda *_: [CONTOURS])
    with pytest.raises(RTXRError, match=r"\(3006,0040\) did not read back"):
        case.rt.to_dicom(tmp_path / "out")
    assert not any(tmp_path.iterdir())
