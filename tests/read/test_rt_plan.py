from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from factories import base, item, save
from pydicom import uid as sop

import rtxr
from read.made_plans import arc, group, planned, positions, used
from rtxr import model
from rtxr.errors import MissingDataError, UnknownNameError
from rtxr.read import rt_plan
from rtxr.read.headers import read_header


@pytest.mark.parametrize("sequence", ["BeamSequence", "IonBeamSequence"])
def test_reference_images_that_are_not_there(tmp_path, sequence):
    def drr(number):
        return item(ReferenceImageNumber=number, ReferencedSOPInstanceUID=f"1.2.{number}")

    beams = [
        item(BeamNumber=1, ReferencedReferenceImageSequence=[drr(1), drr(2)]),
        item(BeamNumber=2, ReferencedReferenceImageSequence=[drr(2), drr(3)]),
    ]
    ds = base(sop.RTPlanStorage, "RTPLAN", "plan", **{sequence: beams})
    header = read_header(save(tmp_path / "plan", ds))
    (finding,) = rt_plan.image_findings(header, {"1.2.1"})
    assert (finding.code, finding.severity) == ("unresolved-reference", "info")
    assert "refers to 2 image(s) ((300C,0042) Ref" in finding.message
    assert (finding.uid, finding.path) == (ds.SOPInstanceUID, header.record.path)
    assert rt_plan.image_findings(header, {"1.2.1", "1.2.2", "1.2.3"}) == []


def test_a_plan_without_reference_images_is_not_decoded(tmp_path, monkeypatch):
    ds = base(sop.RTPlanStorage, "RTPLAN", "plan", BeamSequence=[arc()])
    monkeypatch.setattr(rt_plan, "bare_plan", None)
    assert rt_plan.image_findings(read_header(save(tmp_path / "plan", ds)), ()) == []


def test_one_row_per_beam(tmp_path):
    setup = arc(2, "Setup", TreatmentDeliveryType="SETUP", FinalCumulativeMetersetWeight=0)
    ds = planned(tmp_path, beams=[arc(), setup], groups=[group(used(1, 200, 1.5))])
    table = rt_plan.beams(ds)
    assert table.BeamNumber.tolist() == [1, 2]
    row = table.iloc[0]
    expected = {
        "BeamName": "Arc",
        "BeamType": "DYNAMIC",
        "RadiationType": "PHOTON",
        "TreatmentMachineName": "L1",
        "PrimaryDosimeterUnit": "MU",
        "SourceAxisDistance": 1000,
        "NominalBeamEnergy": 6,
        "gantry_start": 179,
        "gantry_stop": 10,
        "BeamLimitingDeviceAngle": 30,
        "NumberOfControlPoints": 3,
        "BeamMeterset": 200,
        "BeamDose": 1.5,
        "isocenter_x": 1,
        "isocenter_y": -2,
        "isocenter_z": 3.5,
    }
    assert {name: row[name] for name in expected} == expected
    assert np.isnan(table.BeamMeterset[1])


def test_control_points_inherit(tmp_path):
    ds = planned(tmp_path, beams=[arc(final=4)], groups=[group(used(1, 200))])
    table = rt_plan.control_points(ds)
    assert table.ControlPointIndex.tolist() == [0, 1, 2]
    assert table.NominalBeamEnergy.tolist() == [6, 6, 6]
    assert table.DoseRateSet.tolist() == [600] * 3
    assert table.GantryAngle.tolist() == [179, 90, 10]
    assert table.GantryRotationDirection.tolist() == ["CC"] * 3
    assert table[["X1", "X2", "Y1", "Y2"]].values.tolist() == [[-50, 60, -70, 80]] * 3
    assert table.MLCX.tolist() == [(-1, -2, 1, 2), (-3, -4, 3, 4), (-3, -4, 3, 4)]
    assert table.isocenter_z.tolist() == [3.5] * 3
    assert table.CumulativeMetersetWeight.tolist() == [0, 1, 4]
    assert table.meterset.tolist() == [0, 50, 200]
    assert table.segment_meterset.tolist() == [50, 150, 0]


def test_beams_are_chosen_by_number_or_name(tmp_path):
    ds = planned(tmp_path, beams=[arc(1, "A"), arc(5, "B")])
    assert len(rt_plan.control_points(ds)) == 6
    for beam in (5, "B"):
        assert set(rt_plan.control_points(ds, beam).BeamNumber) == {5}
    assert rt_plan.control_points(ds).meterset.isna().all()
    with pytest.raises(UnknownNameError, match=r"no beam 'C'.*there are 'A', 'B'$"):
        rt_plan.control_points(ds, "C")
    with pytest.raises(UnknownNameError, match=r"no beam 7 .*'1 \(A\)', '5 \(B\)'$"):
        rt_plan.control_points(ds, 7)


def test_two_layers_of_leaves_and_no_jaws(tmp_path):
    beam = arc()
    for point in beam.ControlPointSequence[:2]:
        point.BeamLimitingDevicePositionSequence = positions(MLCX1=(1, 2), MLCX2=(3, 4))
    table = rt_plan.control_points(planned(tmp_path, beams=[beam]))
    assert table.MLCX1.tolist() == [(1, 2)] * 3
    assert table.MLCX2.tolist() == [(3, 4)] * 3
    assert table.X1.isna().all()


def test_ion_beams(tmp_path):
    beam = arc(VirtualSourceAxisDistances=[2000, 2500], ScanMode="MODULATED")
    points = beam.ControlPointSequence
    points[0].MetersetRate, points[0].SnoutPosition = 100, 421
    beam.IonControlPointSequence = list(points)
    del beam.ControlPointSequence, beam.SourceAxisDistance
    ds = planned(tmp_path, IonBeamSequence=[beam], groups=[group(used(1, 200))])
    assert rt_plan.beams(ds).SourceAxisDistance.tolist() == [2250]
    table = rt_plan.control_points(ds)
    assert table.SnoutPosition.tolist() == [421] * 3
    assert table.MetersetRate.tolist() == [100] * 3
    assert table.meterset.tolist() == [0, 50, 200]
    photons = rt_plan.control_points(planned(tmp_path / "photons", beams=[arc()]))
    assert "SnoutPosition" not in photons


def test_brachytherapy_plan_has_no_beams(tmp_path):
    setup = item(ReferencedBrachyApplicationSetupNumber=1, BrachyApplicationSetupDose=16)
    fractions = item(
        FractionGroupNumber=1,
        NumberOfFractionsPlanned=2,
        ReferencedBrachyApplicationSetupSequence=[setup],
    )
    ds = planned(
        tmp_path, groups=[fractions], ApplicationSetupSequence=[item(ApplicationSetupNumber=1)]
    )
    table = rt_plan.beams(ds)
    assert len(table) == 0
    assert "BeamNumber" in table
    note = "this plan has no beams; it has 1 brachytherapy application setup(s)"
    assert table.attrs["note"] == note
    assert len(rt_plan.control_points(ds)) == 0
    assert len(rt_plan.isocenters(ds)) == 0
    groups = rt_plan.fraction_groups(ds)
    assert groups.BrachyApplicationSetupDose.tolist() == [16]
    dose, source, _ = rt_plan.target_prescription(ds)
    assert (dose, source) == (32, "application setup doses x fractions")


def test_isocentres_once_with_their_beams(tmp_path):
    other = arc(3, "C")
    other.ControlPointSequence[0].IsocenterPosition = [9, 9, 9]
    table = rt_plan.isocenters(planned(tmp_path, beams=[arc(1, "A"), arc(2, "B"), other]))
    assert table.columns.tolist() == ["name", "kind", "x", "y", "z", "beams"]
    assert table.values.tolist() == [
        ["isocenter of A, B", "isocenter", 1, -2, 3.5, (1, 2)],
        ["isocenter of C", "isocenter", 9, 9, 9, (3,)],
    ]


def test_fraction_groups(tmp_path):
    empty = item(FractionGroupNumber=2, NumberOfFractionsPlanned=None)
    ds = planned(tmp_path, beams=[arc()], groups=[group(used(1, 200, 1.5), used(4)), empty])
    table = rt_plan.fraction_groups(ds)
    assert table.FractionGroupNumber.tolist() == [1, 1, 2]
    assert table.NumberOfFractionsPlanned[:2].tolist() == [10, 10]
    assert table.NumberOfFractionsPlanned[2] is pd.NA
    assert table.ReferencedBeamNumber[:2].tolist() == [1, 4]
    assert table.BeamName[:2].tolist() == ["Arc", ""]
    assert table.BeamMeterset[:2].tolist() == [200, 200]
    assert table.BeamDose[0] == 1.5


def test_plan_without_beams_groups_and_values(tmp_path):
    ds = planned(tmp_path)
    for table in (
        rt_plan.beams,
        rt_plan.control_points,
        rt_plan.fraction_groups,
        rt_plan.prescriptions,
        rt_plan.isocenters,
    ):
        assert len(table(ds)) == 0
    bare = planned(tmp_path / "bare", beams=[item(BeamNumber=1), item(BeamName="x")])
    assert rt_plan.beams(bare).NumberOfControlPoints.tolist() == [0, 0]
    assert len(rt_plan.control_points(bare)) == 0


def test_what_cannot_be_decoded_is_missing(tmp_path):
    ds = planned(tmp_path, beams=[arc(SourceAxisDistance=4321)])
    data = ds.header_data.values.tobytes().replace(b"4321", b"far ", 1)
    ds = ds.assign_coords(header_data=("header_byte", np.frombuffer(data, np.uint8)))
    assert np.isnan(rt_plan.beams(ds).SourceAxisDistance[0])


def test_datasets_without_a_plan_say_what_to_do(tmp_path):
    with pytest.raises(MissingDataError, match="no plan"):
        rt_plan.beams(xr.Dataset())
    ds = planned(tmp_path).assign_coords({model.PLAN_UID: "1.2.3"})
    with pytest.raises(MissingDataError, match=r"header of its plan 1\.2\.3"):
        rt_plan.beams(ds)


def test_a_plan_of_a_vendors_own_class(tmp_path):
    own = base("1.2.246.352.70.1.70", "RTPLAN", "plan", BeamSequence=[arc(5, "A")])
    save(tmp_path / "plan", own)
    ds = rtxr.open_dir(tmp_path)
    assert ds.rt.beams()["BeamName"].tolist() == ["A"]
    assert ds.rt.control_points()["GantryAngle"].tolist() == [179, 90, 10]
