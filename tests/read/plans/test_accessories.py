"""Accessories of beams and their settings, from plans made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from factories import item

from read.made_plans import arc, planned
from rtxr import model
from rtxr.errors import UnknownNameError
from rtxr.read.plans import accessories
from rtxr.read.plans.ion_devices import range_modulators, range_shifters, snouts

EVERY = (
    accessories.wedges,
    accessories.blocks,
    accessories.compensators,
    accessories.boluses,
    accessories.applicators,
    accessories.general_accessories,
)


@pytest.mark.parametrize("table", [*EVERY, snouts, range_shifters, range_modulators])
def test_an_empty_table_says_what_the_plan_has(tmp_path, table):
    found = table(planned(tmp_path, beams=[arc(), arc(2, "B")]))
    assert found.empty
    assert found.columns[:2].tolist() == ["BeamNumber", "BeamName"]
    assert len(found.columns) > 2
    assert found.attrs["note"].endswith("; it has 2 beam(s)")
    with pytest.raises(UnknownNameError, match="no beam 'C'"):
        table(planned(tmp_path, beams=[arc()]), "C")


def test_a_wedge_that_is_moved_in(tmp_path):
    beam = arc(NumberOfWedges=1)
    beam.WedgeSequence = [item(WedgeNumber=1, WedgeType="MOTORIZED", WedgeAngle=60, WedgeID="W")]
    moves = zip(beam.ControlPointSequence, ("OUT", "OUT", "IN"), strict=True)
    for point, position in moves:
        setting = item(ReferencedWedgeNumber=1, WedgePosition=position)
        point.WedgePositionSequence = [setting, item(ReferencedWedgeNumber=2, WedgePosition="IN")]
    table = accessories.wedges(planned(tmp_path, beams=[beam]))
    rows = table[["BeamNumber", "WedgeNumber", "WedgeAngle", "ControlPointIndex", "WedgePosition"]]
    assert rows.values.tolist() == [[1, 1, 60, 0, "OUT"], [1, 1, 60, 2, "IN"]]
    assert table.attrs["findings"] == []
    del beam.ControlPointSequence[1:], beam.ControlPointSequence[0].WedgePositionSequence
    (row,) = accessories.wedges(planned(tmp_path, beams=[beam])).to_dict("records")
    assert (row["WedgeType"], row["WedgePosition"]) == ("MOTORIZED", "")
    assert pd.isna(row["ControlPointIndex"])


def test_a_block_with_its_outline(tmp_path):
    corners = [-50, -50, 50, -50, 0, 60]
    block = item(
        BlockNumber=1,
        BlockType="APERTURE",
        BlockThickness=80,
        BlockNumberOfPoints=3,
        BlockData=corners,
        SourceToBlockTrayDistance=650.5,
    )
    short = item(BlockNumber=2, BlockNumberOfPoints=4, BlockData=corners)
    beams = [arc(NumberOfBlocks=2, BlockSequence=[block, short]), arc(2, "B", NumberOfBlocks=1)]
    table = accessories.blocks(planned(tmp_path, beams=beams))
    assert table["BlockData"].tolist() == [((-50, -50), (50, -50), (0, 60))] * 2
    assert table["SourceToBlockTrayDistance"].tolist()[0] == 650.5
    counts, points = table.attrs["findings"]
    assert counts["code"] == "accessory-count"
    assert "beam 2: (300A,00F0) NumberOfBlocks is 1, and there are 0" in counts["message"]
    assert "BlockNumberOfPoints is 4, and (300A,0106) BlockData has 3" in points["message"]


def test_a_compensator_as_an_array(tmp_path):
    made = item(
        CompensatorNumber=1,
        CompensatorRows=2,
        CompensatorColumns=3,
        CompensatorPixelSpacing=[5, 4],
        CompensatorPosition=[-8, 5],
        CompensatorThicknessData=[1, 2, 3, 4, 5, 6],
        CompensatorTransmissionData=[0.5] * 5,
    )
    table = accessories.compensators(planned(tmp_path, beams=[arc(CompensatorSequence=[made])]))
    assert table["CompensatorThicknessData"][0].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert table["CompensatorTransmissionData"][0] is None
    assert table["CompensatorPixelSpacing"].tolist() == [(5, 4)]


def test_a_bolus_is_a_roi(tmp_path):
    bolus = [item(ReferencedROINumber=3, BolusID="B5"), item(ReferencedROINumber=9)]
    ds = planned(tmp_path, beams=[arc(ReferencedBolusSequence=bolus)])
    assert accessories.boluses(ds)["roi"].tolist() == ["", ""]
    rois = {model.ROI: ["BODY", "Bolus"], model.ROI_NUMBER: (model.ROI, [1, 3])}
    table = accessories.boluses(ds.assign_coords(rois))
    assert table["roi"].tolist() == ["Bolus", ""]
    assert table["ReferencedROINumber"].tolist() == [3, 9]


def test_the_opening_of_an_applicator(tmp_path):
    opening = item(ApplicatorApertureShape="SYM_RECTANGLE", ApplicatorOpeningX=60)
    cone = item(ApplicatorID="A6", ApplicatorGeometrySequence=[opening])
    beam = arc(ApplicatorSequence=[cone, item(ApplicatorID="A10")])
    table = accessories.applicators(planned(tmp_path, beams=[beam]), 1)
    assert table["ApplicatorApertureShape"].tolist() == ["SYM_RECTANGLE", ""]
    np.testing.assert_array_equal(table["ApplicatorOpeningX"], [60, np.nan])


def test_a_range_shifter_and_its_settings(tmp_path):
    beam = arc(NumberOfRangeShifters=1)
    beam.RangeShifterSequence = [
        item(RangeShifterNumber=1, RangeShifterID="RS", RangeShifterType="BINARY")
    ]
    first, second, third = beam.ControlPointSequence
    for point, where in ((first, "OUT"), (third, "IN")):
        setting = item(ReferencedRangeShifterNumber=1, RangeShifterSetting=where)
        setting.RangeShifterWaterEquivalentThickness = 41.5
        point.RangeShifterSettingsSequence = [setting]
    beam.IonControlPointSequence = [first, second, third]
    beam.SnoutSequence = [item(SnoutID="S1")]
    beam.IonBlockSequence = [item(BlockNumber=1, IsocenterToBlockTrayDistance=300.0, BlockData=[])]
    del beam.ControlPointSequence
    ds = planned(tmp_path, IonBeamSequence=[beam])
    table = range_shifters(ds)
    assert table["ControlPointIndex"].tolist() == [0, 2]
    assert table["RangeShifterSetting"].tolist() == ["OUT", "IN"]
    assert table["RangeShifterWaterEquivalentThickness"].tolist() == [41.5, 41.5]
    assert table["IsocenterToRangeShifterDistance"].isna().all()
    assert snouts(ds)["SnoutID"].tolist() == ["S1"]
    assert accessories.blocks(ds)["IsocenterToBlockTrayDistance"].tolist() == [300]
    assert "SourceToBlockTrayDistance" not in accessories.blocks(ds)
