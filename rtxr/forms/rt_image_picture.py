"""A new RT Image as its form shows it: with the aperture of its beam."""

from __future__ import annotations

import numpy as np
import pydicom
import xarray as xr
from matplotlib.figure import Figure

from rtxr import header_store, model
from rtxr.edit.cases.headers import encoded
from rtxr.errors import MissingDataError, RTXRError
from rtxr.iod.encoding.raw import duplicate
from rtxr.read.plans.control_points import control_points
from rtxr.summary.beam_view import plot_beam
from rtxr.view.png import png

_INCHES, _DPI = 5.4, 90


def picture(made: xr.Dataset, image: int, plan: pydicom.Dataset) -> bytes:
    """One of several new RT Images as PNG.

    Parameters
    ----------
    made : Dataset
        From :func:`rtxr.edit.rt_images.building.rt_images_of`.
    image : int
        Place of its pair.
    plan : pydicom.Dataset
        Its beam gives the aperture, at the control point of the nearest gantry angle; where it
        gives none the image is drawn alone.
    """
    name, case = _case(made, image, plan)
    number = int(case[model.rt_image_coord(name, model.IMAGE_NUMBERS[0])].item())
    figure = Figure(figsize=(_INCHES, _INCHES), layout="constrained")
    axes = figure.add_subplot()
    try:
        plot_beam(case, number, _nearest(case, name, number), rois=False, ax=axes)
    except RTXRError as error:
        axes.clear()
        case[name].squeeze(drop=True).plot.imshow(ax=axes, cmap="gray", add_colorbar=False)
        axes.set(aspect="equal", title="no aperture")
        axes.text(0.5, 0.02, str(error), transform=axes.transAxes, ha="center", wrap=True)
    return png(figure, _DPI)


def _nearest(case: xr.Dataset, name: str, beam: int) -> int:
    """Control point of the gantry angle that is nearest to that of the image."""
    angles = control_points(case, beam)["GantryAngle"].to_numpy(np.float64)
    gantry = case[model.rt_image_coord(name, model.IMAGE_ANGLES[0])].item()
    off = np.nan_to_num(np.abs((angles - gantry + 180) % 360 - 180), nan=360.0)
    return int(off.argmin()) if len(off) else 0


def _case(made: xr.Dataset, image: int, plan: pydicom.Dataset) -> tuple[str, xr.Dataset]:
    """The image and the plan alone, as a case."""
    uid, own = list(header_store.unpack(made).items())[image]
    for name in model.rt_image_names(made):
        uids = made[model.uid_name(name)].values
        if uid in uids:
            array = made[name].isel({model.rt_image_dims(name)[0]: uids == uid})
            treatment = encoded(duplicate(plan))
            known = {model.PLAN_UID: xr.Variable((), treatment.uid)}
            headers = header_store.pack([own, treatment])
            return name, array.to_dataset(name=name).assign_coords({**known, **headers})
    raise MissingDataError(f"there is no image {image}")
