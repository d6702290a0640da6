"""Values that a table of a plan may hold: that fit the attribute, angles, metersets."""

from __future__ import annotations

from numbers import Real
from typing import Any

from rtxr.errors import RTXRError
from rtxr.iod.encoding.raw import make
from rtxr.iod.items.beams import TURN, TURNS
from rtxr.iod.values.allowed import flaw
from rtxr.keywords import describe

_ANGLES = frozenset({*TURNS, "gantry_start", "gantry_stop"})
_METERSET = "BeamMeterset"


def require_in_range(column: str, value: Any) -> None:
    """Raise where a number is none that its column can mean.

    Parameters
    ----------
    column : str
        Of ``ds.rt.beams()`` or ``ds.rt.control_points()``.
    value : object
        A cell; of columns without a range anything.

    Raises
    ------
    RTXRError
        An angle that is not from 0 to 360 degrees, or a negative meterset.
    """
    number = float(value) if isinstance(value, Real) else 0.0
    if column in _ANGLES and not 0 <= number <= TURN:
        raise RTXRError(
            f"{column}: {number:g} degrees, and angles are from 0 to {TURN:g}; give it modulo "
            f"{TURN:g}, which is {number % TURN:g}"
        )
    if column == _METERSET and number < 0:
        raise RTXRError(
            f"{column}: {number:g}, and a meterset is 0 or more; a beam that is not delivered has "
            "0, or goes by ds.rt.remove_beam"
        )


def require_fit(keyword: str, value: Any, beam: str) -> None:
    """Raise where an attribute of a beam, by its number, cannot hold a value.

    Raises
    ------
    RTXRError
        Its VR or the Standard does not allow the value.
    """
    element = make(keyword, value)
    if wrong := flaw(element):
        raise RTXRError(f"beam {beam}: {describe(keyword)} cannot hold what is given: {wrong}")
