"""What is checked when a user registers a module or an IOD: each refusal names what to do."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydicom.uid import UID

from rtxr.errors import RTXRError, UnknownNameError, did_you_mean
from rtxr.export.custom import registered
from rtxr.export.custom.new_objects import SIZES
from rtxr.export.custom.registered import MODULES, ModuleEntry
from rtxr.export.custom.user_code import guarded_conditions, guarded_rules, guarded_use
from rtxr.iod.conditions import APPROVAL, COMMON, IMAGE_SERIES
from rtxr.iod.ct_image import IDENTITY_RULES
from rtxr.iod.owned import OWNED, edit_hint
from rtxr.iod.private_rows import PrivateAttribute
from rtxr.iod.rules import COMPUTED, Rule, constant
from rtxr.iod.statement.support import WRITTEN
from rtxr.iod.tables import IOD, IODS, Attribute, Module, check_paths, walk

#: IODs that rtxr comes with.
BUILT_IN = frozenset(IODS)
_KEY = re.compile(r"[A-Z][A-Z0-9_]{1,15}")
_MODALITY = re.compile(r"[A-Z0-9_]{2,16}")
#: Without these no object has an identity.
_NEEDED = (
    *("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "Modality"),
    *("SOPClassUID", "SOPInstanceUID"),
)


def require_arguments(function: Callable[..., Any] | None, count: int, what: str) -> None:
    """Raise RTXRError unless a function can be called with so many arguments; None passes."""
    if function is None:
        return
    if not callable(function):
        raise RTXRError(f"{what} is a {type(function).__name__}, not a function")
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError as error:
        raise RTXRError(f"{what}: {getattr(function, '__name__', 'it')} has {error}") from error
    except ValueError:  # a function in C may not say what it takes
        return


def require_module(module: Module) -> None:
    """Raise RTXRError unless this is a module with rows."""
    if not isinstance(module, Module):
        raise RTXRError(f"module is a {type(module).__name__}; give rtxr.Module(name, whose, rows)")
    if not module.attributes:
        raise RTXRError(f"the table of the module {module.name!r} has no rows")


def require_iod(key: str) -> None:
    """Raise UnknownNameError unless there is an IOD of this short name."""
    if key not in IODS:
        raise UnknownNameError(f"no IOD {key!r}; {did_you_mean(key, IODS)}")


def require_paths(module: Module, given: Mapping[str, object], what: str) -> None:
    """Raise UnknownNameError where a mapping by path names a row that the module does not have."""
    paths = [path for path, _ in walk(module.attributes)]
    for path in given:
        if path not in paths:
            raise UnknownNameError(
                f"{what}={{{path!r}: ...}}: the module {module.name!r} has no such row; "
                f"{did_you_mean(path, paths)}"
            )


def require_room(key: str, module: Module, overwrite: bool) -> None:
    """Raise RTXRError where an IOD has a module of this name that may not be replaced."""
    if any(use.module.name == module.name for use in registered.plain(key).modules):
        raise RTXRError(
            f"{key} has a module {module.name!r} of its own; choose another name for yours"
        )
    there = any(entry.key == key and entry.use.module.name == module.name for entry in MODULES)
    if there and not overwrite:
        raise RTXRError(
            f"a module {module.name!r} is registered for {key} already; remove it, or pass "
            "overwrite=True to replace it"
        )


def require_no_clash(
    key: str, module: Module, rules: Mapping[str, Rule], *, computed: bool
) -> None:
    """Refuse what rtxr, or another module of a user, decides itself."""
    own = set(rules) | ({row.keyword for row in own_rows(module)} if computed else set())
    others = [each for each in MODULES if each.key == key and each.use.module.name != module.name]
    for path in sorted(own):
        where = _elsewhere(key, path, others)
        if where:
            raise RTXRError(
                f"{module.name}: {path} of {key} gets its value elsewhere already ({where}); leave "
                "its rule out, or the row out of a module with values"
            )
    for each in others:
        _require_apart(module, each.use.module)


def _elsewhere(key: str, path: str, others: Sequence[ModuleEntry]) -> str:
    """Where an attribute of an IOD gets its value without a module of the user's; empty nowhere."""
    top = path.partition(".")[0]
    if top in OWNED:
        return f"it {edit_hint(top)}"
    if top in WRITTEN.get(key, ()):
        return (
            "rtxr writes it from the Dataset; for one export there is "
            f"to_dicom(attributes={{{key!r}: {{{top!r}: ...}}}})"
        )
    for each in others:
        if path in each.rules:
            return f"the module {each.use.module.name!r}, which is registered, gives it"
    rule = registered.plain(key).rules.get(path)
    return "" if rule is None else f"the table of the IOD has a rule for it: {rule.kind}"


def _require_apart(module: Module, other: Module) -> None:
    """Refuse one name, or one place of a creator's block, for two things."""
    places = {_place(row): row for row in other.private.values()}
    for row in own_rows(module):
        known = other.private.get(row.keyword) or places.get(_place(row))
        if row.tag.is_private and known is not None and known != row:
            raise RTXRError(
                f"{module.name}: {row.keyword} has the name or the place of {known.keyword} of the "
                f"module {other.name!r}"
            )


def _place(row: object) -> tuple[str, int, int | None] | None:
    if not isinstance(row, PrivateAttribute):
        return None
    return row.creator, row.group, row.offset


def own_rows(module: Module) -> list[Attribute]:
    """Rows that somebody can give a value: all but creators."""
    return [
        row
        for row in module.attributes
        if not isinstance(row, PrivateAttribute) or row.offset is not None
    ]


def checked_iod(key: str, iod: IOD, overwrite: bool) -> IOD:
    """The IOD with the rules that all have."""
    if not _KEY.fullmatch(key):
        raise RTXRError(f"{key!r}: a short name is 2 to 16 capital letters, digits, underscores")
    if key in IODS and (key in BUILT_IN or not overwrite):
        hint = "choose another name" if key in BUILT_IN else "remove it, or pass overwrite=True"
        raise RTXRError(f"there is an IOD {key} already; {hint}")
    for other, known in IODS.items():
        if other != key and known.sop_class_uid == iod.sop_class_uid:
            raise RTXRError(f"SOP class {iod.sop_class_uid} is that of the IOD {other}")
    if not UID(iod.sop_class_uid).is_valid:
        raise RTXRError(f"{key}: {iod.sop_class_uid!r} is no UID")
    if not _MODALITY.fullmatch(iod.modality):
        raise RTXRError(f"{key}: modality={iod.modality!r}: 2 to 16 capital letters and digits")
    missing = [keyword for keyword in _NEEDED if keyword not in iod.keywords]
    if missing:
        raise RTXRError(
            f"{key}: no module has {', '.join(missing)}; an IOD has the modules Patient, General "
            "Study, General Series (or RT Series) and SOP Common"
        )
    given = {
        "SOPClassUID": constant(iod.sop_class_uid),
        "Modality": constant(iod.modality),
        **{name: rule for name, rule in IDENTITY_RULES.items() if name in iod.keywords},
        **{name: COMPUTED for name in SIZES if name in iod.keywords},
    }
    for path, rule in iod.rules.items():
        if path in given and given[path] != rule:
            raise RTXRError(f"{key}: {path} is given by the export; leave its rule out")
    paths = iod.paths
    common = {
        path: predicate
        for path, predicate in {**IMAGE_SERIES, **COMMON, **APPROVAL}.items()
        if path in paths and paths[path].type.endswith("C")
    }
    whose = f"IOD {key}"
    conditions = {**common, **guarded_conditions(iod.conditions, whose)}
    rules = {**given, **guarded_rules(iod.rules, whose)}
    uses = tuple(map(guarded_use, iod.modules))
    made = replace(iod, modules=uses, rules=rules, conditions=conditions)
    check_paths(made)
    return made
