"""The header of one source object, for those who want an element that nothing here reads."""

from __future__ import annotations

import numpy as np
import pydicom
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import MissingDataError, UnknownNameError, did_you_mean
from rtxr.read import headers


def header(ds: xr.Dataset, /, name: str = "image") -> pydicom.Dataset:
    """All that a source object says, but for pixels and contour points.

    Parameters
    ----------
    ds : Dataset
        A case with source headers.
    name : str, default: "image"
        ``"image"`` or another variable (``"dose_2"``), ``"structure_set"``, ``"plan"``, or a
        SOPInstanceUID. Of an image of several slices it is that of the first one along the stack;
        ``ds.sel(z=12.5, method="nearest").rt.header()`` is that of another.

    Returns
    -------
    pydicom.Dataset
        A copy: what is done to it changes nothing else. A private element is read by the name of
        its creator, ``header.private_block(0x3287, "MY LAB 1.0")[0x01].value``.

    Raises
    ------
    MissingDataError
        The Dataset carries no source headers, or none of this object, which was made in memory.
    UnknownNameError
        The case has no such object.
    """
    records = header_store.unpack(ds)
    uid = name if name in records else _uid(ds, name)
    if uid not in records:
        raise MissingDataError(f"{name!r} was made in memory: it has no source header")
    return headers.parse(records[uid])


def _uid(ds: xr.Dataset, name: str) -> str:
    """UID behind a name; of a stack that of its first slice."""
    named = {"structure_set": model.STRUCTURE_SET_UID, "plan": model.PLAN_UID}
    variables = [*filter(None, [model.image_name(ds)]), *model.dose_names(ds)]
    variables += model.rt_image_names(ds)
    if name == "image" and model.image_name(ds) is not None:
        name = str(model.image_name(ds))
    known = {**{each: model.uid_name(each) for each in variables}, **named}
    if name not in known:
        there = [each for each, coord in known.items() if coord in ds.coords]
        raise UnknownNameError(f"no object {name!r} in this case; {did_you_mean(name, there)}")
    uids = ds.coords.get(known[name])
    return "" if uids is None else str(np.ravel(uids.values)[0])
