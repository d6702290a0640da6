"""Messages to a page: plain values and bytes, from which the numbers come back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rtxr.errors import UnknownNameError
from rtxr.view.widgets.viewer.levels import FullDose
from rtxr.view.widgets.viewer.messages import PRESETS, described, dose_colors, told
from rtxr.view.widgets.viewer.scene import Scene
from rtxr.view.widgets.viewer.state import ISODOSES
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
    with pytest.raises(UnknownNameError, match="nosuch"):
        dose_colors("nosuch")


#: Linear light as seen with all cones, and without those for red, green or blue (Machado et al.,
#: IEEE Trans Vis Comput Graph 15 (2009) 1291, severity 1).
SEEN = {
    "all": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def cielab(linear: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear sRGB under D65."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    part = np.clip(linear, 0, 1) @ np.transpose(to_xyz) / [0.9505, 1, 1.089]
    x, y, z = np.where(part > 0.008856, np.cbrt(part), 7.787 * part + 16 / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


@pytest.mark.parametrize("eye", SEEN)
def test_isodoses_are_told_apart_by_every_eye(eye):
    """Colours less than 2.3 apart look the same to anybody; these are far from that."""
    palette = np.frombuffer(dose_colors("turbo"), np.uint8).reshape(256, 3) / 255
    linear = np.where(palette <= 0.04045, palette / 12.92, ((palette + 0.055) / 1.055) ** 2.4)
    levels = FullDose(100.0, "plan").levels(ISODOSES)
    colors = cielab(linear @ np.transpose(SEEN[eye]))[[round(255 * each / 106) for each in levels]]
    apart = np.linalg.norm(colors[:, None] - colors, axis=-1)
    assert apart[np.triu_indices(len(levels), 1)].min() > 10
