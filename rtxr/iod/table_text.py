"""Module tables as text, one line per type and nesting level, much as PS3.3 prints them.

::

    2  PatientName PatientID                    type, then one or more keywords
    1C BeamDoseType | AlternateBeamDose is there    a conditional row has its condition
    3  ReferencedPatientSequence
    >1 ReferencedSOPClassUID                    an item's attribute, one > per level
    >include SOP_REFERENCE                      the rows of a macro
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rtxr.errors import RTXRError, did_you_mean
from rtxr.iod.tables import Attribute

_ROW = re.compile(
    r"(?P<level>>*)\s*(?P<type>include|[123]C?)\s+(?P<names>[^|]+?)\s*(\|\s*(?P<why>.+))?"
)


def parse_rows(
    text: str, macros: Mapping[str, tuple[Attribute, ...]] | None = None
) -> tuple[Attribute, ...]:
    """Rows of a table written as text (see the head of this module).

    Raises
    ------
    RTXRError
        A line that is no row, a macro that does not exist, or a row that is not valid.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    return _block(lines, 0, macros or {})


def _block(
    lines: list[str], level: int, macros: Mapping[str, tuple[Attribute, ...]]
) -> tuple[Attribute, ...]:
    """Rows of one nesting level; deeper lines become the items of the row before them."""
    rows: list[Attribute] = []
    while lines:
        found = _ROW.fullmatch(lines[0].strip())
        if found is None:
            raise RTXRError(
                f"no row of a module table: {lines[0].strip()!r}; write type (1, 1C, 2, 2C, 3) and "
                "keywords, such as `1 SeriesDescription` or `1C Laterality | the part is paired`"
            )
        if len(found["level"]) < level:
            break
        if len(found["level"]) > level:
            if not rows:
                raise RTXRError(f"a row without the sequence around it: {lines[0].strip()!r}")
            items = _block(lines, level + 1, macros)
            last = rows.pop()
            rows.append(Attribute(last.keyword, last.type, last.condition, items))
            continue
        del lines[0]
        names = found["names"].split()
        if found["type"] == "include":
            if missing := [name for name in names if name not in macros]:
                raise RTXRError(f"no macro {missing[0]!r}; {did_you_mean(missing[0], macros)}")
            rows += [row for name in names for row in macros[name]]
        else:
            rows += [Attribute(name, found["type"], found["why"] or "") for name in names]
    return tuple(rows)
