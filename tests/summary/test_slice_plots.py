"""Pictures of slices of a case: what is 100 % of the dose."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.contour import QuadContourSet

import rtxr
from rtxr.errors import RTXRError


@pytest.fixture(scope="module")
def patient(phantom: Path):
    return rtxr.open_dir(phantom)


def levels(ax):
    return [
        level
        for child in ax.get_children()
        if isinstance(child, QuadContourSet)
        for level in child.levels
        if level != 0.5  # outlines of masks
    ]


def test_isodoses_are_in_percent_of_what_the_plan_prescribes(patient):
    ax = patient.rt.plot_slice(z=21, isodoses=["50%", 20], rois=False)
    assert levels(ax) == [20, 35]
    other = patient.rt.plot_slice(z=21, isodoses=["50%"], prescription=60, rois=False, dose="dose")
    assert levels(other) == [30]


def test_the_scale_is_that_of_the_case_and_bounded_by_the_prescription(patient):
    hot = patient.copy()
    hot["dose"] = hot.dose * 100
    highest = float(patient.dose.max())
    assert patient.rt.plot_slice(z=21).images[1].get_clim() == (0, pytest.approx(highest))
    assert hot.rt.plot_slice(z=21).images[1].get_clim() == (0, 140)


def test_without_a_prescription_percent_is_an_error(patient):
    bare = patient.drop_vars([name for name in patient.variables if str(name).startswith("header")])
    with pytest.raises(RTXRError, match="give prescription=<Gy>"):
        bare.rt.plot_slice(z=21, isodoses=["95%"])
    assert len(bare.rt.plot_slice(z=21, dose=False).images) == 1
