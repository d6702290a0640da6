"""The beam's-eye view as a figure: what the source sees, in the plane of the isocentre.

matplotlib is imported when something is drawn. What is drawn comes as numbers, in mm of the beam
limiting device at the isocentre.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rtxr.geometry import FloatArray
from rtxr.view import colors
from rtxr.view.shadows import shadow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

_LEAF, _JAW, _BLOCK = "#7b8794", "#3e4c59", "#6a3d9a"
_OPEN, _OPEN_EDGE = "#ffe066", "#d99a00"
_BLOCK_ALPHA, _OPEN_ALPHA, _STRUCTURE_ALPHA = 0.4, 0.3, 0.12
#: How much leaves and jaws hide of white paper, and of an image.
_SHIELD_ALPHA, _OVER_IMAGE = 0.4, 0.2
_THIN, _BOLD = 0.5, 1.5
#: Area of the heaviest spot.
_SPOT_POINTS2 = 60.0
#: These percentiles of an image are black and white.
_PERCENTILES = (1.0, 99.0)
_SIDE_INCHES = 6.0


@dataclass(frozen=True)
class Portal:
    """An image under the view.

    Parameters
    ----------
    values : ndarray, (y, x)
        y ascending.
    extent : (float, float, float, float)
        Outer sides of its pixels: x from, x to, y from, y to, along its own axes, mm.
    turn : float
        By how much its axes are turned, counter-clockwise, degrees.
    """

    values: FloatArray
    extent: tuple[float, float, float, float]
    turn: float = 0.0


@dataclass(frozen=True)
class BeamPicture:
    """What a beam's-eye view shows.

    Parameters
    ----------
    title : str
    reach : float
        From the middle to the sides, mm.
    openings : ndarray, (open, 4)
        Open parts of the aperture: x from, x to, y from, y to.
    spots : ndarray, (spot, 3)
        Scan spots: x, y and the weight as a part of the largest one.
    leaves : sequence of ndarray, (leaf, 4)
        Leaves of each layer, as rectangles.
    jaws : ndarray, (jaw, 4)
        Likewise.
    blocks : sequence of (ndarray, bool)
        Corners, (corner, 2), and whether the inside is open.
    outlines : mapping of str to sequence of ndarray
        ROI > its contours, (point, 2).
    silhouettes : mapping of str to sequence of ndarray, (face, corner, 2)
        ROI > polygons that are filled together, by the rule of non-zero winding.
    palette : mapping of str to str
        ROI > ``"#rrggbb"``; others come from a palette.
    portal : Portal, optional
    note : str, optional
        What is missing, below the picture.
    """

    title: str
    reach: float
    openings: FloatArray
    spots: FloatArray = field(default_factory=lambda: np.empty((0, 3)))
    leaves: Sequence[FloatArray] = ()
    jaws: FloatArray = field(default_factory=lambda: np.empty((0, 4)))
    blocks: Sequence[tuple[FloatArray, bool]] = ()
    outlines: Mapping[str, Sequence[FloatArray]] = field(default_factory=dict)
    silhouettes: Mapping[str, Sequence[FloatArray]] = field(default_factory=dict)
    palette: Mapping[str, str] = field(default_factory=dict)
    portal: Portal | None = None
    note: str = ""


def draw_beam(picture: BeamPicture, ax: Axes | None = None) -> Axes:
    """Draw a beam's-eye view.

    Parameters
    ----------
    picture : BeamPicture
        What it shows.
    ax : matplotlib Axes, optional
        Draw here instead of on a new figure.

    Returns
    -------
    Axes
        In mm at the isocentre, x and y of the beam limiting device, as seen from the source. Its
        patches are labelled ``aperture`` and as the ROIs.
    """
    if ax is None:
        import matplotlib.pyplot as plt  # noqa: PLC0415 (slow)

        _, ax = plt.subplots(figsize=(_SIDE_INCHES, _SIDE_INCHES), layout="constrained")
    if picture.portal is not None:
        _draw_portal(ax, picture.portal)
    hidden = _SHIELD_ALPHA if picture.portal is None else _OVER_IMAGE
    for layer in picture.leaves:
        _add(ax, [_corners(each) for each in layer], _LEAF, hidden, edge="white")
    _add(ax, [_corners(each) for each in picture.jaws], _JAW, hidden, edge=_JAW)
    for corners, is_open in picture.blocks:
        _add(ax, [corners], "none" if is_open else _BLOCK, _BLOCK_ALPHA, edge=_BLOCK, hatch="///")
    _draw_openings(ax, picture)
    if len(picture.spots):
        x, y, weights = picture.spots.T
        ax.scatter(x, y, _SPOT_POINTS2 * weights, _OPEN, edgecolors=_OPEN_EDGE, linewidths=_THIN)
    _draw_structures(ax, picture)
    _label(ax, picture)
    return ax


def _draw_portal(ax: Axes, portal: Portal) -> None:
    from matplotlib.transforms import Affine2D  # noqa: PLC0415 (slow)

    known = portal.values[np.isfinite(portal.values)]
    black, white = np.percentile(known, _PERCENTILES) if known.size else (0.0, 1.0)
    ax.imshow(
        portal.values,
        cmap="gray",
        vmin=black,
        vmax=white if white > black else black + 1,
        origin="lower",
        extent=portal.extent,
        transform=Affine2D().rotate_deg(portal.turn) + ax.transData,
        zorder=0,
    )


def _draw_openings(ax: Axes, picture: BeamPicture) -> None:
    """The aperture: filled, where no image is to be seen through it, and its edge."""
    openings = [_corners(each) for each in picture.openings]
    _add(ax, openings, _OPEN if picture.portal is None else "none", _OPEN_ALPHA)
    edge = shadow([each[None] for each in openings], picture.reach)
    _draw_shadow(ax, edge, facecolor="none", edgecolor=_OPEN_EDGE, zorder=3, label="aperture")


def _draw_structures(ax: Axes, picture: BeamPicture) -> None:
    """Shadows of structures; of those that enclose nothing, their lines and points."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 (slow)

    shades = colors.for_paper(colors.roi_colors(picture.outlines, picture.palette))
    shown = []
    for label, contours in picture.outlines.items():
        shade = shades[label]
        covered = shadow(picture.silhouettes.get(label, ()), picture.reach)
        look = {"facecolor": (shade, _STRUCTURE_ALPHA), "edgecolor": shade, "label": label}
        _draw_shadow(ax, covered, **look, zorder=2.5)
        rings = [each for each in contours if len(each) > 1]
        _add(ax, [] if covered else rings, "none", 1.0, edge=shade)
        for point in (each for each in contours if len(each) == 1):
            ax.plot(*point[0], "+", color=shade, markersize=9, markeredgewidth=_BOLD, zorder=3)
        if len(contours):
            shown.append(Line2D([], [], color=shade, label=label))
    if shown:
        ax.legend(handles=shown, loc="upper right", fontsize="small")


def _draw_shadow(ax: Axes, covered: Path | None, **look: Any) -> None:
    from matplotlib.patches import PathPatch  # noqa: PLC0415 (slow)

    if covered is not None:
        # Not add_patch, which walks over every side to find limits that are set anyway.
        ax.add_artist(PathPatch(covered, linewidth=_BOLD, **look))


def _add(
    ax: Axes,
    polygons: Sequence[FloatArray],
    face: str,
    alpha: float,
    *,
    edge: str = "none",
    hatch: str | None = None,
) -> None:
    """Add polygons of one colour."""
    from matplotlib.collections import PolyCollection  # noqa: PLC0415 (slow)

    if not len(polygons):
        return
    options: dict[str, Any] = {"facecolors": face, "alpha": alpha, "linewidths": _THIN}
    made = PolyCollection(polygons, edgecolors=edge, hatch=hatch, zorder=2, **options)
    ax.add_collection(made)


def _corners(rectangle: FloatArray) -> FloatArray:
    left, right, low, high = rectangle
    return np.array([(left, low), (right, low), (right, high), (left, high)])


def _label(ax: Axes, picture: BeamPicture) -> None:
    ax.axhline(0, color="black", linewidth=0.4, zorder=4)
    ax.axvline(0, color="black", linewidth=0.4, zorder=4)
    ax.set_xlim(-picture.reach, picture.reach)
    ax.set_ylim(-picture.reach, picture.reach)
    ax.set_aspect("equal")
    ax.set_title(picture.title, fontsize="medium")
    label = "x of the beam limiting device at the isocentre (mm)"
    ax.set_xlabel(f"{label}\n{picture.note}" if picture.note else label)
    ax.set_ylabel(label.replace("x of", "y of"))
