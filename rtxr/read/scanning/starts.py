"""Where the outermost elements of DICOM bytes begin: the quick walk.

A header has some hundred elements of which a few are looked at.
:func:`rtxr.read.elements.elements` makes an object of each; here each is a number. The slices of a
series say nearly the same, mostly in as many bytes: where all that a walk looked at is as it was
in the bytes before, the walk is not gone again.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rtxr.read.elements import (
    ITEM_END,
    SEQUENCE_END,
    SHORT_VR,
    Element,
    Encoding,
    element_at,
)

#: By whether the byte order is little endian: group, element, VR and 16-bit length.
_HEADER = (struct.Struct(">HH2sH").unpack_from, struct.Struct("<HH2sH").unpack_from)
_SHORT_BYTES, _LONG_BYTES = 8, 12
#: Walks that looked at more bytes are not kept: to compare them is no quicker.
_MOST_LOOKED_AT = 1 << 14
_MOST_KEPT = 64


@dataclass(frozen=True, eq=False)
class Starts:
    """Outermost elements by tag, the first one of each.

    Parameters
    ----------
    offsets : dict of int to int
        Tag > where its header begins. Bytes that are laid out alike share it.
    end : int
        Where the element after them begins.
    encoding : Encoding
        Of the bytes.
    """

    offsets: dict[int, int]
    end: int
    encoding: Encoding
    _elements: dict[int, Element] = field(default_factory=dict, init=False, repr=False)

    def element(self, data: bytes, tag: int) -> Element | None:
        """Where an element is in the bytes that were walked through; None where it is absent."""
        found = self._elements.get(tag)
        if found is None and tag in self.offsets:
            found = element_at(data, self.offsets[tag], tag, self.encoding)
            self._elements[tag] = found
        return found


def starts_of(data: bytes, start: int, encoding: Encoding, before: int = SEQUENCE_END) -> Starts:
    """Outermost elements up to the tag ``before``, as far as they are whole: the quick way.

    Nothing raises; what cannot be followed ends the walk.
    """
    if start + _SHORT_BYTES > len(data):
        return Starts({}, start, encoding)
    key = len(data), start, encoding, before
    walk = _last_walks.get(key)
    if walk is None or not walk.is_of(data):
        walk = _walked(data, start, encoding, before)
        if len(_last_walks) >= _MOST_KEPT:
            _last_walks.clear()
        _last_walks[key] = walk
    return walk.starts


@dataclass(frozen=True, eq=False)
class _Walk:
    """What a walk has found, and the bytes that it looked at: where, and which."""

    starts: Starts
    places: npt.NDArray[np.intp] | None
    looked_at: bytes

    def is_of(self, data: bytes) -> bool:
        """Whether a walk through other bytes, as many as these, would find the same."""
        if self.places is None:
            return False
        return np.frombuffer(data, np.uint8)[self.places].tobytes() == self.looked_at


#: By the number of bytes, and where and how they were walked through: the last walk.
_last_walks: dict[tuple[int, int, Encoding, int], _Walk] = {}


def _walked(data: bytes, start: int, encoding: Encoding, before: int) -> _Walk:
    """Walk from one element to the next."""
    offsets: dict[int, int] = {}
    size, stops = len(data), (ITEM_END, SEQUENCE_END, before)
    short, read_short = SHORT_VR if encoding.explicit else (), _HEADER[encoding.little]
    further: list[tuple[int, int]] = []  # what else was looked at: all of a length to be found
    repeatable = True
    while start + _SHORT_BYTES <= size:
        group, number, vr, length = read_short(data, start)
        tag = group << 16 | number
        if tag in stops:
            break
        end = start + _SHORT_BYTES + length
        if vr not in short:
            try:
                element = element_at(data, start, tag, encoding)
            except ValueError:
                repeatable = False
                break
            end = element.end
            further.append((start, end if element.undefined else element.value))
        if end > size:
            break
        if tag in offsets:
            repeatable = False
        else:
            offsets[tag] = start
        start = end
    starts = Starts(offsets, start, encoding)
    further.append((start, min(start + _LONG_BYTES, size)))
    if not repeatable or sum(end - begin for begin, end in further) > _MOST_LOOKED_AT:
        return _Walk(starts, None, b"")
    headers = np.fromiter(offsets.values(), np.intp, len(offsets))[:, None]
    places = np.concatenate(
        [(headers + np.arange(_SHORT_BYTES)).ravel(), *(np.arange(*each) for each in further)]
    )
    return _Walk(starts, places, np.frombuffer(data, np.uint8)[places].tobytes())
