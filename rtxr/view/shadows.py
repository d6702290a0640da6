"""The area that many faces cover together, as one path with an outline.

matplotlib and contourpy, which comes with it, are imported when something is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rtxr.geometry import FloatArray

if TYPE_CHECKING:
    from matplotlib.path import Path

#: Cells along a side in which the area is drawn, and how far beyond the view it is followed.
_CELLS, _BEYOND = 1000, 1.1
#: Faces that are drawn at once: Agg refuses paths of too many sides.
_AT_ONCE = 5000


def shadow(faces: Sequence[FloatArray], reach: float) -> Path | None:
    """What faces cover together, as far as it is in view.

    Parameters
    ----------
    faces : sequence of ndarray, (face, corner, 2)
        Polygons that are all turned the same way, mm.
    reach : float
        From the middle of the view to its sides, mm.

    Returns
    -------
    Path or None
        Outer outlines and those of holes, right to a thousandth of the view (edges that lie upon
        each other move outwards by as much); None where nothing is covered. Beyond the view it
        ends somewhere.
    """
    from contourpy import FillType, contour_generator  # noqa: PLC0415 (slow)
    from matplotlib.path import Path  # noqa: PLC0415 (slow)

    if not len(faces):
        return None
    side = 2 * _BEYOND * reach
    middles = (np.arange(_CELLS) + 0.5) * (side / _CELLS) - side / 2
    drawn = contour_generator(middles, middles, _covered(faces, side), fill_type=FillType.OuterCode)
    found: Any = drawn.filled(0.5, 2.0)
    parts = [Path(points, codes) for points, codes in zip(*found, strict=True)]
    return Path.make_compound_path(*parts) if parts else None


def _covered(faces: Sequence[FloatArray], side: float) -> FloatArray:
    """Part of each cell that is covered, (y, x), y ascending."""
    from matplotlib.backends import backend_agg  # noqa: PLC0415 (slow)
    from matplotlib.path import Path  # noqa: PLC0415 (slow)
    from matplotlib.transforms import Affine2D  # noqa: PLC0415 (slow)

    untyped: Any = backend_agg
    renderer = untyped.RendererAgg(_CELLS, _CELLS, 72)
    context = renderer.new_gc()
    context.set_linewidth(0)
    to_cells = Affine2D().translate(side / 2, side / 2).scale(_CELLS / side)
    for each in faces:
        for some in np.split(each, range(_AT_ONCE, len(each), _AT_ONCE)):
            closed = np.concatenate([some, some[:, :1]], axis=1)
            codes = [Path.MOVETO, *[Path.LINETO] * (closed.shape[1] - 2), Path.CLOSEPOLY]
            path = Path(closed.reshape(-1, 2), np.tile(codes, len(some)))
            renderer.draw_path(context, path, to_cells, (0.0, 0.0, 0.0, 1.0))
    opacity: FloatArray = np.asarray(renderer.buffer_rgba())[::-1, :, 3] / 255
    return opacity
