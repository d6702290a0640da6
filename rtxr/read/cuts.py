"""DICOM bytes without some of their elements, the lengths of what held them put right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rtxr.read.elements import Encoding


class Cuts(NamedTuple):
    """What to leave out of a data set: offsets in plain lists, as there are thousands.

    Parameters
    ----------
    begins, ends : list of int
        Of the elements that go, ascending: of the header, and behind the value.
    values, stops : list of int
        Value and stop of the sequences and items around them whose length is stated.
    """

    begins: list[int]
    ends: list[int]
    values: list[int]
    stops: list[int]

    @classmethod
    def none(cls) -> Cuts:
        """Nothing to leave out yet."""
        return cls([], [], [], [])

    def cut(self, begin: int, end: int) -> None:
        """Leave an element out."""
        self.begins.append(begin)
        self.ends.append(end)

    def hold(self, value: int, stop: int) -> None:
        """Put the length of a sequence or item right."""
        self.values.append(value)
        self.stops.append(stop)


def without(data: bytes, start: int, stop: int, encoding: Encoding, cuts: Cuts) -> bytes:
    """Bytes between two offsets without what is cut, undefined lengths kept undefined."""
    if not cuts.begins:
        return data[start:stop]
    begins, ends, values, stops = (np.array(each, dtype=np.int64) for each in cuts)
    lost = np.concatenate([[0], np.cumsum(ends - begins)])
    pieces = zip([start, *cuts.ends], [*cuts.begins, stop], strict=True)
    left = np.frombuffer(bytearray().join([data[one:other] for one, other in pieces]), np.uint8)
    before = lost[np.searchsorted(begins, values)]
    lengths = stops - values - (lost[np.searchsorted(begins, stops)] - before)
    fields = values - start - before - 4  # a length of 32 bits comes right before its value
    words = lengths.astype("<u4" if encoding.little else ">u4").view(np.uint8).reshape(-1, 4)
    left[fields[:, None] + np.arange(4)] = words
    return left.tobytes()
