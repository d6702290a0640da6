"""RT Images as objects to write: one per file that the images came from, with the frames left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import xarray as xr

from rtxr import model
from rtxr.errors import GeometryError
from rtxr.export.images import SPACING_TOLERANCE_MM, recomputed, rounded
from rtxr.export.objects import MADE_IN_MEMORY, Outgoing, Records, coded, source_of
from rtxr.export.rt_image_facts import changed_facts
from rtxr.geometry import FloatArray
from rtxr.iod import rt_image
from rtxr.iod.ct_image import POSITION_TOLERANCE_MM
from rtxr.iod.encoding import pixels
from rtxr.iod.encoding.raw import has_value, item, numbers_of, text_of
from rtxr.iod.tables import IODS
from rtxr.read.item_values import numbers, text
from rtxr.read.rt_images.receptor_plane import ReceptorPlane, receptor_plane

_FRAME = model.IMAGE_NUMBERS[-1]
_PLANS = "ReferencedRTPlanSequence"


def rt_image_objects(ds: xr.Dataset, records: Records) -> list[Outgoing]:
    """One object per source file of the RT Images of a case, or per image made in memory.

    Raises
    ------
    GeometryError
        Foreign dimensions, none left, rows or columns unevenly spaced or without coordinates, an
        image that is there twice.
    """
    found: list[Outgoing] = []
    for name in model.rt_image_names(ds):
        array = _on_receptor(ds[name], name)
        for uid, places in _files(array, name, records):
            some = array.isel({model.rt_image_dims(name)[0]: places})
            file_name = f"RTIMAGE_{len(found) + 1:04d}.dcm"
            found.append(_object(some, name, uid, records, file_name, model.plan_uid(ds)))
    return found


def _on_receptor(array: xr.DataArray, name: str) -> xr.DataArray:
    """The variable as (image, y, x), ascending, also where one of them was selected away."""
    dims = model.rt_image_dims(name)
    foreign = [dim for dim in array.dims if dim not in dims]
    if foreign:
        raise GeometryError(
            f"{name!r} has dimensions {foreign} beside {list(dims)}; select one with "
            f"ds.isel({foreign[0]}=0)"
        )
    lost = [dim for dim in dims[1:] if dim not in array.coords]
    if lost:
        raise GeometryError(f"{name!r} has no coordinates along {lost}: positions are not known")
    if not array.size:
        empty = [dim for dim in array.dims if not array.sizes[dim]]
        raise GeometryError(
            f"{name!r} is empty along {empty}; select some of it, or leave it out with "
            f"ds.drop_vars({name!r})"
        )
    array = array.expand_dims([dim for dim in dims if dim not in array.dims]).transpose(*dims)
    return array.sortby(list(dims[1:]))


def _files(
    array: xr.DataArray, name: str, records: Records
) -> Iterable[tuple[str, npt.NDArray[np.intp]]]:
    """Images by the file that they came from, frames in order; those of no file one by one."""
    uids = _along(array, model.uid_name(name))
    frames = _along(array, model.rt_image_coord(name, _FRAME))
    of_file: dict[str, list[int]] = {}
    for at in range(array.shape[0]):
        uid = "" if uids is None else str(uids[at])
        of_file.setdefault(uid if uid in records else f"-{at}", []).append(at)
    for uid, places in of_file.items():
        numbered = [at if frames is None else int(frames[at]) for at in places]
        if len(set(numbered)) < len(numbered):
            raise GeometryError(
                f"{name!r} has an image of file {uid} twice; give a copy a UID of its own in "
                f"{model.uid_name(name)!r}, or leave it out"
            )
        yield uid if uid in records else "", np.array(places)[np.argsort(numbered)]


def _along(array: xr.DataArray, coord: str) -> npt.NDArray[Any] | None:
    return np.atleast_1d(array.coords[coord].values) if coord in array.coords else None


def _object(
    array: xr.DataArray, name: str, uid: str, records: Records, file_name: str, plan_uid: str
) -> Outgoing:
    """One object with the values that differ from its header."""
    record, header = source_of(records, uid)
    is_file = coded(record, header) is not None
    described = header if is_file or _says_how_stored(header) else None
    plane = _source_plane(array, described)
    planes = plane.layout.store(array.values)
    encoded = pixels.encode_image(planes, described)
    corner, spacing = _placed(array, name, plane, header)
    values = {
        **rt_image.pixel_values(corner, spacing, planes.shape[1:], header),
        **encoded.attributes,
        **_typed(encoded.attributes, header),
        **_frames(array, name, header),
    }
    facts, told = changed_facts(array, name, record, header)
    values |= facts
    if header is None and "ReferencedBeamNumber" in facts and plan_uid:
        values[_PLANS] = [_reference(plan_uid, records)]
    return Outgoing(
        variable=name,
        iod=IODS["RTIMAGE"],
        file_name=file_name,
        record=record,
        header=header,
        values=values,
        pixels=encoded.stored[0] if len(planes) == 1 else encoded.stored,
        own_uid=record is not None,
        edited=bool(values) or record is None,
        changes=recomputed(values) if is_file else (MADE_IN_MEMORY,),
        findings=(*encoded.findings, *rounded(planes, encoded), *told),
    )


def _reference(plan_uid: str, records: Records) -> pydicom.Dataset:
    """Item that names the plan of the case."""
    sop_class = text_of(source_of(records, plan_uid)[1], "SOPClassUID")
    return item(
        ReferencedSOPClassUID=sop_class or IODS["RTPLAN"].sop_class_uid,
        ReferencedSOPInstanceUID=plan_uid,
    )


def _says_how_stored(header: pydicom.Dataset | None) -> bool:
    """Whether a header, also one made in memory, says how pixels are stored."""
    return header is not None and has_value(header, "BitsAllocated")


def _source_plane(array: xr.DataArray, header: pydicom.Dataset | None) -> ReceptorPlane:
    """Where the source's pixels are; of an image without header, where these would be."""
    shape = array.shape[1:]
    if header is None:
        return receptor_plane(lambda _: np.empty(0), "", (shape[0], shape[1]))[0]
    sizes = [numbers_of(header, keyword) for keyword in ("Rows", "Columns")]
    rows, columns = (int(size[0]) if size else n for size, n in zip(sizes, shape, strict=True))
    plane, _ = receptor_plane(
        partial(numbers, header), text(header, "RTImagePlane"), (rows, columns)
    )
    return plane


def _placed(
    array: xr.DataArray, name: str, plane: ReceptorPlane, header: pydicom.Dataset | None
) -> tuple[list[float] | None, list[float] | None]:
    """Upper left pixel and spacing; None where they are the source's, or not known."""
    _, dim_y, dim_x = model.rt_image_dims(name)
    y, x = (np.asarray(array.coords[dim].values, np.float64) for dim in (dim_y, dim_x))
    if array.coords[dim_x].attrs.get("units", "mm") != "mm":
        return None, None
    first = _first(plane, y, x)
    stated = numbers_of(header, "ImagePlanePixelSpacing")
    steps = [_step(axis, dim) for axis, dim in ((y, dim_y), (x, dim_x))]
    if plane.layout.order[1] == 2:
        steps.reverse()
    spacing = [step if step is not None else _stated(stated, at) for at, step in enumerate(steps)]
    if header is None:
        return first.tolist(), spacing
    shift = first - _first(plane, plane.y, plane.x)
    moved = bool(np.abs(shift).max() > POSITION_TOLERANCE_MM)
    if not plane.is_receptor:  # x runs along the rows, y against the columns
        shift = shift[0] * plane.cosines[:2] - shift[1] * plane.cosines[3:5]
        first = plane.corner[:2] + shift
    return (first.tolist() if moved else None), spacing


def _first(plane: ReceptorPlane, y: FloatArray, x: FloatArray) -> FloatArray:
    """The pixel that is stored first: x, y."""
    return np.array([x[-1 if plane.layout.flip[2] else 0], y[-1 if plane.layout.flip[1] else 0]])


def _step(axis: FloatArray, dim: str) -> float | None:
    """Distance of neighbours, mm; None of a single one."""
    steps = np.diff(axis)
    if not len(steps):
        return None
    if np.ptp(steps) > SPACING_TOLERANCE_MM:
        raise GeometryError(
            f"coordinate {dim!r} is not evenly spaced ({steps.min():.4g} to {steps.max():.4g} mm); "
            "(3002,0011) ImagePlanePixelSpacing needs one value: interpolate first"
        )
    return float(np.ptp(axis)) / len(steps)


def _stated(spacing: Sequence[float], at: int) -> float:
    if len(spacing) != 2:
        raise GeometryError(
            "one row or column is left and no header says how large it is; "
            "(3002,0011) ImagePlanePixelSpacing cannot be told"
        )
    return float(spacing[at])


def _typed(attributes: Mapping[str, Any], header: pydicom.Dataset | None) -> dict[str, str]:
    """Rescale Type, which goes with a slope that the source did not have (PS3.3 C.11.1)."""
    missing = "RescaleSlope" in attributes and not text_of(header, "RescaleType")
    return {"RescaleType": "US"} if missing else {}


def _frames(array: xr.DataArray, name: str, header: pydicom.Dataset | None) -> dict[str, Any]:
    """What a file says of its frames, where some of them are left out."""
    count = array.shape[0]
    stated = int((numbers_of(header, "NumberOfFrames") or [1])[0])
    frames = _along(array, model.rt_image_coord(name, _FRAME))
    if header is None or count == stated:
        return {}
    kept = list(range(1, count + 1)) if frames is None else [int(each) for each in frames]
    values: dict[str, Any] = {"NumberOfFrames": count}
    times = numbers_of(header, "FrameTimeVector")
    if len(times) == stated:  # times since the frame before
        at = np.cumsum(times)[np.array(kept) - 1]
        values["FrameTimeVector"] = np.diff(at, prepend=at[:1]).tolist()
    return values
