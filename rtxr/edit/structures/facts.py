"""What may be said of a structure: names, types and colours that can be written, none twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.errors import ConflictingDataError, RTXRError, UnknownNameError, did_you_mean
from rtxr.iod.items.rois import INTERPRETED_TYPES

#: A colour: ``"#rrggbb"``, or red, green and blue from 0 to 255.
Color = str | Sequence[int]

_HEX = re.compile(r"#[0-9a-f]{6}")
#: Longest ROI Name (3006,0026): its VR is LO.
_LONGEST_NAME = 64


def new_name(name: str) -> str:
    """A name that ROI Name can hold, without spaces around it."""
    if not isinstance(name, str):
        raise RTXRError(
            f"a name is text, not {type(name).__name__}; add_structure(name, shape) takes the name "
            "first, then the shape"
        )
    text = name.strip()
    if not text or len(text) > _LONGEST_NAME or "\\" in text or not text.isprintable():
        raise RTXRError(
            f"name={name!r}: (3006,0026) ROIName takes 1 to {_LONGEST_NAME} characters, no "
            f"backslash and no line breaks; this one has {len(text)}"
        )
    return text


def known_type(type_: str) -> str:
    """A Defined Term, or empty."""
    term = type_.strip().upper()
    if term and term not in INTERPRETED_TYPES:
        raise UnknownNameError(
            f"type={type_!r} is no Defined Term of (3006,00A4) RTROIInterpretedType; "
            f"{did_you_mean(term, INTERPRETED_TYPES, len(INTERPRETED_TYPES))}"
        )
    return term


def hex_color(color: Color) -> str:
    """A colour as ``"#rrggbb"``."""
    if isinstance(color, str):
        text = color.strip().lower()
    else:
        whole = all(isinstance(each, int | np.integer) and 0 <= each <= 255 for each in color)
        text = "#" + "".join(f"{int(each):02x}" for each in color) if whole else ""
    if not _HEX.fullmatch(text):
        raise RTXRError(f'color={color!r}: give "#rrggbb", or red, green and blue from 0 to 255')
    return text


def next_color(taken: Sequence[str]) -> str:
    """The first colour of the palette that is not taken, else the next in turn."""
    free = [color for color in model.PALETTE if color not in taken]
    return free[0] if free else model.PALETTE[len(taken) % len(model.PALETTE)]


def refuse_clash(ds: xr.Dataset, names: Sequence[str], renamed: Sequence[str]) -> None:
    """Raise where a name would stand for two structures; ``renamed`` lose theirs."""
    facts = zip(model.roi_labels(ds), np.atleast_1d(ds[model.ROI_NAME].values), strict=True)
    taken = {
        str(text).casefold(): label
        for label, name in facts
        if label not in renamed
        for text in (name, label)
    }
    for name in names:
        if name.casefold() in taken:
            raise ConflictingDataError(
                f"there is a structure {taken[name.casefold()]!r} already; choose another name for "
                f"{name!r}, or ds.rt.remove({taken[name.casefold()]!r}) first"
            )
        taken[name.casefold()] = name


def refuse_others(given: Mapping[str, object], names: Sequence[str], what: str) -> None:
    """Raise where something is said of a structure that is not among those given."""
    for name in given:
        if name not in names:
            raise UnknownNameError(
                f"{what}= speaks of {name!r}, which is no structure given here; "
                f"{did_you_mean(name, names)}"
            )
