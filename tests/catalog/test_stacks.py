"""Image series to stacks of slices."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories as make
import pytest

from catalog.scanned import codes, held, table_of
from rtxr.catalog import Catalog, find_cases

Catalogued = Callable[..., Catalog]


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ({"ImageOrientationPatient": make.CORONAL}, "have another orientation"),
        ({"size": (9, 9)}, "have another matrix size"),
        ({"PixelSpacing": [1.0, 1.0]}, "have another pixel spacing"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "are localizers"),
        ({"ImagePositionPatient": None}, "have no position or orientation"),
    ],
)
def test_odd_slices_of_a_series_are_set_aside(
    catalogued: Catalogued, odd: dict[str, Any], reason: str
) -> None:
    catalog = catalogued(make.ct_series(3), make.ct_slice(4, 30.0, **odd))
    assert held(catalog) == [("CT", 3, None, None, [])]
    assert codes(catalog) == ["slices-set-aside"]
    assert f"1 of 4 images of this series are set aside: they {reason}" in str(catalog.findings[0])


def test_a_wobble_of_the_orientation_is_no_other_orientation(catalogued: Catalogued) -> None:
    wobbly = make.ct_slice(4, 9.0, ImageOrientationPatient=[1, 0.0004, 0, 0, 1, 0])
    assert held(catalogued(make.ct_series(3), wobbly)) == [("CT", 4, None, None, [])]


def test_the_orientation_is_named_before_the_sampling(catalogued: Catalogued) -> None:
    other = make.ct_slice(
        4, 9.0, ImageOrientationPatient=make.CORONAL, PixelSpacing=[1.0, 1.0], size=(9, 9)
    )
    catalog = catalogued(make.ct_series(3), other)
    assert catalog.findings[0].message.endswith("they have another orientation")


def test_many_orientations_make_as_many_groups(catalogued: Catalogued) -> None:
    turns = [n * math.pi / 90 for n in range(60)]
    around = [
        make.ct_slice(
            10 * at + n,
            float(n),
            name=(at, n),
            ImageOrientationPatient=[
                math.cos(turn),
                math.sin(turn),
                0,
                -math.sin(turn),
                math.cos(turn),
                0,
            ],
        )
        for at, angle in enumerate(turns)
        for n, turn in enumerate((angle, angle + 8e-4, angle - 8e-4))
    ]
    catalog = catalogued(around)
    assert {f.message.split(" images")[0] for f in catalog.findings} == {"3 of 180"}
    assert held(catalog) == [("CT", 3, None, None, [])]


def test_phases_at_one_position_become_one_dynamic_stack(catalogued: Catalogued) -> None:
    phases = make.dynamic_series([{"TemporalPositionIdentifier": n} for n in (1, 2)], count=3)
    structures = make.structure_set(phases[1::2])
    catalog = catalogued(phases, structures)
    assert held(catalog) == [("CT", 6, "Organs", None, [])]
    (case,) = catalog.cases
    assert case.image["TemporalPositionIdentifier"].tolist() == [1, 1, 1, 2, 2, 2]
    assert [place[2] for place in case.image["ImagePositionPatient"]] == [0.0, 3.0, 6.0] * 2
    assert [each.name for each in case.leading] == ["temporal_position"]
    (finding,) = case.findings
    assert (finding.code, finding.severity) == ("several-images-at-one-position", "info")
    assert finding.message == (
        "3 position(s) of this series hold up to 2 images; (0020,0100) TemporalPositionIdentifier "
        "became the leading dimension 'temporal_position' of 2"
    )


def test_acquisitions_at_positions_of_their_own_are_one_plain_stack(
    catalogued: Catalogued,
) -> None:
    slices = [make.ct_slice(n, float(n), AcquisitionNumber=1 + n // 3) for n in range(6)]
    catalog = catalogued(slices)
    assert held(catalog) == [("CT", 6, None, None, [])]
    assert catalog.cases[0].leading == ()
    assert catalog.findings == ()


def test_an_acquisition_number_per_slice_does_not_take_a_series_apart(
    catalogued: Catalogued,
) -> None:
    slices = [make.ct_slice(n, float(n), AcquisitionNumber=n) for n in range(1, 6)]
    again = make.ct_slice(6, 5.0, AcquisitionNumber=6)
    catalog = catalogued(slices, again)
    assert held(catalog) == [("CT", 5, None, None, [])]
    assert catalog.cases[0].image["InstanceNumber"].tolist() == [1, 2, 3, 4, 5]
    assert "1 are set aside" in catalog.findings[0].message


def test_series_without_uid_are_told_apart_by_folder(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        series = make.ct_series(2, name=folder)
        for ds in series:
            ds.SeriesInstanceUID = ""
        make.write(tmp_path / folder, series)
    assert held(find_cases(table_of(tmp_path))) == [("CT", 2, None, None, [])] * 2


def test_one_series_uid_for_two_kinds_or_patients(catalogued: Catalogued) -> None:
    series = make.uid("shared")
    images = make.ct_series(2, SeriesInstanceUID=series)
    structures = make.structure_set(images, SeriesInstanceUID=series)
    others = make.ct_series(2, SeriesInstanceUID=series, PatientID="P2", name="other")
    catalog = catalogued(images, structures, others)
    assert held(catalog) == [("CT", 2, "Organs", None, []), ("CT", 2, None, None, [])]
