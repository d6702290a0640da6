from __future__ import annotations

import numpy as np
import pytest
from factories import item

from read.made_plans import arc, group, planned, used
from rtxr.read.plans.spots import spots


def layer(index, energy, places, weights, **elements):
    return item(
        ControlPointIndex=index,
        NominalBeamEnergy=energy,
        ScanSpotTuneID="4.0",
        NumberOfPaintings=2,
        ScanSpotPositionMap=places,
        ScanSpotMetersetWeights=weights,
        ScanningSpotSize=[5.0, 6.0],
        **elements,
    )


def scanned(folder, *layers, final=10, meterset=500):
    beam = arc(FinalCumulativeMetersetWeight=final, NumberOfControlPoints=len(layers))
    beam.IonControlPointSequence = list(layers)
    del beam.ControlPointSequence
    return planned(folder, IonBeamSequence=[beam], groups=[group(used(1, meterset))])


def test_one_row_per_spot(tmp_path):
    layers = [
        layer(0, 150, [0.0, 1, 2, 3], [1.0, 3]),
        layer(1, 150, [0.0, 1, 2, 3], [0.0, 0]),
        layer(2, 140, [-4.0, 5], 6.0),
    ]
    table = spots(scanned(tmp_path, *layers))
    assert table["ControlPointIndex"].tolist() == [0, 0, 2]
    assert table["NominalBeamEnergy"].tolist() == [150, 150, 140]
    assert table[["x", "y"]].values.tolist() == [[0, 1], [2, 3], [-4, 5]]
    assert table["weight"].tolist() == [1, 3, 6]
    assert table["meterset"].tolist() == [50, 150, 300]
    assert table[["size_x", "size_y"]].values.tolist() == [[5, 6]] * 3
    assert table["NumberOfPaintings"].tolist() == [2] * 3
    assert table["ScanSpotTuneID"].tolist() == ["4.0"] * 3
    assert table.attrs["findings"] == []


def test_weights_that_do_not_add_up(tmp_path):
    table = spots(scanned(tmp_path, layer(0, 150, [0.0, 1], 5.0)))
    assert table["meterset"].tolist() == [250]
    (finding,) = table.attrs["findings"]
    assert finding["code"] == "spot-weights"
    assert "add up to 5" in finding["message"]


@pytest.mark.parametrize("places", [[0.0, 1], [0.0, 1, 2], [0.0, 1, 2, 3, 4, 5]])
def test_positions_without_weights(tmp_path, places):
    table = spots(scanned(tmp_path, layer(0, 150, places, [4.0, 6.0])))
    assert len(table) == min(len(places) // 2, 2)
    assert table.attrs["findings"][0]["code"] == "spot-count"


def test_a_meterset_that_is_not_known(tmp_path):
    table = spots(scanned(tmp_path, layer(0, 150, [0.0, 1], 10.0), meterset=None))
    assert np.isnan(table["meterset"]).all()
    assert table["weight"].tolist() == [10]


def test_photons_have_no_spots(tmp_path):
    table = spots(planned(tmp_path, beams=[arc()]))
    assert table.attrs["note"] == "this plan has no scan spots; it has 1 beam(s)"
    assert "meterset" in table
