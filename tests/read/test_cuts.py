from __future__ import annotations

import io

import pydicom
import pytest
from factories import item
from pydicom.sequence import Sequence

from rtxr.read.cuts import Cuts, without
from rtxr.read.elements import EXPLICIT, IMPLICIT, Encoding, elements, items


def encoded(ds: pydicom.Dataset, encoding: Encoding) -> bytes:
    buffer = io.BytesIO()
    pydicom.dcmwrite(
        buffer,
        ds,
        implicit_vr=not encoding.explicit,
        little_endian=encoding.little,
        enforce_file_format=False,
    )
    return buffer.getvalue()


def nested(undefined: bool) -> pydicom.Dataset:
    ds = item(Modality="RTSTRUCT", SeriesNumber=7)
    contours = [item(ContourGeometricType=kind, ContourData=[1, 2, 3]) for kind in ("POINT", "X")]
    ds.ContourSequence = Sequence([*contours, item(ContourGeometricType="")])
    ds["ContourSequence"].is_undefined_length = undefined
    for each in ds.ContourSequence:
        each.is_undefined_length_sequence_item = undefined
    return ds


@pytest.mark.parametrize("encoding", [IMPLICIT, EXPLICIT, Encoding(explicit=True, little=False)])
@pytest.mark.parametrize("undefined", [True, False])
def test_what_is_left_is_what_would_have_been_written(encoding, undefined):
    ds = nested(undefined)
    data = b"before" + encoded(ds, encoding)
    cuts = Cuts.none()
    (sequence,) = [e for e in elements(data, 6, len(data), encoding) if e.tag == 0x30060040]
    if not undefined:
        cuts.hold(sequence.value, sequence.stop)
    for each in items(data, sequence, encoding):
        if not undefined:
            cuts.hold(each.value, each.stop)
        for inner in elements(data, each.value, each.stop, encoding):
            if inner.tag == 0x30060050:
                cuts.cut(inner.start, inner.end)
    left = without(data, 6, len(data), encoding, cuts)
    for contour in ds.ContourSequence[:2]:
        del contour.ContourData
    assert left == encoded(ds, encoding)


def test_nothing_cut_is_everything():
    data = encoded(nested(undefined=False), EXPLICIT)
    assert without(data, 0, len(data), EXPLICIT, Cuts.none()) == data
