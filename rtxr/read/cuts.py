"""DICOM bytes without some of their elements, the lengths of what held them put right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rtxr.read.elements import Encoding


class Cuts(NamedTuple):
    """What to leave out of a data set.

    Parameters
    ----------
    spans : list of (int, int)
        Offsets of the elements that go, ascending: of the header, and behind the value.
    holders : list of (int, int)
        Value and stop of the sequences and items around them whose length is stated.
    """

    spans: list[tuple[int, int]]
    holders: list[tuple[int, int]]


def without(data: bytes, start: int, stop: int, encoding: Encoding, cuts: Cuts) -> bytes:
    """Bytes between two offsets without what is cut, undefined lengths kept undefined."""
    if not cuts.spans:
        return data[start:stop]
    begins, ends = np.array(cuts.spans).T
    lost = np.concatenate([[0], np.cumsum(ends - begins)])
    pieces = zip([start, *ends.tolist()], [*begins.tolist(), stop], strict=True)
    left = np.frombuffer(bytearray().join([data[one:other] for one, other in pieces]), np.uint8)
    values, stops = np.array(cuts.holders, dtype=np.int64).reshape(-1, 2).T
    before = lost[np.searchsorted(begins, values)]
    lengths = stops - values - (lost[np.searchsorted(begins, stops)] - before)
    fields = values - start - before - 4  # a length of 32 bits comes right before its value
    words = lengths.astype("<u4" if encoding.little else ">u4").view(np.uint8).reshape(-1, 4)
    left[fields[:, None] + np.arange(4)] = words
    return left.tobytes()
