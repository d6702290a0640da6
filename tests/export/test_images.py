"""Dynamic series to files: every slice of every label with its own header."""

from __future__ import annotations

import random
from pathlib import Path

import factories as make
import numpy as np
import pandas as pd
import pydicom
import pytest
import xarray as xr

import rtxr
from rtxr.errors import ConformanceError

PHASES = [{"TemporalPositionIdentifier": n} for n in (1, 2, 3)]


@pytest.fixture
def source(tmp_path) -> Path:
    series = make.dynamic_series(PHASES)
    random.Random(7).shuffle(series)
    make.write(tmp_path / "source", series)
    return tmp_path / "source"


@pytest.fixture
def case(source) -> xr.Dataset:
    return rtxr.open_dir(source)


def by_uid(folder: Path) -> dict[str, pydicom.Dataset]:
    found = [pydicom.dcmread(path) for path in folder.iterdir()]
    return {str(ds.SOPInstanceUID): ds for ds in found}


def written(ds: xr.Dataset, folder: Path) -> tuple[pd.DataFrame, xr.Dataset]:
    return ds.rt.to_dicom(folder), rtxr.open_dir(folder)


def test_every_file_of_every_label_comes_back(tmp_path, source, case):
    table, back = written(case, tmp_path / "out")
    assert table["path"].is_unique
    assert (table["changed"] == "").all()
    before, after = by_uid(source), by_uid(tmp_path / "out")
    assert before.keys() == after.keys()
    for uid, old in before.items():
        new = after[uid]
        same = [element for element in old if element.tag in new and new[element.tag] == element]
        assert len(same) == len(old)
    xr.testing.assert_identical(back.ct, case.ct)


@pytest.mark.parametrize(
    "same",
    [
        lambda ds: ds.isel(temporal_position=slice(None, None, -1)),
        lambda ds: ds.isel(z=slice(None, None, -1)),
        lambda ds: ds.transpose("x", "z", "temporal_position", ...),
        lambda ds: ds.sel(temporal_position=2),
        lambda ds: ds.sel(temporal_position=[3, 1]),
        lambda ds: ds.isel(z=1),
        lambda ds: ds.isel(temporal_position=0, z=2),
        lambda ds: ds * 1,
        lambda ds: ds.chunk(),
    ],
)
def test_selected_and_turned_slices_are_still_their_sources(tmp_path, source, case, same):
    edited = same(case)
    table = edited.rt.to_dicom(tmp_path / "out")
    assert sorted(table["SOPInstanceUID"]) == sorted(np.ravel(edited.ct_uid.values))
    assert (table["changed"] == "").all()
    before, after = by_uid(source), by_uid(tmp_path / "out")
    for uid, new in after.items():
        assert new.PixelData == before[uid].PixelData
        assert new.TemporalPositionIdentifier == before[uid].TemporalPositionIdentifier


def test_one_label_is_a_plain_case(tmp_path, case):
    _, back = written(case.sel(temporal_position=2), tmp_path / "out")
    assert back.ct.dims == ("z", "y", "x")
    assert back.ct.isel(y=0, x=0).values.tolist() == [-22, -19, -16, -13]


def test_edited_labels_stay_apart_in_one_new_series(tmp_path, case):
    edited = case.assign(ct=case.ct * 2)
    table, back = written(edited, tmp_path / "out")
    assert set(table["changed"]) == {"its pixel values changed"}
    assert not set(table["SOPInstanceUID"]) & set(np.ravel(case.ct_uid.values))
    assert len({ds.SeriesInstanceUID for ds in by_uid(tmp_path / "out").values()}) == 1
    np.testing.assert_array_equal(back.ct, edited.ct)
    assert back.temporal_position.values.tolist() == [1, 2, 3]


def test_an_edit_of_one_label_makes_the_series_new(tmp_path, case):
    values = case.ct.values.copy()
    values[1, 2, 0, 0] += 5
    table, back = written(case.assign(ct=case.ct.copy(data=values)), tmp_path / "out")
    assert table["changed"].value_counts().to_dict() == {
        "its series changed": 11,
        "its pixel values changed": 1,
    }
    np.testing.assert_array_equal(back.ct, values)


def test_slices_between_those_of_the_source_take_headers_of_their_own_label(tmp_path, case):
    moved = case.assign_coords(z=case.z + 1.0)
    table, back = written(moved, tmp_path / "out")
    assert (table["changed"] != "").all()
    np.testing.assert_array_equal(back.ct, case.ct)
    assert back.z.values.tolist() == [1, 4, 7, 10]
    assert back.temporal_position.values.tolist() == [1, 2, 3]


@pytest.mark.parametrize("lost", [[], ["ct_uid"]])
@pytest.mark.parametrize("labels", [[1, 2, 3], [2]])
def test_interpolated_slices_keep_the_headers_of_their_label(tmp_path, case, labels, lost):
    between = case.sel(temporal_position=labels if len(labels) > 1 else labels[0])
    between = between.interp(z=[1.5, 4.5, 7.5]).drop_vars(lost)
    table = between.rt.to_dicom(tmp_path / "out")
    assert len(table) == 3 * len(labels)
    found = [
        (int(ds.TemporalPositionIdentifier), float(ds.ImagePositionPatient[2]))
        for ds in by_uid(tmp_path / "out").values()
    ]
    assert sorted(found) == [(label, z) for label in labels for z in (1.5, 4.5, 7.5)]


def test_the_mean_over_labels_is_a_plain_series(tmp_path, case):
    mean = case.ct.mean("temporal_position")
    table, back = written(case.assign(ct=mean), tmp_path / "out")
    assert len(table) == 4
    assert not set(table["SOPInstanceUID"]) & set(np.ravel(case.ct_uid.values))
    np.testing.assert_array_equal(back.ct, mean)


@pytest.mark.parametrize(
    "edit",
    [
        lambda ds: ds.drop_vars(["ct_uid", "temporal_position"]),
        lambda ds: ds.drop_vars("ct_uid").assign_coords(temporal_position=[1, 2, 4]),
        lambda ds: ds.isel(temporal_position=[1, 1]),
        lambda ds: ds.drop_vars(["header_uid", "header_stop", "header_data"]),
        lambda ds: ds.expand_dims("repeat"),
    ],
)
def test_labels_that_files_could_not_tell_apart_are_refused(tmp_path, case, edit):
    findings = edit(case.drop_vars("mask", errors="ignore")).rt.validate()
    errors = findings[findings["severity"] == "error"]
    assert errors["code"].tolist() == ["not-exportable"]
    assert r"select one with ds.isel(" in errors["message"].iloc[0]
    with pytest.raises(ConformanceError, match="nothing was written"):
        edit(case).rt.to_dicom(tmp_path / "out")
