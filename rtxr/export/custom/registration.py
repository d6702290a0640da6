"""Users' own export code: modules for IODs that exist, and IODs of their own.

Everything is checked when it is registered (:mod:`rtxr.export.custom.checks`), holds for this
session, for every export and validation, and shows in ``rtxr.conformance()``.
:class:`Registration` takes it away again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType

from rtxr.errors import RTXRError
from rtxr.export.custom import registered
from rtxr.export.custom.checks import (
    checked_iod,
    own_rows,
    require_arguments,
    require_iod,
    require_module,
    require_no_clash,
    require_paths,
    require_room,
)
from rtxr.export.custom.registered import (
    MODULES,
    OBJECTS,
    ModuleEntry,
    Objects,
    ObjectsEntry,
    Values,
)
from rtxr.export.custom.user_code import guarded_conditions, guarded_rules, guarded_use
from rtxr.iod import private_names
from rtxr.iod.encoding.raw import Predicate
from rtxr.iod.rules import COMPUTED, Rule
from rtxr.iod.tables import IOD, IODS, Module, ModuleUse, Usage, check_paths


class Registration:
    """What was registered; ``remove()``, or the end of a ``with`` block, takes it away again.

    >>> with rtxr.register_module("RTDOSE", score):  # doctest: +SKIP
    ...     ds.rt.to_dicom("out/")
    """

    def __init__(self, what: str, remove: Callable[[], None]) -> None:
        self._what, self._remove = what, remove

    def remove(self) -> None:
        """Take it away; nothing happens where that was done before."""
        self._remove()
        private_names.refresh()

    def __enter__(self) -> Registration:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"<Registration of {self._what}>"


def register_module(
    iods: str | Iterable[str],
    module: Module,
    usage: Usage = "U",
    *,
    values: Values | None = None,
    rules: Mapping[str, Rule] | None = None,
    condition: str = "",
    when: Predicate | None = None,
    conditions: Mapping[str, Predicate] | None = None,
    overwrite: bool = False,
) -> Registration:
    """Add a module to the tables of IODs, for every export of this session.

    Parameters
    ----------
    iods : str or iterable of str
        Short names: ``"RTDOSE"``, or several.
    module : Module
        Its table, from :func:`rtxr.module_rows` and :func:`rtxr.private_block`.
    usage : {"U", "M", "C"}, default: "U"
        M: every object meets the table. U: those that have any of its attributes of type 1 or 2. C:
        those of which ``when`` says so.
    values : callable, optional
        ``values(ds, variable)`` gives a mapping of the table's keywords to values for the objects
        of one variable (``"ct"``, ``"dose"``, ``"structure_set"``, ``"plan"``), which all slices of
        an image share. It is called once per variable and only reads the Dataset. None writes an
        attribute empty; without a keyword what the source has stays.
    rules : mapping, optional
        Rules by path for what is missing: :func:`rtxr.iod.rules.constant`, ``default``,
        ``same_as``, ``derived``, ``NEW_UID``.
    condition : str, optional
        In words, for usage C.
    when : callable, optional
        For usage C: whether a pydicom data set meets the condition.
    conditions : mapping, optional
        For rows of type 1C and 2C, by path: whether a data set (or item) meets the condition. A row
        without is checked only where it is present.
    overwrite : bool, default: False
        Take the place of a module of the same name that was registered before.

    Returns
    -------
    Registration
        Its ``remove()`` takes the module away.

    Raises
    ------
    UnknownNameError
        No such IOD, or a rule or condition of no row of the table.
    RTXRError
        The table is empty, a name is taken, something contradicts what rtxr writes itself, or a
        function takes other arguments.
    """
    keys = [iods] if isinstance(iods, str) else list(dict.fromkeys(iods))
    require_module(module)
    if not keys:
        raise RTXRError(f"{module.name}: no IOD is named; give one or several of {', '.join(IODS)}")
    require_arguments(values, 2, "values(ds, variable)")
    for name, predicate in {"when": when, **(conditions or {})}.items():
        require_arguments(predicate, 1, f"{name}: predicate(dataset)")
    if usage == "C" and when is None:
        raise RTXRError(f"{module.name}: usage C needs when=, which tells whether an object has it")
    whose = f"module {module.name!r}"
    require_paths(module, rules or {}, "rules")
    require_paths(module, conditions or {}, "conditions")
    rules = guarded_rules(rules or {}, whose)
    conditions = guarded_conditions(conditions or {}, whose)
    use = guarded_use(ModuleUse(module, usage, condition, when))
    entries = []
    for key in keys:
        require_iod(key)
        require_room(key, module, overwrite)
        require_no_clash(key, module, rules, computed=values is not None)
        given = {row.keyword: COMPUTED for row in own_rows(module)} if values else {}
        entry = ModuleEntry(key, use, values, {**given, **rules}, conditions)
        check_paths(registered.extended(registered.plain(key), [entry]))
        entries.append(entry)
    _add(entries, module.name if overwrite else "")
    return Registration(
        f"module {module.name!r} for {', '.join(keys)}", lambda: _drop_modules(entries)
    )


def register_iod(
    key: str,
    iod: IOD | None = None,
    *,
    objects: Objects | None = None,
    overwrite: bool = False,
) -> Registration:
    """Add an IOD, or new objects of one that exists, for every export of this session.

    Parameters
    ----------
    key : str
        Short name, such as ``"SC"``: capital letters, digits, underscores.
    iod : IOD, optional
        Its tables. Identity, modality and SOP class are given by the export; what its rules do not
        name is copied. Leave it out for new objects of an IOD that is there already.
    objects : callable, optional
        ``objects(ds)`` gives the :class:`~rtxr.export.custom.new_objects.NewObject` that a case has
        of this IOD, none or several. They go the way of all others: identity, references, checks,
        read back, de-identification.
    overwrite : bool, default: False
        Take the place of what was registered under this name before.

    Returns
    -------
    Registration
        Its ``remove()`` takes away what was registered here, with the modules added to the IOD.

    Raises
    ------
    RTXRError
        A name or SOP class that is taken or not allowed, a rule or condition of no row, an IOD
        without identity, or a function that takes other arguments.
    """
    require_arguments(objects, 1, "objects(ds)")
    if iod is None:
        require_iod(key)
        if objects is None:
            raise RTXRError(f"{key}: nothing to register; give iod=, objects= or both")
    else:
        iod = checked_iod(key, iod, overwrite)
        if overwrite and key in IODS:
            registered.forget(key)
        IODS[key] = iod
    entry = None if objects is None else _objects(key, objects, overwrite)
    private_names.refresh()
    return Registration(f"IOD {key}", lambda: _drop_iod(key, iod, entry))


def _objects(key: str, objects: Objects, overwrite: bool) -> ObjectsEntry:
    there = [entry for entry in OBJECTS if entry.key == key]
    if there and not overwrite:
        raise RTXRError(f"objects of {key} are registered already; remove them or overwrite=True")
    OBJECTS[:] = [entry for entry in OBJECTS if entry not in there]
    entry = ObjectsEntry(key, objects)
    OBJECTS.append(entry)
    return entry


def _add(entries: list[ModuleEntry], replaced: str) -> None:
    keys = {entry.key for entry in entries}
    MODULES[:] = [
        entry for entry in MODULES if entry.key not in keys or entry.use.module.name != replaced
    ]
    MODULES.extend(entries)
    for key in keys:
        registered.settle(key)
    private_names.refresh()


def _drop_modules(entries: list[ModuleEntry]) -> None:
    gone = [entry for entry in entries if entry in MODULES]
    MODULES[:] = [entry for entry in MODULES if entry not in gone]
    for entry in gone:
        registered.settle(entry.key)


def _drop_iod(key: str, iod: IOD | None, entry: ObjectsEntry | None) -> None:
    OBJECTS[:] = [each for each in OBJECTS if each is not entry]
    if iod is not None and key in IODS and registered.plain(key) is iod:
        registered.forget(key)
