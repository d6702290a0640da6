"""RT Dose: the dose grid as a lazy variable in Gy, and the table of doses.

Where the frames are follows PS3.3 C.8.8.3.2; the real files that do not are met with a stated rule
and a Finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import Finding, GeometryError, MissingDataError
from rtxr.geometry import FloatArray, Grid, Layout, slice_normal, stack_grid
from rtxr.read.headers import Header, parse
from rtxr.read.lazy import lazy_variable
from rtxr.read.part import Part
from rtxr.read.pixels import PixelFile, pixel_file
from rtxr.read.planes import PlaneStack

#: First offset and z of ImagePositionPatient count as equal within this, mm.
_SAME_MM = 0.01
_GRAY = frozenset({"GY", "GRAY", "GYS"})
_UNITS = {"RELATIVE": "1", "CGY": "cGy", "PERCENT": "%"}


def has_grid(header: Header) -> bool:
    """Whether the file holds a dose grid (some hold a header, or DVHs, alone)."""
    return header.pixels is not None and header.pixels.length > 0


def read_dose(
    header: Header, name: str = model.DOSE, *, shared: Grid | None = None, cache: bool = True
) -> Part:
    """Variable of one dose with its grid; no dose value is read.

    Elements read, besides those of :class:`rtxr.read.pixels.PixelFile`:

    =========== ======================= ====
    Tag         Keyword                 Type
    =========== ======================= ====
    (0018,0050) SliceThickness          2
    (0020,0032) ImagePositionPatient    1C
    (0020,0037) ImageOrientationPatient 1C
    (0020,0052) FrameOfReferenceUID     1
    (0028,0030) PixelSpacing            1C
    (3004,0002) DoseUnits               1C
    (3004,0004) DoseType                1C
    (3004,000A) DoseSummationType       1
    (3004,000C) GridFrameOffsetVector   1C
    (3004,000E) DoseGridScaling         1C
    =========== ======================= ====

    Parameters
    ----------
    header : Header
        Of one RT Dose file with a grid.
    name : str
        ``"dose"``, ``"dose_2"``, …
    shared : Grid, optional
        Grid of ``dose``; where this dose has the same one, it uses its dimensions.
    cache : bool
        Keep values in memory once the whole variable was loaded.

    Returns
    -------
    Part
        ``dose`` (dose_z, dose_y, dose_x), float64, in Gy: stored integer x DoseGridScaling.

    Raises
    ------
    GeometryError
        The frames make no grid.
    MissingDataError
        DoseGridScaling is missing.
    PixelDecodeError
        There is no grid, or not what is needed to read it.
    """
    file = pixel_file(header)
    grid, layout, frames, findings = dose_grid(header, file, model.prefix_of(name))
    file = replace(file, frames=max(file.frames, frames))
    scaling = _scaling(header)
    units, more = _units(header)
    source = PlaneStack(
        files=(file,),
        file_of=np.zeros(frames, np.intp),
        frame_of=np.arange(frames),
        slopes=np.full(frames, scaling),
        intercepts=np.zeros(frames),
        dtype=np.dtype(np.float64),
        layout=layout,
    )
    coords = model.grid_coords(grid)
    dims = grid.dims
    if shared is not None and _is_same(grid, shared):
        coords, dims = {}, shared.dims
    attrs = {"units": units, "long_name": model.LONG_NAMES[model.DOSE]}
    for keyword in ("DoseSummationType", "DoseType", "DoseUnits"):
        attrs[keyword] = header.text(keyword)
    variable = lazy_variable(
        dims, source, attrs, cache=cache, preferred_chunks=_whole(dims, source)
    )
    uid = xr.Variable((), np.array(header.record.uid, np.str_), {"long_name": "SOPInstanceUID"})
    return Part(
        data_vars={name: variable},
        coords={**coords, model.uid_name(name): uid},
        records=[header.record],
        findings=[
            replace(each, uid=header.record.uid, path=header.record.path)
            for each in (*findings, *more)
        ],
    )


def _whole(dims: Sequence[str], source: PlaneStack) -> dict[str, int]:
    """One chunk: dose grids are small and computed with as a whole."""
    return dict(zip(dims, source.shape, strict=True))


def _is_same(grid: Grid, shared: Grid) -> bool:
    frames = {grid.frame_of_reference_uid, shared.frame_of_reference_uid}
    return len(frames - {""}) < 2 and grid.same_as(shared)


def dose_grid(
    header: Header, file: PixelFile, prefix: str
) -> tuple[Grid, Layout, int, list[Finding]]:
    """Grid of a dose, how its frames are presented, and how many frames it has.

    Raises
    ------
    GeometryError
        Position, orientation or spacing are missing, or the frames are in no order.
    """
    position = _vector(header, "ImagePositionPatient", "(0020,0032)", 3)
    orientation = _vector(header, "ImageOrientationPatient", "(0020,0037)", 6)
    spacing = _vector(header, "PixelSpacing", "(0028,0030)", 2)
    offsets, findings = frame_offsets(header, _frames_held(header, file))
    positions, more = frame_positions(position, orientation, offsets)
    try:
        grid, layout = stack_grid(
            positions,
            orientation.tolist(),
            spacing.tolist(),
            (file.rows, file.columns),
            prefix=prefix,
            frame_of_reference_uid=header.text("FrameOfReferenceUID"),
        )
    except GeometryError as error:
        raise GeometryError(f"{header.record.path}: {error}") from error
    return grid, layout, len(offsets), [*findings, *more]


def _vector(header: Header, keyword: str, tag: str, size: int) -> FloatArray:
    numbers = header.numbers(keyword)
    if len(numbers) != size or not np.isfinite(numbers).all():
        raise GeometryError(
            f"{header.record.path}: {tag} {keyword} must hold {size} numbers and holds "
            f"{np.isfinite(numbers).sum()}; the dose cannot be placed in the patient"
        )
    return numbers


def _frames_held(header: Header, file: PixelFile) -> int:
    """Frames that PixelData holds; as NumberOfFrames says where they are compressed."""
    if file.span.encapsulated:
        return file.frames
    return max(file.span.length // file.frame_bytes, 1)


def frame_offsets(header: Header, held: int) -> tuple[FloatArray, list[Finding]]:
    """Grid Frame Offset Vector (3004,000C) of the frames that can be read.

    Parameters
    ----------
    header : Header
        Of the dose.
    held : int
        Frames that PixelData holds.

    Returns
    -------
    offsets : ndarray, (frames,)
        As stored; 0 for a single frame without any; multiples of SliceThickness where the vector
        is missing.
    findings : list of Finding
        Counts that disagree, a missing vector.

    Raises
    ------
    GeometryError
        Several frames and neither offsets nor a slice thickness.
    """
    offsets = header.numbers("GridFrameOffsetVector")
    stated = header.integer("NumberOfFrames") or max(len(offsets), 1)
    findings = []
    if len(offsets) == 0 and stated > 1:
        thickness = header.number("SliceThickness")
        if not thickness:
            raise GeometryError(
                f"{header.record.path}: {stated} frames and neither (3004,000C) "
                "GridFrameOffsetVector nor (0018,0050) SliceThickness say where they are"
            )
        offsets = np.arange(stated) * thickness
        message = (
            "(3004,000C) GridFrameOffsetVector is missing; frames were placed one (0018,0050) "
            "SliceThickness apart"
        )
        findings.append(Finding("frame-offsets-missing", "warning", message))
    elif len(offsets) == 0:
        offsets = np.zeros(1)
    frames = min(stated, len(offsets), held)
    if not frames == stated == len(offsets):
        message = (
            f"(0028,0008) NumberOfFrames says {stated}, (3004,000C) GridFrameOffsetVector has "
            f"{len(offsets)} values and (7FE0,0010) PixelData holds {held} frame(s); the first "
            f"{frames} were used"
        )
        findings.append(Finding("frame-count-mismatch", "warning", message))
    return offsets[:frames], findings


def frame_positions(
    position: FloatArray, orientation: FloatArray, offsets: FloatArray
) -> tuple[FloatArray, list[Finding]]:
    """Image Position (Patient) of every frame, by PS3.3 C.8.8.3.2.

    Offsets are relative when the first is 0, and patient z when the first equals the z of
    ImagePositionPatient on an axial grid. Anything else is taken relative to its first value.

    Parameters
    ----------
    position : ndarray, (3,)
        Image Position (Patient), mm.
    orientation : ndarray, (6,)
        Image Orientation (Patient).
    offsets : ndarray, (frames,)
        Grid Frame Offset Vector, mm.

    Returns
    -------
    positions : ndarray, (frames, 3)
        Patient LPS, mm.
    findings : list of Finding
        Empty where the vector follows the Standard.
    """
    normal = slice_normal(orientation)
    first = float(offsets[0])
    findings = []
    if first == 0:
        distances = offsets
    elif abs(first - position[2]) <= _SAME_MM and abs(abs(normal[2]) - 1) < 1e-6:
        distances = (offsets - position[2]) * np.sign(normal[2])
    else:
        distances = offsets - first
        message = (
            "(3004,000C) GridFrameOffsetVector begins neither with 0 nor with the z of (0020,0032) "
            f"ImagePositionPatient but with {first:g}; it was taken relative to its first value"
        )
        findings.append(Finding("frame-offsets-odd", "warning", message))
    return position + distances[:, None] * normal, findings


def _scaling(header: Header) -> float:
    scaling = header.number("DoseGridScaling")
    if scaling is None:
        raise MissingDataError(
            f"{header.record.path}: (3004,000E) DoseGridScaling is missing, so its stored integers "
            "cannot be turned into Gy; add it to a copy of the file, or leave the dose out with "
            f"index.drop(SOPInstanceUID={header.record.uid!r})"
        )
    return scaling


def _units(header: Header) -> tuple[str, list[Finding]]:
    """Unit of the dose, with a Finding where it is not plainly Gy."""
    stored = header.text("DoseUnits").upper()
    if stored == "GY":
        return "Gy", []
    if stored in _GRAY or not stored:
        message = f"(3004,0002) DoseUnits is {stored or 'missing'}; taken as GY"
        return "Gy", [Finding("dose-units", "info", message)]
    units = _UNITS.get(stored, stored.lower())
    message = (
        f"(3004,0002) DoseUnits is {stored}; values are stored ones x DoseGridScaling in unit "
        f"{units!r}, not in Gy"
    )
    return units, [Finding("dose-units", "warning", message)]


def doses(ds: xr.Dataset) -> pd.DataFrame:
    """Doses of a case, one row per dose variable.

    Parameters
    ----------
    ds : Dataset
        A case.

    Returns
    -------
    DataFrame
        Index ``name`` (``dose``, ``dose_2``, …); columns DoseSummationType, DoseType, DoseUnits,
        ReferencedRTPlan (SOPInstanceUID), ReferencedBeamNumber and ReferencedFractionGroupNumber
        (tuples), shape and spacing (tuples along the dimensions, mm), SOPInstanceUID.
    """
    rows = {name: _dose_row(ds, name) for name in model.dose_names(ds)}
    columns = [
        "DoseSummationType",
        "DoseType",
        "DoseUnits",
        "ReferencedRTPlan",
        "ReferencedFractionGroupNumber",
        "ReferencedBeamNumber",
        "shape",
        "spacing",
        "SOPInstanceUID",
    ]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis(index="name")


def _dose_row(ds: xr.Dataset, name: str) -> list[object]:
    array = ds[name]
    grid = model.grid_of(array)
    uid_coord = model.uid_name(name)
    uid = str(ds[uid_coord].values) if uid_coord in ds.coords else ""
    plans, fractions, beams = _references(ds, uid)
    types = [
        str(array.attrs.get(key, "")) for key in ("DoseSummationType", "DoseType", "DoseUnits")
    ]
    shape = tuple(array.sizes.get(dim, 1) for dim in grid.dims)
    return [*types, plans, fractions, beams, shape, grid.spacing, uid]


def _references(ds: xr.Dataset, uid: str) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """Plan, fraction groups and beams that a dose refers to (ReferencedRTPlanSequence)."""
    records = header_store.unpack(ds, [uid]) if header_store.has_headers(ds) else {}
    if uid not in records:
        return "", (), ()
    plans: list[str] = []
    fractions: list[int] = []
    beams: list[int] = []
    for plan in parse(records[uid]).get("ReferencedRTPlanSequence") or []:
        plans.append(str(plan.get("ReferencedSOPInstanceUID", "")))
        for group in plan.get("ReferencedFractionGroupSequence") or []:
            fractions.append(int(group.get("ReferencedFractionGroupNumber", 0) or 0))
            for beam in group.get("ReferencedBeamSequence") or []:
                beams.append(int(beam.get("ReferencedBeamNumber", 0) or 0))
    return "\\".join(plans), tuple(fractions), tuple(beams)
