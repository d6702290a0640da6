from __future__ import annotations

import importlib.util
import pickle

import numpy as np
import pytest
import xarray as xr
from factories import case, ct_series

from read.conftest import boxes
from rtxr import header_store, model
from rtxr.errors import ExistingFilesError, MissingDataError, MissingExtraError
from rtxr.read.case import open_case
from rtxr.read.saved import load, save

FORMATS = ["case.zarr", "case.nc"]


@pytest.fixture
def ds(make_case) -> xr.Dataset:
    return open_case(make_case(case()), mask_source=boxes)


@pytest.mark.parametrize("name", FORMATS)
def test_round_trip_without_the_mask(tmp_path, ds, name):
    path = save(ds, tmp_path / "deeper" / name)
    assert path.exists()
    back = load(path)
    assert "mask" not in back.coords
    expected = ds.drop_vars("mask").compute()
    for coord in expected.coords:
        assert back[coord].dtype == expected[coord].dtype or (
            back[coord].dtype.kind == expected[coord].dtype.kind == "U"
        ), coord
    xr.testing.assert_equal(back.compute(), expected)
    assert set(back.coords) == set(expected.coords)
    assert back.attrs == expected.attrs
    assert back.ct.dtype == expected.ct.dtype
    assert back.ct.attrs == expected.ct.attrs
    assert model.grid_of(back, "dose").same_as(model.grid_of(ds, "dose"))
    assert model.grid_of(back).frame_of_reference_uid == model.grid_of(ds).frame_of_reference_uid
    assert header_store.unpack(back) == header_store.unpack(ds)


@pytest.mark.parametrize("name", FORMATS)
def test_loaded_cases_are_lazy_and_draw_their_mask_again(tmp_path, ds, name):
    back = load(save(ds, tmp_path / name), mask_source=boxes)
    assert not back.ct.variable._in_memory
    assert not back.mask.variable._in_memory
    assert bool((back.mask == ds.mask).all())
    again = pickle.loads(pickle.dumps(back))
    np.testing.assert_array_equal(again.ct, ds.ct)


def test_slices_are_chunks_of_a_zarr_store(tmp_path, ds):
    save(ds, tmp_path / "case.zarr")
    chunks = xr.open_zarr(tmp_path / "case.zarr", chunks=None).ct.encoding["chunks"]
    assert chunks == (1, 4, 5)


@pytest.mark.parametrize("name", FORMATS)
def test_what_exists_is_replaced_only_when_told(tmp_path, ds, name):
    path = save(ds, tmp_path / name)
    with pytest.raises(ExistingFilesError, match="overwrite=True"):
        save(ds, path)
    save(ds.assign(dose=ds.dose * 2), path, overwrite=True)
    assert float(load(path).dose.max()) == 1.0
    assert [each.name for each in tmp_path.iterdir() if each.name != "dicom"] == [name]


def test_a_loaded_case_can_be_saved_in_the_other_format(tmp_path, ds):
    first = load(save(ds, tmp_path / "a.zarr"))
    second = load(save(first, tmp_path / "b.nc"))
    third = load(save(second.isel(z=slice(None, None, -2)), tmp_path / "c.zarr"))
    expected = ds.drop_vars("mask").isel(z=slice(None, None, -2)).compute()
    xr.testing.assert_equal(third.compute(), expected)


def test_folders_that_are_no_store_are_never_removed(tmp_path, ds):
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "thesis.txt").write_text("words")
    with pytest.raises(ExistingFilesError, match="no saved case"):
        save(ds, folder, overwrite=True)
    assert (folder / "thesis.txt").exists()


def test_a_failed_save_leaves_what_was_there(tmp_path, ds, monkeypatch):
    path = save(ds, tmp_path / "case.nc")
    before = path.read_bytes()
    monkeypatch.setattr(xr.Dataset, "to_netcdf", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(ds, path, overwrite=True)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir() if each.name != "dicom"] == ["case.nc"]


def test_chunked_and_partial_cases(tmp_path, make_case, ds):
    chunked = open_case(make_case(case()), chunks={})
    save(chunked, tmp_path / "chunked.zarr")
    for number, part in enumerate((ds[["ct"]], ds.isel(z=1), ds.drop_vars("ct"), ds.isel(z=[]))):
        for suffix in ("zarr", "nc"):
            back = load(save(part, tmp_path / f"{number}.{suffix}"))
            xr.testing.assert_equal(
                back.compute(), part.drop_vars("mask", errors="ignore").compute()
            )
    images = open_case(make_case(ct_series(2)))
    assert set(load(save(images, tmp_path / "images.nc")).data_vars) == {"ct"}


def test_nothing_there(tmp_path):
    with pytest.raises(MissingDataError, match="no saved case at"):
        load(tmp_path / "nowhere.zarr")


@pytest.mark.parametrize("name", FORMATS)
def test_missing_packages_name_the_extra(tmp_path, ds, name, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'rtxr\[io\]'"):
        save(ds, tmp_path / name)


@pytest.mark.parametrize("name", FORMATS)
def test_a_saved_tree_is_no_case(tmp_path, ds, name):
    tree = xr.DataTree.from_dict({"/P1/1": ds.drop_vars("mask")})
    if name.endswith("zarr"):
        tree.to_zarr(tmp_path / name, zarr_format=2)
    else:
        tree.to_netcdf(tmp_path / name)
    with pytest.raises(MissingDataError, match=r"xr\.open_datatree"):
        load(tmp_path / name)
