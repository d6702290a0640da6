"""Seven solids whose volume is a formula, at several spacings and places between the voxels."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

SCRIPT = runpy.run_path(str(Path(__file__).resolve().parents[2] / "docs" / "accuracy.py"))


@pytest.fixture(scope="module")
def figures():
    return SCRIPT["figures"](SCRIPT["SOLIDS"])


@pytest.fixture(scope="module")
def limits():
    return SCRIPT["figures"](SCRIPT["LIMITS"])


@pytest.fixture(scope="module")
def larger():
    return SCRIPT["grown_volumes"]()


@pytest.mark.parametrize("name", SCRIPT["SOLIDS"])
def test_volume_by_coverage(figures, name):
    """Of the solid within 0.5 %, of its slabs to float rounding."""
    for places in figures[name].values():
        for each in places:
            assert each.coverage == pytest.approx(SCRIPT["SOLIDS"][name].volume, rel=5e-3)
            assert each.coverage == pytest.approx(each.slabs, rel=1e-11)


@pytest.mark.parametrize("name", SCRIPT["SOLIDS"])
def test_masks_differ_in_the_boundary_layer_only(figures, name):
    for places in figures[name].values():
        assert [each.beyond for each in places] == [0] * len(places)
        assert max(each.wrong for each in places) <= 30


def test_the_cube_is_exact(figures):
    (name,) = (each for each in figures if each.startswith("cube"))
    for places in figures[name].values():
        for each in places:
            assert each.wrong == 0
            assert each.coverage == pytest.approx(24**3, rel=1e-12)


def test_limits_are_those_of_the_slabs(limits):
    for places in (each for solid in limits.values() for each in solid.values()):
        for each in places:
            assert each.coverage == pytest.approx(each.slabs, rel=1e-11)
            assert each.beyond == 0


def test_margins_are_true_to_a_share_of_a_voxel(larger):
    """Flat faces to half a slice up and down, on top of what the slices make of the solid."""
    limits = {"1 x 1 x 1": 0.25, "3 x 1 x 1": 0.65, "3 x 2 x 2": 0.65}
    for name, rows in larger.items():
        for voxels, limit in limits.items():
            for margin, volumes in rows[voxels].items():
                _, mean, worst = SCRIPT["errors"](volumes, name, margin)
                assert max(abs(mean), abs(worst)) < (0.4 if "sphere" in name else limit)


def test_finer_voxels_do_not_make_margins_of_thick_slices_better(larger):
    (sphere,) = (name for name in larger if name.startswith("sphere"))
    for margin in SCRIPT["MARGINS"]:
        finer, own = (
            SCRIPT["errors"](larger[sphere][voxels][margin], sphere, margin)[1]
            for voxels in ("1 x 1 x 1 of 3 mm slices", "3 x 1 x 1")
        )
        assert abs(finer) > 1.5 * abs(own)


def test_the_page_is_true(figures, limits, larger):
    assert SCRIPT["page"](figures, limits, larger) == SCRIPT["PAGE"].read_text(encoding="utf-8")
