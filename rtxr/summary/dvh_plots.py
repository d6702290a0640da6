"""The DVH plot of a case: to read off in a notebook, or as a figure for a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.doses.dose_choice import Doses
from rtxr.analysis.statistics.dvh import Masks
from rtxr.analysis.statistics.dvh_table import Kind
from rtxr.analysis.statistics.prescriptions import Prescription
from rtxr.analysis.structures.planes import Between, EndCap
from rtxr.analysis.structures.polygons import Combine
from rtxr.errors import MissingDataError, RTXRError
from rtxr.roi_names import Rois
from rtxr.summary import overview, prescribed, stored_dvhs
from rtxr.summary.prescription import planned_full
from rtxr.view import dvh_curves, dvh_plot
from rtxr.view.goal_marks import goal_marks
from rtxr.view.widgets.pieces import widget_class

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rtxr.view.widgets.dvh.widget import DVHWidget


def plot_dvh(
    ds: xr.Dataset,
    rois: Rois = None,
    *,
    static: bool = False,
    others: Mapping[str, xr.Dataset] | None = None,
    name: str = "this case",
    relative: bool = True,
    stored: bool = False,
    goals: str | Sequence[str] | None = None,
    ax: Axes | None = None,
    dose_max: float | None = None,
    mask: Masks | None = None,
    dose: Doses = model.DOSE,
    kind: Kind = "cumulative",
    prescription: Prescription | None = None,
    bin_width: float | None = None,
    end_cap: EndCap = "half",
    between: Between = "slab",
    combine: Combine = "xor",
) -> DVHWidget | Axes:
    """DVHs of a case: a colour per ROI, a line style per dose.

    A widget (extra ``view``) with cursors to drag, a table that follows them, and ROIs to show,
    hide and highlight; with ``static=True`` a matplotlib figure of the same.

    Parameters
    ----------
    ds : Dataset
        A case with structures and a dose. The widget keeps its DVHs, not the case.
    rois : str, regular expression, or sequence of them, optional
        ROIs, see :mod:`rtxr.roi_names`; by default every ROI with a volume.
    static : bool, default: False
        Draw with matplotlib, on Axes that can be changed and saved as vectors. Journals that ask
        for TrueType fonts in a PDF get them by ``plt.rcParams["pdf.fonttype"] = 42``.
    others : mapping of str to Dataset, optional
        Further cases by what to call them, such as a replan, with a line style each. Of each the
        ROIs that it shares with this one are drawn.
    name : str, default: "this case"
        What to call this one beside others.
    relative : bool, default: True
        Volume in % of the ROI, else cm3.
    stored : bool, default: False
        Also draw the DVHs that came in the dose file, dashed.
    goals : str or sequence of str, optional
        Such as ``"PTV: D95% >= 66.5 Gy"``, see :func:`rtxr.summary.prescribed.goals`. An arrow
        stands where the goal is and points to the side on which the curve has to pass; a sign
        says whether it does. Mean doses and indices are no points of a curve, and a goal more
        than half as far again as the curves is not on the axis: the widget lists them only.
    ax : matplotlib Axes, optional
        With ``static=True``: draw here instead of on a new figure.
    dose_max : float, optional
        End of the dose axis, in what it shows at first; by default the highest dose of the curves
        drawn, see :func:`rtxr.view.dvh_plot.plot_dvh`.
    mask, dose, kind, prescription, bin_width, end_cap, between, combine
        As in :func:`rtxr.analysis.statistics.dvh.dvh`. With a prescription the dose axis is in %
        of it; the widget can show that for the prescription of the plan too. Bins of a
        differential DVH, which is drawn with ``static=True`` only, are joined to some 200 where no
        width is given.

    Returns
    -------
    DVHWidget or Axes
        :class:`rtxr.view.widgets.dvh.widget.DVHWidget` with the traits ``roi``, ``dose``,
        ``volume``, ``hidden``, ``relative_dose``, ``relative_volume``, and ``snapshot()``; or Axes.

    Raises
    ------
    MissingExtraError
        anywidget is not installed, and it is not ``static=True``.
    MissingDataError
        No structures, dose or DVH.
    RTXRError
        Stored DVHs beside anything but cumulative ones of one dose of one case and one
        prescription; goals of several doses; other cases with a dose that is no name; a
        differential DVH, or Axes, without ``static=True``.
    """
    if not static and (ax is not None or kind != "cumulative"):
        asked = "ax=" if ax is not None else f"kind={kind!r}"
        raise RTXRError(f"{asked} is for a matplotlib figure: pass static=True too")
    if others is not None and not _named(others):
        raise RTXRError("others= takes Datasets by what to call them, as in {'replan': ds2}")
    if name in (others or {}):
        raise RTXRError(f"two cases are called {name!r}: pass name= for this one")
    cases = {name: ds, **(others or {})}
    _check(cases, dose=dose, kind=kind, stored=stored, goals=goals, prescription=prescription)
    widget = None if static else widget_class("dvh", "DVHWidget")
    options: dict[str, Any] = {
        "mask": mask,
        "dose": dose,
        "prescription": prescription,
        "end_cap": end_cap,
        "between": between,
        "combine": combine,
    }
    wanted = _rois(cases, rois, mask)
    tables = {
        called: overview.dvh(case, wanted[called], kind=kind, bin_width=bin_width, **options)
        for called, case in cases.items()
    }
    dvhs = dvh_curves.gathered(
        tables,
        stored=stored_dvhs.stored_dvh(ds, dose) if stored and isinstance(dose, str) else None,
        colors={label: color for case in cases.values() for label, color in _colors(case).items()},
        dose_names=_dose_names(tables[name]),
        prescriptions={called: _of_plan(case, dose) for called, case in cases.items()},
    )
    told = {
        called if others else dvh_curves.COMPUTED: prescribed.goals(case, goals, **options)
        for called, case in cases.items()
        if goals is not None
    }
    marks = goal_marks(told, dvhs)
    dvhs = dvhs.with_findings(told)
    if widget is None:
        look = dvh_plot.Look(relative, dvhs.percent, marks, dose_max, join=bin_width is None)
        return dvh_plot.draw(dvhs, look, ax)
    made: DVHWidget = widget(
        dvhs, marks, relative_volume=relative, relative_dose=dvhs.percent, dose_max=dose_max
    )
    return made


def _named(others: Any) -> bool:
    """Whether these are cases by their names; a Dataset is a mapping too."""
    if isinstance(others, xr.Dataset) or not isinstance(others, Mapping):
        return False
    return all(isinstance(each, xr.Dataset) for each in others.values())


def _check(
    cases: Mapping[str, xr.Dataset],
    *,
    dose: Doses,
    kind: str,
    stored: bool,
    goals: Any,
    prescription: Prescription | None,
) -> None:
    """Raise for what does not go together."""
    alone = isinstance(dose, str) and len(cases) == 1
    if stored and not (alone and kind == "cumulative"):
        raise RTXRError("stored=True: stored DVHs are drawn beside cumulative ones of one dose")
    if stored and isinstance(prescription, Mapping):
        raise RTXRError(
            "stored=True: stored DVHs are drawn in % of one prescription; give a number"
        )
    if len(cases) > 1 and not isinstance(dose, str):
        raise RTXRError("others= takes dose= by its name, which each case then has")
    if goals is not None and not isinstance(dose, str | xr.DataArray):
        raise RTXRError("goals= are those of one dose; draw one, or other cases by others=")


def _rois(cases: Mapping[str, xr.Dataset], rois: Rois, mask: Masks | None) -> dict[str, Rois]:
    """ROIs of each case: of others those that the first has too."""
    first, *others = cases
    if not others or (mask is not None and rois is None):
        return dict.fromkeys(cases, rois)
    labels = roi_names.select(cases[first], rois)
    return {first: labels, **{name: _shared(name, cases[name], labels) for name in others}}


def _shared(name: str, ds: xr.Dataset, labels: Sequence[str]) -> list[str]:
    there = model.roi_labels(ds) if model.ROI in ds.coords else []
    if found := [label for label in labels if label in there]:
        return found
    raise MissingDataError(
        f"others={{{name!r}: ...}} has none of the ROIs {', '.join(labels)}; it has "
        f"{', '.join(there) or 'none'}"
    )


def _of_plan(ds: xr.Dataset, dose: Doses) -> float | None:
    """What the plan prescribes of the dose that is drawn; None where it does not say."""
    return planned_full(ds, dose) if isinstance(dose, str) and dose in ds.data_vars else None


def _colors(ds: xr.Dataset) -> dict[str, str]:
    """Colour of each ROI, where there are any."""
    if model.ROI_COLOR not in ds.coords:
        return {}
    known = map(str, np.atleast_1d(ds[model.ROI_COLOR].values))
    return dict(zip(model.roi_labels(ds), known, strict=True))


def _dose_names(table: pd.DataFrame) -> dict[str, str]:
    """What to call doses of one beam each: by that beam."""
    found = {}
    for name, told in table.attrs.get("doses", {}).items():
        numbers = told.get("ReferencedBeamNumber", [])
        if len(numbers) == 1:
            own = told["BeamName"][0]
            found[name] = f"beam {numbers[0]} ({own})" if own else f"beam {numbers[0]}"
    return found
