"""``python -m rtxr FOLDER --validate``."""

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
