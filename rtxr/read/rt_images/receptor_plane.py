"""Where the pixels of an RT Image are: millimetres at the image receptor (PS3.3 C.8.8.2).

The IEC X-RAY IMAGE RECEPTOR system has its origin in the middle of the receptor, x to the right and
y up as the source sees it at receptor angle 0. RT Image Position is the centre of the upper left
pixel in it, Image Plane Pixel Spacing the distance of rows, then of columns, at RT Image SID.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rtxr.errors import Finding
from rtxr.geometry import ALIGNMENT_TOLERANCE_MM, FloatArray, Layout, as_decimals

Numbers = Callable[[str], FloatArray]
#: First row to the right, first column down: that of an image without RT Image Orientation.
UPRIGHT = (1.0, 0.0, 0.0, 0.0, -1.0, 0.0)


@dataclass(frozen=True)
class ReceptorPlane:
    """Pixel centres of an image.

    Parameters
    ----------
    y, x : ndarray
        Ascending; receptor mm, or what ``unit`` and ``is_receptor`` say.
    layout : Layout
        From stored (frame, row, column) to (image, y, x).
    unit : str
        ``"mm"``, or ``"pixel"`` where nothing says how large a pixel is.
    is_receptor : bool
        Whether the axes are those of the receptor; else they run along the rows and columns of the
        image itself, which is turned against it.
    corner : ndarray, (3,)
        Centre of the upper left pixel as stored, receptor mm.
    cosines : ndarray, (6,)
        Directions of the stored rows and columns.
    """

    y: FloatArray
    x: FloatArray
    layout: Layout
    unit: str
    is_receptor: bool
    corner: FloatArray
    cosines: FloatArray

    @property
    def key(self) -> tuple[object, ...]:
        """What images of one variable have in common."""
        ends = [float(end) for axis in (self.y, self.x) for end in np.round(axis[[0, -1]], 6)]
        return (len(self.y), len(self.x), *ends, self.layout, self.unit, self.is_receptor)


def receptor_plane(
    numbers: Numbers, plane: str, shape: tuple[int, int]
) -> tuple[ReceptorPlane, list[Finding]]:
    """Pixel centres of an image, and findings about what its header lacks.

    Parameters
    ----------
    numbers : callable
        Numbers of RTImageOrientation, ImagePlanePixelSpacing and RTImagePosition by keyword; NaN
        where one is unreadable, none where the element is absent.
    plane : str
        RTImagePlane.
    shape : (int, int)
        Rows, columns.
    """
    rows, columns = shape
    cosines, is_receptor, turned = _directions(numbers, plane, max(shape))
    spacing, unmeasured = _spacing(numbers)
    position, unplaced = _position(numbers) if spacing is not None else (None, [])
    row_step, column_step = spacing or (1.0, 1.0)
    to_column, to_row = column_step * cosines[:3], row_step * cosines[3:]
    middle = (columns - 1) / 2 * to_column + (rows - 1) / 2 * to_row
    corner = -middle if position is None else position
    along_row = corner[:, None] + np.arange(columns) * to_column[:, None]
    along_column = corner[:, None] + np.arange(rows) * to_row[:, None]
    order = (0, 1, 2)
    if not is_receptor:  # x along the rows of the image, y against its columns
        x, y = cosines[:3] @ along_row, -cosines[3:] @ along_column
    elif abs(cosines[0]) == 1:
        x, y = along_row[0], along_column[1]
    else:  # rows run along y
        x, y = along_column[0], along_row[1]
        order = (0, 2, 1)
    flip = (False, bool(y[0] > y[-1]), bool(x[0] > x[-1]))
    found = ReceptorPlane(
        y=as_decimals(np.sort(y)),
        x=as_decimals(np.sort(x)),
        layout=Layout(order, flip),
        unit="mm" if spacing else "pixel",
        is_receptor=is_receptor,
        corner=corner,
        cosines=cosines,
    )
    return found, [*turned, *unmeasured, *unplaced]


def _directions(
    numbers: Numbers, plane: str, longest: int
) -> tuple[FloatArray, bool, list[Finding]]:
    """Cosines of rows and columns, and whether both run along axes of the receptor."""
    stated = numbers("RTImageOrientation")
    known = len(stated) == 6 and bool(np.isfinite(stated).all())
    cosines = np.asarray(stated if known else UPRIGHT, dtype=np.float64)
    whole: FloatArray = np.rint(cosines)
    extent = longest * max([1.0, *np.nan_to_num(numbers("ImagePlanePixelSpacing")).tolist()])
    straight = np.abs(cosines - whole).max() * extent < ALIGNMENT_TOLERANCE_MM
    in_plane = sorted(np.abs(whole[:2] + 2 * whole[3:5]).tolist()) == [1, 2]
    if straight and in_plane and (known or plane != "NON_NORMAL"):
        return whole, True, []
    text = (
        "(3002,000C) RTImagePlane is NON_NORMAL, or (3002,0010) RTImageOrientation turns rows and "
        "columns against the receptor; coordinates run along the rows and columns of the image "
        "itself, and are not scaled to the isocentre"
    )
    return cosines, False, [Finding("rt-image-turned", "warning", text)]


def _spacing(numbers: Numbers) -> tuple[tuple[float, float] | None, list[Finding]]:
    """Row spacing and column spacing, mm."""
    stated = numbers("ImagePlanePixelSpacing")
    if len(stated) == 2 and np.isfinite(stated).all() and (stated > 0).all():
        return (float(stated[0]), float(stated[1])), []
    text = (
        "(3002,0011) ImagePlanePixelSpacing is absent or not two numbers above 0; coordinates "
        "count pixels from the middle of the image"
    )
    return None, [Finding("rt-image-spacing-missing", "warning", text)]


def _position(numbers: Numbers) -> tuple[FloatArray | None, list[Finding]]:
    """Centre of the upper left pixel, receptor mm."""
    stated = numbers("RTImagePosition")
    if len(stated) == 2 and np.isfinite(stated).all():
        return np.append(stated, 0.0), []
    text = (
        "(3002,0012) RTImagePosition is absent, empty or not two numbers; the image was centred on "
        "the receptor, which is on the beam axis unless (3002,000D) XRayImageReceptorTranslation "
        "says otherwise"
    )
    return None, [Finding("rt-image-position-missing", "warning", text)]
