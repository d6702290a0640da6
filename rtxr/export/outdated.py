"""What an edited object must not go on saying: signatures, and pictures of what it was.

A digital signature holds for the bytes that were signed, an overlay for the rows and columns it was
drawn on, an icon for the pixels that it shows, a dose at a point for the dose it was read from.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pydicom

from rtxr.errors import Finding
from rtxr.export.objects import Outgoing
from rtxr.geometry import FloatArray, slice_normal
from rtxr.iod.encoding.overlays import Cut, cut_overlays, overlay_groups
from rtxr.iod.encoding.raw import element_at, elements_of, items_of, numbers_of, vr_of
from rtxr.iod.signatures import may_be_signed, remove_signatures

_ICON = pydicom.tag.Tag("IconImageSequence")
#: Points and isodose curves with their doses, which an RT Dose could hold until 2006 (C.8.8.7).
_DOSE_ROIS = ("RTDoseROISequence", "StructureSetROISequence", "ROIContourSequence")
_OF_DOSE_ROIS = (
    *("StructureSetLabel", "StructureSetName", "StructureSetDescription"),
    *("StructureSetDate", "StructureSetTime"),
)
#: Orientation, spacing and position of an image in the patient, and of one at a receptor.
_PATIENT = ("ImageOrientationPatient", "PixelSpacing", "ImagePositionPatient")
_RECEPTOR = ("RTImageOrientation", "ImagePlanePixelSpacing", "RTImagePosition")
_UPRIGHT = [1.0, 0.0, 0.0, 0.0, -1.0, 0.0]
_GEOMETRY = frozenset({"Rows", "Columns", *_PATIENT, *_RECEPTOR})
#: Parts of a pixel, and mm, by which a cut may be off.
_OFF_PIXEL, _OFF_PLANE_MM = 1e-3, 0.01


def settle(dataset: pydicom.Dataset, each: Outgoing, *, signed: bool = True) -> list[Finding]:
    """Remove or adapt what does not hold any more, in place.

    Parameters
    ----------
    dataset : pydicom.Dataset
        The object as it is to be written, its UIDs decided.
    each : Outgoing
        What it was made of.
    signed : bool, default: True
        False where it is going to be changed in ways that are not known here.

    Returns
    -------
    list of Finding
        What was done.
    """
    return [
        *_signatures(dataset, each, signed),
        *_overlays(dataset, each),
        *_icon(dataset, each),
        *_dose_rois(dataset, each),
    ]


def _signatures(dataset: pydicom.Dataset, each: Outgoing, signed: bool) -> list[Finding]:
    if each.record is None or not may_be_signed(each.record.data):
        return []
    if (signed and _is_source(dataset, each)) or not remove_signatures(dataset):
        return []
    text = (
        "(FFFA,FFFA) DigitalSignaturesSequence and (4FFE,0001) MACParametersSequence were removed: "
        "the signatures are of the source, and do not hold for what was changed"
    )
    return [Finding("signature-removed", "info", text, each.uid)]


def _is_source(dataset: pydicom.Dataset, each: Outgoing) -> bool:
    """Whether everything that may have been signed is what it was."""
    if each.changes or "SOPInstanceUID" in each.values or each.header is None:
        return False
    return _nested(dataset, each.header) == _nested(each.header, each.header)


def _nested(dataset: pydicom.Dataset, like: pydicom.Dataset) -> int:
    """Elements below the sequences that the source has: what is added there is signed too."""
    sequences = [element.tag for element in elements_of(like) if vr_of(element) == "SQ"]
    items = [item for tag in sequences for item in items_of(dataset, tag)]
    return sum(len(item) + _nested(item, item) for item in items)


def _overlays(dataset: pydicom.Dataset, each: Outgoing) -> list[Finding]:
    moved = not each.own_uid or bool(_GEOMETRY & each.values.keys())
    if not (moved and each.has_other_pixels and each.header and overlay_groups(dataset)):
        return []
    is_cut, removed = cut_overlays(dataset, _cut(each.header, each.values, own=each.own_uid))
    found = []
    if is_cut:
        text = f"{is_cut} overlay(s) (60xx,3000) OverlayData were cut as the image was"
        found.append(Finding("overlay-cut", "info", text, each.uid))
    if removed:
        text = (
            f"{removed} overlay(s) (60xx,3000) OverlayData or curves (50xx,3000) were removed: "
            "they were drawn on the source's rows and columns, and cannot follow"
        )
        found.append(Finding("overlay-removed", "warning", text, each.uid))
    return found


def _cut(header: pydicom.Dataset, values: Mapping[str, object], *, own: bool) -> Cut | None:
    """Which rows and columns of its source an image is; None where it is no part of it."""
    at_receptor = "RTImagePlane" in header
    orientation, distance, position = _RECEPTOR if at_receptor else _PATIENT
    cosines = np.array(numbers_of(header, orientation) or (_UPRIGHT if at_receptor else []))
    spacing = np.array(numbers_of(header, distance))
    was = _point(numbers_of(header, position))
    full = np.array([*numbers_of(header, "Rows"), *numbers_of(header, "Columns")])
    if (
        not own
        or {orientation, distance} & values.keys()
        or (len(cosines), len(was), len(full)) != (6, 3, 2)
    ):
        return None
    shift = _point(values.get(position, was)) - was
    first = np.array([shift @ cosines[3:], shift @ cosines[:3]]) / spacing
    size = np.array([values.get("Rows", full[0]), values.get("Columns", full[1])], np.float64)
    beside = abs(shift @ slice_normal(cosines)) > _OFF_PLANE_MM
    whole = np.rint(first)
    between = np.abs(first - whole).max() > _OFF_PIXEL
    if beside or between or (whole < 0).any() or (whole + size > full).any():
        return None
    return Cut(*map(int, (*whole, *size)))


def _point(numbers: object) -> FloatArray:
    """A position, also one of two coordinates in the plane of a receptor."""
    point = np.asarray(numbers, dtype=np.float64)
    return np.append(point, 0.0) if len(point) == 2 else point


def _icon(dataset: pydicom.Dataset, each: Outgoing) -> list[Finding]:
    if each.pixels is None or element_at(dataset, _ICON) is None or not each.has_other_pixels:
        return []
    del dataset[_ICON]
    text = "(0088,0200) IconImageSequence was removed: it shows the source"
    return [Finding("icon-removed", "info", text, each.uid)]


def _dose_rois(dataset: pydicom.Dataset, each: Outgoing) -> list[Finding]:
    if not each.edited or each.iod.modality != "RTDOSE" or not any(map(dataset.get, _DOSE_ROIS)):
        return []
    for keyword in (*_DOSE_ROIS, *_OF_DOSE_ROIS):
        dataset.pop(pydicom.tag.Tag(keyword), None)
    text = (
        "(3004,0010) RTDoseROISequence, (3006,0020) StructureSetROISequence and (3006,0039) "
        "ROIContourSequence of this dose were removed: their points and isodose curves are of the "
        "dose as it was"
    )
    return [Finding("dose-points-removed", "info", text, each.uid)]
