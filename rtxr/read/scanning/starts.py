"""Where the outermost elements of DICOM bytes begin: the quick walk.

A header has some hundred elements of which a few are looked at. :func:`rtxr.read.elements.elements`
makes an object of each; here each is a number.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from rtxr.read.elements import (
    ITEM_END,
    SEQUENCE_END,
    SHORT_VR,
    Encoding,
    element_at,
)

#: By whether the byte order is little endian: group, element, VR and 16-bit length.
_HEADER = (struct.Struct(">HH2sH").unpack_from, struct.Struct("<HH2sH").unpack_from)


class Starts(NamedTuple):
    """Outermost elements by tag, the first one of each.

    Parameters
    ----------
    offsets : dict of int to int
        Tag > where its header begins.
    end : int
        Where the element after them begins.
    """

    offsets: dict[int, int]
    end: int


def starts_of(data: bytes, start: int, encoding: Encoding, before: int = SEQUENCE_END) -> Starts:
    """Outermost elements up to the tag ``before``, as far as they are whole: the quick way.

    Nothing raises; what cannot be followed ends the walk.
    """
    offsets: dict[int, int] = {}
    size, stops = len(data), (ITEM_END, SEQUENCE_END, before)
    short, read_short = SHORT_VR if encoding.explicit else (), _HEADER[encoding.little]
    while start + 8 <= size:
        group, number, vr, length = read_short(data, start)
        tag = group << 16 | number
        if tag in stops:
            break
        end = start + 8 + length
        if vr not in short:
            try:
                end = element_at(data, start, tag, encoding).end
            except ValueError:
                break
        if end > size:
            break
        offsets.setdefault(tag, start)
        start = end
    return Starts(offsets, start)
