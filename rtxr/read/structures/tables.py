"""Tables of the structures a Dataset holds now, and the mask drawn from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import model
from rtxr.contour_points import contours_of
from rtxr.errors import MissingDataError
from rtxr.geometry import FloatArray
from rtxr.read.lazy import ArraySource, lazy_variable
from rtxr.read.structures.findings import of_roi

#: Contours closer than this along their normal lie on one plane, mm.
_PLANE_MM = 0.01
#: Makes the source of ``mask`` from a Dataset with contours and an image.
MaskSource = Callable[[xr.Dataset], ArraySource]


def structures(ds: xr.Dataset) -> pd.DataFrame:
    """ROIs of a Dataset, one row each.

    Parameters
    ----------
    ds : Dataset
        Holds structures.

    Returns
    -------
    DataFrame
        Index ``roi`` (label); columns ``number``, ``name``, ``alias`` (where there are standard
        names, see :func:`rtxr.roi_names.alias`), ``type`` (RT ROI Interpreted Type),
        ``color``, ``contours``, ``nodes`` (points), ``slices`` (distinct planes) and ``findings``.

    Raises
    ------
    MissingDataError
        The Dataset holds no structures.
    """
    messages = [finding.message for finding in model.findings_of(ds)]
    labels = model.roi_labels(ds)
    facts = {
        name: [str(value) for value in np.atleast_1d(ds[coord].values)]
        for name, coord in (
            ("name", model.ROI_NAME),
            ("alias", model.ROI_ALIAS),
            ("type", model.ROI_TYPE),
            ("color", model.ROI_COLOR),
        )
        if coord in ds.coords
    }
    numbers = [int(number) for number in np.atleast_1d(ds[model.ROI_NUMBER].values)]
    located = _by_roi(ds)
    drawn = [located.get(number, []) for number in numbers]
    columns = {
        "number": numbers,
        **facts,
        "contours": [len(contours) for contours in drawn],
        "nodes": [sum(map(len, contours)) for contours in drawn],
        "slices": [_planes(contours) for contours in drawn],
        "findings": [
            _told(messages, of_roi(number, label))
            for number, label in zip(numbers, labels, strict=True)
        ],
    }
    return pd.DataFrame(columns, index=pd.Index(labels, name=model.ROI))


def _by_roi(ds: xr.Dataset) -> dict[int, list[FloatArray]]:
    """Points of every contour, by ROI number."""
    keys = np.atleast_1d(ds[model.CONTOUR].values)
    owners = np.atleast_1d(ds[model.CONTOUR_ROI_NUMBER].values)
    node_keys = np.atleast_1d(ds[model.NODE_CONTOUR].values)
    located = np.stack(
        [np.atleast_1d(ds[name].values) for name in (model.NODE_X, model.NODE_Y, model.NODE_Z)], -1
    )
    order = np.argsort(node_keys, kind="stable")
    located, node_keys = located[order], node_keys[order]
    starts = np.searchsorted(node_keys, keys, side="left")
    stops = np.searchsorted(node_keys, keys, side="right")
    found: dict[int, list[FloatArray]] = defaultdict(list)
    for owner, start, stop in zip(owners, starts, stops, strict=True):
        found[int(owner)].append(located[start:stop])
    return found


def _told(messages: Sequence[str], prefix: str) -> str:
    """What the findings say about one ROI, without its name."""
    told = [message[len(prefix) :] for message in messages if message.startswith(prefix)]
    return "; ".join(text.lstrip(": ") for text in told)


def _planes(contours: Sequence[FloatArray]) -> int:
    """Distinct planes of the contours of one ROI, along the axis in which they are flattest."""
    filled = [located for located in contours if len(located)]
    if not filled:
        return 0
    extents = np.median([np.ptp(located, axis=0) for located in filled], axis=0)
    flattest = 2 if extents[2] <= extents.min() + _PLANE_MM else int(extents.argmin())
    heights = np.sort([located[:, flattest].mean() for located in filled])
    return 1 + int((np.diff(heights) > _PLANE_MM).sum())


def points(ds: xr.Dataset) -> pd.DataFrame:
    """Points that a structure set marks: contours of type POINT.

    Parameters
    ----------
    ds : Dataset
        Holds structures.

    Returns
    -------
    DataFrame
        Columns ``name`` (ROI label), ``kind`` (``"ROI"``), ``x``, ``y``, ``z`` (patient LPS, mm)
        and ``number`` (ROI number); one row per point.

    Raises
    ------
    MissingDataError
        The Dataset holds no structures.
    """
    rows = [
        {
            "name": label,
            "kind": "ROI",
            "x": x,
            "y": y,
            "z": z,
            "number": model.roi_number(ds, label),
        }
        for label in model.roi_labels(ds)
        for kind, located in contours_of(ds, label)
        if kind == "POINT"
        for x, y, z in located.tolist()
    ]
    return pd.DataFrame(rows, columns=["name", "kind", "x", "y", "z", "number"])


def with_mask(ds: xr.Dataset, mask_source: MaskSource) -> xr.Dataset:
    """The Dataset with the lazy coordinate ``mask`` made, or made anew, from its contours.

    Parameters
    ----------
    ds : Dataset
        Holds structures and an image.
    mask_source : callable
        Takes the Dataset, returns what draws: ``shape`` (roi, *image grid), ``dtype`` bool and
        ``read(indices)``.

    Returns
    -------
    Dataset
        ``mask`` has dims (roi, z, y, x) or (roi, slice, row, column); drawn when touched, never
        cached, one ROI the preferred chunk.

    Raises
    ------
    MissingDataError
        No structures, or no image whose grid could carry the mask.
    """
    model.require_structures(ds)
    name = model.image_name(ds)
    if name is None:
        raise MissingDataError(
            "a mask needs an image grid and this Dataset has no image; "
            "ds.rt.mask(roi, grid='dose') draws on the dose grid"
        )
    dims = (model.ROI, *model.grid_of(ds, name).dims)
    mask = lazy_variable(
        dims,
        mask_source(ds),
        {"long_name": "voxel centre inside the ROI"},
        cache=False,
        preferred_chunks={model.ROI: 1},
    )
    selected = {dim: 0 for dim in dims if dim in ds.coords and not ds.coords[dim].ndim}
    mask = mask.isel(selected)
    # What assign_coords does, without aligning what is aligned already.
    coords = xr.Coordinates({**ds.coords.variables, model.MASK: mask}, indexes=dict(ds.xindexes))
    masked = xr.Dataset({each: ds.variables[each] for each in ds.data_vars}, coords, ds.attrs)
    masked.encoding = ds.encoding
    return masked
