"""The structure set as an object to write, and whether its contours are still the source's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pydicom
import xarray as xr
from pydicom.dataelem import RawDataElement

from rtxr import model
from rtxr.catalog.lookup import listed
from rtxr.contour_points import points_by_contour
from rtxr.edit.structures.masks import HINT, disagreeing, disagreement
from rtxr.errors import (
    ConflictingDataError,
    Finding,
    MissingDataError,
    RTXRError,
    Violation,
)
from rtxr.export.objects import (
    CONTOURS_CHANGED,
    MADE_IN_MEMORY,
    OUT_OF_REACH,
    STRUCTURE_SET,
    Outgoing,
    Records,
    coded,
    source_of,
)
from rtxr.export.references import image_refs, images_below, images_gone, images_known
from rtxr.header_store import Record
from rtxr.iod import provenance, rt_structure_set
from rtxr.iod.encoding.raw import items_of, text_of, with_elements
from rtxr.iod.encoding.writable import EXPLICIT_LIMIT
from rtxr.iod.rt_structure_set import StructureData
from rtxr.iod.tables import IODS
from rtxr.read.rt_structure_set import read_structure_set, stored_contours
from rtxr.read.structures.contour_items import RawContours

ROIS_CHANGED = "its ROIs changed"
IMAGES_GONE = "images it refers to are not in the Dataset any more"


def structure_objects(
    ds: xr.Dataset, records: Records, others: Sequence[Outgoing]
) -> list[Outgoing]:
    """The structure set; nothing where the Dataset has no ROIs.

    Parameters
    ----------
    ds : Dataset
    records : mapping of UID to Record
    others : sequence of Outgoing
        What else is exported: contours refer to these images.

    Raises
    ------
    MissingDataError
        Some of the structure coordinates are missing.
    """
    if model.ROI not in ds.coords or not ds[model.ROI].size:
        return []
    model.require_structures(ds)
    _require_distinct_rois(ds)
    uid = ds.coords.get(model.STRUCTURE_SET_UID)
    record, header = source_of(records, "" if uid is None else str(uid.values))
    compared = _compare(ds, record)
    images = images_known(records, others)
    source = coded(record, header)
    data = _referring(structure_data(ds, compared), source, images)
    on = dict(zip(data.contour_image_uids, data.points, strict=True))
    gone = images_gone(records, others, on, data.frame_of_reference_uid)
    stay = None if gone else compared.as_stored
    if stay is not None and header is not None:
        header = source = with_elements(header, [stay])
    values, findings = rt_structure_set.values(
        data,
        source,
        image_refs=image_refs(images),
        gone=gone,
        contours_stay=stay is not None,
        **_image_series(images),
    )
    changes = compared.changes
    if gone and (findings or "ReferencedFrameOfReferenceSequence" in values):
        changes = (*changes, IMAGES_GONE)
    if header is None:
        header, label = (
            _beside([*others, *images]),
            IODS["RTSTRUCT"].rule("StructureSetLabel").value,
        )
        values = {"StructureSetLabel": label, **values}
    return [
        Outgoing(
            variable=STRUCTURE_SET,
            iod=IODS["RTSTRUCT"],
            file_name="RTSTRUCT_1.dcm",
            record=record,
            header=header,
            values=values,
            edited=CONTOURS_CHANGED in changes,
            edited_rois=compared.edited_rois,
            changes=changes,
            findings=(*findings, *mask_findings(ds), *_empty_findings(ds, source, compared)),
        )
    ]


def _referring(
    data: StructureData, header: pydicom.Dataset | None, images: Sequence[Outgoing]
) -> StructureData:
    """The structures, contours that no file has referring to the image in whose plane they lie.

    Raises
    ------
    MissingDataError
        No file has any of them, and nothing says in which frame of reference they are.
    """
    named = (text_of(each.header, "FrameOfReferenceUID") for each in images)
    frame = data.frame_of_reference_uid or next(filter(None, named), "")
    if header is None and not frame:
        raise MissingDataError(
            "a structure set says in which frame of reference its ROIs are, and neither image nor "
            "dose names one; give one: ds.assign_coords(spatial_ref=ds.spatial_ref.assign_attrs("
            "FrameOfReferenceUID=pydicom.uid.generate_uid()))"
        )
    # The UID of a resampled slice is that of the source nearest to it: the plane of a new contour
    # says where it was drawn.
    uids = list(data.contour_image_uids)
    new = [
        at
        for at, key in enumerate(data.contour_keys)
        if header is None or key >= model.FIRST_NEW_CONTOUR
    ]
    found = images_below(images, [data.points[at] for at in new], [uids[at] for at in new])
    for at, uid in zip(new, found, strict=True):
        uids[at] = uid
    return replace(data, contour_image_uids=uids, frame_of_reference_uid=frame)


def _image_series(images: Sequence[Outgoing]) -> dict[str, str]:
    """Study and series of the images that structures refer to."""
    return {"study_uid": images[0].study, "series_uid": images[0].series} if images else {}


def _beside(others: Sequence[Outgoing]) -> pydicom.Dataset | None:
    """Patient and study of the first object that has a header: image, plan or dose."""
    found = (each.header for each in others if each.header is not None)
    first = next(found, None)
    return None if first is None else provenance.same_patient_and_study(first)


def _require_distinct_rois(ds: xr.Dataset) -> None:
    numbers = np.atleast_1d(ds[model.ROI_NUMBER].values)
    if len(np.unique(numbers)) < len(numbers):
        raise ConflictingDataError(
            "coordinate 'roi_number' holds a number twice; (3006,0022) ROINumber is what joins a "
            "ROI to its contours: select each ROI once"
        )


def mask_findings(ds: xr.Dataset) -> list[Finding]:
    """A violation where a mask held in memory is not what its contours give.

    Contours are the truth; a lazy mask is a view of them and is not read.
    """
    try:
        labels = disagreeing(ds)
    except RTXRError as error:
        fix = "drop it with ds.drop_vars('mask')"
        return [Violation("mask-without-grid", "error", f"coordinate 'mask': {error}", fix=fix)]
    if not labels:
        return []
    return [Violation("mask-disagrees", "error", disagreement(labels), fix=HINT)]


def _empty_findings(
    ds: xr.Dataset, source: pydicom.Dataset | None, compared: _Compared
) -> list[Finding]:
    """That ROIs are written without contours that no source had without."""
    numbers = np.atleast_1d(ds[model.ROI_NUMBER].values).tolist()
    drawn = set(ds[model.CONTOUR_ROI_NUMBER].values.tolist())
    items = [] if source is None else items_of(source, "StructureSetROISequence")
    known = {text_of(each, "ROINumber") for each in items}
    labels = [
        str(label)
        for label, number in zip(np.atleast_1d(ds[model.ROI].values), numbers, strict=True)
        if number not in drawn and (str(number) not in known or number in compared.edited_rois)
    ]
    if not labels:
        return []
    text = (
        f"{listed(labels, repr)} has no contours: its mask was empty, or all of it was taken away"
    )
    fix = "check the mask, or leave the ROI out: ds.rt.remove(...)"
    return [Violation("roi-without-contours", "warning", text, fix=fix)]


@dataclass(frozen=True)
class _Compared:
    """How the contours of a Dataset compare with those of its source.

    Parameters
    ----------
    texts : mapping of int to bytes
        Contour Data as stored, by key: of contours that are still the source's, and of those that
        no array stands for, which are passed on.
    passed_on : collection of int
        Keys of the latter.
    changes : tuple of str
        What differs from the source.
    edited_rois : frozenset of int
        Numbers of the source's ROIs whose contours differ.
    as_stored : RawDataElement or None
        ROI Contour Sequence of the source, Contour Data and all, where every contour is the
        source's and says of itself what the arrays do.
    """

    texts: Mapping[int, bytes] = field(default_factory=dict)
    passed_on: Collection[int] = ()
    changes: tuple[str, ...] = ()
    edited_rois: frozenset[int] = frozenset()
    as_stored: RawDataElement | None = None


def structure_data(ds: xr.Dataset, compared: _Compared | None = None) -> StructureData:
    """The ROIs that the Dataset holds now, and their contours."""
    compared = compared or _Compared()
    numbers = np.atleast_1d(ds[model.ROI_NUMBER].values)
    kept = np.isin(ds[model.CONTOUR_ROI_NUMBER].values, numbers)
    keys = np.asarray(ds[model.CONTOUR].values)[kept].tolist()
    points = points_by_contour(ds)
    return StructureData(
        roi_numbers=numbers.tolist(),
        roi_names=_names(ds),
        roi_types=_strings(ds, model.ROI_TYPE),
        roi_colors=_strings(ds, model.ROI_COLOR),
        # A contour that was given the key of one that is passed on is not that one.
        contour_keys=[-1 - key if key in compared.passed_on else key for key in keys],
        contour_roi_numbers=np.asarray(ds[model.CONTOUR_ROI_NUMBER].values)[kept].tolist(),
        contour_types=_strings(ds, model.CONTOUR_TYPE, kept),
        contour_image_uids=_strings(ds, model.CONTOUR_IMAGE_UID, kept),
        points=[points[key] for key in keys],
        texts=compared.texts,
        frame_of_reference_uid=_frame_of_reference(ds),
    )


def _frame_of_reference(ds: xr.Dataset) -> str:
    """Frame of Reference UID of the image, else of the first dose; empty without either."""
    name = next(iter([*filter(None, [model.image_name(ds)]), *model.dose_names(ds)]), None)
    if name:
        return model.grid_of(ds, name).frame_of_reference_uid
    alone = ds.coords.get(model.SPATIAL_REF)  # a case made of structures alone
    return "" if alone is None else str(alone.attrs.get("FrameOfReferenceUID", ""))


def _image_frame(ds: xr.Dataset) -> str:
    """Frame of Reference UID of the image; empty without one."""
    return model.grid_of(ds).frame_of_reference_uid if model.image_name(ds) else ""


def _names(ds: xr.Dataset) -> list[str]:
    """ROI names; a label that was edited is the new name."""
    facts = zip(
        _strings(ds, model.ROI),
        _strings(ds, model.ROI_NAME),
        np.atleast_1d(ds[model.ROI_NUMBER].values),
        strict=True,
    )
    return [
        name if re.fullmatch(re.escape(name or f"ROI {number}") + r"( \(\d+\))?", label) else label
        for label, name, number in facts
    ]


def _strings(
    ds: xr.Dataset, name: str, kept: npt.NDArray[np.bool_] | slice = slice(None)
) -> list[str]:
    return [str(value) for value in np.atleast_1d(ds[name].values)[kept]]


def _compare(ds: xr.Dataset, record: Record | None) -> _Compared:
    """Which contours are still the source's, and what differs from it."""
    if record is None or not record.path:
        return _Compared(changes=(MADE_IN_MEMORY,))
    try:
        part = read_structure_set(record.path, frame_of_reference_uid=_image_frame(ds))
        stored = stored_contours(record.path)
    except (OSError, RTXRError):
        return _Compared(changes=(OUT_OF_REACH,))
    texts = dict(enumerate(stored.contours.data))
    now, then = structure_data(ds), structure_data(xr.Dataset(coords=part.coords))
    changes = () if _rois(now) == _rois(then) else (ROIS_CHANGED,)
    old = {key: _contour(then, at) for at, key in enumerate(then.contour_keys)}
    same = {
        key
        for at, key in enumerate(now.contour_keys)
        if key in old and _equal(_contour(now, at), old[key])
    }
    # A new ROI leaves the contours of the others, and what was computed with them, as they were.
    edited = _edited_rois(now, then, same)
    if edited:
        changes = (*changes, CONTOURS_CHANGED)
    # Contours that name no ROI are in no table; their items and texts are passed on.
    passed_on = texts.keys() - old.keys()
    kept = {key: texts[key] for key in (*sorted(same), *passed_on)}
    whole = stored.element if not changes and _says(stored.contours, now) else None
    return _Compared(kept, passed_on, changes, edited, whole)


def _says(stored: RawContours, now: StructureData) -> bool:
    """Whether contours state their type and number of points, as the arrays do."""
    kinds = zip(now.contour_keys, now.contour_types, strict=True)
    return (
        None not in stored.stated_counts
        and all(stored.types[key] == kind for key, kind in kinds)
        and all(len(text) <= EXPLICIT_LIMIT for text in stored.data)
    )


def _edited_rois(now: StructureData, then: StructureData, same: Collection[int]) -> frozenset[int]:
    """Numbers of ROIs that were there and are, of which a contour is new, gone or another one."""
    both = set(then.roi_numbers) & set(now.roi_numbers)
    owned = zip(now.contour_keys, now.contour_roi_numbers, strict=True)
    other = {number for key, number in owned if key not in same}
    counts = Counter(now.contour_roi_numbers), Counter(then.contour_roi_numbers)
    fewer = {number for number in both if counts[0][number] != counts[1][number]}
    return frozenset((other & both) | fewer)


def _rois(data: StructureData) -> dict[int, tuple[str, str, str]]:
    facts = zip(data.roi_names, data.roi_types, data.roi_colors, strict=True)
    return dict(zip(data.roi_numbers, facts, strict=True))


def _contour(data: StructureData, at: int) -> tuple[object, npt.NDArray[np.float64]]:
    facts = (data.contour_roi_numbers[at], data.contour_types[at], data.contour_image_uids[at])
    return facts, data.points[at]


def _equal(
    one: tuple[object, npt.NDArray[np.float64]], other: tuple[object, npt.NDArray[np.float64]]
) -> bool:
    return one[0] == other[0] and np.array_equal(one[1], other[1])
