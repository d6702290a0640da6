"""Items encoded at once are those that pydicom makes, and are judged as each of them would be."""

from __future__ import annotations

import copy
import struct

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.tag import Tag

import rtxr.iod  # noqa: F401 (the tables register themselves)
from rtxr.iod.audit import audit
from rtxr.iod.complete import Completion
from rtxr.iod.encoding.data_set_bytes import data_set_bytes
from rtxr.iod.encoding.raw import duplicate, element_at, item, items_of, make, put
from rtxr.iod.encoding.writable import has_long_text
from rtxr.iod.items.packed import Column, judged_as_one, longest, pack, packed_at, unpacked
from rtxr.iod.remap import remap_uids
from rtxr.iod.tables import IODS

CONTOURS = Tag("ContourSequence")
TEXTS = [b"1\\2\\3", b"1.5\\-2.25\\3", b"4\\5\\6\\7\\8\\9"]


def columns(kinds=(b"POINT",) * 3, data=TEXTS, image=b"1.2.3"):
    """Three contours, each on an image of its own."""
    return {
        "ContourGeometricType": list(kinds),
        "NumberOfContourPoints": [b"%d" % (text.count(b"\\") // 3 + 1) for text in data],
        "ContourImageSequence": {
            "ReferencedSOPClassUID": [b"1.2.840.10008.5.1.4.1.1.2"] * 3,
            "ReferencedSOPInstanceUID": [image + b".%d" % at for at in range(3)],
        },
        "ContourData": list(data),
    }


def structures(sequence) -> Dataset:
    """A structure set of one ROI with this Contour Sequence."""
    roi = item(ReferencedROINumber=1)
    put(roi, sequence)
    return item(ROIContourSequence=[roi])


def by_pydicom(implicit_vr: bool) -> bytes:
    """The same contours, made and written by pydicom element by element."""
    contours = []
    for at, text in enumerate(TEXTS):
        contour = Dataset()
        image = Dataset()
        image.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        image.ReferencedSOPInstanceUID = f"1.2.3.{at}"
        contour.ContourImageSequence = [image]
        contour.ContourGeometricType = "POINT"
        contour.NumberOfContourPoints = text.count(b"\\") // 3 + 1
        contour.ContourData = [pydicom.valuerep.DSfloat(each) for each in text.decode().split("\\")]
        contours.append(contour)
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, implicit_vr
    write_data_element(buffer, pydicom.DataElement(CONTOURS, "SQ", pydicom.Sequence(contours)))
    return buffer.getvalue()


@pytest.mark.parametrize("implicit_vr", [True, False])
def test_the_bytes_are_those_of_pydicom(implicit_vr):
    element = pack("ContourSequence", columns(), implicit_vr=implicit_vr)
    header = 8 if implicit_vr else 12
    assert bytes(element.value) == by_pydicom(implicit_vr)[header:]
    assert element.length == len(element.value)
    assert element.value.size == 3


@pytest.mark.parametrize("implicit_vr", [True, False])
def test_items_come_out_one_by_one(implicit_vr):
    items = unpacked(pack("ContourSequence", columns(), implicit_vr=implicit_vr))
    assert [each.NumberOfContourPoints for each in items] == [1, 1, 2]
    assert [list(each.ContourData) for each in items][1] == [1.5, -2.25, 3]
    uids = [each.ContourImageSequence[0].ReferencedSOPInstanceUID for each in items]
    assert uids == ["1.2.3.0", "1.2.3.1", "1.2.3.2"]


def test_one_item_stands_for_all():
    packed = pack("ContourSequence", columns(), implicit_vr=False).value
    data = element_at(packed.item, Tag("ContourData"))
    assert isinstance(data.value, Column)
    assert data.value.values == TEXTS
    assert longest(data) == len(TEXTS[2])
    assert copy.deepcopy(packed).item == packed.item


def test_items_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        pack("ContourSequence", columns(data=[b"1\\2\\3", b"", b"4\\5\\6"]), implicit_vr=False)


def test_a_text_that_explicit_vr_has_no_room_for():
    long = [b"1\\2\\3", b"1\\2\\3", b"\\".join([b"123.4567"] * 9000)]
    with pytest.raises(struct.error):
        pack("ContourSequence", columns(data=long), implicit_vr=False)
    packed = structures(pack("ContourSequence", columns(data=long), implicit_vr=True))
    assert has_long_text(packed)
    assert packed_at(items_of(packed, "ROIContourSequence")[0], CONTOURS) is not None


@pytest.mark.parametrize(
    ("made", "also"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_they_are_written_in_either_encoding(made, also):
    packed = structures(pack("ContourSequence", columns(), implicit_vr=made))
    assert by_pydicom(also)[8 if also else 12 :] in data_set_bytes(packed, implicit_vr=also)


def flaws(dataset: Dataset) -> dict[tuple[str, str], tuple[int, str]]:
    found = audit(dataset, IODS["RTSTRUCT"])
    return {key: (flaw.count, flaw.detail) for key, flaw in found.items() if "Contour" in key[1]}


kinds = st.sampled_from([b"POINT", b"CLOSED_PLANAR", b"ROUND", b"lower case"])
texts = st.sampled_from([*TEXTS, b"12345678901234567\\2\\3", b"a\\b\\c", b"1.5\\" * 99 + b"x"])
uids = st.sampled_from([b"1.2.3", b"1.02", b"1.2." + b"3" * 70, b"no uid"])
none = st.just([b""] * 3)


@given(
    st.lists(kinds, min_size=3, max_size=3) | none,
    st.lists(texts, min_size=3, max_size=3) | none,
    uids,
)
def test_they_are_judged_as_each_item_would_be(types, data, image):
    packed = structures(pack("ContourSequence", columns(types, data, image), implicit_vr=True))
    each = structures(make("ContourSequence", unpacked(element_at_roi(packed))))
    found = flaws(packed)
    assert packed_at(items_of(packed, "ROIContourSequence")[0], CONTOURS) is not None
    assert found == flaws(each)


def element_at_roi(dataset: Dataset):
    return element_at(items_of(dataset, "ROIContourSequence")[0], CONTOURS)


def test_a_flaw_is_counted():
    bad = columns((b"POINT", b"ROUND", b"ROUND"), [b"1\\2\\x", *TEXTS[1:]])
    found = flaws(structures(pack("ContourSequence", bad, implicit_vr=False)))
    path = "ROIContourSequence.ContourSequence."
    assert found["bad-value", path + "ContourGeometricType"][0] == 2
    assert found["bad-value", path + "ContourData"][0] == 1
    missing = structures(pack("ContourSequence", columns(data=[b""] * 3), implicit_vr=False))
    assert flaws(missing)["missing-type-1", path + "ContourData"][0] == 3


def test_where_a_condition_looks_into_items_each_is_looked_at():
    dataset = items_of(
        structures(pack("ContourSequence", columns(), implicit_vr=False)), "ROIContourSequence"
    )[0]
    prefix = "ROIContourSequence.ContourSequence."
    assert judged_as_one(dataset, CONTOURS, prefix, ["ReviewDate"]) is not None
    assert judged_as_one(dataset, CONTOURS, prefix, [prefix + "ContourNumber"]) is None


def test_what_all_lack_is_added_to_each():
    frames = {
        "ROINumber": [b"1", b"2", b"3"],
        "ReferencedFrameOfReferenceUID": [b"1.2"] * 3,
        "ROIGenerationAlgorithm": [b"MANUAL"] * 3,
    }
    dataset = Dataset()
    put(dataset, pack("StructureSetROISequence", frames, implicit_vr=False))
    completion = Completion(IODS["RTSTRUCT"])
    made = completion.complete(duplicate(dataset))
    assert completion.additions["StructureSetROISequence.ROIName"].count == 3
    assert [each.ROINumber for each in made.StructureSetROISequence] == [1, 2, 3]
    assert all("ROIName" in each for each in made.StructureSetROISequence)


def test_what_lacks_nothing_stays_packed():
    dataset = structures(pack("ContourSequence", columns(), implicit_vr=False))
    Completion(IODS["RTSTRUCT"]).complete(dataset)
    assert packed_at(items_of(dataset, "ROIContourSequence")[0], CONTOURS) is not None


def test_references_follow():
    dataset = structures(pack("ContourSequence", columns(), implicit_vr=False))
    assert remap_uids(dataset, {"1.2.3": "1.9"}) == 0
    assert packed_at(items_of(dataset, "ROIContourSequence")[0], CONTOURS) is not None
    assert remap_uids(dataset, {"1.2.3.1": "1.9"}) == 1
    contours = dataset.ROIContourSequence[0].ContourSequence
    uids = [each.ContourImageSequence[0].ReferencedSOPInstanceUID for each in contours]
    assert uids == ["1.2.3.0", "1.9", "1.2.3.2"]
    assert list(contours[0].ContourData) == [1, 2, 3]
