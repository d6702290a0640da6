"""What each xarray operation leaves of a case: still exportable, or which clear error.

One row per operation. ``same`` exports every object as it was, under its own UID; ``changed``
exports, and names the variables whose objects got new UIDs; an error text is what validate says.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import rtxr
from rtxr import header_store, model


def netcdf(ds: xr.Dataset, folder: Path) -> xr.Dataset:
    ds.drop_vars("mask").to_netcdf(folder / "case.nc")
    return xr.open_dataset(folder / "case.nc")


def zarr(ds: xr.Dataset, folder: Path) -> xr.Dataset:
    ds.drop_vars("mask").to_zarr(folder / "case.zarr")
    return xr.open_zarr(folder / "case.zarr", chunks=None)


def saved(ds: xr.Dataset, folder: Path) -> xr.Dataset:
    ds.rt.save(folder / "saved.zarr")
    return rtxr.load(folder / "saved.zarr")


def concat_z(ds: xr.Dataset) -> xr.Dataset:
    parts = [ds.isel(z=slice(0, 7)), ds.isel(z=slice(7, None))]
    return xr.concat(
        parts, "z", data_vars="minimal", coords="minimal", compat="override", join="override"
    )


#: Operations after which every object is still its source, all of it or some of it.
SAME = {
    "nothing": lambda ds: ds,
    "times one": lambda ds: ds * 1,
    "copy": lambda ds: ds.copy(deep=True),
    "pickle": lambda ds: pickle.loads(pickle.dumps(ds)),
    "chunk": lambda ds: ds.chunk(z=5),
    "transpose": lambda ds: ds.transpose("x", "dose_x", "y", "z", ...),
    "reverse z": lambda ds: ds.isel(z=slice(None, None, -1)),
    "reverse x of the dose": lambda ds: ds.isel(dose_x=slice(None, None, -1)),
    "sort descending": lambda ds: ds.sortby("y", ascending=False),
    "concat halves": concat_z,
    "astype float64": lambda ds: ds.assign(ct=ds.ct.astype(float)),
    "assign itself": lambda ds: ds.assign(dose=ds.dose),
    "drop the dose": lambda ds: ds.drop_vars("dose"),
    "drop the mask": lambda ds: ds.drop_vars("mask"),
}

#: What refers to the images, directly or in turn.
LINKED = {"structure_set", "plan", "dose"}

#: Operations that edit: name > function, variables whose objects are new.
CHANGED = {
    # Slices stay what they were; the structure set loses its references to the others.
    "every second slice": (lambda ds: ds.isel(z=slice(None, None, 2)), LINKED),
    "sel z": (lambda ds: ds.sel(z=slice(-20, 20)), LINKED),
    "one slice": (lambda ds: ds.sel(z=0.0, method="nearest"), LINKED),
    "dose times two": (lambda ds: ds.assign(dose=ds.dose * 2), {"dose"}),
    "every second column": (
        lambda ds: ds.isel(x=slice(None, None, 2)),
        {"ct", *LINKED},
    ),
    "cut x": (
        lambda ds: ds.sel(x=slice(-40, 40)),
        {"ct", *LINKED},
    ),
    "shift HU": (
        lambda ds: ds.assign(ct=ds.ct + 10),
        {"ct", *LINKED},
    ),
    "where with a value": (
        lambda ds: ds.assign(ct=ds.ct.where(ds.ct > -500, -1000)),
        {"ct", *LINKED},
    ),
    "interpolate z": (
        lambda ds: ds.drop_vars("mask").interp(z=np.arange(-20.0, 20.0, 2.0)),
        {"ct", *LINKED},
    ),
    "some ROIs": (lambda ds: ds.isel(roi=[0, 1]), LINKED),
    "rename a ROI": (
        lambda ds: ds.assign_coords(roi=[str(label).upper() for label in ds.roi.values]),
        LINKED,
    ),
    "add a structure": (
        lambda ds: ds.rt.add_structure("Dense", ds.ct > 150),
        LINKED,
    ),
    "add a structure to another image": (
        lambda ds: ds.rt.add_structure("Dense", ds.ct > 150).assign(ct=ds.ct + 1),
        {"ct", *LINKED},
    ),
    "swap two names": (
        lambda ds: ds.rt.rename({"Lung_L": "Lung_R", "Lung_R": "Lung_L"}),
        LINKED,
    ),
    "remove a structure": (lambda ds: ds.rt.remove("Lung_L"), LINKED),
    "recolour a structure": (
        lambda ds: ds.rt.set_structure("Lung_L", color="#010203", type="AVOIDANCE"),
        LINKED,
    ),
    "move the image": (lambda ds: ds.drop_vars("mask").assign_coords(z=ds.z + 3), {"ct", *LINKED}),
    "one row": (lambda ds: ds.isel(y=10), {"ct", *LINKED}),
    "cut the dose": (lambda ds: ds.isel(dose_x=slice(2, -2)), {"dose"}),
    "crop": (lambda ds: ds.rt.crop(x=(-40, 40), z=(-20, 20)), {"ct", *LINKED}),
    "crop between slices": (lambda ds: ds.rt.crop(z=(-20, 20)), LINKED),
    "resample": (lambda ds: ds.rt.resample((4.5, 4, 4)), {"ct", *LINKED}),
    "resample onto the dose": (
        lambda ds: ds.rt.resample(grid="dose", fill_value=-1000),
        {"ct", *LINKED},
    ),
    "resample onto the image": (
        lambda ds: ds.rt.resample(grid="image", fill_value=0),
        {"dose"},
    ),
}

#: Operations after which an export is refused: name > function, what the error says.
REFUSED = {
    "mean": (lambda ds: ds.mean(), r"no z, y, x"),
    "mean over z": (lambda ds: ds.mean("z"), r"no z, y, x"),
    "where leaves NaN": (lambda ds: ds.assign(ct=ds.ct.where(ds.ct > 0)), r"NaN"),
    "resample leaves NaN": (lambda ds: ds.rt.resample(grid="image"), r"fill_value of resample"),
    "where over both grids": (
        lambda ds: ds.isel(x=slice(30, 34), y=slice(30, 34), z=slice(0, 2)).where(ds.x < 1000),
        r"dimensions \['x'\] beside its grid",
    ),
    "concat cases": (
        lambda ds: ds.assign(ct=xr.concat([ds.ct, ds.ct], "phase")),
        r"ds.isel\(phase=0\)",
    ),
    "plain concat": (
        lambda ds: xr.concat(
            [part.drop_vars("mask") for part in (ds.isel(z=[0, 1]), ds.isel(z=[2, 3]))],
            "z",
            data_vars="all",
        ),
        r"data_vars='minimal'",
    ),
    "no slice left": (lambda ds: ds.isel(z=slice(0, 0)), r"'ct' is empty along \['z'\]"),
    "no dose left": (lambda ds: ds.isel(dose_y=slice(0, 0)), r"'dose' is empty along"),
    "uneven columns": (lambda ds: ds.isel(x=[0, 1, 2, 4, 8]), r"PixelSpacing needs one value"),
    "lost coordinate": (lambda ds: ds.drop_vars("z"), r"no millimetre coordinates along"),
    "select variables": (lambda ds: ds[["ct"]], r"drops them"),
    "edit the mask": (
        lambda ds: ds.assign_coords(mask=~ds.mask),
        r"mask.*disagrees.*contours.*rt\.add_structure",
    ),
    "a ROI twice": (lambda ds: ds.isel(roi=[1, 1]), r"ROINumber is what joins"),
    "nothing of a case": (lambda ds: ds[["roi"]].drop_vars("roi"), r"holds no object"),
    "negative dose": (lambda ds: ds.assign(dose=-ds.dose), r"negative"),
}


def uids_by_variable(ds: xr.Dataset) -> dict[str, set[str]]:
    return {
        "ct": set(map(str, np.atleast_1d(ds.ct_uid.values))),
        "dose": {str(ds.dose_uid.values)},
        "structure_set": {str(ds[model.STRUCTURE_SET_UID].values)},
        "plan": {str(ds[model.PLAN_UID].values)},
    }


@pytest.fixture(scope="module")
def case(phantom: Path) -> xr.Dataset:
    return rtxr.open_dir(phantom)


@pytest.mark.parametrize("name", SAME)
def test_operations_that_leave_every_object_its_source(case, name, tmp_path):
    assert_same(case, SAME[name](case), tmp_path)


@pytest.mark.parametrize("store", [netcdf, zarr, saved])
def test_stores_bring_back_everything_an_export_needs(case, store, tmp_path):
    assert_same(case, store(case, tmp_path), tmp_path)


def assert_same(case: xr.Dataset, left: xr.Dataset, folder: Path) -> None:
    written = left.rt.to_dicom(folder / "out")
    assert not written["changed"].any(), written[["IOD", "changed"]]
    assert set(written["SOPInstanceUID"]) <= set.union(*uids_by_variable(case).values())
    back = rtxr.open_dir(folder / "out")
    np.testing.assert_array_equal(back.ct, case.ct)
    if "dose" in back:
        np.testing.assert_array_equal(back.dose, case.dose)
    np.testing.assert_array_equal(back.node_x, case.node_x)


@pytest.mark.parametrize("name", CHANGED)
def test_operations_that_edit_export_what_the_dataset_holds_now(case, name, tmp_path):
    edit, new = CHANGED[name]
    edited = edit(case)
    edited.rt.to_dicom(tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out")
    before, after = uids_by_variable(case), uids_by_variable(back)
    assert {name for name in after if not after[name] <= before[name]} == new
    for variable in ("ct", "dose"):
        wanted = model.ascending(edited[variable])
        np.testing.assert_allclose(back[variable], wanted, atol=0.5 if variable == "ct" else 1e-6)
        for dim in wanted.dims:
            np.testing.assert_allclose(back[dim], wanted[dim], atol=1e-6)
    assert list(back.roi.values) == list(edited.roi.values)


@pytest.mark.parametrize("name", REFUSED)
def test_operations_that_leave_no_case_are_refused_with_a_reason(case, name, tmp_path):
    edit, reason = REFUSED[name]
    edited = edit(case)
    problems = edited.rt.validate()
    errors = problems[problems["severity"] != "info"]
    assert (errors["severity"] == "error").any()
    said = errors["message"] + "; " + errors["fix"]
    assert said.str.contains(reason, regex=True).any(), list(said)
    with pytest.raises(rtxr.errors.ConformanceError, match=reason):
        edited.rt.to_dicom(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_values_that_integers_cannot_hold_are_said_to_be_rounded(case):
    problems = case.assign(ct=case.ct * 1.3337 + 0.25).rt.validate()
    assert (problems["code"] == "values-rounded").any()
    assert not (case.assign(ct=case.ct + 1).rt.validate()["code"] == "values-rounded").any()


def test_a_dose_made_in_memory_is_one_of_the_case(case, tmp_path):
    case.assign(dose_2=case.dose / 2).rt.to_dicom(tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out")
    assert {"dose", "dose_2"} <= set(back.data_vars)
    assert len(set(back.rt.doses()["ReferencedRTPlan"])) == 1


def test_a_case_without_rois_has_no_structure_set(case, tmp_path):
    written = case.isel(roi=[]).rt.to_dicom(tmp_path / "out")
    assert "RT Structure Set" not in set(written["IOD"])


def test_a_case_without_structures_left_has_no_structure_set(case, tmp_path):
    written = case.rt.remove(list(case.roi.values)).rt.to_dicom(tmp_path / "out")
    assert "RT Structure Set" not in set(written["IOD"])


def test_a_moved_image_is_not_what_the_contours_were_drawn_on(case, tmp_path):
    case.drop_vars("mask").assign_coords(z=case.z + 3).rt.to_dicom(tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out")
    assert not back.contour_image_uid.astype(bool).any()


def test_variables_that_are_no_object_are_named(case):
    problems = case.assign(ratio=case.dose / 2).rt.validate()
    assert problems["message"].str.contains("'ratio' is no image or dose").any()


def test_a_chunked_case_stays_chunked_and_unread(case):
    chunked = case.chunk(z=4)
    assert chunked.ct.chunks is not None
    assert header_store.has_headers(chunked)
