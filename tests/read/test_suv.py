"""Standardized uptake values against closed forms, of tiny PET series and a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import factories as make
import numpy as np
import pytest
from pydicom import uid as sop
from pydicom.dataset import Dataset

import rtxr
from rtxr import model
from rtxr.errors import ConflictingDataError, MissingDataError, UnknownNameError
from rtxr.read import planes
from rtxr.read.suv import suv

HALF_LIFE = 6000.0
DOSE = 300e6
WEIGHT = 75.0
#: Values of the slices, Bq/mL: half the stored 1001, 1002, ...
ACTIVITY = 0.5 * np.arange(1001, 1004)
FULL = 1000 * WEIGHT / DOSE
ISOTOPE = {
    "RadiopharmaceuticalStartTime": "100000",
    "RadionuclideTotalDose": DOSE,
    "RadionuclideHalfLife": HALF_LIFE,
}
SERIES = {
    "Modality": "PT",
    "SOPClassUID": sop.PositronEmissionTomographyImageStorage,
    "Units": "BQML",
    "CorrectedImage": ["ATTN", "DECY", "SCAT"],
    "DecayCorrection": "START",
    "SeriesDate": "20200102",
    "SeriesTime": "114000",  # one half-life after the injection
    "AcquisitionDate": "20200102",
    "AcquisitionTime": "114000.000",
    "PatientWeight": WEIGHT,
    "PatientSize": 1.8,
    "PatientSex": "M",
}
#: Stands for: this element is not there.
ABSENT = object()


def pet(isotope: dict[str, Any] | None = None, **elements: Any) -> list[Dataset]:
    """Three slices; a function as value gets the slice's place."""
    slices = []
    for at in range(3):
        chosen = {
            key: value(at) if callable(value) else value
            for key, value in {**SERIES, **elements}.items()
        }
        private = chosen.pop("private", ())
        chosen = {key: value for key, value in chosen.items() if value is not ABSENT}
        ds = make.ct_slice(at + 1, 3.0 * at, name=("pet", at), **chosen)
        ds.RescaleIntercept, ds.RescaleSlope = 0, 0.5
        items = {**ISOTOPE, **(isotope or {})}
        items = {key: value for key, value in items.items() if value is not ABSENT}
        ds.RadiopharmaceuticalInformationSequence = [make.item(**items)]
        for group, creator, element, vr, value in private:
            ds.private_block(group, creator, create=True).add_new(element, vr, value)
        slices.append(ds)
    return slices


@pytest.fixture
def opened(tmp_path: Path):
    """Write slices and open them."""

    def open_(slices: list[Dataset]):
        folder = tmp_path / f"pet{len(list(tmp_path.iterdir()))}"
        make.write(folder, slices)
        return rtxr.open_dir(folder)

    return open_


def of_slices(array) -> np.ndarray:
    """Value of each slice, which is the same all over it."""
    assert (array == array.isel(y=0, x=0)).all()
    return array.isel(y=0, x=0).values


def codes(array) -> list[str]:
    return [finding.code for finding in model.findings_of(array)]


def message(array, code: str) -> str:
    return next(each.message for each in model.findings_of(array) if each.code == code)


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


# --- which instant -----------------------------------------------------------------------------
def test_a_series_made_later_is_corrected_to_the_earliest_acquisition(opened):
    times = ["115000", "114000", "120000"]
    ds = opened(pet(SeriesTime="180000", AcquisitionTime=lambda at: times[at]))
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)
    assert found.attrs["decay_reference"] == "earliest AcquisitionTime"
    assert "suv-reference-time" in codes(found)
    part = suv(ds.isel(z=[0]))  # the earliest acquisition of the series, not of what is left
    assert part.attrs["factor"] == found.attrs["factor"]


def test_frame_reference_times_tell_the_start_of_a_series_made_later(opened):
    """The acquisition of the first slice began ten minutes into the scan, as after an injection."""
    rate = np.log(2) / HALF_LIFE
    inside = np.log(rate * 120 / (1 - np.exp(-rate * 120))) / rate
    times = ["115000", "115200", "115400"]
    ds = opened(
        pet(
            SeriesTime="180000",
            AcquisitionTime=lambda at: times[at],
            ActualFrameDuration=120_000,
            FrameReferenceTime=lambda at: 1000 * (600 + 120 * at + inside),
            DecayFactor=lambda at: 2 ** ((600 + 120 * at + inside) / HALF_LIFE),
        )
    )
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(2 * FULL, rel=1e-9)
    assert "FrameReferenceTime" in found.attrs["decay_reference"]
    assert "suv-decay-factor" not in codes(found)


def test_frame_reference_times_that_disagree_are_not_used(opened):
    ds = opened(
        pet(
            SeriesTime="180000",
            ActualFrameDuration=120_000,
            FrameReferenceTime=lambda at: 1000 * (60 + 500 * at),
        )
    )
    assert suv(ds).attrs["decay_reference"] == "earliest AcquisitionTime"


def test_scan_time_of_ge_comes_first_in_a_series_made_later(opened):
    scan = (0x0009, "GEMS_PETD_01", 0x0D, "DT", "20200102114000.00")
    ds = opened(pet(SeriesTime="180000", AcquisitionTime="115500", private=[scan]))
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)
    assert "GE" in found.attrs["decay_reference"]


def test_a_stated_instant_comes_before_all(opened):
    ds = opened(pet(DecayCorrectionDateTime="20200102100000"))
    assert suv(ds).attrs["factor"] == pytest.approx(FULL, rel=1e-12)
    given = suv(ds, DecayCorrectionDateTime="20200102132000")
    assert given.attrs["factor"] == pytest.approx(4 * FULL, rel=1e-12)


def test_decay_factors_that_contradict_the_instant_are_a_finding(opened):
    ds = opened(pet(ActualFrameDuration=1000, DecayFactor=2.0))
    assert "100 minutes before" in message(suv(ds), "suv-decay-factor")
    assert "by 100 %" in message(suv(ds), "suv-decay-factor")


def test_series_without_dates_go_by_the_clock(opened):
    gone = dict.fromkeys(["SeriesDate", "AcquisitionDate", "StudyDate"], ABSENT)
    slices = pet(**gone)
    for ds in slices:
        del ds.StudyDate
    assert suv(opened(slices)).attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)


def test_series_without_any_time_are_refused(opened):
    ds = opened(pet(SeriesTime=ABSENT, AcquisitionTime=ABSENT))
    with pytest.raises(MissingDataError, match="DecayCorrectionDateTime"):
        suv(ds)
    assert suv(ds, SeriesTime="114000").attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)


# --- the injection -----------------------------------------------------------------------------
def test_an_injection_before_midnight(opened):
    ds = opened(
        pet(
            {"RadiopharmaceuticalStartTime": "230000"},
            SeriesTime="004000",
            AcquisitionTime="004000",
        )
    )
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)
    assert codes(found) == ["suv-injection-date", "suv-past-midnight"]


def test_an_injection_date_that_cannot_be_is_replaced_by_the_clock(opened):
    """As where the dates of a series were shifted, and that inside the sequence was not."""
    ds = opened(pet({"RadiopharmaceuticalStartDateTime": "20150711100000"}))
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)
    assert model.findings_of(found)[0].severity == "warning"
    assert "2015" not in found.attrs[model.FINDINGS_ATTR]
    with pytest.raises(ConflictingDataError, match="half-lives"):
        suv(ds, RadiopharmaceuticalStartDateTime="20150711100000")
    assert suv(ds, RadiopharmaceuticalStartTime="082000").attrs["factor"] == pytest.approx(4 * FULL)


def test_an_injection_after_the_scan_is_refused(opened):
    """Taken for the day before it would be fourteen half-lives away."""
    ds = opened(pet({"RadiopharmaceuticalStartTime": "120000"}))
    with pytest.raises(ConflictingDataError, match="after the scan"):
        suv(ds)


def test_a_missing_injection_time_is_named(opened):
    ds = opened(pet({"RadiopharmaceuticalStartTime": ABSENT}))
    with pytest.raises(MissingDataError, match=r"\(0018,1078\) RadiopharmaceuticalStartDateTime"):
        suv(ds)


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
