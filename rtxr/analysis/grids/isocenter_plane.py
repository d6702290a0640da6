"""RT Images where they are seen: at the receptor, or scaled to the plane of the isocentre.

A point of the receptor system becomes one of the IEC GANTRY system by the receptor angle and the
translation (PS3.3 C.8.8.2); the ray through it meets the plane through the isocentre, parallel to
the receptor, at SAD / SID of its distance from the beam axis.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.errors import GeometryError, MissingDataError, UnknownNameError, did_you_mean
from rtxr.geometry import FloatArray, as_decimals

At = Literal["isocenter", "receptor"]
#: Images whose pixels are nearer than this to each other share a plane, mm.
_SAME_MM = 1e-4


def rt_image(
    ds: xr.Dataset, name: str = model.RT_IMAGE, image: int | None = None, *, at: At = "isocenter"
) -> xr.DataArray:
    """RT Images of a case with coordinates at the isocentre, or at the receptor as they are.

    Parameters
    ----------
    ds : Dataset
        A case.
    name : str, default: "rt_image"
        Which variable.
    image : int, optional
        Which image of it, by its place; all of them by default.
    at : {"isocenter", "receptor"}
        ``"receptor"`` gives the variable as the case has it. ``"isocenter"`` gives it with
        dimensions ``isocenter_y`` and ``isocenter_x``: mm from the beam axis in the plane through
        the isocentre, along the axes of the receptor, that is (receptor + translation) x SAD / SID;
        at receptor angle 0 they are x and y of the IEC GANTRY system. A translation or angle that
        is not known counts as 0. Lazy, as the variable is.

    Returns
    -------
    DataArray
        (image, isocenter_y, isocenter_x), or without ``image`` where one was chosen.

    Raises
    ------
    UnknownNameError
        No such variable, no such image, no such place.
    MissingDataError
        SID or SAD are not known, or the size of a pixel.
    GeometryError
        The images are not in one plane at the isocentre, so that one has to be chosen; or the image
        is turned against the receptor.
    """
    array = _chosen(ds, name, image)
    if at not in get_args(At):
        raise UnknownNameError(f"at={at!r}; {did_you_mean(str(at), get_args(At))}")
    if at == "receptor":
        return array
    _, *dims = model.rt_image_dims(name)
    scales, shifts = _to_isocenter(array, name)
    moved = {}
    for dim, shift in zip(dims, shifts, strict=True):
        axis = array.coords[dim]
        _require_receptor(axis)
        of_each = (np.atleast_1d(axis.values) + shift[:, None]) * scales[:, None]
        if np.ptp(of_each, axis=0).max(initial=0) > _SAME_MM:
            raise GeometryError(
                f"the {len(of_each)} images of {name!r} are not alike at the isocentre, as their "
                "SID, SAD or translation differ; choose one: ds.rt.rt_image(image=0)"
            )
        letter = dim[-1]
        attrs = {"units": "mm", "long_name": f"{letter} from the beam axis, at the isocentre"}
        values = as_decimals(of_each[0]).reshape(axis.shape)
        moved[f"isocenter_{letter}"] = xr.Variable(
            (f"isocenter_{letter}",) if axis.ndim else (), values, attrs
        )
    renamed = {dim: f"isocenter_{dim[-1]}" for dim in dims}
    return array.rename(renamed).assign_coords(moved)


def _chosen(ds: xr.Dataset, name: str, image: int | None) -> xr.DataArray:
    there = model.rt_image_names(ds)
    if name not in there:
        raise UnknownNameError(f"no RT Image variable {name!r}; {did_you_mean(name, there)}")
    array, along = ds[name], model.rt_image_dims(name)[0]
    if image is None:
        return array
    count = array.sizes.get(along, 1)
    if not -count <= image < count:
        raise UnknownNameError(
            f"{name!r} has {count} image(s): image=0 to {count - 1}, not {image}; see "
            "ds.rt.rt_images()"
        )
    return array.isel({along: image}) if along in array.dims else array


def _to_isocenter(array: xr.DataArray, name: str) -> tuple[FloatArray, tuple[FloatArray, ...]]:
    """SAD / SID and the shifts (y, x) in receptor mm of each image."""
    sid, sad = _values(array, name, model.SID), _values(array, name, model.SAD)
    scales: FloatArray = sad / sid
    if not (np.isfinite(scales) & (scales > 0)).all():
        coord = model.rt_image_coord(name, model.SID)
        raise MissingDataError(
            f"(3002,0026) RTImageSID or (3002,0022) RadiationMachineSAD of {name!r} is not known, "
            f"so it cannot be scaled to the isocentre; assign it, for example {coord}, with "
            "ds.assign_coords(...)"
        )
    angle = np.radians(np.nan_to_num(_values(array, name, model.RECEPTOR_ANGLE)))
    x, y = (np.nan_to_num(_values(array, name, each)) for each in model.TRANSLATION[:2])
    cos, sin = np.cos(angle), np.sin(angle)
    return scales, (cos * y - sin * x, cos * x + sin * y)


def _values(array: xr.DataArray, name: str, fact: str) -> FloatArray:
    coord: Any = array.coords.get(model.rt_image_coord(name, fact))
    return np.atleast_1d(np.asarray(np.nan if coord is None else coord.values, dtype=np.float64))


def _require_receptor(axis: xr.DataArray) -> None:
    """Raise unless a coordinate is in mm along an axis of the receptor."""
    if axis.attrs.get("units", "mm") != "mm":
        raise MissingDataError(
            "(3002,0011) ImagePlanePixelSpacing is not known, so that the coordinates count "
            "pixels; nothing can be said in mm"
        )
    if axis.attrs.get(model.AXES_OF, "receptor") != "receptor":
        raise GeometryError(
            "rows and columns of this image are turned against the receptor ((3002,000C) "
            "RTImagePlane, (3002,0010) RTImageOrientation); it has no place at the isocentre here"
        )
