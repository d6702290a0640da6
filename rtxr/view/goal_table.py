"""A table of clinical goals that a notebook shows with colours and symbols.

It needs no other package. Colours are those of Okabe and Ito, which can be told apart by people
who do not see all colours, and each has a symbol and a word beside it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

#: Rows that HTML shows.
ROWS = 500
#: Status > symbol and colour.
STYLES = {
    "pass": ("✓", "#0072b2"),
    "acceptable": ("≈", "#e69f00"),
    "fail": ("✗", "#d55e00"),
    "unknown": ("?", "#808080"),
}
_NEEDED = ("roi", "metric", "relation", "limit", "unit", "value", "margin", "status")
_SIGNS = {"<=": "≤", ">=": "≥"}
#: A value this near to a limit, as a part of it or of 1, is the limit.
_SAME = 1e-9
_CELL = "text-align:left;padding:.2em .8em"


class GoalTable(pd.DataFrame):
    """Goals, as :func:`rtxr.summary.prescribed.goals` makes them; plain text in a terminal."""

    @property
    def _constructor(self) -> type[GoalTable]:
        return GoalTable

    def _repr_html_(self) -> str | None:
        """The goals as HTML, unless pandas is told to show none; of a part of it what pandas does.

        Of the table as a whole, with the columns that say what is met.
        """
        shown = pd.get_option("display.notebook_repr_html")
        if not shown or not set(_NEEDED) <= set(self.columns):
            return super()._repr_html_()  # type: ignore[misc,no-any-return]
        levels = [str(name) for name in self.index.names if name is not None]
        heads = [*levels, "ROI", "goal", "value", "margin", "result"]
        cells = "".join(f'<th style="{_CELL}">{escape(head)}</th>' for head in heads)
        rows = [
            _row(row, list(at) if isinstance(at, tuple) else [at], len(levels))
            for at, row in zip(self.index[:ROWS], self.head(ROWS).to_dict("records"), strict=True)
        ]
        more = f"<p>... and {len(self) - ROWS} more</p>" if len(self) > ROWS else ""
        return (
            f'<div class="rtxr-goals"><p>{escape(summary(self))}</p>'
            f'<table style="border-collapse:collapse"><thead><tr>{cells}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table>{more}</div>"
        )


def summary(table: pd.DataFrame) -> str:
    """How many goals are met, in a sentence."""
    counts = Counter(map(status_of, table["status"]))
    parts = [f"{counts['pass']} of {len(table)} goals met"]
    parts += [
        f"{counts[status]} {words}"
        for status, words in (
            ("acceptable", "acceptable"),
            ("fail", "missed"),
            ("unknown", "not known"),
        )
        if counts[status]
    ]
    prescription = table.attrs.get("prescription")
    if prescription is not None:
        source = table.attrs.get("prescription_source", "")
        told = _doses(prescription, table.attrs.get("dose_units", "Gy"))
        parts.append(f"prescription {told}" + (f" ({source})" if source else ""))
    if findings := len(table.attrs.get("findings", ())):
        parts.append(f"{findings} findings in attrs")
    return "; ".join(parts)


def _doses(prescription: float | Mapping[str, float], unit: str) -> str:
    """One prescription, or that of each structure."""
    if not isinstance(prescription, Mapping):
        return f"{prescription:g} {unit}"
    told = (f"{label} {dose:g} {unit}" for label, dose in prescription.items())
    return ", ".join(told) or "of none"


def status_of(value: Any) -> str:
    """``"pass"``, ``"acceptable"``, ``"fail"``, or ``"unknown"`` where nothing is."""
    return str(value) if value in STYLES else "unknown" if pd.isna(value) else str(value)


def _row(row: dict[Any, Any], at: list[Any], levels: int) -> str:
    status = status_of(row["status"])
    symbol, color = STYLES.get(status, STYLES["unknown"])
    texts = [
        *map(str, at[:levels]),
        str(row["roi"]),
        goal_text(row),
        value_text(row),
        _number(row, "margin", sign="+"),
    ]
    cells = "".join(f'<td style="{_CELL}">{escape(text)}</td>' for text in texts)
    result = (
        f'<td style="{_CELL};border-left:.4em solid {color};font-weight:bold">'
        f"{symbol} {escape(status)}</td>"
    )
    return f"<tr>{cells}{result}</tr>"


def goal_text(row: Mapping[Any, Any]) -> str:
    """What a row asks for: ``"max ≤ 45 Gy (≤ 50 Gy)"``."""
    relation, unit = _SIGNS.get(row["relation"], row["relation"]), _unit(row)
    wider = row.get("acceptable", math.nan)
    bracket = "" if pd.isna(wider) else f" ({relation} {wider:.12g}{unit})"
    return f"{row['metric']} {relation} {row['limit']:.12g}{unit}{bracket}"


def value_text(row: Mapping[Any, Any]) -> str:
    """Value of a row with its unit; a dash where it is not known."""
    return _number(row, "value")


def _unit(row: Mapping[Any, Any]) -> str:
    return f" {row['unit']}" if row["unit"] else ""


def _number(row: Mapping[Any, Any], name: str, sign: str = "") -> str:
    """A value or margin with its unit; a dash where it is not known."""
    number = row[name]
    return "–" if math.isnan(number) else f"{number:{sign}.{_places(row)}f}{_unit(row)}"


def _places(row: Mapping[Any, Any]) -> int:
    """Decimals that tell the value from the limits that it is not."""
    value, least = row["value"], 2 if row["unit"] else 3
    away = [abs(value - row[name]) for name in ("limit", "acceptable") if name in row]
    near = min((each for each in away if each > _SAME * max(abs(value), 1)), default=1.0)
    return max(least, math.ceil(-math.log10(near)))
