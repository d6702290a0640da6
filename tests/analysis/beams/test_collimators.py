"""Jaws and leaves taken out of positions, and the rectangles that they shield."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rtxr.analysis.beams.collimators import Collimators, collimators_of
from rtxr.analysis.beams.shields import jaw_shields, leaf_shields
from rtxr.errors import GeometryError


def positions(**variables: xr.DataArray) -> xr.Dataset:
    bounds = {"leaf_start": ("leaf", [0.0, 10.0]), "leaf_stop": ("leaf", [10.0, 20.0])}
    return xr.Dataset(variables, {"leaf": [1, 2], **bounds})


def leaves(kind: str, *points: list[tuple[float, float]]) -> xr.DataArray:
    dims = ("control_point", "leaf", "side")
    return xr.DataArray(
        np.array(points, float), dims=dims, attrs={"RTBeamLimitingDeviceType": kind}
    )


def jaws(*points: tuple[float, float]) -> xr.DataArray:
    return xr.DataArray(np.array(points, float), dims=("control_point", "side"))


def test_leaves_and_jaws():
    shape = [(-5.0, 5.0), (-8.0, 2.0)]
    found = collimators_of(
        positions(
            MLCX=leaves("MLCX", shape, shape, [(np.nan, np.nan)] * 2),
            X=jaws((-6, 6), (-7, 7), (np.nan, np.nan)),
            Y=jaws(*[(np.nan, np.nan)] * 3),
        ),
        points=2,
    )
    (layer,) = found.layers
    assert layer.axis == "x"
    assert layer.edges.tolist() == [0, 10, 20]
    assert layer.positions.tolist() == [[[-5, 5], [-8, 2]]] * 2
    assert found.x_jaws is not None
    assert found.x_jaws.tolist() == [[-6, 6], [-7, 7]]
    assert found.y_jaws is None
    assert found.apertures.areas.tolist() == [10 * 10 + 8 * 10, 10 * 10 + 9 * 10]


@pytest.mark.parametrize(("kind", "axis"), [("MLCY", "y"), ("MLCX2", "x"), ("MLCY1", "y")])
def test_which_way_leaves_move(kind, axis):
    found = collimators_of(positions(A=leaves(kind, [(-5.0, 5.0), (-8.0, 2.0)])))
    assert [layer.axis for layer in found.layers] == [axis]


def test_a_position_that_is_not_known():
    found = collimators_of(positions(MLCX=leaves("MLCX", [(-5.0, np.nan), (-8.0, 2.0)])))
    with pytest.raises(GeometryError, match="not known"):
        _ = found.apertures


def test_what_is_shielded():
    found = collimators_of(
        positions(MLCX=leaves("MLCX", [(-5.0, 5.0), (-80.0, 2.0)]), X=jaws((-6, 60)))
    )
    (layer,) = leaf_shields(found, 0, 50.0)
    assert layer.tolist() == [[-50, -5, 0, 10], [5, 50, 0, 10], [2, 50, 10, 20]]
    assert jaw_shields(found, 0, 50.0).tolist() == [[-50, -6, -50, 50]]
    found = collimators_of(positions(MLCY=leaves("MLCY", [(-5.0, 5.0), (-80.0, 2.0)])))
    (layer,) = leaf_shields(found, 0, 50.0)
    assert layer.tolist() == [[0, 10, -50, -5], [0, 10, 5, 50], [10, 20, 2, 50]]
    nothing = Collimators((), None, None)
    assert leaf_shields(nothing, 0, 50.0) == []
    assert jaw_shields(nothing, 0, 50.0).shape == (0, 4)
