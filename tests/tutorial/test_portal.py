"""The synthetic portal images are what their formula says, and fit the plan."""

from __future__ import annotations

import re

import numpy as np
import pytest

import rtxr
from rtxr.tutorial import portal


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return rtxr.tutorial.portal_images(tmp_path_factory.mktemp("portal"))


@pytest.fixture(scope="module")
def made(folder):
    machine = rtxr.Machine("RTXR-LINAC", DeviceSerialNumber="1")
    parts = [folder / part for part in ("images", "templates", "plan")]
    return rtxr.rt_image_from_template(*parts, machine=machine)


def test_new_images_have_the_values_of_the_formula(made):
    expected = portal.signal(made.receptor_x.values, made.receptor_y.values[:, None])
    for image in made.rt_image:
        np.testing.assert_allclose(image, expected, atol=0.0501)


def test_the_signal_is_half_way_in_the_shadow_of_a_leaf():
    edges, gaps = portal.leaves()
    middle = len(gaps) // 2
    y = np.array([(edges[middle] + edges[middle + 1]) / 2]) * 1.5
    for side in (-1, 1):
        found = portal.signal(np.array([side * gaps[middle] * 1.5]), y)
        np.testing.assert_allclose(found, (portal.OPEN + portal.CLOSED) / 2)


def test_nothing_is_odd_about_them(made):
    assert made.rt.findings.empty
    assert made.beam_number.values.tolist() == list(portal.BEAMS)
    assert made.gantry_angle.values.tolist() == list(portal.BEAMS.values())


def test_the_same_files_come_again(folder, tmp_path):
    again = rtxr.tutorial.portal_images(tmp_path)
    for path in folder.rglob("*.dcm"):
        assert (again / path.relative_to(folder)).read_bytes() == path.read_bytes()


@pytest.mark.validators
def test_templates_lack_only_what_the_plan_has(folder, validator):
    for path in (folder / "templates").iterdir():
        missing = [each for each in validator.dciodvfy(path) if "Missing" in each]
        assert [re.findall(r"Element=<(\w+)>", each)[0] for each in missing] == [
            "LeafPositionBoundaries",
            "PatientPosition",
        ]
    assert validator.dciodvfy(folder / "plan" / "RTPLAN.dcm") == []
