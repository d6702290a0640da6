"""What an image cannot show of a structure: what lies outside it, and planes between its slices.

A mask on the image's grid holds nothing of either; volumes, DVHs and the contours themselves do.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from rtxr.analysis.grids import frames
from rtxr.analysis.structures.cell_volumes import cell_volumes
from rtxr.analysis.structures.planes import FACE_TOLERANCE, Slabs, roi_finding
from rtxr.errors import Finding
from rtxr.geometry import FloatArray, Grid, cell_edges

#: Volumes outside the image are told from here on, cm3: what rounds to 0.001.
_TOLD_CC = 5e-4


def with_image(part: Slabs, image: Grid) -> Slabs:
    """The slabs with findings about what an image cannot show of them.

    Parameters
    ----------
    part : Slabs
        The structure.
    image : Grid
        Its voxels reach half way to the neighbouring centres.
    """
    if not len(part.edges) or np.isnan(part.lower).any():
        return part
    along = frames.axis_map(part.frame, image.matrix)
    slices = None if along is None else np.sort(along.values(image.axes, 2))
    findings = _outside(part, image, slices)
    if slices is not None:
        findings += _between(part, slices)
    return replace(part, findings=(*part.findings, *findings)) if findings else part


def _outside(part: Slabs, image: Grid, slices: FloatArray | None) -> list[Finding]:
    """A finding where a part of the volume lies outside the image."""
    solid = part if slices is None else _trimmed(part, slices)
    box = tuple(cell_edges(np.sort(axis))[[0, -1]] for axis in image.axes)
    low, high = np.array(box[::-1]).T
    own = image.to_own(frames.from_frame(solid.frame, _corners(solid)))
    if max((low - own).max(), (own - high).max()) < FACE_TOLERANCE:
        return []
    shown = float(cell_volumes(solid, image.matrix, box).sum())
    lost = solid.volume_cc() - shown * abs(float(np.linalg.det(image.matrix[:3, :3]))) / 1000
    if lost < _TOLD_CC:
        return []
    text = (
        f"{lost:.3f} of its {part.volume_cc():.3f} cm3 lie outside the image; masks and coverage "
        "on the image do not hold them, volumes and DVHs do"
    )
    return [roi_finding("outside-image", "warning", part.label, text)]


def _corners(part: Slabs) -> FloatArray:
    """Corners of a box in u, v, w around the slabs, (8, 3)."""
    sides = [(side.min(), side.max()) for side in (part.points[:, 0], part.points[:, 1])]
    return np.array(list(product(*sides, (part.lower[0], part.upper[-1]))))


def _trimmed(part: Slabs, slices: FloatArray) -> Slabs:
    """Without what only the end caps of planes within the image have beyond it."""
    first, last = cell_edges(slices)[[0, -1]]
    is_within = (part.position >= first) & (part.position <= last)
    return replace(
        part,
        lower=np.where(is_within, np.maximum(part.lower, first), part.lower),
        upper=np.where(is_within, np.minimum(part.upper, last), part.upper),
    )


def _between(part: Slabs, slices: FloatArray) -> list[Finding]:
    """A finding where planes within the image stand for no slice of it."""
    below, above = part.position - part.lower, part.upper - part.position
    lower = part.position - np.where(below > 0, below, above)  # a mask has its end caps always
    upper = part.position + np.where(above > 0, above, below)
    is_within = (part.position >= slices[0]) & (part.position <= slices[-1]) & (lower < upper)
    first, stop = np.searchsorted(slices, [lower - FACE_TOLERANCE, upper - FACE_TOLERANCE])
    unseen = int((is_within & (first == stop)).sum())
    if not unseen:
        return []
    text = (
        f"{unseen} of its {len(part.position)} planes are nearest to no slice of the image; the "
        "mask does not show them, while volumes, coverage and DVHs count them"
    )
    return [roi_finding("planes-between-slices", "info", part.label, text)]
