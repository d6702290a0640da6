"""What a standardized uptake value is normalized to: weight, lean mass, surface, ideal weight.

The kinds are those of SUV Type (0054,1006), PS3.3 C.8.9.1, and have its names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rtxr.errors import ConflictingDataError, MissingDataError, UnknownNameError, did_you_mean
from rtxr.keywords import describe
from rtxr.read.suv.elements import PetSeries


@dataclass(frozen=True)
class Kind:
    """A kind of standardized uptake value.

    Parameters
    ----------
    suv_type : str
        SUV Type (0054,1006).
    meaning : str
        In words.
    units : str
        Of the values.
    size : callable
        Body size of a series' patient, g or cm2.
    """

    suv_type: str
    meaning: str
    units: str
    size: Callable[[PetSeries], float]


def kind_of(name: str) -> Kind:
    """The kind of this name, in either case.

    Raises
    ------
    UnknownNameError
        No such kind.
    """
    found = KINDS.get(name.casefold())
    if found is None:
        raise UnknownNameError(f"no kind of SUV {name!r}; {did_you_mean(name, KINDS)}")
    return found


def body_size(series: PetSeries, kind: Kind) -> float:
    """Body size of the patient, g (cm2 for the surface).

    Raises
    ------
    MissingDataError
        Weight, height or sex is missing.
    ConflictingDataError
        Weight or height is none of a body, or the formula does not hold for it.
    """
    size = kind.size(series)
    if size <= 0:
        raise ConflictingDataError(
            f"the formula of {kind.meaning} gives no positive value for this weight and height; "
            "take another kind, such as 'lbmjanma'"
        )
    return size


def _weight(series: PetSeries) -> float:
    """Of the body, kg."""
    return series.number("PatientWeight")


def _height(series: PetSeries) -> float:
    """Of the body, cm."""
    return 100 * series.number("PatientSize")


def _of_sex(series: PetSeries, male: float, female: float) -> float:
    sex = series.text("PatientSex").upper()
    if sex not in ("M", "F"):
        raise MissingDataError(
            f"{describe('PatientSex')} is neither M nor F, for which lean and ideal masses are "
            "defined; give it: ds.rt.suv(kind, PatientSex='F')"
        )
    return male if sex == "M" else female


def _james(series: PetSeries, male: float) -> float:
    weight, height = _weight(series), _height(series)
    share = _of_sex(series, 1.10, 1.07)
    return 1000 * (share * weight - _of_sex(series, male, 148.0) * (weight / height) ** 2)


def _james_120(series: PetSeries) -> float:
    return _james(series, 120.0)


def _james_128(series: PetSeries) -> float:
    return _james(series, 128.0)


def _janmahasatian(series: PetSeries) -> float:
    weight = _weight(series)
    index = weight / (_height(series) / 100) ** 2
    share = _of_sex(series, 6680 + 216 * index, 8780 + 244 * index)
    return 1000 * 9270 * weight / share


def _du_bois(series: PetSeries) -> float:
    """Surface of the body, cm2."""
    return 1e4 * 0.007184 * float(_weight(series) ** 0.425 * _height(series) ** 0.725)


def _ideal(series: PetSeries) -> float:
    above = _height(series) - 152
    return 1000 * _of_sex(series, 48.0 + 1.06 * above, 45.5 + 0.91 * above)


def _grams(series: PetSeries) -> float:
    return 1000 * _weight(series)


#: Kinds by the name that asks for them.
KINDS: Mapping[str, Kind] = {
    kind.suv_type.casefold(): kind
    for kind in (
        Kind("BW", "body weight", "g/mL", _grams),
        Kind("LBM", "lean body mass (James, 120 for men)", "g/mL", _james_120),
        Kind("LBMJAMES128", "lean body mass (James, 128 for men)", "g/mL", _james_128),
        Kind("LBMJANMA", "lean body mass (Janmahasatian)", "g/mL", _janmahasatian),
        Kind("BSA", "body surface area (DuBois)", "cm2/mL", _du_bois),
        Kind("IBW", "ideal body weight", "g/mL", _ideal),
    )
}
