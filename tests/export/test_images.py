"""Images to files: every slice of every label with its own header, stored as it was."""

from __future__ import annotations

import random
from pathlib import Path

import factories as make
import numpy as np
import pandas as pd
import pydicom
import pytest
import xarray as xr
from pydicom.uid import PositronEmissionTomographyImageStorage

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
    assert set(errors["code"]) - {"no-source-headers"} == {"not-exportable"}
    assert r"select one with ds.isel(" in errors["message"].iloc[-1]
    with pytest.raises(ConformanceError, match="nothing was written"):
        edit(case).rt.to_dicom(tmp_path / "out")


# --- stored values --------------------------------------------------------------------------------
#: Bits Stored, whether signed, what the unused bits hold, and stored values.
STORED = {
    "12 bits": (12, False, 0, [0, 1, 2048, 4095]),
    "12 bits under an overlay": (12, False, 0xF000, [0, 1, 2048, 4095]),
    "12 bits signed": (12, True, 0, [-2048, -1, 0, 2047]),
    "12 bits signed, extended": (12, True, "sign", [-2048, -1, 0, 2047]),
    "16 bits signed": (16, True, 0, [-32768, -2000, 0, 32767]),
    "16 bits": (16, False, 0, [0, 1, 40000, 65535]),
}


def stored_slice(kind: str, number: int = 1, **elements) -> pydicom.Dataset:
    bits, signed, unused, values = STORED[kind]
    ds = make.ct_slice(number, 3.0 * number, name=(kind, number), **elements)
    ds.Rows, ds.Columns = 2, 2
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, int(signed)
    inside = (1 << bits) - 1
    words = np.array(values, np.int64) & (0xFFFF if unused == "sign" else inside)
    ds.PixelData = (words | (0 if unused == "sign" else unused)).astype("<u2").tobytes()
    return ds


@pytest.mark.parametrize("kind", STORED)
def test_bits_and_padding_are_read_and_written_as_they_are(tmp_path, kind):
    *_, values = STORED[kind]
    ds = stored_slice(kind)
    padding = "SS" if ds.PixelRepresentation else "US"
    ds.add_new("PixelPaddingValue", padding, values[0])
    make.write(tmp_path / "in", ds)
    case = rtxr.open_dir(tmp_path / "in")
    # Padding is a value like any other: what it stands for is for whoever computes to decide.
    assert case.ct.values.ravel().tolist() == [value - 1024 for value in values]
    table, back = written(case, tmp_path / "same")
    assert table["changed"].tolist() == [""]
    xr.testing.assert_identical(back.ct, case.ct)
    made = pydicom.dcmread(table["path"].iloc[0])
    assert (made.BitsStored, made.PixelPaddingValue) == (ds.BitsStored, values[0])
    _, shifted = written(case.assign(ct=case.ct + 7), tmp_path / "more")
    np.testing.assert_array_equal(shifted.ct, case.ct + 7)
    _, halved = written(case.assign(ct=case.ct / 2), tmp_path / "half")
    np.testing.assert_allclose(halved.ct, case.ct / 2, atol=0.51 * np.ptp(case.ct.values) / 65535)


def test_every_slice_of_a_pet_has_its_own_rescale(tmp_path):
    slopes = [0.5, 1.25, 0.003]
    series = make.ct_series(3, Modality="PT", SOPClassUID=PositronEmissionTomographyImageStorage)
    for ds, slope in zip(series, slopes, strict=True):
        ds.RescaleSlope, ds.RescaleIntercept, ds.Units = slope, 0, "BQML"
    make.write(tmp_path / "in", series)
    case = rtxr.open_dir(tmp_path / "in")
    expected = [(1001 + n) * slope for n, slope in enumerate(slopes)]
    np.testing.assert_allclose(case.pt[:, 0, 0], expected, rtol=1e-7)
    table, back = written(case, tmp_path / "same")
    assert (table["changed"] == "").all()
    xr.testing.assert_identical(back.pt, case.pt)
    new, doubled = written(case.assign(pt=case.pt * 2), tmp_path / "double")
    np.testing.assert_allclose(doubled.pt, case.pt * 2, rtol=1e-6)
    intercepts = [float(pydicom.dcmread(path).RescaleIntercept) for path in new["path"]]
    assert intercepts == [0, 0, 0]  # as a PET must have it
    even = case.rt.resample((1.5, None, None))
    np.testing.assert_allclose(even.pt[1], (case.pt[0] + case.pt[1]) / 2, rtol=1e-6)


@pytest.mark.parametrize("of", [np.complex64, str, "m8[s]"])
def test_values_that_are_no_real_numbers_are_refused(case, of):
    found = case.assign(ct=case.ct.astype(of)).rt.validate().query("severity == 'error'")
    assert "values, and pixels are real numbers" in found["message"].item()
