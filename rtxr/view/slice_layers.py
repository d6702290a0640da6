"""Image and dose of one slice with matplotlib: in grey, and as a colour wash with lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.errors import RTXRError, above_0
from rtxr.geometry import FloatArray, cell_edges
from rtxr.view import colors, plane
from rtxr.view.plane import Plane
from rtxr.view.widgets.viewer.levels import FullDose, Level

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.colorbar import Colorbar
    from matplotlib.colors import Colormap

#: Width and level of the grey scale of a CT, HU: soft tissue.
CT_WINDOW = (400.0, 40.0)
#: ... of any other image: these percentiles of the slice are black and white.
_PERCENTILES = (1.0, 99.0)
#: Part of the dose of the last colour below which the wash shows nothing.
_THRESHOLD = 0.1
#: The last colour is at most this many prescriptions: doses have no bounds beside sources.
_MOST = 2.0
#: Colour map of doses and the part of it used: its ends are too dark to shine on grey.
_DOSE_PART = (0.08, 0.9)


@dataclass(frozen=True)
class DoseLook:
    """How a dose is drawn.

    Parameters
    ----------
    isodoses : sequence of float or str, default: ()
        Lines: Gy, or ``"95%"`` of the prescription.
    threshold : float or str, optional
        Dose below which the wash is transparent; by default 10 % of that of the last colour.
    top : float, optional
        Dose of the last colour; by default the highest one, or twice the prescription.
    opacity : float, default: 0.45
        Of the wash over an image.
    colors : str, default: "turbo"
        matplotlib colour map, of turbo the part that shines on grey.
    bar : bool, default: True
        With a colour bar.
    """

    isodoses: Sequence[Level] = ()
    threshold: Level | None = None
    top: float | None = None
    opacity: float = 0.45
    colors: str = "turbo"
    bar: bool = True


@dataclass(frozen=True)
class DoseScale:
    """Doses of a picture as numbers, in the unit of the dose.

    Parameters
    ----------
    isodoses : list of float
        Of the lines.
    threshold : float
        Below which the wash is transparent.
    top : float
        Of the last colour.
    units : str
        As the dose names them.
    """

    isodoses: list[float]
    threshold: float
    top: float
    units: str


def dose_scale(look: DoseLook, dose: xr.DataArray, prescription: float | None) -> DoseScale:
    """Doses of a look as numbers.

    Parameters
    ----------
    look : DoseLook
        As asked for.
    dose : DataArray
        The whole dose; read where the last colour is not given.
    prescription : float, optional
        What 100 % are.

    Raises
    ------
    RTXRError
        A dose in % without a prescription, or something that is no dose.
    """
    full = None
    if prescription is not None:
        full = FullDose(above_0("prescription", prescription, "a dose in Gy"), "given")
    top = look.top or _highest(dose, full)
    return DoseScale(
        isodoses=[_gray(each, full) for each in look.isodoses],
        threshold=_THRESHOLD * top if look.threshold is None else _gray(look.threshold, full),
        top=top,
        units=str(dose.attrs.get("units", model.UNITS[model.DOSE])),
    )


def _highest(dose: xr.DataArray, full: FullDose | None) -> float:
    """The highest dose, of a dose without bounds some prescriptions."""
    values = np.asarray(dose.values, dtype=np.float64)
    highest = float(np.max(values, initial=0.0, where=np.isfinite(values)))
    return top_dose(highest, full)


def top_dose(highest: float, full: FullDose | None) -> float:
    """Dose of the last colour: the highest, of a dose without bounds some prescriptions."""
    return min(highest, _MOST * full.gray) if full and full.gray > 0 else highest


def _gray(level: Level, full: FullDose | None) -> float:
    """A dose as a number."""
    if not isinstance(level, str):
        return float(level)
    if full is None and "%" in level:
        raise RTXRError(
            f"{level!r} is in % of a prescription, and none is known: give prescription=<Gy>, or "
            "doses in Gy such as 20"
        )
    return (full or FullDose(0.0, "")).level(level)


def limits_of(image: str, window: tuple[float, float] | None) -> tuple[float, float] | None:
    """Values shown black and white; None to take them from the slice."""
    if window is None:
        if image != "ct":
            return None
        window = CT_WINDOW
    width, level = window
    if not width > 0:
        raise ValueError(f"window={window!r}: give (width, level) with a width above 0")
    return level - width / 2, level + width / 2


def draw_image(
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


def draw_dose(ax: Axes, shown: Plane, values: FloatArray, look: DoseLook, scale: DoseScale) -> None:
    """Colour wash with its colour bar, and isodose lines in the same colours."""
    lowest, highest = float(np.nanmin(values)), float(np.nanmax(values))
    if highest <= 0:
        return
    style: dict[str, Any] = {"cmap": _dose_colors(look.colors), "vmin": 0.0, "vmax": scale.top}
    wash = np.ma.masked_where(~(values >= scale.threshold), values)
    bar = None
    if wash.count():
        drawn = _draw_voxels(ax, shown, wash, alpha=look.opacity, zorder=1, **style)
        if look.bar:
            beyond = "max" if highest > scale.top else "neither"
            bar = _colour_bar(ax, shown, drawn, label=f"Dose ({scale.units})", extend=beyond)
    levels = sorted({each for each in scale.isodoses if lowest < each < highest})
    if levels and min(values.shape) > 1:  # lines need voxels on both sides
        axes = shown.axis(shown.across), shown.axis(shown.up)
        style |= {"linestyles": "dashed", "linewidths": 1.1, "zorder": 2}
        lines = ax.contour(*axes, values, levels=levels, **style)
        for text in ax.clabel(lines, fmt="%.4g", fontsize=7):
            text.set(path_effects=colors.rim("#ffffff"), fontweight="bold")
        if bar is not None:
            bar.add_lines(levels, colors=["black"] * len(levels), linewidths=1.2)


def _dose_colors(name: str) -> Colormap:
    """Colours of doses, low to high."""
    from matplotlib import colormaps  # noqa: PLC0415
    from matplotlib.colors import ListedColormap  # noqa: PLC0415

    ends = _DOSE_PART if name == "turbo" else (0.0, 1.0)
    return ListedColormap(colormaps[name](np.linspace(*ends, 256)), "dose")


def _colour_bar(ax: Axes, shown: Plane, drawn: ScalarMappable, **style: Any) -> Colorbar:
    """Colour bar in full colour, as high as the picture."""
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415

    width, height = (np.ptp(shown.limits(own)) for own in (shown.across, shown.up))
    opaque = ScalarMappable(drawn.norm, drawn.cmap)
    # The bar is 20 times as high as wide: as high as the picture when its width is 1/20 of that.
    share = min(0.046 * float(height / width), 0.2)
    return ax.figure.colorbar(opaque, ax=ax, fraction=share, aspect=20, pad=0.025, **style)
