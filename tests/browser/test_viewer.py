"""The viewer under real keys, wheels and clicks, in JupyterLab and Voilà."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rtxr
from browser.conftest import Server
from browser.pages import printed, run_cell

SHOW = "import rtxr\nds = rtxr.open_dir({!r})\nview = ds.rt.view(smooth=False{})\nview"
AXIAL = "canvas[data-pane=axial][data-source='0']"


def shown(page: Any, index: int, pane: str = "axial") -> Any:
    """A plane, once it is drawn with its structures."""
    canvas = page.locator(f"canvas[data-pane={pane}][data-drawn='{index}']")
    canvas.wait_for()
    return canvas


def told(page: Any, text: str = "HU") -> str:
    """What the viewer says of the place under the pointer."""
    found = page.locator(".rtxr-viewer-told").filter(has_text=text)
    found.wait_for()
    return str(found.inner_text())


def count(page: Any, pane: str, color: tuple[int, int, int]) -> int:
    """Pixels of a colour, as lines have them in their middle."""
    script = """(canvas, [r, g, b]) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let found = 0;
      for (let at = 0; at < data.length; at += 4)
        found += [r, g, b].every((value, band) => Math.abs(data[at + band] - value) < 8);
      return found; }"""
    return int(page.locator(f"canvas[data-pane={pane}]").evaluate(script, list(color)))


def test_in_jupyterlab(lab: Server, page: Any, phantom: Path) -> None:
    tell = (
        "print(view.position['z'], view.window, view.rois)\n"
        "print(view.value_at, view.dose_at)\n"
        "view.position = {'z': 12.5}; view.window = (300, 20)"
    )
    lab.open(page, "view", SHOW.format(str(phantom), ""), tell)
    run_cell(page, 0)
    ds = rtxr.open_dir(phantom)
    canvas = shown(page, 20)
    canvas.focus()
    for key, index in (("ArrowUp", 21), ("PageDown", 11), ("End", 39), ("Home", 0)):
        page.keyboard.press(key)
        shown(page, index)
    page.keyboard.press("PageUp")
    shown(page, 10).hover()
    page.mouse.wheel(0, 120)
    shown(page, 11)
    page.mouse.wheel(0, -120)
    shown(page, 10)
    page.keyboard.press("d")  # twice "d" deletes a cell, when JupyterLab hears of it
    page.keyboard.press("d")

    page.get_by_role("combobox", name="Window preset").select_option("Lung")
    red = (0xE4, 0x1A, 0x1C)
    page.locator("[data-roi=PTV_70]").dblclick()
    shown(page, 23)
    page.wait_for_timeout(300)
    assert count(page, "axial", red) > 30
    page.get_by_role("checkbox", name="Show PTV_70").uncheck()
    page.wait_for_timeout(300)
    assert count(page, "axial", red) == 0

    first, second = printed(page, 1)
    z, window, rois = re.fullmatch(r"(\S+) (\(.*?\)) (\(.*\))", first).groups()
    assert float(z) == ds.z.values[23]
    assert window == "(1500.0, -600.0)"
    assert "PTV_70" not in rois
    assert "Lung_L" in rois
    value, dose = map(float, second.split())
    assert np.isfinite([value, dose]).all()
    shown(page, int(np.abs(ds.z.values - 12.5).argmin()))
    assert page.get_by_label("Width").input_value() == "300"


def test_values_under_the_pointer_are_those_of_the_arrays(
    lab: Server, page: Any, phantom: Path
) -> None:
    lab.open(page, "values", SHOW.format(str(phantom), ""))
    run_cell(page, 0)
    ds = rtxr.open_dir(phantom)
    canvas = shown(page, 20)
    told(page)
    box = canvas.bounding_box()
    mask = {label: ds.rt.mask(label).values for label in ("BODY", "Lung_L", "Lung_R")}
    for across, up in ((0.27, 0.47), (0.5, 0.3), (0.76, 0.55), (0.5, 0.5)):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + up * box["height"])
        page.wait_for_timeout(250)
        text = told(page)
        found = re.match(
            r"x (\S+)  y (\S+)  z (\S+) mm · (\S+) HU(?: · (\S+) Gy \((\S+) %\))?(?: · (.*))?", text
        )
        assert found, text
        x, y, z = (float(each) for each in found.groups()[:3])
        near = ds.sel(x=x, y=y, z=z, method="nearest")
        assert float(found[4]) == float(near.ct)
        dose = float(ds.dose.interp(dose_x=x, dose_y=y, dose_z=z))
        assert float(found[5]) == pytest.approx(dose, abs=0.3)  # x and y are told to 0.1 mm
        assert float(found[6]) == pytest.approx(100 * float(found[5]) / 70, abs=0.1)
        at = (20, int(np.abs(ds.y.values - y).argmin()), int(np.abs(ds.x.values - x).argmin()))
        names = (found[7] or "").split(", ")
        assert {label for label in mask if label in names} == {
            label for label, inside in mask.items() if inside[at]
        }


def test_in_voila(voila: Server, page: Any, phantom: Path) -> None:
    voila.open(page, "view", SHOW.format(str(phantom), ", only='coronal'"))
    canvas = shown(page, 48, "coronal")
    canvas.focus()
    page.keyboard.press("ArrowUp")
    shown(page, 49, "coronal")
    assert "HU" in told(page)
    page.keyboard.press("m")
    shown(page, 20, "axial")
    page.keyboard.press("?")
    assert "next plane" in page.get_by_role("dialog", name="Keys").inner_text()


def test_linked_with_a_dvh_plot(lab: Server, page: Any, phantom: Path) -> None:
    link = "dvh = ds.rt.plot_dvh(['PTV_70', 'Lung_L'], static=False)\nrtxr.link(view, dvh)\ndvh"
    first = "import rtxr\nds = rtxr.open_dir({!r})\nview = ds.rt.view(height=300)\nview"
    lab.open(page, "linked", first.format(str(phantom)), link, "print(dvh.dose)")
    run_cell(page, 0)
    shown(page, 20)
    run_cell(page, 1)
    curve = page.locator(".rtxr-dvh-box [role=row]")
    curve.filter(has_text="PTV_70").click()
    page.locator("[data-roi=PTV_70][aria-selected=true]").wait_for()
    page.locator("[data-roi=Lung_L]").click()
    curve.filter(has_text="Lung_L").and_(page.locator("[aria-selected=true]")).wait_for()

    page.locator(AXIAL).focus()
    page.keyboard.press("ArrowUp")
    shown(page, 21)
    ds = rtxr.open_dir(phantom)
    at = {axis: float(ds[axis][ds.sizes[axis] // 2]) for axis in "xy"} | {"z": float(ds.z[21])}
    dose = float(ds.dose.interp({f"dose_{axis}": place for axis, place in at.items()}))
    page.wait_for_timeout(500)  # the cross-hair is told once keys come to rest
    assert float(page.get_by_label("Dose at").input_value()) == pytest.approx(dose, abs=0.06)
    (told_dose,) = printed(page, 2)
    assert float(told_dose) == pytest.approx(dose, abs=0.006)
