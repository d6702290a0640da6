"""Tables of the plans of real cases against their elements, read by hand with pydicom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pydicom
import pytest
import xarray as xr

from rtxr import header_store
from rtxr.read import rt_plan
from rtxr.read.headers import read_header
from rtxr.read.plans.accessories import applicators
from rtxr.read.plans.brachytherapy import application_setups, brachy_sources, channels
from rtxr.read.plans.collimators import beam_limiting_devices
from rtxr.read.plans.ion_devices import lateral_spreading_devices, snouts
from rtxr.read.plans.leaf_positions import leaf_positions
from rtxr.read.plans.patient_setups import patient_setups, tolerance_tables
from rtxr.read.plans.source_positions import source_positions
from rtxr.read.plans.spots import spots

pytestmark = pytest.mark.data
PHOTONS = [
    "breast_boost_eclipse/rtplan.dcm",
    "oncentra_phantom/simple_phantom_case/RP*.dcm",
    "pylinac/picket_fence_with_plan/T1.2*.dcm",
    "pylinac/plans_rapidarc_qa/T0.1*.dcm",
    "pylinac/plans_rapidarc_qa/T0.2*.dcm",
    "pymedphys/pinnacle_rp_rd/*.112493.dcm",
    "pymedphys/tiny_vmat/TinyFS_TinyVMAT.dcm",
    "quirks/monaco_no_preamble/ghosting_RP.06X.dcm",
    "quirks/monaco_no_preamble/validation_RP.06X.dcm",
]
IONS = [
    "proton_dcpt/eclipse_plan01/RN*.dcm",
    "proton_dcpt/raystation_plan03/ramped_2Gy_ver2_full.dcm",
    "quirks/opentps_small_phantom/Plan*.dcm",
]
BRACHY = "brachy_hdr_robustbrachy/PL001.dcm"


@pytest.fixture
def opened(case_data, request) -> tuple[xr.Dataset, pydicom.Dataset]:
    """The plan as rtxr has it, and as pydicom reads it."""
    folder, _, rest = request.param.partition("/")
    (path,) = case_data(folder).glob(rest)
    part = rt_plan.read_plan(read_header(path))
    ds = xr.Dataset(coords={**part.coords, **header_store.pack(part.records)})
    return ds, pydicom.dcmread(path, force=True)


def of(*names: str) -> Any:
    return pytest.mark.parametrize("opened", names, indirect=True)


def by_hand(beam: pydicom.Dataset) -> Iterator[dict[str, Any]]:
    """Each control point with what those before it said."""
    known: dict[str, Any] = {}
    sequence = "IonControlPointSequence"
    for point in beam.get("ControlPointSequence") or beam[sequence].value:
        for element in point:
            if element.VR != "SQ" and element.value not in (None, ""):
                known[element.keyword] = element.value
        for device in point.get("BeamLimitingDevicePositionSequence", []):
            values = [float(value) for value in device.LeafJawPositions]
            known[device.RTBeamLimitingDeviceType] = values
        yield dict(known)


def metersets(plan: pydicom.Dataset) -> dict[int, float]:
    (group,) = plan.FractionGroupSequence
    return {each.ReferencedBeamNumber: each.BeamMeterset for each in group.ReferencedBeamSequence}


def beams(plan: pydicom.Dataset) -> Any:
    return plan.get("BeamSequence") or plan.IonBeamSequence


@of(*PHOTONS, *IONS)
def test_control_points(opened):
    ds, plan = opened
    for beam in beams(plan):
        table = rt_plan.control_points(ds, int(beam.BeamNumber))
        rows = list(by_hand(beam))
        assert len(table) == len(rows) == beam.NumberOfControlPoints
        for keyword in ("NominalBeamEnergy", "GantryAngle", "TableTopVerticalPosition"):
            expected = [float(row.get(keyword, np.nan)) for row in rows]
            np.testing.assert_array_equal(table[keyword], expected)
        weights = [float(row.get("CumulativeMetersetWeight", np.nan)) for row in rows]
        weights = np.array([0.0, *weights[1:]])  # one plan leaves all of them out
        total = float(metersets(plan)[beam.BeamNumber])
        expected = weights / float(beam.FinalCumulativeMetersetWeight) * total
        np.testing.assert_allclose(table["meterset"], expected, rtol=1e-12)
        segments = np.append(np.diff(expected), 0.0 * expected[-1])
        np.testing.assert_allclose(table["segment_meterset"], segments, rtol=1e-9, atol=1e-9)
        if "IsocenterPosition" in rows[0]:
            found = table[["isocenter_x", "isocenter_y", "isocenter_z"]].to_numpy()
            np.testing.assert_array_equal(found[0], np.array(rows[0]["IsocenterPosition"], float))


@of(*PHOTONS)
def test_leaf_positions(opened):
    ds, plan = opened
    found = leaf_positions(ds)
    assert found["beam"].values.tolist() == [beam.BeamNumber for beam in plan.BeamSequence]
    for at, beam in enumerate(plan.BeamSequence):
        one = found.isel(beam=at)
        devices = {each.RTBeamLimitingDeviceType: each for each in beam.BeamLimitingDeviceSequence}
        for place, row in enumerate(by_hand(beam)):
            for kind, device in devices.items():
                pairs = int(device.NumberOfLeafJawPairs)
                name = kind.removeprefix("ASYM")  # some list ASYMY and say where Y is
                expected = np.array(row.get(kind, row.get(name))).reshape(2, pairs).T
                values = one[name].isel(control_point=place).values
                np.testing.assert_array_equal(values.reshape(pairs, 2), expected)
                if kind == "MLCX":
                    edges = np.array(device.LeafPositionBoundaries, float)
                    np.testing.assert_array_equal(one["leaf_start"], edges[:-1])
                    np.testing.assert_array_equal(one["leaf_stop"], edges[1:])
        rest = one.isel(control_point=slice(len(beam.ControlPointSequence), None))
        assert all(rest[name].isnull().all() for name in rest.data_vars)


@of("pylinac/plans_rapidarc_qa/T0.2*.dcm")
def test_leaves_of_two_widths(opened):
    ds, _ = opened
    found = leaf_positions(ds)
    widths = (found["leaf_stop"] - found["leaf_start"]).values
    assert widths.tolist() == [10.0] * 10 + [5.0] * 40 + [10.0] * 10
    assert found["leaf_start"].values[0] == -200


@of("pylinac/picket_fence_with_plan/T1.2*.dcm")
def test_the_leaves_of_a_high_definition_collimator(opened):
    ds, _ = opened
    found = leaf_positions(ds, "T1.2_PF_RA_error")
    assert found["MLCX"].dims == ("control_point", "leaf", "side")
    widths = (found["leaf_stop"] - found["leaf_start"]).values
    assert widths.tolist() == [5.0] * 14 + [2.5] * 32 + [5.0] * 14
    table = beam_limiting_devices(ds)
    assert table["NumberOfLeafJawPairs"].tolist() == [1, 1, 60]


@of("pymedphys/tiny_vmat/TinyFS_TinyVMAT.dcm")
def test_an_arc_once_around(opened):
    ds, plan = opened
    table = rt_plan.control_points(ds)
    (beam,) = plan.BeamSequence
    turned = table["gantry_unwrapped"].to_numpy()
    stored = [float(row["GantryAngle"]) for row in by_hand(beam)]
    np.testing.assert_allclose(turned % 360, np.array(stored) % 360, atol=1e-9)
    assert turned[[0, -1]].tolist() == [180, 540]
    assert (np.diff(turned) > 0).all()


@of(*IONS)
def test_spots(opened):
    ds, plan = opened
    table = spots(ds)
    for beam in plan.IonBeamSequence:
        rows = table[table["BeamNumber"] == beam.BeamNumber]
        layers = [
            point
            for point in beam.IonControlPointSequence
            if np.any(np.atleast_1d(point.ScanSpotMetersetWeights))
        ]
        weights = np.concatenate([np.atleast_1d(each.ScanSpotMetersetWeights) for each in layers])
        places = np.concatenate([each.ScanSpotPositionMap for each in layers]).reshape(-1, 2)
        np.testing.assert_array_equal(rows["weight"], weights)
        np.testing.assert_array_equal(rows[["x", "y"]], places)
        energies = [float(each.NominalBeamEnergy) for each in layers]
        assert rows["NominalBeamEnergy"].drop_duplicates().tolist() == list(dict.fromkeys(energies))
        total = float(metersets(plan)[beam.BeamNumber])
        part = total / float(beam.FinalCumulativeMetersetWeight)
        np.testing.assert_allclose(rows["meterset"].sum(), weights.sum() * part, rtol=1e-6)


@of(IONS[1])
def test_a_proton_plan(opened):
    ds, _ = opened
    table = spots(ds)
    assert len(table) == 18436
    np.testing.assert_allclose(table.groupby("BeamNumber")["meterset"].sum(), 39294.15, rtol=1e-6)
    assert snouts(ds)["SnoutID"].tolist() == ["S1", "S1"]
    spreaders = lateral_spreading_devices(ds)
    assert spreaders["LateralSpreadingDeviceID"].tolist() == ["MagnetX", "MagnetY"] * 2
    assert spreaders["IsocenterToLateralSpreadingDeviceDistance"].tolist() == [2000.0, 2560.0] * 2
    assert tolerance_tables(ds)[["SnoutPositionTolerance", "X", "Y"]].values.tolist() == [
        [400, 1, 1]
    ]
    assert patient_setups(ds)["beams"].tolist() == [(1,), (2,)]
    assert "2 ion beam(s)" in application_setups(ds).attrs["note"]


@of("oncentra_phantom/simple_phantom_case/RP*.dcm")
def test_an_electron_applicator(opened):
    ds, plan = opened
    (device,) = plan.BeamSequence[2].ApplicatorSequence
    (row,) = applicators(ds).to_dict("records")
    assert row["BeamNumber"] == 3
    assert row["ApplicatorID"] == device.ApplicatorID
    assert row["ApplicatorType"] == "ELECTRON_SQUARE"
    assert applicators(ds, 1).attrs["note"] == "this plan has no applicators; it has 3 beam(s)"


@of("breast_boost_eclipse/rtplan.dcm")
def test_setups_and_tolerances(opened):
    ds, plan = opened
    setups = patient_setups(ds)
    assert setups["PatientPosition"].tolist() == ["HFS"] * 4
    assert setups["SetupTechnique"].tolist() == ["ISOCENTRIC"] * 4
    assert setups["beams"].tolist() == [(1,), (2,), (3,), (4,)]
    (row,) = tolerance_tables(ds).to_dict("records")
    (stored,) = plan.ToleranceTableSequence
    for device in stored.BeamLimitingDeviceToleranceSequence:
        tolerance = device.BeamLimitingDevicePositionTolerance
        assert row[device.RTBeamLimitingDeviceType] == tolerance
    assert row["GantryAngleTolerance"] == stored.GantryAngleTolerance
    assert row["beams"] == (1, 2, 3, 4)


@of(BRACHY)
def test_dwell_times_of_weights_that_are_not_cumulative(opened):
    ds, plan = opened
    (setup,) = plan.ApplicationSetupSequence
    table = source_positions(ds)
    for channel in setup.ChannelSequence:
        rows = table[table["ChannelNumber"] == channel.ChannelNumber]
        own = channel.BrachyControlPointSequence[1::2]
        times = [float(point.CumulativeTimeWeight) for point in own]
        np.testing.assert_allclose(rows["dwell_time"], times, atol=1e-9)
        np.testing.assert_allclose(rows["dwell_time"].sum(), float(channel.ChannelTotalTime))
        places = [list(point.ControlPoint3DPosition) for point in own]
        np.testing.assert_array_equal(rows[["x", "y", "z"]], np.array(places, float))
    assert table["transit_time"].abs().max() < 1e-9
    (finding,) = table.attrs["findings"]
    assert "is not cumulative, but adds up" in finding["message"]


@of(BRACHY)
def test_a_brachytherapy_plan(opened):
    ds, plan = opened
    (setup,) = application_setups(ds).to_dict("records")
    assert setup["TotalReferenceAirKerma"] == 6222.58
    assert setup["BrachyApplicationSetupDose"] == 16
    assert (setup["channels"], setup["BrachyTreatmentType"]) == (14, "HDR")
    (source,) = brachy_sources(ds).to_dict("records")
    assert (source["SourceIsotopeHalfLife"], source["ReferenceAirKermaRate"]) == (73.83, 40700)
    table = channels(ds)
    stored = plan.ApplicationSetupSequence[0].ChannelSequence
    assert table["ChannelTotalTime"].tolist() == [float(each.ChannelTotalTime) for each in stored]
    assert table["ReferencedROINumber"].tolist() == [each.ReferencedROINumber for each in stored]
    assert len(rt_plan.control_points(ds)) == 0
