"""The DVH plot as a widget: a thin shell around curves that are sent once."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import anywidget
import pandas as pd
import traitlets

from rtxr.errors import MissingDataError, RTXRError
from rtxr.view import dvh_curves, dvh_plot
from rtxr.view.dvh_curves import DVHCurves
from rtxr.view.dvh_plot import Look
from rtxr.view.goal_marks import GoalMark
from rtxr.view.png import png
from rtxr.view.widgets.dvh.message import message, plain
from rtxr.view.widgets.pieces import script, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PARTS = ("curves", "plane", "marks", "picture", "bar", "table", "goals")
_DPI = 96


def _to_json(value: float, _: Any) -> float | None:
    return plain(value)


class _Cursor(traitlets.CFloat):  # type: ignore[type-arg]
    """A number that may be NaN, which JSON has no word for; None is the same."""

    def validate(self, obj: Any, value: Any) -> Any:
        return math.nan if value is None else super().validate(obj, value)


def _cursor() -> Any:
    return _Cursor(math.nan).tag(sync=True, to_json=_to_json)


class DVHWidget(anywidget.AnyWidget):
    """DVHs to read off; from ``ds.rt.plot_dvh()``.

    The state is traits, so it can be set, observed and linked with other widgets.

    Parameters
    ----------
    dvhs : DVHCurves
        Cumulative curves. Nothing else of the case is kept.
    goals : sequence of GoalMark, optional
        Drawn as arrows, and listed.
    relative_volume, relative_dose : bool
        What the axes show at first.
    dose_max : float, optional
        End of the dose axis, in what this shows at first.

    Attributes
    ----------
    roi : str
        Which ROI stands out; a click on a curve says so. Empty for none; nor does a name stand out
        that has no curve, so that widgets that know other ROIs can be linked.
    dose : float
        Cursor on the dose axis, in the unit of the dose (Gy); NaN or None for
        none.
    volume : float
        Cursor on the volume axis, in the unit that this shows: % of each structure, or cm3; NaN or
        None for none, as after a change of that unit.
    hidden : tuple of str
        ROIs that are not drawn.
    hidden_sources : tuple of str
        Doses or cases that are not drawn.
    relative_dose, relative_volume : bool
        Doses in % of the prescription; volumes in % of each structure, else cm3.

    See Also
    --------
    rtxr.view.dvh_plot.plot_dvh, rtxr.view.dvh_curves.readings : the same without a widget.
    """

    _esm = script("dvh", *_PARTS, "widget")
    _css = style("dvh")

    roi = traitlets.Unicode("").tag(sync=True)
    dose = _cursor()
    volume = _cursor()
    hidden = traitlets.Tuple().tag(sync=True)
    hidden_sources = traitlets.Tuple().tag(sync=True)
    relative_dose = traitlets.Bool(False).tag(sync=True)
    relative_volume = traitlets.Bool(True).tag(sync=True)
    _about = traitlets.Dict().tag(sync=True)
    _numbers = traitlets.Bytes().tag(sync=True)

    def __init__(
        self,
        dvhs: DVHCurves,
        goals: Sequence[GoalMark] = (),
        *,
        relative_volume: bool = True,
        relative_dose: bool = False,
        dose_max: float | None = None,
    ) -> None:
        if dvhs.differential:
            raise RTXRError("differential DVHs have no cursor to read; pass static=True")
        if dose_max is not None and not dose_max > 0:
            raise RTXRError(f"dose_max={dose_max!r}: it must be above 0")
        self._held: tuple[DVHCurves, tuple[GoalMark, ...]] | None = (dvhs, tuple(goals))
        about, numbers = message(dvhs, goals)
        if dose_max is not None:
            full = dvhs.prescription
            in_unit = dose_max * full / 100 if relative_dose else dose_max
            about["ends"] = [in_unit, plain(100 * in_unit / full)]
        super().__init__(
            relative_volume=relative_volume,
            relative_dose=relative_dose,
            _about=about,
            _numbers=numbers,
        )

    @property
    def curves(self) -> DVHCurves:
        """All curves, hidden ones too.

        Raises
        ------
        RTXRError
            The widget was closed.
        """
        return self._open[0]

    @property
    def readings(self) -> pd.DataFrame:
        """What the table below the curves says, see :func:`rtxr.view.dvh_curves.readings`.

        Returns
        -------
        DataFrame
            Without hidden curves; doses in the unit of the dose.

        Raises
        ------
        RTXRError
            The widget was closed.
        """
        seen = self.curves.seen(self.hidden, self.hidden_sources)
        return dvh_curves.readings(
            seen, dose=self.dose, volume=self.volume, relative=self.relative_volume
        )

    @property
    def findings(self) -> pd.DataFrame:
        """What is to be known of these curves, such as volume outside the dose grid.

        Returns
        -------
        DataFrame
            Columns ``code``, ``severity`` and ``message``; the page shows all but ``info``.

        Raises
        ------
        RTXRError
            The widget was closed.
        """
        return pd.DataFrame(list(self.curves.findings), columns=["code", "severity", "message"])

    def snapshot(self) -> Figure:
        """What is shown now as a matplotlib figure, for a paper or a page without widgets.

        Raises
        ------
        MissingDataError
            Every curve is hidden.
        RTXRError
            The widget was closed.
        """
        from matplotlib import pyplot as plt  # noqa: PLC0415

        dvhs, goals = self._open
        look = Look(
            relative_volume=self.relative_volume,
            relative_dose=self.relative_dose,
            goals=goals,
            dose_max=self._about["ends"][self.relative_dose],
            roi=self.roi,
            dose=self.dose,
            volume=self.volume,
        )
        axes = dvh_plot.draw(dvhs.seen(self.hidden, self.hidden_sources), look)
        figure = axes.get_figure(root=True)
        assert figure is not None, "axes just drawn have a figure"
        plt.close(figure)  # the caller shows it, and pyplot would once more
        return figure

    def close(self) -> None:
        """Take the widget off every page and let go of the curves."""
        super().close()
        self._held = None

    # --- traits that follow one another ---------------------------------------------------------
    @traitlets.validate("relative_dose")
    def _has_prescription(self, proposal: Any) -> bool:
        """% of a dose that somebody has said."""
        if proposal["value"] and not self.curves.prescription > 0:
            raise MissingDataError(
                "relative_dose: no prescription is known; give it, as in "
                "ds.rt.plot_dvh(prescription=70)"
            )
        return bool(proposal["value"])

    @traitlets.observe("relative_volume")
    def _forget_volume(self, _: Any) -> None:
        if self._held is not None:
            self.volume = math.nan

    # --- inside ---------------------------------------------------------------------------------
    @property
    def _open(self) -> tuple[DVHCurves, tuple[GoalMark, ...]]:
        if self._held is None:
            raise RTXRError("this DVH plot was closed and let go of its curves; make another")
        return self._held

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and for renderers without widgets a picture of it."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None or self._held is None:
            return bundle
        try:
            figure = self.snapshot()
        except MissingDataError:  # all curves are hidden
            return bundle
        bundle[0]["image/png"] = base64.b64encode(png(figure, _DPI)).decode()
        return bundle
