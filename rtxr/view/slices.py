"""One slice of a case as a figure: image, dose wash, isodoses, contours, the right way up.

matplotlib is imported when something is drawn. Where things are is worked out in
:mod:`rtxr.view.plane`; here they only get colours and lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model, roi_names
from rtxr.geometry import FloatArray, cell_edges
from rtxr.view import colors, plane
from rtxr.view.plane import Outline, Plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.colorbar import Colorbar
    from matplotlib.colors import Colormap

ROIs = roi_names.Rois | Literal[False]

#: Centre and width of the grey scale of a CT, HU: soft tissue.
CT_WINDOW = (40.0, 400.0)
#: ... of any other image: these percentiles of the slice are black and white.
_PERCENTILES = (1.0, 99.0)
#: Part of the slice's highest dose below which the wash shows nothing.
_THRESHOLD = 0.1
#: Colour map of doses and the part of it used: its ends are too dark to shine on grey.
_DOSE_PART = (0.08, 0.9)
#: Longest and shortest side of the picture, inches, and the room beside it and above for labels.
_SIDES, _ROOM = (5.0, 1.6), (1.8, 0.85)


@dataclass(frozen=True)
class DoseLook:
    """How a dose is drawn.

    Parameters
    ----------
    isodoses : sequence of float, default: ()
        Lines, Gy.
    threshold : float, optional
        Dose below which the wash is transparent, Gy; by default 10 % of the slice's maximum.
    top : float, optional
        Dose of the last colour; by default the slice's maximum.
    opacity : float, default: 0.45
        Of the wash over an image.
    colors : str, default: "turbo"
        matplotlib colour map, of turbo the part that shines on grey.
    bar : bool, default: True
        With a colour bar.
    """

    isodoses: Sequence[float] = ()
    threshold: float | None = None
    top: float | None = None
    opacity: float = 0.45
    colors: str = "turbo"
    bar: bool = True


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
    isodoses: Sequence[float] | None = None,
    threshold: float | None = None,
    legend: bool = True,
    look: DoseLook | None = None,
) -> Axes:
    """One slice of a case: image in grey, dose as a colour wash, contours in their colours.

    Axial slices have the patient's right on the left and the front on top; coronal and sagittal
    ones the head on top. Only the slice shown is read. Of a dynamic series the first label is
    shown, and the title says so; select another with ``ds.sel(temporal_position=2)``.

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
        Centre and width of the grey scale; by default (40, 400) HU for CT, the 1st to 99th
        percentile of the slice otherwise.
    ax : matplotlib Axes, optional
        Draw here instead of on a new figure.
    isodoses : sequence of float, optional
        Isodose lines, Gy.
    threshold : float, optional
        Dose below which the wash is transparent, Gy; by default 10 % of the slice's maximum.
        ``float("inf")`` leaves the isodose lines only.
    legend : bool, default: True
        Name the ROIs that show.
    look : DoseLook, optional
        How the dose is drawn, instead of ``isodoses`` and ``threshold``.

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
        _draw_image(ax, shown, plane.image_on(ds, image, shown), _limits(image, window))
    values = plane.dose_on(ds, dose_name, shown) if dose_name else None
    if values is not None:
        units = str(ds[str(dose_name)].attrs.get("units", model.UNITS[model.DOSE]))
        look = look or DoseLook(isodoses or (), threshold)
        _draw_dose(ax, shown, values, look if image else replace(look, opacity=1.0), units)
    draw_outlines(ax, shown, parts, _colors(ds), legend=legend)
    _label(ax, shown, label)
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


# --- image and dose -----------------------------------------------------------------------------
def _limits(image: str, window: tuple[float, float] | None) -> tuple[float, float] | None:
    """Values shown black and white; None to take them from the slice."""
    if window is None:
        if image != "ct":
            return None
        window = CT_WINDOW
    centre, width = window
    if not width > 0:
        raise ValueError(f"window={window!r}: give (centre, width) with a width above 0")
    return centre - width / 2, centre + width / 2


def _draw_image(
    ax: Axes,
    shown: Plane,
    values: npt.NDArray[np.generic],
    limits: tuple[float, float] | None,
) -> None:
    """The image in grey."""
    finite = values[np.isfinite(values)]
    if limits is None and finite.size:
        low, high = np.percentile(finite, _PERCENTILES)
        limits = float(low), float(max(high, np.nextafter(low, np.inf)))
    low, high = limits or (0.0, 1.0)
    _draw_voxels(ax, shown, values, cmap="gray", vmin=low, vmax=high, zorder=0)


def _draw_voxels(
    ax: Axes, shown: Plane, values: npt.NDArray[np.generic], **style: Any
) -> ScalarMappable:
    """Voxels from edge to edge: an image where they are evenly spaced, else cell by cell."""
    across, up = shown.axis(shown.across), shown.axis(shown.up)
    edges = cell_edges(across), cell_edges(up)
    if plane.is_regular(across) and plane.is_regular(up):
        extent = (edges[0][0], edges[0][-1], edges[1][0], edges[1][-1])
        return ax.imshow(
            values, extent=extent, origin="lower", interpolation="antialiased", **style
        )
    return ax.pcolormesh(*edges, values, shading="flat", rasterized=True, **style)


def _draw_dose(ax: Axes, shown: Plane, values: FloatArray, look: DoseLook, units: str) -> None:
    """Colour wash with its colour bar, and isodose lines in the same colours."""
    highest = float(np.nanmax(values))
    lowest = _THRESHOLD * highest if look.threshold is None else float(look.threshold)
    if highest <= 0:
        return
    cmap = _dose_colors(look.colors)
    scale: dict[str, Any] = {"cmap": cmap, "vmin": 0.0, "vmax": look.top or highest}
    wash = np.ma.masked_where(~(values >= lowest), values)
    bar = None
    if wash.count():
        drawn = _draw_voxels(ax, shown, wash, alpha=look.opacity, zorder=1, **scale)
        bar = _colour_bar(ax, shown, drawn, f"Dose ({units})") if look.bar else None
    levels = sorted({float(each) for each in look.isodoses if np.nanmin(values) < each < highest})
    if levels:
        axes = shown.axis(shown.across), shown.axis(shown.up)
        style: dict[str, Any] = {"linestyles": "dashed", "linewidths": 1.1, "zorder": 2, **scale}
        lines = ax.contour(*axes, values, levels=levels, **style)
        for text in ax.clabel(lines, fmt="%g", fontsize=7):
            text.set(path_effects=_edge("#ffffff"), fontweight="bold")
        if bar is not None:
            bar.add_lines(levels, colors=["black"] * len(levels), linewidths=1.2)


def _dose_colors(name: str) -> Colormap:
    """Colours of doses, low to high."""
    from matplotlib import colormaps  # noqa: PLC0415
    from matplotlib.colors import ListedColormap  # noqa: PLC0415

    ends = _DOSE_PART if name == "turbo" else (0.0, 1.0)
    return ListedColormap(colormaps[name](np.linspace(*ends, 256)), "dose")


def _colour_bar(ax: Axes, shown: Plane, drawn: ScalarMappable, label: str) -> Colorbar:
    """Colour bar in full colour, as high as the picture."""
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415

    width, height = (np.ptp(shown.limits(own)) for own in (shown.across, shown.up))
    opaque = ScalarMappable(drawn.norm, drawn.cmap)
    # The bar is 20 times as high as wide: as high as the picture when its width is 1/20 of that.
    share = min(0.046 * float(height / width), 0.2)
    return ax.figure.colorbar(opaque, ax=ax, label=label, fraction=share, aspect=20, pad=0.025)


# --- contours -----------------------------------------------------------------------------------
def draw_outlines(
    ax: Axes, shown: Plane, parts: Sequence[Outline], palette: dict[str, str], *, legend: bool
) -> None:
    """Draw contours, points and mask outlines, and a legend of those ROIs.

    Parameters
    ----------
    ax : matplotlib Axes
        Of the plane.
    shown : Plane
        The plane.
    parts : sequence of Outline
        What each ROI shows there.
    palette : dict of str to str
        Colour of each ROI.
    legend : bool
        Name them.
    """
    for part in parts:
        _draw_outline(ax, shown, part, palette[part.label])
    if legend and parts:
        handles = [
            _handle(part.label, palette[part.label], line=bool(part.lines) or part.mask is not None)
            for part in parts
        ]
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


def _draw_outline(ax: Axes, shown: Plane, part: Outline, color: str) -> None:
    """One ROI."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415

    edge = _edge(color)
    if part.lines:
        lines = LineCollection(part.lines, colors=[color], linewidths=1.3, zorder=3)
        lines.set(label=part.label, path_effects=edge)
        ax.add_collection(lines, autolim=False)
    if part.mask is not None:
        axes = [_padded(shown.axis(own)) for own in (shown.across, shown.up)]
        inside = np.pad(part.mask, 1).astype(np.float64)
        drawn = ax.contour(*axes, inside, levels=[0.5], colors=[color], linewidths=1.3, zorder=3)
        drawn.set(label=part.label, path_effects=edge)
    if part.points:
        at = np.concatenate(part.points)
        drawn_points = ax.scatter(at[:, 0], at[:, 1], s=60, c=color, marker="+", linewidths=1.4)
        drawn_points.set(label=part.label, path_effects=edge, zorder=4)


def _edge(color: str) -> list[Any]:
    """Thin rim that keeps a line visible on its like: dark around light colours and vice versa."""
    from matplotlib.patheffects import Normal, Stroke  # noqa: PLC0415

    rim = "black" if colors.luminance(color) > 0.08 else "white"
    return [Stroke(linewidth=2.3, foreground=rim, alpha=0.55), Normal()]


def _handle(label: str, color: str, *, line: bool) -> Any:
    """Entry of the legend."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    mark = {"linewidth": 1.6} if line else {"linestyle": "none", "marker": "+"}
    return Line2D([], [], color=color, label=label, path_effects=_edge(color), **mark)


def _padded(axis: FloatArray) -> FloatArray:
    """Voxel centres with one more at each end, so that outlines close at the rim of the grid."""
    edges = cell_edges(axis)
    first, last = 2 * edges[0] - axis[0], 2 * edges[-1] - axis[-1]
    return np.concatenate([[first], axis, [last]])


# --- axes ---------------------------------------------------------------------------------------
def _label(ax: Axes, shown: Plane, label: str) -> None:
    """Limits, millimetre axes, title and the patient's directions at the four sides."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    ax.set_xlim(*shown.limits(shown.across))
    ax.set_ylim(*shown.limits(shown.up))
    ax.set_aspect("equal")
    ax.set_xlabel(f"{shown.name(shown.across)} (mm)")
    ax.set_ylabel(f"{shown.name(shown.up)} (mm)")
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
