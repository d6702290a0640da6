"""Make the picture of the slice viewer: ``python docs/images/viewer.py`` (needs Chromium)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import rtxr

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))
from browser import servers
from browser.bare import Bare


def main() -> None:
    """The synthetic patient at its target, with the values under a pointer on a lung."""
    with tempfile.TemporaryDirectory() as scratch, servers.chromium() as browser:
        ds = rtxr.open_dir(rtxr.tutorial.phantom(Path(scratch) / "phantom"))
        view = ds.rt.view(height=450, opacity=0.35)
        view.jump("PTV_70")
        view.center = {axis: float(ds[axis].mean()) for axis in "xyz"}
        page = browser.new_page(viewport={"width": 960, "height": 540})
        Bare(page, view, Path(scratch), "background: white")
        page.locator("canvas[data-pane=axial]:not([data-drawn=''])").wait_for()
        box = page.locator("canvas[data-pane=axial]").bounding_box()
        page.mouse.move(box["x"] + 0.27 * box["width"], box["y"] + 0.5 * box["height"])
        page.wait_for_timeout(1000)
        page.locator(".rtxr-viewer").screenshot(path=Path(__file__).with_suffix(".png"))


if __name__ == "__main__":
    main()
