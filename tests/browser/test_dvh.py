"""The DVH plot under a real pointer and keys, in JupyterLab and Voilà."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from browser.conftest import Server
from browser.pages import DARK, printed, run_cell

SHOW = """
import rtxr
ds = rtxr.open_dir({!r})
widget = ds.rt.plot_dvh(["PTV_70", "Lung_L", "Lung_R"], goals="PTV_70: D95% >= 60 Gy")
widget
"""
#: px around the curves, as in dvh/plane.js.
LEFT, RIGHT, BOTTOM, TOP = 68, 16, 46, 12
SHOW_TWO = """
import rtxr
ds = rtxr.open_dir({!r})
replan = ds.assign(dose=ds.dose * 0.9)
goals = ["PTV_70: D95% >= 60 Gy", "Heart: mean < 5 Gy"]
widget = ds.rt.plot_dvh(
    ["PTV_70", "Lung_R"], others={{"replan": replan}}, name="plan", goals=goals
)
widget
"""
#: Colour of the curves at a place on the page: red, green, blue, opacity.
INK = """([x, y]) => {
  const canvas = document.querySelector(".rtxr-dvh-plot > canvas");
  const box = canvas.getBoundingClientRect();
  const at = [x - box.left, y - box.top].map((each) => Math.round(each * devicePixelRatio));
  return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
}"""


def row(page: Any, text: str) -> Any:
    return page.locator(".rtxr-dvh-box [role=row]").filter(has_text=text)


def texts(found: Any) -> list[str]:
    return [cell.inner_text().strip() for cell in found.locator("[role=gridcell]").all()]


def at(page: Any, dose: float, percent: float, end: float) -> tuple[float, float]:
    """Where a dose and a volume are on a page."""
    box = page.locator(".rtxr-dvh-plot").bounding_box()
    wide, tall = box["width"] - LEFT - RIGHT, box["height"] - TOP - BOTTOM
    x = box["x"] + LEFT + dose / (1.02 * end) * wide
    return x, box["y"] + TOP + (1 - percent / 102) * tall


def drag(page: Any, *places: tuple[float, float]) -> None:
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def ink(page: Any, place: tuple[float, float]) -> list[int]:
    return list(page.evaluate(INK, place))


def last_dose(answers: Any) -> float:
    return float(max(told["max_gy"] for told in answers.attrs["rois"].values()))


@pytest.fixture(scope="module")
def answers(phantom: Path) -> Any:
    """The table that the page is held to."""
    import rtxr  # noqa: PLC0415

    return rtxr.open_dir(phantom).rt.dvh(["PTV_70", "Lung_L", "Lung_R"], relative=True)


def test_in_jupyterlab(lab: Server, page: Any, phantom: Path, answers: Any) -> None:
    tell = "print(widget.dose, widget.roi, *widget.hidden)\nprint(widget.readings['V'].to_dict())"
    lab.open(page, "dvh", SHOW.format(str(phantom)), tell, "print(widget.roi)")
    run_cell(page, 0)
    row(page, "PTV_70").wait_for()
    end = last_dose(answers)

    # A click on the axis brings the cursor, and means no curve, however near one is.
    page.mouse.click(*at(page, 0.99 * answers.attrs["rois"]["Lung_L"]["max_gy"], -1.5, end))
    page.wait_for_function("document.querySelector('.rtxr-dvh input').value > 0")
    assert page.locator(".rtxr-dvh [aria-selected=true]").count() == 0

    # The cursor is dragged along the dose axis to 40 Gy, and reads all curves.
    drag(page, *(at(page, dose, -4, end) for dose in (20, 30, 40)))
    dose = float(page.get_by_label("Dose at").input_value())
    assert dose == pytest.approx(40, abs=0.1)
    for label in ("PTV_70", "Lung_L", "Lung_R"):
        expected = answers[label][round(dose, 2)]
        assert float(texts(row(page, label))[1]) == pytest.approx(expected, abs=0.011)

    # A click on a curve highlights its ROI.
    half = float(answers.index[(answers["Lung_R"] >= 50).sum() - 1])
    page.mouse.click(*at(page, half, 50, end))
    row(page, "Lung_R").and_(page.locator("[aria-selected=true]")).wait_for()
    assert "Lung_R: " in page.get_by_role("status").filter(has_text="Gy").inner_text()

    # A box hides a ROI.
    row(page, "Lung_L").get_by_role("checkbox").click()
    page.get_by_role("checkbox", name="Show Lung_L", checked=False).wait_for()

    first, second = printed(page, 1)
    assert first == f"{dose} Lung_R Lung_L"
    assert re.findall(r"\('(\w+)'", second) == ["PTV_70", "Lung_R"]


def test_with_the_keyboard_only(lab: Server, page: Any, phantom: Path, answers: Any) -> None:
    tell = "print(widget.dose, widget.volume, widget.roi, *widget.hidden)"
    lab.open(page, "dvh_keys", SHOW.format(str(phantom)), tell)
    run_cell(page, 0)
    row(page, "PTV_70").wait_for()
    page.get_by_label("Dose at").fill("60")
    page.keyboard.press("Enter")
    plot = page.locator(".rtxr-dvh-plot")
    plot.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "d", "d", "PageDown", "PageDown", "Space"):
        page.keyboard.press(key)
    page.get_by_role("checkbox", name="Show Lung_L", checked=False).wait_for()
    expected = answers["PTV_70"][60.2]
    assert float(texts(row(page, "PTV_70"))[1]) == pytest.approx(expected, abs=0.011)
    page.keyboard.press("v")  # cm3
    page.get_by_role("button", name="cm³", pressed=True).wait_for()
    page.keyboard.press("g")
    page.get_by_role("button", name="% of prescription", pressed=True).wait_for()
    assert page.get_by_label("Dose at").input_value() == "86"  # of 70 Gy
    assert printed(page, 1) == ["60.2 nan Lung_L Lung_L"]


def test_hovering_tells_dose_and_volume(
    lab: Server, page: Any, phantom: Path, answers: Any
) -> None:
    lab.open(page, "dvh_hover", SHOW.format(str(phantom)))
    run_cell(page, 0)
    row(page, "PTV_70").wait_for()
    plot = page.locator(".rtxr-dvh-plot")
    end = last_dose(answers)
    # Lines of the grid are of the page's colours, in both themes.
    place = at(page, 50, 50, end)
    assert min(ink(page, place)[:3]) > 150
    page.evaluate(DARK)
    page.locator(".rtxr-dvh.rtxr-dark").wait_for()
    page.wait_for_function(f"place => Math.max(...({INK})(place).slice(0, 3)) < 100", arg=place)
    half = float(answers.index[(answers["Lung_R"] >= 50).sum() - 1])
    page.mouse.move(*at(page, half, 50, end))
    page.locator(".rtxr-dvh-plot[aria-description^=Lung]").wait_for()
    name, dose, volume = plot.get_attribute("aria-description").split("; ")
    assert name == "Lung_R"
    told = float(dose.split()[0])
    assert told == pytest.approx(half, abs=0.3)
    expected = answers["Lung_R"][round(told, 2)]
    assert float(volume.split()[0]) == pytest.approx(expected, abs=0.02)


def test_two_cases_and_both_units(lab: Server, page: Any, phantom: Path, answers: Any) -> None:
    tell = "print(widget.volume, *widget.hidden_sources)"
    lab.open(page, "dvh_two", SHOW_TWO.format(str(phantom)), tell)
    run_cell(page, 0)
    row(page, "PTV_70").first.wait_for()
    assert [cell.inner_text() for cell in page.locator(".rtxr-dvh-source").all()] == [
        "Source",
        *["plan", "replan"] * 2,
    ]
    # The target misses its goal in the replan, and each says so; there is no heart.
    page.get_by_text("plan: 1 of 2 met", exact=True).wait_for()
    page.get_by_text("replan: 0 of 2 met", exact=True).wait_for()
    page.get_by_text("2 findings").click()
    page.get_by_text("replan: goal 'Heart: mean < 5 Gy'").wait_for()

    page.get_by_role("button", name="cm³").click()
    row(page, "PTV_70").first.wait_for()
    end, whole = last_dose(answers), answers.attrs["rois"]["Lung_R"]["volume_cc"]
    drag(page, *((x - 20, y) for x, y in (at(page, 0, percent, end) for percent in (20, 40, 60))))
    volume = float(page.get_by_label("Volume at").input_value())
    assert volume == pytest.approx(0.6 * whole, rel=0.01)
    there = answers["Lung_R"].to_numpy() >= 100 * volume / whole
    expected = float(answers.index[there.sum() - 1])
    doses = [float(texts(each)[3]) for each in row(page, "plan").all()[2:]]
    assert doses == [pytest.approx(expected, abs=0.05), pytest.approx(0.9 * expected, abs=0.05)]

    place = at(page, expected, 100 * volume / whole, end)
    assert ink(page, place)[3] > 0
    page.get_by_role("button", name="plan", exact=True).click()
    page.wait_for_function(f"place => ({INK})(place)[3] === 0", arg=place)
    assert printed(page, 1) == [f"{volume} plan"]


def test_in_voila(voila: Server, page: Any, phantom: Path, answers: Any) -> None:
    result = """
import ipywidgets
label = ipywidgets.Label()
ipywidgets.dlink((widget, "hidden"), (label, "value"), lambda names: "hidden: " + ", ".join(names))
label
"""
    voila.open(page, "dvh", SHOW.format(str(phantom)), result)
    row(page, "PTV_70").wait_for()
    end = last_dose(answers)
    drag(page, *(at(page, dose, -4, end) for dose in (10, 20, 30)))
    dose = float(page.get_by_label("Dose at").input_value())
    expected = answers["Lung_R"][round(dose, 2)]
    assert float(texts(row(page, "Lung_R"))[1]) == pytest.approx(expected, abs=0.011)
    half = float(answers.index[(answers["Lung_L"] >= 50).sum() - 1])
    place = at(page, half, 50, end)
    assert ink(page, place)[3] > 0
    row(page, "Lung_L").get_by_role("checkbox").click()
    page.wait_for_function(f"place => ({INK})(place)[3] === 0", arg=place)
    page.get_by_text("hidden: Lung_L").wait_for()
    page.get_by_text("1 of 1 met").wait_for()
