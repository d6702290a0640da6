"""Contours and the images they name: absent ones, and slices in another plane."""

import pytest
from factories import CORONAL, case_parts, ct_series, structure_set

from rtxr import model
from rtxr.read.case import open_case


def noticed(make_case, objects):
    findings = model.findings_of(open_case(make_case(objects)))
    return [(each.code, each.severity, each.message) for each in findings]


def lifted(structures, by):
    """The structure set with its contours moved along z."""
    for contour in structures.ROIContourSequence[0].ContourSequence:
        data = [float(value) for value in contour.ContourData]
        contour.ContourData = [x + by * (n % 3 == 2) for n, x in enumerate(data)]
    return structures


@pytest.mark.parametrize("by", [0.0, 0.005])
def test_contours_in_the_plane_of_their_image(make_case, by):
    images, structures, _, _ = case_parts()
    assert noticed(make_case, [*images, lifted(structures, by)]) == []


@pytest.mark.parametrize(
    ("by", "severity", "more"),
    [
        (-0.134, "info", "by up to 0.134 mm; positions alone"),
        (2.0, "warning", "by up to 2.000 mm, which is nearer to another slice; positions alone"),
    ],
)
def test_contours_beside_the_plane_of_their_image(make_case, by, severity, more):
    images, structures, _, _ = case_parts()
    ((code, found, message),) = noticed(make_case, [*images, lifted(structures, by)])
    assert (code, found) == ("contour-off-image", severity)
    assert message.startswith("3 of 3 contours lie off the plane of the image they name")
    assert more in message


def test_images_that_are_not_there(make_case):
    images, structures, _, _ = case_parts()
    del structures.ROIContourSequence[0].ContourSequence[1].ContourImageSequence
    codes = [code for code, _, _ in noticed(make_case, [*images[:2], structures])]
    assert codes == ["contour-images-missing", "contour-images-absent"]


def test_contours_of_a_coronal_series(make_case):
    images = ct_series(3, ImageOrientationPatient=CORONAL)
    for n, image in enumerate(images):
        image.ImagePositionPatient = [-4, 3.0 * n, 0]
    structures = structure_set(images)
    contours = structures.ROIContourSequence[0].ContourSequence
    for n, contour in enumerate(contours):
        y = 3 * n
        contour.ContourData = [0, y, -2, 2, y, -2, 2, y, 4, 0, y, 4]
    assert noticed(make_case, [*images, structures]) == []


def test_a_contour_that_is_not_parallel_to_its_slice_is_not_judged(make_case):
    images, structures, _, _ = case_parts()
    structures.ROIContourSequence[0].ContourSequence[1].ContourData[2] = 9.0
    assert noticed(make_case, [*images, structures]) == []


def test_slices_in_any_order(make_case):
    images, structures, _, _ = case_parts()
    ((code, _, message),) = noticed(make_case, [*images[::-1], lifted(structures, 0.134)])
    assert code == "contour-off-image"
    assert "3 of 3" in message
