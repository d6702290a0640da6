"""From the name of a metric to what it is: the parser and the registry.

What there is at first is said in :mod:`rtxr.analysis.statistics.metric_kinds`;
:func:`register_metric` adds to it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar, get_args, overload

from rtxr.analysis.statistics.metric_kinds import (
    BUILT_IN,
    OUTSIDE,
    Compute,
    Kind,
    MetricInput,
    Unit,
)
from rtxr.errors import RTXRError, UnknownNameError, did_you_mean

ComputeT = TypeVar("ComputeT", bound=Compute)

#: Unit of a value, and the unit asked for > what the value is then.
_CONVERSIONS: Mapping[tuple[str, str], Callable[[float, MetricInput], float]] = {
    ("Gy", "cGy"): lambda value, _: 100 * value,
    ("Gy", "%"): lambda value, given: 100 * value / given.prescription,
    ("cc", "%"): lambda value, given: (
        100 * value / given.roi.volume_cc if given.roi.volume_cc else math.nan
    ),
}
#: How units are written, in lower case > what they are called here.
UNITS: Mapping[str, str] = {
    "gy": "Gy",
    "cgy": "cGy",
    "%": "%",
    "cc": "cc",
    "cm3": "cc",
    "cm³": "cc",
    "cm^3": "cc",
}
_QUANTITIES: Mapping[str, str] = {
    "Gy": "a dose",
    "cc": "a volume",
    "%": "a percentage",
    "": "a number without a unit",
}
_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_UNIT = re.compile(r"(.*?)(?:\[([^][]*)\])?")
_SPELLING = re.compile(r"[^\s:<>≤≥\[\]]*[A-Za-z][^\s:<>≤≥\[\]]*")


@dataclass(frozen=True)
class Metric:
    """A metric as asked for.

    Parameters
    ----------
    name : str
        As it was spelt.
    kind : Kind
        What it is.
    numbers : tuple of float
        The numbers in its name.
    unit : str
        Of its value: Gy, cGy, cc, % or none.
    """

    name: str
    kind: Kind
    numbers: tuple[float, ...]
    unit: str

    @property
    def needs_prescription(self) -> bool:
        """Whether its number, or its value, is in % of the prescription."""
        return self.kind.needs_prescription or (self.kind.unit, self.unit) == ("Gy", "%")

    def with_unit(self, unit: str) -> Metric:
        """The same in another unit, as :data:`UNITS` spells it.

        Raises
        ------
        UnknownNameError
            It has no such unit.
        """
        known = [self.kind.unit, *(to for of, to in _CONVERSIONS if of == self.kind.unit)]
        if UNITS.get(unit.casefold(), unit) not in known:
            units = " or ".join(filter(None, known)) or "none"
            raise UnknownNameError(
                f"{self.name!r} in {unit or 'no unit'}: it is {_QUANTITIES[self.kind.unit]}, "
                f"whose unit is {units}"
            )
        return replace(self, unit=UNITS.get(unit.casefold(), unit))

    def value(self, given: MetricInput) -> float:
        """Its value for one structure, in its unit; NaN where it is not known."""
        if self.kind.needs_whole and given.roi.outside_fraction > OUTSIDE:
            return math.nan
        value = float(self.kind.compute(replace(given, numbers=self.numbers)))
        convert = _CONVERSIONS.get((self.kind.unit, self.unit))
        return convert(value, given) if convert else value


def _pattern(spelling: str) -> re.Pattern[str]:
    """What a spelling fits, letters in either case; a number after ``=`` may have a sign."""
    text = re.escape(spelling).replace(r"=\#", rf"=([+-]?(?:{_NUMBER}))")
    return re.compile(text.replace(r"\#", f"({_NUMBER})"), re.IGNORECASE)


#: Spelling > its pattern and kind, in the order in which they were added.
_REGISTRY: dict[str, tuple[re.Pattern[str], Kind]] = {
    spelling: (_pattern(spelling), kind)
    for kind in BUILT_IN
    for spelling in (kind.spelling, *kind.aliases)
}


def kinds() -> list[Kind]:
    """Every kind of metric there is now."""
    return list(dict.fromkeys(kind for _, kind in _REGISTRY.values()))


def parse_metric(name: str) -> Metric:
    """Metric meant by a name such as ``"D95%"``, ``"V20Gy[cc]"`` or ``"gEUD(a=8)"``.

    Raises
    ------
    UnknownNameError
        No such metric or unit; the message shows the nearest ones.
    """
    text = re.sub(r"\s+", "", str(name))
    found = _UNIT.fullmatch(text)
    head, unit = (found[1], found[2]) if found else (text, None)
    for pattern, kind in _REGISTRY.values():
        if match := pattern.fullmatch(head):
            numbers = tuple(map(float, match.groups()))
            metric = Metric(str(name), kind, numbers, kind.shown or kind.unit)
            return metric if unit is None else metric.with_unit(unit)
    digits = re.search(_NUMBER, head)
    known = [spelling.replace("#", digits[0] if digits else "2") for spelling in _REGISTRY]
    raise UnknownNameError(f"no metric {name!r}; {did_you_mean(head, known, len(known))}")


@overload
def register_metric(
    spelling: str,
    compute: ComputeT,
    *,
    meaning: str,
    unit: Unit = ...,
    needs_prescription: bool = ...,
    needs_gray: bool = ...,
    needs_whole: bool = ...,
    overwrite: bool = ...,
) -> ComputeT: ...


@overload
def register_metric(
    spelling: str,
    compute: None = ...,
    *,
    meaning: str,
    unit: Unit = ...,
    needs_prescription: bool = ...,
    needs_gray: bool = ...,
    needs_whole: bool = ...,
    overwrite: bool = ...,
) -> Callable[[ComputeT], ComputeT]: ...


def register_metric(
    spelling: str,
    compute: Compute | None = None,
    *,
    meaning: str,
    unit: Unit = "",
    needs_prescription: bool = False,
    needs_gray: bool = False,
    needs_whole: bool = False,
    overwrite: bool = False,
) -> Compute | Callable[[Compute], Compute]:
    """Add a metric, for ``ds.rt.dvh_metrics()`` and ``ds.rt.goals()`` of this session.

    Parameters
    ----------
    spelling : str
        How it is written, ``#`` where a number goes: ``"NTCP(TD50=#,m=#)"``. A number after ``=``
        may be negative. Letters may be in either case when it is asked for.
    compute : callable, optional
        From :class:`~rtxr.analysis.statistics.metric_kinds.MetricInput` to a number, NaN where
        there is none. Without it, what is returned decorates one.
    meaning : str
        What it is, one sentence.
    unit : {"", "Gy", "cc", "%"}, default: ""
        Of what ``compute`` returns. A dose may then be asked for in ``[cGy]`` and ``[%]`` of the
        prescription too, a volume in ``[%]`` of the structure.
    needs_prescription : bool, default: False
        Whether it reads ``prescription`` or ``isodose_cc``: it is then taken from the plan, or
        asked for.
    needs_gray : bool, default: False
        Whether it takes doses for Gy: it is then refused for a dose in another unit.
    needs_whole : bool, default: False
        Whether it is unknown, NaN, where part of the structure lies outside the dose grid.
    overwrite : bool, default: False
        Whether it may take the place of another one of the same spelling.

    Returns
    -------
    callable
        ``compute`` as it was, or the decorator.

    Raises
    ------
    RTXRError
        The spelling is no name, or means what another metric is asked for by.

    Examples
    --------
    >>> @rtxr.register_metric("spread#%", meaning="D#% - D(100-#)%", unit="Gy")  # doctest: +SKIP
    ... def spread(given):
    ...     part = given.number / 100 * given.roi.volume_cc
    ...     return given.roi.dose_at(part) - given.roi.dose_at(given.roi.volume_cc - part)
    """
    if compute is None:
        return partial(
            register_metric,
            spelling,
            meaning=meaning,
            unit=unit,
            needs_prescription=needs_prescription,
            needs_gray=needs_gray,
            needs_whole=needs_whole,
            overwrite=overwrite,
        )
    if not _SPELLING.fullmatch(spelling):
        raise RTXRError(
            f"spelling={spelling!r}: a metric has a letter in its name, and no space, colon, "
            "square bracket, < or >"
        )
    if unit not in get_args(Unit):
        raise UnknownNameError(f"unit={unit!r}; {did_you_mean(unit, get_args(Unit))}")
    _make_room(spelling, overwrite)
    kind = Kind(
        spelling,
        meaning,
        compute,
        unit,
        needs_prescription=needs_prescription,
        needs_gray=needs_gray,
        needs_whole=needs_whole,
    )
    _REGISTRY[spelling] = (_pattern(spelling), kind)
    return compute


def _make_room(spelling: str, overwrite: bool) -> None:
    """Refuse a spelling that fits what another one fits, or take that one away."""
    pattern, sample = _pattern(spelling), spelling.replace("#", "2")
    taken = [
        other
        for other, (fits, _) in _REGISTRY.items()
        if fits.fullmatch(sample) or pattern.fullmatch(other.replace("#", "2"))
    ]
    same = [other for other in taken if other.casefold() == spelling.casefold()]
    if taken and not (overwrite and same == taken):
        hint = "pass overwrite=True to replace it" if same == taken else "choose another spelling"
        raise RTXRError(f"there is a metric {taken[0]!r} already, which {sample!r} means; {hint}")
    for other in same:
        del _REGISTRY[other]
