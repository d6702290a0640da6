"""What a caller changed in a table of ours: cell by cell, rows found by their keys."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from rtxr.edit.plans.ranges import require_in_range
from rtxr.errors import ConflictingDataError, RTXRError, UnknownNameError, did_you_mean

#: Column > row of the table as it was, by position > what it is to be.
Changes = Mapping[str, Mapping[int, Any]]


def changed_cells(
    before: pd.DataFrame, after: pd.DataFrame, keys: Sequence[str], what: str
) -> dict[str, dict[int, Any]]:
    """Cells of a table that say something else than before.

    Parameters
    ----------
    before : DataFrame
        The table as the case gives it.
    after : DataFrame
        The table as the caller gives it: of its rows and columns any that there are, in any order.
    keys : sequence of str
        Columns that name a row. Rows of one name are told apart by their order.
    what : str
        What a row is, for messages.

    Returns
    -------
    dict
        Column > position of the row in ``before`` > new value; numbers as float, lists as tuple.

    Raises
    ------
    ConflictingDataError
        A row more often than before.
    RTXRError
        A key is missing, or a value is removed, of another kind or out of range.
    UnknownNameError
        A row or a column that the table does not have.
    """
    for name in after.columns:
        if name not in before.columns:
            raise UnknownNameError(
                f"column {name!r}; {did_you_mean(str(name), map(str, before.columns))}"
            )
    places = dict(zip(_names(before, keys), range(len(before)), strict=True))
    rows = [_place(places, name, keys, what) for name in _names(after, keys)]
    found: dict[str, dict[int, Any]] = {}
    for column in map(str, after.columns):
        old, new = before[column].tolist(), after[column].tolist()
        for place, value in zip(rows, new, strict=True):
            was, wanted = plain(old[place]), plain(value)
            if was != wanted:
                _check(column, was, wanted)
                found.setdefault(column, {})[place] = wanted
    return found


def plain(value: Any) -> Any:
    """A cell as it is compared: None for nothing, float, text, or a tuple of floats."""
    if type(value) is float:  # nearly all are, and a plan may have a million
        return None if math.isnan(value) else value
    if isinstance(value, list | tuple | np.ndarray):
        return tuple(map(plain, value))
    if isinstance(value, str):
        return value.strip() or None
    if value is None or pd.isna(value):
        return None
    if not isinstance(value, Real):
        return value
    return float(value)


def _check(column: str, was: Any, wanted: Any) -> None:
    """Raise where a value is gone, or of another kind than the one before."""
    if wanted is None:
        raise RTXRError(f"column {column!r}: a value cannot be taken out; give another one")
    if was is not None and type(was) is not type(wanted):
        kind = {float: "numbers", str: "texts", tuple: "tuples of numbers"}[type(was)]
        raise RTXRError(f"column {column!r} takes {kind}, not {wanted!r}")
    numbers = wanted if isinstance(wanted, tuple) else (wanted,)
    if not isinstance(wanted, str) and not all(
        isinstance(each, float) and math.isfinite(each) for each in numbers
    ):
        raise RTXRError(f"column {column!r} takes finite numbers, not {wanted!r}")
    require_in_range(column, wanted)


def _names(table: pd.DataFrame, keys: Sequence[str]) -> list[tuple[Any, ...]]:
    """Name of each row: its keys, and how many of that name come before."""
    for key in keys:
        if key not in table.columns:
            raise RTXRError(f"the table needs a column {key!r}: it says which rows are meant")
    seen: dict[tuple[Any, ...], int] = {}
    found = []
    for name in zip(*(map(plain, table[key].tolist()) for key in keys), strict=True):
        found.append((*name, seen.get(name, 0)))
        seen[name] = seen.get(name, 0) + 1
    return found


def _place(
    places: Mapping[tuple[Any, ...], int], name: tuple[Any, ...], keys: Sequence[str], what: str
) -> int:
    if name in places:
        return places[name]
    *own, repeats = name
    said = ", ".join(
        f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in zip(keys, own, strict=True)
    )
    if repeats:
        raise ConflictingDataError(
            f"{what} {said} is {repeats + 1} times in the table; give it once"
        )
    raise UnknownNameError(f"the plan has no {what} {said}; rows cannot be added here")
