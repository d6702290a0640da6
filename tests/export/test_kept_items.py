"""Packed sequences give what a walk over their bytes gives."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from rtxr.export.kept_items import walked
from rtxr.iod.encoding.data_set_bytes import data_set_bytes
from rtxr.iod.encoding.raw import item, put
from rtxr.iod.items.packed import pack
from rtxr.read.elements import EXPLICIT
from rtxr.validation.checks import WANTED
from rtxr.validation.walk import Values

LONG = b"\\".join([b"-123.4"] * 300)


def contours(texts, *, implicit_vr):
    """Contours on images of their own, or on none."""
    columns = {
        "ContourGeometricType": [b"CLOSED_PLANAR"] * len(texts),
        "NumberOfContourPoints": [b"%d" % (text.count(b"\\") // 3 + 1) for text in texts],
        "ContourNumber": [b""] * len(texts),
        "ContourImageSequence": {
            "ReferencedSOPClassUID": [b"1.2.840.10008.5.1.4.1.1.2"] * len(texts),
            "ReferencedSOPInstanceUID": [b"1.2.%d" % at for at in range(len(texts))],
        },
        "ContourData": texts,
    }
    return pack("ContourSequence", columns, implicit_vr=implicit_vr)


def roi(number, *sequences, **more):
    made = item(ReferencedROINumber=number, **more)
    for each in sequences:
        put(made, each)
    return made


def structures(*rois) -> Dataset:
    names = [item(ROINumber=number, ROIName="Herz") for number in range(len(rois))]
    return item(
        SOPInstanceUID="1.2.3",
        StructureSetROISequence=names,
        ROIContourSequence=list(rois),
        RTROIObservationsSequence=[item(ObservationNumber=1)],
    )


def kept(walk):
    return [(each.path, each.values, each.counts) for each in walk.items]


@pytest.mark.parametrize("implicit_vr", [True, False])
def test_the_same_items_as_in_the_bytes(implicit_vr):
    first = contours([b"1\\2\\3", LONG], implicit_vr=implicit_vr)
    last = contours([b"4\\5\\6", b"7\\8\\9 ", LONG], implicit_vr=implicit_vr)
    image = item(ContourImageSequence=[item(ReferencedSOPInstanceUID="1.2.9")])
    ds = structures(
        roi(0, first),
        roi(1, ContourSequence=[image, image]),
        roi(2),
        roi(3, last, ROIDisplayColor=[1, 2, 3]),
    )
    found = walked(ds)
    in_bytes = Values(data_set_bytes(ds, implicit_vr=False), EXPLICIT, WANTED).run()
    assert kept(found) == kept(in_bytes)
    assert not found.damage


def test_the_object_stays_as_it_is():
    packed = contours([LONG], implicit_vr=False)
    ds = structures(roi(0, packed))
    before = data_set_bytes(ds, implicit_vr=False)
    walked(ds)
    assert data_set_bytes(ds, implicit_vr=False) == before
    assert ds.ROIContourSequence[0].get_item("ContourSequence").value is packed.value
