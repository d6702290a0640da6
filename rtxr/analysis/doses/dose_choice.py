"""Which dose is meant: a variable, several, all of one kind, or an array from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.analysis.grids import frames
from rtxr.analysis.grids.resample import Field, no_dose
from rtxr.analysis.structures.given_arrays import frame_findings, placed
from rtxr.errors import Finding, RTXRError

#: One dose: the name of a variable, or an array with a grid, also one that is not in the Dataset.
DoseLike = str | xr.DataArray
#: One or several: a kind such as ``"BEAM"`` (DoseSummationType) stands for all doses of it.
Doses = DoseLike | Sequence[DoseLike] | Mapping[str, DoseLike]

#: What the attrs of a dose say of which it is.
KIND = "DoseSummationType"


@dataclass(frozen=True)
class Dose:
    """A dose that was asked for.

    Parameters
    ----------
    name : str
        What it is called in tables.
    array : DataArray
        Along its grid, each dimension ascending; in memory or not.
    variable : str
        Variable of the Dataset that it is; empty for an array.
    findings : tuple of Finding
        What was noticed about its place.
    """

    name: str
    array: xr.DataArray
    variable: str = ""
    findings: tuple[Finding, ...] = ()

    def field(self) -> Field:
        """The dose, loaded."""
        return Field(model.grid_of(self.array), np.asarray(self.array.values, dtype=np.float64))


def one_dose(ds: xr.Dataset, dose: DoseLike = model.DOSE) -> Dose:
    """The dose that is meant.

    Parameters
    ----------
    ds : Dataset
        A case.
    dose : str or DataArray
        A variable, or an array with a grid.

    Raises
    ------
    MissingDataError
        No such dose, or an array without coordinates along its grid.
    GeometryError
        It has dimensions beside its grid.
    RTXRError
        Something else than one dose.
    """
    found, several = doses_of(ds, dose)
    if several:
        raise RTXRError(
            f"one dose is asked for, and dose={dose!r} names {[each.name for each in found]}; "
            "take them one after the other"
        )
    return found[0]


def doses_of(ds: xr.Dataset, dose: Doses = model.DOSE) -> tuple[list[Dose], bool]:
    """Doses that are meant, and whether several were asked for (be it that only one is there).

    Parameters
    ----------
    ds : Dataset
        A case.
    dose : str, DataArray, sequence of them, or mapping of name to them
        A variable; all doses of a kind by their DoseSummationType (3004,000A), in any case of
        letters; an array with a grid, which need not be in the Dataset; or several.

    Raises
    ------
    MissingDataError, GeometryError, RTXRError
        As :func:`one_dose`; or several doses of one name.
    """
    if isinstance(dose, str):
        kind = [] if dose in ds.data_vars else _of_kind(ds, dose)
        return [_chosen(ds, name, name) for name in kind or [dose]], bool(kind)
    if isinstance(dose, xr.DataArray):
        return [_chosen(ds, _name_of(dose), dose)], False
    require_no_dataset(dose)
    given = list(dose.items()) if isinstance(dose, Mapping) else _named(dose)
    if not given:
        raise RTXRError("dose= names no dose; give at least one")
    return [_chosen(ds, str(name), each) for name, each in given], True


def require_no_dataset(dose: object) -> None:
    """Raise for a whole Dataset where one of its doses is asked for.

    Raises
    ------
    RTXRError
        It is a Dataset; the message names the doses that it has.
    """
    if isinstance(dose, xr.Dataset):
        known = ", ".join(f"other[{name!r}]" for name in model.dose_names(dose)) or "it has none"
        raise RTXRError(f"dose=<Dataset>: give one of its doses instead, as a DataArray ({known})")


def _named(given: Sequence[DoseLike]) -> list[tuple[str, DoseLike]]:
    """Doses by name, each of which is there once."""
    if not isinstance(given, Sequence):
        raise RTXRError(
            f"dose={type(given).__name__} is no dose: give the name of a variable, a DataArray "
            "with a grid, such as ds.dose * 2, or several of them"
        )
    names = [each if isinstance(each, str) else _name_of(each) for each in given]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise RTXRError(
            f"several doses are called {', '.join(map(repr, repeated))}; tell them apart by a "
            "mapping: dose={'planned': ..., 'delivered': ...}"
        )
    return list(zip(names, given, strict=True))


def _name_of(array: xr.DataArray) -> str:
    return model.DOSE if array.name is None else str(array.name)


def _kinds(ds: xr.Dataset) -> dict[str, str]:
    """Kind of each dose variable, in upper case."""
    return {name: str(ds[name].attrs.get(KIND, "")).upper() for name in model.dose_names(ds)}


def _of_kind(ds: xr.Dataset, kind: str) -> list[str]:
    """Doses whose attrs say that they are of a kind."""
    return [name for name, known in _kinds(ds).items() if known and known == kind.upper()]


def _variable(ds: xr.Dataset, name: str) -> xr.DataArray:
    if name in ds.data_vars:
        return ds[name]
    kinds = _kinds(ds)
    raise no_dose(ds, name, [*kinds, *sorted(set(kinds.values()) - {""})])


def _chosen(ds: xr.Dataset, name: str, given: DoseLike) -> Dose:
    variable, array = (given, _variable(ds, given)) if isinstance(given, str) else ("", given)
    array = placed(array.rename(name), model.DOSE, otherwise="")
    grids = frames.grids_of(ds)
    known = grids[0] if grids else None
    found = frame_findings(model.grid_of(array), known, f"dose {name!r} is", "the case")
    return Dose(name, array, variable, tuple(found))
