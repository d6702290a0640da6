from __future__ import annotations

import pickle

import numpy as np
import pytest
import xarray as xr
from factories import dose, item, plan, save

from read.positions import ORIENTATIONS, naive_position
from rtxr import header_store, model
from rtxr.errors import GeometryError, MissingDataError, PixelDecodeError
from rtxr.read import planes, rt_dose
from rtxr.read.dose_grid import frame_offsets, frame_positions
from rtxr.read.headers import read_header

SHAPE = (3, 4, 5)
CODES = np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE)


def coded(offsets=(0, 3, 6), orientation=(1, 0, 0, 0, 1, 0), **elements):
    ds = dose(**elements)
    ds.NumberOfFrames, ds.Rows, ds.Columns = SHAPE
    ds.GridFrameOffsetVector = list(offsets)
    ds.ImageOrientationPatient = list(orientation)
    ds.ImagePositionPatient, ds.PixelSpacing = [11, -7, 30], [1.5, 2.0]
    ds.DoseGridScaling, ds.PixelData = 0.25, CODES.tobytes()
    return ds


def opened(folder, ds, **how) -> tuple[xr.Dataset, dict[str, str]]:
    folder.mkdir(exist_ok=True)
    part = rt_dose.read_dose(read_header(save(folder / "dose", ds)), **how)
    findings = {finding.code: finding.message for finding in part.findings}
    coords = {**part.coords, **header_store.pack(part.records)}
    return xr.Dataset(part.data_vars, coords), findings


def assert_dose_is_where_the_standard_says(ds, source, relative):
    grid = model.grid_of(ds, "dose")
    stored = list(np.ndindex(SHAPE))
    located = [naive_position(source, r, c, relative[k]) for k, r, c in stored]
    at = grid.fractional_index(located)
    index = np.round(at).astype(int)
    np.testing.assert_allclose(at, index, atol=1e-6)
    np.testing.assert_array_equal(
        ds.dose.transpose(*grid.dims).values[tuple(index.T)],
        [0.25 * CODES[each] for each in stored],
    )


@pytest.mark.parametrize("offsets", [(0, 3, 6), (0, -3, -6), (0, 1, 7)])
@pytest.mark.parametrize("name", ORIENTATIONS)
def test_dose_is_where_the_standard_says(tmp_path, name, offsets):
    source = coded(offsets, ORIENTATIONS[name])
    ds, findings = opened(tmp_path, source)
    assert ds.dose.dims == ("dose_z", "dose_y", "dose_x")
    assert findings == {}
    assert_dose_is_where_the_standard_says(ds, source, offsets)


@pytest.mark.parametrize("name", ["HFS", "HFP", "FFS", "FFP"])
def test_absolute_offsets_are_patient_z(tmp_path, name):
    source = coded((30, 27, 24), ORIENTATIONS[name])
    ds, findings = opened(tmp_path, source)
    assert findings == {}
    assert ds.dose_z.values.tolist() == [24, 27, 30]
    for z, frame in ((30, 0), (24, 2)):
        assert float(ds.dose.sel(dose_z=z, dose_x=11, dose_y=-7)) == 0.25 * CODES[frame, 0, 0]


def test_offsets_of_neither_kind_are_relative_to_the_first(tmp_path):
    source = coded((5, 8, 11))
    ds, findings = opened(tmp_path, source)
    assert "begins neither with 0 nor" in findings["frame-offsets-odd"]
    assert_dose_is_where_the_standard_says(ds, source, (0, 3, 6))
    source = coded((30, 33, 36), ORIENTATIONS["sagittal"])  # absolute z means nothing there
    assert "frame-offsets-odd" in opened(tmp_path, source)[1]


def test_directions_that_are_none_are_told(tmp_path):
    _, findings = opened(tmp_path, coded(orientation=[1, 0, 0, 0, 1.01, 0]))
    assert "unit length" in findings["direction-cosines"]


def test_oblique_dose_goes_through_the_matrix(tmp_path):
    turn = np.radians(10)
    source = coded(orientation=[np.cos(turn), np.sin(turn), 0, -np.sin(turn), np.cos(turn), 0])
    source.ImageOrientationPatient = [float(f"{v:.12g}") for v in source.ImageOrientationPatient]
    ds, _ = opened(tmp_path, source)
    assert ds.dose.dims == ("dose_slice", "dose_row", "dose_column")
    assert_dose_is_where_the_standard_says(ds, source, (0, 3, 6))


@pytest.mark.parametrize("vector", ["one value", "none"])
@pytest.mark.parametrize("count", [True, False])
def test_single_frame(tmp_path, vector, count):
    source = coded([0])
    source.PixelData, source.NumberOfFrames = CODES[0].tobytes(), 1
    if vector == "none":
        del source.GridFrameOffsetVector
    if not count:
        del source.NumberOfFrames
    ds, findings = opened(tmp_path, source)
    assert findings == {}
    assert ds.dose.shape == (1, 4, 5)
    assert float(ds.dose_z[0]) == 30


def test_coronal_plane(tmp_path):
    source = coded([0], ORIENTATIONS["coronal"])
    source.PixelData, source.NumberOfFrames = CODES[0].tobytes(), 1
    ds, _ = opened(tmp_path, source)
    assert ds.dose.shape == (4, 1, 5)
    assert ds.dose_z.values.tolist() == [25.5, 27, 28.5, 30]
    assert float(ds.dose.sel(dose_x=13, dose_z=28.5, dose_y=-7)) == 0.25 * CODES[0, 1, 1]


def test_missing_offsets_are_slice_thicknesses(tmp_path):
    source = coded(SliceThickness=4)
    del source.GridFrameOffsetVector
    ds, findings = opened(tmp_path, source)
    assert ds.dose_z.values.tolist() == [30, 34, 38]
    assert "frame-offsets-missing" in findings
    del source.SliceThickness
    with pytest.raises(GeometryError, match="neither"):
        opened(tmp_path, source)


@pytest.mark.parametrize(
    ("stated", "offsets", "held", "frames"),
    [(3, 3, 2, 2), (3, 2, 3, 2), (2, 3, 3, 2), (5, 3, 3, 3)],
)
def test_counts_that_disagree_are_findings(tmp_path, stated, offsets, held, frames):
    source = coded(range(0, 3 * offsets, 3))
    source.NumberOfFrames, source.PixelData = stated, CODES[:held].tobytes()
    ds, findings = opened(tmp_path, source)
    assert ds.sizes["dose_z"] == frames
    assert f"says {stated}" in findings["frame-count-mismatch"]
    np.testing.assert_array_equal(ds.dose.values, 0.25 * CODES[:frames])


def test_number_of_frames_absent_but_offsets_present(tmp_path):
    source = coded()
    del source.NumberOfFrames
    ds, findings = opened(tmp_path, source)
    assert findings == {}
    np.testing.assert_array_equal(ds.dose.values, 0.25 * CODES)


@pytest.mark.parametrize("kind", ["u2", "u4", "i2", "i4"])
def test_gray_is_stored_times_scaling_in_float64(tmp_path, kind):
    info = np.iinfo(kind)
    values = np.array([[[info.min, 1], [info.max, info.max - 1]]], dtype=kind)
    source = coded([0])
    source.NumberOfFrames, source.Rows, source.Columns = values.shape
    source.BitsAllocated = source.BitsStored = 8 * info.dtype.itemsize
    source.HighBit = source.BitsStored - 1
    source.PixelRepresentation = int(kind[0] == "i")
    source.DoseGridScaling, source.PixelData = "1.4e-5", values.tobytes()
    ds, _ = opened(tmp_path, source)
    assert ds.dose.dtype == np.float64
    np.testing.assert_array_equal(ds.dose.values, values * 1.4e-5)
    np.testing.assert_array_equal(np.round(ds.dose.values / 1.4e-5).astype(np.int64), values)


def test_only_frames_asked_for_are_read(tmp_path, monkeypatch):
    ds, _ = opened(tmp_path, coded())
    asked = []
    real = planes.read_frames
    monkeypatch.setattr(
        planes, "read_frames", lambda file, n: (asked.append(list(n)), real(file, n))[1]
    )
    assert repr(ds)
    assert asked == []
    ds.dose.isel(dose_z=[0, 2]).load()
    assert asked == [[0, 2]]


def test_missing_scaling_asks_for_it(tmp_path):
    source = coded()
    del source.DoseGridScaling
    ds, findings = opened(tmp_path, source)
    assert set(findings) == {"dose-scaling-missing"}
    for values in (ds.dose, pickle.loads(pickle.dumps(ds)).dose.isel(dose_z=0)):
        with pytest.raises(MissingDataError, match=r"\(3004,000E\) DoseGridScaling.*drop_vars"):
            _ = values.values


def test_a_scaling_is_taken_only_where_there_is_none(tmp_path):
    source = coded()
    ds, findings = opened(tmp_path, source, scaling=3.0)
    assert findings == {}
    np.testing.assert_array_equal(ds.dose, 0.25 * CODES)
    del source.DoseGridScaling
    source.DoseUnits = "CGY"
    ds, findings = opened(tmp_path, source, scaling=3.0)
    np.testing.assert_array_equal(ds.dose, 0.03 * CODES)
    assert "3 was taken, as told" in findings["dose-scaling-given"]


@pytest.mark.parametrize("scaling", [0, -0.5])
def test_a_scaling_that_is_not_above_0_is_told(tmp_path, scaling):
    source = coded()
    source.DoseGridScaling = scaling
    ds, findings = opened(tmp_path, source)
    assert "is not above 0" in findings["dose-scaling-odd"]
    np.testing.assert_array_equal(ds.dose, scaling * CODES)


@pytest.mark.parametrize(
    ("stored", "units", "severity"),
    [
        ("GY", "Gy", None),
        ("", "Gy", "info"),
        ("GRAY", "Gy", "info"),
        ("GYS", "Gy", "info"),
        ("RELATIVE", "1", "warning"),
        ("PERCENT", "%", "warning"),
    ],
)
def test_units(tmp_path, stored, units, severity):
    source = coded()
    source.DoseUnits = stored
    part = rt_dose.read_dose(read_header(save(tmp_path / "x", source)))
    assert part.data_vars["dose"].attrs["units"] == units
    assert part.data_vars["dose"].attrs["DoseUnits"] == stored
    assert [each.severity for each in part.findings] == ([severity] if severity else [])
    assert all(each.uid == source.SOPInstanceUID and each.path for each in part.findings)


def test_centigray_become_gray(tmp_path):
    gray, _ = opened(tmp_path / "gray", coded())
    source = coded()
    source.DoseUnits = "CGY"
    centi, _ = opened(tmp_path / "centi", source)
    assert centi["dose"].attrs["units"] == "Gy"
    assert centi["dose"].attrs["DoseUnits"] == "GY"
    np.testing.assert_allclose(centi["dose"].values, gray["dose"].values / 100, rtol=1e-14)
    (finding,) = rt_dose.read_dose(read_header(save(tmp_path / "x", source))).findings
    assert (finding.code, finding.severity) == ("dose-units", "warning")
    assert "divided by 100" in finding.message


@pytest.mark.parametrize(
    ("keyword", "told"),
    [
        ("ImagePositionPatient", r"\(0020,0032\) ImagePositionPatient must hold 3"),
        ("ImageOrientationPatient", r"\(0020,0037\) ImageOrientationPatient must hold 6"),
        ("PixelSpacing", r"\(0028,0030\) PixelSpacing must hold 2"),
    ],
)
def test_dose_without_a_place(tmp_path, keyword, told):
    source = coded()
    delattr(source, keyword)
    with pytest.raises(GeometryError, match=told):
        opened(tmp_path, source)


def test_frames_in_no_order(tmp_path):
    with pytest.raises(GeometryError, match="not in order"):
        opened(tmp_path, coded((0, 6, 3)))


def test_header_without_grid(tmp_path):
    source = coded()
    source.PixelData = b""
    header = read_header(save(tmp_path / "x", source))
    assert not rt_dose.has_grid(header)
    with pytest.raises(PixelDecodeError, match="absent or empty"):
        rt_dose.read_dose(header)


def test_positions_and_offsets_by_themselves(tmp_path):
    at, findings = frame_positions(
        np.array([1.0, 2.0, 3.0]), np.array([1.0, 0, 0, 0, 1, 0]), np.array([0.0, -2.0])
    )
    assert at.tolist() == [[1, 2, 3], [1, 2, 1]]
    assert findings == []
    offsets, _ = frame_offsets(read_header(save(tmp_path / "x", coded())), held=3)
    assert offsets.tolist() == [0, 3, 6]


def test_second_dose_shares_the_grid_only_if_it_is_the_same(tmp_path):
    first, _ = opened(tmp_path, coded())
    grid = model.grid_of(first, "dose")
    same, _ = opened(tmp_path, coded((0, 3, 6)), name="dose_2", shared=grid)
    assert same.dose_2.dims == ("dose_z", "dose_y", "dose_x")
    assert "dose_2_uid" in same.coords
    assert "dose_2_spatial_ref" not in same.coords
    other, _ = opened(tmp_path, coded((0, 3, 6.5)), name="dose_2", shared=grid)
    assert other.dose_2.dims == ("dose_2_z", "dose_2_y", "dose_2_x")
    frame = coded()
    frame.FrameOfReferenceUID = "1.2.3"
    elsewhere, _ = opened(tmp_path, frame, name="dose_2", shared=grid)
    assert elsewhere.dose_2.dims[0] == "dose_2_z"


def test_table_of_doses(tmp_path):
    source = coded(DoseSummationType="BEAM")
    beam = item(ReferencedBeamNumber=4)
    group = item(ReferencedFractionGroupNumber=2, ReferencedBeamSequence=[beam])
    planned = plan()
    source.ReferencedRTPlanSequence = [
        item(
            ReferencedSOPInstanceUID=planned.SOPInstanceUID, ReferencedFractionGroupSequence=[group]
        )
    ]
    ds, _ = opened(tmp_path, source)
    table = rt_dose.doses(ds)
    row = table.loc["dose"]
    assert table.index.name == "name"
    assert row.DoseSummationType == "BEAM"
    assert row.DoseUnits == "GY"
    assert row.ReferencedRTPlan == planned.SOPInstanceUID
    assert row.ReferencedFractionGroupNumber == (2,)
    assert row.ReferencedBeamNumber == (4,)
    assert row["shape"] == SHAPE
    assert row.spacing == (3.0, 1.5, 2.0)
    assert row.SOPInstanceUID == source.SOPInstanceUID
    assert rt_dose.doses(ds.isel(dose_z=1)).loc["dose", "shape"] == (1, 4, 5)
    assert len(rt_dose.doses(xr.Dataset())) == 0
