"""What jaws and leaves shield, as rectangles of the beam's-eye view."""

from __future__ import annotations

import numpy as np

from rtxr.analysis.beams.collimators import Collimators
from rtxr.geometry import FloatArray


def leaf_shields(devices: Collimators, point: int, reach: float) -> list[FloatArray]:
    """Leaves of each layer at a control point, as far as they are in view.

    Parameters
    ----------
    devices : Collimators
        Of the beam.
    point : int
        Control point.
    reach : float
        To where the view reaches on all sides, mm.

    Returns
    -------
    list of ndarray, (leaf, 4)
        By layer: x from, x to, y from, y to of each leaf, mm.
    """
    found = []
    for layer in devices.layers:
        low, high = (each.clip(-reach, reach) for each in (layer.edges[:-1], layer.edges[1:]))
        one, other = layer.positions[point].clip(-reach, reach).T
        outer = np.full_like(one, reach)
        sides = [(-outer, one), (other, outer)]
        leaves = [
            np.stack((*side, low, high) if layer.axis == "x" else (low, high, *side), axis=-1)
            for side in sides
        ]
        found.append(_in_view(np.concatenate(leaves)))
    return found


def jaw_shields(devices: Collimators, point: int, reach: float) -> FloatArray:
    """Jaws at a control point, (jaw, 4): x from, x to, y from, y to, mm."""
    rows = []
    for is_x, jaws in ((True, devices.x_jaws), (False, devices.y_jaws)):
        if jaws is None:
            continue
        one, other = jaws[point].clip(-reach, reach)
        rows += [
            (*side, -reach, reach) if is_x else (-reach, reach, *side)
            for side in ((-reach, one), (other, reach))
        ]
    return _in_view(np.array(rows, dtype=np.float64).reshape(-1, 4))


def _in_view(rectangles: FloatArray) -> FloatArray:
    """Those that are larger than nothing."""
    wide = rectangles[:, 1] > rectangles[:, 0]
    high = rectangles[:, 3] > rectangles[:, 2]
    found: FloatArray = rectangles[wide & high]
    return found
