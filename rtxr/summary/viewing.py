"""The viewer of a case, with what its plan says of the dose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xarray as xr

from rtxr import model
from rtxr.errors import above_0
from rtxr.summary.prescription import planned_full
from rtxr.view.slices import ROIs
from rtxr.view.widgets.pieces import widget_class
from rtxr.view.widgets.viewer.levels import FullDose

if TYPE_CHECKING:
    from rtxr.view.widgets.viewer.widget import ViewerWidget


def view(
    ds: xr.Dataset,
    /,
    variable: str | None = None,
    *,
    other: xr.Dataset | None = None,
    rois: ROIs = None,
    prescription: float | None = None,
    **state: Any,
) -> ViewerWidget:
    """Linked axial, coronal and sagittal planes of a case, for notebooks.

    Image, dose as a colour wash and isodoses, structures as lines; the planes of a stack that is
    turned are its own. A page composes what it shows, so that windows, structures and doses change
    without Python. Press ``?`` on a plane to see the keys.

    Parameters
    ----------
    ds : Dataset
        A case with an image, a dose or RT Images. Of a dynamic series the first label is shown.
    variable : str, optional
        ``"rt_image"``, ``"rt_image_2"`` … to look at these, or ``"dose"`` to leave the image out;
        by default the image, else the dose, else the RT Images.
    other : Dataset, optional
        A second case, placed by its coordinates, beside the first or blended with it.
    rois : str, sequence of str or False, optional
        ROI labels; by default all.
    prescription : float, optional
        The dose that is 100 %, Gy; by default what the plan prescribes, of the second case where
        only that has a dose, else the highest dose.
    **state
        Traits of the widget: ``position={"z": 12.5}``, ``window=(400, 40)``,
        ``isodoses=("95%", 20)``, ``opacity=0.3`` …, see
        :class:`rtxr.view.widgets.viewer.widget.ViewerWidget`.

    Returns
    -------
    ViewerWidget
        Keeps the Dataset until ``close()``. ``snapshot()`` gives a matplotlib figure.

    Raises
    ------
    MissingExtraError
        anywidget is not installed; the message names the extra.
    MissingDataError
        There is nothing to look at.
    UnknownNameError
        No such variable, ROI, dose, plane or trait.
    """
    made = widget_class("viewer", "ViewerWidget")
    dosed = ds if other is None or model.dose_names(ds) else other
    full = full_dose(dosed, prescription)
    widget: ViewerWidget = made(ds, other, variable=variable, rois=rois, full=full, **state)
    return widget


def full_dose(ds: xr.Dataset, given: float | None, dose: str | None = None) -> FullDose | None:
    """The dose that is 100 %, if anything says it; of the first dose where none is named."""
    if given is not None:
        return FullDose(above_0("prescription", given, "a dose in Gy"), "given")
    doses = [dose] if dose is not None else model.dose_names(ds)
    if not doses:
        return None
    found = planned_full(ds, doses[0])
    return None if found is None else FullDose(found, "plan")
