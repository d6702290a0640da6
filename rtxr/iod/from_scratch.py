"""Where each attribute that an object has to have comes from when it is made from scratch.

Computed from arrays, tables and the other objects; a default that says nothing about a patient or
a treatment; or owed by the caller. The decision is the rule of the attribute in its IOD.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydicom.dataset import Dataset

from rtxr.errors import UnknownNameError, did_you_mean
from rtxr.iod.rules import RuleKind
from rtxr.iod.tables import IOD, IODS, Attribute, ModuleUse

#: Conditional modules and modules by choice that an object made here has.
CHOSEN: Mapping[str, tuple[str, ...]] = {
    "CT": (),
    "MR": (),
    "PT": (),
    "RTSTRUCT": ("Frame of Reference",),
    "RTDOSE": ("General Image", "Image Plane", "Image Pixel", "Multi-frame"),
    "RTPLAN": (*("RT Prescription", "RT Patient Setup", "RT Fraction Scheme", "RT Beams"),),
}
_DECISIONS: Mapping[RuleKind, str] = {
    "computed": "computed",
    "constant": "computed",
    "derived": "computed",
    "new uid": "computed",
    "same as": "computed",
    "default": "default",
    "given": "owed",
    "copy": "undecided",
}


@dataclass(frozen=True)
class Decision:
    """Where the value of one attribute of type 1 or 1C comes from.

    Parameters
    ----------
    path : str
        Keywords from the top level, joined by dots.
    type : str
        ``"1"`` or ``"1C"``.
    decision : str
        ``computed``, ``default`` or ``owed``.
    how : str
        The default, or how to give what is owed.
    """

    path: str
    type: str
    decision: str
    how: str


def decisions(key: str) -> list[Decision]:
    """Decisions about what an IOD asks for, outer attributes before inner ones.

    Parameters
    ----------
    key : str
        One of :data:`CHOSEN`.

    Returns
    -------
    list of Decision
        Of every attribute of type 1, and of type 1C where the condition can be told, in the
        modules that such an object has. Optional sequences that are not made, and conditions that
        only something else that was given fulfils, are left out. What is below a sequence with
        a decision follows it, unless it has its own.

    Raises
    ------
    UnknownNameError
        No object of this IOD is made from scratch.
    """
    if key not in CHOSEN:
        raise UnknownNameError(f"{key!r} is not made from scratch; {did_you_mean(key, CHOSEN)}")
    iod = IODS[key]
    found: dict[str, Decision] = {}
    for use in iod.modules:
        if _is_made(use, key):
            for path, row in _asked(iod, use.module.attributes, ""):
                rule = iod.rule(path)
                how = str(rule.value) if rule.kind in ("default", "given") else ""
                decision = _DECISIONS[rule.kind]
                found.setdefault(path, Decision(path, row.type, decision, how))
    return list(found.values())


def _is_made(use: ModuleUse, key: str) -> bool:
    return use.usage == "M" or use.module.name in CHOSEN[key]


def _asked(iod: IOD, rows: tuple[Attribute, ...], prefix: str) -> Iterator[tuple[str, Attribute]]:
    """Rows of type 1 that such an object has to have, with their paths."""
    for row in rows:
        path = prefix + row.keyword
        decided = path in iod.rules
        if row.type == "1" or (row.type == "1C" and (decided or _holds_alone(iod, path))):
            yield path, row
        if row.items and decided and iod.rules[path].kind == "given":
            continue  # its items are what the caller gives
        if row.items and decided:
            yield from _own(iod, row.items, path + ".")
        elif row.items and row.type == "1":
            yield from _asked(iod, row.items, path + ".")


def _own(iod: IOD, rows: tuple[Attribute, ...], prefix: str) -> Iterator[tuple[str, Attribute]]:
    """Rows below a sequence that is made, that have a decision of their own."""
    for row in rows:
        path = prefix + row.keyword
        if path in iod.rules and row.type[0] == "1":
            yield path, row
        yield from _own(iod, row.items, path + ".")


def _holds_alone(iod: IOD, path: str) -> bool:
    """Whether a condition is fulfilled where nothing else is there."""
    condition = iod.conditions.get(path)
    return condition is not None and condition(Dataset())
