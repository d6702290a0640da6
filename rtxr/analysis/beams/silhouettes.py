"""Structures as the source sees them: their contours, and the silhouette of the solid they draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr.analysis.structures.contours import slabs
from rtxr.analysis.structures.planes import Slabs
from rtxr.contour_points import contours_of
from rtxr.geometry import FloatArray
from rtxr.geometry.beam_frames import BeamPose, apply, to_isocenter_plane


@dataclass(frozen=True)
class Solid:
    """The contours of a structure, and its slabs as the sides of polygons.

    Parameters
    ----------
    contours : list of ndarray, (point, 3)
        As they were drawn, of whatever type; patient (x, y, z), mm.
    sides : ndarray, (side, 4, 3)
        Of each side of a polygon: its start and end on the lower face of the slab, its end and
        start on the upper one; patient (x, y, z), mm.
    starts : ndarray of int, (polygon,)
        First side of each polygon.
    """

    contours: list[FloatArray]
    sides: FloatArray
    starts: npt.NDArray[np.int64]


def solids(ds: xr.Dataset, labels: Sequence[str]) -> dict[str, Solid]:
    """What contours of ROIs stand for: each the slab half way to its neighbouring planes.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    labels : sequence of str
        ROIs; those that enclose nothing have no sides.
    """
    if not labels:
        return {}
    return {
        part.label: _solid(part, [points for _, points in contours_of(ds, part.label)])
        for part in slabs(ds, labels)
    }


def _solid(part: Slabs, contours: list[FloatArray]) -> Solid:
    ends = np.arange(len(part.points)) + 1
    ends[part.starts[1:] - 1] = part.starts[:-1]
    flat = np.isnan(part.thickness)  # a single plane of unknown thickness
    lower, upper = (
        apply(part.frame, np.column_stack([part.points, height[part.point_plane]]))
        for height in (
            np.where(flat, part.position, part.lower),
            np.where(flat, part.position, part.upper),
        )
    )
    sides = np.stack([lower, lower[ends], upper[ends], upper], axis=1)
    return Solid(contours, sides, part.starts[:-1])


def silhouette(solid: Solid, pose: BeamPose) -> list[FloatArray]:
    """The shadow of a solid in the plane through the isocentre.

    Parameters
    ----------
    solid : Solid
        Slabs of a structure.
    pose : BeamPose
        Of machine, couch and patient.

    Returns
    -------
    list of ndarray, (face, corner, 2)
        Polygons, all turned the same way, whose union is the silhouette, if they are filled
        together by the rule of non-zero winding; mm at the isocentre in the beam limiting device
        system. A hole that is a contour of its own is filled.
    """
    walls = to_isocenter_plane(pose, solid.sides)
    # What is seen through the upper face of a slab leaves it through a wall or the lower one.
    lower = np.split(walls[:, 0], solid.starts[1:])
    faces = [walls, *(ring[None] for ring in lower)]
    known = [each[np.isfinite(each).all(axis=(1, 2))] for each in faces]
    return [_turned_alike(each) for each in known if each.size]


def _turned_alike(faces: FloatArray) -> FloatArray:
    """Polygons, (face, corner, 2), counter-clockwise all of them."""
    x, y = (faces - faces[:, :1]).transpose(2, 0, 1)
    areas = (x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1)
    return np.where((areas < 0)[:, None, None], faces[:, ::-1], faces)


def projected(solid: Solid, pose: BeamPose) -> list[FloatArray]:
    """Contours of a structure as the source sees them.

    Parameters
    ----------
    solid : Solid
        With its contours.
    pose : BeamPose
        Of machine, couch and patient.

    Returns
    -------
    list of ndarray, (point, 2)
        mm at the isocentre in the beam limiting device system. Those that are not in front of the
        source are left out.
    """
    seen = [to_isocenter_plane(pose, points) for points in solid.contours]
    return [each for each in seen if len(each) and np.isfinite(each).all()]
