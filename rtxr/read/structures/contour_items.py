"""Where the contours of a structure set are in its bytes: one walk for all who ask.

A clinical structure set holds thousands of contours of a few elements each. Their offsets are
plain tuples, since an object for each takes longer than to find it.
"""

from __future__ import annotations

from typing import NamedTuple

from rtxr.read.cuts import Cuts
from rtxr.read.elements import Element, Encoding, Spans, items, nested, spans_of
from rtxr.read.sources import Source, tolerant

ROI_CONTOURS, CONTOURS, CONTOUR_DATA = 0x30060039, 0x30060040, 0x30060050


class RoiItem(NamedTuple):
    """One item of ROI Contour Sequence (3006,0039).

    Parameters
    ----------
    elements : dict of int to tuple
        Its own, see :func:`rtxr.read.elements.spans_of`.
    contours : list of dict
        Those of each of its contours.
    encoding : Encoding
        Of the contours.
    """

    elements: Spans
    contours: list[Spans]
    encoding: Encoding


class ContourItems(NamedTuple):
    """What a walk has found: ROIs, and what cuts Contour Data (3006,0050) out."""

    rois: list[RoiItem]
    cuts: Cuts


def contour_items(source: Source) -> ContourItems:
    """Walk through ROI Contour Sequence, if it is whole; there should be one.

    Raises
    ------
    ValueError
        The sequences are broken.
    """
    found = ContourItems([], Cuts([], []))
    data, encoding = source.data, source.encoding
    for sequence in tolerant(data, source.start, encoding):
        if sequence.tag != ROI_CONTOURS:
            continue
        if not sequence.undefined:
            found.cuts.holders.append((sequence.value, sequence.stop))
        inner = nested(sequence.vr, encoding)
        for item in items(data, sequence, encoding):
            if not item.undefined:
                found.cuts.holders.append((item.value, item.stop))
            parts = spans_of(data, item.value, item.stop, inner)
            found.rois.append(_roi(data, parts, inner, found.cuts))
    return found


def _roi(data: bytes, parts: Spans, encoding: Encoding, cuts: Cuts) -> RoiItem:
    """The contours of one ROI."""
    if CONTOURS not in parts:
        return RoiItem(parts, [], encoding)
    vr, start, value, stop, end = parts[CONTOURS]
    sequence = Element(CONTOURS, vr, start, value, stop, end, stop != end)
    if not sequence.undefined:
        cuts.holders.append((value, stop))
    inner = nested(vr, encoding)
    contours = []
    for item in items(data, sequence, encoding):
        contour = spans_of(data, item.value, item.stop, inner)
        contours.append(contour)
        if CONTOUR_DATA in contour:
            cuts.spans.append((contour[CONTOUR_DATA][1], contour[CONTOUR_DATA][4]))
            if not item.undefined:
                cuts.holders.append((item.value, item.stop))
    return RoiItem(parts, contours, inner)
