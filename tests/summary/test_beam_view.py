"""The beam's-eye view of a case: structures, leaves and images where the machine sees them."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib import pyplot as plt

import rtxr
from rtxr.errors import MissingDataError, UnknownNameError
from rtxr.read.plans.plan_records import planned
from rtxr.summary.beam_poses import beam_poses
from rtxr.summary.beam_view import beam_player, plot_beam

mpl.use("Agg")

FIELD = {
    "PatientSupportAngle": 0.0,
    "X1": -30.0,
    "X2": 40.0,
    "Y1": -20.0,
    "Y2": 25.0,
    "isocenter_x": 10.0,
    "isocenter_y": 20.0,
    "isocenter_z": 30.0,
}
#: A rod 10 cm to the left of the isocentre, 10 mm long, from it to the head.
ROD = np.array([(110.0, 20.0, 30.0), (110.0, 20.0, 40.0), (110.0, 21.0, 40.0)])


def _beam(number: int, gantry: float, collimator: float) -> dict[str, object]:
    angles = {"GantryAngle": gantry, "BeamLimitingDeviceAngle": collimator}
    return {
        **FIELD,
        **angles,
        "BeamNumber": number,
        "BeamName": f"G{gantry:g}",
        "BeamMeterset": 1.0,
    }


@pytest.fixture(scope="module")
def case() -> xr.Dataset:
    made = rtxr.new_case(
        np.zeros((5, 6, 8)), spacing=(30, 30, 30), PatientPosition="HFS", masks=None
    )
    made = made.rt.add_structure("Rod", [ROD[:1]]).rt.add_structure("Wide", _wide())
    made = made.rt.add_structure("Body", _wide(), type="EXTERNAL")
    return made.rt.add_plan(pd.DataFrame([_beam(1, 0.0, 0.0), _beam(2, 90.0, 90.0)]))


def _wide() -> list[np.ndarray]:
    corners = [(0.0, 0.0), (30.0, 0.0), (30.0, 30.0), (0.0, 30.0)]
    return [np.array([(x, y, z) for x, y in corners]) for z in (0.0, 30.0)]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def _openings(ax) -> list[float]:
    """Corners of the last rectangle drawn before the structures: the aperture."""
    paths = [path for each in ax.collections for path in each.get_paths()]
    found = [path.get_extents().extents.tolist() for path in paths]
    return next(each for each in found if each == [-30, -20, 40, 25])


def test_the_aperture_and_where_a_point_is_seen(case):
    ax = plot_beam(case, 1, rois="Rod")
    assert _openings(ax) == [-30, -20, 40, 25]
    (point,) = [line for line in ax.lines if line.get_marker() == "+"]
    np.testing.assert_allclose(point.get_xydata(), [(100, 0)])
    assert "gantry 0°" in ax.get_title()
    ax = plot_beam(case, "G90", rois="Rod")
    (point,) = [line for line in ax.lines if line.get_marker() == "+"]
    np.testing.assert_allclose(point.get_xydata(), [(0, 0)], atol=1e-9)


def test_the_shadow_of_slabs(case):
    ax = plot_beam(case, 1, rois="Wide")
    (shade,) = [each for each in ax.patches if each.get_label() == "Wide"]
    near = 1000 / (1000 - 20)  # the front is 2 cm nearer to the source
    left, low, right, high = shade.get_path().get_extents().extents
    np.testing.assert_allclose((left, right), (-10 * near, 20 * near), atol=0.15)
    # Slabs of 30 mm about two planes, from 45 mm towards the feet to 15 mm towards the head.
    np.testing.assert_allclose((low, high), (-45 * near, 15 * near), atol=0.15)


def test_structures_that_are_asked_for_or_not(case):
    assert [text.get_text() for text in plot_beam(case, 1).get_legend().get_texts()] == [
        "Rod",
        "Wide",
    ]
    assert plot_beam(case, 1, rois=False).get_legend() is None
    (shown,) = plot_beam(case, 1, rois="Body").get_legend().get_texts()
    assert shown.get_text() == "Body"
    with pytest.raises(UnknownNameError, match="Wide"):
        plot_beam(case, 1, rois="Widee")


def test_nothing_says_how_the_patient_lies():
    made = rtxr.new_case(np.zeros((3, 4, 5)), spacing=(3, 1, 1)).rt.add_structure("W", _wide())
    made = made.rt.add_plan(pd.DataFrame([_beam(1, 0.0, 0.0)]))
    ax = plot_beam(made, 1)
    assert "how the patient lies" in ax.get_xlabel()
    with pytest.raises(UnknownNameError, match="PatientPosition"):
        plot_beam(made, 1, rois="W")


def test_no_such_beam_or_control_point(case):
    with pytest.raises(UnknownNameError, match="G90"):
        plot_beam(case, "G91")
    with pytest.raises(UnknownNameError, match="no control point 2"):
        plot_beam(case, 1, 2)
    assert (
        plot_beam(case, "G90", -1).get_title().startswith("Beam 2 (G90), control point 1 of 0 to 1")
    )
    with pytest.raises(MissingDataError, match="plan"):
        plot_beam(rtxr.new_case(np.zeros((3, 4, 5)), spacing=(3, 1, 1)), 1)


def test_poses_of_a_beam(case):
    plan = planned(case)
    first, last = beam_poses(case, plan, plan.beams[1])
    assert first == last
    assert (first.gantry, first.collimator, first.couch) == (90, 90, 0)
    assert first.isocenter == (10, 20, 30)
    assert first.patient_position == "HFS"
    assert first.sad == 1000


def test_the_player_draws_every_control_point(case):
    widget = beam_player(case, 1, rois=False)
    slider = widget.children[0].children[1]
    assert slider.max == 1
    slider.value = 1
    assert bytes(widget.children[1].value)[:4] == b"\x89PNG"


@pytest.mark.data
def test_with_the_image_of_the_beam(case_data):
    case = rtxr.open_dir(case_data("oncentra_phantom") / "simple_phantom_case")
    ax = plot_beam(case, 2)
    (image,) = ax.images
    x0, x1, y0, y1 = image.get_extent()
    # As large as at the receptor, scaled by SAD / SID, its middle on the beam axis.
    row = case.rt.rt_images().query("beam_number == 2").iloc[0]
    scale = row["radiation_machine_sad"] / row["rt_image_sid"]
    width = row["shape"][1] * row["spacing"][1] * scale
    assert x1 - x0 == pytest.approx(width)
    assert y1 - y0 == pytest.approx(row["shape"][0] * row["spacing"][0] * scale)
    turn = (image.get_transform() - ax.transData).transform((1.0, 0.0))
    np.testing.assert_allclose(turn, (0, -1), atol=1e-9)  # the collimator stands at 90 degrees
    assert plot_beam(case, 2, rt_image=False).images[:] == []
    assert "applicator" not in ax.get_xlabel()
    assert plot_beam(case, 3).get_xlabel().endswith("not drawn: applicator ELECTRON_SQUARE")


@pytest.mark.data
def test_spots_of_the_layer(case_data):
    index = rtxr.scan(case_data("proton_dcpt") / "raystation_plan03")
    case = index.select(Modality=["RTPLAN", "RTSTRUCT"]).open()
    table = case.rt.spots(1)
    ax = plot_beam(case, 1, 2)
    (drawn,) = ax.collections
    own = table[table["ControlPointIndex"] == 2]
    np.testing.assert_array_equal(drawn.get_offsets(), own[["x", "y"]])
    areas = drawn.get_sizes()
    np.testing.assert_allclose(areas / areas[0], own["weight"] / own["weight"].iloc[0])
    assert ax.get_xlim()[1] > table[["x", "y"]].abs().max(axis=None)
    assert ax.get_legend() is not None
    # A layer ends at the control point after the one at which it begins.
    (ended,) = plot_beam(case, 1, 3).collections
    np.testing.assert_array_equal(ended.get_offsets(), own[["x", "y"]])
