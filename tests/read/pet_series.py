"""A tiny PET series in Bq/mL, opened, and what its SUV is compared with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories as make
import numpy as np
import xarray as xr
from pydicom import uid as sop
from pydicom.dataset import Dataset

import rtxr
from rtxr import model

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


def opener(tmp_path: Path) -> Callable[..., xr.Dataset]:
    """Writes slices and opens them."""

    def open_(slices: list[Dataset], **options: Any) -> xr.Dataset:
        folder = tmp_path / f"pet{len(list(tmp_path.iterdir()))}"
        make.write(folder, slices)
        return rtxr.open_dir(folder, **options)

    return open_


def of_slices(array: xr.DataArray) -> np.ndarray:
    """Value of each slice, which is the same all over it."""
    assert (array == array.isel(y=0, x=0)).all()
    return array.isel(y=0, x=0).values


def codes(array: xr.DataArray) -> list[str]:
    return [finding.code for finding in model.findings_of(array)]


def message(array: xr.DataArray, code: str) -> str:
    return next(each.message for each in model.findings_of(array) if each.code == code)
