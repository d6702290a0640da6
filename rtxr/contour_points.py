"""Points of the contours that a case Dataset holds, joined by key and never by position."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.geometry import FloatArray


def points_by_contour(ds: xr.Dataset) -> dict[int, FloatArray]:
    """Points of every contour by its key: (n, 3), patient LPS (x, y, z), mm; (0, 3) for none."""
    keys = np.asarray(ds[model.CONTOUR].values)
    node_keys = np.asarray(ds[model.NODE_CONTOUR].values)
    points = np.stack(
        [ds[name].values for name in (model.NODE_X, model.NODE_Y, model.NODE_Z)], axis=-1
    )
    points = points.astype(np.float64, copy=False)
    if (node_keys[1:] < node_keys[:-1]).any():
        order = np.argsort(node_keys, kind="stable")  # nodes of a contour keep their own order
        points, node_keys = points[order], node_keys[order]
    starts = np.searchsorted(node_keys, keys, side="left")
    stops = np.searchsorted(node_keys, keys, side="right")
    return {
        int(key): points[start:stop] for key, start, stop in zip(keys, starts, stops, strict=True)
    }


def contours_of(ds: xr.Dataset, label: str) -> list[tuple[str, FloatArray]]:
    """Contours of one ROI.

    Returns
    -------
    list of (str, ndarray)
        Contour Geometric Type (3006,0042) and points, (n, 3), patient LPS (x, y, z), mm.
    """
    number = model.roi_number(ds, label)
    of_roi = np.flatnonzero(np.asarray(ds[model.CONTOUR_ROI_NUMBER].values) == number)
    points = points_by_contour(ds)
    keys = np.asarray(ds[model.CONTOUR].values)[of_roi]
    types = np.asarray(ds[model.CONTOUR_TYPE].values)[of_roi]
    return [(str(kind), points[int(key)]) for kind, key in zip(types, keys, strict=True)]
