"""The viewer on a bare page: its pixels against numpy, and what every key and drag does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from view.cases import axial_grid, turned

import rtxr
from browser.bare import Bare, pixels
from rtxr.geometry import Grid, cell_edges

#: px at the sides of a plane where its texts are.
TEXTS = 34


@pytest.fixture(scope="module")
def patient(phantom: Path) -> xr.Dataset:
    return rtxr.open_dir(phantom).load()


@pytest.fixture
def shown(page: Any, tmp_path: Path) -> Any:
    """``shown(view)``: the viewer on a page, all of it drawn."""

    def show(view: Any) -> Bare:
        bare = Bare(page, view, tmp_path)
        drawn(bare)
        return bare

    return show


def drawn(bare: Bare) -> None:
    """Wait until the page has nothing left to ask, to tell or to draw."""
    bare.page.wait_for_function("() => window.saved?.()")
    bare.page.wait_for_timeout(300)
    bare.page.wait_for_function("() => saved()")


def canvas(bare: Bare, pane: str = "axial", source: int = 0) -> Any:
    return bare.page.locator(f"canvas[data-pane={pane}][data-source='{source}']")


class Places:
    """Where the pixels of a plane are, from what the widget says only."""

    def __init__(self, view: Any, pane: str, shape: tuple[int, ...]) -> None:
        self.plane = view._scenes[0].panes[pane]
        grid: Grid = self.plane.grid
        edges = [cell_edges(self.plane.axis(own)) for own in (self.plane.across, self.plane.up)]
        high, wide = shape[:2]
        scale = view.zoom * min(wide / np.ptp(edges[0]), high / np.ptp(edges[1]))
        middle = grid.to_own([view.center[axis] for axis in "xyz"])
        self.scale = np.array(
            [-scale if self.plane.flip_across else scale, scale if self.plane.flip_up else -scale]
        )
        self.middle = middle[[self.plane.across, self.plane.up]]
        self.half = np.array([wide, high]) / 2
        self.shape = (high, wide)

    def own(self) -> tuple[np.ndarray, np.ndarray]:
        """(across, up) of the centres of all pixels, mm."""
        y, x = (np.arange(size) + 0.5 for size in self.shape)
        across = self.middle[0] + (x - self.half[0]) / self.scale[0]
        up = self.middle[1] + (y - self.half[1]) / self.scale[1]
        return across, up

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Pixels (x, y) of places (across, up)."""
        return self.half + self.scale * (points - self.middle)


def blended(view: Any, image: np.ndarray, dose: np.ndarray) -> np.ndarray:
    """Grey values with the wash over them, as the documentation of the widget has it."""
    width, level = view.window
    grey = np.nan_to_num(np.clip((image - level + width / 2) * 255 / width, 0, 255))
    palette = np.frombuffer(view._palette, np.uint8).reshape(256, 3).astype(float)
    top = view._scenes[0].doses[view.dose].highest
    number = np.clip(np.nan_to_num(dose) * 255 / top + 0.5, 0, 255).astype(int)
    washed = dose >= view.full_dose.level(view.threshold)
    share = np.where(washed, view.opacity, 0.0)[..., None]
    return grey[..., None] * (1 - share) + palette[number] * share


@pytest.mark.parametrize(
    ("pane", "state"),
    [
        ("axial", {}),
        ("axial", {"smooth": False, "window": (1500, -600), "position": {"z": 24.5}}),
        ("coronal", {"zoom": 2.5, "center": {"x": 20.0, "z": 5.0}, "opacity": 0.8}),
        ("sagittal", {"threshold": 30, "position": {"x": -11.0}, "dose_colors": "viridis"}),
    ],
)
def test_pixels_are_those_of_numpy(shown: Any, patient: xr.Dataset, pane: str, state: Any) -> None:
    bare_of = {"contours": False, "isolines": False, "crosshair": False}
    view = patient.rt.view(only=pane, **bare_of, **state)
    bare = shown(view)
    found = pixels(canvas(bare, pane))
    places = Places(view, pane, found.shape)
    across, up = places.own()
    names = ["xyz"[own] for own in (places.plane.across, places.plane.up)]
    edges = {name: cell_edges(patient[name].values) for name in names}
    normal = "xyz"[places.plane.normal]
    here = {normal: view.position[normal]}
    method = "linear" if view.smooth else "nearest"
    values = patient.ct.astype(float).sel(here, method="nearest")
    for name, own in zip(names, (across, up), strict=True):
        axis = patient[name].values
        values = values.interp({name: np.clip(own, axis[0], axis[-1])}, method=method)
        within = (own >= edges[name][0]) & (own <= edges[name][-1])
        values = values.where(xr.DataArray(within, dims=name))
    image = values.transpose(names[1], names[0]).values
    slice_at = float(patient[normal].sel(here, method="nearest")[normal])
    dose = patient.dose.interp({f"dose_{normal}": slice_at})
    dose = dose.interp({f"dose_{names[0]}": across, f"dose_{names[1]}": up})
    dose = dose.transpose(f"dose_{names[1]}", f"dose_{names[0]}").values
    inner = (slice(TEXTS, -TEXTS), slice(TEXTS, -TEXTS))
    off = np.abs(found - blended(view, image, dose))[inner]
    assert len(np.unique(found[inner])) > 100
    assert off.max() <= 1.0


def contour_pixels(view: Any, places: Places, ds: xr.Dataset, roi: str) -> np.ndarray:
    """Contour of a ROI on the plane that is shown, as pixels."""
    number = int(ds.roi_number.sel(roi=roi))
    of_roi = ds.contour.values[ds.contour_roi_number.values == number]
    z = float(ds.z.sel(z=view.position["z"], method="nearest"))
    mine = np.isin(ds.node_contour.values, of_roi) & (np.abs(ds.node_z.values - z) < 1e-3)
    return places.pixels(np.stack([ds.node_x.values[mine], ds.node_y.values[mine]], axis=-1))


@pytest.mark.parametrize(("roi", "zoom"), [("PTV_70", 1.0), ("PTV_70", 4.3), ("Lung_L", 1.7)])
def test_contours_are_where_their_polygons_are(
    shown: Any, patient: xr.Dataset, roi: str, zoom: float
) -> None:
    view = patient.rt.view(only="axial", crosshair=False, dose="", window=(1, 9e4), rois=roi)
    view.jump(roi)
    view.roi = ""
    view.zoom, view.colors = zoom, {roi: "#ffffff"}
    bare = shown(view)
    light = pixels(canvas(bare)).sum(axis=-1).astype(float)
    corners = contour_pixels(view, Places(view, "axial", light.shape), patient, roi)
    assert len(corners) > 20
    following = np.roll(corners, -1, axis=0)
    along = following - corners
    normal = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    steps = np.arange(-3, 3.01, 0.1)
    spots = ((corners + following) / 2)[:, None] + steps[:, None] * normal[:, None]
    x, y = np.moveaxis(spots - 0.5, -1, 0)  # a pixel is where its centre is
    axes = dict(zip("yx", map(np.arange, light.shape), strict=True))
    lit = xr.DataArray(light, axes, ("y", "x"))
    found = lit.interp(x=(("a", "b"), x), y=(("a", "b"), y)).values
    inside = np.isfinite(found).all(axis=1)
    assert inside.sum() > 20
    centre = (found * steps).sum(axis=1)[inside] / found.sum(axis=1)[inside]
    assert np.abs(centre).max() < 0.5
    assert abs(centre.mean()) < 0.1


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
    assert bare.page.get_by_role("dialog", name="Keys").is_visible()
    after("Escape")
    assert not bare.page.get_by_role("dialog", name="Keys").is_visible()


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

    mouse.dblclick(*spot(0.5, 0.8))
    drawn(bare)
    assert view.only == "axial"


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
    assert found.get_by_role("option", selected=True).get_attribute("data-roi") == view.roi
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


def test_dark_pages(page: Any, tmp_path: Path, patient: xr.Dataset) -> None:
    view = patient.rt.view()
    dark = "--jp-ui-font-color1: #eee; --jp-layout-color1: #111"
    bare = Bare(page, view, tmp_path, dark)
    drawn(bare)
    ground = page.locator(".rtxr-viewer").evaluate("each => getComputedStyle(each).backgroundColor")
    assert ground == "rgb(17, 17, 17)"
    assert page.locator(".rtxr-viewer.rtxr-dark").count() == 1
    page.evaluate("stop()")
    bare.set(window=(100, 0))  # a page that is gone hears nothing and says nothing
