"""Names for files and folders that every file system takes, of texts that anyone may have written.

A text of a header names one folder in the folder it is meant for, whatever it is: no separators,
no way up, nothing that a system reserves, no control characters, and not too long.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection

#: Bytes of a name in UTF-8. Most systems take 255, encrypted folders half of that, and a path on
#: Windows 260 in all.
MOST_BYTES = 64
_DIGEST = 8
#: What a path splits at, what Windows keeps for itself, and what shells take for patterns.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
#: Devices, with any ending, in any case.
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])(\..*)?", re.IGNORECASE
)
_NAMELESS = "_"


def safe_name(text: str) -> str:
    """One name of a text: the text itself where it is one.

    Parameters
    ----------
    text : str
        Anything.

    Returns
    -------
    str
        1 to 64 bytes in UTF-8, without separators, control and invisible characters, dots and
        spaces at its ends, and a hyphen at its beginning; no name that Windows reserves. A longer
        text ends with some digits of its checksum, so that long texts that begin alike stay apart.
    """
    plain = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text))
    visible = "".join("_" if unicodedata.category(each)[0] == "C" else each for each in plain)
    name = visible.strip(" .").lstrip("-~ .") or _NAMELESS
    if len(name.encode()) > MOST_BYTES:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
        kept = name.encode()[: MOST_BYTES - _DIGEST - 1].decode(errors="ignore")
        name = f"{kept.strip(' .')}~{digest}"
    return f"_{name}" if _RESERVED.fullmatch(name) else name


def distinct(name: str, taken: Collection[str]) -> str:
    """A name that is none of others, also where upper and lower case are one.

    Parameters
    ----------
    name : str
        From :func:`safe_name`.
    taken : collection of str
        As :func:`folded` gives them.
    """
    found, number = name, 2
    while folded(found) in taken:
        found, number = f"{name} ({number})", number + 1
    return found


def folded(name: str) -> str:
    """What two names share that are one on some file system."""
    return unicodedata.normalize("NFC", name.casefold())
