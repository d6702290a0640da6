"""The structure set as an object to write, and whether its contours are still the source's."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.analysis.raster import mask_source
from rtxr.errors import ConflictingDataError, Finding, RTXRError
from rtxr.export.objects import (
    CONTOURS_CHANGED,
    MADE_IN_MEMORY,
    OUT_OF_REACH,
    STRUCTURE_SET,
    Outgoing,
    Records,
    source_of,
)
from rtxr.export.references import images_gone
from rtxr.header_store import Record
from rtxr.iod import rt_structure_set
from rtxr.iod.rt_structure_set import StructureData
from rtxr.iod.tables import IODS
from rtxr.read.lazy import is_in_memory
from rtxr.read.rt_structure_set import contour_data, read_structure_set

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
    texts, changes = _compare(ds, record)
    data = structure_data(ds, texts)
    on = dict(zip(data.contour_image_uids, data.points, strict=True))
    gone = images_gone(records, others, on, data.frame_of_reference_uid)
    values, findings = rt_structure_set.values(data, header, gone=gone)
    if gone and (findings or "ReferencedFrameOfReferenceSequence" in values):
        changes = (*changes, IMAGES_GONE)
    return [
        Outgoing(
            variable=STRUCTURE_SET,
            iod=IODS["RTSTRUCT"],
            file_name="RTSTRUCT_1.dcm",
            record=record,
            header=header,
            values=values,
            edited=CONTOURS_CHANGED in changes,
            changes=changes,
            findings=(*findings, *mask_findings(ds)),
        )
    ]


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
    if model.MASK not in ds.coords or not is_in_memory(ds[model.MASK]):
        return []
    mask = ds[model.MASK]
    hint = "drop it with ds.drop_vars('mask'), or make contours of it"
    try:
        grid = model.grid_of(mask)
        expected = mask_source(ds, grid)
        mask = mask.transpose(model.ROI, *grid.dims)
    except RTXRError as error:
        return [Finding("mask-without-grid", "error", f"coordinate 'mask': {error}; {hint}")]
    everywhere = [np.arange(size) for size in expected.shape[1:]]
    labels = [
        label
        for at, label in enumerate(model.roi_labels(ds))
        if mask.dtype != bool
        or not np.array_equal(expected.read((np.array([at]), *everywhere))[0], mask[at].values)
    ]
    if not labels:
        return []
    text = (
        f"coordinate 'mask' disagrees with the contours of {', '.join(map(repr, labels))}; {hint}"
    )
    return [Finding("mask-disagrees", "error", text)]


def structure_data(ds: xr.Dataset, texts: dict[int, bytes] | None = None) -> StructureData:
    """The ROIs that the Dataset holds now, and their contours."""
    numbers = np.atleast_1d(ds[model.ROI_NUMBER].values)
    kept = np.isin(ds[model.CONTOUR_ROI_NUMBER].values, numbers)
    keys = np.asarray(ds[model.CONTOUR].values)[kept]
    points = model.points_by_contour(ds)
    return StructureData(
        roi_numbers=numbers.tolist(),
        roi_names=_names(ds),
        roi_types=_strings(ds, model.ROI_TYPE),
        roi_colors=_strings(ds, model.ROI_COLOR),
        contour_keys=keys.tolist(),
        contour_roi_numbers=np.asarray(ds[model.CONTOUR_ROI_NUMBER].values)[kept].tolist(),
        contour_types=_strings(ds, model.CONTOUR_TYPE, kept),
        contour_image_uids=_strings(ds, model.CONTOUR_IMAGE_UID, kept),
        points=[points[int(key)] for key in keys],
        texts=texts or {},
        frame_of_reference_uid=_image_frame(ds),
    )


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


def _compare(ds: xr.Dataset, record: Record | None) -> tuple[dict[int, bytes], tuple[str, ...]]:
    """Text of every contour that is still the source's, and what differs from the source."""
    if record is None:
        return {}, (MADE_IN_MEMORY,)
    try:
        part = read_structure_set(record.path, frame_of_reference_uid=_image_frame(ds))
        texts = dict(enumerate(contour_data(record.path)))
    except (OSError, RTXRError):
        return {}, (OUT_OF_REACH,)
    now, then = structure_data(ds), structure_data(xr.Dataset(coords=part.coords))
    changes = () if _rois(now) == _rois(then) else (ROIS_CHANGED,)
    old = {key: _contour(then, at) for at, key in enumerate(then.contour_keys)}
    edited = {
        key
        for at, key in enumerate(now.contour_keys)
        if key not in old or not _equal(_contour(now, at), old[key])
    }
    of_kept = [number for number in then.contour_roi_numbers if number in now.roi_numbers]
    if edited or len(of_kept) != len(now.contour_keys):
        changes = (*changes, CONTOURS_CHANGED)
    # Contours that name no ROI are in no table; their items and texts are passed on.
    lost = texts.keys() - set(then.contour_keys)
    kept = [key for key in now.contour_keys if key not in edited]
    return {key: texts[key] for key in (*kept, *lost)}, changes


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
