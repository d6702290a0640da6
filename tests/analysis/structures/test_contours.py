"""Slabs and volumes: planes, gaps, end caps, duplicates, orientations, odd contours."""

import numpy as np
import pytest

from analysis.shapes import (
    at_height,
    axial_grid,
    circle,
    make_case,
    moved,
    rotation,
    square,
    stack,
    turned,
)
from rtxr.analysis.structures import contours
from rtxr.errors import MissingDataError, RTXRError, UnknownNameError
from rtxr.geometry import Grid

GRID = axial_grid((24, 40, 40), (3.0, 1.0, 1.0), (0.0, -20.0, -20.0))


def codes(series):
    return [finding["code"] for finding in series.attrs["findings"]]


def volume(rois, image=GRID, end_cap="half"):
    series = contours.volumes(make_case({"A": rois}, image), end_cap=end_cap)
    return series["A"], codes(series)


@pytest.mark.parametrize(("end_cap", "slices"), [("half", 5), ("none", 4)])
def test_a_prism_is_area_times_slabs(end_cap, slices):
    found, findings = volume(stack(square(5.0), [0, 3, 6, 9, 12]), end_cap=end_cap)
    assert found == pytest.approx(100 * 3 * slices / 1000, rel=1e-12)
    assert findings == []


def test_series_in_cubic_centimetres_by_label():
    ds = make_case({"A": stack(square(5.0), [0, 2]), "B": stack(circle(5.0), [0, 2])}, GRID)
    series = contours.volumes(ds)
    assert series.name == "volume_cc"
    assert series.index.tolist() == ["A", "B"]
    assert series["B"] == pytest.approx(np.pi * 25 * 4 / 1000, rel=1e-9)
    assert contours.volumes(ds, ["b"]).index.tolist() == ["B"]


def test_irregular_spacing_stands_half_way_to_its_neighbours():
    part = next(contours.slabs(make_case({"A": stack(square(1.0), [0, 2, 5, 7])}, GRID)))
    assert part.lower.tolist() == [-1.0, 1.0, 3.5, 6.0]
    assert part.upper.tolist() == [1.0, 3.5, 6.0, 8.0]


def test_a_missing_plane_is_bridged_with_a_finding():
    found, findings = volume(stack(square(5.0), [0, 3, 6, 12, 15]))
    assert found == pytest.approx(100 * 18 / 1000)
    assert findings == ["contour-gap"]


@pytest.mark.parametrize(("end_cap", "length"), [("half", 18.0), ("none", 12.0)])
def test_separate_parts_are_not_bridged(end_cap, length):
    found, findings = volume(stack(square(5.0), [0, 3, 6, 60, 63, 66]), end_cap=end_cap)
    assert found == pytest.approx(100 * length / 1000)
    assert findings == ["separate-parts"]


def test_a_roi_drawn_at_two_spacings_is_whole():
    found, findings = volume(stack(square(5.0), [0, 1, 2, 3, 4, 5, 10, 15, 20]))
    assert found == pytest.approx(100 * (0.5 + 20 + 2.5) / 1000)
    assert set(findings) <= {"planes-between-slices"}
    found, findings = volume(stack(square(5.0), [0, 3, 6, 9, 33, 57]))  # twice is no spacing
    assert found == pytest.approx(100 * (12 + 3 + 3) / 1000)
    assert findings == ["separate-parts"]


def test_union_on_request():
    pairs = [at_height(square(5.0, (x, 0.0)), z) for z in (0, 3) for x in (0.0, 5.0)]
    ds = make_case({"A": pairs}, GRID)
    assert contours.volumes(ds, combine="union")["A"] == pytest.approx(150 * 6 / 1000)
    xor = [("CLOSEDPLANAR_XOR", each) for each in pairs]
    series = contours.volumes(make_case({"A": xor}, GRID), combine="union")
    assert series["A"] == pytest.approx(100 * 6 / 1000)
    assert codes(series) == []  # that they cross is what such contours are for
    with pytest.raises(RTXRError, match='"xor" or "union"'):
        contours.volumes(ds, combine="or")


def test_holes_and_islands_combine_by_xor():
    rings = [c for z in (0, 3) for c in (at_height(square(5.0), z), at_height(square(2.0), z))]
    assert volume(rings)[0] == pytest.approx((100 - 16) * 6 / 1000)


def test_duplicates_are_dropped_first():
    outline = square(5.0)
    again = [outline, np.roll(outline, 1, axis=0), outline[::-1]]
    found, findings = volume([at_height(each, z) for z in (0, 3) for each in again])
    assert found == pytest.approx(100 * 6 / 1000)
    assert findings == ["duplicate-contours"]


def test_crossing_contours_name_both_volumes():
    pairs = [at_height(square(5.0, (x, 0.0)), z) for z in (0, 3) for x in (0.0, 5.0)]
    series = contours.volumes(make_case({"A": pairs}, GRID))
    assert series["A"] == pytest.approx(100 * 6 / 1000)
    finding = series.attrs["findings"][0]
    assert finding["code"] == "crossing-contours"
    assert "0.600 cm3" in finding["message"]
    assert "0.900 cm3" in finding["message"]


def test_heights_off_by_a_tenth_are_one_plane():
    rings = [
        each
        for z in (0.0, 3.0, 6.0)
        for each in (at_height(square(5.0), z), at_height(square(2.0), z + 0.1))
    ]
    part = next(contours.slabs(make_case({"A": rings}, GRID)))
    assert part.position == pytest.approx([0.05, 3.05, 6.05])
    assert part.volume_cc() == pytest.approx((100 - 16) * 9 / 1000)


def test_fine_spacing_is_not_merged():
    part = next(contours.slabs(make_case({"A": stack(square(1.0), np.arange(5) * 0.1)}, GRID)))
    assert len(part.position) == 5


def test_a_single_plane_is_as_thick_as_the_image_spacing():
    found, findings = volume(stack(square(5.0), [3]))
    assert found == pytest.approx(100 * 3 / 1000)
    assert findings == ["single-plane"]
    found, findings = volume(stack(square(5.0), [3]), image=None)
    assert np.isnan(found)
    assert findings == ["single-plane"]


#: Slices 1 mm apart and then 4 mm.
UNEVEN = Grid(("z", "y", "x"), (np.array([0.0, 1, 2, 3, 7, 11, 15, 19]), *GRID.axes[1:]))


@pytest.mark.parametrize(
    ("z", "thickness", "slices"),
    [
        (1, 1, [1]),
        (3, 2.5, [3]),
        (11, 4, [11]),
        (0, 1, [0]),
        (19, 4, [19]),
        (2.9, 2.2, [3]),
        (4, 3.25, [3]),
        (5, 4, [3]),  # half way: the lower face is inside
        (-5, 1, []),
        (99, 4, []),
    ],
)
@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_a_single_plane_is_as_thick_as_a_slice_there(z, thickness, slices, order):
    """Whatever the usual step is, and however much of the image is left."""
    across = dict(zip("xyz", [UNEVEN.axes[2 - at] for at in order], strict=True))
    image = Grid(("z", "y", "x"), (across["z"], across["y"], across["x"]))
    ds = make_case({"A": [each[:, order] for each in stack(square(5.0), [z])]}, image)
    assert contours.volumes(ds)["A"] == pytest.approx(100 * thickness / 1000)
    dim = "xyz"[order.index(2)]
    filled = ds.rt.mask("A").any([each for each in "xyz" if each != dim])
    assert ds[dim].values[filled.values].tolist() == slices
    part = ds.isel({dim: slice(0, 5) if z < 3 else slice(2, None)})
    assert contours.volumes(part)["A"] == pytest.approx(100 * thickness / 1000)


@pytest.mark.parametrize(
    ("rois", "code"),
    [
        ([], "no-contours"),
        ([("POINT", [[1, 2, 3]])], "open-contours"),
        ([("OPEN_NONPLANAR", [[0, 0, 0], [5, 5, 5], [9, 0, 9]])], "open-contours"),
        ([("SOMETHING_ELSE", at_height(square(5.0), 0))], "open-contours"),
        ([at_height(square(5.0)[:2], 0)], "degenerate-contours"),
    ],
)
def test_contours_that_enclose_nothing(rois, code):
    assert volume(rois) == (0.0, [code])


def test_odd_contours_beside_good_ones_are_left_out():
    good = stack(square(5.0), [0, 3])
    found, findings = volume([*good, ("POINT", [[0, 0, 0]]), at_height(square(1.0)[:1], 3)])
    assert found == pytest.approx(0.6)
    assert findings == ["open-contours", "degenerate-contours"]


@pytest.mark.parametrize("kind", ["CLOSEDPLANAR_XOR", "INTERPOLATED_PLANAR", ""])
def test_other_closed_types_count(kind):
    assert volume([(kind, at_height(square(5.0), z)) for z in (0, 3)])[0] == pytest.approx(0.6)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
def test_sagittal_and_coronal_contours_have_the_same_volume(order):
    prism = [contour[:, order] for contour in stack(circle(5.0), [0, 3, 6])]
    assert volume(prism)[0] == pytest.approx(np.pi * 25 * 9 / 1000, rel=1e-9)


@pytest.mark.parametrize("image", [GRID, None])
def test_oblique_contours_have_the_same_volume(image):
    matrix = rotation(shift=(10, -20, 30))
    prism = [moved(contour, matrix) for contour in stack(circle(5.0), [0, 3, 6])]
    assert volume(prism, image)[0] == pytest.approx(np.pi * 25 * 9 / 1000, rel=1e-9)


def test_contours_on_a_sheared_stack():
    shear = np.eye(4)
    shear[1, 2], shear[2, 2] = np.sin(0.3), np.cos(0.3)  # slices step along a tilted line
    image = turned(GRID, shear)
    prism = [moved(contour, shear) for contour in stack(circle(5.0), [0, 3, 6])]
    found = volume(prism, image)[0]
    assert found == pytest.approx(np.pi * 25 * 9 * np.cos(0.3) / 1000, rel=1e-9)


def test_a_contour_across_the_others_is_left_out_with_a_finding():
    odd = at_height(square(5.0), 0)[:, [2, 0, 1]]
    found, findings = volume([*stack(square(5.0), [0, 3]), odd])
    assert found == pytest.approx(0.6)
    assert findings == ["mixed-orientation"]


def test_slightly_bent_contours_are_flattened_with_a_finding():
    bent = stack(square(5.0), [0, 3, 6])
    bent[1][0, 2] += 0.5
    found, findings = volume(bent)
    assert found == pytest.approx(0.9, rel=0.02)
    assert findings == ["non-planar-contours"]


def test_joined_by_number_and_key_not_by_position():
    ds = make_case({"A": stack(square(5.0), [0, 3]), "B": stack(square(1.0), [0, 3])}, GRID)
    turned_round = ds.isel(roi=[1, 0], contour=[3, 1, 0, 2])
    assert contours.volumes(turned_round).to_dict() == contours.volumes(ds).to_dict()


def test_errors_say_what_there_is():
    ds = make_case({"Heart": stack(square(5.0), [0, 3])}, GRID)
    with pytest.raises(UnknownNameError, match="did you mean 'Heart'"):
        contours.volumes(ds, "Haert")
    with pytest.raises(MissingDataError, match="no structures"):
        contours.volumes(ds[["ct"]])


@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_a_single_plane_takes_the_image_spacing_in_a_frame_turned_about_it(degrees):
    """As contours do that are looked at along the axes of a dose turned against the image."""
    ds = make_case({"A": stack(square(5.0), [3])}, GRID)
    dose = turned(GRID, rotation((0, 0, 1), degrees))
    (part,) = contours.slabs(ds, "A", first=dose)
    assert part.volume_cc() == pytest.approx(100 * 3 / 1000)


def test_a_single_plane_of_a_tilted_gantry():
    """Axial contours, slices piled along z and leaning; then contours on the leaning slices."""
    shear = np.eye(4)
    shear[1:3, 1] = np.cos(0.3), np.sin(0.3)
    image = turned(GRID, shear)
    assert volume(stack(square(5.0), [3]), image)[0] == pytest.approx(100 * 3 / 1000)
    on_slice = [moved(contour, shear) for contour in stack(square(5.0), [3])]
    assert volume(on_slice, image)[0] == pytest.approx(100 * 3 * np.cos(0.3) / 1000)
    across = [contour[:, [2, 0, 1]] for contour in stack(square(5.0), [3])]
    assert volume(across, image)[0] == pytest.approx(100 * GRID.spacing[2] / 1000)
