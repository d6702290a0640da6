"""Which of several doses comes first, and what is told about the choice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from rtxr.catalog.lookup import Record
from rtxr.errors import Finding, Severity
from rtxr.keywords import describe

#: Best dose of a plan first (PS3.3 C.8.8.3); types that are not named here come last.
DOSE_RANKS: Mapping[str, int] = {
    name: rank
    for rank, name in enumerate(
        (
            *("PLAN", "MULTI_PLAN", "PLAN_OVERVIEW", "FRACTION", "FRACTION_SESSION", "BEAM"),
            *("BEAM_SESSION", "BRACHY", "BRACHY_SESSION", "CONTROL_POINT", "RECORD"),
        )
    )
}
_FROM_BEAM = DOSE_RANKS["BEAM"]
#: How many doses a message names.
_NAMED = 8


def dose_order(row: Record) -> tuple[Any, ...]:
    """Sort key of doses, best first.

    Doses with pixels before headers, errors of a dose (DoseType ERROR) last, then by
    :data:`DOSE_RANKS`. Of one type, a dose of one beam comes before one of several, in the order
    of beam numbers: one that names several may be their sum or, where it was never computed, zero,
    which the header does not tell. Then by InstanceNumber.
    """
    rank = _rank(row)
    beams, number = row["referenced_beams"], row["InstanceNumber"]
    of_unknown_beams = rank >= _FROM_BEAM and not beams
    return (
        not row["has_pixel_data"],
        row["DoseType"] == "ERROR",
        rank,
        math.inf if of_unknown_beams else len(beams),
        beams,
        math.inf if number is pd.NA else number,
    )


def dose_choice(doses: Sequence[Record]) -> list[Finding]:
    """Which of several doses comes first, and whether it is the total of the plan.

    Parameters
    ----------
    doses : sequence of mapping
        Rows of the doses of one case, best first.
    """
    if not doses:
        return []
    best, *others = doses
    uid, path = best["SOPInstanceUID"], best["path"]
    findings = []
    if others:
        equal = _whole(best) and _rank(best) == _rank(others[0]) and _whole(others[0])
        message = (
            f"of {len(doses)} doses of this case the {_text(best)} comes first, before "
            f"{_texts(others)}"
        )
        severity: Severity = "warning" if equal else "info"
        findings.append(Finding("dose-chosen", severity, message, uid, path))
    if not _whole(best):
        message = (
            f"no dose of this case is the total of its plan: {describe('DoseSummationType')} of "
            f"the first is {best['DoseSummationType']!r}{_details(best)}"
        )
        findings.append(Finding("dose-not-plan-total", "warning", message, uid, path))
    return findings


def _rank(row: Record) -> int:
    return DOSE_RANKS.get(row["DoseSummationType"], len(DOSE_RANKS))


def _whole(row: Record) -> bool:
    """Whether a dose is that of a whole plan, as far as its header says."""
    return bool(row["DoseSummationType"] == "PLAN" and row["DoseType"] != "ERROR")


def _text(row: Record) -> str:
    return f"{row['DoseSummationType'] or 'untyped'} dose {row['SOPInstanceUID']}{_details(row)}"


def _texts(rows: Sequence[Record]) -> str:
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return ", ".join(map(_text, rows[:_NAMED])) + more


def _details(row: Record) -> str:
    """What else tells a dose from its like: its beams, and whether it is an error."""
    beams = row["referenced_beams"]
    numbers = ", ".join(map(str, beams[:_NAMED])) + (", ..." if len(beams) > _NAMED else "")
    parts = [
        f"{'beam' if len(beams) == 1 else 'beams'} {numbers}" if beams else "",
        f"{describe('DoseType')} ERROR" if row["DoseType"] == "ERROR" else "",
    ]
    text = "; ".join(part for part in parts if part)
    return f" ({text})" if text else ""
