"""Arguments of our own functions among the keywords of DICOM that they also take."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from rtxr.errors import UnknownNameError, did_you_mean

#: Keywords of items, which are arguments here.
_INSTEAD: Mapping[str, str] = {
    "TreatmentMachineName": "machine",
    "NumberOfFractionsPlanned": "fractions",
    "TargetPrescriptionDose": "prescription",
    "LeafPositionBoundaries": "leaf_boundaries",
    "RTROIInterpretedType": "types",
    "ROIDisplayColor": "colors",
}
_CLOSE = 0.75


def arguments_of(function: Callable[..., Any]) -> list[str]:
    """Names of the arguments that a function takes by name, without the case."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [
        name for name, each in inspect.signature(function).parameters.items() if each.kind in kinds
    ]


def refuse_misspelt(facts: Mapping[str, object], function: Callable[..., Any]) -> None:
    """Raise where a keyword is meant as one of the function's own arguments.

    Raises
    ------
    UnknownNameError
        Names the argument.
    """
    own = arguments_of(function)
    for keyword in facts:
        if _INSTEAD.get(keyword) in own:
            raise UnknownNameError(f"{keyword}: say it by {_INSTEAD[keyword]}=...")
        # Keywords of DICOM begin with a capital letter, arguments do not.
        near = difflib.get_close_matches(keyword, own, n=1, cutoff=_CLOSE)
        if near and not keyword[:1].isupper():
            raise UnknownNameError(
                f"{keyword!r} is no argument of {function.__name__}; did you mean {near[0]!r}?"
            )


def require_arguments(given: Mapping[str, object], function: Callable[..., Any], what: str) -> None:
    """Raise where a mapping of arguments has one that neither the function nor DICOM knows.

    Raises
    ------
    UnknownNameError
        Names the nearest arguments.
    """
    own = arguments_of(function)
    for name in given:
        if name not in own and not name[:1].isupper():
            raise UnknownNameError(f"{what}={{{name!r}: ...}}; {did_you_mean(name, own)}")
