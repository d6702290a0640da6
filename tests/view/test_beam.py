"""A beam's-eye view shows what it is given, where it is."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import PolyCollection

from rtxr.view.beam import BeamPicture, Portal, draw_beam

SQUARE = np.array([(0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (0.0, 5.0)])


def polygons(ax) -> list[list[list[float]]]:
    """Corners of all polygons, in the order they were drawn."""
    return [
        path.vertices[:-1].tolist()
        for each in ax.collections
        if isinstance(each, PolyCollection)
        for path in each.get_paths()
    ]


def test_openings_leaves_and_jaws_are_rectangles():
    picture = BeamPicture(
        "a title",
        50.0,
        openings=np.array([(-10.0, 10.0, 0.0, 5.0)]),
        leaves=[np.array([(-50.0, -10.0, 0.0, 5.0)])],
        jaws=np.array([(-50.0, 50.0, 20.0, 50.0)]),
    )
    ax = draw_beam(picture)
    assert polygons(ax) == [
        [[-50, 0], [-10, 0], [-10, 5], [-50, 5]],
        [[-50, 20], [50, 20], [50, 50], [-50, 50]],
        [[-10, 0], [10, 0], [10, 5], [-10, 5]],
    ]
    (edge,) = ax.patches
    np.testing.assert_allclose(edge.get_path().get_extents().extents, [-10, 0, 10, 5], atol=0.15)
    assert ax.get_title() == "a title"
    assert (ax.get_xlim(), ax.get_ylim()) == ((-50, 50), (-50, 50))
    assert ax.get_aspect() == 1


def test_structures_with_a_legend():
    picture = BeamPicture(
        "",
        50.0,
        openings=np.empty((0, 4)),
        outlines={"PTV": [SQUARE], "Iso": [SQUARE[:1]], "None": []},
        palette={"PTV": "#ff0000"},
    )
    ax = draw_beam(picture)
    assert polygons(ax) == [SQUARE.tolist()]
    assert ax.collections[0].get_edgecolor()[0, :3].tolist() == [1, 0, 0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["PTV", "Iso"]


def test_faces_of_a_silhouette_that_lie_upon_each_other_are_one_area():
    faces = [np.stack([SQUARE, np.add(SQUARE, (5, 0)), SQUARE + 1])]
    picture = BeamPicture(
        "",
        50.0,
        openings=np.empty((0, 4)),
        outlines={"PTV": [SQUARE]},
        silhouettes={"PTV": faces},
        palette={"PTV": "#ff0000"},
    )
    ax = draw_beam(picture)
    assert len(ax.collections) == 0  # its contours are not drawn one by one
    ax.figure.canvas.draw()
    image = np.asarray(ax.figure.canvas.buffer_rgba())
    places = ax.transData.transform([(3.0, 0.5), (7.0, 3.0), (13.0, 3.0), (30.0, 30.0)])
    shades = [image[image.shape[0] - 1 - int(y), int(x), :3].tolist() for x, y in places]
    assert shades[0] == shades[1] == shades[2] != shades[3] == [255, 255, 255]


def test_an_image_is_seen_through_the_aperture():
    openings = np.array([(-10.0, 10.0, 0.0, 5.0)])
    portal = Portal(np.ones((2, 2)), (-50.0, 50.0, -50.0, 50.0))
    plain, over = (
        draw_beam(BeamPicture("", 50.0, openings, leaves=[openings], portal=each)).collections
        for each in (None, portal)
    )
    assert len(plain[1].get_facecolor()) == 1
    assert len(over[1].get_facecolor()) == 0
    assert over[0].get_alpha() < plain[0].get_alpha()


def test_blocks_are_filled_where_they_shield():
    blocks = [(SQUARE, False), (SQUARE + 20, True)]
    ax = draw_beam(BeamPicture("", 50.0, openings=np.empty((0, 4)), blocks=blocks))
    shielding, aperture = ax.collections
    assert len(shielding.get_facecolor()) == 1
    assert len(aperture.get_facecolor()) == 0


def test_an_image_below_turned_against_the_device():
    values = np.arange(6.0).reshape(2, 3)
    portal = Portal(values, (-30.0, 30.0, -20.0, 20.0), turn=90.0)
    ax = draw_beam(BeamPicture("", 50.0, openings=np.empty((0, 4)), portal=portal))
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), values)
    assert image.origin == "lower"
    to_data = image.get_transform() - ax.transData
    np.testing.assert_allclose(to_data.transform((30.0, 20.0)), (-20, 30), atol=1e-9)


@pytest.mark.parametrize("values", [np.full((2, 2), np.nan), np.ones((2, 2))])
def test_an_image_without_contrast(values):
    portal = Portal(values, (-1.0, 1.0, -1.0, 1.0))
    (image,) = draw_beam(BeamPicture("", 5.0, np.empty((0, 4)), portal=portal)).images
    low, high = image.get_clim()
    assert low < high


def test_on_axes_of_ones_own_with_a_note():
    _, ax = plt.subplots()
    found = draw_beam(BeamPicture("", 50.0, openings=np.empty((0, 4)), note="no RT Image"), ax)
    assert found is ax
    assert ax.get_xlabel().endswith("no RT Image")
