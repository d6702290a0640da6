"""Messages to a page: plain values and bytes, from which the numbers come back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rtxr.view.widgets.viewer.messages import PRESETS, described, dose_colors, told
from rtxr.view.widgets.viewer.scene import Scene
from view.cases import IMAGE, image_values, make_case, square, structures


@pytest.fixture
def scene() -> Scene:
    rois = {"A": [("CLOSED_PLANAR", square(4.0, 0.0))]}
    return Scene(make_case(**structures(rois, [""])))


def decoded(part, buffers, *kinds):
    return [
        np.frombuffer(each, kind)
        for each, kind in zip(buffers[part["first"] :], kinds, strict=False)
    ]


def test_a_picture_comes_back(scene):
    picture = scene.picture(scene.plane("axial", 2), "dose")
    parts, buffers = told(picture)
    json.dumps(parts)
    values, across, up = decoded(parts["image"], buffers, f"<{parts['image']['kind']}", "f8", "f8")
    np.testing.assert_array_equal(values.reshape(12, 10), image_values()[2])
    np.testing.assert_array_equal(across, IMAGE.axes[2])
    np.testing.assert_array_equal(up, IMAGE.axes[1])
    values, *_ = decoded(parts["dose"], buffers, f"<{parts['dose']['kind']}")
    np.testing.assert_allclose(values, picture.dose.values.ravel())
    points, starts, roi = decoded(parts["lines"], buffers, "<f4", "<u4", "<u2")
    np.testing.assert_allclose(points.reshape(-1, 2)[:4], square(4.0, 0)[:, :2])
    assert (starts.tolist(), roi.tolist()) == ([0, 5], [0])


def test_what_is_not_there_is_null(scene):
    parts, buffers = told(scene.picture(scene.plane("axial", 2), whole=False))
    assert (parts["dose"], parts["lines"], len(buffers)) == (None, None, 3)


def test_a_page_learns_where_planes_are(scene):
    found = described(scene, None)
    assert json.loads(json.dumps(found)) == found
    axial, coronal, _ = found["panes"]
    assert (axial["title"], axial["letters"]) == ("Axial", ["R", "L", "P", "A"])
    assert (coronal["normal"], coronal["across"], coronal["up"]) == (1, 0, 2)
    assert axial["axes"][0] == IMAGE.axes[2].tolist()
    assert found["doses"]["dose"]["units"] == "Gy"
    assert found["presets"][0] == ["Soft tissue", *PRESETS["ct"]["Soft tissue"]]
    assert found["other"] is None
    assert described(scene, scene)["other"]["labels"] == ["A"]


def test_colours_of_doses():
    viridis, turbo = (
        np.frombuffer(dose_colors(name), np.uint8).reshape(256, 3) for name in ("viridis", "turbo")
    )
    assert viridis[0].tolist() == [68, 1, 84]
    assert viridis[-1].tolist() == [253, 231, 36]
    assert turbo[0].tolist() != [48, 18, 59]  # its ends are left out: too dark
    with pytest.raises((ValueError, KeyError), match="nosuch"):
        dose_colors("nosuch")
