"""Which rows of an index a selection means, and what to say when it means none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rtxr.catalog import COLUMNS, PERSONAL, Case
from rtxr.errors import EmptySelectionError, Finding, UnknownNameError, did_you_mean

BoolArray = npt.NDArray[np.bool_]
#: Values of a list that are named where they fit nothing.
_NAMED = 3
#: Kinds of columns whose one value is a tuple.
_TUPLES = ("numbers", "integers")


def matching(table: pd.DataFrame, columns: Mapping[str, Any]) -> BoolArray:
    """Rows that meet every criterion.

    Parameters
    ----------
    table : DataFrame
        As from :func:`rtxr.catalog.build_table`.
    columns : mapping
        Column > value, list of values, compiled regular expression (searched in the text), or
        function of a value. None means that there is no value. Of a column with several texts
        per row (``ImageType``, references) one has to fit; a function, and a tuple in a list of
        values, is compared with all of them.

    Raises
    ------
    UnknownNameError
        No such column.
    """
    met = np.ones(len(table), dtype=bool)
    for name, wanted in columns.items():
        met &= _meets(table, name, wanted)
    return met


def nearest(table: pd.DataFrame, columns: Mapping[str, Any]) -> str:
    """How many rows fit each criterion, and for those that none fits, what exists."""
    reasons = []
    for name, wanted in columns.items():
        count = int(_meets(table, name, wanted).sum())
        reasons.append(
            f"{name} fits {count}" + ("" if count else f" ({_existing(table, name, wanted)})")
        )
    return "; ".join(reasons)


def not_found(table: pd.DataFrame, columns: Mapping[str, Any], asked: str) -> list[Finding]:
    """A Finding for each list of values of which some fit no row, others do."""
    found = []
    for name, wanted in columns.items():
        wanted = _values(name, wanted)  # noqa: PLW2901
        if not isinstance(wanted, list):
            continue
        held = _held(table, name)
        values = [value for value in wanted if _option(value, _is_text(name)) not in held]
        if len(values) == len(wanted):  # an empty result says so itself
            continue
        if values and name in PERSONAL:
            message = f"{asked}: {len(values)} of {len(wanted)} values of {name} fit no object"
            found.append(Finding("value-not-found", "info", message))
        elif values:
            told = [f"{value!r} ({_existing(table, name, value)})" for value in values[:_NAMED]]
            told += [f"{len(values) - _NAMED} more"] if len(values) > _NAMED else []
            message = f"{asked}: of {name} these fit no object: {', '.join(told)}"
            found.append(Finding("value-not-found", "info", message))
    return found


def kept_by_functions(table: pd.DataFrame, columns: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Values that the functions among some criteria accept, in the order of rows.

    A function is asked once for each value that there is.
    """
    return {
        name: [value for value in dict.fromkeys(_column(table, name)) if _accepts(wanted, value)]
        for name, wanted in columns.items()
        if callable(wanted)
    }


def _accepts(function: Callable[[Any], Any], value: Any) -> bool:
    if _is_missing(value):
        return False
    answer = function(value)
    return answer is not pd.NA and bool(answer)


def rows_of(table: pd.DataFrame, cases: Iterable[Case]) -> BoolArray:
    """Files of some cases, those among them that another file stands for included."""
    paths = {path for case in cases for path in case.paths}
    held = table["path"].isin(paths)
    uids = set(table["SOPInstanceUID"][held]) - {""}
    return np.asarray(held | table["SOPInstanceUID"].isin(uids), dtype=bool)


def require_any(table: pd.DataFrame, columns: Mapping[str, Any], left: int, asked: str) -> None:
    """Raise EmptySelectionError, with what exists, unless some rows are left."""
    if left:
        return
    raise EmptySelectionError(
        f"{asked} leaves none of {len(table)} objects: {nearest(table, columns)}"
    )


def _meets(table: pd.DataFrame, name: str, wanted: Any) -> BoolArray:
    column = _column(table, name)
    kind = COLUMNS.get(name, "text")
    wanted = _values(name, wanted)
    test = _test(wanted, _is_text(name))
    if kind in ("texts", "uids"):
        found = [any(map(test, (*value, value))) if value else test(None) for value in column]
    else:
        found = [test(None if _is_missing(value) else value) for value in column]
    return np.array(found, dtype=bool)


def _test(wanted: Any, as_text: bool) -> Callable[[Any], bool]:
    """Whether one value fits; missing values come as None."""
    if wanted is None or wanted is pd.NA or wanted != wanted:  # noqa: PLR0124 (NaN)
        return lambda value: value is None
    if isinstance(wanted, re.Pattern):
        return lambda value: wanted.search(_text(value)) is not None
    several = isinstance(wanted, Iterable) and not isinstance(wanted, str | bytes)
    options = {_option(each, as_text) for each in (wanted if several else [wanted])}
    # What is not there can be asked for as "", and in a list of values as None.
    return lambda value: ("" if value is None else value) in options


def _values(name: str, wanted: Any) -> Any:
    """A criterion in which the one value of a column of tuples is one, not a list of values."""
    plain = isinstance(wanted, list | tuple) and all(isinstance(n, int | float) for n in wanted)
    return [tuple(wanted)] if plain and wanted and COLUMNS.get(name) in _TUPLES else wanted


def _is_text(name: str) -> bool:
    return COLUMNS.get(name, "text") in ("text", "texts", "uids")


def _option(value: Any, as_text: bool) -> Any:
    """A wanted value as the rows have it."""
    if isinstance(value, list | tuple):
        return tuple(value)
    if _is_missing(value):
        return ""
    if isinstance(value, str) and not as_text:
        with suppress(ValueError):
            return float(value)
    return str(value) if as_text else value


def _column(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in table.columns:
        raise UnknownNameError(f"no column {name!r}; {did_you_mean(name, map(str, table.columns))}")
    return table[name]


def _held(table: pd.DataFrame, name: str) -> set[Any]:
    """Values that a column holds; of a column with several per row each and all."""
    values = {"" if _is_missing(value) else value for value in table[name]}
    if COLUMNS.get(name) in ("texts", "uids"):
        values |= {each for value in values if value for each in value}
    return values


def _text(value: Any) -> str:
    """A value as a regular expression sees it."""
    if isinstance(value, tuple):
        return "\\".join(map(str, value))
    return "" if value is None else str(value)


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value == "" or value != value  # noqa: PLR0124


def _existing(table: pd.DataFrame, name: str, wanted: Any) -> str:
    """What a column holds, nearest first."""
    if name in PERSONAL:
        return f"see index.table[{name!r}].unique()"
    values = table[name].explode() if COLUMNS.get(name) in ("texts", "uids") else table[name]
    texts = sorted({str(value) for value in values if not _is_missing(value)})
    return did_you_mean(str(wanted), texts)
