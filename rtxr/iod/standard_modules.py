"""Module tables for IODs of one's own: those of the Standard by name, and rows written as text."""

from __future__ import annotations

import re

from rtxr.errors import RTXRError, UnknownNameError, did_you_mean
from rtxr.iod.modules.macros import rows
from rtxr.iod.tables import IODS, Attribute, Module, ModuleUse

_LINE = re.compile(r"(?P<usage>[MCU])\s+(?P<name>[^|]+?)\s*(\|\s*(?P<why>.+))?")


def module_rows(table: str) -> tuple[Attribute, ...]:
    """Rows of a module table, written as PS3.3 prints them.

    Parameters
    ----------
    table : str
        One line per type: the type and one or more keywords; a conditional type has its condition;
        what is in the items of a sequence has one ``>`` per level; the macros of PS3.3 are included
        by name::

            1  ConversionType
            2C ReviewerName | the object was reviewed
            3  ReferencedImageSequence
            >1 ReferencedSOPClassUID ReferencedSOPInstanceUID
            >3 PurposeOfReferenceCodeSequence
            >>include CODE

    Returns
    -------
    tuple of Attribute
        For :class:`~rtxr.iod.tables.Module`.

    Raises
    ------
    RTXRError
        A line that is no row, a keyword that DICOM does not have, a type or condition that is not
        right, a macro that does not exist.
    """
    return rows(table)


def module_uses(table: str, *own: Module) -> tuple[ModuleUse, ...]:
    """Modules of an IOD, written as PS3.3 prints them.

    Parameters
    ----------
    table : str
        One line per module: its usage, its name as in PS3.3 and, if that is C, its condition::

            M Patient
            M General Study
            C Contrast/Bolus | contrast was used
            U VOI LUT

    *own : Module
        Modules of your own, which the table names too.

    Returns
    -------
    tuple of ModuleUse
        For :class:`~rtxr.iod.tables.IOD`. A conditional module is checked where any of its
        attributes of type 1 or 2 is there.

    Raises
    ------
    UnknownNameError
        No module of that name; the nearest ones are named.
    RTXRError
        A line that is no use of a module, or a usage without what it needs.
    """
    known = {use.module.name: use.module for iod in IODS.values() for use in iod.modules}
    known |= {module.name: module for module in own}
    found = []
    for line in filter(None, map(str.strip, table.splitlines())):
        use = _LINE.fullmatch(line)
        if use is None:
            raise RTXRError(f"no use of a module: {line!r}; write M, C or U and its name")
        if use["name"] not in known:
            raise UnknownNameError(
                f"no module {use['name']!r}; {did_you_mean(use['name'], known)} Or pass a Module "
                "of your own: module_uses(table, module)"
            )
        found.append(ModuleUse(known[use["name"]], use["usage"], use["why"] or ""))  # type: ignore[arg-type]
    return tuple(found)
