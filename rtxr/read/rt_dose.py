"""RT Dose: the dose grid as a lazy variable in Gy, and the table of doses.

The DVHs stored in RT Dose files are read in :mod:`rtxr.read.dvhs.sequence` and offered here.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pydicom
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import Finding, MissingDataError, RTXRError
from rtxr.geometry import Grid
from rtxr.model import DOSE_UNITS_PER_GRAY
from rtxr.read.dose_grid import dose_grid
from rtxr.read.dvhs.sequence import stored_dvh
from rtxr.read.headers import Header, parse
from rtxr.read.item_values import integer, items, text
from rtxr.read.lazy import ArraySource, lazy_variable
from rtxr.read.part import Part
from rtxr.read.pixels import padding_findings, pixel_file
from rtxr.read.planes import PlaneStack

__all__ = ["check_scaling", "doses", "has_grid", "read_dose", "references", "stored_dvh"]

_GRAY = frozenset({"GY", "GRAY", "GYS"})
_UNITS = {"RELATIVE": "1", "PERCENT": "%"}


def has_grid(header: Header) -> bool:
    """Whether the file holds a dose grid (some hold a header, or DVHs, alone)."""
    return header.pixels is not None and header.pixels.length > 0


def check_scaling(given: float | None) -> None:
    """Raise RTXRError where a scaling of the caller's is no number above 0."""
    if given is None:
        return
    number = isinstance(given, int | float | np.number) and not isinstance(given, bool)
    if not (number and 0 < given < np.inf):
        raise RTXRError(
            f"dose_grid_scaling={given!r}: it is what one stored integer of a dose without "
            "(3004,000E) DoseGridScaling stands for, a number above 0, such as 1e-4 (Gy)"
        )


def read_dose(
    header: Header,
    name: str = model.DOSE,
    *,
    shared: Grid | None = None,
    cache: bool = True,
    scaling: float | None = None,
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
    scaling : float, optional
        Taken where the header has no DoseGridScaling.

    Returns
    -------
    Part
        ``dose`` (dose_z, dose_y, dose_x), float64, in Gy: stored integer x DoseGridScaling, and
        / 100 where DoseUnits is CGY (no term of the Standard, but met). A relative dose stays as
        it is; ``attrs["units"]`` and ``attrs["DoseUnits"]`` describe the values here. Without
        any scaling the variable is there, and asking for its values raises MissingDataError.

    Raises
    ------
    GeometryError
        The frames make no grid.
    PixelDecodeError
        There is no grid, or not what is needed to read it.
    """
    file = pixel_file(header)
    grid, layout, frames, findings = dose_grid(header, file, model.prefix_of(name))
    file = replace(file, frames=max(file.frames, frames))
    units, per_unit, more = _units(header)
    step, noticed = _scaling(header, name, scaling)
    source: PlaneStack | _Unscaled = PlaneStack(
        files=(file,),
        file_of=np.zeros(frames, np.intp),
        frame_of=np.arange(frames),
        slopes=np.full(frames, np.nan if step is None else step / per_unit),
        intercepts=np.zeros(frames),
        dtype=np.dtype(np.float64),
        layout=layout,
    )
    if step is None:
        source = _Unscaled(source.shape, source.dtype, noticed[0].message)
    coords = model.grid_coords(grid)
    dims = grid.dims
    if shared is not None and grid.coincides(shared):
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
            for each in (*findings, *more, *noticed, *padding_findings([file]))
        ],
    )


@dataclass(frozen=True)
class _Unscaled:
    """A dose whose scaling nobody knows: it refuses to be read, and nothing else is held up."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    message: str

    def read(self, indices: tuple[npt.NDArray[np.intp], ...]) -> npt.NDArray[Any]:  # noqa: ARG002
        """Nothing, ever."""
        raise MissingDataError(self.message)


def _whole(dims: Sequence[str], source: ArraySource) -> dict[Hashable, int]:
    """One chunk: dose grids are small and computed with as a whole."""
    return dict(zip(dims, source.shape, strict=True))


def _scaling(header: Header, name: str, given: float | None) -> tuple[float | None, list[Finding]]:
    """What a stored integer stands for, None where neither header nor caller say it."""
    element = "(3004,000E) DoseGridScaling"
    stored = header.number("DoseGridScaling")
    if stored is not None:
        message = f"{element} of {name!r} is not above 0; its doses are what that makes of them"
        return stored, [] if stored > 0 else [Finding("dose-scaling-odd", "warning", message)]
    if given is None:
        message = (
            f"{header.record.path}: {element} of {name!r} is missing, so its stored integers "
            "cannot be turned into Gy; open it with dose_grid_scaling=... if you know it, or go on "
            f"without this dose: ds.drop_vars({name!r})"
        )
        return None, [Finding("dose-scaling-missing", "error", message)]
    message = f"{element} of {name!r} is missing; {given:g} was taken, as told"
    return given, [Finding("dose-scaling-given", "warning", message)]


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
    of = references(ds, name)
    plans = "\\".join(dict.fromkeys(plan for plan, _, _ in of))
    fractions = tuple(dict.fromkeys(group for _, group, _ in of if group is not None))
    beams = tuple(beam for _, _, beam in of if beam is not None)
    types = [
        str(array.attrs.get(key, "")) for key in ("DoseSummationType", "DoseType", "DoseUnits")
    ]
    shape = tuple(array.sizes.get(dim, 1) for dim in grid.dims)
    return [*types, plans, fractions, beams, shape, grid.spacing, uid]


def references(ds: xr.Dataset, name: str) -> list[tuple[str, int | None, int | None]]:
    """What a dose of a case is a dose of (ReferencedRTPlanSequence).

    Parameters
    ----------
    ds : Dataset
        A case.
    name : str
        Dose variable.

    Returns
    -------
    list of (str, int or None, int or None)
        Plan (SOPInstanceUID), fraction group, beam; None where it does not say, or is of all. A
        dose that was made in memory says it in its attrs; where only its DoseSummationType is
        other than its header's, the header's groups and beams do not count.
    """
    attrs = ds[name].attrs
    if stated := attrs.get(model.DOSE_REFERENCES_ATTR):
        return [(str(plan), group, beam) for plan, group, beam in json.loads(stated)]
    uid_coord = model.uid_name(name)
    uid = str(ds[uid_coord].values) if uid_coord in ds.coords else ""
    records = header_store.unpack(ds, [uid]) if header_store.has_headers(ds) else {}
    if uid not in records:
        return []
    header = parse(records[uid])
    found = _referenced(header)
    kind = str(attrs.get("DoseSummationType", ""))
    if kind in ("", text(header, "DoseSummationType")):
        return found
    return [(plan, None, None) for plan in dict.fromkeys(each[0] for each in found)]


def _referenced(header: pydicom.Dataset) -> list[tuple[str, int | None, int | None]]:
    found: list[tuple[str, int | None, int | None]] = []
    for plan in items(header, "ReferencedRTPlanSequence"):
        uid = text(plan, "ReferencedSOPInstanceUID")
        groups = items(plan, "ReferencedFractionGroupSequence")
        found += [] if groups else [(uid, None, None)]
        for group in groups:
            number = integer(group, "ReferencedFractionGroupNumber") or 0
            beams = items(group, "ReferencedBeamSequence")
            found += [(uid, number, integer(beam, "ReferencedBeamNumber") or 0) for beam in beams]
            found += [] if beams else [(uid, number, None)]
    return found
