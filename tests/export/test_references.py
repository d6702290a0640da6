"""Structure sets whose images are not written: references go to the slice in the same plane."""

from __future__ import annotations

from pathlib import Path

import factories as make
import numpy as np
import pydicom
import pytest
import xarray as xr

import rtxr

PHASES = [{"TemporalPositionIdentifier": n, "NumberOfTemporalPositions": 3} for n in (1, 2, 3)]


def write(folder: Path, drawn_on: slice = slice(0, None, 3)) -> Path:
    """A 4D-CT with a structure set on one phase, or on other slices, with plan and dose."""
    series = make.dynamic_series(PHASES)
    structures = make.structure_set(series[drawn_on])
    plan = make.plan(structures)
    make.write(folder, [*series, structures, plan, make.dose(plan, structures)])
    return folder


@pytest.fixture
def source(tmp_path) -> Path:
    return write(tmp_path / "source")


def mean(ds: xr.Dataset) -> xr.Dataset:
    return ds.assign(ct=ds.ct.mean("temporal_position"))


def read(folder: Path, modality: str) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.glob(f"{modality}_*.dcm"))]


def heights(folder: Path) -> dict[str, float]:
    return {ds.SOPInstanceUID: float(ds.ImagePositionPatient[2]) for ds in read(folder, "CT")}


def referred(structures: pydicom.Dataset) -> list[tuple[float, str]]:
    """Height and image of each contour; the image is empty where it names none."""
    return [
        (
            float(contour.ContourData[2]),
            *(image.ReferencedSOPInstanceUID for image in contour.get("ContourImageSequence", ())),
        )
        for contour in structures.ROIContourSequence[0].ContourSequence
    ]


def listed(structures: pydicom.Dataset) -> dict[str, list[str]]:
    """Images by series in Referenced Frame of Reference Sequence."""
    return {
        series.SeriesInstanceUID: [
            image.ReferencedSOPInstanceUID for image in series.ContourImageSequence
        ]
        for frame in structures.ReferencedFrameOfReferenceSequence
        for study in frame.get("RTReferencedStudySequence", ())
        for series in study.RTReferencedSeriesSequence
    }


def codes(table) -> list[str]:
    return sorted(each["code"] for each in table.attrs["findings"])


@pytest.mark.parametrize(
    "edit",
    [
        lambda ds: ds.sel(temporal_position=2),
        lambda ds: ds.sel(temporal_position=3, drop=True).drop_vars("ct_uid"),
        lambda ds: ds.sel(temporal_position=2).assign(ct=lambda each: each.ct * 2),
        lambda ds: ds.isel(temporal_position=[1, 2]),
        lambda ds: ds.drop_vars("ct_uid").isel(temporal_position=0),
        lambda ds: ds.rt.crop(x=(-3, 3)).sel(temporal_position=2),
        mean,
    ],
)
def test_contours_go_with_the_slice_in_their_plane(tmp_path, source, edit):
    edited = edit(rtxr.open_dir(source))
    table = edited.rt.to_dicom(tmp_path / "out")
    written = heights(tmp_path / "out")
    (structures,) = read(tmp_path / "out", "RTSTRUCT")
    assert [z for z, _ in referred(structures)] == [0, 3, 6, 9]
    assert all(written[uid] == z for z, uid in referred(structures))
    ((series, images),) = listed(structures).items()
    assert {series} == {ds.SeriesInstanceUID for ds in read(tmp_path / "out", "CT")}
    assert images == [uid for _, uid in referred(structures)]
    assert structures.SOPInstanceUID != make.uid("P1", "RTSTRUCT", "ss")
    assert "contour-image-replaced" in codes(table)
    assert "contour-image-gone" not in codes(table)
    back = rtxr.open_dir(tmp_path / "out")
    assert "contour-images-absent" not in set(back.rt.findings["code"])
    np.testing.assert_array_equal(back.node_z, edited.node_z)


def test_the_new_case_beside_the_old_one(tmp_path, source):
    mean(rtxr.open_dir(source)).rt.to_dicom(tmp_path / "out")
    index = rtxr.scan([source, tmp_path / "out"], progress=False)
    assert index.cases["slices"].tolist() == [12, 4]
    assert index.cases["doses"].tolist() == [1, 1]
    assert index.cases["lacks"].tolist() == ["", ""]
    assert set(index.findings["code"]) == {"several-images-at-one-position"}
    new = index.select(case=2).open()
    assert set(new.contour_image_uid.values) == set(new.ct_uid.values)


@pytest.mark.validators
def test_files_refer_to_each_other_only(tmp_path, validator, source):
    mean(rtxr.open_dir(source)).rt.to_dicom(tmp_path / "out")
    lines = validator.dcentvfy(tmp_path / "out")
    assert [line for line in lines if "referenced" in line] == []


def test_a_slice_that_is_not_written_takes_its_reference_along(tmp_path, source):
    table = rtxr.open_dir(source).sel(temporal_position=2, z=[3, 6]).rt.to_dicom(tmp_path / "out")
    (structures,) = read(tmp_path / "out", "RTSTRUCT")
    assert [len(each) for each in referred(structures)] == [1, 2, 2, 1]
    assert sum(map(len, listed(structures).values())) == 2
    messages = {each["code"]: each["message"] for each in table.attrs["findings"]}
    assert messages["contour-image-replaced"].startswith("2 contour(s)")
    assert messages["contour-image-gone"].startswith("2 contour(s)")


@pytest.mark.parametrize(
    ("shift", "found"), [(0.0, True), (0.009, True), (0.011, False), (1.0, False)]
)
def test_how_near_a_plane_is_the_same(tmp_path, source, shift, found):
    ds = mean(rtxr.open_dir(source))
    ds.assign_coords(z=ds.z + shift).rt.to_dicom(tmp_path / "out")
    (structures,) = read(tmp_path / "out", "RTSTRUCT")
    assert [len(each) for each in referred(structures)] == [1 + found] * 4


def test_an_image_that_was_moved_is_not_what_the_contours_were_drawn_on(tmp_path, source):
    ds = rtxr.open_dir(source).sel(temporal_position=1)
    table = ds.assign_coords(z=ds.z + 3).rt.to_dicom(tmp_path / "out")
    (structures,) = read(tmp_path / "out", "RTSTRUCT")
    assert [len(each) for each in referred(structures)] == [1] * 4
    assert listed(structures) == {}
    assert set(table["changed"][table["IOD"] == "CT Image"].str.partition(";")[0]) == {
        "moved to the position of another source slice",
        "not at the position of a source slice",
    }


def test_the_slice_that_was_named_counts_not_the_points(tmp_path):
    series = make.dynamic_series(PHASES)
    structures = make.structure_set(series[::3])
    for contour in structures.ROIContourSequence[0].ContourSequence:
        contour.ContourData = [
            x + 1 if at % 3 == 2 else x for at, x in enumerate(contour.ContourData)
        ]
    make.write(tmp_path / "source", [*series, structures])
    rtxr.open_dir(tmp_path / "source").sel(temporal_position=3).rt.to_dicom(tmp_path / "out")
    written = heights(tmp_path / "out")
    (new,) = read(tmp_path / "out", "RTSTRUCT")
    assert [(z, written[uid]) for z, uid in referred(new)] == [(1, 0), (4, 3), (7, 6), (10, 9)]


def test_all_phases_named_become_one_list(tmp_path):
    ds = rtxr.open_dir(write(tmp_path / "source", slice(None)))
    ds.sel(temporal_position=2).rt.to_dicom(tmp_path / "out")
    (structures,) = read(tmp_path / "out", "RTSTRUCT")
    ((_, images),) = listed(structures).items()
    assert sorted(images) == sorted(heights(tmp_path / "out"))
    assert len(referred(structures)) == 12


def test_references_that_nobody_could_follow_stay(tmp_path):
    series = make.dynamic_series(PHASES)
    elsewhere = make.ct_slice(99, 3.0, SeriesInstanceUID=series[0].SeriesInstanceUID)
    structures = make.structure_set([*series[::3], elsewhere])
    make.write(tmp_path / "source", [*series, structures])
    ds = rtxr.open_dir(tmp_path / "source")
    ds.sel(temporal_position=2).rt.to_dicom(tmp_path / "out")
    (new,) = read(tmp_path / "out", "RTSTRUCT")
    assert referred(new)[-1] == (3, elsewhere.SOPInstanceUID)
    assert listed(new)[series[0].SeriesInstanceUID][-1] == elsewhere.SOPInstanceUID


def test_a_complete_export_is_left_alone(tmp_path, source):
    table = rtxr.open_dir(source).rt.to_dicom(tmp_path / "out")
    assert (table["changed"][table["IOD"] != "RT Dose"] == "").all()
    (old,), (new,) = read(source, "RTSTRUCT"), read(tmp_path / "out", "RTSTRUCT")
    assert (referred(old), listed(old)) == (referred(new), listed(new))
