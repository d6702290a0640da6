"""Make the picture of the pruning tree: ``python docs/images/prune.py`` (needs Chromium)."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import rtxr
from rtxr.view.widgets.prune.widget import PruneWidget

#: The widget's module on a page of its own, with a model that only holds values.
PAGE = """<meta charset="utf-8"><style>body {{ margin: 8px; background: white }} {css}</style>
<div id="here"></div>
<script type="module">
const bits = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const state = {state};
for (const name of ["_kept", "_shown"]) state[name] = bits(state[name]);
const nothing = () => {{}};
const get = (name) => state[name];
const model = {{ get, set: nothing, on: nothing, off: nothing, send: nothing }};
const module = await import(URL.createObjectURL(new Blob([{esm}], {{ type: "text/javascript" }})));
module.default.render({{ model, el: document.getElementById("here") }});
</script>
"""


def main() -> None:
    """Two patients, one of them without a plan; some series unchecked."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "archive"
        first = rtxr.tutorial.phantom(folder / "first")
        rtxr.open_dir(first).rt.to_dicom(folder / "second", uids="new", PatientID="P2")
        next((folder / "second").glob("RTPLAN*")).unlink()
        widget = rtxr.scan(folder, progress=False).prune()
        widget._handle_custom_msg({"ask": "findings"}, [])
        widget.selected = widget.selected[:4] + widget.selected[5:6]
        page = Path(scratch) / "prune.html"
        page.write_text(_page(widget), encoding="utf-8")
        _picture(page, Path(__file__).with_suffix(".png"))


def _page(widget: PruneWidget) -> str:
    names = ["_tree", "_kept", "_shown", "_badges", "_undoable", "filter"]
    state = {name: getattr(widget, name) for name in names}
    for name in ("_kept", "_shown"):
        state[name] = base64.b64encode(state[name]).decode()
    return PAGE.format(css=widget._css, esm=json.dumps(widget._esm), state=json.dumps(state))


def _picture(page: Path, target: Path) -> None:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        opened = browser.new_page(viewport={"width": 900, "height": 600})
        opened.goto(page.as_uri())
        opened.get_by_role("treeitem").first.wait_for()
        opened.locator(".rtxr-prune").screenshot(path=target)
        browser.close()


if __name__ == "__main__":
    main()
