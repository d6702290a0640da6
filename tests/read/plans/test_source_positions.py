"""Brachytherapy plans: channels and the time that sources spend at each position."""

from __future__ import annotations

import numpy as np
import pytest
from factories import item

from read.made_plans import arc, planned
from rtxr.read.plans.brachytherapy import application_setups, brachy_sources, channels
from rtxr.read.plans.source_positions import source_positions


def channel(weights, places, number=1, **elements):
    points = []
    for at, (weight, place) in enumerate(zip(weights, places, strict=True)):
        point = item(
            ControlPointIndex=at,
            ControlPointRelativePosition=place,
            ControlPoint3DPosition=[place, 0, -place],
        )
        if weight is not None:
            point.CumulativeTimeWeight = weight
        points.append(point)
    facts = {"ChannelNumber": number, "ChannelTotalTime": 60, "FinalCumulativeTimeWeight": 100}
    points = {"BrachyControlPointSequence": points}
    made = {**facts, **points, "ReferencedSourceNumber": 1, "ReferencedROINumber": 8, **elements}
    return item(**{name: value for name, value in made.items() if value is not None})


def brachy(folder, *made):
    setup = item(ApplicationSetupNumber=2, ApplicationSetupType="VAGINAL", ChannelSequence=made)
    sources = [item(SourceNumber=1, SourceType="POINT", SourceIsotopeName="Ir-192")]
    return planned(folder, ApplicationSetupSequence=[setup], SourceSequence=sources)


def test_pairs_of_control_points(tmp_path):
    table = source_positions(brachy(tmp_path, channel([0, 50, 50, 100], [5, 5, 10, 10])))
    assert table["ApplicationSetupNumber"].tolist() == [2, 2]
    assert table["ControlPointIndex"].tolist() == [0, 2]
    assert table["ControlPointRelativePosition"].tolist() == [5, 10]
    assert table[["x", "y", "z"]].values.tolist() == [[5, 0, -5], [10, 0, -10]]
    assert table["dwell_time"].tolist() == [30, 30]
    assert table["transit_time"].tolist() == [0, 0]
    assert table.attrs["findings"] == []


def test_time_on_the_way(tmp_path):
    table = source_positions(brachy(tmp_path, channel([0, 40, 50, 100], [5, 5, 10, 10])))
    np.testing.assert_allclose(table["dwell_time"], [24, 30])
    np.testing.assert_allclose(table["transit_time"], [6, 0])


def test_weights_of_single_positions(tmp_path):
    odd = channel([0, 70, 0, 30], [5, 5, 10, 10], number=3)
    table = source_positions(brachy(tmp_path, channel([0, 100], [1, 1]), odd))
    np.testing.assert_allclose(table["dwell_time"], [60, 42, 18])
    (finding,) = table.attrs["findings"]
    assert finding["message"].startswith("channel(s) 3: (300A,02D6) CumulativeTimeWeight is not")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (channel([0, 70, 0, 70], [5, 5, 10, 10]), "goes down and does not add up"),
        (channel([0, 50], [5, 5], FinalCumulativeTimeWeight=None), "is missing"),
        (channel([0, 50], [5, 5], ChannelTotalTime=None), "is missing"),
    ],
)
def test_times_that_are_not_known(tmp_path, made, said):
    table = source_positions(brachy(tmp_path, made))
    assert table["dwell_time"].isna().all()
    assert said in table.attrs["findings"][0]["message"]


def test_a_channel_without_time(tmp_path):
    made = channel([0, 0], [5, 5], ChannelTotalTime=0, FinalCumulativeTimeWeight=0)
    table = source_positions(brachy(tmp_path, made))
    assert table["dwell_time"].tolist() == [0]
    assert table.attrs["findings"] == []


def test_other_tables_of_a_brachytherapy_plan(tmp_path):
    ds = brachy(tmp_path, channel([0, 100], [1, 1], TransferTubeNumber=4))
    assert application_setups(ds)["channels"].tolist() == [1]
    assert brachy_sources(ds)["SourceIsotopeName"].tolist() == ["Ir-192"]
    (row,) = channels(ds).to_dict("records")
    assert (row["ApplicationSetupNumber"], row["TransferTubeNumber"], row["roi"]) == (2, 4, "")
    photons = planned(tmp_path / "photons", beams=[arc()])
    for table in (application_setups, brachy_sources, channels, source_positions):
        assert table(photons).empty
        assert table(photons).attrs["note"].endswith("; it has 1 beam(s)")
