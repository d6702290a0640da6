"""Set expressions: the laws of sets, margins beyond the border, findings, orientations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import (
    axial_grid,
    circle,
    make_case,
    moved,
    rotation,
    square,
    stack,
    star,
    turned,
)
from rtxr import model
from rtxr.analysis.sets.expression_text import parse
from rtxr.analysis.sets.expressions import evaluate, labels_of, reach_of, value_of
from rtxr.analysis.sets.margins import grown
from rtxr.analysis.structures import masks
from rtxr.errors import GeometryError, MissingDataError, RTXRError, UnknownNameError

GRID = axial_grid((9, 40, 44), (3.0, 1.0, 1.0), (-12.0, -20.0, -22.0))
SHAPES = {
    "PTV 70": stack(square(7.6), np.arange(-6, 7, 3.0)),
    "CTV-N+": stack(square(4.2, (2.1, 1.3)), np.arange(-3, 4, 3.0)),
    "Lung (L)": stack(star(np.random.default_rng(1), 30, 9.0, (6.0, 2.0)), np.arange(-9, 7, 3.0)),
    "Empty": [],
}
BOTH_WAYS = {"&": "&", "|": "|", "+": "|", "-": "& ~", "^": "^"}


@pytest.fixture(scope="module")
def case():
    return make_case(SHAPES, GRID)


def codes(mask):
    return [finding.code for finding in model.findings_of(mask)]


@st.composite
def expressions(draw, depth=4):
    """Text of an expression, and the same in Python."""
    if depth == 0 or draw(st.booleans()):
        name = draw(st.sampled_from("ABC"))
        return name, name
    (left, one), (right, two) = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    sign = draw(st.sampled_from(sorted(BOTH_WAYS)))
    space = draw(st.sampled_from(["", " "]))
    return f"({left}){space}{sign}{space}({right})", f"(({one}) {BOTH_WAYS[sign]} ({two}))"


@given(expressions(), st.integers(0, 2**31))
@settings(max_examples=80, deadline=None)
def test_any_expression_is_what_numpy_makes_of_it(texts, seed):
    text, python = texts
    grid = axial_grid((2, 3, 4), (1.0, 1.0, 1.0))
    masks = dict(
        zip("ABC", np.random.default_rng(seed).random((3, *grid.shape)) < 0.5, strict=True)
    )
    expected = eval(python, {}, masks)
    assert (value_of(parse(text, list("ABC")), masks.__getitem__, grid) == expected).all()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A - B", "A - (A & B)"),
        ("A ^ B", "(A | B) - (A & B)"),
        ("A | B", "A + B"),
        ("(A | B) - B", "A - B"),
        ("X - (A & B)", "(X - A) | (X - B)"),
        ("X - (A | B)", "(X - A) & (X - B)"),
        ("A & (B | C)", "A & B | A & C"),
        ("A - B - C", "A - (B | C)"),
        ("A - B & C", "A - (B & C)"),
        ("A | B - C", "(A | B) - C"),
        ("A - B | C", "(A - B) | C"),
        ("A ^ B | C", "(A ^ B) | C"),
        ("A | B ^ C", "(A | B) ^ C"),
        ("A & B - C", "(A & B) - C"),
    ],
)
def test_laws_of_sets_and_order_of_signs(one, other):
    grid = axial_grid((6, 7, 8), (1.0, 1.0, 1.0))
    labels = list("ABCX")
    masks = dict(zip(labels, np.random.default_rng(7).random((4, *grid.shape)) < 0.5, strict=True))
    masks["X"][:] = True
    left, right = (value_of(parse(text, labels), masks.__getitem__, grid) for text in (one, other))
    assert left.any()
    assert (left == right).all()


def test_masks_are_combined(case):
    ptv, ctv, lung = (masks.mask(case, name).values for name in list(SHAPES)[:3])
    found = evaluate(case, "ptv 70 - CTV-N+ & 'Lung (L)'")
    assert found.dtype == bool
    assert found.dims == ("z", "y", "x")
    assert found.name == "mask"
    assert (found.values == (ptv & ~(ctv & lung))).all()
    assert str(found.roi.values) == "ptv 70 - CTV-N+ & 'Lung (L)'"
    assert model.grid_of(found).same_as(GRID)
    assert codes(found) == []
    assert (evaluate(case, "PTV 70").values == ptv).all()


def test_a_margin_belongs_to_what_is_right_before_it(case):
    ctv = masks.mask(case, "CTV-N+").values
    ring = evaluate(case, "PTV 70 - CTV-N+ + 2mm").values
    assert (ring == (masks.mask(case, "PTV 70").values & ~grown(ctv, GRID, 2.0))).all()
    closed = evaluate(case, "(CTV-N+ | PTV 70) + 3mm - 3 mm").values
    both = evaluate(case, "CTV-N+ | PTV 70").values
    assert (closed == grown(grown(both, GRID, 3.0), GRID, -3.0)).all()


def test_six_sides_in_text_are_those_of_margins(case):
    ctv = masks.mask(case, "CTV-N+").values
    found = evaluate(case, "CTV-N+ + (1, 2, 3, 4, 3, 0)mm")
    assert (found.values == grown(ctv, GRID, (1, 2, 3, 4, 3, 0))).all()
    found = evaluate(case, "CTV-N+ - (left 2, superior 3)mm")
    assert (found.values == grown(ctv, GRID, {"left": -2, "superior": -3})).all()


def test_the_answer_does_not_depend_on_where_the_grid_ends(case):
    text = "(PTV 70 - 2mm + 5mm) - (Lung (L) - (3, 3, 3, 3, 6, 0)mm)"
    whole = evaluate(case, text)
    for part in ({"z": slice(0, 5)}, {"y": slice(14, 22), "x": slice(20, 30)}, {"z": slice(7, 9)}):
        found = evaluate(case.isel(part), text)
        assert (found.values == whole.isel(part).values).all()
    assert whole.isel(z=slice(7, 9)).any()


def test_what_is_cut_at_the_border_is_told(case):
    assert codes(evaluate(case, "PTV 70 + 5mm")) == []
    finding = model.findings_of(evaluate(case, "PTV 70 + 20mm"))[0]
    assert finding.code == "margin-beyond-grid"
    assert "'PTV 70 + 20mm' reaches beyond the grid" in finding.message
    assert codes(evaluate(case, "(PTV 70 + 20mm) & CTV-N+")) == []
    assert codes(evaluate(case.isel(x=slice(0, 20)), "PTV 70")) == []


def test_what_shrinks_from_the_end_of_the_grid_is_told(case):
    cut = case.isel(z=slice(2, 7))
    found = evaluate(cut, "PTV 70 - 3mm")
    assert codes(found) == ["margin-at-grid-end"]
    assert "reaches the end of the grid along 'z'" in model.findings_of(found)[0].message
    assert not found.isel(z=[0, -1]).any()
    kept = evaluate(cut, "PTV 70 - (3,3,3,3,0,0)mm")
    assert codes(kept) == []
    assert kept.isel(z=[0, -1]).any(("y", "x")).all()
    assert codes(evaluate(cut.isel(z=slice(None, None, -1)), "PTV 70 - (3,3,3,3,0,1)mm")) != []
    assert codes(evaluate(cut.isel(z=slice(1, None)), "PTV 70 - (0,0,0,0,0,1)mm")) != []
    for inner in ("PTV 70 - 2mm", "CTV-N+ - 1mm", "PTV 70 - CTV-N+"):
        assert codes(evaluate(case, inner)) == []
    assert codes(evaluate(cut, "CTV-N+ | (PTV 70 - 3mm)")) == ["margin-at-grid-end"]


def test_nothing_inside_is_told(case):
    found = evaluate(case, "CTV-N+ - PTV 70 - Empty")
    assert not found.values.any()
    assert codes(found) == ["combined-empty"]
    assert "no voxel is in 'Empty' either" in model.findings_of(found)[0].message
    assert codes(evaluate(case, "CTV-N+ - 50mm")) == ["combined-empty"]


def test_a_single_plane_is_told(case):
    plane = case.isel(z=[4])
    found = evaluate(plane, "CTV-N+ + 2mm")
    assert codes(found) == ["margin-in-plane"]
    assert found.sum() == evaluate(case, "CTV-N+ + (2,2,2,2,0,0)mm").isel(z=4).sum()
    assert codes(evaluate(plane, "CTV-N+ | PTV 70")) == []


def test_any_order_of_coordinates(case):
    text = "PTV 70 + 3mm - (CTV-N+ - 1mm)"
    whole = evaluate(case, text)
    for change in ({"y": slice(None, None, -1)}, {"x": [30, 12, 20, 21, 8]}, {"z": [4, 3, 2]}):
        found = evaluate(case.isel(change), text)
        assert found.values.any()
        if "x" not in change:
            assert (found.values == whole.isel(change).values).all()
        else:  # the gaps count as the width of voxels
            assert (
                found.values
                == evaluate(case.isel(x=sorted(change["x"])), text).sel(x=found.x).values
            ).all()


def test_other_grids_and_orientations(case):
    fine = axial_grid((17, 60, 66), (1.5, 0.7, 0.7), (-12.0, -20.0, -22.0), "dose_")
    text = "(PTV 70 | Lung (L)) + 4mm - CTV-N+"
    on_fine = evaluate(case, text, fine)
    assert on_fine.dims == ("dose_z", "dose_y", "dose_x")
    volumes = [
        float(each.sum()) * v for each, v in ((on_fine, 1.5 * 0.49), (evaluate(case, text), 3))
    ]
    assert volumes[0] == pytest.approx(volumes[1], rel=0.03)
    matrix = rotation(shift=(5, -7, 11))
    shapes = {name: [moved(c, matrix) for c in group] for name, group in SHAPES.items()}
    oblique = make_case(shapes, turned(GRID, matrix))
    assert (evaluate(oblique, text).values == evaluate(case, text).values).all()
    with pytest.raises(GeometryError, match="axes of the patient"):
        evaluate(oblique, "PTV 70 + (left 3)mm")


def test_volume_of_a_margin_around_a_cylinder():
    grid = axial_grid((31, 80, 80), (3.0, 1.0, 1.0), (-45.0, -39.7, -40.2))
    case = make_case({"C": stack(circle(20.0), np.arange(-30, 31, 3.0))}, grid)
    r, h, m = 20.0, 63.0, 6.0
    # Steiner: volume, surface, mean curvature of a cylinder, ball.
    volume = np.pi * r**2 * h + 2 * np.pi * r * (r + h) * m + np.pi * (np.pi * r + h) * m**2
    volume += 4 / 3 * np.pi * m**3
    assert evaluate(case, "C + 6mm").sum() * 3 == pytest.approx(volume, rel=0.02)
    inner = np.pi * (r - m) ** 2 * (h - 2 * m)
    assert evaluate(case, "C - 6mm").sum() * 3 == pytest.approx(inner, rel=0.04)


def test_combining_contours_by_union():
    contours = [*stack(square(6.0), [-3, 0, 3]), *stack(square(3.0), [-3, 0, 3])]
    case = make_case({"A": contours}, GRID)
    assert evaluate(case, "A").sum() == 3 * (144 - 36)
    united = evaluate(case, "A", combine="union")
    assert united.sum() == 3 * 144
    assert united.attrs["combine"] == "union"


def test_labels_and_reach():
    tree = parse("A + 5mm - (B - 2mm + (1,2,3,4,5,9)mm) - A", ["A", "B"])
    assert labels_of(tree) == ["A", "B"]
    assert reach_of(tree) == 11.0


def test_errors_say_what_to_do(case):
    with pytest.raises(UnknownNameError, match=r"no ROI 'CTV-N'; did you mean 'CTV-N\+'"):
        evaluate(case, "PTV 70 - CTV-N")
    with pytest.raises(RTXRError, match='"xor" or "union"'):
        evaluate(case, "PTV 70", combine="or")
    with pytest.raises(MissingDataError, match="no image"):
        evaluate(case.drop_vars("ct"), "PTV 70")
    with pytest.raises(MissingDataError, match="no structures"):
        evaluate(case[["ct"]], "PTV 70")
