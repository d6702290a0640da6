"""The cases of an index: that there are some, and what names each, here and in other indexes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from rtxr.catalog import Case
from rtxr.errors import AmbiguousCaseError, Finding, NotDicomError, UnknownNameError


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


def require_cases(
    table: pd.DataFrame, cases: Sequence[Case], noticed: Sequence[Finding]
) -> Sequence[Case]:
    """The cases of an index, of which there is at least one.

    Raises
    ------
    NotDicomError
        The index is empty.
    AmbiguousCaseError
        Nothing in it makes a case.
    """
    if not len(table):
        count = len(noticed)
        why = f" ({count} file(s) are not DICOM or not readable: see index.findings)"
        raise NotDicomError("nothing to open: no DICOM objects were found" + (why if count else ""))
    if not cases:
        held = ", ".join(sorted({name or "none" for name in table["Modality"]}))
        raise AmbiguousCaseError(
            f"none of the {len(table)} objects opens as a Dataset (modalities: {held}); "
            "see index.findings"
        )
    return cases


def _key(case: Case) -> str:
    if case.objects:
        lead = case.plan if case.plan is not None else case.objects[0]
        return str(lead["SOPInstanceUID"] or lead["path"])
    if case.image is None:
        return str(case.lead["SOPInstanceUID"] or case.lead["path"])
    return str(case.lead["SeriesInstanceUID"] or case.lead["path"])


def _first_slice(case: Case) -> str:
    return "" if case.image is None else str(case.lead["SOPInstanceUID"] or case.lead["path"])
