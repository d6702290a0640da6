"""A slider draws the picture of its number."""

from __future__ import annotations

import base64
import gc
import weakref

import pytest

from rtxr.errors import RTXRError
from rtxr.view.widgets.player import Player


def test_the_slider_draws():
    drawn = []

    def draw(number, ax) -> None:
        drawn.append(number)
        ax.plot([0, number], [0, 1])

    widget = Player(draw, 4, "control point")
    buttons, picture = widget.children
    _, slider = buttons.children
    first = picture.value
    assert (slider.min, slider.max, slider.description) == (0, 3, "control point")
    slider.value = 2
    assert drawn == [0, 2]
    assert first[:4] == picture.value[:4] == b"\x89PNG"
    assert first != picture.value


def test_a_still_of_what_is_shown():
    numbers = []
    widget = Player(lambda number, _: numbers.append(number), 4, "control point")
    widget.children[0].children[1].value = 3
    numbers.clear()
    assert len(widget.snapshot().axes) == 1
    assert numbers == [3]
    bundle = widget._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]) == widget.children[1].value
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_closed_player_keeps_nothing():
    class Drawing:
        def __call__(self, number, ax) -> None:
            ax.set_title(number)

    draw = Drawing()
    reference = weakref.ref(draw)
    widget = Player(draw, 4, "control point")
    widget.close()
    del draw
    gc.collect()
    assert reference() is None
    with pytest.raises(RTXRError, match="was closed"):
        widget.snapshot()
