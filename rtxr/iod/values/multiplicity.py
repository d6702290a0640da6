"""How many values an attribute may have (PS3.5 6.4; PS3.6 6)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from pydicom.datadict import dictionary_has_tag, dictionary_VM

#: What stands between the values of a text.
SEPARATOR = ord("\\")
#: Texts of more bytes than this are counted by numpy.
_LONG = 256
_VM = re.compile(r"(\d+)(?:-(?:(\d*)n|(\d+)))?")


class Multiplicity(NamedTuple):
    """How many values there may be.

    Parameters
    ----------
    low, high, step : int
        Least, most, and in multiples of what; ``high`` 0: no limit; ``low`` 0: anything goes.
    """

    low: int = 0
    high: int = 0
    step: int = 1

    def flaw(self, count: int) -> str:
        """What is wrong with so many values; empty where nothing is. None at all is no number."""
        if not self.low or not count:
            return ""
        if count < self.low or (self.high and count > self.high) or count % self.step:
            return f"{count} values, and {self._wanted} allowed"
        return ""

    @property
    def _wanted(self) -> str:
        if self.step > 1:
            return f"multiples of {self.step} are"
        if self.high == self.low:
            return f"{self.low} is" if self.low == 1 else f"{self.low} are"
        return f"{self.low} to {self.high or 'any number'} are"


@lru_cache(maxsize=4096)
def multiplicity_of(tag: int) -> Multiplicity:
    """What PS3.6 says of a tag; of one that is not there anything goes."""
    if tag >> 16 & 1 or not dictionary_has_tag(tag):
        return Multiplicity()
    return multiplicity(dictionary_VM(tag))


def multiplicity(text: str) -> Multiplicity:
    """What a VM such as ``1-3`` or ``2-2n`` means."""
    found = _VM.fullmatch(text)
    if found is None:
        return Multiplicity()
    low, many, high = int(found[1]), found[2], found[3]
    if high is not None:
        return Multiplicity(low, int(high))
    return Multiplicity(low, 0, int(many or 1)) if many is not None else Multiplicity(low, low)


def values_in(text: bytes) -> int:
    r"""How many values a text has, ``\`` between them; one where it is empty."""
    if len(text) <= _LONG:
        return text.count(b"\\") + 1
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == SEPARATOR)) + 1
