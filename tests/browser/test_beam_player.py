"""The beam's-eye view with its slider and play button, in JupyterLab and Voilà."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from browser.conftest import Server
from browser.pages import printed, run_cell

SHOW = (
    "import rtxr\nds = rtxr.open_dir({!r})\n"
    "player = ds.rt.beam_player('Arc', rois=['PTV_70', 'SpinalCord'])\nplayer"
)
#: What a picture shows, as the page has it: a sum over its pixels.
PIXELS = """(image) => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return data.reduce((sum, value, at) => (sum * 31 + value * (at % 977)) % 2147483647, 7); }"""


def drawn(page: Any, *, other_than: str = "") -> str:
    """Address of the picture that is shown, once it is another."""
    image = page.locator("img.widget-image")
    image.wait_for()
    page.wait_for_function(
        "(old) => { const image = document.querySelector('img.widget-image');"
        " return image.src !== old && image.complete && image.naturalWidth > 0; }",
        arg=other_than,
    )
    return str(image.get_attribute("src"))


def pixels(page: Any) -> int:
    return int(page.locator("img.widget-image").evaluate(PIXELS))


def test_the_slider_moves_the_picture(lab: Server, page: Any, phantom: Path) -> None:
    lab.open(
        page, "player", SHOW.format(str(phantom)), "print(player.children[0].children[1].value)"
    )
    run_cell(page, 0)
    source, seen = drawn(page), []
    seen.append(pixels(page))
    handle = page.locator(".widget-slider .noUi-handle")
    handle.focus()
    for _ in range(2):
        handle.press("ArrowRight")
        source = drawn(page, other_than=source)
        seen.append(pixels(page))
    assert len(set(seen)) == 3
    assert page.locator(".widget-readout").inner_text() == "2"
    box = page.locator("img.widget-image").bounding_box()
    assert 300 < box["width"] <= 600
    assert abs(box["height"] - box["width"]) < 2
    label = page.locator(".widget-slider .widget-label")
    assert label.evaluate("(each) => each.scrollWidth <= each.clientWidth")
    handle.press("Home")
    drawn(page, other_than=source)
    assert pixels(page) == seen[0]
    assert printed(page, 1) == ["0"]


def test_it_plays(voila: Server, page: Any, phantom: Path) -> None:
    voila.open(page, "player", SHOW.format(str(phantom)))
    source = drawn(page)
    page.locator(".widget-play button").first.click()
    drawn(page, other_than=source)
    page.locator(".widget-readout", has_text="4").wait_for()
