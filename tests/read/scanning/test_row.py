"""Values of a row: what is found where, and in which kind."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import factories as make
import pytest
from pydicom import uid as sop

from rtxr.catalog import COLUMNS, build_table
from rtxr.errors import Finding
from rtxr.read.scanning.scan import scan_headers


def row_of(path: Path) -> tuple[dict[str, Any], list[Finding]]:
    (row,), findings = scan_headers(path, progress=False)
    return dict(zip(COLUMNS, row, strict=True)), findings


@pytest.mark.parametrize("syntax", [sop.ImplicitVRLittleEndian, sop.ExplicitVRLittleEndian])
def test_beams_that_a_dose_is_of(tmp_path: Path, syntax: str) -> None:
    planned = make.plan()
    dose = make.dose(planned, DoseSummationType="BEAM")
    groups = [(4,), (2, 4)]
    dose.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = [
        make.item(
            ReferencedFractionGroupNumber=number,
            ReferencedBeamSequence=[make.item(ReferencedBeamNumber=beam) for beam in beams],
        )
        for number, beams in enumerate(groups, 1)
    ]
    make.write(tmp_path, dose, syntax=syntax)
    row, findings = row_of(tmp_path)
    assert findings == []
    assert row["ReferencedRTPlanSequence"] == (planned.SOPInstanceUID,)
    assert row["referenced_beams"] == (4, 2)
    table = build_table([tuple(row.values())])
    assert table["referenced_beams"].tolist() == [(4, 2)]


def test_a_beam_number_that_is_none_costs_only_itself(tmp_path: Path) -> None:
    dose = make.dose(make.plan())
    beams = [make.item(ReferencedBeamNumber=number) for number in (11111, 3)]
    group = make.item(ReferencedBeamSequence=[*beams, make.item()])
    dose.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = [group]
    path = make.save(tmp_path / "a", dose)
    path.write_bytes(path.read_bytes().replace(b"11111", b"1x111"))
    row, findings = row_of(path)
    assert row["referenced_beams"] == (3,)
    assert [finding.code for finding in findings] == ["unreadable-value"]
    assert "(300C,0006) ReferencedBeamNumber" in findings[0].message


def test_what_varies_in_a_dynamic_series(tmp_path: Path) -> None:
    values = {
        "EchoTime": 4.6,
        "FrameReferenceTime": 1500.0,
        "NominalPercentageOfCardiacPhase": 70.0,
        "NominalPercentageOfRespiratoryPhase": 30.0,
    }
    make.write(tmp_path, make.ct_slice(1, 0, **values))
    row, findings = row_of(tmp_path)
    assert findings == []
    assert {name: row[name] for name in values} == values
    assert all(str(build_table([])[name].dtype) == "float64" for name in values)


def test_what_is_missing_has_the_empty_value_of_its_kind(tmp_path: Path) -> None:
    make.write(tmp_path, make.ct_slice(1, 0))
    row, _ = row_of(tmp_path)
    assert row["referenced_beams"] == row["referenced_images"] == ()
    assert math.isnan(row["EchoTime"])
    assert row["NumberOfFrames"] is None
    assert row["RTPlanLabel"] == row["digest"] == ""
