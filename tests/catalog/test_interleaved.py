"""Slices of several acquisitions between one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import factories as make
import pytest
from pydicom.dataset import Dataset

from catalog.scanned import codes
from rtxr.catalog import Catalog

Catalogued = Callable[..., Catalog]


def two(shift: float, count: int = 5, x: float = 0.0, **elements: Any) -> list[Dataset]:
    """Two acquisitions of slices 5 mm apart, the second one moved."""
    one = make.ct_series(count, spacing=5.0, name="one", AcquisitionNumber=1)
    other = make.ct_series(count, spacing=5.0, name="other", AcquisitionNumber=2, **elements)
    for ds in other:
        across, down, along = ds.ImagePositionPatient
        ds.ImagePositionPatient = [across + x, down, along + shift]
        ds.InstanceNumber += 100
    return one + other


def heights(catalog: Catalog) -> list[list[float]]:
    return [[at[2] for at in case.image["ImagePositionPatient"]] for case in catalog.cases]


@pytest.mark.parametrize(
    ("shift", "elements"),
    [
        (2.0, {}),
        (1.0, {}),
        (12.5, {}),
        (2.5, {"x": 7.0}),
        (2.5, {"FrameOfReferenceUID": make.uid("other")}),
    ],
)
def test_shifted_acquisitions_are_cases_of_their_own(
    catalogued: Catalogued, shift: float, elements: dict[str, Any]
) -> None:
    catalog = catalogued(two(shift, **elements))
    first = [0.0, 5.0, 10.0, 15.0, 20.0]
    assert heights(catalog) == [first, [at + shift for at in first]]
    (finding,) = catalog.findings
    assert (finding.code, finding.severity) == ("interleaved-slices", "warning")
    assert "slices of 2 values of (0020,0012) AcquisitionNumber" in finding.message


def test_four_shifted_acquisitions(catalogued: Catalogued) -> None:
    series = [
        make.ct_slice(10 * shift + n, 5.0 * n + shift, AcquisitionNumber=shift)
        for shift in range(4)
        for n in range(5)
    ]
    assert [len(each) for each in heights(catalogued(series))] == [5, 5, 5, 5]


def test_packages_of_one_volume_stay_one_stack(catalogued: Catalogued) -> None:
    catalog = catalogued(two(2.5))
    assert heights(catalog) == [[2.5 * n for n in range(10)]]
    (finding,) = catalog.findings
    assert (finding.code, finding.severity) == ("interleaved-slices", "info")
    assert finding.message == (
        "slices of 2 values of (0020,0012) AcquisitionNumber lie between one another; together "
        "they are evenly spaced, by 2.5 mm, and stay one stack"
    )


def test_packages_with_a_missing_slice_and_rounded_positions(catalogued: Catalogued) -> None:
    series = two(2.6, count=8)
    del series[3]
    catalog = catalogued(series)
    assert [len(each) for each in heights(catalog)] == [15]
    assert codes(catalog) == ["interleaved-slices"]


@pytest.mark.parametrize("shift", [25.0, 50.0])
def test_acquisitions_of_disjoint_ranges_are_one_stack(
    catalogued: Catalogued, shift: float
) -> None:
    catalog = catalogued(two(shift))
    assert [len(each) for each in heights(catalog)] == [10]
    assert catalog.findings == ()


def test_a_number_or_time_per_slice_separates_nothing(catalogued: Catalogued) -> None:
    series = two(2.0)
    for at, ds in enumerate(series):
        ds.AcquisitionNumber, ds.AcquisitionTime = at, f"1010{at:02d}"
        ds.ContentTime = "101010" if at < 5 else "101011"
    catalog = catalogued(series)
    assert [len(each) for each in heights(catalog)] == [10]
    assert catalog.findings == ()


def test_a_slice_without_a_value_is_set_aside(catalogued: Catalogued) -> None:
    series = two(2.0)
    del series[4].AcquisitionNumber
    catalog = catalogued(series)
    assert [len(each) for each in heights(catalog)] == [4, 5]
    assert catalog.findings[0].message.endswith("; 1 image(s) without a value are set aside")
