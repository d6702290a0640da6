"""Shapes beyond the image: what is told as soon as a structure is added."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import rtxr

SQUARE = np.array([[-10.0, -10, 0], [10, -10, 0], [10, 10, 0], [-10, 10, 0]])


@pytest.fixture(scope="module")
def case(phantom: Path) -> xr.Dataset:
    return rtxr.open_dir(phantom)


def codes(ds: xr.Dataset) -> list[str]:
    return ds.rt.findings["code"].tolist()


def test_what_lies_outside_the_image_is_told_at_once(case):
    box = [SQUARE + np.array([0.0, 0.0, z]) for z in case.z.values[10:13]]
    assert "outside-image" not in codes(case.rt.add_structure("Box", box))
    new = case.rt.add_structure("Box", [points + np.array([900.0, 0.0, 0.0]) for points in box])
    found = new.rt.findings.set_index("code")["message"]["outside-image"]
    beyond = 910.0 - (case.x.values.max() + np.diff(case.x.values)[0] / 2)
    assert found == (
        f"ROI 9 ('Box'): it reaches up to {beyond:.1f} mm beyond the image; 3 of its 3 contours "
        "lie wholly outside"
    )
    assert "outside-image" not in codes(new.rt.remove("Box"))


def test_a_mask_that_lies_elsewhere_is_told(case):
    bone = case.ct > 300
    there = bone.assign_coords(x=bone.x + float(np.ptp(bone.x.values)) / 2)
    assert "outside-image" not in codes(case.rt.add_structure("Bone", bone))
    new = case.rt.add_structure("Bone", there)
    assert codes(new).count("outside-image") == 1
    told = new.rt.structures()["findings"]["Bone"]
    assert "mm beyond the image" in told
    assert "cm3 lie outside the image" in told


def test_marks_of_empty_slices_and_points_are_not_outside(case):
    values = case.ct.values > 300
    values[::2] = False
    gaps = case.rt.add_structure("Gaps", values)
    assert "outline-empty-planes" in codes(gaps)
    assert "outside-image" not in codes(gaps)
    assert "outside-image" not in codes(case.rt.add_structure("Far", [[(900.0, 0.0, 0.0)]]))
