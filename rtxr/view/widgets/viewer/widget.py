"""The viewer as a widget: a thin shell around scenes, whose state is traits."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
import xarray as xr

from rtxr import roi_names
from rtxr.errors import MissingDataError, RTXRError, UnknownNameError, did_you_mean
from rtxr.view.png import png
from rtxr.view.slices import ROIs
from rtxr.view.widgets.pieces import script, style
from rtxr.view.widgets.viewer import figure as viewer_figure
from rtxr.view.widgets.viewer.levels import FullDose
from rtxr.view.widgets.viewer.messages import PRESETS, described, dose_colors, told
from rtxr.view.widgets.viewer.scene import Scene
from rtxr.view.widgets.viewer.state import ViewerState, as_place, as_point

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PARTS = (
    *("layers", "compose", "lines", "strokes", "sheet"),
    *("store", "marks", "pane", "frames", "readout", "keys", "panel", "actions"),
)
#: Of the still picture.
_DPI = 80
#: Of images that have no usual window: these percentiles of the middle plane are black and white.
_PERCENTILES = (1.0, 99.0)


class ViewerWidget(ViewerState):
    """Linked planes of a case, from ``ds.rt.view()``; press ``?`` on it to see the keys.

    The state is traits, so it can be set, observed and linked with other widgets. A page composes
    the pictures; what it has not seen yet it asks for, plane by plane.

    Parameters
    ----------
    ds : Dataset
        A case. It is kept until :meth:`close`, since ipywidgets keep every open widget.
    other : Dataset, optional
        A second case, placed by its coordinates.
    variable : str, optional
        ``"rt_image"`` to look at these; by default the image.
    rois : str, sequence of str or False, optional
        ROI labels; by default all.
    full : FullDose, optional
        The dose that is 100 %; by default the highest one. The last colour of the wash is the
        highest dose, or twice this where that is less, as beside brachytherapy sources.
    **state
        Traits.

    Attributes
    ----------
    position : dict
        Of the cross-hair: patient x, y, z, mm; of RT Images x, y of the receptor and the number of
        the image. Set any of the three, ``view.position = {"z": 12.5}``. A place beyond the voxels
        is moved to the nearest within.
    window : (float, float)
        Width and level of the grey scale, in the unit of the image.
    other_window : (float, float)
        Likewise of the second dataset; on a page both go together while they are the same.
    roi : str
        ROI that is highlighted, empty for none.
    rois : tuple of str
        ROIs that are shown.
    colors : dict of str to str
        Colour of each ROI, ``"#rrggbb"``; set any of them, also as ``"red"`` or another colour
        that matplotlib knows.
    dose : str
        Dose variable that is shown, empty for none; of a second dataset the one of the same name.
    dose_at : float
        Dose at the cross-hair, in the unit of the dose, NaN where there is none; follows
        ``position``.
    prescription : float
        The dose that is 100 %, Gy.
    isodoses : tuple of float or str
        Levels of isodose lines: Gy, or ``"95%"`` of the prescription.
    threshold : float or str
        Dose below which the wash is transparent, likewise.
    opacity : float
        Of the wash, 0 to 1.
    dose_colors : str
        Name of a matplotlib colour map.
    wash, isolines, contours, crosshair, smooth : bool
        Whether each is drawn; ``smooth`` is between voxels.
    zoom : float
        1 where all of a plane is shown.
    center : dict
        Patient x, y, z in the middle of the planes, mm; set any of the three.
    only : str
        Name of the one plane that is shown, empty for all.
    compare : {"side", "blend"}
        How a second dataset is shown.
    blend : float
        How much of it, 0 to 1, where it is blended.
    height : int
        Of the planes, px.

    See Also
    --------
    rtxr.view.slices.plot_slice : one plane as a matplotlib figure.
    """

    _esm = script("viewer", *_PARTS, "widget")
    _css = style("viewer")
    _scene = traitlets.Dict().tag(sync=True)
    _still = traitlets.Bytes().tag(sync=True)

    def __init__(
        self,
        ds: xr.Dataset,
        other: xr.Dataset | None = None,
        *,
        variable: str | None = None,
        rois: ROIs = None,
        full: FullDose | None = None,
        **state: Any,
    ) -> None:
        known = [name for name in self.class_trait_names() if not name.startswith("_")]
        for name in state.keys() - set(known):
            raise UnknownNameError(f"a viewer has no {name!r}; {did_you_mean(name, known)}")
        named = _named([ds] if other is None else [ds, other], rois)
        scene = Scene(ds, variable, named[0])
        second = None if other is None else Scene(other, None, named[1], scene)
        self._scenes = (scene, second)
        highest = max((volume.highest for volume in self.doses.values()), default=0.0)
        full = full or FullDose(highest, "maximum")
        colors = {**(second.colors if second else {}), **scene.colors}
        middle = as_place(scene.middle)
        first: dict[str, Any] = {
            "position": dict(middle),
            "center": middle,
            "window": _window(scene),
            "other_window": _window(second or scene),
            "rois": self.labels,
            "colors": colors,
            "dose": next(iter(self.doses), ""),
            "prescription": full.gray,
        }
        for name in ("position", "center", "colors"):  # of which a part can be given
            first[name] |= state.pop(name, {})
        super().__init__(
            _scene=described(scene, second), _palette=dose_colors("turbo"), **(first | state)
        )
        self._full = full.source
        self._take_dose()
        self.on_msg(ViewerWidget._asked)

    @traitlets.observe("position", "dose")
    def _follow(self, _: Any) -> None:
        self._take_dose()

    def _take_dose(self) -> None:
        volume = self.doses.get(self.dose)
        place = as_point(self.position) if self.position else None
        found = float("nan") if volume is None or place is None else volume.at(place)
        self.set_trait("dose_at", found)

    @property
    def value_at(self) -> float:
        """Value of the voxel at the cross-hair, in the unit of the image; NaN without an image."""
        image = self._open()[0].image
        return float("nan") if image is None else image.at(as_point(self.position), nearest=True)

    def jump(self, roi: str) -> None:
        """Move the cross-hair into the middle of a ROI, and highlight it.

        Raises
        ------
        UnknownNameError
            No such ROI.
        """
        if roi not in self.labels:
            raise UnknownNameError(f"no ROI {roi!r}; {did_you_mean(roi, self.labels)}")
        scene = next(each for each in self._open() if each and roi in each.labels)
        middle = scene.middle_of(roi)
        with self.hold_sync():
            self.roi = roi
            if middle is not None:
                self.position = self.center = as_place(middle)

    def snapshot(self) -> Figure:
        """What is shown now as a matplotlib figure, a row of planes for each dataset.

        Returns
        -------
        matplotlib.figure.Figure
            Not registered with pyplot.

        Raises
        ------
        RTXRError
            The widget was closed.
        """
        return viewer_figure.figure(self._open(), self)

    def close(self) -> None:
        """Take the widget off every page and let go of the data."""
        super().close()
        self._scenes = None

    def _open(self) -> tuple[Scene, Scene | None]:
        if self._scenes is None:
            raise RTXRError("this viewer was closed and let go of its data; ds.rt.view() opens one")
        return self._scenes

    # --- what a page asks -----------------------------------------------------------------------
    def _asked(self, content: Any, buffers: Any) -> None:  # noqa: ARG002 (ipywidgets calls so)
        """Answer ``{"ask": ...}``: pictures, one message each, or a jump to a ROI."""
        if self._scenes is None:
            return
        if content.get("ask") == "jump":
            self.jump(content["roi"])
        elif content.get("ask") == "pictures":
            for wanted in content["pictures"]:
                self._answer(wanted, whole=content["whole"])

    def _answer(self, wanted: dict[str, Any], *, whole: bool) -> None:
        scene, other = self._open()
        shown = (scene, other)[wanted["source"]]
        if shown is None:
            return
        plane = scene.plane(wanted["pane"], wanted["index"])
        try:
            parts, buffers = told(shown.picture(plane, wanted["dose"], whole=whole))
        except Exception as error:  # without an answer the page waits for ever
            parts, buffers = {"failed": str(error)}, []
        self.send({"picture": wanted, **parts}, buffers)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and for renderers without widgets a still picture of what it shows now."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None and self._scenes is not None:
            # What cannot be drawn here, such as a file that is gone, the page tells.
            with suppress(Exception):
                still = viewer_figure.figure(self._scenes, self, ticks=False)
                bundle[0]["image/png"] = self._still = png(still, _DPI)
        return bundle


def _window(scene: Scene) -> tuple[float, float]:
    """Width and level to begin with: the first preset, else of the plane that is shown first."""
    for window in PRESETS.get(scene.variable, {}).values():
        return window
    if scene.image is None:
        return (1.0, 0.5)
    dim = int(np.argmin(scene.image.grid.shape)) if not scene.is_pile else 0
    values = scene.image.taken(dim, 0 if scene.is_pile else scene.image.grid.shape[dim] // 2)
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, _PERCENTILES).tolist() if known.size else (0.0, 1.0)
    width = max(high - low, 1e-6)
    digits = 2 - math.floor(math.log10(width))  # three of the width say enough
    return round(width, digits), round((low + high) / 2, digits)


def _named(datasets: Sequence[xr.Dataset], rois: ROIs) -> list[ROIs]:
    """ROIs asked for, of each dataset; it is enough that one of them has what is asked for."""
    if rois is None or rois is False or len(datasets) == 1:
        return [rois] * len(datasets)
    asked = [rois] if isinstance(rois, str | re.Pattern) else list(rois)
    found: list[list[str]] = [[] for _ in datasets]
    for each in asked:
        errors = []
        for ds, labels in zip(datasets, found, strict=True):
            try:
                labels.extend(roi_names.select(ds, each))
            except (UnknownNameError, MissingDataError) as error:
                errors.append(error)
        if len(errors) == len(datasets):
            raise errors[0]
    return list(found)
