"""``python -m rtxr``: the main job, and ``--validate``."""

from __future__ import annotations

import pydicom
import pytest

from rtxr.__main__ import main


def test_files_are_checked_and_the_exit_status_tells(phantom, tmp_path, capsys):
    assert main([str(phantom), "--validate"]) == 0
    assert capsys.readouterr().out == "0 error(s), 0 warning(s), 0 info(s)\n"
    ds = pydicom.dcmread(phantom / "RTPLAN.dcm")
    del ds.StudyID
    ds.save_as(tmp_path / "plan.dcm")
    assert main([str(tmp_path), "--validate"]) == 1
    out = capsys.readouterr().out
    assert "error missing-type-2: (0020,0010) StudyID" in out
    assert "1 error(s)" in out


def test_a_check_needs_a_path_that_holds_dicom(tmp_path, capsys):
    assert main([str(tmp_path / "nowhere"), "--validate"]) == 1
    assert "FileNotFoundError" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--validate"])


def test_the_main_job_shows_and_writes(phantom, tmp_path, capsys):
    assert main([str(phantom), "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert all(title in out for title in ("Beams", "Prescriptions", "Structures", "DVH metrics"))
    pictures = ["beam_1.png", "beam_2.png", "dvh.png", "slice.png"]
    assert sorted(path.name for path in tmp_path.glob("*.png")) == pictures
    assert len(list((tmp_path / "dicom").rglob("*.dcm"))) == len(list(phantom.glob("*.dcm")))


def test_what_is_refused_leaves_no_new_pictures(phantom, tmp_path, capsys):
    (tmp_path / "dicom").mkdir()
    (tmp_path / "dicom" / "other.txt").touch()
    assert main([str(phantom), "--out", str(tmp_path)]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["dicom"]
