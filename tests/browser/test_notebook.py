"""Each widget under real keys in Jupyter Notebook, of which the rest is JupyterLab's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from browser.conftest import Server
from browser.pages import printed, run_cell

VIEW = "import rtxr\nds = rtxr.open_dir({!r})\nview = ds.rt.view(height=300)\nview"
DVH = "dvh = ds.rt.plot_dvh(['PTV_70', 'Lung_L'])\ndvh"
PRUNE = "tree = rtxr.scan({!r}, progress=False).prune()\ntree"
TELL = "print(view.position['z'] == float(ds.z[21]), dvh.dose > 0, tree.value.table.shape[0])"


def test_each_widget_takes_keys(classic: Server, page: Any, phantom: Path) -> None:
    folder = str(phantom)
    classic.open(page, "widgets", VIEW.format(folder), DVH, PRUNE.format(folder), TELL)
    for at in range(3):
        run_cell(page, at)
    axial = page.locator("canvas[data-pane=axial]")
    axial.and_(page.locator("[data-drawn='20']")).wait_for()
    axial.focus()
    page.keyboard.press("ArrowUp")
    axial.and_(page.locator("[data-drawn='21']")).wait_for()
    page.keyboard.press("d")  # twice "d" deletes a cell, when the notebook hears of it
    page.keyboard.press("d")

    page.locator(".rtxr-dvh-plot").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.rtxr-dvh input').value > 0")

    rows = page.get_by_role("treeitem")
    images = rows.filter(has_text="Phantom CT")
    images.wait_for()
    page.get_by_role("tree").focus()
    page.keyboard.press("Space")
    rows.first.and_(page.locator("[aria-checked=false]")).wait_for()
    images.click()
    assert printed(page, 3) == ["True True 40"]
