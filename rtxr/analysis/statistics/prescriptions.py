"""The dose that is 100 %: one for all structures, or one by structure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from rtxr import model
from rtxr.errors import RTXRError, above_0
from rtxr.roi_names import RoiNames, names_of

#: Gy: for all structures, or by ROI or mask, ``"default"`` for the rest.
Prescription = float | Mapping[Any, float]
_DEFAULT = "default"
_WANTED = "a dose in its unit, such as 70, or one by ROI, as in {'PTV': 50, 'Boost': 66}"


@dataclass(frozen=True)
class Prescriptions:
    """What percentages of dose refer to.

    Parameters
    ----------
    rest : float
        Of every structure that is not named; NaN for none.
    by_label : mapping of str to float
        Of those that are.
    named : bool
        Whether they were given by structure.
    """

    rest: float = math.nan
    by_label: Mapping[str, float] = field(default_factory=dict)
    named: bool = False

    @property
    def given(self) -> bool:
        """Whether there is any."""
        return self.named or not math.isnan(self.rest)

    def of(self, label: str) -> float:
        """That of one structure; NaN for none."""
        return self.by_label.get(label, self.rest)

    def told(self, labels: Iterable[str]) -> float | dict[str, float] | None:
        """For the attrs of a table: the one there is, or that of each structure that has one."""
        if not self.named:
            return self.rest if self.given else None
        return {label: self.of(label) for label in labels if not math.isnan(self.of(label))}


def prescriptions(
    ds: xr.Dataset, given: Prescription | None, masks: Iterable[str] = ()
) -> Prescriptions:
    """Prescription of each structure.

    Parameters
    ----------
    ds : Dataset
        A case.
    given : float or mapping, optional
        In the unit of the dose. By ROI, keys are names as everywhere (:mod:`rtxr.roi_names`) or
        those of masks; of several that fit a structure the first counts, and ``"default"`` is for
        the rest, which has none without it.
    masks : iterable of str, optional
        Names of masks beside the ROIs.

    Raises
    ------
    UnknownNameError
        No such ROI or mask; the message shows the nearest.
    RTXRError
        What is given is no number above 0.
    """
    if given is None:
        return Prescriptions()
    if not isinstance(given, Mapping):
        return Prescriptions(above_0("prescription", given, _WANTED))
    if not given:
        raise RTXRError(f"prescription={{}}: it names no ROI; give {_WANTED}")
    names = structure_names(ds, masks)
    rest, by_label = math.nan, dict[str, float]()
    for key, value in given.items():
        dose = above_0(f"prescription[{key!r}]", value, "a dose in the unit of the dose")
        if key == _DEFAULT and not names.find(key):
            rest = dose
            continue
        for label in names.require(key):
            by_label.setdefault(label, dose)
    return Prescriptions(rest, by_label, named=True)


def structure_names(ds: xr.Dataset, masks: Iterable[str] = ()) -> RoiNames:
    """Names of the ROIs of a case, if it has any, and of masks beside them.

    Raises
    ------
    MissingDataError
        There are neither.
    """
    beside = tuple(masks)
    if beside and model.ROI not in ds.coords:
        return RoiNames(beside)
    own = names_of(ds)
    if not beside:
        return own
    aliases = (*own.aliases, *[""] * (len(own.labels) - len(own.aliases)), *[""] * len(beside))
    return RoiNames((*own.labels, *(name for name in beside if name not in own.labels)), aliases)
