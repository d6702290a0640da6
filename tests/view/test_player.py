"""A slider draws the picture of its number."""

from __future__ import annotations

from rtxr.view.player import player


def test_the_slider_draws():
    drawn = []

    def draw(number, ax) -> None:
        drawn.append(number)
        ax.plot([0, number], [0, 1])

    widget = player(draw, 4, "control point")
    buttons, picture = widget.children
    _, slider = buttons.children
    first = picture.value
    assert (slider.min, slider.max, slider.description) == (0, 3, "control point")
    slider.value = 2
    assert drawn == [0, 2]
    assert first[:4] == picture.value[:4] == b"\x89PNG"
    assert first != picture.value
