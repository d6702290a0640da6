"""Dynamic series opened from files: leading dimensions, laziness, what is left of broken ones."""

from __future__ import annotations

import random
from pathlib import Path

import factories as make
import numpy as np
import pytest
from factories import save
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

import rtxr
from read.watching import files_decoded
from rtxr import model
from rtxr.errors import GeometryError, NotDicomError

PHASES = [{"TemporalPositionIdentifier": n} for n in (1, 2, 3)]
#: Value of each phase at each position, from the numbers of the slices (see ``make.ct_slice``).
VALUES = np.arange(1, 13).reshape(4, 3).T - 24


def write(folder: Path, objects) -> Path:
    random.Random(5).shuffle(objects)
    make.write(folder, objects)
    return folder


def codes(ds) -> list[str]:
    return [finding.code for finding in model.findings_of(ds)]


def file_of(folder: Path, uid: str) -> Path:
    index = rtxr.scan(folder, progress=False)
    return Path(index.table.set_index("SOPInstanceUID").loc[uid, "path"])


def test_phases_come_first_and_are_never_mixed(tmp_path):
    series = make.dynamic_series(PHASES)
    uids = {int(ds.InstanceNumber): ds.SOPInstanceUID for ds in series}
    ds = rtxr.open_dir(write(tmp_path, series))
    assert ds.ct.dims == ("temporal_position", "z", "y", "x")
    assert ds.ct.shape == (3, 4, 4, 5)
    assert ds.temporal_position.values.tolist() == [1, 2, 3]
    assert ds.temporal_position.attrs == {"long_name": "TemporalPositionIdentifier"}
    assert ds.ct_uid.dims == ("temporal_position", "z")
    np.testing.assert_array_equal(ds.ct, np.broadcast_to(VALUES[..., None, None], ds.ct.shape))
    assert ds.ct_uid.sel(temporal_position=2, z=6).item() == uids[8]
    assert codes(ds) == ["several-images-at-one-position"]
    assert model.leading_dims(ds.ct) == ["temporal_position"]
    assert model.grid_of(ds).shape == (4, 4, 5)


def test_only_the_planes_asked_for_are_read(tmp_path, monkeypatch):
    ds = rtxr.open_dir(write(tmp_path, make.dynamic_series(PHASES)))
    read = files_decoded(monkeypatch)
    assert repr(ds)
    assert read == []
    plane = ds.ct.sel(temporal_position=3, z=3.0)
    assert plane.isel(y=0, x=0).item() == VALUES[2, 1]
    assert len(read) == 1
    ds.ct.isel(temporal_position=slice(None, None, -2), z=[1, 3]).load()
    assert len(read) == 5
    assert ds.ct.encoding["preferred_chunks"] == {"temporal_position": 1, "z": 1}


def test_chunks_and_operations(tmp_path):
    ds = rtxr.open_dir(write(tmp_path, make.dynamic_series(PHASES)), chunks={})
    assert ds.ct.chunks == ((1, 1, 1), (1, 1, 1, 1), (4,), (5,))
    np.testing.assert_array_equal(
        ds.ct.mean("temporal_position").isel(y=0, x=0), VALUES.mean(axis=0)
    )
    backwards = ds.isel(temporal_position=slice(None, None, -1), z=[2, 0])
    np.testing.assert_array_equal(backwards.ct.isel(y=0, x=0), VALUES[::-1][:, [2, 0]])


@pytest.mark.parametrize("order", ["up", "down"])
def test_positions_of_every_label_with_slices_of_any_order(tmp_path, order):
    cosines = [1, 0, 0, 0, -1, 0] if order == "down" else make.AXIAL  # normal to the feet
    series = make.dynamic_series(PHASES, ImageOrientationPatient=cosines)
    for number, ds in enumerate(series):
        values = np.arange(20, dtype=np.int16).reshape(4, 5) + 100 * number
        ds.PixelData = values.tobytes()
    ds = rtxr.open_dir(write(tmp_path, series))
    assert ds.z.values.tolist() == [0, 3, 6, 9]
    rows = slice(None, None, -1) if order == "down" else slice(None)
    for phase in range(3):
        for z in range(4):
            stored = np.arange(20).reshape(4, 5)[rows] + 100 * (3 * z + phase) - 1024
            np.testing.assert_array_equal(ds.ct[phase, z], stored)


def test_oblique_series(tmp_path):
    turn = np.radians(20)
    cosines = [np.cos(turn), np.sin(turn), 0, -np.sin(turn), np.cos(turn), 0]
    series = make.dynamic_series(
        PHASES, ImageOrientationPatient=[float(f"{value:.12g}") for value in cosines]
    )
    ds = rtxr.open_dir(write(tmp_path, series))
    assert ds.ct.dims == ("temporal_position", "slice", "row", "column")
    assert ds.ct_uid.dims == ("temporal_position", "slice")
    np.testing.assert_array_equal(ds.ct.isel(row=0, column=0), VALUES)


def test_echoes_by_temporal_positions_with_a_rescale_of_each_slice(tmp_path):
    labels = [
        {"EchoNumbers": echo, "TemporalPositionIdentifier": phase}
        for phase in (1, 2)
        for echo in (1, 2)
    ]
    series = make.dynamic_series(labels, count=3, Modality="PT")
    for ds in series:
        ds.RescaleSlope, ds.RescaleIntercept = 0.5 * int(ds.InstanceNumber), 0
    ds = rtxr.open_dir(write(tmp_path, series))
    assert ds.ct.dims == ("temporal_position", "echo", "z", "y", "x")
    number = np.arange(1, 13).reshape(3, 2, 2).transpose(1, 2, 0)
    np.testing.assert_array_equal(ds.ct.isel(y=0, x=0), (1000 + number) * 0.5 * number)


def test_compressed_and_plain_files_in_one_series(tmp_path):
    for number, ds in enumerate(make.dynamic_series(PHASES)):
        if number % 2:
            ds.file_meta = make.FileMetaDataset()
            ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            ds.compress(RLELossless, generate_instance_uid=False)
            del ds.file_meta
            save(tmp_path / str(number), ds, syntax=RLELossless)
        else:
            save(tmp_path / str(number), ds)
    ds = rtxr.open_dir(tmp_path)
    np.testing.assert_array_equal(ds.ct.isel(y=3, x=4), VALUES)


def test_labels_are_numbers_texts_and_units(tmp_path):
    times = [{"EchoTime": 2.5}, {"EchoTime": 5.0}]
    ds = rtxr.open_dir(write(tmp_path / "a", make.dynamic_series(times)))
    assert ds.echo_time.values.tolist() == [2.5, 5.0]
    assert ds.echo_time.attrs == {"long_name": "EchoTime", "units": "ms"}
    kinds = [{"ImageType": ["ORIGINAL", "PRIMARY", kind]} for kind in "PM"]
    ds = rtxr.open_dir(write(tmp_path / "b", make.dynamic_series(kinds)))
    assert ds.image_type.dtype.kind == "U"
    np.testing.assert_array_equal(
        ds.ct.sel(image_type="ORIGINAL\\PRIMARY\\M").isel(y=0, x=0), [-22, -20, -18, -16]
    )
    steps = [{"AcquisitionTime": time} for time in ("101010", "101020")]
    series = make.dynamic_series(steps)
    for ds in series:
        ds.AcquisitionTime = f"{int(ds.AcquisitionTime) + int(ds.InstanceNumber)}"
    ds = rtxr.open_dir(write(tmp_path / "c", series))
    assert ds.time_step.values.tolist() == [0, 1]
    assert ds.time_step.attrs == {"long_name": "order of AcquisitionTime"}


@pytest.mark.parametrize("harm", ["gone", "garbled", "no pixels", "no position"])
def test_a_file_that_fails_when_opened_costs_its_label(tmp_path, harm):
    series = make.dynamic_series(PHASES)
    broken = series[7]  # phase 2 at z = 6
    index = rtxr.scan(write(tmp_path, series), progress=False)
    path = file_of(tmp_path, broken.SOPInstanceUID)
    if harm == "gone":
        path.unlink()
    elif harm == "garbled":
        path.write_bytes(b"no longer DICOM")
    else:
        delattr(broken, "PixelData" if harm == "no pixels" else "ImagePositionPatient")
        save(path, broken)
    ds = index.open()
    assert ds.temporal_position.values.tolist() == [1, 3]
    np.testing.assert_array_equal(ds.ct.isel(y=0, x=0), VALUES[[0, 2]])
    assert "incomplete-label" in codes(ds)
    with pytest.raises(GeometryError, match="label"):
        index.open(on_irregular="raise")


def test_even_dynamic_series_are_not_irregular(tmp_path):
    folder = write(tmp_path, make.dynamic_series(PHASES))
    assert rtxr.open_dir(folder, on_irregular="raise").sizes["temporal_position"] == 3


def test_nothing_left_to_read(tmp_path):
    index = rtxr.scan(write(tmp_path, make.dynamic_series(PHASES)), progress=False)
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(NotDicomError, match="none of the 12 files of the image can be read"):
        index.open()
