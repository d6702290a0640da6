"""What a viewer shows as a matplotlib figure: drawn by :mod:`rtxr.view.slices`.

What has been read for the page is not read again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rtxr.geometry import FloatArray
from rtxr.view.plane import Outline, Plane, dose_on, layout
from rtxr.view.slice_layers import DoseLook, dose_scale, draw_dose, draw_image, top_dose
from rtxr.view.slices import draw_outlines, label_axes, legend_handles
from rtxr.view.widgets.viewer.levels import FullDose
from rtxr.view.widgets.viewer.scene import Scene
from rtxr.view.widgets.viewer.sections import OPEN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIDE_INCHES = 4.2
#: Beside the planes for the colours of the dose; of a line of the legend; of a letter there, and
#: of what stands before a name.
_BAR_INCHES, _LINE_INCHES, _LETTER_INCHES, _MARK_INCHES = 0.8, 0.19, 0.065, 0.5
#: Edges of planes without axes, as parts of the figure.
_CLOSE = {"left": 0.005, "right": 0.94, "top": 0.93, "wspace": 0.02, "hspace": 0.1}


def figure(scenes: tuple[Scene, Scene | None], state: Any, *, ticks: bool = True) -> Figure:
    """A row of planes for each dataset.

    Parameters
    ----------
    scenes : (Scene, Scene or None)
        What is shown.
    state : ViewerState
        How.
    ticks : bool, default: True
        With axes in mm. Without them no layout has to be found, which takes as long as the rest.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow)

    panes = [state.only] if state.only else list(scenes[0].panes)
    shown = [scene for scene in scenes if scene]
    width, height = _SIDE_INCHES * len(panes) + _BAR_INCHES, _SIDE_INCHES * len(shown)
    made = Figure(figsize=(width, height), layout="constrained" if ticks else None)
    axes = made.subplots(len(shown), len(panes), squeeze=False)
    point = np.array([state.position[axis] for axis in "xyz"])
    parts: list[Outline] = []
    for row, scene in zip(axes, shown, strict=True):
        for ax, pane in zip(row, panes, strict=True):
            window = state.window if scene is scenes[0] else state.other_window
            look = _look(state, bar=pane == panes[-1])
            parts += _draw(ax, scene, pane, point, window, look, state, ticks=ticks)
    lines = _add_legend(made, parts, state)
    made.set_figheight(height + lines * _LINE_INCHES)
    if not ticks:
        made.subplots_adjust(**_CLOSE, bottom=(lines + 0.5) * _LINE_INCHES / made.get_figheight())
    return made


def _add_legend(made: Figure, parts: Sequence[Outline], state: Any) -> int:
    """Names of the ROIs that any plane shows, below all; the number of lines."""
    order = {label: at for at, label in enumerate(state.labels)}
    handles = legend_handles(sorted(parts, key=lambda part: order[part.label]), state.colors)
    if not handles:
        return 0
    longest = max(len(str(handle.get_label())) for handle in handles)
    room = made.get_figwidth() / (_MARK_INCHES + longest * _LETTER_INCHES)
    columns = max(1, min(int(room), len(handles)))
    outside = made.get_layout_engine() is not None
    made.legend(
        handles=handles,
        loc="outside lower center" if outside else "lower center",
        ncols=columns,
        fontsize="x-small",
        frameon=False,
        borderpad=0.1,
    )
    return math.ceil(len(handles) / columns)


def _draw(
    ax: Axes,
    scene: Scene,
    pane: str,
    point: FloatArray,
    window: tuple[float, float],
    look: DoseLook,
    state: Any,
    *,
    ticks: bool,
) -> list[Outline]:
    """One plane; the structures on it."""
    limits = window[1] - window[0] / 2, window[1] + window[0] / 2
    if scene.is_pile:
        _draw_image(ax, scene, scene.index_at(pane, point), limits, ticks=ticks)
        return []
    plane = _plane(scene, pane)
    normal, own = plane.normal, plane.grid.to_own(point)
    edges = plane.grid.edges(2 - normal)
    if not edges[0] <= own[normal] <= edges[-1]:
        ax.set_title(f"nothing at {'xyz'[normal]} = {own[normal]:g} mm", fontsize="medium")
        ax.set_axis_off()
        return []
    plane = replace(plane, index=int(np.abs(plane.axis(normal) - own[normal]).argmin()))
    ax.set_facecolor("black")
    if scene.image and (layer := scene.image.layer(plane)):
        draw_image(ax, plane, layer.values, limits)
    _draw_dose(ax, scene, plane, look, state.dose)
    parts = _outlines(scene, pane, point, plane, state.rois) if state.contours else []
    draw_outlines(ax, plane, parts, state.colors, bold=state.roi)
    label_axes(ax, plane, ticks=ticks)
    _aim(ax, plane, own, state)
    return parts


def _draw_dose(ax: Axes, scene: Scene, plane: Plane, look: DoseLook, name: str) -> None:
    """Wash and isodoses, if there is such a dose on the plane."""
    if name not in scene.doses:
        return
    array = scene.doses[name].array
    values = dose_on(array.to_dataset(name=name), name, plane)
    if values is not None:
        look = look if scene.image else replace(look, opacity=1.0)
        draw_dose(ax, plane, values, look, dose_scale(look, array, None))


def _outlines(
    scene: Scene, pane: str, point: FloatArray, plane: Plane, shown: Sequence[str]
) -> list[Outline]:
    """Structures as the viewer cuts them, on a plane that may be of another grid."""
    cut = scene.plane(pane, scene.index_at(pane, point))
    lines = scene.sections.cut(cut)
    places = np.empty((len(lines.points), 3))
    places[:, [cut.across, cut.up]] = lines.points
    places[:, cut.normal] = cut.position
    own = plane.grid.to_own(cut.grid.to_patient(places))[:, [plane.across, plane.up]]
    each = np.split(own, lines.starts[1:-1])
    parts = {label: Outline(label) for label in scene.labels if label in shown}
    for points, number in zip(each, lines.roi.tolist(), strict=False):
        part = parts.get(scene.labels[number & ~OPEN])
        if part is not None:
            (part.lines if len(points) > 1 else part.points).append(points)
    return [replace(part, lines=_one(part.lines)) for part in parts.values() if part]


def _one(lines: Sequence[FloatArray]) -> list[FloatArray]:
    """Lines as one with gaps, which matplotlib draws much quicker."""
    gap = np.full((1, 2), np.nan)
    return [np.concatenate([part for line in lines for part in (line, gap)])] if lines else []


def _plane(scene: Scene, pane: str) -> Plane:
    """The plane of a scene's own voxels that is nearest to a pane, which may be of another grid."""
    shown = scene.panes[pane]
    grid = (scene.image or next(iter(scene.doses.values()))).grid
    if grid.dims == shown.grid.dims and np.array_equal(grid.matrix, shown.grid.matrix):
        normal = shown.normal
    else:
        normal = int(np.abs(grid.matrix[:3, :3].T @ shown.grid.matrix[:3, shown.normal]).argmax())
    return Plane(grid, normal, 0, *layout(grid.matrix, normal))


def _look(state: Any, *, bar: bool) -> DoseLook:
    """How the dose is drawn: in the same colours on all planes of both datasets."""
    full = FullDose(state.prescription, "")
    dose = state.doses.get(state.dose)
    return DoseLook(
        isodoses=full.levels(state.isodoses) if state.isolines else (),
        threshold=full.level(state.threshold) if state.wash else float("inf"),
        top=top_dose(dose.highest, full) if dose else None,
        opacity=state.opacity,
        colors=state.dose_colors,
        bar=bar,
    )


def _aim(ax: Axes, plane: Plane, own: FloatArray, state: Any) -> None:
    """Cross-hair and zoom."""
    if state.crosshair:
        style: dict[str, Any] = {"color": "white", "linewidth": 0.6, "alpha": 0.7, "zorder": 2.5}
        ax.axvline(own[plane.across], **style)
        ax.axhline(own[plane.up], **style)
    if state.zoom > 1:
        middle = plane.grid.to_own([state.center[axis] for axis in "xyz"])
        for limits, at in ((ax.set_xlim, plane.across), (ax.set_ylim, plane.up)):
            first, last = plane.limits(at)
            half = (last - first) / 2 / state.zoom
            limits(middle[at] - half, middle[at] + half)


def _draw_image(
    ax: Axes, scene: Scene, number: int, limits: tuple[float, float], *, ticks: bool
) -> None:
    """One RT Image, as seen from the source."""
    volume = scene.image
    if volume is None:
        return
    across, up = (volume.grid.edges(dim) for dim in (2, 1))
    ax.imshow(
        volume.taken(0, number),
        cmap="gray",
        vmin=limits[0],
        vmax=limits[1],
        origin="lower",
        extent=(across[0], across[-1], up[0], up[-1]),
    )
    told = ", ".join(filter(None, [f"image {number}", scene.titles[number]]))
    ax.set_title(told, fontsize="medium")
    if ticks:
        ax.set_xlabel("receptor x (mm)")
        ax.set_ylabel("receptor y (mm)")
    else:
        ax.set(xticks=[], yticks=[])
