"""Label volumes: values, overlaps, what they say of themselves."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from analysis.shapes import at_height, axial_grid, make_case, square, stack
from rtxr import model
from rtxr.analysis.structures import masks
from rtxr.analysis.structures.labels import Label, labels, labels_of
from rtxr.errors import ConflictingDataError, MissingDataError, RTXRError, UnknownNameError

GRID = axial_grid((3, 20, 20), (3.0, 1.0, 1.0), (0.0, -9.5, -9.5))
PLANES = (0.0, 3.0, 6.0)
#: Squares of 4 x 4, 6 x 6 and 2 x 2 voxels on every plane; A and B share 2 x 3.
CASE = make_case(
    {
        "A": stack(square(2), PLANES),
        "B": stack(square(3, (3.0, 2.0)), PLANES),
        "C": stack(square(1, (-7.0, -7.0)), PLANES),
        "sliver": [at_height(square(0.2), 3.0)],
    },
    GRID,
    (axial_grid((2, 5, 5), (3.0, 4.0, 4.0), (0.0, -8.0, -8.0), "dose_"), np.zeros((2, 5, 5))),
)


def codes(array) -> list[str]:
    return [finding.code for finding in model.findings_of(array)]


def test_values_are_places_in_the_list():
    found = labels(CASE, ["C", "A"])
    assert (found.name, found.dims, found.dtype) == ("labels", ("z", "y", "x"), np.uint8)
    assert model.grid_of(found).same_as(GRID)
    np.testing.assert_array_equal(found == 1, masks.mask(CASE, "C"))
    np.testing.assert_array_equal(found == 2, masks.mask(CASE, "A"))
    assert labels_of(found) == [Label(1, "C", "#d62728"), Label(2, "A", "#d62728")]
    assert codes(found) == []


def test_a_mapping_says_the_values():
    found = labels(CASE, {"a": 7, "C": 300})
    assert found.dtype == np.uint16
    assert np.unique(found).tolist() == [0, 7, 300]
    assert [(each.value, each.name) for each in labels_of(found)] == [(7, "A"), (300, "C")]
    assert not labels(CASE, {}).any()


def test_shared_voxels_need_a_choice():
    with pytest.raises(ConflictingDataError, match=r"^18 voxels .*\('A' with 'B'\); .*overlap="):
        labels(CASE, ["A", "B"])
    a, b = masks.mask(CASE, "A"), masks.mask(CASE, "B")
    first = labels(CASE, ["A", "B", "C"], overlap="first")
    last = labels(CASE, ["A", "B", "C"], overlap="last")
    np.testing.assert_array_equal(first == 1, a)
    np.testing.assert_array_equal(first == 2, b & ~a)
    np.testing.assert_array_equal(last == 1, a & ~b)
    np.testing.assert_array_equal(last == 2, b)
    assert codes(first) == codes(last) == ["labels-overlap"]
    assert "18 voxels" in model.findings_of(first)[0].message
    three = labels(CASE, {"A": 1, "B": 2, "sliver": 3, "C": 4}, overlap="last")
    assert "18 voxels" in model.findings_of(three)[0].message


def test_the_pairs_that_share_most_are_named_and_the_rest_counted():
    names = ["A", "B", "C", "D", "E"]
    case = make_case(
        {name: stack(square(2.0 + at), GRID.axes[0][:2]) for at, name in enumerate(names)}, GRID
    )
    with pytest.raises(ConflictingDataError) as caught:
        labels(case, ["A", "B", "C"])
    assert "in several structures ('B' with 'C', 'A' with 'B'); a voxel" in str(caught.value)
    told = model.findings_of(labels(case, overlap="first"))[0].message
    assert told.count(" with ") == 5
    assert ", 5 more pairs); each holds the label of the first" in told


def test_a_structure_without_voxels_is_a_finding():
    found = labels(CASE, ["C", "sliver"])
    assert codes(found) == ["label-empty"]
    assert "'sliver'" in model.findings_of(found)[0].message
    assert [each.name for each in labels_of(found)] == ["C", "sliver"]


def test_any_grid():
    on_dose = labels(CASE, ["B"], "dose")
    assert on_dose.dims == ("dose_z", "dose_y", "dose_x")
    np.testing.assert_array_equal(on_dose == 1, masks.mask(CASE, "B", "dose"))


def test_what_does_not_exist_is_named():
    with pytest.raises(UnknownNameError, match="no ROI 'D'"):
        labels(CASE, ["D"])
    with pytest.raises(RTXRError, match="overlap='both'"):
        labels(CASE, overlap="both")
    for values in ({"A": 0}, {"A": 1, "B": 1}, {"A": 1.5}, {"A": 70000}, {"A": 1, "a": 2}):
        with pytest.raises(RTXRError, match="different integers"):
            labels(CASE, values)
    with pytest.raises(MissingDataError, match="no structures"):
        labels(xr.Dataset({"ct": CASE.ct.variable}, model.grid_coords(GRID)))


def test_attributes_are_flat_and_survive_netcdf(tmp_path):
    found = labels(CASE, ["C", "A"])
    assert all(isinstance(value, str) for value in found.attrs.values())
    assert json.loads(found.attrs["labels"])[0]["name"] == "C"
    found.to_netcdf(tmp_path / "labels.nc")
    with xr.open_dataarray(tmp_path / "labels.nc") as back:
        assert labels_of(back) == labels_of(found)


def test_no_two_masks_are_in_memory(monkeypatch):
    read = masks.MaskSource.read
    seen = []
    monkeypatch.setattr(masks.MaskSource, "read", lambda *a: seen.append(len(a[1][0])) or read(*a))
    labels(CASE, overlap="last")
    assert seen == [1, 1, 1, 1]
