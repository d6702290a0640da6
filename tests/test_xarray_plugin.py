"""The engine opens what ``rtxr.open_dir`` opens, as lazily."""

from __future__ import annotations

import factories as make
import pytest
import xarray as xr

import rtxr
from rtxr.read import planes
from rtxr.xarray_plugin import RtxrBackendEntrypoint


def test_the_engine_gives_the_same_dataset(phantom):
    one = xr.open_dataset(phantom, engine="rtxr")
    xr.testing.assert_identical(one.drop_vars("mask"), rtxr.open_dir(phantom).drop_vars("mask"))
    assert one.mask.sel(roi="PTV_70").any()


def test_a_folder_with_dicom_files_is_recognised(phantom, tmp_path):
    assert "ct" in xr.open_dataset(phantom)
    (tmp_path / "notes.txt").write_text("no images here")
    assert not RtxrBackendEntrypoint().guess_can_open(tmp_path)
    assert not RtxrBackendEntrypoint().guess_can_open(phantom / "RTPLAN.dcm")
    assert not RtxrBackendEntrypoint().guess_can_open(3)


def test_variables_can_be_left_out(phantom):
    assert "dose" not in xr.open_dataset(phantom, engine="rtxr", drop_variables="dose")


def test_chunks_make_dask_arrays_of_single_slices(phantom):
    assert xr.open_dataset(phantom, engine="rtxr", chunks={}).ct.chunks[0] == (1,) * 40


def test_opening_reads_no_pixels_and_a_slice_reads_one_file(phantom, monkeypatch):
    read = []
    original = planes.read_frames

    def counted(file, frames):
        read.append(file.path)
        return original(file, frames)

    monkeypatch.setattr(planes, "read_frames", counted)
    ds = xr.open_dataset(phantom, engine="rtxr")
    repr(ds), ds._repr_html_(), ds.rt.structures(), ds.rt.beams()
    assert read == []
    ds.ct.sel(z=0, method="nearest").load()
    assert len(read) == 1


def test_several_cases_ask_for_a_choice(phantom, tmp_path):
    folder = tmp_path / "two"
    rtxr.tutorial.phantom(folder / "a")
    rtxr.open_dir(phantom).drop_vars("mask").rt.to_dicom(folder / "b", uids="new")
    with pytest.raises(rtxr.errors.AmbiguousCaseError, match="case="):
        xr.open_dataset(folder, engine="rtxr")
    assert "ct" in xr.open_dataset(folder, engine="rtxr", case=2)


def test_all_cases_open_as_a_tree(phantom):
    tree = xr.open_datatree(phantom, engine="rtxr", drop_variables="dose")
    (leaf,) = tree.leaves
    assert leaf.path == f"/{rtxr.open_tree(phantom).leaves[0].path[1:]}"
    assert "dose" not in leaf
    assert leaf.to_dataset().mask.sel(roi="PTV_70").any()
    groups = xr.open_groups(phantom, engine="rtxr")
    xr.testing.assert_identical(
        groups[leaf.path].drop_vars("mask"), rtxr.open_dir(phantom).drop_vars("mask")
    )


def test_a_group_is_a_node_of_the_tree(phantom):
    tree = xr.open_datatree(phantom, engine="rtxr")
    (leaf,) = tree.leaves
    patient, study, case = leaf.path.strip("/").split("/")
    below = xr.open_datatree(phantom, engine="rtxr", group=f"/{patient}/")
    assert [node.path for node in below.leaves] == [f"/{study}/{case}"]
    alone = xr.open_datatree(phantom, engine="rtxr", group=leaf.path)
    xr.testing.assert_identical(
        alone.to_dataset().drop_vars("mask"), leaf.to_dataset().drop_vars("mask")
    )
    assert set(xr.open_groups(phantom, engine="rtxr", group=f"{patient}/{study}")) == {
        "/",
        f"/{case}",
    }
    with pytest.raises(rtxr.errors.UnknownNameError, match=f"no group 'x'.*{patient}/{study}"):
        xr.open_datatree(phantom, engine="rtxr", group="x")


def test_the_scaling_of_a_dose_can_be_given(tmp_path):
    source = make.dose()
    del source.DoseGridScaling
    make.write(tmp_path, source)
    ds = xr.open_dataset(tmp_path, engine="rtxr", dose_grid_scaling=0.02)
    assert float(ds.dose.max()) == 2.0
