"""What the viewer draws, pixel by pixel, against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from browser.bare import pixels
from browser.planes import Places, canvas
from rtxr.geometry import cell_edges

#: px at the sides of a plane where its texts are.
TEXTS = 34


def blended(view: Any, image: np.ndarray, dose: np.ndarray) -> np.ndarray:
    """Grey values with the wash over them, as the documentation of the widget has it."""
    width, level = view.window
    grey = np.nan_to_num(np.clip((image - level + width / 2) * 255 / width, 0, 255))
    palette = np.frombuffer(view._palette, np.uint8).reshape(256, 3).astype(float)
    top = min(view._scenes[0].doses[view.dose].highest, 2 * view.prescription)
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
        ("axial", {"prescription": 15}),  # all above 30 Gy in the last colour
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


@pytest.mark.parametrize("pane", ["coronal", "sagittal"])
def test_across_contours_the_slabs_are_outlined(shown: Any, patient: xr.Dataset, pane: str) -> None:
    """From half a spacing below the lowest contour to as much above the highest one."""
    roi = "PTV_70"
    view = patient.rt.view(only=pane, crosshair=False, dose="", window=(1, 9e4), rois=roi)
    view.jump(roi)
    view.roi = ""
    view.zoom, view.colors = 1.5, {roi: "#ffffff"}
    bare = shown(view)
    light = pixels(canvas(bare, pane)).sum(axis=-1)[TEXTS:-TEXTS, TEXTS:-TEXTS]
    rows, columns = np.nonzero(light > 400)
    mask = patient.rt.mask(roi).values
    index = [int(np.abs(patient[a].values - view.position[a]).argmin()) for a in "zyx"]
    normal = "zyx".index("y" if pane == "coronal" else "x")
    heights = patient.z.values[mask.take(index[normal], axis=normal).any(axis=1)]
    step = float(patient.z[1] - patient.z[0])
    places = Places(view, pane, pixels(canvas(bare, pane)).shape)
    low, high = (
        places.pixels(np.array([0.0, z]))[1] - TEXTS
        for z in (heights.min() - step / 2, heights.max() + step / 2)
    )
    assert rows.min() + 0.5 == pytest.approx(high, abs=1)
    assert rows.max() + 0.5 == pytest.approx(low, abs=1)
    # Closed: on every row in between there is a side at the left and one at the right.
    for row in range(rows.min(), rows.max() + 1):
        assert np.ptp(columns[rows == row]) > 10
    x, y = (int(each) for each in (columns.mean() + TEXTS, rows.mean() + TEXTS))
    box = canvas(bare, pane).bounding_box()
    bare.page.mouse.move(box["x"] + x, box["y"] + y)
    bare.page.locator(".rtxr-viewer-told", has_text=f"· {roi}").wait_for()
    bare.page.mouse.move(box["x"] + x, box["y"] + int(rows.min()) + TEXTS - 8)
    bare.page.locator(".rtxr-viewer-told:not(:text('PTV_70'))").wait_for()
