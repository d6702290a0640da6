"""One slice of a case as a figure: image, dose wash, isodoses, contours, the right way up.

matplotlib is imported when something is drawn. Where things are is worked out in
:mod:`rtxr.view.plane`; here they only get colours and lines, image and dose by
:mod:`rtxr.view.slice_layers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

from rtxr import model, roi_names
from rtxr.errors import above_0
from rtxr.geometry import FloatArray, cell_edges
from rtxr.view import colors, plane
from rtxr.view.plane import Outline, Plane
from rtxr.view.slice_layers import DoseLook, dose_scale, draw_dose, draw_image, limits_of
from rtxr.view.widgets.viewer.levels import Level

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

ROIs = roi_names.Rois | Literal[False]

#: Longest and shortest side of the picture, inches, and the room beside it and above for labels.
_SIDES, _ROOM = (5.0, 1.6), (1.8, 0.85)
#: Of the line of a ROI, and of one that stands out.
_WIDTHS = (1.3, 2.6)


def plot_slice(
    ds: xr.Dataset,
    *,
    x: float | None = None,
    y: float | None = None,
    z: float | None = None,
    dose: bool | str = True,
    rois: ROIs = None,
    window: tuple[float, float] | None = None,
    ax: Axes | None = None,
    isodoses: Sequence[Level] | None = None,
    threshold: Level | None = None,
    legend: bool = True,
    look: DoseLook | None = None,
    prescription: float | None = None,
    dose_max: float | None = None,
) -> Axes:
    """One slice of a case: image in grey, dose as a colour wash, contours in their colours.

    Axial slices have the patient's right on the left and the front on top; coronal and sagittal
    ones the head on top. Of the image only the slice shown is read. Of a dynamic series the first
    label is shown, and the title says so; select another with ``ds.sel(temporal_position=2)``.

    Parameters
    ----------
    ds : Dataset
        A case with an image or a dose.
    x, y, z : float, optional
        At most one: where to cut, patient LPS mm (sagittal, coronal, axial); the nearest plane of
        voxels is shown. By default the middle z. On an oblique grid they are its own column, row
        and slice mm, and so are the axes.
    dose : bool or str, default: True
        The dose, a dose variable by name, or none. It is interpolated to the voxels shown.
    rois : str, sequence of str or False, optional
        ROI labels; by default all, none for False or an empty list.
    window : (float, float), optional
        Width and level (centre) of the grey scale, as in ``ds.rt.view()``; by default (400, 40)
        HU for CT, the 1st to 99th percentile of the slice otherwise.
    ax : matplotlib Axes, optional
        Draw here instead of on a new figure.
    isodoses : sequence of float or str, optional
        Isodose lines: Gy, or ``"95%"`` of the prescription.
    threshold : float or str, optional
        Dose below which the wash is transparent, as ``isodoses``; by default 10 % of the dose of
        the last colour. ``float("inf")`` leaves the isodose lines only.
    legend : bool, default: True
        Name the ROIs that show.
    look : DoseLook, optional
        How the dose is drawn, instead of ``isodoses``, ``threshold`` and ``dose_max``.
    prescription : float, optional
        The dose that is 100 %, Gy; ``ds.rt.plot_slice()`` takes that of the plan by default.
    dose_max : float, optional
        Dose of the last colour, Gy, so that a colour is one dose in all figures. By default the
        highest dose of the grid, which is read for it, but at most twice a prescription that is
        known, since beside brachytherapy sources a dose has no bounds.

    Returns
    -------
    Axes
        In millimetres.

    Raises
    ------
    MissingDataError
        Neither image nor dose, or ROIs asked for without structures.
    UnknownNameError
        No such dose or ROI.
    GeometryError
        Several of x, y, z, or a position outside the voxels.
    RTXRError
        A dose that is none, or is in % where no prescription is known.

    Notes
    -----
    Contours parallel to the slice are drawn as they are, those in whose slab it lies (half way to
    the neighbouring contour planes). Across them the outline of the mask is drawn.
    """
    ds, label = _one_label(ds)
    shown = plane.choose_plane(ds, x, y, z)
    dose_name = _dose_name(ds, dose)
    parts = plane.outlines(ds, shown, _labels(ds, rois))
    if ax is None:
        ax = _new_axes(shown)
    ax.set_facecolor("black")
    image = model.image_name(ds)
    if image:
        draw_image(ax, shown, plane.image_on(ds, image, shown), limits_of(image, window))
    if dose_name:
        if dose_max is not None:
            dose_max = above_0("dose_max", dose_max, "the dose of the last colour")
        look = look or DoseLook(isodoses or (), threshold, dose_max)
        scale = dose_scale(look, ds[dose_name], prescription)
        values = plane.dose_on(ds, dose_name, shown)
        if values is not None:
            draw_dose(ax, shown, values, look if image else replace(look, opacity=1.0), scale)
    palette = _colors(ds)
    draw_outlines(ax, shown, parts, palette)
    if legend and parts:
        _draw_legend(ax, legend_handles(parts, palette))
    label_axes(ax, shown, label)
    return ax


def _one_label(ds: xr.Dataset) -> tuple[xr.Dataset, str]:
    """The first label of a dynamic series, and what it is in words; empty for a plain one."""
    image = model.image_name(ds)
    dims = model.leading_dims(ds[image]) if image else []
    firsts = [ds[dim].values[0] if dim in ds.coords else 0 for dim in dims]
    told = [
        f", {dim} = {first if isinstance(first, str) else f'{first:g}'} (first of {ds.sizes[dim]})"
        for dim, first in zip(dims, firsts, strict=True)
    ]
    return ds.isel(dict.fromkeys(dims, 0)), "".join(told)


def _dose_name(ds: xr.Dataset, dose: bool | str) -> str | None:
    """Dose variable asked for; None for none."""
    names = model.dose_names(ds)
    if isinstance(dose, str):
        return model.resolve(ds, dose)
    return names[0] if dose and names else None


def _labels(ds: xr.Dataset, rois: ROIs) -> list[str]:
    """ROI labels asked for; none where the case has no structures and none were named."""
    if rois is None:
        return model.roi_labels(ds) if model.ROI in ds.coords else []
    return roi_names.select(ds, rois) if rois else []


def _colors(ds: xr.Dataset) -> dict[str, str]:
    """Colour of every ROI of the case, so that it is the same on every slice."""
    if model.ROI not in ds.coords:
        return {}
    labels = model.roi_labels(ds)
    known = np.atleast_1d(ds[model.ROI_COLOR].values).tolist()
    return colors.roi_colors(labels, dict(zip(labels, known, strict=True)))


def _new_axes(shown: Plane) -> Axes:
    """Axes of a new figure in the shape of the plane."""
    from matplotlib import pyplot as plt  # noqa: PLC0415

    sides = np.array([np.ptp(shown.limits(own)) for own in (shown.across, shown.up)])
    width, height = np.maximum(sides * _SIDES[0] / sides.max(), _SIDES[1]).tolist()
    size = (width + _ROOM[0], height + _ROOM[1])
    return plt.subplots(figsize=size, layout="constrained")[1]


# --- contours -----------------------------------------------------------------------------------
def draw_outlines(
    ax: Axes,
    shown: Plane,
    parts: Sequence[Outline],
    palette: Mapping[str, str],
    *,
    bold: str = "",
) -> None:
    """Draw contours, points and mask outlines.

    Parameters
    ----------
    ax : matplotlib Axes
        Of the plane.
    shown : Plane
        The plane.
    parts : sequence of Outline
        What each ROI shows there.
    palette : mapping of str to str
        Colour of each ROI.
    bold : str, optional
        The ROI that stands out.
    """
    for part in parts:
        width = _WIDTHS[part.label == bold]
        _draw_outline(ax, shown, part, palette[part.label], width)


def legend_handles(parts: Iterable[Outline], palette: Mapping[str, str]) -> list[Line2D]:
    """Entries of a legend, one for each ROI: a line, or a mark where it shows points only."""
    lines: dict[str, bool] = {}
    for part in parts:
        is_line = bool(part.lines) or part.mask is not None
        lines[part.label] = lines.get(part.label, False) or is_line
    return [_handle(label, palette[label], line=line) for label, line in lines.items()]


def _draw_legend(ax: Axes, handles: list[Line2D]) -> None:
    """Names of the ROIs, on the picture."""
    ax.legend(
        handles=handles,
        loc="upper left",
        fontsize="x-small",
        labelcolor="white",
        facecolor="black",
        edgecolor="none",
        framealpha=0.55,
        handlelength=1.2,
        borderpad=0.5,
        labelspacing=0.3,
    ).set_zorder(5)


def _draw_outline(ax: Axes, shown: Plane, part: Outline, color: str, width: float) -> None:
    """One ROI."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415

    edge = colors.rim(color)
    if part.lines:
        lines = LineCollection(part.lines, colors=[color], linewidths=width, zorder=3)
        lines.set(label=part.label, path_effects=edge)
        ax.add_collection(lines, autolim=False)
    if part.mask is not None:
        axes = [_padded(shown.axis(own)) for own in (shown.across, shown.up)]
        inside = np.pad(part.mask, 1).astype(np.float64)
        drawn = ax.contour(*axes, inside, levels=[0.5], colors=[color], linewidths=width, zorder=3)
        drawn.set(label=part.label, path_effects=edge)
    if part.points:
        at = np.concatenate(part.points)
        drawn_points = ax.scatter(at[:, 0], at[:, 1], s=60, c=color, marker="+", linewidths=1.4)
        drawn_points.set(label=part.label, path_effects=edge, zorder=4)


def _handle(label: str, color: str, *, line: bool) -> Line2D:
    """Entry of the legend."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    mark: dict[str, Any] = {"linewidth": 1.6} if line else {"linestyle": "none", "marker": "+"}
    return Line2D([], [], color=color, label=label, path_effects=colors.rim(color), **mark)


def _padded(axis: FloatArray) -> FloatArray:
    """Voxel centres with one more at each end, so that outlines close at the rim of the grid."""
    edges = cell_edges(axis)
    first, last = 2 * edges[0] - axis[0], 2 * edges[-1] - axis[-1]
    return np.concatenate([[first], axis, [last]])


# --- axes ---------------------------------------------------------------------------------------
def label_axes(ax: Axes, shown: Plane, label: str = "", *, ticks: bool = True) -> None:
    """Limits, millimetre axes, title and the patient's directions at the four sides.

    Parameters
    ----------
    ax : matplotlib Axes
        Of the plane.
    shown : Plane
        The plane.
    label : str, optional
        At the end of the title.
    ticks : bool, default: True
        Show the axes.
    """
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    ax.set_xlim(*shown.limits(shown.across))
    ax.set_ylim(*shown.limits(shown.up))
    ax.set_aspect("equal")
    if ticks:
        ax.set_xlabel(f"{shown.name(shown.across)} (mm)")
        ax.set_ylabel(f"{shown.name(shown.up)} (mm)")
    else:
        ax.set(xticks=[], yticks=[])
    position = round(shown.position, 2) + 0.0  # no "-0"
    title = f"{shown.name(shown.normal)} = {position:g} mm{label}"
    ax.set_title(title, fontsize="medium")
    places = ((0.02, 0.5), (0.98, 0.5), (0.5, 0.02), (0.5, 0.98))
    aligned = (("left", "center"), ("right", "center"), ("center", "bottom"), ("center", "top"))
    for text, (at_x, at_y), (ha, va) in zip(shown.letters(), places, aligned, strict=True):
        ax.text(
            at_x,
            at_y,
            text,
            transform=ax.transAxes,
            ha=ha,
            va=va,
            color="white",
            fontweight="bold",
            zorder=4,
            path_effects=[withStroke(linewidth=2.0, foreground="black")],
        )
