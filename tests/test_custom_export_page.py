"""The code of docs/custom-export.md runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import rtxr
from rtxr.iod.tables import IODS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "custom-export.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_page_runs_from_top_to_bottom(phantom: Path, tmp_path: Path) -> None:
    ds = rtxr.open_dir(phantom).sel(z=slice(-4, 5)).drop_vars("mask")
    names: dict[str, Any] = {"ds": ds, "out": tmp_path / "out", "rtxr": rtxr}
    before = dict(IODS)
    for block in BLOCKS:
        exec(compile(block, str(PAGE), "exec"), names)
    assert before == IODS
    assert names["score"] == pytest.approx(float(ds.dose.max()) / 70)
    assert names["table"].set_index("IOD")["changed"]["RT Dose"] == (
        "Plan Score module: PlanScore, SeriesDescription"
    )
    with rtxr.register_iod("SC", names["SECONDARY_CAPTURE"], objects=names["objects"]):
        found = ds.rt.validate(before_save=names["before_save"])
    assert "error" not in set(found["severity"])
    assert len(BLOCKS) == 5
    assert "(0008,0081) InstitutionAddress" in set(names["added"]["attribute"])
