"""Clinical goals on a figure: arrows, and signs that keep clear of each other.

An arrow stands where a goal is on the axes and points to the side on which the curve has to pass.
matplotlib is imported by whoever makes the Axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rtxr.view.goal_table import STYLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Length of an arrow, half of the bar it starts from, and a sign: width and height; pt.
_ARROW, _BAR, _SIGN = 13.0, 4.0, (9.0, 11.0)
#: From a goal to its sign: behind the arrow, and beside it.
_BEHIND, _BESIDE = 3.0, 6.0
#: How far a sign may stand out of the axes.
_OVER = 16.0
#: matplotlib brings this font, which has the signs; that of a paper may not.
_FONT = "DejaVu Sans"
_WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, 1), "down": (0, -1)}

#: Left, bottom, right and top.
Box = tuple[float, float, float, float]
Point = tuple[float, float]


class GoalArrow(NamedTuple):
    """A goal on the axes.

    Parameters
    ----------
    at : tuple of float
        Where, in the units of the axes.
    way : {"left", "right", "up", "down"}
        On which side of it the curve has to pass.
    color : str
        Of its ROI.
    told : sequence of str
        Status for each dose or case that is drawn.
    """

    at: Point
    way: str
    color: str
    told: Sequence[str]


def draw_goals(ax: Axes, arrows: Sequence[GoalArrow]) -> None:
    """Draw goals that lie on the axes, whose limits are set; others are left out.

    Parameters
    ----------
    ax : matplotlib Axes
        Draw here.
    arrows : sequence of GoalArrow
        Goals in the units of the axes.
    """
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    seen = [each for each in arrows if left <= each.at[0] <= right and low <= each.at[1] <= high]
    if not seen:
        return
    figure = ax.get_figure(root=True)
    assert figure is not None, "axes that are drawn on have a figure"
    scale = 72 / figure.dpi
    points = ax.transData.transform([each.at for each in seen]) * scale
    x0, y0, x1, y1 = np.multiply(ax.get_window_extent().extents, scale)
    room = (float(x0), float(y0) - _OVER, float(x1) + _OVER, float(y1) + _OVER)
    marks = [(_point(at), each.way, len(each.told)) for at, each in zip(points, seen, strict=True)]
    for arrow, at, sign in zip(seen, points, sign_places(marks, room), strict=True):
        _draw(ax, arrow, (sign[0] - at[0], sign[1] - at[1]))


def sign_places(marks: Sequence[tuple[Point, str, int]], room: Box) -> list[Point]:
    """Where the signs of goals are clear of all arrows and of each other.

    Parameters
    ----------
    marks : sequence of (point, way, count)
        Where each goal is, where its arrow points, and how many signs it has; pt.
    room : tuple of float
        Left, bottom, right and top of where signs may be.

    Returns
    -------
    list of (float, float)
        Middle of the signs of each: behind the arrow, else beside it, else a sign's height further
        off; behind it where nothing is clear.
    """
    taken = [_arrow_box(at, way) for at, way, _ in marks]
    places = []
    for (x, y), way, count in marks:
        half = (count * _SIGN[0] / 2, _SIGN[1] / 2)
        middles = [
            (x + right * (gap + half[0]), y + up * (gap + half[1]))
            for right, up, gap in _sides(way)
        ]
        boxes = [(a - half[0], b - half[1], a + half[0], b + half[1]) for a, b in middles]
        clear = (
            at
            for at, box in enumerate(boxes)
            if _inside(box, room) and not any(_overlap(box, each) for each in taken)
        )
        chosen = next(clear, 0)
        taken.append(boxes[chosen])
        places.append(middles[chosen])
    return places


def _sides(way: str) -> list[tuple[int, int, float]]:
    """Directions from a goal to its sign, and how far, the best one first."""
    right, up = _WAYS[way]
    near = [(-right, -up, _BEHIND), (up, right, _BESIDE), (-up, -right, _BESIDE)]
    return near + [(*side, gap + _SIGN[1]) for *side, gap in near]  # type: ignore[misc]


def _arrow_box(at: Point, way: str) -> Box:
    (x, y), (right, up) = at, _WAYS[way]
    ends = (x + right * _ARROW, x - up * _BAR, x + up * _BAR)
    sides = (y + up * _ARROW, y - right * _BAR, y + right * _BAR)
    return min(ends), min(sides), max(ends), max(sides)


def _inside(box: Box, room: Box) -> bool:
    return box[0] >= room[0] and box[1] >= room[1] and box[2] <= room[2] and box[3] <= room[3]


def _overlap(one: Box, other: Box) -> bool:
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]


def _point(at: Sequence[float]) -> Point:
    return float(at[0]), float(at[1])


def _draw(ax: Axes, arrow: GoalArrow, sign: Point) -> None:
    """An arrow, and its signs so many points from where it starts."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    right, up = _WAYS[arrow.way]
    bar = "|" if right else "_"
    color = arrow.color
    ax.plot(
        *arrow.at, marker=bar, color=color, markersize=2 * _BAR, markeredgewidth=2, clip_on=False
    )
    ax.annotate(
        "",
        arrow.at,
        (right * _ARROW, up * _ARROW),
        textcoords="offset points",
        arrowprops={"arrowstyle": "<|-", "color": color, "shrinkA": 0, "shrinkB": 0},
        annotation_clip=False,
    )
    for number, status in enumerate(arrow.told):
        ax.annotate(
            STYLES[status][0],
            arrow.at,
            (sign[0] + (number - (len(arrow.told) - 1) / 2) * _SIGN[0], sign[1]),
            textcoords="offset points",
            color=STYLES[status][1],
            fontsize=_SIGN[1] - 1.5,
            fontweight="bold",
            fontfamily=_FONT,
            ha="center",
            va="center",
            annotation_clip=False,
            path_effects=[withStroke(linewidth=2, foreground=ax.get_facecolor())],
        )
