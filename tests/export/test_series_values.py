"""Windows that show nothing of edited values, and extremes of a series, are those of the values."""

from __future__ import annotations

from pathlib import Path

import factories as make
import numpy as np
import pydicom
import pytest
import xarray as xr

import rtxr


@pytest.fixture
def case(tmp_path) -> xr.Dataset:
    series = make.ct_series(3, WindowCenter=["40", "-30"], WindowWidth=["400", "100"])
    for number, ds in enumerate(series):
        ds.WindowCenterWidthExplanation = ["SOFT", "LUNG"]
        ds.SmallestPixelValueInSeries, ds.LargestPixelValueInSeries = 1001, 1003
        ds.SmallestImagePixelValue = ds.LargestImagePixelValue = 1001 + number
        values = np.full((4, 5), 1001 + number, np.int16)
        values[0, 0] += 200 * number
        ds.PixelData = values.tobytes()
    make.write(tmp_path / "in", series)
    return rtxr.open_dir(tmp_path / "in", progress=False)


def written(ds: xr.Dataset, folder: Path, **attributes: object) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in ds.rt.to_dicom(folder, **attributes)["path"]]


EDITS = {
    "nothing": (lambda ds: ds, False),
    "twice": (lambda ds: ds.assign(ct=ds.ct * 2), False),
    "crop": (lambda ds: ds.isel(x=slice(1, 4)), False),
    "0 to 1": (lambda ds: ds.assign(ct=(ds.ct + 23.0) / 402), True),
    "far off": (lambda ds: ds.assign(ct=ds.ct + 5000), True),
    "finer": (lambda ds: ds.assign(ct=ds.ct * 1e-4), True),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_window_stays_while_it_shows_something(tmp_path, case, name):
    edit, new = EDITS[name]
    ds = edit(case)
    found = written(ds, tmp_path / "out")
    assert len({str(each.WindowCenter) for each in found}) == 1
    for each in found:
        assert ("WindowCenterWidthExplanation" in each) != new
        if not new:
            assert list(each.WindowCenter) == [40, -30]
            continue
        low, high = float(ds.ct.min()), float(ds.ct.max())
        assert float(each.WindowCenter) == pytest.approx((low + high) / 2, rel=1e-6)
        assert float(each.WindowWidth) == pytest.approx(high - low, rel=1e-4)
        assert each.VOILUTFunction == ("LINEAR" if high - low >= 1 else "LINEAR_EXACT")


def test_the_caller_says_otherwise(tmp_path, case):
    ds = case.assign(ct=case.ct + 5000)
    found = written(ds, tmp_path / "out", WindowCenter=5000, WindowWidth=10)
    assert {(float(each.WindowCenter), float(each.WindowWidth)) for each in found} == {(5000, 10)}


@pytest.mark.parametrize("name", EDITS)
def test_extremes_are_those_of_the_pixels(tmp_path, case, name):
    found = written(EDITS[name][0](case), tmp_path / "out")
    if name == "nothing":
        assert {each.LargestPixelValueInSeries for each in found} == {1003}
        return
    arrays = [each.pixel_array for each in found]
    for each, array in zip(found, arrays, strict=True):
        own = (each.SmallestImagePixelValue, each.LargestImagePixelValue)
        assert own == (array.min(), array.max())
        series = [each.get(f"{end}PixelValueInSeries") for end in ("Smallest", "Largest")]
        same = len({(ds.get("RescaleSlope"), ds.PixelRepresentation) for ds in found}) == 1
        assert series == ([np.min(arrays), np.max(arrays)] if same else [None, None])
