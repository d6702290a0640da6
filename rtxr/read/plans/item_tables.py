"""Items of sequences as tables whose columns are keywords, each of the type that PS3.6 gives it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pydicom
from pydicom.datadict import dictionary_has_tag, dictionary_VM, dictionary_VR, tag_for_keyword

from rtxr.read.item_values import number, numbers, text

_WHOLE = frozenset({"IS", "US", "SS", "UL", "SL"})
_DECIMAL = frozenset({"DS", "FL", "FD"})


def row_of(item: pydicom.Dataset, keywords: Iterable[str]) -> dict[str, Any]:
    """Values of the elements of an item by keyword.

    Texts, numbers (NaN where they are missing or unreadable), and tuples of numbers for elements
    that have several.
    """
    return {keyword: _READ[kind_of(keyword)](item, keyword) for keyword in keywords}


def table_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as a table; numbers are float64, whole ones Int64, also where all are missing.

    Missing texts are empty. Where a file has a fraction in what should be a whole number, the
    column stays float64.
    """
    table = pd.DataFrame(rows, columns=list(columns))
    for name in columns:
        kind = kind_of(name) if tag_for_keyword(name) else ""
        if kind in ("whole", "decimal"):
            values = table[name].astype("Float64").astype("float64")
            whole = kind == "whole" and bool((values.dropna() % 1 == 0).all())
            table[name] = values.astype("Int64") if whole else values
        elif kind == "text":
            table[name] = table[name].astype(object).where(table[name].notna(), "")
    return table


@cache
def kind_of(keyword: str) -> str:
    """What an element holds: ``"whole"``, ``"decimal"``, ``"tuple"`` of numbers, or ``"text"``."""
    tag = tag_for_keyword(keyword) or 0
    if not dictionary_has_tag(tag):
        raise KeyError(keyword)
    representation = dictionary_VR(tag)
    if representation not in _WHOLE | _DECIMAL:
        return "text"
    if dictionary_VM(tag) != "1":
        return "tuple"
    return "whole" if representation in _WHOLE else "decimal"


def _decimal(item: pydicom.Dataset, keyword: str) -> float:
    found = number(item, keyword)
    return np.nan if found is None else found


def _tuple(item: pydicom.Dataset, keyword: str) -> tuple[float, ...]:
    return tuple(numbers(item, keyword).tolist())


_READ = {"text": text, "whole": _decimal, "decimal": _decimal, "tuple": _tuple}
