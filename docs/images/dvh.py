"""Make the picture of the DVH plot: ``python docs/images/dvh.py`` (needs Chromium)."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import rtxr
from rtxr.view.widgets.dvh.widget import DVHWidget

GOALS = ("PTV_70: D95% >= 66.5 Gy", "PTV_70: D2% <= 74.9 Gy", "SpinalCord: D0.03cc <= 45 Gy")
#: The widget's module on a page of its own, with a model that only holds values.
PAGE = """<meta charset="utf-8"><style>body {{ margin: 8px; background: white }} {css}</style>
<div id="here"></div>
<script type="module">
const state = {state};
const bytes = Uint8Array.from(atob(state._numbers), (c) => c.charCodeAt(0));
state._numbers = new DataView(bytes.buffer);
const nothing = () => {{}};
const get = (name) => state[name];
const model = {{ get, set: nothing, on: nothing, off: nothing, save_changes: nothing }};
const module = await import(URL.createObjectURL(new Blob([{esm}], {{ type: "text/javascript" }})));
module.default.render({{ model, el: document.getElementById("here") }});
</script>
"""


def main() -> None:
    """A plan and a replan, with goals, and a cursor that reads all curves."""
    with tempfile.TemporaryDirectory() as scratch:
        ds = rtxr.open_dir(rtxr.tutorial.phantom(Path(scratch) / "phantom"))
        widget = ds.rt.plot_dvh(
            ["PTV_70", "SpinalCord", "Lung_L"],
            others={"replan": ds.assign(dose=ds.dose * 1.03)},
            name="plan",
            goals=GOALS,
        )
        widget.dose = 20
        page = Path(scratch) / "dvh.html"
        page.write_text(_page(widget), encoding="utf-8")
        _picture(page, Path(__file__).with_suffix(".png"))


def _page(widget: DVHWidget) -> str:
    names = ["roi", "dose", "volume", "hidden", "hidden_sources"]
    names += ["relative_dose", "relative_volume", "_about", "_numbers"]
    state = widget.get_state(names)
    state["_numbers"] = base64.b64encode(state["_numbers"]).decode()
    return PAGE.format(css=widget._css, esm=json.dumps(widget._esm), state=json.dumps(state))


def _picture(page: Path, target: Path) -> None:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        opened = browser.new_page(viewport={"width": 900, "height": 800})
        opened.goto(page.as_uri())
        opened.locator(".rtxr-dvh-foot").wait_for()
        opened.wait_for_timeout(500)  # drawn with the next pictures of the screen
        opened.locator(".rtxr-dvh").screenshot(path=target)
        browser.close()


if __name__ == "__main__":
    main()
