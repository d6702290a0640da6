"""Standardized uptake values against closed forms, of tiny PET series and a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import factories as make
import numpy as np
import pytest
from pydicom.dataset import Dataset

import rtxr
from read.pet_series import (
    ABSENT,
    ACTIVITY,
    DOSE,
    FULL,
    HALF_LIFE,
    ISOTOPE,
    SERIES,
    WEIGHT,
    codes,
    message,
    of_slices,
    opener,
    pet,
)
from read.positions import ORIENTATIONS
from rtxr import model
from rtxr.errors import ConflictingDataError, MissingDataError, UnknownNameError
from rtxr.geometry import Grid
from rtxr.read import planes
from rtxr.read.suv.uptake import suv


@pytest.fixture
def opened(tmp_path: Path):
    return opener(tmp_path)


# --- activity to SUV ---------------------------------------------------------------------------
def test_dose_decays_to_the_start_of_the_series(opened):
    ds = opened(pet())
    found = suv(ds)
    np.testing.assert_allclose(of_slices(found), 2 * FULL * ACTIVITY, rtol=1e-6)
    assert (found.dims, found.name) == (ds.pt.dims, "suv")
    assert found.dtype == np.float32
    assert found.attrs["units"] == "g/mL"
    assert found.attrs["SUVType"] == "BW"
    assert found.attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)
    assert found.attrs["decay_reference"] == "SeriesTime"
    assert codes(found) == ["suv-injection-date"]
    assert model.grid_of(found).same_as(model.grid_of(ds))


def test_administration_leaves_the_dose_as_it_was_given(opened):
    ds = opened(pet(DecayCorrection="ADMIN"))
    np.testing.assert_allclose(of_slices(suv(ds)), FULL * ACTIVITY, rtol=1e-6)
    assert codes(suv(ds)) == []


def test_start_date_and_time_count_before_the_clock(opened):
    ds = opened(pet({"RadiopharmaceuticalStartDateTime": "20200102082000.00+0100"}))
    found = suv(ds)  # two half-lives
    assert found.attrs["factor"] == pytest.approx(4 * FULL, rel=1e-12)
    assert codes(found) == []


def test_uncorrected_slices_decay_each_to_the_mean_of_its_frame(opened):
    begun = ["114000", "121320", "132000"]  # one half-life, a third more, two
    ds = opened(
        pet(
            DecayCorrection="NONE",
            CorrectedImage=["ATTN"],
            AcquisitionTime=lambda at: begun[at],
            ActualFrameDuration=600_000,
        )
    )
    rate = np.log(2) / HALF_LIFE
    inside = np.log(rate * 600 / (1 - np.exp(-rate * 600))) / rate
    halves = (np.array([6000, 8000, 12000]) + inside) / HALF_LIFE
    found = suv(ds)
    np.testing.assert_allclose(of_slices(found), FULL * 2**halves * ACTIVITY, rtol=1e-6)
    np.testing.assert_allclose(found.attrs["factor"], FULL * 2**halves, rtol=1e-12)
    turned = ds.isel(z=[2, 0]).transpose("x", "z", "y", ...)
    expected = (FULL * 2**halves * ACTIVITY)[[2, 0]]
    np.testing.assert_allclose(of_slices(suv(turned)), expected, rtol=1e-6)
    np.testing.assert_allclose(suv(ds.isel(z=1)).values, of_slices(found)[1])
    with pytest.raises(MissingDataError, match="pt_uid"):
        suv(ds.drop_vars("pt_uid"))


def test_uncorrected_slices_without_their_duration_are_a_finding(opened):
    ds = opened(pet(DecayCorrection="NONE", CorrectedImage=["ATTN"]))
    assert suv(ds).attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)
    assert "3 slice(s)" in message(suv(ds), "suv-frame-duration")


def test_uncorrected_slices_need_their_times(opened):
    ds = opened(
        pet(
            DecayCorrection="NONE",
            CorrectedImage=["ATTN"],
            AcquisitionTime=lambda at: "114000" if at else ABSENT,
        )
    )
    with pytest.raises(MissingDataError, match="1 of 3"):
        suv(ds)


def test_dynamic_series_have_one_instant(tmp_path):
    labels = [
        {"TemporalPositionIdentifier": n, "AcquisitionTime": time, "FrameReferenceTime": n}
        for n, time in ((1, "114000"), (2, "115000"))
    ]
    series = make.dynamic_series(labels, **SERIES)
    for ds in series:
        ds.RescaleIntercept, ds.RescaleSlope = 0, 0.5
        ds.RadiopharmaceuticalInformationSequence = [
            make.item(**{**ISOTOPE, "RadiopharmaceuticalStartTime": "114500"})
        ]
    make.write(tmp_path, series)
    ds = rtxr.open_dir(tmp_path)
    found = suv(ds)
    assert found.dims == ("temporal_position", "z", "y", "x")
    assert found.attrs["factor"] == pytest.approx(FULL * 2 ** (-300 / HALF_LIFE), rel=1e-12)
    assert codes(found) == ["suv-injection-date", "suv-injection-in-scan"]
    later = suv(ds.sel(temporal_position=2, z=slice(3, 6)))
    np.testing.assert_array_equal(later, found.sel(temporal_position=2, z=slice(3, 6)))
    mean = suv(ds.mean("temporal_position", keep_attrs=True))
    np.testing.assert_allclose(mean, found.mean("temporal_position"), rtol=1e-6)


# --- body sizes --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "sex", "size", "units"),
    [
        ("bw", "M", 75_000, "g/mL"),
        ("lbm", "M", 1000 * (1.10 * 75 - 120 * (75 / 180) ** 2), "g/mL"),
        ("lbm", "F", 1000 * (1.07 * 75 - 148 * (75 / 180) ** 2), "g/mL"),
        ("lbmjames128", "M", 1000 * (1.10 * 75 - 128 * (75 / 180) ** 2), "g/mL"),
        ("lbmjanma", "M", 1000 * 9270 * 75 / (6680 + 216 * 75 / 1.8**2), "g/mL"),
        ("LBMJANMA", "F", 1000 * 9270 * 75 / (8780 + 244 * 75 / 1.8**2), "g/mL"),
        ("bsa", "M", 1e4 * 0.007184 * 75**0.425 * 180**0.725, "cm2/mL"),
        ("ibw", "M", 1000 * (48 + 1.06 * 28), "g/mL"),
        ("ibw", "F", 1000 * (45.5 + 0.91 * 28), "g/mL"),
    ],
)
def test_kinds(opened, kind, sex, size, units):
    found = suv(opened(pet(DecayCorrection="ADMIN", PatientSex=sex)), kind)
    assert found.attrs["factor"] == pytest.approx(size / DOSE, rel=1e-12)
    assert found.attrs["units"] == units
    assert found.attrs["SUVType"] == kind.upper()


def test_what_is_missing_is_named_and_can_be_given(opened):
    ds = opened(
        pet(
            {"RadionuclideTotalDose": ABSENT, "RadionuclideHalfLife": ABSENT},
            PatientWeight=0,
            PatientSex="O",
            PatientSize=ABSENT,
        )
    )
    given: dict[str, Any] = {}
    for keyword, tag, value in (
        ("RadionuclideHalfLife", "0018,1075", HALF_LIFE),
        ("RadionuclideTotalDose", "0018,1074", DOSE),
        ("PatientWeight", "0010,1030", WEIGHT),
        ("PatientSize", "0010,1020", 1.8),
        ("PatientSex", "0010,0040", "F"),
    ):
        with pytest.raises(MissingDataError, match=rf"\({tag}\) {keyword}"):
            suv(ds, "lbm", **given)
        given[keyword] = value
    size = 1000 * (1.07 * 75 - 148 * (75 / 180) ** 2)
    assert suv(ds, "lbm", **given).attrs["factor"] == pytest.approx(2 * size / DOSE, rel=1e-12)


@pytest.mark.parametrize(
    ("isotope", "elements", "name"),
    [
        ({"RadionuclideTotalDose": 300}, {}, "RadionuclideTotalDose cannot be in Bq"),
        ({"RadionuclideTotalDose": 300e3}, {}, "RadionuclideTotalDose"),
        ({}, {"PatientSize": 180}, "PatientSize"),
        ({}, {"PatientWeight": 75_000}, "PatientWeight"),
        ({"RadionuclideHalfLife": 1.8}, {}, "RadionuclideHalfLife"),
        ({}, {"PatientWeight": lambda at: 70 + at}, "PatientWeight"),
        ({}, {"CorrectedImage": ["DECY"]}, "ATTN"),
        ({}, {"CorrectedImage": ["ATTN"]}, "DECY"),
        ({}, {"DecayCorrection": "NONE"}, "DECY"),
        ({}, {"PatientWeight": 400, "PatientSize": 1.5}, "lbmjanma"),
        ({}, {"Units": "1CM"}, r"\(0054,1001\) Units"),
    ],
)
def test_what_contradicts_is_refused(opened, isotope, elements, name):
    with pytest.raises(ConflictingDataError, match=name):
        suv(opened(pet(isotope, **elements)), "lbm")


@pytest.mark.parametrize(
    ("elements", "name"),
    [({"Units": ""}, "Units"), ({"DecayCorrection": ""}, "DecayCorrection")],
)
def test_what_decides_must_be_there(opened, elements, name):
    with pytest.raises(MissingDataError, match=name):
        suv(opened(pet(**elements)))


def test_unstated_corrections_are_a_finding(opened):
    assert "suv-corrections" in codes(suv(opened(pet(CorrectedImage=[]))))


# --- values that are SUV, or counts ------------------------------------------------------------
def test_values_that_are_suv_stay_as_they_are(opened):
    ds = opened(pet(Units="GML", PatientWeight=ABSENT))
    found = suv(ds)
    np.testing.assert_array_equal(of_slices(found), ACTIVITY)
    assert found.attrs["factor"] == 1
    assert codes(found) == ["suv-type"]
    given = suv(ds, PatientWeight=80)
    assert codes(given) == ["suv-type", "suv-element-unused"]


def test_one_kind_of_suv_becomes_another(opened):
    lean = 1000 * 9270 * 75 / (6680 + 216 * 75 / 1.8**2)
    surface = 1e4 * 0.007184 * 75**0.425 * 180**0.725
    ds = opened(pet(Units="GML", SUVType="LBMJANMA"))
    assert suv(ds).attrs["factor"] == pytest.approx(75_000 / lean, rel=1e-12)
    ds = opened(pet(Units="CM2ML", SUVType=ABSENT))
    assert suv(ds, "bsa").attrs["factor"] == 1
    assert suv(ds, "lbmjanma").attrs["factor"] == pytest.approx(lean / surface, rel=1e-12)


def test_factors_of_philips(opened):
    def factors(*pairs):
        return [(0x7053, "Philips PET Private Group", *pair) for pair in pairs]

    both = factors((0x00, "DS", "0.004"), (0x09, "DS", "1.5"))
    ds = opened(pet(Units="CNTS", private=lambda at: both if at else both[:1]))
    found = suv(ds)
    np.testing.assert_allclose(of_slices(found), 0.004 * ACTIVITY, rtol=1e-6)
    assert found.attrs["decay_reference"] == "SUV factor of the vendor"
    lean = 1.10 * 75 - 120 * (75 / 180) ** 2
    assert suv(ds, "lbm").attrs["factor"] == pytest.approx(0.004 * lean / 75, rel=1e-12)

    activity = factors((0x00, "DS", "0"), (0x09, "DS", "1.5"))
    ds = opened(pet(Units="CNTS", private=activity))
    assert suv(ds).attrs["factor"] == pytest.approx(3 * FULL, rel=1e-12)

    ds = opened(pet(Units="CNTS", private=lambda at: both if at else ()))
    with pytest.raises(MissingDataError, match="7053,xx09"):
        suv(ds)


def test_factors_of_philips_may_vary_by_slice(opened):
    values = [0.001, 0.002, 0.003]
    ds = opened(
        pet(
            Units="CNTS",
            private=lambda at: [(0x7053, "Philips PET Private Group", 0x00, "DS", str(values[at]))],
        )
    )
    np.testing.assert_allclose(of_slices(suv(ds)), values * ACTIVITY, rtol=1e-6)
    np.testing.assert_allclose(of_slices(suv(ds.load())), values * ACTIVITY, rtol=1e-6)


# --- planes that are blends of slices ----------------------------------------------------------
BEDS = ["114000", "124100", "134200"]
#: Factors that differ from slice to slice > elements.
SEVERAL = {
    "beds": {
        "DecayCorrection": "NONE",
        "CorrectedImage": ["ATTN"],
        "AcquisitionTime": lambda at: BEDS[at],
    },
    "vendor": {
        "Units": "CNTS",
        "private": lambda at: [
            (0x7053, "Philips PET Private Group", 0x00, "DS", f"0.00{at + 1}"),
        ],
    },
}


@pytest.mark.parametrize("several", SEVERAL)
def test_planes_between_slices_of_several_factors_are_refused(opened, several):
    ds = opened(pet(**SEVERAL[several]))
    found = suv(ds)
    finer = ds.assign(suv=found).rt.resample((1.5, None, None))
    slices = of_slices(found)
    between = (slices[:-1] + slices[1:]) / 2
    np.testing.assert_allclose(of_slices(finer.suv)[1::2], between, rtol=1e-6)
    matrix = np.eye(4)
    matrix[:3, :3] = [[1, 0, 0], [0, 0.6, -0.8], [0, 0.8, 0.6]]
    oblique = Grid(("slice", "row", "column"), ([-1.0], [-1.0, 0.0], [-1.0, 0.0]), matrix)
    for blended in (
        finer,
        finer.isel(z=[0, 1]),
        finer.isel(z=1),
        ds.rt.resample((1.5, None, None)).load(),
        ds.rt.resample((2.0, None, None)),
        ds.rt.resample(grid=oblique),
    ):
        with pytest.raises(ConflictingDataError, match="take SUV first and resample then"):
            suv(blended)


@pytest.mark.parametrize("several", SEVERAL)
def test_planes_that_are_slices_keep_their_factors(opened, several):
    ds = opened(pet(**SEVERAL[several]))
    slices = of_slices(suv(ds))
    within = suv(ds.rt.resample((None, 0.75, 1.0)))
    assert within.sizes["x"] > ds.sizes["x"]
    np.testing.assert_allclose(of_slices(within), slices, rtol=1e-6)
    np.testing.assert_allclose(of_slices(suv(ds.rt.crop(z=(2, 7)))), slices[1:], rtol=1e-6)
    own = ds.rt.resample((1.5, None, None)).isel(z=[0, 2, 4])
    np.testing.assert_allclose(of_slices(suv(own)), slices, rtol=1e-6)


@pytest.mark.parametrize("several", SEVERAL)
def test_planes_of_any_orientation_keep_their_factors(opened, several):
    for orientation in ORIENTATIONS.values():
        normal = np.cross(orientation[:3], orientation[3:])
        slices = pet(**SEVERAL[several])
        for at, ds in enumerate(slices):
            ds.ImageOrientationPatient = orientation
            ds.ImagePositionPatient = [round(float(v), 6) for v in 3.0 * at * normal]
        ds = opened(slices)
        values = suv(ds).values / ds.pt.values
        factors = suv(ds).attrs["factor"]
        np.testing.assert_allclose(np.unique(values.round(12)), np.sort(factors), rtol=1e-6)
        dim = ds.pt_uid.dims[0]
        one = suv(ds.isel({dim: 1}))
        assert one.attrs["factor"] == factors[1]


@pytest.mark.parametrize("several", SEVERAL)
def test_uneven_stacks_of_several_factors_are_kept_or_refused(opened, several):
    ds = opened(uneven(**SEVERAL[several]))
    assert len(set(suv(ds).attrs["factor"])) == 3
    with pytest.raises(ConflictingDataError, match="on_irregular='keep'"):
        suv(opened(uneven(**SEVERAL[several]), on_irregular="resample"))
    even = opened(pet(**SEVERAL[several]), on_irregular="resample")
    assert len(set(suv(even).attrs["factor"])) == 3


def test_one_factor_holds_for_planes_between_slices(opened):
    ds = opened(pet())
    found = suv(ds.rt.resample((1.5, None, None)))
    expected = 2 * FULL * np.interp(found.z, ds.z, ACTIVITY)
    np.testing.assert_allclose(of_slices(found), expected, rtol=1e-6)
    found = suv(opened(uneven(), on_irregular="resample"))
    expected = 2 * FULL * np.interp([0, 3, 6, 9], [0, 3, 9], ACTIVITY)
    np.testing.assert_allclose(of_slices(found), expected, rtol=1e-6)


def uneven(**elements: Any) -> list[Dataset]:
    """Three slices of which one lacks before the last."""
    slices = pet(**elements)
    slices[-1].ImagePositionPatient = [-4, -3, 9.0]
    return slices


# --- arrays ------------------------------------------------------------------------------------
def test_values_are_read_when_they_are_asked_for(opened, monkeypatch):
    ds = opened(pet())
    real, read = planes.read_frames, []
    monkeypatch.setattr(planes, "read_frames", lambda *a: (read.append(1), real(*a))[1])
    found = suv(ds)
    assert repr(found)
    assert read == []
    np.testing.assert_allclose(found.sel(z=3).values, 2 * FULL * ACTIVITY[1], rtol=1e-6)
    assert len(read) == 1


def test_dask_and_memory_give_the_same(opened):
    ds = opened(pet())
    lazy = suv(ds)
    dask = suv(ds.chunk({"z": 1}))
    assert dask.chunks is not None
    np.testing.assert_array_equal(dask, lazy)
    np.testing.assert_array_equal(suv(ds.load()), lazy)


def test_attributes_survive_netcdf(opened, tmp_path):
    ds = opened(pet())
    ds.assign(suv=suv(ds)).drop_vars("mask", errors="ignore").to_netcdf(tmp_path / "case.nc")
    back = rtxr.load(tmp_path / "case.nc")
    assert back.suv.attrs["factor"] == pytest.approx(2 * FULL)
    assert codes(back.suv) == ["suv-injection-date"]


def test_suv_of_suv_is_refused(opened):
    ds = opened(pet())
    with pytest.raises(ConflictingDataError, match="already"):
        suv(ds.assign(pt=suv(ds)))


def test_names_that_do_not_exist(opened, tmp_path):
    ds = opened(pet())
    with pytest.raises(UnknownNameError, match="did you mean 'lbmjanma'"):
        suv(ds, "lbm-janma")
    with pytest.raises(UnknownNameError, match="did you mean 'PatientWeight'"):
        suv(ds, PatientWeigth=70)
    make.write(tmp_path / "ct", make.ct_series(3))
    with pytest.raises(UnknownNameError, match="no 'pt'"):
        suv(rtxr.open_dir(tmp_path / "ct"))
    with pytest.raises(MissingDataError, match="headers"):
        suv(ds[["pt"]])


@pytest.mark.data
def test_a_real_series_that_is_suv_already(case_data):
    ds = rtxr.open_dir(case_data("ibsi_sts003") / "dicom" / "PET")
    found = ds.rt.suv()
    np.testing.assert_array_equal(found, ds.pt)
    assert found.rt.findings.empty
    assert found.attrs["units"] == ds.pt.attrs["units"] == "g/mL"
    assert ds.rt.suv("lbmjanma").attrs["factor"] < 0.8
