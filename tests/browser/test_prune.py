"""The pruning tree under real clicks and keys, in JupyterLab and Voilà."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import factories as make
import pytest

from browser.conftest import Server
from browser.pages import DARK, printed, run_cell

TESTS = Path(__file__).resolve().parents[1]
SHOW = "import rtxr\nindex = rtxr.scan({!r}, progress=False)\nwidget = index.prune()\nwidget"
OPEN = (
    "print(widget.selected == tuple(widget.value.table['SeriesInstanceUID'].unique()))\n"
    "print(widget.value.steps)\n"
    "print(dict(widget.value.open().sizes))"
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, phantom: Path) -> Path:
    """The synthetic patient and two others, of whose series one is a scout."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "first").symlink_to(phantom)
    make.write(folder / "second", make.case())
    scout = {"SeriesInstanceUID": make.uid("scout"), "SeriesDescription": "Scout"}
    make.write(folder / "scout", make.ct_series(1, name="scout", **scout))
    make.write(folder / "third", make.ct_series(4, PatientID="P2", SeriesDescription="Thorax"))
    return folder


def row(page: Any, text: str) -> Any:
    return page.get_by_role("treeitem").filter(has_text=text)


def checked(found: Any) -> str:
    return str(found.get_attribute("aria-checked"))


def test_in_jupyterlab(lab: Server, page: Any, archive: Path) -> None:
    lab.open(page, "prune", SHOW.format(str(archive)), OPEN)
    page.evaluate(DARK)
    run_cell(page, 0)
    row(page, "RTXR-PHANTOM").wait_for()
    page.locator(".rtxr-prune.rtxr-dark").wait_for()
    status = page.get_by_role("status").filter(has_text="series")
    assert "10 series" in status.inner_text()

    page.get_by_role("button", name="Select none").click()
    row(page, "RTXR-PHANTOM").locator(".rtxr-prune-box").click()
    assert checked(row(page, "RTXR-PHANTOM")) == "true"
    assert checked(row(page, "P1")) == "false"
    row(page, "Scout").click()  # the text of a series is its label
    assert checked(row(page, "P1")) == "mixed"
    page.get_by_role("button", name="Undo").click()
    page.locator("[aria-checked=false]", has_text="Scout").wait_for()
    assert "of 10 series" in status.inner_text()

    same, *code, sizes = printed(page, 1)
    assert same == "True"
    assert code[-1] == "index = scanned.select(PatientID='RTXR-PHANTOM')"
    assert "'z': " in sizes


def test_with_the_keyboard_only(lab: Server, page: Any, archive: Path) -> None:
    tell = "print(widget.filter)\nprint(widget.value.table['PatientID'].value_counts().to_dict())"
    lab.open(page, "keys", SHOW.format(str(archive)), tell)
    run_cell(page, 0)
    row(page, "RTXR-PHANTOM").wait_for()
    page.get_by_role("tree").focus()
    active = page.locator(".rtxr-prune-row.active")
    for key, text in (
        ("End", "Thorax"),  # the series
        ("ArrowLeft", "Test"),  # its study
        ("ArrowLeft", "Test"),  # folds that
        ("ArrowLeft", "P2"),
        ("ArrowRight", "Test"),
        ("Home", "RTXR-PHANTOM"),
        ("d", "RTXR-PHANTOM"),  # twice it deletes a cell, when JupyterLab hears of it
        ("d", "RTXR-PHANTOM"),
    ):
        page.keyboard.press(key)
        assert text in active.inner_text()
    page.keyboard.press("Space")
    assert checked(row(page, "RTXR-PHANTOM")) == "false"
    page.keyboard.press("Enter")
    assert row(page, "RTXR-PHANTOM").get_attribute("aria-expanded") == "false"
    page.keyboard.press("/")
    page.keyboard.type("SCOUT p1")
    page.get_by_role("status").filter(has_text="filter shows 1").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("Space")

    assert printed(page, 1) == ["SCOUT p1", "{'P1': 6, 'P2': 4}"]


def test_in_voila(voila: Server, page: Any, archive: Path) -> None:
    result = """
import ipywidgets
label, button = ipywidgets.Label(), ipywidgets.Button(description="Open")
@button.on_click
def _(_):
    label.value = str(dict(widget.value.open().sizes))
ipywidgets.VBox([button, label])
"""
    voila.open(page, "prune", SHOW.format(str(archive)), result)
    row(page, "RTXR-PHANTOM").wait_for()
    for patient in ("RTXR-PHANTOM", "P1"):
        row(page, patient).locator(".rtxr-prune-box").click()
    page.get_by_role("button", name="Open").click()
    assert "'z': 4" in page.locator(".widget-label", has_text="'z'").inner_text()


def test_ten_thousand_series_draw_what_is_in_sight(lab: Server, page: Any) -> None:
    code = f"import sys; sys.path.append({str(TESTS)!r})\n"
    code += "import many_series\nwidget = many_series.index(10_000).prune()\nwidget"
    lab.open(page, "many", code, "print(len(widget.selected))")
    run_cell(page, 0)
    row(page, "P00000").wait_for()
    rows = page.get_by_role("treeitem")
    page.get_by_role("button", name="Unfold all").click()
    page.get_by_role("tree").focus()
    page.keyboard.press("End")
    row(page, "series 20").last.wait_for()
    assert rows.count() < 60
    page.keyboard.press("Space")
    page.get_by_role("searchbox").fill("P00007 lung")
    page.get_by_role("status").filter(has_text="filter shows 5").wait_for()
    page.get_by_role("button", name="Deselect shown").click()
    assert printed(page, 1) == [str(10_000 - 1 - 5)]
