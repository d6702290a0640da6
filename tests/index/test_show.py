"""What the table of cases says."""

from __future__ import annotations

import os
from pathlib import Path

import factories as make

from rtxr.index import scan, show


def test_cases_say_what_they_lack(tmp_path: Path) -> None:
    make.write(tmp_path, make.case())
    make.write(tmp_path, [make.plan(PatientID="P2"), make.dose(PatientID="P3")])
    make.write(tmp_path, make.ct_series(2, PatientID="P4"))
    cases = scan(tmp_path, progress=False).cases
    assert cases["lacks"].tolist() == [
        "",
        "image, structure set, dose",
        "image, structure set, plan",
        "structure set, plan, dose",
    ]


def test_only_shown_cases_are_put_into_words(tmp_path: Path) -> None:
    make.write(tmp_path, [make.dose(PatientID=f"P{n:03d}") for n in range(30)])
    index = scan(tmp_path, progress=False)
    message = show.cases_to_choose(index._catalog.cases)
    assert message.splitlines()[-1] == "  ... and 10 more: see index.cases"
    assert "... and 10 more" in repr(index)


def test_names_that_are_no_text_can_be_shown(tmp_path: Path) -> None:
    path = make.save(tmp_path / "a", make.ct_slice(1, 0)).rename(
        tmp_path / os.fsdecode(b"\xff\xfe.txt")
    )
    path.write_bytes(b"no DICOM")
    make.write(tmp_path, make.ct_series(2))
    index = scan(tmp_path, progress=False)
    assert "\\udcff\\udcfe.txt" in index._repr_html_().encode().decode()
    assert repr(index).encode()
