"""What a viewer shows as a matplotlib figure: drawn by :mod:`rtxr.view.slices`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rtxr import model
from rtxr.geometry import FloatArray, Grid
from rtxr.view.plane import Outline, Plane, layout, reference_name
from rtxr.view.slice_layers import DoseLook, top_dose
from rtxr.view.slices import draw_outlines, plot_slice
from rtxr.view.widgets.viewer.levels import FullDose
from rtxr.view.widgets.viewer.scene import Scene
from rtxr.view.widgets.viewer.sections import OPEN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIDE_INCHES = 4.2


def figure(scenes: tuple[Scene, Scene | None], state: Any) -> Figure:
    """A row of planes for each dataset.

    Parameters
    ----------
    scenes : (Scene, Scene or None)
        What is shown.
    state : ViewerState
        How.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow)

    panes = [state.only] if state.only else list(scenes[0].panes)
    shown = [scene for scene in scenes if scene]
    size = (_SIDE_INCHES * len(panes) + 0.8, _SIDE_INCHES * len(shown))
    made = Figure(figsize=size, layout="constrained")
    axes = made.subplots(len(shown), len(panes), squeeze=False)
    point = np.array([state.position[axis] for axis in "xyz"])
    for row, scene in zip(axes, shown, strict=True):
        for ax, pane in zip(row, panes, strict=True):
            window = state.window if scene is scenes[0] else state.other_window
            _draw(ax, scene, pane, point, window, state)
    return made


def _draw(
    ax: Axes, scene: Scene, pane: str, point: FloatArray, window: tuple[float, float], state: Any
) -> None:
    """One plane."""
    width, level = window
    if scene.is_pile:
        _draw_image(ax, scene, scene.index_at(pane, point), (level - width / 2, level + width / 2))
        return
    ds = scene.ds
    if scene.image is None and (image := model.image_name(ds)):
        ds = ds.drop_vars(image)
    plane = _plane(scene, pane, model.grid_of(model.ascending(ds[reference_name(ds)])))
    normal, own = plane.normal, plane.grid.to_own(point)
    edges = plane.grid.edges(2 - normal)
    if not edges[0] <= own[normal] <= edges[-1]:
        ax.set_title(f"nothing at {'xyz'[normal]} = {own[normal]:g} mm", fontsize="medium")
        ax.set_axis_off()
        return
    here: dict[str, Any] = {"xyz"[normal]: float(own[normal])}
    plot_slice(
        ds,
        **here,
        dose=state.dose if state.dose in scene.doses else False,
        rois=False,
        window=window if scene.image else None,
        ax=ax,
        look=_look(scene, state, bar=pane in (state.only, list(scene.panes)[-1])),
    )
    parts = _outlines(scene, pane, point, plane, state.rois) if state.contours else []
    legend = pane in (state.only, next(iter(scene.panes)))
    draw_outlines(ax, plane, parts, state.colors, legend=legend)
    _aim(ax, plane, own, state)


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


def _plane(scene: Scene, pane: str, grid: Grid) -> Plane:
    """The plane of a Dataset's own grid that is nearest to a pane, which may be of another one."""
    shown = scene.panes[pane]
    if grid.dims == shown.grid.dims and np.array_equal(grid.matrix, shown.grid.matrix):
        normal = shown.normal
    else:
        normal = int(np.abs(grid.matrix[:3, :3].T @ shown.grid.matrix[:3, shown.normal]).argmax())
    return Plane(grid, normal, 0, *layout(grid.matrix, normal))


def _look(scene: Scene, state: Any, *, bar: bool) -> DoseLook:
    """How the dose is drawn: in the same colours on all planes."""
    full = FullDose(state.prescription, "")
    return DoseLook(
        isodoses=full.levels(state.isodoses) if state.isolines else (),
        threshold=full.level(state.threshold) if state.wash else float("inf"),
        top=top_dose(scene.doses[state.dose].highest, full) if state.dose in scene.doses else None,
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


def _draw_image(ax: Axes, scene: Scene, number: int, limits: tuple[float, float]) -> None:
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
    ax.set_xlabel("receptor x (mm)")
    ax.set_ylabel("receptor y (mm)")
