"""Doses as a person writes them: Gy, or % of the dose that counts as 100 %."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rtxr.errors import RTXRError

#: A dose in Gy, or with its unit: ``20``, ``"20 Gy"``, ``"95%"``.
Level = float | str
_NUMBERS = (int, float, np.integer, np.floating)
_LEVEL = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(%|Gy)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class FullDose:
    """The dose that is 100 %.

    Parameters
    ----------
    gray : float
        In Gy; 0 where there is no dose at all.
    source : {"given", "plan", "maximum"}
        Where it comes from.
    """

    gray: float
    source: str

    def level(self, level: Level) -> float:
        """A dose in Gy.

        Raises
        ------
        RTXRError
            It is neither a number nor one with a unit.
        """
        if isinstance(level, _NUMBERS) and not isinstance(level, bool) and 0 <= level < math.inf:
            return float(level)
        found = _LEVEL.fullmatch(level) if isinstance(level, str) else None
        if found is None:
            raise RTXRError(
                f"{level!r} is no dose: give Gy such as 20 or '20 Gy', or '95%' of the prescription"
            )
        number = float(found[1])
        return number * self.gray / 100 if found[2] == "%" else number

    def levels(self, levels: Iterable[Level]) -> list[float]:
        """Doses in Gy, each once, ascending."""
        return sorted({self.level(each) for each in levels} - {0.0})
