"""What users have registered, and what it makes of a case: values of modules, objects of IODs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import xarray as xr

from rtxr.errors import CustomCodeError, did_you_mean
from rtxr.export.changes import set_values
from rtxr.export.custom.new_objects import NewObject, outgoing
from rtxr.export.custom.user_code import called
from rtxr.export.objects import Outgoing
from rtxr.export.overrides import writable
from rtxr.iod.encoding.raw import Predicate
from rtxr.iod.rules import Rule
from rtxr.iod.tables import IOD, IODS, ModuleUse, key_of

#: Case and name of a variable to values by keyword.
Values = Callable[[xr.Dataset, str], Mapping[str, Any]]
#: Case to new objects.
Objects = Callable[[xr.Dataset], Iterable[NewObject]]


@dataclass(frozen=True, eq=False)
class ModuleEntry:
    """A module that a user has added to an IOD."""

    key: str
    use: ModuleUse
    values: Values | None = None
    rules: Mapping[str, Rule] = field(default_factory=dict)
    conditions: Mapping[str, Predicate] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ObjectsEntry:
    """What makes new objects of an IOD."""

    key: str
    objects: Objects


#: In the order in which they were registered.
MODULES: list[ModuleEntry] = []
OBJECTS: list[ObjectsEntry] = []
#: IODs that have modules of users, as they are without.
_PLAIN: dict[str, IOD] = {}


def plain(key: str) -> IOD:
    """An IOD without the modules of users."""
    return _PLAIN.get(key, IODS[key])


def settle(key: str) -> None:
    """Let the table of an IOD be what it is with all modules that are registered for it now."""
    base = plain(key)
    entries = [entry for entry in MODULES if entry.key == key]
    if not entries:
        IODS[key] = _PLAIN.pop(key, base)
        return
    _PLAIN[key] = base
    IODS[key] = extended(base, entries)


def extended(base: IOD, entries: Sequence[ModuleEntry]) -> IOD:
    """An IOD with further modules, their rules and conditions."""
    rules, conditions = dict(base.rules), dict(base.conditions)
    for entry in entries:
        rules |= entry.rules
        conditions |= entry.conditions
    uses = (*base.modules, *(entry.use for entry in entries))
    return replace(base, modules=uses, rules=rules, conditions=conditions)


def forget(key: str) -> None:
    """Take an IOD away, with all that is registered for it."""
    MODULES[:] = [entry for entry in MODULES if entry.key != key]
    OBJECTS[:] = [entry for entry in OBJECTS if entry.key != key]
    _PLAIN.pop(key, None)
    IODS.pop(key, None)


def computed(
    ds: xr.Dataset,
    objects: Sequence[Outgoing],
    given: Callable[[Outgoing], Collection[str]] = lambda _: (),
) -> list[Outgoing]:
    """The objects with the values that registered modules compute for them.

    Parameters
    ----------
    ds : Dataset
        The case.
    objects : sequence of Outgoing
        All of them.
    given : callable, optional
        Keywords of an object that the caller sets: those come before what modules say.

    Raises
    ------
    CustomCodeError
        A function raised, or returned what is no mapping of its module's keywords.
    """
    if not MODULES:
        return list(objects)
    known: dict[tuple[ModuleEntry, str], Mapping[str, Any]] = {}
    found = []
    for each in objects:
        key, made = key_of(each.iod), each
        for entry in MODULES:
            if entry.key == key and entry.values is not None:
                at = (entry, each.variable)
                if at not in known:
                    known[at] = _values(ds, entry, each.variable)
                theirs = given(each)
                own = {name: value for name, value in known[at].items() if name not in theirs}
                made = set_values(made, own, f"{entry.use.module.name} module: ")
        found.append(made)
    return found


def new_objects(ds: xr.Dataset, others: Sequence[Outgoing]) -> list[Outgoing]:
    """Objects that registered functions make of a case.

    Raises
    ------
    CustomCodeError
        A function raised, or yielded something else.
    RTXRError
        An object has pixels, keywords or a file name that cannot be written.
    """
    found: list[Outgoing] = []
    for entry in OBJECTS:
        where = f"the function registered for objects of {entry.key}"
        made = called(where, lambda function: _listed(function(ds.copy())), entry.objects)
        for number, new in enumerate(made, start=1):
            if not isinstance(new, NewObject):
                raise CustomCodeError(
                    f"{where} gave a {type(new).__name__}; give rtxr.NewObject(values=...)"
                )
            found.append(outgoing(new, entry.key, number, ds, [*others, *found]))
    return found


def _listed(made: NewObject | Iterable[NewObject] | None) -> list[NewObject]:
    """New objects of a case, whether none, one or several were returned."""
    if made is None:
        return []
    return [made] if isinstance(made, NewObject) else list(made)


def _values(ds: xr.Dataset, entry: ModuleEntry, variable: str) -> Mapping[str, Any]:
    module, function = entry.use.module, entry.values
    where = f"values of the module {module.name!r} ({entry.key}, variable {variable!r})"
    found = called(where, lambda values: values(ds.copy(), variable), function)
    if not isinstance(found, Mapping):
        raise CustomCodeError(f"{where} returned a {type(found).__name__}, not a mapping")
    names = [row.keyword for row in module.attributes]
    for keyword in found:
        if keyword not in names:
            raise CustomCodeError(
                f"{where} returned {keyword!r}, which the module's table does not have; "
                f"{did_you_mean(keyword, names)}"
            )
    return {name: writable(IODS[entry.key], name, value) for name, value in found.items()}
