"""A matplotlib figure as PNG."""

from __future__ import annotations

import struct

import pytest
from matplotlib.figure import Figure

from rtxr.view.png import png


@pytest.mark.parametrize("dpi", [50, 80])
def test_the_resolution_decides_the_size_in_pixels(dpi: float) -> None:
    picture = png(Figure(figsize=(3, 2)), dpi)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">2I", picture[16:24]) == (3 * dpi, 2 * dpi)
