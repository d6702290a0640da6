"""What nbconvert makes of notebooks with widgets: what docs/widgets.md says of it."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter, MarkdownExporter
from nbconvert.preprocessors import ExecutePreprocessor

CELLS = (
    "import rtxr\nds = rtxr.open_dir({!r})\nview = ds.rt.view()\nview",
    "ds.rt.plot_dvh(['PTV_70', 'Lung_L'])",
    "rtxr.scan({!r}, progress=False).prune()",
    "view.position = {{'z': 19.5}}\nview",
    "ds.rt.beam_player('Arc')",
)
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module", params=[True, False], ids=["stored", "not stored"])
def run(request: pytest.FixtureRequest, phantom: Path) -> nbformat.NotebookNode:
    """A notebook after its run, with the state of its widgets or without."""
    cells = [nbformat.v4.new_code_cell(cell.format(str(phantom))) for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    ExecutePreprocessor(store_widget_state=request.param).preprocess(notebook, {})
    return notebook


def pictures(html: str) -> list[bytes]:
    found = re.findall(r'<img [^>]*src="data:image/png;base64,([^"]*)"', html)
    return [base64.b64decode(each) for each in found]


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [each.data for cell in notebook.cells for each in cell.outputs if "data" in each]


def test_html_shows_pictures_or_runs_the_widgets(run: nbformat.NotebookNode) -> None:
    html, _ = HTMLExporter().from_notebook_node(run)
    if "widgets" in run.metadata:  # which needs a network
        assert html.count(f'<script type="{VIEW}">') == len(CELLS)
        return
    first, dvh, second, player = pictures(html)
    assert len({first, dvh, second, player}) == 4
    assert first == base64.b64decode(outputs(run)[0]["image/png"])
    assert "RTXR-PHANTOM" in html  # the index, as a tree
    assert VIEW not in html


def test_stored_state_holds_the_still_that_the_page_shows(run: nbformat.NotebookNode) -> None:
    if "widgets" not in run.metadata:
        pytest.skip("this one has no state")
    states = run.metadata.widgets[STATE]["state"]
    shown = states[outputs(run)[0][VIEW]["model_id"]]
    (still,) = (each["data"] for each in shown.buffers if each["path"] == ["_still"])
    assert still == "".join(outputs(run)[3]["image/png"].split())


def test_other_exports_show_pictures(run: nbformat.NotebookNode) -> None:
    text, resources = MarkdownExporter().from_notebook_node(run)
    assert len(re.findall(r"!\[png\]", text)) == 4
    assert len(resources["outputs"]) == 4
    assert "RTXR-PHANTOM" in text
