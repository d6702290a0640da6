"""Values of a variable on planes: its own, those of another grid along or against its axes."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rtxr.geometry import Grid
from rtxr.view.plane import Plane, layout
from rtxr.view.widgets.viewer.volume import Volume, compact
from view.cases import DOSE, IMAGE, axial_grid, image_values, linear_dose, make_case, turned


def plane_of(grid: Grid, normal: int, index: int) -> Plane:
    return Plane(grid, normal, index, *layout(grid.matrix, normal))


def turned_by(degrees: float) -> np.ndarray:
    """About z."""
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return np.round(matrix, 12)


def test_planes_of_its_own_grid_are_layers_of_the_array():
    volume = Volume(make_case().ct)
    for normal, values in ((2, image_values()[3]), (1, image_values()[:, 4]), (0, None)):
        layer = volume.layer(plane_of(volume.grid, normal, 3 if normal == 2 else 4))
        expected = image_values()[:, :, 4] if values is None else values
        np.testing.assert_array_equal(layer.values, expected)
    np.testing.assert_array_equal(layer.across, IMAGE.axes[1])  # of a sagittal plane
    np.testing.assert_array_equal(layer.up, IMAGE.axes[0])


@pytest.mark.parametrize("normal", [0, 1, 2])
@pytest.mark.parametrize("degrees", [0, 90, 180, 30])
def test_of_another_grid_the_values_at_the_plane(normal, degrees):
    """A dose that is linear is what its formula says, however its grid lies."""
    grid = turned(DOSE, turned_by(degrees)) if degrees else DOSE
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    x, y, z = np.moveaxis(grid.to_patient(np.stack([x, y, z], axis=-1)), -1, 0)
    volume = Volume(xr.DataArray(30 + x + 2 * y + 0.5 * z, dims=grid.dims), grid)
    shown = plane_of(IMAGE, normal, {0: 4, 1: 6, 2: 2}[normal])
    layer = volume.layer(shown)
    assert (np.diff(layer.across) > 0).all()
    assert (np.diff(layer.up) > 0).all()
    point = np.empty((*layer.values.shape, 3))
    point[..., shown.normal] = shown.position
    point[..., shown.across] = layer.across
    point[..., shown.up] = layer.up[:, None]
    expected = 30 + point @ [1, 2, 0.5]
    known = np.isfinite(layer.values)
    assert known.sum() >= 6
    np.testing.assert_allclose(layer.values[known], expected[known], atol=1e-4)
    if degrees != 30:
        assert known.all()
        assert sorted(layer.values.shape) == [4, 4]  # its own voxels, nothing resampled


def test_beyond_a_grid_there_is_nothing():
    volume = Volume(make_case().dose)
    far = axial_grid((3, 4, 4), (3, 2, 2), (40, 0, 0))
    assert volume.layer(plane_of(far, 2, 0)) is None
    assert volume.layer(plane_of(turned(far, turned_by(30)), 2, 0)) is None


def test_a_value_at_a_point():
    dose, image = Volume(make_case().dose), Volume(make_case().ct)
    assert dose.at(np.array([1.0, -2.0, 3.0])) == pytest.approx(30 + 1 - 4 + 1.5)
    assert np.isnan(dose.at(np.array([1.0, 10.0, 0.0])))  # beyond the outermost centre
    assert image.at(np.array([0.1, 5.2, -3.1]), nearest=True) == image_values()[1, 8, 5]
    assert np.isnan(image.at(np.array([0.0, 0.0, 7.6]), nearest=True))


def test_axial_planes_of_files_are_read_alone(patient):
    volume = Volume(patient.ct)
    expected = patient.ct.isel(z=7).values
    layer = volume.layer(plane_of(volume.grid, 2, 7))
    np.testing.assert_array_equal(layer.values, expected)
    x, y, z = (float(patient[axis][7]) for axis in "xyz")
    assert volume.at(np.array([x, y, z]), nearest=True) == expected[7, 7]
    assert not volume.is_loaded
    coronal = volume.layer(plane_of(volume.grid, 1, 50))
    np.testing.assert_array_equal(coronal.values, patient.ct.isel(y=50).values)
    assert volume.is_loaded


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([-5, 3], np.int16), np.int16),
        (np.array([0, 60000], np.uint16), np.uint16),
        (np.array([0, 200], np.uint8), np.int16),
        (np.array([True, False]), np.int16),
        (np.array([-3, 40000], np.int32), np.float32),
        (np.array([0, 40000], np.int64), np.uint16),
        (np.array([-3, 400], np.int64), np.int16),
        (np.array([0.5, np.nan]), np.float32),
    ],
)
def test_numbers_take_the_smallest_type_that_holds_them(values, kind):
    found = compact(values)
    assert found.dtype == kind
    np.testing.assert_array_equal(found, values)


def test_the_highest_value_is_that_of_what_is_known():
    values = linear_dose()
    values[0, 0, 0] = np.nan
    assert Volume(make_case().dose.copy(data=values)).highest == pytest.approx(values[-1, -1, -1])
    assert Volume(make_case().dose.copy(data=np.full_like(values, np.nan))).highest == 0.0
