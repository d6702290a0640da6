"""What names a case: its label in one index, its key in every index that holds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rtxr.catalog import Case
from rtxr.errors import UnknownNameError


def case_keys(cases: Sequence[Case]) -> list[str]:
    """Keys of some cases: labels change when an index is pruned or an archive grows, keys do not.

    Returns
    -------
    list of str
        SOPInstanceUID of the plan, else of the structure set, else of the first dose, else
        SeriesInstanceUID of the image (where cases share it, with that of the first slice), else
        SOPInstanceUID of the first RT Image.
    """
    keys = [_key(case) for case in cases]
    counts = Counter(keys)
    return [
        key if counts[key] == 1 else f"{key}@{_first_slice(case)}"
        for key, case in zip(keys, cases, strict=True)
    ]


def cases_called(cases: Sequence[Case], asked: Any) -> dict[str, Case]:
    """Cases by their keys.

    Parameters
    ----------
    cases : sequence of Case
        Of one index.
    asked : str, int or iterable of them
        Labels or keys.

    Raises
    ------
    UnknownNameError
        No case is called that.
    """
    keys = case_keys(cases)
    places = {key: at for at, key in enumerate(keys)}
    places |= {case.label: at for at, case in enumerate(cases)}
    found = {}
    one = isinstance(asked, str) or not isinstance(asked, Iterable)
    for name in map(str, [asked] if one else asked):
        if name not in places:
            there = f"{cases[0].label!r} to {cases[-1].label!r}" if cases else "none"
            raise UnknownNameError(f"no case {name!r}; there are {there}: see index.cases")
        at = places[name]
        found[keys[at]] = cases[at]
    return found


def _key(case: Case) -> str:
    if case.objects:
        lead = case.plan if case.plan is not None else case.objects[0]
        return str(lead["SOPInstanceUID"] or lead["path"])
    if case.image is None:
        return str(case.lead["SOPInstanceUID"] or case.lead["path"])
    return str(case.lead["SeriesInstanceUID"] or case.lead["path"])


def _first_slice(case: Case) -> str:
    return "" if case.image is None else str(case.lead["SOPInstanceUID"] or case.lead["path"])
