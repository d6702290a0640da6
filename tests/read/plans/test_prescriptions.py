from __future__ import annotations

import numpy as np
import pytest
from factories import item

from read.made_plans import arc, group, planned, used
from rtxr import model
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
