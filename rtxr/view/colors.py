"""Colours of ROIs: their own where they have one, else a palette safe for colour-blind readers.

Colours are ``"#rrggbb"``. Luminance is the relative luminance of WCAG 2.2 (0 black, 1 white).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rtxr.geometry import FloatArray
from rtxr.model import PALETTE

#: Lightest luminance that still stands out from white paper (contrast 2 : 1).
PAPER_LUMINANCE = 0.475
#: Darkest luminance that still stands out from a dark page (contrast 4 : 1 on #111111).
SCREEN_LUMINANCE = 0.18
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
#: How much darker (in linear light) a colour becomes when another curve has it already.
_DARKER = 0.45
#: How much more luminous it becomes on a dark page, and what rounding to 8 bits may take away.
_LIGHTER, _ROUNDED = 0.15, 0.004


def roi_colors(labels: Iterable[str], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Colour of each label: the known one, else the next of the palette that nobody has.

    Parameters
    ----------
    labels : iterable of str
        ROI labels.
    known : mapping of label to colour, optional
        ``"#rrggbb"``; empty, malformed and missing ones are filled in.
    """
    labels, known = list(labels), known or {}
    own = {label: text for label in labels if _HEX.fullmatch(text := known.get(label) or "")}
    taken = {color.lower() for color in own.values()}
    free = [color for color in PALETTE if color not in taken] or list(PALETTE)
    missing = [label for label in labels if label not in own]
    filled = {label: free[at % len(free)] for at, label in enumerate(missing)}
    return {label: own[label].lower() if label in own else filled[label] for label in labels}


def for_paper(colors: Mapping[str, str]) -> dict[str, str]:
    """Colours for lines on white: too light ones darkened, repeated ones told apart by shade."""
    shown: dict[str, str] = {}
    for label, color in colors.items():
        shade = darkened(color)
        while shade in shown.values() and luminance(shade) > 0.01:
            shade = _to_hex(_linear(shade) * _DARKER)
        shown[label] = shade
    return shown


def darkened(color: str, limit: float = PAPER_LUMINANCE) -> str:
    """The colour in its own hue, at most this luminous."""
    light = luminance(color)
    return color if light <= limit else _to_hex(_linear(color) * limit / light)


def for_screen(colors: Mapping[str, str]) -> dict[str, str]:
    """Colours for lines on a dark page: too dark ones lightened, repeated ones told apart."""
    shown: dict[str, str] = {}
    for label, color in colors.items():
        shade = lightened(color)
        while shade in shown.values() and luminance(shade) < 0.95:
            shade = lightened(shade, luminance(shade) + _LIGHTER)
        shown[label] = shade
    return shown


def lightened(color: str, limit: float = SCREEN_LUMINANCE) -> str:
    """The colour mixed with white (in linear light) until it is at least this luminous."""
    light = luminance(color)
    if light >= limit:
        return color
    part = (limit - light) / (1 - light)
    return _to_hex(np.minimum(_linear(color) * (1 - part) + part + _ROUNDED, 1.0))


def luminance(color: str) -> float:
    """Relative luminance, 0 to 1."""
    return float(_linear(color) @ np.array([0.2126, 0.7152, 0.0722]))


def rim(color: str) -> list[Any]:
    """Thin rim that keeps a line visible on its like: dark around light colours and vice versa."""
    from matplotlib.patheffects import Normal, Stroke  # noqa: PLC0415

    rim = "black" if luminance(color) > 0.08 else "white"
    return [Stroke(linewidth=2.3, foreground=rim, alpha=0.55), Normal()]


def _linear(color: str) -> FloatArray:
    """Linear-light red, green and blue of an sRGB colour, 0 to 1."""
    srgb = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _to_hex(linear: FloatArray) -> str:
    """The sRGB colour of linear-light components."""
    srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{value:02x}" for value in np.floor(srgb * 255).astype(int).tolist())
