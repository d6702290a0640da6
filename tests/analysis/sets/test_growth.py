"""Distances behind margins: scipy's between centres, the same in blocks and in any memory order."""

import numpy as np
import pytest
from scipy import ndimage

from analysis.shapes import axial_grid
from rtxr.analysis.sets import growth


def random_case(seed, shape=(23, 14, 15), share=0.02):
    rng = np.random.default_rng(seed)
    axes = [np.cumsum(rng.uniform(0.7, 3.0, n)) for n in shape]
    return np.pad(rng.random([n - 2 for n in shape]) < share, 1), axes


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 1.0, 1.0), (2.5, 0.7, 1.3)])
def test_distances_between_centres_are_those_of_scipy(spacing):
    mask = np.random.default_rng(1).random((13, 17, 19)) < 0.01
    axes = axial_grid(mask.shape, spacing).axes
    cost = np.where(mask, 0, growth._FAR).astype(np.uint16)
    for dim in range(3):
        cost = growth._spread(cost, axes[dim], (8.0, 8.0), dim)
    expected = ndimage.distance_transform_edt(~mask, sampling=spacing)
    near = expected <= 8
    found = np.sqrt(cost / growth._ONE) * 8
    assert np.abs(found[near] - expected[near]).max() < 8e-3
    assert np.array_equal(cost <= growth._ONE + growth._ROUNDING, near)


@pytest.mark.parametrize("voxels", [1, 700, 2_000])
@pytest.mark.parametrize("complement", [False, True])
def test_blocks_do_not_matter(monkeypatch, voxels, complement):
    reach = [(4.3, 2.2), (3.1, 6.7), (5.2, 0.0)]
    for seed in range(3):
        mask, axes = random_case(seed)
        mask = ~mask if complement else mask
        whole = growth.within(mask, axes, reach)
        assert whole.any()
        with monkeypatch.context() as small:
            small.setattr(growth, "_BLOCKS", voxels)
            small.setattr(growth, "_BLOCK", voxels)
            assert (growth.within(mask, axes, reach) == whole).all()


def test_order_in_memory_does_not_matter():
    mask, axes = random_case(4)
    reach = [(4.3, 2.2), (3.1, 6.7), (5.2, 1.0)]
    assert (
        growth.within(np.asfortranarray(mask), axes, reach) == growth.within(mask, axes, reach)
    ).all()
