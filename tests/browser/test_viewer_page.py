"""The viewer on a bare page: what every key, drag and field does."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import xarray as xr
from view.cases import axial_grid, turned
from view.widgets.viewer.test_scene import rt_images

import rtxr
from browser.bare import pixels
from browser.planes import Places, canvas, drawn


def test_every_key(shown: Any, patient: xr.Dataset) -> None:
    view = patient.rt.view()
    bare = shown(view)
    keys = bare.page.keyboard
    canvas(bare).focus()

    def after(*pressed: str) -> Any:
        for key in pressed:
            keys.press(key)
        drawn(bare)
        return view

    z = patient.z.values
    assert after("ArrowUp", "ArrowRight").position["z"] == z[22]
    assert after("ArrowDown", "ArrowLeft", "ArrowLeft").position["z"] == z[19]
    assert after("PageUp").position["z"] == z[29]
    assert after("Home").position["z"] == z[0]
    assert after("End", "ArrowUp").position["z"] == z[-1]
    x, y = view.position["x"], view.position["y"]
    after("Shift+ArrowRight", "Shift+ArrowDown")
    assert view.position["x"] - x == pytest.approx(float(np.diff(patient.x[:2])[0]))
    assert view.position["y"] - y == pytest.approx(float(np.diff(patient.y[:2])[0]))
    assert after("+").zoom == pytest.approx(1.25)
    assert after("-", "-").zoom == pytest.approx(0.8)
    assert after("Alt+ArrowRight").center != after("0").center
    assert view.zoom == 1.0
    assert after("]").window == (400.0, 60.0)
    assert after("{").window[0] < 400
    assert after("w").window == (400.0, 40.0)  # from any other one to the first
    assert after("w").window == (1500.0, -600.0)
    for key, trait in zip(
        "dicxv", ("wash", "isolines", "contours", "crosshair", "smooth"), strict=True
    ):
        assert getattr(after(key), trait) is False
        assert getattr(after(key), trait) is True
    assert after("n", "n").roi == view.labels[1]
    assert view.labels[1] not in after("h").rois
    assert after("p").roi == view.labels[0]
    assert after("n", "Enter").position["z"] == z[23]
    assert after("m").only == "axial"
    assert after("m").only == ""
    after("?")
    sheet = bare.page.get_by_role("dialog", name="Keys")
    assert sheet.evaluate("each => document.activeElement === each")
    after("?")
    assert not sheet.is_visible()
    after("?", "Escape")
    assert not sheet.is_visible()
    assert after("ArrowUp").position["z"] == z[24]


def test_an_answer_to_earlier_keys_moves_nothing(shown: Any, patient: xr.Dataset) -> None:
    view = patient.rt.view()
    bare = shown(view)
    canvas(bare).focus()
    bare.page.evaluate(
        """earlier => {
          const key = new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true });
          for (let count = 0; count < 2; count++) document.activeElement.dispatchEvent(key);
          take({ position: earlier }); }""",
        view.position,
    )
    drawn(bare)
    assert view.position["z"] == patient.z.values[22]
    assert canvas(bare).get_attribute("data-drawn") == "22"


def test_pointer(shown: Any, patient: xr.Dataset) -> None:
    view = patient.rt.view()
    bare = shown(view)
    mouse, box = bare.page.mouse, canvas(bare).bounding_box()

    def spot(across: float, up: float) -> tuple[float, float]:
        return box["x"] + across * box["width"], box["y"] + up * box["height"]

    def dragged(start: tuple[float, float], end: tuple[float, float], button: str = "left") -> None:
        mouse.move(*start)
        mouse.down(button=button)
        mouse.move(*[(a + b) / 2 for a, b in zip(start, end, strict=True)])
        mouse.move(*end)
        mouse.up(button=button)
        drawn(bare)

    places = Places(view, "axial", pixels(canvas(bare)).shape)
    mouse.click(*spot(0.4, 0.35))
    drawn(bare)
    aimed = places.pixels(np.array([view.position["x"], view.position["y"]]))
    assert aimed == pytest.approx([0.4 * box["width"], 0.35 * box["height"]], abs=1)

    before = view.position
    dragged(spot(0.4, 0.35), spot(0.6, 0.5))  # the cross-hair, by its middle
    moved = [view.position[axis] - before[axis] for axis in "xy"]
    assert moved == pytest.approx(
        np.array([0.2 * box["width"], 0.15 * box["height"]]) / places.scale, rel=0.02
    )

    centre = view.center
    dragged(spot(0.2, 0.2), spot(0.3, 0.2))
    assert view.center["x"] - centre["x"] == pytest.approx(
        -0.1 * box["width"] / places.scale[0], rel=0.05
    )

    dragged(spot(0.2, 0.2), spot(0.3, 0.2), "right")
    assert view.window[0] > 500
    assert view.window[1] == 40.0
    width = view.window[0]
    bare.page.keyboard.down("Shift")
    dragged(spot(0.2, 0.2), spot(0.2, 0.3))
    bare.page.keyboard.up("Shift")
    assert view.window[0] == width
    assert view.window[1] > 100

    places = Places(view, "axial", pixels(canvas(bare)).shape)
    here = places.own()[0][int(0.7 * box["width"])]
    mouse.move(*spot(0.7, 0.5))
    bare.page.keyboard.down("Control")
    mouse.wheel(0, -200)
    bare.page.keyboard.up("Control")
    drawn(bare)
    assert view.zoom > 1.3
    zoomed = Places(view, "axial", pixels(canvas(bare)).shape)
    assert zoomed.own()[0][int(0.7 * box["width"])] == pytest.approx(here, abs=0.5)

    place = view.position
    mouse.dblclick(*spot(0.5, 0.8))
    drawn(bare)
    assert view.only == "axial"
    assert view.position == pytest.approx(place)


def test_the_list_of_structures_by_keyboard(shown: Any, patient: xr.Dataset) -> None:
    view = patient.rt.view()
    bare = shown(view)
    found = bare.page.get_by_role("listbox", name="Structures")
    found.focus()
    for key in ("ArrowDown", "ArrowDown", "Space", "ArrowDown", "Enter"):
        bare.page.keyboard.press(key)
    drawn(bare)
    assert view.labels[1] not in view.rois
    assert view.roi == view.labels[2]
    row = found.get_by_role("option", selected=True)
    assert row.get_attribute("data-roi") == view.roi
    assert row.get_attribute("id") == found.get_attribute("aria-activedescendant")
    bare.page.get_by_label(f"Colour of {view.roi}").fill("#00ff88")
    drawn(bare)
    assert view.colors[view.roi] == "#00ff88"
    bare.page.get_by_role("button", name="None").click()
    drawn(bare)
    assert view.rois == ()
    bare.page.get_by_role("button", name="All").click()
    drawn(bare)
    assert view.rois == view.labels


def test_fields_of_the_panel(shown: Any, patient: xr.Dataset) -> None:
    view = patient.rt.view()
    bare = shown(view)
    for label, text, trait, value in (
        ("Width", "80", "window", (80.0, 40.0)),
        ("Width", "-1", "window", (80.0, 40.0)),
        ("Levels", "95%; 20 Gy, 10", "isodoses", ("95%", "20 Gy", "10")),
        ("Levels", "much", "isodoses", ("95%", "20 Gy", "10")),
        ("Above", "30 %", "threshold", "30 %"),
    ):
        field = bare.page.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Enter")
        drawn(bare)
        assert getattr(view, trait) == value
    bare.page.get_by_label("Opacity").fill("80")
    bare.page.get_by_role("checkbox", name="Wash").uncheck()
    drawn(bare)
    assert (view.opacity, view.wash) == (0.8, False)
    bare.set(prescription=60, window=(300, 20))
    assert bare.page.get_by_text("100 % = 60.0 Gy (given)").is_visible()
    assert bare.page.get_by_label("Level", exact=True).input_value() == "20"


def test_two_datasets(shown: Any, patient: xr.Dataset) -> None:
    other = patient.assign(ct=patient.ct + 200, dose=patient.dose / 2)
    plain = {"contours": False, "isolines": False, "crosshair": False, "wash": False}
    view = patient.rt.view(
        other=other, only="axial", window=(1000, 0), other_window=(1000, 0), **plain
    )
    bare = shown(view)
    first, second = (pixels(canvas(bare, source=source)) for source in (0, 1))
    assert first.shape == second.shape
    y, x = (size // 2 for size in first.shape[:2])
    assert second[y, x, 0] - first[y, x, 0] == pytest.approx(200 * 255 / 1000, abs=1)
    canvas(bare, source=1).focus()
    bare.page.keyboard.press("ArrowUp")
    drawn(bare)
    assert view.position["z"] == float(patient.z[21])
    bare.page.keyboard.press("w")  # as long as both are the same they stay so
    drawn(bare)
    assert view.window == view.other_window == (400.0, 40.0)
    bare.set(window=(1000, 0), other_window=(1000, 0))
    bare.page.keyboard.press("b")
    bare.set(blend=0.25)
    drawn(bare)
    assert canvas(bare, source=1).is_hidden()
    mixed = pixels(canvas(bare))
    y, x = (size // 2 for size in mixed.shape[:2])
    value = float(patient.ct.sel(x=0, y=0, z=view.position["z"], method="nearest"))
    assert mixed[y, x, 0] == pytest.approx((value + 0.25 * 200 + 500) * 255 / 1000, abs=1.5)
    box = canvas(bare).bounding_box()
    bare.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    bare.page.locator(".rtxr-viewer-told", has_text=f"2nd: {value + 200:g} HU").wait_for()


def test_a_dose_that_only_the_second_dataset_has(shown: Any, patient: xr.Dataset) -> None:
    names = {name: name.replace("dose", "dose_2", 1) for name in map(str, patient.variables)}
    other = patient.rename({old: new for old, new in names.items() if old.startswith("dose")})
    plain = {"contours": False, "isolines": False, "crosshair": False, "opacity": 1.0}
    bare = shown(patient.drop_vars("dose").rt.view(other=other, only="axial", **plain))
    first, second = (pixels(canvas(bare, source=source)) for source in (0, 1))
    y, x = (size // 2 for size in first.shape[:2])
    assert len(set(first[y, x, :3].tolist())) == 1
    assert len(set(second[y, x, :3].tolist())) > 1
    bare.set(compare="blend")
    drawn(bare)
    blended = pixels(canvas(bare))
    y, x = (size // 2 for size in blended.shape[:2])
    assert len(set(blended[y, x, :3].tolist())) > 1


def test_a_stack_that_is_turned(shown: Any) -> None:
    """Each voxel has its own value: what is told is the voxel under the pointer."""
    angle = 0.3
    matrix = np.eye(4)
    matrix[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    grid = turned(axial_grid((20, 30, 40), (3, 2, 2), (-30, -30, -40)), matrix)
    values = np.arange(24000).reshape(grid.shape).astype(np.int16)
    coords = rtxr.model.grid_coords(grid)
    ds = xr.Dataset({"ct": (grid.dims, values, {"units": "HU"})}, coords)
    view = ds.rt.view()
    bare = shown(view)
    for pane, x, y in (("axial", 0.4, 0.6), ("coronal", 0.55, 0.52), ("sagittal", 0.4, 0.45)):
        box = canvas(bare, pane).bounding_box()
        places = Places(view, pane, pixels(canvas(bare, pane)).shape)
        column, row = int(x * box["width"]), int(y * box["height"])
        across, up = places.own()
        own = grid.to_own([view.position[axis] for axis in "xyz"])
        own[places.plane.across] = across[column]
        own[places.plane.up] = up[row]
        index = tuple(int(np.abs(grid.axes[d] - own[2 - d]).argmin()) for d in range(3))
        bare.page.mouse.move(
            box["x"] + int(x * box["width"]) + 0.5, box["y"] + int(y * box["height"]) + 0.5
        )
        bare.page.locator(".rtxr-viewer-told", has_text=f"· {values[index]} HU").wait_for()


def test_dark_pages(shown: Any, patient: xr.Dataset) -> None:
    bare = shown(patient.rt.view(), "--jp-ui-font-color1: #eee; --jp-layout-color1: #111")
    root = bare.page.locator(".rtxr-viewer.rtxr-dark")
    ground = root.evaluate("each => getComputedStyle(each).backgroundColor")
    assert ground == "rgb(17, 17, 17)"
    bare.page.evaluate("document.body.style.setProperty('--jp-ui-font-color1', '#111')")
    bare.page.locator(".rtxr-viewer:not(.rtxr-dark)").wait_for()
    bare.page.evaluate("stop()")
    bare.set(window=(100, 0))  # a page that is gone hears nothing and says nothing


def test_a_voxel_without_a_value(shown: Any, patient: xr.Dataset) -> None:
    bare = shown(patient.assign(ct=patient.ct.where(patient.z < 0)).rt.view())
    told = bare.page.locator(".rtxr-viewer-told")
    bare.set(position={"z": -10.0})
    told.filter(has_text="HU").wait_for()
    bare.set(position={"z": 10.0})
    told.filter(has_not_text="HU").wait_for()
    assert "NaN" not in told.inner_text()


@pytest.mark.parametrize("answers", [True, False])
def test_a_kernel_that_does_not_answer(
    shown: Any, patient: xr.Dataset, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    view = patient.rt.view()
    view._repr_mimebundle_()
    if not answers:
        monkeypatch.setattr(view, "_handle_custom_msg", lambda *_: None)
    still = shown(view).page.locator(".rtxr-viewer-still")
    if answers:
        still.wait_for(state="detached")
    else:
        assert still.evaluate("each => each.decode().then(() => each.naturalWidth)") > 100


def test_rt_images(shown: Any) -> None:
    view = rt_images().rt.view(smooth=False, crosshair=False)
    bare = shown(view)
    found = canvas(bare, "images")
    assert view.position["z"] == 0
    box = found.bounding_box()
    bare.page.mouse.move(box["x"] + box["width"] / 2 + 2, box["y"] + box["height"] / 2)
    told = bare.page.locator(".rtxr-viewer-told")
    told.filter(has_text=re.compile(r"y 0\.0 mm · 6$")).wait_for()
    row = pixels(found)[int(box["height"] / 2), :, 0]
    left, right = (row[int(share * box["width"])] for share in (0.2, 0.8))
    assert left < right  # x of the receptor goes to the right
    bare.page.mouse.wheel(0, 120)
    drawn(bare)
    assert view.position["z"] == 1
    told.filter(has_text=re.compile(r"mm · 18$")).wait_for()


def test_a_plane_that_cannot_be_read_says_so(
    shown: Any, patient: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = patient.rt.view()
    bare = shown(view)
    picture = view._scenes[0].picture

    def gone(plane: Any, *given: Any, **named: Any) -> Any:
        if plane.normal == 2 and plane.index == 22:
            raise OSError("22.dcm is gone")
        return picture(plane, *given, **named)

    monkeypatch.setattr(view._scenes[0], "picture", gone)
    canvas(bare).focus()
    bare.page.keyboard.press("End")
    bare.page.keyboard.press("Home")
    drawn(bare)
    bare.set(position={"z": float(patient.z[22])})
    bare.page.get_by_text("22.dcm is gone").wait_for()
    bare.page.keyboard.press("ArrowUp")
    bare.page.locator("canvas[data-pane=axial][data-drawn='23']").wait_for()
    bare.page.locator(".rtxr-viewer-told", has_text="HU").wait_for()
