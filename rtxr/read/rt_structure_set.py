"""RT Structure Set to coordinates: ROIs, contours and their points, joined by number and key.

The tables of a Dataset's structures are in :mod:`rtxr.read.structures.tables` and offered here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag

from rtxr import model
from rtxr.errors import Finding, NotDicomError
from rtxr.header_store import Record
from rtxr.read.elements import Element
from rtxr.read.files import read_bytes
from rtxr.read.headers import Header, header_of, parse
from rtxr.read.item_values import integer, items, text
from rtxr.read.parse import floats
from rtxr.read.part import Part
from rtxr.read.sources import Source, source_of, tolerant
from rtxr.read.structures.contour_items import (
    ROI_CONTOURS,
    ContourItems,
    RawContours,
    contour_items,
)
from rtxr.read.structures.contours import Nodes, Roi, contour_nodes, geometric_type
from rtxr.read.structures.findings import contour_findings, number_findings, roi_findings
from rtxr.read.structures.tables import points, structures, with_mask

#: Between the parts of a colour, as some systems write them, and as the Standard does.
_SEPARATORS = bytes.maketrans(b"/,", b"\\\\")

__all__ = [
    "no_structures",
    "points",
    "read_structure_set",
    "stored_contours",
    "structure_set_from_bytes",
    "structures",
    "with_mask",
]


def read_structure_set(path: str | os.PathLike[str], *, frame_of_reference_uid: str = "") -> Part:
    """Coordinates of a structure set.

    Elements read:

    =========== ================================== ====
    Tag         Keyword                            Type
    =========== ================================== ====
    (3006,0020) StructureSetROISequence            1
    (3006,0022) > ROINumber                        1
    (3006,0024) > ReferencedFrameOfReferenceUID    1
    (3006,0026) > ROIName                          2
    (3006,0039) ROIContourSequence                 1
    (3006,0084) > ReferencedROINumber              1
    (3006,002A) > ROIDisplayColor                  3
    (3006,0040) > ContourSequence                  3
    (3006,0016) >> ContourImageSequence            3
    (3006,0042) >> ContourGeometricType            1
    (3006,0046) >> NumberOfContourPoints           1
    (3006,0050) >> ContourData                     1
    (3006,0080) RTROIObservationsSequence          1
    (3006,0084) > ReferencedROINumber              1
    (3006,00A4) > RTROIInterpretedType             2
    =========== ================================== ====

    Parameters
    ----------
    path : path-like
        The file.
    frame_of_reference_uid : str, optional
        Of the image. Contours of ROIs in another one are left out where other ROIs are in that of
        the image, so that they are not drawn on it; where none is, all are kept. Either is a
        Finding.

    Returns
    -------
    Part
        Coordinates along ``roi``, ``contour`` and ``node`` (patient LPS, mm).

    Raises
    ------
    NotDicomError
        The file cannot be followed.
    """
    return structure_set_from_bytes(
        read_bytes(path), os.fspath(path), frame_of_reference_uid=frame_of_reference_uid
    )


def structure_set_from_bytes(
    data: bytes, path: str = "", *, frame_of_reference_uid: str = ""
) -> Part:
    """Coordinates of a structure set held in memory, see :func:`read_structure_set`."""
    source = source_of(data, complete=True, name=path)
    drawn = _drawn(source, path)
    header = header_of(source, path, cuts=drawn.cuts)
    raw = drawn.contours
    nodes = contour_nodes(raw.data)
    rois, findings = _rois(header, raw)
    findings += _damage(header)
    foreign = _of_other_images(rois, frame_of_reference_uid)
    findings += roi_findings(rois, raw, frame_of_reference_uid, foreign)
    findings += contour_findings(rois, raw, nodes)
    uid = xr.Variable((), np.array(header.record.uid, np.str_), {"long_name": "SOPInstanceUID"})
    return Part(
        coords={
            **_roi_coords(rois),
            **_contour_coords(_without(raw, foreign), nodes),
            model.STRUCTURE_SET_UID: uid,
        },
        records=[header.record],
        findings=[replace(each, uid=header.record.uid, path=path) for each in findings],
    )


@dataclass(frozen=True)
class StoredContours:
    """ROI Contour Sequence (3006,0039) of a file as it is stored.

    Parameters
    ----------
    contours : RawContours
        Of all ROIs, by contour key.
    element : RawDataElement or None
        The sequence itself; None where nobody would write it in this encoding.
    """

    contours: RawContours
    element: RawDataElement | None


def stored_contours(path: str | os.PathLike[str]) -> StoredContours:
    """Contours of a file as stored.

    Raises
    ------
    NotDicomError
        The file cannot be followed.
    """
    name = os.fspath(path)
    source = source_of(read_bytes(name), complete=True, name=name)
    whole = tolerant(source.data, source.start, source.encoding)
    found = [each for each in whole if each.tag == ROI_CONTOURS]
    element = _raw_element(source, found[0]) if len(found) == 1 else None
    return StoredContours(_drawn(source, name).contours, element)


def _raw_element(source: Source, element: Element) -> RawDataElement | None:
    """A sequence of defined length in little endian, as pydicom reads it."""
    if element.undefined or not source.encoding.little or element.vr not in (b"", b"SQ"):
        return None
    value = source.data[element.value : element.stop]
    vr = element.vr.decode("ascii") or None
    implicit = not source.encoding.explicit
    tag = BaseTag(element.tag)
    return RawDataElement(tag, vr, len(value), value, element.value, implicit, True)


def no_structures() -> dict[str, xr.Variable]:
    """Coordinates of a structure set without ROIs, for others to add to."""
    return {**_roi_coords([]), **_contour_coords(RawContours(), contour_nodes([]))}


def _drawn(source: Source, path: str) -> ContourItems:
    try:
        return contour_items(source)
    except ValueError as error:
        raise NotDicomError(
            f"{path}: (3006,0039) ROIContourSequence cannot be followed: {error}"
        ) from error


def _of_other_images(rois: Sequence[Roi], frame_of_reference_uid: str) -> frozenset[int]:
    """Numbers of ROIs that are on other images than the one of a frame of reference."""
    frames = {roi.frame_of_reference_uid for roi in rois}
    if not frame_of_reference_uid or frame_of_reference_uid not in frames:
        return frozenset()
    here = ("", frame_of_reference_uid)
    return frozenset(roi.number for roi in rois if roi.frame_of_reference_uid not in here)


def _without(raw: RawContours, numbers: frozenset[int]) -> RawContours:
    """The contours, those of some ROIs being nobody's."""
    if not numbers:
        return raw
    owners = [None if number in numbers else number for number in raw.roi_numbers]
    return replace(raw, roi_numbers=owners)


# --- ROIs -----------------------------------------------------------------------------------------
def _rois(header: Header, raw: RawContours) -> tuple[list[Roi], list[Finding]]:
    """ROIs in the order of StructureSetROISequence, then those that only have contours."""
    ds = parse(_without_contours(header))
    named: dict[int, tuple[str, str]] = {}
    repeated = 0
    for position, item in enumerate(items(ds, "StructureSetROISequence")):
        number = integer(item, "ROINumber")
        number = -position - 1 if number is None else number
        repeated += number in named
        facts = text(item, "ROIName"), text(item, "ReferencedFrameOfReferenceUID")
        named.setdefault(number, facts)
    for drawn in raw.roi_numbers:
        if drawn is not None:
            named.setdefault(drawn, ("", ""))
    kinds: dict[int, str] = {}
    for item in items(ds, "RTROIObservationsSequence"):
        number = integer(item, "ReferencedROINumber")
        if number is not None:
            kinds.setdefault(number, text(item, "RTROIInterpretedType"))
    labels = _unique_labels([name or f"ROI {number}" for number, (name, _) in named.items()])
    rois = [
        Roi(number, name, label, kinds.get(number, ""), _hex_color(raw.colors.get(number)), frame)
        for (number, (name, frame)), label in zip(named.items(), labels, strict=True)
    ]
    return rois, number_findings(repeated, len(kinds.keys() - named.keys()))


def _without_contours(header: Header) -> Record:
    """The header without ROI Contour Sequence: pydicom would make a Dataset of every contour."""
    data = header.record.data
    kept = [
        data[element.start : element.end]
        for element in tolerant(data, header.start, header.encoding)
        if element.tag != ROI_CONTOURS
    ]
    return replace(header.record, data=data[: header.start] + b"".join(kept))


def _damage(header: Header) -> list[Finding]:
    """Elements that cannot be followed to the end: what comes after them was not read."""
    data, end = header.record.data, header.start
    for element in tolerant(data, header.start, header.encoding):
        end = element.end
    if not data[end:].strip(b"\0"):
        return []
    message = (
        "the elements of the structure set cannot be followed to the end of the file; structures "
        "may be missing or incomplete: check that the file was copied whole"
    )
    return [Finding("damaged-header", "warning", message)]


def _unique_labels(names: Sequence[str]) -> list[str]:
    """Names as labels: the second of one name gets `` (2)`` and so on."""
    labels: dict[str, None] = {}
    for name in names:
        label, copy = name, 2
        while label in labels or (label != name and label in names):
            label, copy = f"{name} ({copy})", copy + 1
        labels[label] = None
    return list(labels)


def _hex_color(value: bytes | None) -> str:
    r"""``255\0\0`` as ``"#ff0000"``, written with ``/`` or ``,`` too; else empty."""
    numbers = floats((value or b"").translate(_SEPARATORS))
    if len(numbers) != 3 or not np.isfinite(numbers).all():
        return ""
    red, green, blue = np.clip(np.round(numbers), 0, 255).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


# --- coordinates ----------------------------------------------------------------------------------
def _roi_coords(rois: Sequence[Roi]) -> dict[str, xr.Variable]:
    def column(values: Sequence[str], meaning: str) -> xr.Variable:
        return xr.Variable((model.ROI,), _strings(values), {"long_name": meaning})

    numbers = np.array([roi.number for roi in rois], dtype=np.int64)
    return {
        model.ROI: column([roi.label for roi in rois], "ROI label"),
        model.ROI_NUMBER: xr.Variable((model.ROI,), numbers, {"long_name": "ROINumber"}),
        model.ROI_NAME: column([roi.name for roi in rois], "ROIName"),
        model.ROI_TYPE: column([roi.kind for roi in rois], "RTROIInterpretedType"),
        model.ROI_COLOR: column([roi.color for roi in rois], "ROIDisplayColor"),
    }


def _contour_coords(raw: RawContours, nodes: Nodes) -> dict[str, xr.Variable]:
    owned = np.array([number is not None for number in raw.roi_numbers], dtype=bool)
    keys = np.flatnonzero(owned).astype(np.int64)
    counts = nodes.counts.tolist()
    numbers = [raw.roi_numbers[key] for key in keys]
    kinds = [geometric_type(raw.types[key], counts[key]) for key in keys]
    images = [raw.image_uids[key] for key in keys]
    of_owned = slice(None) if owned.all() else owned[nodes.contour]
    located = nodes.points[of_owned]
    dims = (model.CONTOUR,)
    coords = {
        model.CONTOUR: xr.Variable(dims, keys, {"long_name": "contour key, by place in the file"}),
        model.CONTOUR_ROI_NUMBER: xr.Variable(
            dims, np.array(numbers, np.int64), {"long_name": "ReferencedROINumber"}
        ),
        model.CONTOUR_TYPE: xr.Variable(
            dims, _strings(kinds), {"long_name": "ContourGeometricType"}
        ),
        model.CONTOUR_IMAGE_UID: xr.Variable(
            dims, _strings(images), {"long_name": "ReferencedSOPInstanceUID of the image"}
        ),
        model.NODE_CONTOUR: xr.Variable(
            (model.NODE,), nodes.contour[of_owned].astype(np.int64), {"long_name": "contour key"}
        ),
    }
    for axis, name in enumerate((model.NODE_X, model.NODE_Y, model.NODE_Z)):
        attrs = {"units": "mm", "long_name": f"patient {'xyz'[axis]} (LPS)"}
        coords[name] = xr.Variable((model.NODE,), located[:, axis].copy(), attrs)
    return coords


def _strings(values: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return np.array(values, dtype=np.str_) if values else np.empty(0, dtype="<U1")
