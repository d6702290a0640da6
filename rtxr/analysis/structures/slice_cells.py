"""How much of an image one of its slices stands for, there where a lone plane of contours is."""

from __future__ import annotations

import numpy as np

from rtxr.analysis.grids import frames
from rtxr.geometry import FloatArray, Grid

#: Of a thickness that nothing tells.
UNKNOWN = (float("nan"), float("nan"))


def slice_cell(frame: FloatArray, image: Grid | None, point: FloatArray) -> tuple[float, float]:
    """How far half a slice of the image reaches from a point of the frame down and up along w.

    NaN unless there are slices, piled along w or parallel to the contours. Whether the other axes
    of the image are those of the contours does not matter: contours may come in the frame of a
    dose that is turned about w, and slices of a tilted gantry are piled aslant.
    """
    if image is None:
        return UNKNOWN
    turn = np.linalg.inv(image.matrix[:3, :3]) @ frame[:3, :3]  # u, v, w along the image's axes
    axis = int(np.abs(turn[:, 2]).argmax())
    is_piled = frames.is_zero(np.delete(turn[:, 2], axis))
    is_parallel = frames.is_zero(turn[axis, :2])
    slices = np.sort(image.axes[2 - axis])
    if len(slices) < 2 or not (is_piled or is_parallel):
        return UNKNOWN
    at = float(image.to_own(frames.from_frame(frame, point))[axis])
    half = half_slices(slices, at) / abs(turn[axis, 2])
    down, up = half if turn[axis, 2] > 0 else half[::-1]
    return float(down), float(up)


def half_slices(slices: FloatArray, at: float) -> FloatArray:
    """Distances from a position to those half a slice below and above, (2,), mm.

    Between two slices, (n,) ascending, positions are counted evenly; beyond the last ones the last
    step goes on. A single slice is 1 mm thick.
    """
    if len(slices) < 2:
        return np.full(2, 0.5)
    first, last = slices[1] - slices[0], slices[-1] - slices[-2]
    more = 1 + max(slices[0] - at, at - slices[-1], 0.0) / min(first, last)
    ends = slices[0] - more * first, slices[-1] + more * last
    line = np.concatenate([ends[:1], slices, ends[1:]]) - at
    count = np.concatenate([[-more], np.arange(len(slices)), [len(slices) - 1 + more]])
    here = np.interp(0.0, line, count)
    half: FloatArray = np.abs(np.interp([here - 0.5, here + 0.5], count, line))
    return half
