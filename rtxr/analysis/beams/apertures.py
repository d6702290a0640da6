"""What jaws and leaves leave open, at every control point of a beam.

All layers of leaves and the jaws together are cut into strips across the leaves' motion. Each strip
is open from one place to another along it, so that areas and perimeters are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rtxr.errors import GeometryError
from rtxr.geometry import FloatArray

Axis = Literal["x", "y"]
_BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Layer:
    """A multi-leaf collimator.

    Parameters
    ----------
    axis : {"x", "y"}
        Along which its leaves move.
    edges : ndarray, (pair + 1,)
        Leaf position boundaries, across the motion, ascending, mm.
    positions : ndarray, (point, pair, 2)
        Ends of the leaves of side 1 and side 2, mm.
    """

    axis: Axis
    edges: FloatArray
    positions: FloatArray


@dataclass(frozen=True)
class Apertures:
    """Open parts of strips, at each control point.

    Parameters
    ----------
    axis : {"x", "y"}
        Along which the strips run.
    starts, stops : ndarray, (point, strip)
        From where to where a strip is open, along it, mm.
    low, high : ndarray, (point, strip)
        Where the strip begins and ends across it, as the jaws leave it, mm.
    """

    axis: Axis
    starts: FloatArray
    stops: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def is_open(self) -> _BoolArray:
        """Which strips are open, (point, strip)."""
        return (self.stops > self.starts) & (self.high > self.low)

    @property
    def widths(self) -> FloatArray:
        """Opening of each strip along it, (point, strip), mm; 0 where it is closed."""
        return np.where(self.is_open, self.stops - self.starts, 0.0)

    @property
    def areas(self) -> FloatArray:
        """Open area, (point,), mm2."""
        found: FloatArray = (self.widths * (self.high - self.low)).sum(axis=1)
        return found

    @property
    def perimeters(self) -> FloatArray:
        """Length of all outlines of the open area, (point,), mm."""
        sides = np.where(self.is_open, self.high - self.low, 0.0).sum(axis=1)
        shared = np.minimum(self.stops[:, 1:], self.stops[:, :-1])
        shared = shared - np.maximum(self.starts[:, 1:], self.starts[:, :-1])
        touching = (
            self.is_open[:, 1:] & self.is_open[:, :-1] & (self.low[:, 1:] == self.high[:, :-1])
        )
        common = np.where(touching, shared.clip(min=0), 0.0).sum(axis=1)
        found: FloatArray = 2 * (sides + self.widths.sum(axis=1) - common)
        return found

    def rectangles(self, point: int) -> FloatArray:
        """Open parts at a control point, (open, 4): x from, x to, y from, y to, mm."""
        some = self.is_open[point]
        along = (self.starts[point, some], self.stops[point, some])
        across = (self.low[point, some], self.high[point, some])
        sides = (*along, *across) if self.axis == "x" else (*across, *along)
        return np.stack(sides, axis=-1)


def apertures(
    layers: Sequence[Layer], x_jaws: FloatArray | None = None, y_jaws: FloatArray | None = None
) -> Apertures:
    """What is open of all layers of leaves and the jaws together.

    Parameters
    ----------
    layers : sequence of Layer
        Of leaves that move along the same axis; none for a beam with jaws only. Beyond its
        outermost leaves a layer lets nothing through.
    x_jaws, y_jaws : ndarray, (point, 2), optional
        Positions of the jaws, mm.

    Raises
    ------
    GeometryError
        Layers that move along different axes, or nothing that bounds the aperture.
    """
    axes = {layer.axis for layer in layers}
    if len(axes) > 1:
        raise GeometryError(
            "leaves that move along x and leaves that move along y limit one beam, which has no "
            "strips; ds.rt.leaf_positions() has the positions of each"
        )
    axis: Axis = axes.pop() if axes else "x"
    along, across = (x_jaws, y_jaws) if axis == "x" else (y_jaws, x_jaws)
    if not layers and (along is None or across is None):
        raise GeometryError("no leaves, and no jaws on all four sides: the aperture has no bounds")
    whole = np.array([-np.inf, np.inf])
    edges = np.unique(np.concatenate([layer.edges for layer in layers] or [whole]))
    points = next(
        len(each) for each in (*(lay.positions for lay in layers), along) if each is not None
    )
    sides = [_of_strips(layer, edges) for layer in layers]
    if along is not None:
        sides.append(np.repeat(along[:, None, :], len(edges) - 1, axis=1))
    starts = np.maximum.reduce([each[..., 0] for each in sides])
    stops = np.minimum.reduce([each[..., 1] for each in sides])
    low, high = (np.repeat(each[None], points, axis=0) for each in (edges[:-1], edges[1:]))
    if across is not None:
        low, high = np.maximum(low, across[:, :1]), np.minimum(high, across[:, 1:])
    return Apertures(axis, starts, stops, low, high)


def _of_strips(layer: Layer, edges: FloatArray) -> FloatArray:
    """Positions of the leaves over each strip, (point, strip, 2); closed where there are none."""
    pair = np.searchsorted(layer.edges, edges[:-1], side="right") - 1
    inside = (pair >= 0) & (pair < len(layer.edges) - 1)
    found = layer.positions[:, np.where(inside, pair, 0)]
    return np.where(inside[None, :, None], found, 0.0)
