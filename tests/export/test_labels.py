"""What an image made of several phases says about phases."""

from __future__ import annotations

from pathlib import Path

import factories as make
import pydicom
import pytest
import xarray as xr
from pydicom.uid import MRImageStorage, PositronEmissionTomographyImageStorage

import rtxr
from rtxr import model
from rtxr.export.labels import relabelled, unclaimed
from rtxr.iod.build import DELETE
from rtxr.iod.tables import IODS

PHASES = [
    {
        "TemporalPositionIdentifier": n,
        "NumberOfTemporalPositions": 3,
        "NominalPercentageOfRespiratoryPhase": 30.0 * n,
        "AcquisitionNumber": n,
        "AcquisitionTime": f"10101{n}",
        "KVP": 120,
    }
    for n in (1, 2, 3)
]


@pytest.fixture
def case(tmp_path):
    make.write(tmp_path / "source", make.dynamic_series(PHASES))
    return rtxr.open_dir(tmp_path / "source")


def first(folder: Path) -> pydicom.Dataset:
    return pydicom.dcmread(sorted(folder.glob("CT_*.dcm"))[0])


def test_a_mean_claims_no_phase(tmp_path, case):
    mean = case.assign(ct=case.ct.mean("temporal_position"))
    table = mean.rt.to_dicom(tmp_path / "out")
    ds = first(tmp_path / "out")
    for keyword in (
        "TemporalPositionIdentifier",
        "NumberOfTemporalPositions",
        "NominalPercentageOfRespiratoryPhase",
        "AcquisitionTime",
    ):
        assert keyword not in ds
    assert ds.AcquisitionNumber is None
    assert ds["AcquisitionNumber"].is_empty  # type 2 in CT Image
    assert ds.KVP == 120
    assert ds.ImageType[0] == "DERIVED"
    (changed,) = set(table["changed"])
    assert changed.startswith(
        "none of the 3 source slices at its position; its labels are removed: "
        "TemporalPositionIdentifier, "
    )
    assert ds.DerivationDescription == changed
    (finding,) = (f for f in table.attrs["findings"] if f["code"] == "label-removed")
    assert "(0020,0100) TemporalPositionIdentifier" in finding["message"]
    assert rtxr.open_dir(tmp_path / "out").ct.dims == ("z", "y", "x")


@pytest.mark.parametrize(
    "edit",
    [
        lambda ds: ds.sel(temporal_position=2),
        lambda ds: ds.sel(temporal_position=2, drop=True),
        lambda ds: ds.sel(temporal_position=2).assign(ct=lambda each: each.ct * 2),
        lambda ds: ds.sel(temporal_position=2).interp(z=[1.5, 4.5]),
        lambda ds: ds.sel(temporal_position=2).drop_vars("ct_uid"),
        lambda ds: ds.sel(temporal_position=2).assign_coords(z=lambda each: each.z + 1),
    ],
)
def test_one_phase_stays_that_phase(tmp_path, case, edit):
    table = edit(case).rt.to_dicom(tmp_path / "out")
    ds = first(tmp_path / "out")
    assert (ds.TemporalPositionIdentifier, ds.NumberOfTemporalPositions) == (2, 3)
    assert (ds.AcquisitionNumber, ds.AcquisitionTime) == (2, "101012")
    assert not {each["code"] for each in table.attrs["findings"]} & {"label-removed", "label-kept"}


def test_a_phase_that_nobody_can_tell_is_not_claimed(tmp_path, case):
    unknown = case.sel(temporal_position=2, drop=True).drop_vars("ct_uid").interp(z=[1.5, 4.5])
    table = unknown.rt.to_dicom(tmp_path / "out")
    assert "TemporalPositionIdentifier" not in first(tmp_path / "out")
    assert table["changed"].str.startswith("not at the position of a source slice; its ").all()


def test_one_of_two_labels_goes(tmp_path):
    labels = [
        {"TemporalPositionIdentifier": phase, "EchoNumbers": echo, "EchoTime": 10.0 * echo}
        for phase in (1, 2)
        for echo in (1, 2)
    ]
    of_mr = {"Modality": "MR", "SOPClassUID": MRImageStorage}
    make.write(tmp_path / "source", make.dynamic_series(labels, count=2, **of_mr))
    case = rtxr.open_dir(tmp_path / "source")
    case.assign(mr=case.mr.mean("echo")).rt.to_dicom(tmp_path / "out")
    found = [pydicom.dcmread(path) for path in sorted((tmp_path / "out").glob("MR_*.dcm"))]
    assert [ds.TemporalPositionIdentifier for ds in found] == [1, 1, 2, 2]
    assert all("EchoNumbers" not in ds and ds["EchoTime"].is_empty for ds in found)


def test_slices_known_by_position_alone_lose_nothing(tmp_path):
    make.write(tmp_path / "source", make.ct_series(3, AcquisitionNumber=4))
    table = rtxr.open_dir(tmp_path / "source").drop_vars("ct_uid").rt.to_dicom(tmp_path / "out")
    assert set(table["changed"]) == {
        "at the position of a source slice, but not known as it by SOPInstanceUID"
    }
    assert first(tmp_path / "out").AcquisitionNumber == 4


def test_what_must_be_there_stays_and_is_told():
    twins = [
        make.ct_slice(
            n,
            0.0,
            Modality="PT",
            SOPClassUID=PositronEmissionTomographyImageStorage,
            FrameReferenceTime=1000.0 * n,
            TriggerTime=5.0 * n,
            AcquisitionTime=f"10101{n}",
            AcquisitionDateTime=f"2020010110101{n}",
        )
        for n in (1, 2)
    ]
    values, (removed, kept) = unclaimed(twins[0], twins, IODS["PT"])
    assert values == {"AcquisitionTime": None, "AcquisitionDateTime": DELETE}
    assert (removed.code, removed.severity) == ("label-removed", "info")
    assert (kept.code, kept.severity) == ("label-kept", "warning")
    assert "to_dicom(..., TriggerTime=...)" in kept.message
    assert unclaimed(twins[0], twins[:1], IODS["PT"]) == ({}, [])


def test_labels_given_in_memory_are_written(tmp_path, case):
    moved = case.assign_coords(temporal_position=[7, 8, 9])
    table = moved.rt.to_dicom(tmp_path / "out")
    assert set(table["changed"]) == {"recomputed: TemporalPositionIdentifier"}
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    assert back.temporal_position.values.tolist() == [7, 8, 9]
    assert back.ct.equals(moved.ct.assign_coords(ct_uid=back.ct_uid))
    moved.isel(temporal_position=1).rt.to_dicom(tmp_path / "one")
    assert first(tmp_path / "one").TemporalPositionIdentifier == 8


def test_labels_that_an_attribute_cannot_hold_are_told(case):
    table = case.assign_coords(temporal_position=[0.5, 2, 3]).rt.validate()
    (message,) = table["message"][table["code"] == "label-not-written"]
    assert "(0020,0100) TemporalPositionIdentifier" in message
    for ds in (case, case.isel(temporal_position=1), case.isel(temporal_position=[2, 0])):
        assert "label-not-written" not in set(ds.rt.validate()["code"])


@pytest.mark.parametrize(
    ("keyword", "label", "value"),
    [
        ("EchoTime", 3.5, 3.5),
        ("DiffusionBValue", 400, 400.0),
        ("EchoTime", "late", None),
        ("AcquisitionNumber", 3.0, 3),
        ("AcquisitionNumber", 3.5, None),
        ("ImageType", "ORIGINAL\\PRIMARY", ["ORIGINAL", "PRIMARY"]),
        ("AcquisitionTime", "101010", "101010"),
    ],
)
def test_labels_as_values(keyword, label, value):
    header = pydicom.Dataset()
    setattr(header, keyword, 1 if keyword[0] in "ED" else "9")
    dim, _ = model.LEADING[keyword]
    values, told = relabelled(xr.DataArray(0, coords={dim: label}), header)
    assert values == ({} if value is None else {keyword: value})
    assert bool(told) == (value is None)
