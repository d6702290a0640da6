"""Image series (CT, MR, PT) to one lazy variable on its grid.

MR and PT images differ from CT by name, unit and rescale only; the geometry is the same
(PS3.3 C.7.6.2), so one reader serves all three. Patient Position plays no part: positions and
orientations alone say where voxels are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import cast, get_args

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.catalog.dynamic import Leading
from rtxr.errors import Finding, GeometryError
from rtxr.geometry import FloatArray, Grid, Layout, stack_grid
from rtxr.read.directions import direction_findings
from rtxr.read.even_stack import even_stack
from rtxr.read.headers import Header
from rtxr.read.labels import labelled_stacks
from rtxr.read.lazy import ArraySource, lazy_variable
from rtxr.read.part import Part
from rtxr.read.pixels import padding_findings
from rtxr.read.planes import PlaneStack, rescaled_dtype
from rtxr.read.slices import OnIrregular, Slice, placed_slices

#: Rescale Type (0028,1054) and PET Units (0054,1001) > unit, where it is not the modality's own.
_UNITS = {
    "BQML": "Bq/mL",
    "CNTS": "counts",
    "GML": "g/mL",
    "CM2ML": "cm2/mL",
    "ED": "10^23 electrons/mL",
    "EDW": "10^23 electrons/mL",
    "HU_MOD": "modified HU",
    "MGML": "mg/mL",
    "PCT": "%",
    "Z_EFF": "effective atomic number",
}


def read_image(
    headers: Sequence[Header],
    modality: str,
    *,
    on_irregular: str = "keep",
    cache: bool = True,
    leading: Sequence[Leading] = (),
    labels: Sequence[int] | None = None,
) -> Part:
    """Variable of one image series with its grid; no pixels are read.

    Elements read, besides those of :class:`rtxr.read.pixels.PixelFile`:

    =========== ======================= ====
    Tag         Keyword                 Type
    =========== ======================= ====
    (0018,1164) ImagerPixelSpacing      3
    (0020,0012) AcquisitionNumber       2
    (0020,0032) ImagePositionPatient    1
    (0020,0037) ImageOrientationPatient 1
    (0020,0052) FrameOfReferenceUID     1
    (0028,0030) PixelSpacing            1
    (0028,1052) RescaleIntercept        1
    (0028,1053) RescaleSlope            1
    (0028,1054) RescaleType             1C
    (0054,1001) Units                   1
    =========== ======================= ====

    Parameters
    ----------
    headers : sequence of Header
        One per file, in any order.
    modality : str
        Modality (0008,0060): ``"CT"``, ``"MR"`` or ``"PT"``.
    on_irregular : {"keep", "raise", "resample"}
        What to do with uneven, missing, duplicate or mixed slices: read them with Findings, every
        slice at its true position; refuse; or read them with Findings and put an uneven stack on
        even positions, as :mod:`rtxr.read.even_stack` does.
    cache : bool
        Keep values in memory once the whole variable was loaded.
    leading : sequence of Leading
        Leading dimensions of a dynamic series, outermost first.
    labels : sequence of int, optional
        For a dynamic series: which combination of labels each file belongs to, the last dimension
        varying fastest.

    Returns
    -------
    Part
        ``ct`` (z, y, x) in HU, its coordinates and the headers of its slices; of a dynamic
        series ``ct`` (temporal_position, z, y, x) with the labels as a coordinate.

    Raises
    ------
    GeometryError
        The files make no stack of slices, or ``on_irregular`` asks for what they do not allow.
    """
    name = _variable_name(modality)
    slices, findings = placed_slices(headers, labels)
    stack, leading, more = labelled_stacks(slices, leading, policy(on_irregular))
    findings += more
    lengths = tuple(len(each.labels) for each in leading)
    first = stack[: len(stack) // math.prod(lengths)]
    frame, more = _frame_of_reference(stack)
    findings += more
    grid, layout = stack_grid(
        np.array([each.position for each in first]),
        stack[0].orientation.tolist(),
        stack[0].pixel_spacing.tolist(),
        stack[0].shape,
        frame_of_reference_uid=frame,
    )
    findings += direction_findings(stack[0].orientation) + _shear_findings(grid)
    planes, more = _planes(stack, layout, lengths, modality)
    findings += more
    source: ArraySource = planes
    nearest = np.arange(len(first))
    if on_irregular == "resample":
        grid, source, nearest, more = even_stack(grid, layout.slice_dim, planes, len(leading))
        findings += more
    slice_dim = grid.dims[layout.slice_dim]
    per_slice = (*(each.name for each in leading), slice_dim)
    variable = lazy_variable(
        (*per_slice[:-1], *grid.dims),
        source,
        {"units": _unit(name, stack[0].header), "long_name": model.LONG_NAMES[name]},
        cache=cache,
        preferred_chunks=dict.fromkeys(per_slice, 1),
    )
    keys = np.array([each.key for each in stack], dtype=np.str_).reshape(*lengths, len(first))
    if layout.flip[layout.slice_dim]:
        keys = keys[..., ::-1]
    uid_attrs = {"long_name": "SOPInstanceUID of each slice"}
    return Part(
        data_vars={name: variable},
        coords={
            **model.grid_coords(grid),
            **{each.name: _label_coord(each) for each in leading},
            model.uid_name(name): xr.Variable(per_slice, keys[..., nearest], uid_attrs),
        },
        records=[replace(each.header.record, uid=each.key) for each in stack],
        findings=findings,
    )


def _label_coord(leading: Leading) -> xr.Variable:
    """Coordinate of a leading dimension: its labels, what they are and their unit."""
    unit = model.LEADING[leading.keyword][1] if leading.name != model.TIME_STEP else ""
    of_time = "order of " if leading.name == model.TIME_STEP else ""
    attrs = {"long_name": of_time + leading.keyword, **({"units": unit} if unit else {})}
    return xr.Variable((leading.name,), np.array(leading.labels), attrs)


def _variable_name(modality: str) -> str:
    if modality not in model.IMAGE_NAMES:
        raise GeometryError(
            f"image series of (0008,0060) Modality {modality!r} are not opened; "
            f"those of {', '.join(model.IMAGE_NAMES)} are"
        )
    return model.IMAGE_NAMES[modality]


def policy(on_irregular: str) -> OnIrregular:
    """The value checked.

    Raises
    ------
    GeometryError
        It is none of those that exist.
    """
    for known in get_args(OnIrregular):
        if on_irregular == known:
            return cast(OnIrregular, known)
    raise GeometryError(f"on_irregular must be 'keep', 'raise' or 'resample', not {on_irregular!r}")


def _frame_of_reference(stack: Sequence[Slice]) -> tuple[str, list[Finding]]:
    """Frame of Reference UID of most slices."""
    frames = Counter(each.header.text("FrameOfReferenceUID") for each in stack)
    frame = frames.most_common(1)[0][0]
    if len(frames) > 1:
        message = (
            f"the slices name {len(frames)} frames of reference ((0020,0052) "
            "FrameOfReferenceUID); the one of most slices was taken for all"
        )
        return frame, [Finding("several-frames-of-reference", "warning", message)]
    if not frame:
        message = "the slices have no (0020,0052) FrameOfReferenceUID"
        return "", [Finding("no-frame-of-reference", "info", message)]
    return frame, []


def _shear_findings(grid: Grid) -> list[Finding]:
    """A stack whose slices are not piled along their normal (tilted gantry)."""
    normal = np.cross(grid.matrix[:3, 0], grid.matrix[:3, 1])
    along = float(np.clip(abs(normal @ grid.matrix[:3, 2]), 0, 1))
    angle = np.degrees(np.arccos(along))
    if angle < 0.05:
        return []
    message = (
        f"the slices are piled at {angle:.1f} degrees to their normal (tilted gantry); the grid is "
        "sheared, its matrix in spatial_ref says how"
    )
    return [Finding("sheared-stack", "info", message)]


def _planes(
    stack: Sequence[Slice], layout: Layout, leading: tuple[int, ...], modality: str
) -> tuple[PlaneStack, list[Finding]]:
    files = tuple(each.pixels for each in stack)
    slopes, intercepts, findings = _rescale(stack, modality)
    findings += padding_findings(files)
    source = PlaneStack(
        files=files,
        file_of=np.arange(len(files)),
        frame_of=np.zeros(len(files), np.intp),
        slopes=slopes,
        intercepts=intercepts,
        dtype=rescaled_dtype(files, slopes, intercepts),
        layout=layout,
        leading=leading,
    )
    return source, findings


def _rescale(stack: Sequence[Slice], modality: str) -> tuple[FloatArray, FloatArray, list[Finding]]:
    """Slope and intercept of every slice; 1 and 0 where they are missing."""
    slopes = [each.header.number("RescaleSlope") for each in stack]
    intercepts = [each.header.number("RescaleIntercept") for each in stack]
    findings = []
    missing = sum(
        not slope or intercept is None for slope, intercept in zip(slopes, intercepts, strict=True)
    )
    if missing and modality != "MR":
        message = (
            f"{missing} slice(s) have no usable (0028,1053) RescaleSlope or (0028,1052) "
            "RescaleIntercept; 1 and 0 were used, so values may be stored ones"
        )
        findings.append(Finding("rescale-missing", "warning", message))
    table = sum(each.header.value("ModalityLUTSequence") is not None for each in stack)
    if table:
        message = f"(0028,3000) ModalityLUTSequence of {table} slice(s) was not applied"
        findings.append(Finding("modality-lut-ignored", "warning", message))
    return (
        np.array([slope or 1.0 for slope in slopes]),
        np.array([intercept or 0.0 for intercept in intercepts]),
        findings,
    )


def _unit(name: str, header: Header) -> str:
    keyword = "Units" if name == model.IMAGE_NAMES["PT"] else "RescaleType"
    return _UNITS.get(header.text(keyword), model.UNITS[name])
