"""Colours: kept where they are given, found where not, and readable on paper."""

from __future__ import annotations

import pytest

from rtxr.view import colors


def test_known_colours_are_kept_and_missing_ones_are_nobody_elses():
    first = colors.PALETTE[0]
    found = colors.roi_colors(["a", "b", "c", "d"], {"a": first.upper(), "b": "", "c": "red"})
    assert found == {"a": first, "b": colors.PALETTE[1], "c": colors.PALETTE[2], "d": "#f0e442"}


def test_more_rois_than_colours_begin_again():
    found = list(colors.roi_colors(map(str, range(9))).values())
    assert found[:7] == list(colors.PALETTE)
    assert found[7:] == list(colors.PALETTE[:2])


def test_luminance_is_that_of_wcag():
    assert colors.luminance("#ffffff") == pytest.approx(1)
    assert colors.luminance("#000000") == 0
    assert colors.luminance("#808080") == pytest.approx(0.2159, abs=1e-4)
    assert colors.luminance("#00ff00") == pytest.approx(0.7152)


@pytest.mark.parametrize("light", ["#ffffff", "#ffff00", "#ffccff", "#c0c0c0"])
def test_light_colours_are_darkened_in_their_hue(light):
    dark = colors.darkened(light)
    # A step of 1/255 in sRGB is a small part of the luminance.
    assert colors.luminance(dark) == pytest.approx(colors.PAPER_LUMINANCE, abs=0.01)
    assert colors.luminance(dark) <= colors.PAPER_LUMINANCE
    channels = [light[at : at + 2] for at in (1, 3, 5)]
    darker = [dark[at : at + 2] for at in (1, 3, 5)]
    assert [c == max(channels) for c in channels] == [c == max(darker) for c in darker]


def test_dark_colours_stay():
    assert colors.darkened("#0000ff") == "#0000ff"
    assert colors.for_paper({"a": "#d62728"}) == {"a": "#d62728"}


def test_a_shared_colour_gets_a_shade_of_its_own():
    found = colors.for_paper({"a": "#8080ff", "b": "#8080ff", "c": "#8080ff"})
    assert found["a"] == "#8080ff"
    assert len(set(found.values())) == 3
    light = [colors.luminance(color) for color in found.values()]
    assert light == sorted(light, reverse=True)


def test_black_twice_ends():
    assert colors.for_paper({"a": "#000000", "b": "#000000"}) == {"a": "#000000", "b": "#000000"}
