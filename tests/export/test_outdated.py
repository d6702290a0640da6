"""What an edited object does not go on saying: signatures, overlays, icons, doses at points."""

from __future__ import annotations

from pathlib import Path

import factories as make
import numpy as np
import pandas as pd
import pydicom
import pytest
import xarray as xr
from iod.encoding.test_overlays import drawn, with_overlay
from iod.test_signatures import SIGNING, signature
from pydicom.dataset import Dataset

import rtxr

SHAPE = (7, 9)
CROSS = np.eye(7, 9, dtype=bool)


def pictures() -> list[Dataset]:
    """Three slices with an overlay and an icon each."""
    found = []
    for number in range(3):
        ds = with_overlay(CROSS)
        ds.SOPInstanceUID, ds.InstanceNumber = make.uid("slice", number), number + 1
        ds.ImagePositionPatient = [-4, -3, 3 * number]
        ds.IconImageSequence = [make.item(Rows=1, Columns=1, BitsAllocated=8)]
        found.append(ds)
    return found


def signed_case() -> list[Dataset]:
    objects = make.case()
    for ds in objects:
        for keyword, items in signature().items():
            setattr(ds, keyword, items)
    return objects


def opened(folder: Path, objects: list[Dataset]) -> xr.Dataset:
    make.write(folder / "in", objects)
    return rtxr.open_dir(folder / "in", progress=False)


def codes(table: pd.DataFrame) -> set[str]:
    return {each["code"] for each in table.attrs["findings"]}


def signed(table: pd.DataFrame) -> dict[str, bool]:
    """Whether the first file of each IOD is signed, by its IOD."""
    once = table.drop_duplicates("IOD")
    files = {
        iod: pydicom.dcmread(path) for iod, path in zip(once["IOD"], once["path"], strict=True)
    }
    return {iod: all(tag in ds for tag in SIGNING) for iod, ds in files.items()}


def test_signatures_stay_on_what_is_unchanged(tmp_path):
    ds = opened(tmp_path, signed_case())
    table = ds.rt.to_dicom(tmp_path / "same")
    # Items of the structure set and of the plan lack what the Standard asks for: they get it.
    assert not table["changed"].any()
    assert signed(table)["CT Image"]
    assert signed(table)["RT Dose"]
    table = ds.assign(dose=ds.dose * 2).rt.to_dicom(tmp_path / "edited")
    assert signed(table)["CT Image"]
    assert not signed(table)["RT Dose"]
    assert "signature-removed" in codes(table)


@pytest.mark.parametrize("options", [{"uids": "new"}, {"deidentify": True}, {"PatientID": "P2"}])
def test_signatures_do_not_hold_for_new_uids_and_values(tmp_path, options):
    ds = opened(tmp_path, signed_case())
    assert not any(signed(ds.rt.to_dicom(tmp_path / "out", **options)).values())


def test_a_sequence_that_is_completed_was_signed_too(tmp_path):
    structures = make.structure_set()
    structures.ROIContourSequence = [make.item(ReferencedROINumber=1)]
    for keyword, items in signature().items():
        setattr(structures, keyword, items)
    ds = opened(tmp_path, [structures])
    table = ds.rt.to_dicom(tmp_path / "out")
    assert not table["changed"].any()
    completed = any("ROI" in each["attribute"] for each in table.attrs["findings"])
    assert signed(table)["RT Structure Set"] is not completed


EDITS = {
    "values": (lambda ds: ds.assign(ct=ds.ct + 1), CROSS, "icon-removed"),
    "moved": (lambda ds: ds.assign_coords(x=ds.x + 2.5), CROSS, None),
    "crop": (lambda ds: ds.isel(x=slice(2, 8), y=slice(1, 5)), CROSS[1:5, 2:8], "overlay-cut"),
    "crop beside": (lambda ds: ds.isel(x=slice(7, 9)), CROSS[:, 7:9], "overlay-cut"),
    "resample": (lambda ds: ds.rt.resample((None, 1.0, 1.0)), None, "overlay-removed"),
    "every second": (lambda ds: ds.isel(x=slice(None, None, 2)), None, "overlay-removed"),
    "between": (lambda ds: ds.interp(z=[1.0, 4.0]), None, "overlay-removed"),
}


@pytest.mark.parametrize("name", EDITS)
def test_overlays_go_with_the_image(tmp_path, name):
    edit, wanted, code = EDITS[name]
    table = edit(opened(tmp_path, pictures())).rt.to_dicom(tmp_path / "out")
    assert table["changed"].all()
    assert code is None or code in codes(table)
    for path in table["path"]:
        ds = pydicom.dcmread(path)
        assert ("IconImageSequence" in ds) == (name == "moved")
        assert ((0x6000, 0x3000) in ds) == (wanted is not None)
        if wanted is not None:
            np.testing.assert_array_equal(drawn(ds, wanted.shape), wanted)


def test_nothing_is_lost_without_an_edit(tmp_path):
    ds = opened(tmp_path, pictures())
    table = ds.isel(z=[0, 2]).rt.to_dicom(tmp_path / "out")
    assert not table["changed"].any()
    assert not codes(table) & {"overlay-cut", "overlay-removed", "icon-removed"}
    for path in table["path"]:
        back = pydicom.dcmread(path)
        np.testing.assert_array_equal(drawn(back, SHAPE), CROSS)
        assert len(back.IconImageSequence) == 1


def with_points() -> list[Dataset]:
    """A case whose dose has a point and a line of its own, with their doses."""
    *others, dose = make.case()
    dose.StructureSetLabel, dose.StructureSetDate, dose.StructureSetTime = "Points", "", ""
    frame = dose.FrameOfReferenceUID
    drawn_on = {"POINT": [0, 0, 0], "OPEN_PLANAR": [0, 0, 0, 4, 0, 0]}
    dose.StructureSetROISequence = [
        make.item(ROINumber=n, ROIName=f"P{n}", ReferencedFrameOfReferenceUID=frame) for n in (1, 2)
    ]
    dose.ROIContourSequence = [
        make.item(
            ReferencedROINumber=number,
            ContourSequence=[make.item(ContourGeometricType=kind, ContourData=points)],
        )
        for number, (kind, points) in enumerate(drawn_on.items(), 1)
    ]
    dose.RTDoseROISequence = [
        make.item(ReferencedROINumber=n, DoseUnits="GY", DoseValue=0.5) for n in (1, 2)
    ]
    return [*others, dose]


POINTS = ("RTDoseROISequence", "StructureSetROISequence", "ROIContourSequence")


@pytest.mark.parametrize(
    ("edit", "stay"),
    [
        (lambda ds: ds, True),
        (lambda ds: ds.assign(ct=ds.ct + 1), True),
        (lambda ds: ds.assign(dose=ds.dose * 2), False),
        (lambda ds: ds.assign_coords(dose_x=ds.dose_x + 1), False),
        (lambda ds: ds.assign(dose=ds.rt.sum_doses(["dose"])), False),
    ],
)
def test_points_with_doses_go_with_their_dose(tmp_path, edit, stay):
    ds = opened(tmp_path, with_points())
    assert ds.roi.values.tolist() == ["Square"]  # those of the structure set only
    table = edit(ds).rt.to_dicom(tmp_path / "out")
    back = pydicom.dcmread(next((tmp_path / "out").glob("RTDOSE*")))
    assert [keyword in back for keyword in (*POINTS, "StructureSetLabel")] == [stay] * 4
    assert ("dose-points-removed" in codes(table)) is not stay
    if stay:
        assert [each.DoseValue for each in back.RTDoseROISequence] == [0.5, 0.5]
