"""Cells of a structure whose axes are not those of the dose grid, looked up point by point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np

from rtxr.analysis.grids import frames
from rtxr.analysis.grids.resample import Field
from rtxr.analysis.statistics.slab_cells import (
    Bounds,
    DoseRange,
    Samples,
    box_of,
    by_plane,
    ends,
    finest_spacing,
    outline,
    slab_bounds,
    some_planes,
    squares_of_parts,
)
from rtxr.analysis.structures import raster
from rtxr.analysis.structures.cells import split_edges
from rtxr.analysis.structures.covered_cells import Parts, Runs, covered_cells
from rtxr.analysis.structures.planes import Slabs
from rtxr.analysis.structures.polygons import SignedEdges
from rtxr.analysis.structures.runs import consecutive
from rtxr.geometry import FloatArray


class TurnedCells:
    """Cells of a structure on a lattice along its own axes.

    Parameters
    ----------
    part : Slabs
        The structure; its faces are known.
    signed : SignedEdges
        Its inside.
    field : Field
        The dose, on any grid.
    size : float
        Wanted edge of the cells, mm.
    """

    def __init__(self, part: Slabs, signed: SignedEdges, field: Field, size: float) -> None:
        self._part, self._signed, self._field = part, by_plane(signed), field
        size = min(size, finest_spacing(field.grid.axes))
        box_u, box_v = box_of(part)
        self._u, self._v = _even(*box_u, size), _even(*box_v, size)
        w = _even(float(part.lower[0]), float(part.upper[-1]), 2 * size)
        self._bounds = slab_bounds(part.lower, part.upper, w, divide=True)
        self._outline = outline(part, finest_spacing(field.grid.axes) / 2)
        self._known = np.empty(0)

    @property
    def dose_range(self) -> DoseRange:
        """Bounds of the dose anywhere."""
        return DoseRange.of(self._field.values)[0]

    def cells(self) -> Iterator[Samples]:
        """Cells plane by plane."""
        for plane in range(len(self._part.position)):
            yield self._samples(plane, self._bounds.of_planes(plane, plane + 1))

    def extremes(self) -> FloatArray:
        """Doses among which are the lowest and the highest, once all cells were looked at."""
        found = [self._known, self._inside_centres()]
        u, v, begin = self._outline
        for plane in range(len(self._part.position)):
            height = self._bounds.of_planes(plane, plane + 1).height
            here = slice(int(begin[plane]), int(begin[plane + 1]))
            own = np.empty((len(height), here.stop - here.start, 3))
            own[..., 0], own[..., 1], own[..., 2] = u[here], v[here], height[:, None]
            found.append(ends(self._sample(own).ravel()))
        return np.concatenate(found)

    def _sample(self, own: FloatArray) -> FloatArray:
        return self._field.sample(frames.from_frame(self._part.frame, own))

    def _samples(self, plane: int, bounds: Bounds) -> Samples:
        """Cells of one plane on every level; changes by differences across each cell."""
        signed = some_planes(self._signed, plane, plane + 1)
        pieces = split_edges(signed, self._v, self._u)
        parts = _joined(*covered_cells(pieces, self._v, self._u, 1))
        row, column = parts.row, parts.column
        width_u, width_v = np.diff(self._u)[column], np.diff(self._v)[row]
        low, high = bounds.levels()
        thickness = (bounds.height[high] - bounds.height[low])[:, None]
        own = np.empty((len(low), len(row), 3))
        own[..., 0] = ((self._u[1:] + self._u[:-1]) / 2)[column] + parts.u * width_u
        own[..., 1] = ((self._v[1:] + self._v[:-1]) / 2)[row] + parts.v * width_v
        own[..., 2] = ((bounds.height[low] + bounds.height[high]) / 2)[:, None]
        shares = (1 - 2 * np.abs(parts.u), 1 - 2 * np.abs(parts.v), np.ones_like(parts.u))
        half = []  # of the changes across the whole cell, from what is next to the centroid
        for axis, (size, share) in enumerate(
            zip((width_u, width_v, thickness), shares, strict=True)
        ):
            step = np.zeros_like(own)
            step[..., axis] = size * share / 2
            after, before = self._sample(own + step), self._sample(own - step)
            # Next to the end of the grid it is not known.
            half.append(np.nan_to_num((after - before) / np.maximum(2 * share, 2e-6)))
        # Changes across slabs, the last ones, are between faces: the dose may peak on those.
        self._known = ends(np.concatenate([self._known, after.ravel(), before.ravel()]))
        widest, rest = squares_of_parts((half[0], half[1], half[2]), (parts.uu, parts.uv, parts.vv))
        volume = parts.share * width_u * width_v * thickness
        return Samples(self._sample(own).ravel(), widest.ravel(), rest.ravel(), volume.ravel())

    def _inside_centres(self) -> FloatArray:
        """Doses of the voxels of the dose grid whose centres are inside."""
        grid = self._field.grid
        mask = np.zeros(grid.shape, dtype=bool)
        raster.rasterise(self._part, grid, grid.axes, "xor", mask)
        return self._field.values[mask]


def _joined(runs: Runs, parts: Parts) -> Parts:
    """Whole cells and parts of cells alike."""
    of, column = consecutive(runs.column, runs.count)
    whole = {"share": 1.0, "uu": 1 / 12, "vv": 1 / 12}
    columns = [runs.plane[of], runs.row[of], column]
    columns += [np.full(len(of), whole.get(each.name, 0.0)) for each in fields(Parts)[3:]]
    return Parts(
        *(
            np.concatenate([column, getattr(parts, each.name)])
            for column, each in zip(columns, fields(Parts), strict=True)
        )
    )


def _even(low: float, high: float, size: float) -> FloatArray:
    return np.linspace(low, high, max(1, int(np.ceil((high - low) / size))) + 1)
