"""References and geometry of a plan."""

from __future__ import annotations

from pydicom.dataset import Dataset

from rtxr.iod.build import build
from rtxr.iod.encoding.raw import item
from rtxr.iod.rt_plan import values
from rtxr.iod.tables import IODS


def test_a_plan_refers_to_the_structure_set_it_goes_with():
    found = values(structure_set_uid="1.2.3")
    (reference,) = found["ReferencedStructureSetSequence"]
    assert reference.ReferencedSOPInstanceUID == "1.2.3"
    assert reference.ReferencedSOPClassUID == IODS["RTSTRUCT"].sop_class_uid
    assert build(IODS["RTPLAN"], None, found).dataset.RTPlanGeometry == "PATIENT"


def test_a_reference_that_is_there_stays():
    header = Dataset()
    header.ReferencedStructureSetSequence = [item(ReferencedSOPInstanceUID="9.9")]
    assert values(header, structure_set_uid="1.2.3") == {}
    assert values(header) == {}


def test_a_plan_without_patient_is_one_of_a_device():
    built = build(IODS["RTPLAN"], None, {})
    assert built.dataset.RTPlanGeometry == "TREATMENT_DEVICE"
    assert built.dataset.RTPlanLabel == "RTXR"


def test_a_patient_plan_owes_its_structure_set():
    built = build(IODS["RTPLAN"], None, {"RTPlanGeometry": "PATIENT"})
    missing = {each.message.split()[1] for each in built.violations}
    assert "ReferencedStructureSetSequence" in missing


def test_a_specified_modulation_owes_its_type():
    def missing(mode):
        beams = [item(BeamNumber=1, ScanMode=mode)]
        built = build(IODS["RTIONPLAN"], None, {"IonBeamSequence": beams})
        return {each.message.split()[1] for each in built.violations}

    assert "ModulatedScanModeType" in missing("MODULATED_SPEC")
    assert "ModulatedScanModeType" not in missing("MODULATED")


def test_an_ion_beam_owes_what_it_counts_and_what_its_first_control_point_says():
    points = [item(ControlPointIndex=0), item(ControlPointIndex=1)]
    beam = item(NumberOfRangeShifters=1, NumberOfBlocks=0, IonControlPointSequence=points)
    beam.RadiationType = "ION"
    built = build(IODS["RTIONPLAN"], None, {"IonBeamSequence": [beam]})
    missing = {each.message.split()[1]: each.message for each in built.violations}
    assert {"RangeShifterSequence", "RadiationMassNumber", "GantryAngle"} <= set(missing)
    assert {"IonBlockSequence", "RangeModulatorSequence"}.isdisjoint(missing)
    assert "(2 items)" not in missing["GantryAngle"]  # the second one says what changes
    written = built.dataset.IonBeamSequence[0].IonControlPointSequence
    assert ["TableTopVerticalPosition" in point for point in written] == [True, False]
