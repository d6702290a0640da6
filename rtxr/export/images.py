"""Slices of the image variable as objects to write."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pydicom
import xarray as xr
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless

from rtxr import model
from rtxr.errors import Finding, GeometryError, RTXRError
from rtxr.export.labels import is_labelled, relabelled, unclaimed
from rtxr.export.objects import MADE_IN_MEMORY, Outgoing, Records, coded, source_of
from rtxr.export.slice_sources import Known, SliceSource, slice_sources
from rtxr.export.unread import unread_planes
from rtxr.geometry import FloatArray, Grid, layout_for, own_orientation, slice_normal, slice_origins
from rtxr.header_store import Record
from rtxr.iod import ct_image
from rtxr.iod.encoding import pixels
from rtxr.iod.encoding.raw import numbers_of, text_of
from rtxr.iod.tables import IODS, iod_for
from rtxr.read.files import file_size

#: Rows and columns must be evenly spaced to this many mm for one Pixel Spacing to describe them.
SPACING_TOLERANCE_MM = 1e-3
#: Differences below this part of a step are those of floating point, not of rounding.
ROUNDING = 1e-3
#: Lossy compression by transfer syntax (PS3.3 C.7.6.1.1.5.1). JPEG 2000 may be either: its files
#: are left to say so themselves.
LOSSY_METHODS = {
    str(JPEGBaseline8Bit): "ISO_10918_1",
    str(JPEGExtended12Bit): "ISO_10918_1",
    str(JPEGLSNearLossless): "ISO_14495_1",
}


def image_objects(ds: xr.Dataset, records: Records) -> list[Outgoing]:
    """One object per slice of the image, in ascending order along its stack.

    Of a dynamic series, label by label of its leading dimensions.

    Raises
    ------
    GeometryError
        Rows or columns unevenly spaced, foreign dimensions, labels without headers of their own,
        an orientation that does not fit.
    """
    name = model.image_name(ds)
    if name is None:
        return []
    found: list[Outgoing] = []
    for stack, known in _labels(on_grid_only(ds, name), records):
        known = known or dict(_of_modality(records, name))  # noqa: PLW2901
        found += _counted(_stack_objects(stack, known, first=len(found)))
    return _numbered(found)


def _labels(array: xr.DataArray, records: Records) -> list[tuple[xr.DataArray, Known]]:
    """The stack of each label with its sources; of a plain image itself."""
    dims = model.leading_dims(array)
    if not dims:
        return [(array, _known(array, records))]
    lengths = [array.sizes[dim] for dim in dims]
    stacks = [array.isel(dict(zip(dims, at, strict=True))) for at in np.ndindex(*lengths)]
    own = [_known(stack, records) for stack in stacks]
    if not all(own) or sum(map(len, own)) > len(set().union(*own)):
        raise GeometryError(
            f"{array.name!r} has the dimensions {dims} beside its grid, and labels without source "
            "headers of their own: nothing in the files would tell them apart; select one with "
            f"ds.isel({dims[0]}=0)"
        )
    return list(zip(stacks, own, strict=True))


def _stack_objects(array: xr.DataArray, known: Known, first: int) -> list[Outgoing]:
    """One object per slice of one stack; their files are numbered on from ``first``."""
    name, grid = str(array.name), model.grid_of(array)
    uids = _uids(array, grid)
    orientation = _orientation(known, grid)
    layout = layout_for(grid, orientation)
    positions, cosines = slice_origins(grid, layout)
    if layout.flip[layout.slice_dim]:
        positions = positions[::-1]
    sources = slice_sources(known, uids, positions, cosines)
    spacing = pixel_spacing(grid, layout.order, sources[0].header)
    other = any(each.why or coded(each.record, each.header) is None for each in sources)
    step = _step(positions, cosines) if other else None
    along = grid.dims[layout.slice_dim]
    unread = unread_planes(array, layout)
    found = []
    for at, (position, source) in enumerate(zip(positions, sources, strict=True)):
        encoded = None
        if unread is not None:
            encoded = unread.encoded(at, source.record, coded(source.record, source.header))
        if encoded is None:
            plane = layout.store(array.isel({along: [at]}).values)[0]
            encoded = _encoded(plane, source, name)
        found.append(_slice(name, first + at, encoded, source, (position, cosines, spacing, step)))
    derived = {"FrameOfReferenceUID": grid.frame_of_reference_uid}
    return [_labelled(replace(each, derived=derived), array) for each in found]


def _labelled(each: Outgoing, array: xr.DataArray) -> Outgoing:
    """A slice with the labels that its stack was given in memory."""
    values, told = relabelled(array, each.header)
    values = {keyword: value for keyword, value in values.items() if keyword not in each.values}
    if not values and not told:
        return each
    return replace(
        each,
        values={**each.values, **values},
        changes=(*each.changes, *recomputed(values)),
        findings=(*each.findings, *told),
    )


def _counted(slices: list[Outgoing]) -> list[Outgoing]:
    """The slices of a PET series that never was one of files, counted (PS3.3 C.8.9.1, C.8.9.4)."""
    return [
        replace(each, values={**each.values, "NumberOfSlices": len(slices), "ImageIndex": number})
        if each.is_made and "ImageIndex" in each.iod.keywords
        else each
        for number, each in enumerate(slices, start=1)
    ]


def on_grid_only(ds: xr.Dataset, name: str) -> xr.DataArray:
    """The variable, ascending, if it has no dimension but those of its grid.

    An image may have leading dimensions if its UIDs have them, or if they are named for an
    attribute of its files: each slice then is an object.

    Raises
    ------
    GeometryError
        Another dimension, such as one that ``concat`` or ``expand_dims`` added.
    RTXRError
        Values that are no real numbers.
    """
    if ds[name].dtype.kind not in "biuf":
        raise RTXRError(
            f"{name!r} holds {ds[name].dtype} values, and pixels are real numbers: make them so, "
            f"such as with abs(ds.{name}) or ds.{name}.astype(float)"
        )
    if not all(ds[name].shape):
        raise GeometryError(
            f"{name!r} is empty along {[str(d) for d, n in ds[name].sizes.items() if not n]}; "
            f"select some of it, or leave it out with ds.drop_vars({name!r})"
        )
    array = model.ascending(ds[name])
    labelled: set[Hashable] = set()
    if name in model.IMAGE_NAMES.values():
        uid = array.coords.get(model.uid_name(name))
        named = (dim for dim, _ in model.LEADING.values() if dim in array.coords)
        labelled = set(named if uid is None else uid.dims)
    foreign = [dim for dim in model.leading_dims(array) if dim not in labelled]
    if foreign:
        raise GeometryError(
            f"{name!r} has dimensions {foreign} beside its grid; one DICOM series holds one stack: "
            f"select one with ds.isel({foreign[0]}=0) (xr.concat along one grid leaves the other "
            "alone with data_vars='minimal', coords='minimal', compat='override')"
        )
    return array


def pixel_spacing(
    grid: Grid, order: tuple[int, int, int], header: pydicom.Dataset | None
) -> tuple[float, float]:
    """Row spacing and column spacing, mm, of an ascending grid stored in this order.

    A single row or column has the spacing its header says, as coordinates cannot tell.

    Raises
    ------
    GeometryError
        Rows or columns are not evenly spaced, or there is a single one and no header.
    """
    stated = numbers_of(header, "PixelSpacing")
    found = []
    for stored in (1, 2):
        dim = order.index(stored)
        steps = np.diff(grid.axes[dim])
        if len(steps) and np.ptp(steps) > SPACING_TOLERANCE_MM:
            raise GeometryError(
                f"coordinate {grid.dims[dim]!r} is not evenly spaced ({steps.min():.4g} to "
                f"{steps.max():.4g} mm); (0028,0030) PixelSpacing needs one value: resample first"
            )
        if not len(steps) and not stated:
            raise GeometryError(
                f"{grid.dims[dim]!r} has one position and no header says how wide it is; "
                "(0028,0030) PixelSpacing cannot be told"
            )
        # The mean step, from the ends: the digits of the coordinates, not of their differences.
        step = np.ptp(grid.axes[dim]) / len(steps) if len(steps) else stated[stored - 1]
        found.append(float(step))
    return found[0], found[1]


def _step(positions: FloatArray, cosines: FloatArray) -> float | None:
    """Distance of neighbouring slices along their normal, mm; None where it is not one."""
    steps = np.abs(np.diff(positions @ slice_normal(cosines)))
    return float(steps.mean()) if len(steps) and np.ptp(steps) <= SPACING_TOLERANCE_MM else None


def _uids(array: xr.DataArray, grid: Grid) -> list[str]:
    """SOPInstanceUIDs in ascending order of the slices; empty where the coordinate is lost."""
    coordinate = array.coords.get(model.uid_name(str(array.name)))
    if coordinate is None or (coordinate.ndim and coordinate.dims[0] not in grid.dims):
        return []
    return [str(uid) for uid in np.atleast_1d(coordinate.values)]


def _known(array: xr.DataArray, records: Records) -> Known:
    """Sources of a stack: by the UIDs of its slices; where those are lost, by its label."""
    own = [uid for uid in dict.fromkeys(_uids(array, model.grid_of(array))) if uid in records]
    if own:
        return {uid: source_of(records, uid) for uid in own}
    labels = {
        keyword: array.coords[dim].item()
        for keyword, (dim, _) in model.LEADING.items()
        if dim in array.coords and array.coords[dim].ndim == 0
    }
    of_modality = _of_modality(records, str(array.name)) if labels else ()
    return {
        uid: source
        for uid, source in of_modality
        if all(is_labelled(source[1], keyword, label) for keyword, label in labels.items())
    }


def _orientation(known: Known, grid: Grid) -> list[float]:
    """Image Orientation of the source; else the grid's own rows and columns."""
    for _, header in list(known.values())[:1]:
        if cosines := numbers_of(header, "ImageOrientationPatient"):
            return cosines
    return own_orientation(grid)


def _of_modality(
    records: Records, name: str
) -> Iterator[tuple[str, tuple[Record | None, pydicom.Dataset | None]]]:
    """Sources that are images of the variable's modality, by UID."""
    for uid in records:
        source = source_of(records, uid)
        if model.IMAGE_NAMES.get(text_of(source[1], "Modality")) == name:
            yield uid, source


def _encoded(plane: npt.NDArray[np.generic], source: SliceSource, name: str) -> pixels.Encoded:
    """Values of a slice as stored integers, and what there is to say about them."""
    described = coded(source.record, source.header)
    encoded = pixels.encode_image(plane, described, modality=_modality(name))
    return replace(encoded, findings=(*encoded.findings, *rounded(plane, encoded)))


def _modality(name: str) -> str:
    return next(key for key, value in model.IMAGE_NAMES.items() if value == name)


def _slice(
    name: str,
    at: int,
    encoded: pixels.Encoded,
    source: SliceSource,
    geometry: tuple[FloatArray, FloatArray, tuple[float, float], float | None],
) -> Outgoing:
    """One slice with the values that differ from its header."""
    record, header = source.record, source.header
    modality, plane = _modality(name), encoded.stored
    iod = IODS[modality] if header is None else iod_for(text_of(header, "SOPClassUID"))
    position, cosines, spacing, step = geometry
    described = coded(record, header)
    values = ct_image.plane_values(position, cosines, spacing, described, slice_spacing=step)
    values |= encoded.attributes
    if described is None and text_of(header, "SliceThickness"):
        values.pop("SliceThickness", None)  # slices may be thinner than their distance, or thicker
    if plane.shape != (*numbers_of(header, "Rows"), *numbers_of(header, "Columns")):
        values |= {"Rows": plane.shape[0], "Columns": plane.shape[1]}
    compression = _compression(record, header)
    findings = list(encoded.findings)
    if compression:
        text = f"{', '.join(compression)} were missing from a lossy source and are added"
        findings.append(Finding("added-derived", "info", text))
    taken, noticed = unclaimed(header, source.twins, iod) if header is not None else ({}, [])
    reasons = [source.why] if source.why else []
    reasons += [f"its labels are removed: {', '.join(taken)}"] if taken else []
    return Outgoing(
        variable=name,
        iod=iod,
        file_name=f"{modality}_{at + 1:04d}.dcm",
        record=record,
        header=header,
        values={**values, **compression, **taken},
        pixels=encoded.stored,
        as_read=encoded.as_read,
        own_uid=not source.why,
        edited=bool(values or source.why),
        changes=(*reasons, *(recomputed(values) if described is not None else (MADE_IN_MEMORY,))),
        findings=(*findings, *noticed),
    )


def recomputed(values: Mapping[str, object]) -> tuple[str, ...]:
    """The change that values computed from the arrays stand for, if there are any."""
    return ("recomputed: " + ", ".join(values),) if values else ()


def rounded(plane: npt.NDArray[np.generic], encoded: pixels.Encoded) -> list[Finding]:
    """A finding where a new scaling cannot hold the values exactly."""
    if "RescaleSlope" not in encoded.attributes:
        return []
    slope = float(encoded.attributes["RescaleSlope"])
    stored = encoded.stored * slope + float(encoded.attributes["RescaleIntercept"])
    if np.abs(stored - plane.astype(np.float64)).max() <= ROUNDING * abs(slope):
        return []
    text = (
        "the values do not fit stored integers exactly; they are rounded to half a step of the "
        "new (0028,1053) RescaleSlope"
    )
    return [Finding("values-rounded", "warning", text)]


def _compression(record: Record | None, header: pydicom.Dataset | None) -> dict[str, object]:
    """What PS3.3 C.7.6.1.1.5 asks of an image that was ever lossy, where its source is silent."""
    syntax = str(getattr(getattr(header, "file_meta", None), "TransferSyntaxUID", ""))
    if record is None or header is None or syntax not in LOSSY_METHODS:
        return {}
    if header.get("LossyImageCompression") == "01":
        return {}
    plain = header.Rows * header.Columns * header.BitsAllocated / 8
    try:
        ratio = plain / file_size(record.path)
    except OSError:
        ratio = 1.0
    return {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": f"{max(ratio, 1.0):.2f}",
        "LossyImageCompressionMethod": LOSSY_METHODS[syntax],
    }


def _numbered(slices: list[Outgoing]) -> list[Outgoing]:
    """Number the slices anew where one of them borrows its neighbour's header."""
    if all(each.own_uid for each in slices):
        return slices
    return [
        replace(each, values={**each.values, "InstanceNumber": number})
        for number, each in enumerate(slices, start=1)
    ]
