from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from factories import item
from hypothesis import given, settings
from hypothesis import strategies as st

from read.made_plans import arc, group, planned, positions, used
from rtxr.errors import ConflictingDataError, MissingDataError, UnknownNameError
from rtxr.read.plans.collimators import beam_limiting_devices
from rtxr.read.plans.control_points import control_points
from rtxr.read.plans.leaf_positions import leaf_positions


def devices(**edges):
    return [
        item(
            RTBeamLimitingDeviceType=kind,
            NumberOfLeafJawPairs=max(len(values) - 1, 1),
            **({"LeafPositionBoundaries": list(values)} if values else {}),
        )
        for kind, values in edges.items()
    ]


def with_leaves(number=1, name="Arc", edges=(-5, 0, 5), **elements):
    listed = devices(ASYMX=(), ASYMY=(), MLCX=edges)
    return arc(number, name, BeamLimitingDeviceSequence=listed, **elements)


def test_one_beam_of_a_plan(tmp_path):
    ds = planned(tmp_path, beams=[with_leaves(7)], groups=[group(used(7, 200))])
    found = leaf_positions(ds)
    assert found["MLCX"].dims == ("beam", "control_point", "leaf", "side")
    assert found["X"].dims == found["Y"].dims == ("beam", "control_point", "side")
    stored = [[[-1, 1], [-2, 2]], [[-3, 3], [-4, 4]], [[-3, 3], [-4, 4]]]
    assert found["MLCX"].values.tolist() == [stored]
    assert found["X"].sel(beam=7, side=1).values.tolist() == [-50] * 3
    assert found["Y"].sel(beam=7, side=2).values.tolist() == [80] * 3
    assert found["leaf"].values.tolist() == [1, 2]
    assert found["leaf_start"].values.tolist() == [-5, 0]
    assert found["leaf_stop"].values.tolist() == [0, 5]
    assert found["GantryAngle"].values.tolist() == [[179, 90, 10]]
    assert found["meterset"].values.tolist() == [[0, 50, 200]]
    assert found["segment_meterset"].values.tolist() == [[50, 150, 0]]
    assert found["SourceAxisDistance"].values.tolist() == [1000]
    assert (found["MLCX"].attrs["units"], found["leaf_start"].attrs["units"]) == ("mm", "mm")
    assert found.attrs["rtxr_findings"] == "[]"
    one = leaf_positions(ds, "Arc")
    xr.testing.assert_identical(one, found.isel(beam=0))
    assert one["BeamName"].item() == "Arc"


def test_beams_of_other_lengths(tmp_path):
    short = with_leaves(2, "B")
    del short.ControlPointSequence[2]
    found = leaf_positions(planned(tmp_path, beams=[with_leaves(), short]))
    assert found.sizes == {"beam": 2, "control_point": 3, "leaf": 2, "side": 2}
    assert found["MLCX"].isnull().sum(["leaf", "side"]).values.tolist() == [[0] * 3, [0, 0, 4]]
    assert found["GantryAngle"].isnull().values.tolist() == [[False] * 3, [False, False, True]]


def test_two_layers_and_no_jaws(tmp_path):
    beam = arc(BeamLimitingDeviceSequence=devices(MLCX1=(-10, 0, 10), MLCX2=(-15, -5, 5, 15)))
    for point in beam.ControlPointSequence[:2]:
        moved = positions(MLCX1=(-1, -2, 1, 2), MLCX2=(-3, -4, -5, 3, 4, 5))
        point.BeamLimitingDevicePositionSequence = moved
    found = leaf_positions(planned(tmp_path, beams=[beam]), 1)
    assert list(found.data_vars) == ["MLCX1", "MLCX2"]
    assert found["MLCX1"].dims == ("control_point", "leaf", "side")
    assert found["MLCX2"].dims == ("control_point", "leaf_2", "side")
    assert found["MLCX2"].values[0].tolist() == [[-3, 3], [-4, 4], [-5, 5]]
    assert found["leaf_stop"].values.tolist() == [0, 10]
    assert found["leaf_2_start"].values.tolist() == [-15, -5, 5]


def test_beams_with_unlike_leaves_of_one_type(tmp_path):
    other = with_leaves(2, "B", edges=(-20, 0, 20))
    found = leaf_positions(planned(tmp_path, beams=[with_leaves(), other, with_leaves(3, "C")]))
    assert found["MLCX"].isnull().any(["control_point", "leaf", "side"]).values.tolist() == [
        False,
        True,
        False,
    ]
    assert found["MLCX_2"].dims == ("beam", "control_point", "leaf_2", "side")
    assert found["MLCX_2"].attrs["RTBeamLimitingDeviceType"] == "MLCX"
    assert found["leaf_2_stop"].values.tolist() == [0, 20]


def test_boundaries_that_do_not_fit(tmp_path):
    found = leaf_positions(planned(tmp_path, beams=[with_leaves(edges=(-5, 5))]))
    assert found["leaf_start"].isnull().all()
    (finding,) = json.loads(found.attrs["rtxr_findings"])
    assert finding["code"] == "leaf-boundaries"
    assert "has 2 pair(s) of leaves and 2 (300A,00BE) LeafP" in finding["message"]


def test_an_odd_number_of_positions(tmp_path):
    beam = with_leaves()
    for point in beam.ControlPointSequence[:2]:
        point.BeamLimitingDevicePositionSequence = positions(ASYMX=(-1, 1), MLCX=(-1, -2, 1))
    found = leaf_positions(planned(tmp_path, beams=[beam]))
    assert list(found.data_vars) == ["X"]
    assert "MLCX has 3 positions; it was left out" in found.attrs["rtxr_findings"]


def test_which_beam(tmp_path):
    ds = planned(tmp_path, beams=[with_leaves(1, "A"), with_leaves(1, "B")])
    assert leaf_positions(ds, "B")["BeamName"].item() == "B"
    assert leaf_positions(ds)["beam"].values.tolist() == [1, 1]
    with pytest.raises(ConflictingDataError, match=r"that of 2 beams: 1 \(A\), 1 \(B\); choose"):
        leaf_positions(ds, 1)
    with pytest.raises(UnknownNameError, match="no beam 'C'"):
        leaf_positions(ds, "C")


def test_a_plan_without_collimators(tmp_path):
    ds = planned(tmp_path, beams=[item(BeamNumber=1)])
    with pytest.raises(MissingDataError, match=r"1 beam\(s\) and no positions .*ds\.rt\.spots"):
        leaf_positions(ds)


def test_table_of_devices(tmp_path):
    beam = with_leaves(4, "D")
    beam.BeamLimitingDeviceSequence[2].SourceToBeamLimitingDeviceDistance = 490
    ds = planned(tmp_path, beams=[beam])
    table = beam_limiting_devices(ds, 4)
    assert table["RTBeamLimitingDeviceType"].tolist() == ["ASYMX", "ASYMY", "MLCX"]
    assert table["NumberOfLeafJawPairs"].tolist() == [1, 1, 2]
    assert table["LeafPositionBoundaries"].tolist() == [(), (), (-5, 0, 5)]
    assert table["SourceToBeamLimitingDeviceDistance"][2] == 490
    empty = beam_limiting_devices(planned(tmp_path / "bare", beams=[arc()]))
    assert empty.attrs["note"] == "this plan has no jaws and collimators; it has 1 beam(s)"


TENTHS = st.integers(-2000, 2000).map(lambda tenth: tenth / 10)


@settings(max_examples=10)
@given(data=st.data())
def test_what_the_table_of_control_points_says(tmp_path_factory, data):
    pairs = data.draw(st.integers(1, 5))
    beams = []
    for number in range(1, data.draw(st.integers(1, 3)) + 1):
        beam = with_leaves(number, f"B{number}", edges=range(pairs + 1))
        for point in beam.ControlPointSequence[: data.draw(st.integers(2, 3))]:
            drawn = data.draw(st.lists(TENTHS, min_size=2 * pairs, max_size=2 * pairs))
            point.BeamLimitingDevicePositionSequence = positions(MLCX=drawn, ASYMY=drawn[:2])
        beams.append(beam)
    ds = planned(tmp_path_factory.mktemp("plan"), beams=beams)
    found, table = leaf_positions(ds), control_points(ds)
    for row in table.to_dict("records"):
        here = found.sel(beam=row["BeamNumber"], control_point=row["ControlPointIndex"])
        assert here["MLCX"].transpose("side", "leaf").values.ravel().tolist() == list(row["MLCX"])
        assert here["Y"].values.tolist() == [row["Y1"], row["Y2"]]
    assert np.isfinite(found["MLCX"].values).all()


def test_a_helix_of_thousands_of_control_points(tmp_path):
    count, leaves = 2000, 64
    shapes = np.random.default_rng(0).integers(0, 7, (count, leaves))
    points = [
        item(
            ControlPointIndex=at,
            GantryAngle=at * 7 % 360,
            CumulativeMetersetWeight=at / (count - 1),
            BeamLimitingDevicePositionSequence=positions(
                MLCX=[*(-shape).tolist(), *shape.tolist()]
            ),
        )
        for at, shape in enumerate(shapes)
    ]
    points[0].GantryRotationDirection = "CW"
    edges = np.linspace(-200, 200, leaves + 1).tolist()
    beam = with_leaves(1, "Helix", edges, ControlPointSequence=points, NumberOfControlPoints=count)
    ds = planned(tmp_path, beams=[beam], groups=[group(used(1, count - 1))])
    found = leaf_positions(ds, "Helix")
    np.testing.assert_array_equal(found["MLCX"].sel(side=2), shapes)
    np.testing.assert_array_equal(found["MLCX"].sel(side=1), -shapes)
    np.testing.assert_allclose(found["segment_meterset"][:-1], 1)
    table = control_points(ds)
    np.testing.assert_array_equal(table["gantry_unwrapped"], np.arange(count) * 7.0)
    assert table.attrs["findings"] == []
