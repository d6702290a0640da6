"""Which empty slices would be read as filled from the contours beside them.

Contours stand for slabs (:mod:`rtxr.analysis.structures.planes`): half way to the neighbouring
planes, across gaps of up to a few slices, and half a step beyond the ends. Where an empty slice of
a mask lies in such a slab it has to be a plane of its own. This module asks that very rule, with a
probe contour for every plane, until no empty slice is read as filled.
"""

from __future__ import annotations

import numpy as np

from rtxr.analysis.drawing.rings import IntArray
from rtxr.analysis.grids import frames
from rtxr.analysis.structures.planes import FACE_TOLERANCE, PART_GAP, RoiContours, roi_slabs
from rtxr.analysis.structures.raster import plane_at
from rtxr.errors import GeometryError
from rtxr.geometry import FloatArray, Grid

#: A face that is not further from a slice may be read on either side of it, mm.
_FACE_MM = 2 * FACE_TOLERANCE
#: A gap this near to the longest that is bridged may be read either way, in parts of the gap.
_TIE = 1e-6


def slices_to_mark(filled: IntArray, w: FloatArray, frame: FloatArray, image: Grid) -> IntArray:
    """Empty slices that need a plane of their own, so that none is read as filled.

    Parameters
    ----------
    filled : ndarray of int
        Ascending indices of the slices that have contours, at least one.
    w : ndarray
        Ascending positions of all slices along the frame's w, mm; they are as thick as a single
        plane that the image tells nothing of.
    frame : ndarray, (4, 4)
        Frame in which the contours are planar, to patient millimetres.
    image : Grid
        Its slices are as thick as a single plane.

    Returns
    -------
    ndarray of int
        Ascending; only slices next to filled ones.

    Raises
    ------
    GeometryError
        Slices are so close that the contours of two are read as one plane.
    """
    marked = np.empty(0, dtype=np.int64)
    while True:
        drawn = np.union1d(filled, marked)
        owner = _owners(drawn, w, frame, image)
        if (owner[:, drawn] != np.arange(len(drawn))).any():
            raise _too_close(w[drawn])
        reached = (owner >= 0) & np.isin(drawn, filled)[owner]
        reached[:, drawn] = False
        _, empty = np.nonzero(reached)
        if not len(empty):
            return marked
        by = drawn[owner[reached]]
        beside = by + np.sign(empty - by)
        inner = (beside > filled[0]) & (beside < filled[-1])
        # Planes in between change how far the ends reach, so they come first.
        marked = np.union1d(marked, beside[inner] if inner.any() else beside)


def _owners(drawn: IntArray, w: FloatArray, frame: FloatArray, image: Grid) -> IntArray:
    """Which drawn plane each slice is read from, -1 for none, (2, slices): it may be either."""
    w = _bridged(drawn, w)
    corners = np.zeros((len(drawn), 3, 3))
    corners[:, 1, 0] = corners[:, 2, 1] = 1.0
    corners[..., 2] = w[drawn, None]
    probe = RoiContours(
        "",
        np.full(len(drawn), "CLOSED_PLANAR"),
        frames.from_frame(frame, corners.reshape(-1, 3)),
        np.arange(0, 3 * len(drawn) + 1, 3),
    )
    part = roi_slabs(probe, [frame], "half", image)
    if len(part.position) < len(drawn):
        raise _too_close(w[drawn])
    return np.stack([plane_at(part, w + shift, w) for shift in (-_FACE_MM, _FACE_MM)])


def _bridged(drawn: IntArray, w: FloatArray) -> FloatArray:
    """Positions in which a gap between drawn planes that may or may not be bridged surely is."""
    gaps = np.diff(w[drawn])
    if not len(gaps):
        return w
    tie = np.abs(gaps / np.median(gaps) - PART_GAP) < _TIE
    scale = np.concatenate([[1.0], np.where(tie, 1 - 2 * _TIE, 1.0), [1.0]])
    steps = np.diff(w) * scale[np.searchsorted(drawn, np.arange(len(w) - 1), side="right")]
    return w[0] + np.concatenate([[0.0], np.cumsum(steps)]) if tie.any() else w


def _too_close(positions: FloatArray) -> GeometryError:
    steps = np.diff(positions)
    return GeometryError(
        f"slices of this mask are only {steps.min():.3g} mm apart (usually {np.median(steps):.3g} "
        "mm), so that contours on them would be read as one plane; resample the mask to a grid "
        "with even slices first"
    )
