"""NRRD files against their headers, worked out by hand; segmentations of 3D Slicer."""

from __future__ import annotations

from pathlib import Path

import nrrd
import numpy as np
import pytest
from hypothesis import given, settings

import rtxr
from exchange.grids import arrays, placed, positions
from rtxr import model
from rtxr.analysis.structures.labels import LABELS_ATTR, Label, labels_of, labels_to_json
from rtxr.errors import ExistingFilesError, GeometryError, MissingDataError
from rtxr.exchange.nrrd import read_nrrd, to_nrrd
from rtxr.geometry import Grid

GRID = Grid(
    ("z", "y", "x"), (np.array([-849.3, -846.03]), np.array([5.0, 6.5, 8.0]), np.array([-2.0, 0]))
)
VALUES = np.arange(12, dtype=np.int16).reshape(GRID.shape)
PLACE = {"space": "left-posterior-superior", "space origin": [1, 2, 3]}


def codes(array) -> list[str]:
    return [finding.code for finding in model.findings_of(array)]


def write(path: Path, values: np.ndarray, **header) -> Path:
    """A file whose values are given slowest axis first."""
    fields = {key.replace("_", " "): value for key, value in header.items()}
    nrrd.write(str(path), values, {**PLACE, **fields}, index_order="C")
    return path


def test_the_header_says_where_voxels_are(tmp_path):
    path = to_nrrd(placed(VALUES, GRID), tmp_path / "a.nrrd")
    values, header = nrrd.read(str(path))
    assert header["space"] == "left-posterior-superior"
    assert header["space directions"].tolist() == [[2, 0, 0], [0, 1.5, 0], [0, 0, 3.27]]
    assert header["space origin"].tolist() == [-2, 5, -849.3]
    assert header["kinds"] == ["domain"] * 3
    assert header["type"] == "int16"
    np.testing.assert_array_equal(values, VALUES.transpose(2, 1, 0))


@settings(max_examples=40)
@given(array=arrays())
def test_positions_and_values_come_back(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("nrrd") / "a.nrrd"
    back = read_nrrd(to_nrrd(array, path))
    np.testing.assert_allclose(positions(back), positions(array), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(back, array)
    assert back.dims == (*array.dims[:-3], *model.grid_of(array).dims)
    assert back.dtype == (np.uint8 if array.dtype == bool else array.dtype)


def test_wide_integers_stay(tmp_path):
    wide = placed(VALUES.astype(np.int64) << 40, GRID)
    assert read_nrrd(to_nrrd(wide, tmp_path / "a.nrrd")).dtype == np.int64


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", (1, 1, 1)),
        ("LPS", (1, 1, 1)),
        ("right-anterior-superior", (-1, -1, 1)),
        ("RAS", (-1, -1, 1)),
        ("left-anterior-superior", (1, -1, 1)),
    ],
)
def test_spaces(tmp_path, space, signs):
    path = write(tmp_path / "a.nrrd", VALUES, space=space, space_directions=np.diag([2, 3, 4.0]))
    found = read_nrrd(path)
    assert codes(found) == []
    corner = [s * c for s, c in zip(signs, (1 + 2, 2 + 6, 3 + 4), strict=True)]
    assert found.sel(dict(zip("xyz", corner, strict=True))).item() == VALUES[1, 2, 1]


def test_a_space_of_no_patient_and_a_missing_place_are_findings(tmp_path):
    path = write(tmp_path / "a.nrrd", VALUES, space="scanner-xyz", space_directions=np.eye(3))
    assert codes(read_nrrd(path)) == ["nrrd-space"]
    nrrd.write(str(path), VALUES, {"spacings": [2, 3, 4]}, index_order="C")
    found = read_nrrd(path)
    assert codes(found) == ["nrrd-space", "nrrd-unplaced"]
    assert (found.x.values.tolist(), found.z.values.tolist()) == ([0, 2], [0, 4])
    nrrd.write(str(path), np.stack([VALUES, VALUES], -1), {}, index_order="C")
    assert read_nrrd(path).shape == (2, 2, 3, 2)


def test_a_segmentation_of_slicer(tmp_path):
    """As Slicer writes overlapping segments: layers vary fastest."""
    layers = np.stack([VALUES % 3, VALUES % 2], axis=-1).astype(np.uint8)
    directions = np.vstack([np.full(3, np.nan), np.diag([-1, -1, 3.0])])
    fields = {
        "kinds": ["list", "domain", "domain", "domain"],
        "space directions": directions,
        "Segment0_ID": "Segment_1",
        "Segment0_Name": "GTV",
        "Segment0_LabelValue": "1",
        "Segment0_Layer": "0",
        "Segment0_Color": "1 0.5 0",
        "Segment0_Extent": "0 1 0 2 0 1",
        "Segment10_Name": "CTV",
        "Segment10_LabelValue": "1",
        "Segment10_Layer": "1",
        "Segment10_Color": "none",
        "Segment2_LabelValue": "2",
    }
    path = tmp_path / "a.seg.nrrd"
    nrrd.write(str(path), layers, {**PLACE, **fields}, index_order="C")
    found = read_nrrd(path)
    assert found.name == "a"
    assert found.dims == ("layer", "z", "y", "x")
    assert labels_of(found) == [
        Label(1, "GTV", "#ff8000"),
        Label(2, "Segment 2"),
        Label(1, "CTV", layer=1),
    ]
    np.testing.assert_array_equal(found.isel(layer=1), (VALUES % 2)[:, ::-1, ::-1])


def test_labels_are_written_as_slicer_has_them(tmp_path):
    labels = [Label(1, "Größe 1", "#336699"), Label(7, "PTV")]
    array = placed(VALUES, GRID).assign_attrs({LABELS_ATTR: labels_to_json(labels)})
    path = to_nrrd(array, tmp_path / "a.seg.nrrd")
    header = nrrd.read_header(str(path))
    assert header["Segment0_Name"] == "Groe 1"
    assert header["Segment0_Color"] == "0.2 0.4 0.6"
    assert header["Segment0_Extent"] == "0 1 0 2 0 1"
    assert (header["Segment1_Name"], header["Segment1_LabelValue"]) == ("PTV", "7")
    assert header["Segmentation_MasterRepresentation"] == "Binary labelmap"
    assert labels_of(read_nrrd(path)) == [labels[0], Label(7, "PTV", "#808080")]


def test_a_name_that_was_changed_elsewhere_counts(tmp_path):
    labels = [Label(1, "Größe", "#336699")]
    array = placed(VALUES, GRID).assign_attrs({LABELS_ATTR: labels_to_json(labels)})
    path = to_nrrd(array, tmp_path / "a.seg.nrrd")
    values, header = nrrd.read(str(path))
    header["Segment0_Name"] = "Mass"
    nrrd.write(str(path), values, header)
    assert labels_of(read_nrrd(path)) == [Label(1, "Mass", "#336699")]


def test_what_is_no_volume_is_refused(tmp_path):
    directions = np.vstack([np.full((2, 3), np.nan), np.eye(3)])
    five = np.zeros((2, 2, 2, 2, 2), np.uint8)
    path = write(tmp_path / "a.nrrd", five, space_directions=directions)
    with pytest.raises(GeometryError, match="at most one further axis"):
        read_nrrd(path)
    plane = write(tmp_path / "b.nrrd", VALUES[0], space_directions=np.eye(3)[:2])
    with pytest.raises(GeometryError, match="three axes"):
        read_nrrd(plane)
    (tmp_path / "c.nrrd").write_bytes(b"nothing of the kind\n\n")
    with pytest.raises(MissingDataError, match="no NRRD"):
        read_nrrd(tmp_path / "c.nrrd")
    with pytest.raises(MissingDataError, match="no file"):
        read_nrrd(tmp_path / "d.nrrd")
    with pytest.raises(MissingDataError, match="ends in"):
        to_nrrd(placed(VALUES, GRID), tmp_path / "a.nii")
    with pytest.raises(ExistingFilesError):
        to_nrrd(placed(VALUES, GRID), tmp_path / "a.nrrd")


def test_the_method_of_an_array(tmp_path, phantom):
    ds = rtxr.open_dir(phantom)
    back = rtxr.read_nrrd(ds.dose.rt.to_nrrd(tmp_path / "dose.nrrd"))
    assert model.grid_of(back).same_as(model.grid_of(ds, "dose"))
    np.testing.assert_array_equal(back, ds.dose)
