"""What a viewer shows, as traits of a widget: what each may be set to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import anywidget
import numpy as np
import traitlets

from rtxr.errors import RTXRError, UnknownNameError, did_you_mean
from rtxr.geometry import FloatArray
from rtxr.view.widgets.viewer.levels import FullDose, Level
from rtxr.view.widgets.viewer.messages import dose_colors
from rtxr.view.widgets.viewer.scene import Scene, doses_of
from rtxr.view.widgets.viewer.volume import Volume

AXES = ("x", "y", "z")
ISODOSES: tuple[Level, ...] = ("105%", "95%", "80%", "50%", "20%")


def as_place(point: Iterable[float]) -> dict[str, float]:
    """A point as the traits have it."""
    return dict(zip(AXES, (round(float(each), 6) + 0.0 for each in point), strict=True))


def as_point(place: Mapping[str, float]) -> FloatArray:
    """A place of a trait as an array."""
    return np.array([place[axis] for axis in AXES])


def _hex(label: str, color: Any) -> str:
    """A colour as pages have it."""
    from matplotlib.colors import to_hex  # noqa: PLC0415 (slow)

    try:
        return str(to_hex(color))
    except ValueError as error:
        message = f"colors[{label!r}]={color!r}: give '#rrggbb' or a name such as 'red' or 'C0'"
        raise RTXRError(message) from error


class _Judged(traitlets.Any):
    """Anything that a validator takes; it sees None too, which traitlets lets pass otherwise."""

    allow_none = False


class ViewerState(anywidget.AnyWidget):
    """Traits of :class:`rtxr.view.widgets.viewer.widget.ViewerWidget`, which says what each is."""

    position = traitlets.Dict().tag(sync=True)
    window = _Judged((400.0, 40.0)).tag(sync=True)
    other_window = _Judged((400.0, 40.0)).tag(sync=True)
    roi = traitlets.Unicode("").tag(sync=True)
    # Of any iterable of names, or None, it becomes a tuple.
    rois = _Judged(()).tag(sync=True)
    colors = traitlets.Dict().tag(sync=True)
    dose = traitlets.Unicode("").tag(sync=True)
    dose_at = traitlets.Float(float("nan"), read_only=True)
    prescription = traitlets.Float(0.0, min=0).tag(sync=True)
    isodoses = _Judged(ISODOSES).tag(sync=True)
    threshold = _Judged("10%").tag(sync=True)
    opacity = traitlets.Float(0.45, min=0, max=1).tag(sync=True)
    dose_colors = traitlets.Unicode("turbo").tag(sync=True)
    wash = traitlets.Bool(True).tag(sync=True)
    isolines = traitlets.Bool(True).tag(sync=True)
    contours = traitlets.Bool(True).tag(sync=True)
    crosshair = traitlets.Bool(True).tag(sync=True)
    smooth = traitlets.Bool(True).tag(sync=True)
    zoom = traitlets.Float(1.0, min=0.25, max=50).tag(sync=True)
    center = traitlets.Dict().tag(sync=True)
    only = traitlets.Unicode("").tag(sync=True)
    compare = traitlets.Enum(("side", "blend"), "side").tag(sync=True)
    blend = traitlets.Float(0.5, min=0, max=1).tag(sync=True)
    height = traitlets.Int(560, min=200).tag(sync=True)
    _full = traitlets.Unicode("maximum").tag(sync=True)
    _palette = traitlets.Bytes().tag(sync=True)

    _scenes: tuple[Scene, Scene | None] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """ROIs that there are, of both datasets."""
        found = [scene.labels for scene in self._scenes or () if scene]
        return tuple(dict.fromkeys(label for labels in found for label in labels))

    @property
    def doses(self) -> dict[str, Volume]:
        """Doses that there are, of both datasets; one that both have is the first's."""
        return doses_of(*self._scenes) if self._scenes else {}

    # --- places ---------------------------------------------------------------------------------
    @traitlets.validate("position")
    def _inside(self, proposal: Any) -> dict[str, float]:
        place = self._merged("position", proposal["value"])
        if self._scenes is None:
            return place
        return as_place(self._scenes[0].inside(as_point(place)))

    @traitlets.validate("center")
    def _somewhere(self, proposal: Any) -> dict[str, float]:
        return self._merged("center", proposal["value"])

    def _merged(self, name: str, given: Mapping[str, Any]) -> dict[str, float]:
        """A place of which a part is given; the rest as it was."""
        for axis in given:
            if axis not in AXES:
                raise UnknownNameError(f"{name} has no {axis!r}; {did_you_mean(str(axis), AXES)}")
        place = {**getattr(self, name), **given}
        try:
            numbers = [float(place[axis]) for axis in AXES]
        except (TypeError, ValueError):
            numbers = [float("nan")]
        if not np.isfinite(numbers).all():
            raise RTXRError(f"{name}={dict(given)!r}: give numbers, in mm")
        return as_place(numbers)

    # --- grey scale -----------------------------------------------------------------------------
    @traitlets.validate("window", "other_window")
    def _width_and_level(self, proposal: Any) -> tuple[float, float]:
        value = proposal["value"]
        try:
            width, level = (float(each) for each in value)
        except (TypeError, ValueError):
            width = level = float("nan")
        if not (width > 0 and np.isfinite([width, level]).all()):
            raise RTXRError(f"window={value!r}: give (width, level) with a width above 0")
        return width, level

    # --- structures -------------------------------------------------------------------------------
    @traitlets.validate("roi")
    def _known(self, proposal: Any) -> str:
        label = str(proposal["value"])
        if label:
            self._check([label])
        return label

    @traitlets.validate("rois")
    def _all_known(self, proposal: Any) -> tuple[str, ...]:
        value = proposal["value"]
        if value is None:
            return self.labels
        wanted = {value} if isinstance(value, str) else set(value)
        self._check(wanted)
        return tuple(label for label in self.labels if label in wanted)

    @traitlets.validate("colors")
    def _colored(self, proposal: Any) -> dict[str, str]:
        given = proposal["value"]
        self._check(given)
        return {**self.colors, **{label: _hex(label, color) for label, color in given.items()}}

    def _check(self, names: Iterable[str]) -> None:
        for name in sorted(map(str, names)):
            if self._scenes is not None and name not in self.labels:
                raise UnknownNameError(f"no ROI {name!r}; {did_you_mean(name, self.labels)}")

    # --- doses ----------------------------------------------------------------------------------
    @traitlets.validate("dose")
    def _known_dose(self, proposal: Any) -> str:
        name = str(proposal["value"])
        if name and self._scenes is not None and name not in self.doses:
            raise UnknownNameError(f"no dose {name!r}; {did_you_mean(name, self.doses)}")
        return name

    @traitlets.validate("isodoses")
    def _levels(self, proposal: Any) -> tuple[Level, ...]:
        value = proposal["value"]
        value = () if value is None else value
        levels = (value,) if np.ndim(value) == 0 else tuple(value)
        self.full_dose.levels(levels)
        return levels

    @traitlets.validate("threshold")
    def _level(self, proposal: Any) -> Level:
        level: Level = proposal["value"]
        self.full_dose.level(level)
        return level

    @property
    def full_dose(self) -> FullDose:
        """The dose that is 100 %."""
        return FullDose(self.prescription, self._full)

    @traitlets.validate("prescription")
    def _finite(self, proposal: Any) -> float:
        value = float(proposal["value"])
        if not np.isfinite(value):
            raise RTXRError(f"prescription={value!r}: give a dose in Gy")
        return value

    @traitlets.observe("prescription")
    def _prescribed(self, _: Any) -> None:
        self._full = "given"

    @traitlets.observe("dose_colors")
    def _color(self, change: Any) -> None:
        self._palette = dose_colors(change["new"])

    @traitlets.validate("dose_colors")
    def _known_colors(self, proposal: Any) -> str:
        name = str(proposal["value"])
        dose_colors(name)
        return name

    # --- planes -----------------------------------------------------------------------------------
    @traitlets.validate("only")
    def _known_plane(self, proposal: Any) -> str:
        name = str(proposal["value"])
        if name and self._scenes is not None and name not in self._scenes[0].panes:
            panes = self._scenes[0].panes
            raise UnknownNameError(f"no plane {name!r}; {did_you_mean(name, panes)}")
        return name
