"""Let pydicom know the private rows of registered tables, so that it can read what was written.

In Implicit VR a file does not say of which VR a private element is. pydicom keeps a dictionary of
private elements by creator for that; what it knows already stays as it is.
"""

from __future__ import annotations

from pydicom._private_dict import private_dictionaries

from rtxr.iod.private_rows import PrivateAttribute
from rtxr.iod.tables import IODS

#: Creator and entry of what was added here.
_added: set[tuple[str, str]] = set()


def refresh() -> None:
    """Know the private rows of the tables that are there now, and no others."""
    wanted = {
        (row.creator, f"{row.group:04X}xx{row.offset:02X}"): row
        for iod in IODS.values()
        for row in iod.private.values()
        if isinstance(row, PrivateAttribute) and row.offset is not None
    }
    for creator, entry in _added - wanted.keys():
        private_dictionaries[creator].pop(entry, None)
        if not private_dictionaries[creator]:
            del private_dictionaries[creator]
    _added.intersection_update(wanted)
    for (creator, entry), row in wanted.items():
        known = private_dictionaries.setdefault(creator, {})
        if entry not in known:
            known[entry] = (row.kind, "1-n", row.keyword, "")
            _added.add((creator, entry))
