"""What an image does not show of a structure is told, in cm3 and planes."""

import numpy as np
import pytest

from analysis.shapes import at_height, axial_grid, make_case, moved, rotation, square, stack, turned
from rtxr.analysis.structures.contours import volumes
from rtxr.analysis.structures.coverage import coverage
from rtxr.analysis.structures.masks import mask

GRID = axial_grid((6, 10, 20), (3.0, 2.0, 1.0), (0.0, -9.0, -9.5))  # z -1.5..16.5, x, y -10..10


def noticed(contours, image=GRID, **options):
    findings = volumes(make_case({"A": contours}, image), **options).attrs["findings"]
    return [(each["code"], each["severity"], each["message"]) for each in findings]


@pytest.mark.parametrize(
    "contours",
    [
        stack(square(10.0), np.arange(0, 16, 3)),  # as large as the image
        stack(square(5.0), [0.134, 3.134, 6.134, 9.134, 12.134, 15.134]),  # a little off
        stack(square(5.0), [-1.4, 0.1, 1.6]),  # only end caps are beyond
        [contour[:, [2, 0, 1]] for contour in stack(square(5.0, (0.0, 6.0)), [-3, 0, 3])],
        [],
        [("POINT", [[900, 0, 0]])],
    ],
)
@pytest.mark.parametrize("end_cap", ["half", "none"])
def test_what_the_image_holds_is_no_finding(contours, end_cap):
    codes = {code for code, _, _ in noticed(contours, end_cap=end_cap)}
    assert not codes & {"outside-image"}


@pytest.mark.parametrize(
    ("contours", "told"),
    [
        (stack(square(4.0, (8.0, 0.0)), [3, 6, 9]), "0.144 of its 0.576 cm3"),
        (stack(square(4.0, (90.0, 0.0)), [3, 6, 9]), "0.576 of its 0.576 cm3"),
        (stack(square(5.0), [9, 12, 15, 18, 21]), "0.600 of its 1.500 cm3"),
        (stack(square(20.0), np.arange(-6, 25, 3)), "45.600 of its 52.800 cm3"),  # a couch
    ],
)
def test_what_lies_outside_is_told_in_cubic_centimetres(contours, told):
    ((code, severity, message),) = noticed(contours)
    assert (code, severity) == ("outside-image", "warning")
    assert message.startswith(f"ROI 'A': {told} lie outside the image")
    ds = make_case({"A": contours}, GRID)
    lost, whole = (float(part) for part in told.replace("cm3", "").split("of its"))
    inside = coverage(ds, "A").values.sum() * 6 / 1000
    assert inside == pytest.approx(whole - lost, abs=6e-4)


def test_an_image_at_an_angle_holds_or_does_not():
    inside, across = stack(square(3.0), [4, 7, 10]), stack(square(9.0), [4, 7, 10])
    tilted = turned(GRID, rotation((0, 1, 0), 10))
    assert noticed(inside, tilted) == []
    ((code, _, message),) = noticed(across, tilted)
    assert code == "outside-image"
    shown = coverage(make_case({"A": across}, tilted), "A").values.sum() * 6 / 1000
    assert shown < 18 * 18 * 9 / 1000
    assert f"{18 * 18 * 9 / 1000 - shown:.3f} of its 2.916 cm3" in message


def test_an_oblique_image_with_contours_of_its_own():
    matrix = rotation(shift=(5, 6, 7))
    contours = [moved(each, matrix) for each in stack(square(4.0, (8.0, 0.0)), [3, 6, 9])]
    ((code, _, message),) = noticed(contours, turned(GRID, matrix))
    assert code == "outside-image"
    assert "0.144 of its 0.576 cm3" in message


def test_planes_between_slices_are_counted():
    contours = stack(square(5.0), np.arange(3.0, 9.5, 1.0))
    ((code, severity, message),) = noticed(contours)
    assert (code, severity) == ("planes-between-slices", "info")
    assert "4 of its 7 planes" in message
    assert noticed(contours, end_cap="none")[0][2] == message


def test_a_contour_where_a_slice_is_missing():
    without = axial_grid((6, 20, 20), (3.0, 1.0, 1.0), (0.0, -9.5, -9.5))
    ds = make_case({"A": [at_height(square(h), z) for h, z in ((4, 3), (6, 6), (4, 9))]}, without)
    ds = ds.isel(z=[0, 1, 3, 4, 5])
    assert [f["code"] for f in volumes(ds).attrs["findings"]] == ["planes-between-slices"]
    assert mask(ds, "A").values.sum(axis=(1, 2)).tolist() == [0, 64, 64, 0, 0]
    # The slices beside reach half way to each other and share what is between them.
    held = coverage(ds, "A").values.sum(axis=(1, 2)) * [3, 4.5, 4.5, 3, 3]
    assert held.sum() == pytest.approx((64 + 144 + 64) * 3)
    assert held[1] == held[2]


def test_nothing_is_said_of_an_unknown_thickness():
    image = axial_grid((1, 10, 10), (1.0, 1.0, 1.0), (0.0, -4.5, -4.5))
    assert "outside-image" not in [code for code, _, _ in noticed(stack(square(9.0), [0]), image)]
