"""Select and drop as functions of a table: which rows stay, what to note, how to write it down."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import pandas as pd

from rtxr.catalog import PERSONAL, Case
from rtxr.errors import EmptySelectionError, Finding
from rtxr.index.selection import (
    BoolArray,
    kept_by_functions,
    matching,
    nearest,
    not_found,
    require_any,
    rows_of,
)
from rtxr.index.steps import Step, literal, settled

#: Findings of a case that are made again, about what is left of it.
_AGAIN = frozenset(("dose-chosen", "dose-not-plan-total"))


class Pruned(NamedTuple):
    """What a step leaves of a table, the step, and what was noticed on the way."""

    met: BoolArray
    step: Step
    noticed: list[Finding]


class Asked:
    """What a step is asked for.

    Parameters
    ----------
    method : str
        ``"select"`` or ``"drop"``.
    table : DataFrame
        Of the index.
    columns : mapping
        Criteria by column.
    chosen : mapping of str to Case, optional
        Cases by their keys, which stay when an archive grows; their labels do not.
    """

    def __init__(
        self,
        method: str,
        table: pd.DataFrame,
        columns: Mapping[str, Any],
        chosen: Mapping[str, Case] | None,
    ) -> None:
        self.table, self.chosen = table, chosen
        self.columns = settled(columns)
        self.stated = {**self.columns, **kept_by_functions(table, self.columns)}
        keys = list(chosen or ())
        given = {"case": keys[0] if len(keys) == 1 else keys} if keys else {}
        self.step = Step(method, {**given, **self.columns}, {**given, **self.stated})
        self.text = _text(method, [case.label for case in (chosen or {}).values()], self.columns)

    def rows(self) -> BoolArray:
        """Rows that meet every criterion and are of the cases."""
        met = matching(self.table, self.stated)
        return met if self.chosen is None else met & rows_of(self.table, self.chosen.values())

    def noticed(self) -> list[Finding]:
        """Values that fit nothing."""
        return not_found(self.table, self.columns, self.text)


def selected(asked: Asked) -> Pruned:
    """What meets every criterion, with the findings of the cases it was chosen by.

    Raises
    ------
    EmptySelectionError
        Nothing does; the message shows what exists.
    """
    met, noticed = asked.rows(), asked.noticed()
    require_any(asked.table, asked.stated, int(met.sum()), asked.text)
    for case in (asked.chosen or {}).values():
        noticed += [finding for finding in case.findings if finding.code not in _AGAIN]
    return Pruned(met, asked.step, noticed)


def dropped(asked: Asked, others: Collection[Case]) -> Pruned:
    """All but what meets every criterion; what other cases hold too stays.

    Raises
    ------
    EmptySelectionError
        Nothing is left.
    """
    gone, noticed = asked.rows(), asked.noticed()
    if asked.chosen is not None:
        gone &= ~rows_of(asked.table, others)
    if gone.all():
        raise EmptySelectionError(f"{asked.text} leaves none of {len(gone)} objects: all fit")
    if not gone.any():
        why = nearest(asked.table, asked.stated) or "other cases hold them too"
        message = f"{asked.text} drops none of {len(gone)} objects: {why}"
        noticed.append(Finding("nothing-dropped", "info", message))
    return Pruned(~gone, asked.step, noticed)


def _text(method: str, labels: list[str], columns: Mapping[str, Any]) -> str:
    """The call as it was made, without values that say who the patient is, or when."""
    given = {"case": labels[0] if len(labels) == 1 else labels} if labels else {}
    texts = {
        name: "..."
        if name in PERSONAL
        else f"<{getattr(value, '__qualname__', 'function')}>"
        if callable(value)
        else literal(value)
        for name, value in {**given, **columns}.items()
    }
    return f"{method}({', '.join(f'{name}={text}' for name, text in texts.items())})"
