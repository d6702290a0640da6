"""How a part of a structure ends beyond the last plane on which it is drawn.

A line through a point of that plane meets the outline on either side. The product of the two
distances (the power of the point) is quadratic along w for spheres, cones, cylinders and
ellipsoids, wherever the point and the line are, and for tubes across them; so it is continued
from the last three planes, along the normal of the outline and across it. Where the product
becomes 0 the surface passes the point: a sphere closes, a box stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rtxr.analysis.interpolation.outline_distance import Outline
from rtxr.geometry import FloatArray

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Trend:
    """How a surface goes on beyond a plane, at some points.

    Parameters
    ----------
    along, across : ndarray, (3, n)
        Coefficients of 1, t and t² of the continued product, t being the distance from the last
        plane, over the length of the line within the outline there, mm; ``across`` is inf where
        nothing is known.
    """

    along: FloatArray
    across: FloatArray

    def at(self, beyond: float) -> FloatArray:
        """About how deep in the solid points are at this distance from the plane, (n,), mm."""
        powers = np.array([1.0, beyond, beyond**2])
        return np.minimum(powers @ self.along, powers @ self.across)

    def reach(self) -> FloatArray:
        """How far from the plane points stay inside, (n,), mm; inf where they never leave."""
        return np.minimum(_first_root(self.along), _first_root(self.across))


def trend(
    outlines: Sequence[Outline],
    inside: Sequence[BoolArray],
    away: FloatArray,
    points: tuple[FloatArray, FloatArray],
    block: float,
) -> Trend:
    """Continue the outlines of up to three planes.

    Parameters
    ----------
    outlines : sequence of Outline
        Of the last plane, the one before, and so on.
    inside : sequence of ndarray of bool, (n,)
        Whether points are inside on each plane.
    away : ndarray
        Distance of each plane from the last one, 0 or above, mm.
    points : (ndarray, ndarray)
        Where to continue, (n,) each, mm.
    block : float
        See :meth:`Outline.nearest`.
    """
    x, y = points
    out = ~inside[0]
    going, beside = np.zeros((2, 3, len(x)))
    beside[0] = np.inf
    if out.any():
        masks = [each[out] for each in inside]
        going[:, out] = _flare(outlines, masks, away, (x[out], y[out]), block)
    within = inside[0]
    if within.any():
        masks, some = [each[within] for each in inside], (x[within], y[within])
        nearest = outlines[0].nearest(*some, block)
        along, size = _products(outlines, masks, some, (nearest.u, nearest.v))
        across, _ = _products(outlines, masks, some, (-nearest.v, nearest.u))
        going[:, within] = _continued(along, away) / size
        known = np.isfinite(across[0])
        beside[:, within] = np.where(known, _continued(across, away) / size, beside[:, within])
    return Trend(going, beside)


def _flare(
    outlines: Sequence[Outline],
    inside: Sequence[BoolArray],
    away: FloatArray,
    points: tuple[FloatArray, FloatArray],
    block: float,
) -> FloatArray:
    """Signed distances of points outside, continued in a straight line, by 45 degrees at most."""
    going = np.zeros((3, len(points[0])))
    going[0] = -outlines[0].nearest(*points, block).distance
    if len(outlines) > 1:
        before = outlines[1].nearest(*points, block).distance * np.where(inside[1], 1.0, -1.0)
        going[1] = np.clip((going[0] - before) / away[1], -1.0, 1.0)
    return going


def _products(
    outlines: Sequence[Outline],
    inside: Sequence[BoolArray],
    points: tuple[FloatArray, FloatArray],
    direction: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Product of the distances on every plane, NaN where unknown; length of the line on the first.

    Of a plane on which a point is outside, both ends of the nearer part of the line are on one
    side of it.
    """
    products: list[FloatArray] = []
    ends: list[FloatArray] = []
    for outline, within in zip(outlines, inside, strict=True):
        found = outline.crossings(*points, *direction)
        (ahead, ahead_far), (behind, behind_far) = found.ahead, found.behind
        near = np.minimum(ahead, behind)
        far = np.where(ahead < behind, ahead_far, behind_far)
        with np.errstate(invalid="ignore"):  # an infinite distance is an unknown one
            product = np.where(within, ahead * behind, -near * far)
        products.append(np.where(np.isfinite(product), product, np.nan))
        ends.append(np.stack([ahead, behind]))
    if len(ends) > 2:
        other = _turns_back(ends) & inside[1] | (inside[1] & ~inside[2])
        products[2][other] = np.nan
    size = ends[0].sum(axis=0)
    return np.array(products), np.where(np.isfinite(size), np.maximum(size, 1e-9), 1.0)


def _turns_back(ends: Sequence[FloatArray]) -> BoolArray:
    """Whether a line meets something else on the third plane: its end is on the way back there."""
    with np.errstate(invalid="ignore"):  # both may be infinite
        first, second = ends[0] - ends[1], ends[1] - ends[2]
    known = np.isfinite(first) & np.isfinite(second)
    first, second = np.where(known, first, 0.0), np.where(known, second, 0.0)
    back = (first * second < 0) & (np.abs(second) > np.abs(first))
    return np.asarray(back.any(axis=0), dtype=np.bool_)


def _continued(values: FloatArray, away: FloatArray) -> FloatArray:
    """Coefficients of the polynomial through up to three planes, (3, n), t growing outwards."""
    out = np.zeros((3, values.shape[1]))
    out[0] = np.nan_to_num(values[0])
    if len(values) > 1:
        slope = (values[0] - values[1]) / away[1]
        out[1] = np.nan_to_num(slope)
    if len(values) > 2:
        bend = (slope - (values[1] - values[2]) / (away[2] - away[1])) / away[2]
        known = np.isfinite(bend)
        # Of a sphere, or a cylinder looked at across, it is the same everywhere.
        bend = np.where(known, bend, np.median(bend[known]) if known.any() else 0.0)
        bend = np.where(np.isfinite(slope), bend, 0.0)
        out[1] += bend * away[1]
        out[2] = bend
    return out


def _first_root(quadratic: FloatArray) -> FloatArray:
    """Least root above 0, inf where there is none."""
    c, b, a = quadratic
    with np.errstate(divide="ignore", invalid="ignore"):
        square = b * b - 4 * a * c
        root = np.sqrt(np.maximum(square, 0))
        q = -(b + np.copysign(root, b)) / 2
        roots = np.stack([q / a, c / q])
    roots = np.where((square >= 0) & (roots > 0) & np.isfinite(roots), roots, np.inf)
    return np.asarray(roots.min(axis=0), dtype=np.float64)
