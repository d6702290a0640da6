"""Contours that are drawn twice: by even-odd each would undo the other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rtxr.geometry import FloatArray

IntArray = npt.NDArray[np.int64]
#: Contours whose points are the same when rounded to this are one contour drawn twice, mm.
_SAME_POINT_MM = 1e-3


def first_of_repeats(
    points: FloatArray, starts: IntArray, plane: IntArray
) -> npt.NDArray[np.bool_]:
    """Which contours repeat no earlier one of their plane.

    Parameters
    ----------
    points : ndarray, (n, 2)
        Vertices of all contours, mm.
    starts : ndarray of int, (m + 1,)
        Where each contour begins, and the end.
    plane : ndarray of int, (m,)
        The plane of each contour.

    Returns
    -------
    ndarray of bool, (m,)
        False for a contour with the sides of an earlier one: from any start point, in either
        direction, whether a last point repeats the first or not.
    """
    keep = np.ones(len(starts) - 1, dtype=bool)
    several = np.flatnonzero(np.bincount(plane)[plane] > 1)
    if not len(several):
        return keep
    steps = np.rint(points / _SAME_POINT_MM) + 0.0  # no -0.0
    begin = starts[:-1]
    low, high = np.minimum.reduceat(steps, begin), np.maximum.reduceat(steps, begin)
    features = np.column_stack([plane, low, high])[several]
    _, which, members = np.unique(features, axis=0, return_inverse=True, return_counts=True)
    alike = np.ravel(members[which] > 1)
    seen: set[tuple[int, bytes]] = set()
    for index, family in zip(several[alike].tolist(), np.ravel(which)[alike].tolist(), strict=True):
        signature = family, _sides(steps[starts[index] : starts[index + 1]])
        keep[index] = signature not in seen
        seen.add(signature)
    return keep


def _sides(vertices: FloatArray) -> bytes:
    """The sides of a polygon without direction, in an order of their own."""
    at = vertices[:, 0] + 1j * vertices[:, 1]  # complex numbers sort by x, then by y
    sides = np.stack([at, np.roll(at, -1)], axis=1)
    sides = np.sort(sides[sides[:, 0] != sides[:, 1]], axis=1)
    return sides[np.lexsort((sides[:, 1], sides[:, 0]))].tobytes()
