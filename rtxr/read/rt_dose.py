"""RT Dose: the dose grid as a lazy variable in Gy, and the table of doses.

The DVHs stored in RT Dose files are read in :mod:`rtxr.read.dvh_sequence` and offered here.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import Finding, MissingDataError
from rtxr.geometry import Grid
from rtxr.model import DOSE_UNITS_PER_GRAY
from rtxr.read.dose_grid import dose_grid
from rtxr.read.dvh_sequence import stored_dvh
from rtxr.read.headers import Header, parse
from rtxr.read.item_values import integer, items, text
from rtxr.read.lazy import lazy_variable
from rtxr.read.part import Part
from rtxr.read.pixels import pixel_file
from rtxr.read.planes import PlaneStack

__all__ = ["doses", "has_grid", "read_dose", "stored_dvh"]

_GRAY = frozenset({"GY", "GRAY", "GYS"})
_UNITS = {"RELATIVE": "1", "PERCENT": "%"}


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
        ``dose`` (dose_z, dose_y, dose_x), float64, in Gy: stored integer x DoseGridScaling, and
        / 100 where DoseUnits is CGY (no term of the Standard, but met). A relative dose stays as
        it is; ``attrs["units"]`` and ``attrs["DoseUnits"]`` describe the values here.

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
    units, per_unit, more = _units(header)
    scaling = _scaling(header) / per_unit
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
    if per_unit != 1:
        attrs["DoseUnits"] = "GY"
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


def _whole(dims: Sequence[str], source: PlaneStack) -> dict[Hashable, int]:
    """One chunk: dose grids are small and computed with as a whole."""
    return dict(zip(dims, source.shape, strict=True))


def _is_same(grid: Grid, shared: Grid) -> bool:
    frames = {grid.frame_of_reference_uid, shared.frame_of_reference_uid}
    return len(frames - {""}) < 2 and grid.same_as(shared)


def _scaling(header: Header) -> float:
    scaling = header.number("DoseGridScaling")
    if scaling is None:
        raise MissingDataError(
            f"{header.record.path}: (3004,000E) DoseGridScaling is missing, so its stored integers "
            "cannot be turned into Gy; add it to a copy of the file, or leave the dose out with "
            f"index.drop(SOPInstanceUID={header.record.uid!r})"
        )
    return scaling


def _units(header: Header) -> tuple[str, float, list[Finding]]:
    """Unit of the dose, stored units in one of it, and a Finding where it is not plainly Gy."""
    stored = header.text("DoseUnits").upper()
    if stored == "GY":
        return "Gy", 1, []
    if stored in _GRAY or not stored:
        message = f"(3004,0002) DoseUnits is {stored or 'missing'}; taken as GY"
        return "Gy", 1, [Finding("dose-units", "info", message)]
    if stored in DOSE_UNITS_PER_GRAY:
        per_gray = DOSE_UNITS_PER_GRAY[stored]
        message = f"(3004,0002) DoseUnits is {stored}; values are divided by {per_gray:g} to be Gy"
        return "Gy", per_gray, [Finding("dose-units", "warning", message)]
    units = _UNITS.get(stored, stored.lower())
    message = (
        f"(3004,0002) DoseUnits is {stored}; values are stored ones x DoseGridScaling in unit "
        f"{units!r}, not in Gy"
    )
    return units, 1, [Finding("dose-units", "warning", message)]


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
    for plan in items(parse(records[uid]), "ReferencedRTPlanSequence"):
        plans.append(text(plan, "ReferencedSOPInstanceUID"))
        for group in items(plan, "ReferencedFractionGroupSequence"):
            fractions.append(integer(group, "ReferencedFractionGroupNumber") or 0)
            referenced = items(group, "ReferencedBeamSequence")
            beams += [integer(beam, "ReferencedBeamNumber") or 0 for beam in referenced]
    return "\\".join(plans), tuple(fractions), tuple(beams)
