"""Which rows of an index a selection means, and what to say when it means none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rtxr.catalog import COLUMNS
from rtxr.errors import EmptySelectionError, UnknownNameError, did_you_mean

BoolArray = npt.NDArray[np.bool_]
#: Columns whose values do not belong into an error message.
_PERSONAL = ("PatientID", "PatientName")
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


def kept_by_functions(table: pd.DataFrame, columns: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Values that the functions among some criteria accept, each once, in the order of rows."""
    return {
        name: list(dict.fromkeys(table.loc[_meets(table, name, wanted), name]))
        for name, wanted in columns.items()
        if callable(wanted)
    }


def call_text(method: str, case: Any, columns: dict[str, Any]) -> str:
    """The call as it was made, without values that name a patient."""
    given = {"case": case} if case is not None else {}
    texts = [
        f"{name}=..." if name in _PERSONAL else f"{name}={value!r}"
        for name, value in {**given, **columns}.items()
    ]
    return f"{method}({', '.join(texts)})"


def require_any(table: pd.DataFrame, columns: Mapping[str, Any], left: int, asked: str) -> None:
    """Raise EmptySelectionError, with what exists, unless some rows are left."""
    if left:
        return
    raise EmptySelectionError(
        f"{asked} leaves none of {len(table)} objects: {nearest(table, columns)}"
    )


def _meets(table: pd.DataFrame, name: str, wanted: Any) -> BoolArray:
    if name not in table.columns:
        raise UnknownNameError(f"no column {name!r}; {did_you_mean(name, map(str, table.columns))}")
    kind = COLUMNS.get(name, "text")
    if kind in _TUPLES and isinstance(wanted, tuple):
        wanted = [wanted]
    test = _test(wanted, as_text=kind in ("text", "texts", "uids"))
    if kind in ("texts", "uids") and not callable(wanted):
        found = [any(map(test, (*value, value))) if value else test(None) for value in table[name]]
    else:
        found = [test(None if _is_missing(value) else value) for value in table[name]]
    return np.array(found, dtype=bool)


def _test(wanted: Any, as_text: bool) -> Callable[[Any], bool]:
    """Whether one value fits; missing values come as None."""
    if wanted is None:
        return lambda value: value is None
    if isinstance(wanted, re.Pattern):
        return lambda value: wanted.search(_text(value)) is not None
    if callable(wanted):
        return lambda value: value is not None and bool(wanted(value))
    several = isinstance(wanted, Iterable) and not isinstance(wanted, str | bytes)
    options = [
        "" if each is None else str(each) if as_text and not isinstance(each, tuple) else each
        for each in (wanted if several else [wanted])
    ]
    # What is not there can be asked for as "", and in a list of values as None.
    return lambda value: ("" if value is None else value) in options


def _text(value: Any) -> str:
    """A value as a regular expression sees it."""
    if isinstance(value, tuple):
        return "\\".join(map(str, value))
    return "" if value is None else str(value)


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value == "" or value != value  # noqa: PLR0124


def _existing(table: pd.DataFrame, name: str, wanted: Any) -> str:
    """What a column holds, nearest first."""
    if name in _PERSONAL:
        return f"see index.table[{name!r}].unique()"
    values = table[name].explode() if COLUMNS.get(name) in ("texts", "uids") else table[name]
    texts = sorted({str(value) for value in values if not _is_missing(value)})
    return did_you_mean(str(wanted), texts)
