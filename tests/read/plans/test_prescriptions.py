from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from factories import item

from read.made_plans import arc, group, planned, used
from rtxr import model
from rtxr.read import rt_plan
from rtxr.read.rt_plan import fraction_groups, prescriptions, target_prescription


def target(dose, kind="SITE", number=1, role="TARGET", **elements):
    return item(
        DoseReferenceNumber=number,
        DoseReferenceStructureType=kind,
        DoseReferenceType=role,
        TargetPrescriptionDose=dose,
        **elements,
    )


BEAMS = {"beams": [arc(1), arc(2)], "groups": [group(used(1, 100, 0.9), used(2, 100, 1.1))]}


def found(folder, **plan):
    dose, source, findings = target_prescription(planned(folder, **plan))
    return dose, source, {finding.code for finding in findings}


def test_table_of_dose_references_and_beam_doses(tmp_path):
    point = target(11, "COORDINATES", 2, DoseReferencePointCoordinates=[1, 2, 3])
    volume = target(20, "VOLUME", 3, ReferencedROINumber=7, DoseReferenceDescription="PTV")
    ds = planned(tmp_path, references=[point, volume], **BEAMS)
    ds = ds.assign_coords({model.ROI: (model.ROI, ["Target"]), "roi_number": (model.ROI, [7])})
    ds = ds.assign_coords(
        {name: ("none", []) for name in model.STRUCTURE_COORDS if name not in ds.coords}
    )
    table = prescriptions(ds)
    assert table.source.tolist() == ["dose reference"] * 2 + ["beam doses x fractions"]
    assert table.TargetPrescriptionDose.tolist() == [11, 20, 20]
    assert table.loc[0, ["x", "y", "z"]].tolist() == [1, 2, 3]
    assert table.loc[1, "roi"] == "Target"
    assert table.loc[1, "DoseReferenceDescription"] == "PTV"
    assert table.ReferencedROINumber[1] == 7


@pytest.mark.parametrize("kind", ["SITE", "VOLUME"])
def test_a_target_volume_or_site_counts_first(tmp_path, kind):
    references = [target(11, "COORDINATES", 2), target(20, kind)]
    dose, source, codes = found(tmp_path, references=references, **BEAMS)
    assert (dose, source, codes) == (20, f"dose reference 1 ({kind})", set())


def test_disagreement_with_the_beam_doses_is_said(tmp_path):
    dose, _, codes = found(tmp_path, references=[target(30)], **BEAMS)
    assert dose == 30
    assert codes == {"prescription-disagrees"}


def test_several_doses_ask_for_a_choice(tmp_path):
    references = [target(70), target(54, number=2)]
    assert found(tmp_path, references=references) == (None, "", {"prescription-several"})
    same = [target(70), target(70, number=2)]
    assert found(tmp_path / "same", references=same)[0] == 70


def test_beam_doses_x_fractions_come_second(tmp_path):
    dose, source, codes = found(tmp_path, **BEAMS)
    assert dose == pytest.approx(20)
    assert source == "beam doses x fractions"
    assert codes == {"prescription-computed"}


def test_several_fraction_groups_add_up(tmp_path):
    groups = [group(used(1, 100, 2), fractions=5), group(used(2, 100, 3), fractions=4, number=2)]
    assert found(tmp_path, beams=BEAMS["beams"], groups=groups)[0] == 22


def test_doses_are_numbers_also_where_none_is_stated(tmp_path):
    table = fraction_groups(planned(tmp_path, groups=[group(used(1, 100), used(2, 100))]))
    for column in ("BeamMeterset", "BeamDose", "BrachyApplicationSetupDose"):
        assert table[column].dtype == np.float64
    assert table["BeamDose"].isna().all()


def test_incomplete_beam_doses_do_not_count(tmp_path):
    lacking = [group(used(1, 100, 2), used(2, 100))]
    dose, _, codes = found(tmp_path, beams=BEAMS["beams"], groups=lacking)
    assert dose is None
    assert codes == {"prescription-incomplete", "prescription-missing"}
    setup_beam = [group(used(1, 100, 2), used(2, 0))]
    assert found(tmp_path / "setup", beams=BEAMS["beams"], groups=setup_beam)[0] == 20
    endless = [group(used(1, 100, 2), fractions=None)]
    assert found(tmp_path / "endless", beams=BEAMS["beams"], groups=endless)[0] is None


def test_a_point_dose_never_counts(tmp_path):
    references = [target(11, "COORDINATES"), target(5, role="ORGAN_AT_RISK", number=2)]
    dose, source, codes = found(tmp_path, references=references)
    assert (dose, source, codes) == (None, "", {"prescription-missing"})
    _, _, findings = target_prescription(planned(tmp_path, references=references))
    assert "1 point dose(s) do not count" in findings[0].message


def test_a_reference_without_dose_is_none(tmp_path):
    assert found(tmp_path, references=[target(None), target(0, number=2)])[0] is None
    table = prescriptions(planned(tmp_path, references=[target(None)]))
    assert np.isnan(float(table.TargetPrescriptionDose[0] or np.nan))


def test_a_plan_without_fraction_groups(tmp_path):
    ds = planned(tmp_path, beams=[arc()])
    table = fraction_groups(ds)
    assert len(table) == 0
    assert table.attrs["note"] == "this plan has no fraction groups; it has 1 beam(s)"
    (finding,) = table.attrs["findings"]
    assert (finding["code"], finding["severity"]) == ("fractions-missing", "warning")
    assert rt_plan.beams(ds)[["BeamMeterset", "BeamDose"]].isna().all(axis=None)
    assert rt_plan.control_points(ds)["meterset"].isna().all()
    dose, _, (finding,) = target_prescription(ds)
    assert (dose, finding.code) == (None, "prescription-missing")


@pytest.mark.parametrize(
    ("stored", "fractions", "said"),
    [
        (b"4321", 4321, []),
        (b" 43 ", 43, []),
        (b"    ", None, ["missing"]),
        (b"many", None, ["no number"]),
    ],
)
def test_numbers_of_fractions_of_any_spelling(tmp_path, stored, fractions, said):
    ds = planned(tmp_path, beams=[arc()], groups=[group(used(1, 9, 2), fractions=4321)])
    data = ds.header_data.values.tobytes().replace(b"4321", stored, 1)
    ds = ds.assign_coords(header_data=("header_byte", np.frombuffer(data, np.uint8)))
    table = fraction_groups(ds)
    assert table["NumberOfFractionsPlanned"].tolist() == [pd.NA if fractions is None else fractions]
    found = table.attrs["findings"]
    assert [each["code"] for each in found] == ["fractions-missing"] * len(said)
    assert all(each["message"].endswith(what) for each, what in zip(found, said, strict=True))
    dose, _, _ = target_prescription(ds)
    assert dose == (2 * fractions if fractions else None)


def test_beams_that_deliver_nothing_need_no_dose(tmp_path):
    beams = [arc(1), arc(2, "Setup", TreatmentDeliveryType="SETUP"), arc(3, "DRR")]
    ds = planned(tmp_path, beams=beams, groups=[group(used(1, 200, 2), used(2, 0), used(3, None))])
    assert fraction_groups(ds)["TreatmentDeliveryType"].tolist()[1] == "SETUP"
    assert rt_plan.control_points(ds, "Setup")["meterset"].tolist() == [0, 0, 0]
    assert rt_plan.control_points(ds, "DRR")["meterset"].isna().all()
    dose, _, _ = target_prescription(ds)
    assert dose == 20
