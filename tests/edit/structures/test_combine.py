"""New structures from set expressions and margins, as ROIs of the case, to a file and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from analysis.shapes import at_height, axial_grid, make_case, square

import rtxr
from rtxr import model
from rtxr.analysis.sets.margins import grown
from rtxr.errors import ConflictingDataError, RTXRError, UnknownNameError


@pytest.fixture(scope="module")
def phantom_case(phantom: Path) -> xr.Dataset:
    return rtxr.open_dir(phantom)


@pytest.fixture
def case(phantom_case: xr.Dataset) -> xr.Dataset:
    return phantom_case.copy()


def mask(ds: xr.Dataset, roi: str) -> np.ndarray:
    return ds.rt.mask(roi).values


def told(ds: xr.Dataset) -> dict[str, str]:
    return {finding.code: finding.message for finding in model.findings_of(ds)}


def test_an_expression_becomes_a_structure(case):
    before = case.copy(deep=False)
    new = case.rt.combine("Lung_L | Lung_R - PTV_70", "Lungs", type="ORGAN", color="#102030")
    expected = (mask(case, "Lung_L") | mask(case, "Lung_R")) & ~mask(case, "PTV_70")
    assert expected.any()
    assert (mask(new, "Lungs") == expected).all()
    assert (new.mask.sel(roi="Lungs").values == expected).all()
    row = new.rt.structures().loc["Lungs"]
    assert (row["type"], row["color"], row["number"]) == ("ORGAN", "#102030", 9)
    assert told(new) == told(case)
    assert list(new.roi.values) == [*case.roi.values, "Lungs"]
    xr.testing.assert_identical(case, before)


def test_the_name_is_the_expression(case):
    new = case.rt.combine("BODY - (PTV_70 + 5mm)").rt.margin("ptv_70", 7.5).rt.margin("BODY", -5)
    new = new.rt.margin("PTV_70", {"left": 4, "inferior": 6})
    names = [
        "BODY - (PTV_70 + 5mm)",
        "PTV_70 + 7.5mm",
        "BODY - 5mm",
        "PTV_70 + (4, 0, 0, 0, 0, 6)mm",
    ]
    assert list(new.roi.values[-4:]) == names
    assert list(new.roi_name.values[-4:]) == names
    # A name that is an expression too means the structure, and quotes mean it in any case.
    text = new.rt.combine("`BODY - 5mm` - 'PTV_70 + 7.5mm'", "Rest")
    rest = mask(new, "BODY - 5mm") & ~mask(new, "PTV_70 + 7.5mm")
    assert (mask(text, "Rest") == rest).all()


def test_margins_of_a_structure(case):
    grid, ptv = case.rt.grid(), mask(case, "PTV_70")
    for margins in (8.0, -4, (1, 2, 3, 4, 5, 6), {"posterior": 3.0, "superior": 9.0}):
        new = case.rt.margin("PTV_70", margins, "New", type="ptv")
        assert (mask(new, "New") == grown(ptv, grid, margins)).all()
    assert new.rt.structures().loc["New", "type"] == "PTV"
    volumes = case.rt.margin("PTV_70", 8.0, "Larger").rt.volumes(["PTV_70", "Larger"])
    assert volumes["Larger"] > 1.5 * volumes["PTV_70"]


def test_contours_combine_as_asked():
    def shifted(by: float) -> np.ndarray:
        return at_height(square(5.0, (by, 0.0)), 0.0)

    grid = axial_grid((3, 20, 20), (3.0, 1.0, 1.0), (-3.0, -9.5, -9.5))
    case = make_case({"A": [shifted(-2.0), shifted(2.0)]}, grid)
    new = {how: case.rt.combine("A", "B", combine=how) for how in ("xor", "union")}
    areas = {how: int(each.rt.mask("B").sum()) for how, each in new.items()}
    assert areas == {"xor": 80, "union": 140}
    grown_one = case.rt.margin("A", 1, "C", combine="union")
    assert grown_one.rt.mask("C").sum() > areas["union"]


def test_an_empty_result_is_a_roi_without_contours_that_is_told(case):
    new = case.rt.combine("Lung_L & Lung_R", "Both")
    assert not mask(new, "Both").any()
    assert new.rt.structures().loc["Both", "contours"] == 0
    assert new.rt.volumes("Both").item() == 0
    assert told(new)["combined-empty"] == ("ROI 9 ('Both'): no voxel is in 'Lung_L & Lung_R'")
    assert "combined-empty" not in told(new.rt.remove("Both"))
    nothing = case.rt.margin("PTV_70", -500, "Gone").rt.combine("Gone | Empty", "Nothing")
    message = told(nothing)["combined-empty"]
    assert message.endswith("no voxel is in 'Gone', 'Empty' either")


def test_what_the_grid_cuts_is_told(case):
    new = case.rt.margin("BODY", 40, "Around")
    assert "is cut at its border" in told(new)["margin-beyond-grid"]
    renamed = new.rt.rename({"Around": "Shell"})
    assert told(renamed)["margin-beyond-grid"].startswith("ROI 9 ('Shell'): ")


def test_on_the_grid_of_the_dose(case):
    new = case.rt.combine("PTV_70 + 3mm", "P", grid="dose")
    on_dose = new.rt.mask("P", grid="dose").values
    assert on_dose.any()
    volume = new.rt.volumes(["P"]).item()
    other = case.rt.combine("PTV_70 + 3mm", "P").rt.volumes(["P"]).item()
    assert volume == pytest.approx(other, rel=0.05)


def test_the_way_contours_are_drawn_is_passed_on(case):
    exact = case.rt.combine("BODY - PTV_70", "Ring")
    nested = case.rt.combine("BODY - PTV_70", "Ring", holes="nested")
    plain = case.rt.combine("BODY - PTV_70", "Ring", simplify=2.0)
    counts = [ds.rt.structures().loc["Ring", "contours"] for ds in (exact, nested)]
    assert counts[1] > counts[0]
    nodes = [ds.rt.structures().loc["Ring", "nodes"] for ds in (exact, plain)]
    assert nodes[1] < nodes[0]


def test_a_combined_structure_is_written_and_read_back(case, tmp_path):
    new = case.rt.combine("PTV_70 + 6mm - SpinalCord", "Ring", type="AVOIDANCE")
    new.rt.to_dicom(tmp_path / "out")
    again = rtxr.open_dir(tmp_path / "out")
    assert (mask(again, "Ring") == mask(new, "Ring")).all()
    assert again.rt.structures().loc["Ring", "type"] == "AVOIDANCE"


def test_errors_leave_the_case_alone(case):
    with pytest.raises(UnknownNameError, match="did you mean 'PTV_70'"):
        case.rt.combine("PTV_7O - BODY")
    with pytest.raises(UnknownNameError, match="did you mean 'PTV_70'"):
        case.rt.margin("PTV_7O", 5)
    with pytest.raises(RTXRError, match="expected a ROI"):
        case.rt.combine("BODY - ")
    with pytest.raises(RTXRError, match="grow first"):
        case.rt.margin("BODY", (1, 1, 1, 1, 1, -1))
    with pytest.raises(RTXRError, match="1 to 64 characters"):
        case.rt.combine(" | ".join(["PTV_70"] * 10))
    with pytest.raises(ConflictingDataError, match="already"):
        case.rt.combine("BODY - PTV_70", "Lung_L")
