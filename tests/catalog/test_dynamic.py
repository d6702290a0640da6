"""Which attribute tells several images at one position apart."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories as make
import numpy as np
import pytest
from pydicom.dataset import Dataset

from catalog.scanned import table_of
from rtxr import model
from rtxr.catalog import Case, Catalog, find_cases
from rtxr.catalog.apart import tell_apart
from rtxr.catalog.dynamic import COLUMNS, Images

Catalogued = Callable[..., Catalog]
MAGNITUDE = ["ORIGINAL", "PRIMARY", "M"]
PHASE = ["ORIGINAL", "PRIMARY", "P"]


def numbers(case: Case) -> Any:
    """Instance Numbers, one dimension per leading dimension and one along the slices."""
    found = np.array(case.image["InstanceNumber"].tolist())
    return found.reshape([*(len(each.labels) for each in case.leading), -1]).tolist()


def leading(case: Case) -> dict[str, tuple[Any, ...]]:
    return {each.name: each.labels for each in case.leading}


def several(catalog: Catalog) -> tuple[str, str]:
    (finding,) = [f for f in catalog.findings if f.code == "several-images-at-one-position"]
    return finding.severity, finding.message


def shuffled(objects: list[Dataset]) -> list[Dataset]:
    random.Random(3).shuffle(objects)
    return objects


VALUES = {
    "TemporalPositionIdentifier": (1, 2, 3),
    "NominalPercentageOfRespiratoryPhase": (0.0, 50.0, 90.0),
    "NominalPercentageOfCardiacPhase": (0.0, 30.0, 60.0),
    "AcquisitionNumber": (2, 5, 7),
    "EchoNumbers": (1, 2, 3),
    "EchoTime": (4.5, 9.0, 13.5),
    "DiffusionBValue": (0.0, 400.0, 1000.0),
    "TriggerTime": (0.0, 20.5, 41.0),
    "FrameReferenceTime": (500.0, 1500.0, 2500.0),
    "AcquisitionTime": ("101010", "101020.5", "101030"),
    "ContentTime": ("101010", "101020.5", "101030"),
}


@pytest.mark.parametrize("keyword", VALUES)
def test_every_attribute_gives_its_dimension(catalogued: Catalogued, keyword: str) -> None:
    labels = VALUES[keyword]
    backwards = [{keyword: label} for label in labels[::-1]]
    catalog = catalogued(shuffled(make.dynamic_series(backwards)))
    (case,) = catalog.cases
    assert leading(case) == {model.LEADING[keyword][0]: labels}
    assert [type(label) for label in case.leading[0].labels] == [type(each) for each in labels]
    assert case.leading[0].keyword == keyword
    assert numbers(case) == [[3, 6, 9, 12], [2, 5, 8, 11], [1, 4, 7, 10]]
    assert several(catalog)[0] == "info"


def test_slices_given_from_the_head_down(catalogued: Catalogued) -> None:
    labels = [{"AcquisitionNumber": n} for n in (1, 2)]
    (case,) = catalogued(make.dynamic_series(labels, count=3, spacing=-3.0)).cases
    assert numbers(case) == [[5, 3, 1], [6, 4, 2]]


def test_image_type_is_a_label_as_the_file_has_it(catalogued: Catalogued) -> None:
    series = make.dynamic_series([{"ImageType": PHASE}, {"ImageType": MAGNITUDE}], count=2)
    (case,) = catalogued(series).cases
    assert leading(case) == {"image_type": ("ORIGINAL\\PRIMARY\\M", "ORIGINAL\\PRIMARY\\P")}
    assert numbers(case) == [[2, 4], [1, 3]]


def test_what_images_are_comes_before_when_they_were_made(catalogued: Catalogued) -> None:
    labels = [
        {"AcquisitionNumber": n, "EchoTime": 30.0 - n, "ContentTime": f"10101{n}"} for n in (1, 2)
    ]
    (case,) = catalogued(make.dynamic_series(labels)).cases
    assert list(leading(case)) == ["acquisition"]


def test_two_attributes_give_two_dimensions(catalogued: Catalogued) -> None:
    labels = [
        {
            "EchoNumbers": echo,
            "TemporalPositionIdentifier": phase,
            "ContentTime": f"10{phase}{echo}",
        }
        for echo in (1, 2)
        for phase in (1, 2, 3)
    ]
    catalog = catalogued(shuffled(make.dynamic_series(labels, count=2)))
    (case,) = catalog.cases
    assert leading(case) == {"temporal_position": (1, 2, 3), "echo": (1, 2)}
    assert numbers(case) == [[[1, 7], [4, 10]], [[2, 8], [5, 11]], [[3, 9], [6, 12]]]
    assert several(catalog)[1].endswith(
        "(0020,0100) TemporalPositionIdentifier and (0018,0086) EchoNumbers became the leading "
        "dimensions 'temporal_position' of 3 and 'echo' of 2"
    )


def test_an_incomplete_label_is_a_case_of_its_own(catalogued: Catalogued) -> None:
    series = make.dynamic_series([{"TemporalPositionIdentifier": n} for n in (1, 2, 3)])
    del series[4]  # phase 2 at z = 3
    catalog = catalogued(series)
    assert [leading(case) for case in catalog.cases] == [{"temporal_position": (1, 3)}, {}]
    assert numbers(catalog.cases[0]) == [[1, 4, 7, 10], [3, 6, 9, 12]]
    assert numbers(catalog.cases[1]) == [2, 8, 11]
    assert several(catalog)[1].endswith(
        "separated by (0020,0100) TemporalPositionIdentifier into 2 stacks, each a case of its "
        "own: 1, 3 (the leading dimension 'temporal_position' of 2); 2 (lacks 1 position that "
        "others have)"
    )
    assert several(catalog)[0] == "warning"


def test_phases_that_each_lack_another_slice(catalogued: Catalogued) -> None:
    series = make.dynamic_series([{"TemporalPositionIdentifier": n} for n in (1, 2)])
    del series[7], series[0]  # phase 2 at z = 9, phase 1 at z = 0
    severity, message = several(catalogued(series))
    assert severity == "warning"
    assert message.endswith(
        "own: 1 (lacks 1 position that others have); 2 (lacks 1 position that others have)"
    )


def test_many_stacks_are_not_all_named(catalogued: Catalogued) -> None:
    labels = [{"AcquisitionNumber": n, "ImagePositionPatient": [n, -3, 0.0]} for n in range(1, 10)]
    severity, message = several(catalogued(make.dynamic_series(labels, count=1)))
    assert severity == "info"
    assert message.endswith("each a case of its own: 1; 2; 3; 4; 5; 6; and 3 more")


def test_ranges_that_overlap_stay_apart(catalogued: Catalogued) -> None:
    lower = [make.ct_slice(n, float(n), AcquisitionNumber=1) for n in range(6)]
    upper = [make.ct_slice(n, n - 2.0, AcquisitionNumber=2) for n in range(6, 12)]
    catalog = catalogued(lower, upper)
    assert [leading(case) for case in catalog.cases] == [{}, {}]
    assert [numbers(case) for case in catalog.cases] == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    severity, message = several(catalog)
    assert severity == "info"
    assert "2 position(s) of this series hold up to 2 images; separated by" in message
    assert message.endswith("into 2 stacks, each a case of its own: 1; 2")


@pytest.mark.parametrize(
    "elsewhere",
    [{"ImagePositionPatient": [6, -3, 0.0]}, {"FrameOfReferenceUID": make.uid("elsewhere")}],
)
def test_labels_that_share_no_grid_stay_apart(
    catalogued: Catalogued, elsewhere: dict[str, Any]
) -> None:
    labels = [{"AcquisitionNumber": 1}, {"AcquisitionNumber": 2, **elsewhere}]
    series = make.dynamic_series(labels, count=2)
    if "ImagePositionPatient" in elsewhere:
        series[3].ImagePositionPatient = [6, -3, 3.0]
    catalog = catalogued(series)
    assert [leading(case) for case in catalog.cases] == [{}, {}]
    assert [numbers(case) for case in catalog.cases] == [[1, 3], [2, 4]]


@pytest.mark.parametrize("keyword", ["TriggerTime", "AcquisitionTime", "ContentTime"])
def test_order_in_time_where_nothing_else_is_said(catalogued: Catalogued, keyword: str) -> None:
    series = make.dynamic_series([{}, {}, {}])
    for at, ds in enumerate(series):  # the later the number, the earlier at each position
        later = 100 * (at // 3) + 10 - at % 3
        setattr(ds, keyword, float(later) if keyword == "TriggerTime" else f"{101000 + later}")
    catalog = catalogued(shuffled(series))
    (case,) = catalog.cases
    assert leading(case) == {"time_step": (0, 1, 2)}
    assert numbers(case) == [[3, 6, 9, 12], [2, 5, 8, 11], [1, 4, 7, 10]]
    severity, message = several(catalog)
    assert severity == "warning"
    assert f"{keyword}, became the leading dimension 'time_step' of 3" in message


def test_midnight_does_not_turn_time_around(catalogued: Catalogued) -> None:
    series = make.dynamic_series([{"AcquisitionDate": "20200101"}, {"AcquisitionDate": "20200102"}])
    for at, ds in enumerate(series):
        ds.AcquisitionTime = f"{235900 + at}" if at % 2 == 0 else f"{at:06d}"
    (case,) = catalogued(series).cases
    assert numbers(case) == [[1, 3, 5, 7], [2, 4, 6, 8]]


def test_times_over_midnight_are_in_the_order_of_their_dates(catalogued: Catalogued) -> None:
    labels = [
        {"AcquisitionTime": time, "AcquisitionDate": date}
        for time, date in (("000100", "20200102"), ("235900", "20200101"))
    ]
    (case,) = catalogued(make.dynamic_series(labels)).cases
    assert leading(case) == {"acquisition_time": ("235900", "000100")}
    assert numbers(case) == [[2, 4, 6, 8], [1, 3, 5, 7]]


def test_one_time_on_two_days_is_two_labels(catalogued: Catalogued) -> None:
    days = [{"AcquisitionTime": "101010", "AcquisitionDate": f"2020010{n}"} for n in (1, 2)]
    (case,) = catalogued(make.dynamic_series(days)).cases
    assert leading(case) == {"acquisition_time": ("20200101101010", "20200102101010")}


def test_three_attributes_give_three_dimensions(catalogued: Catalogued) -> None:
    labels = [
        {"TemporalPositionIdentifier": phase, "EchoTime": echo, "ImageType": kind}
        for phase in (1, 2)
        for echo in (5.0, 10.0)
        for kind in (MAGNITUDE, PHASE)
    ]
    (case,) = catalogued(shuffled(make.dynamic_series(labels))).cases
    assert list(leading(case)) == ["temporal_position", "echo_time", "image_type"]
    assert np.array(numbers(case)).ravel().tolist() == [
        8 * z + n for n in range(1, 9) for z in range(4)
    ]


def test_a_step_in_time_holds_no_two_echoes(catalogued: Catalogued) -> None:
    series = make.dynamic_series([{"EchoTime": echo} for echo in (5.0, 10.0)], count=2)
    series += make.dynamic_series([{"EchoTime": 5.0}, {"EchoTime": 5.0}], count=1, name="again")
    for at, ds in enumerate(series):
        ds.InstanceNumber, ds.TriggerTime = at + 1, float(at)
    del series[0]
    catalog = catalogued(series)
    for case in catalog.cases:
        assert "time_step" not in leading(case)
        assert case.image["EchoTime"].nunique() == 1


def test_magnitude_and_phase_are_not_mixed_in_time(catalogued: Catalogued) -> None:
    series = make.dynamic_series([{"ImageType": kind} for kind in (MAGNITUDE, PHASE)] * 2, count=3)
    for at, ds in enumerate(series):
        ds.TriggerTime = float(at)
    catalog = catalogued(series)
    (case,) = catalog.cases
    assert list(leading(case)) == ["image_type", "time_step"]
    assert numbers(case) == [[[1, 5, 9], [3, 7, 11]], [[2, 6, 10], [4, 8, 12]]]


def test_images_that_nothing_tells_apart(catalogued: Catalogued) -> None:
    catalog = catalogued(shuffled(make.dynamic_series([{}, {}])))
    (case,) = catalog.cases
    assert leading(case) == {}
    assert numbers(case) == [1, 3, 5, 7]
    severity, message = several(catalog)
    assert severity == "warning"
    assert "no attribute tells them apart" in message
    assert "4 are set aside" in message


def test_copies_of_one_instance_are_no_labels(catalogued: Catalogued) -> None:
    series = make.ct_series(3)
    catalog = catalogued(series, series)
    (case,) = catalog.cases
    assert leading(case) == {}
    assert numbers(case) == [1, 2, 3]


def test_columns_of_the_table_are_all_that_is_asked() -> None:
    values = {name: [""] * 2 for name in COLUMNS}
    images = Images(
        np.array([0, 0]), np.zeros((2, 3)), ["", ""], {**values, "EchoTime": [1.0, 2.0]}
    )
    (part,), _, severity = tell_apart(images)
    assert (part.images, part.leading[0].name, severity) == ((0, 1), "echo_time", "info")


@pytest.mark.data
def test_a_bolus_watched_at_one_position(case_data: Callable[[str], Path]) -> None:
    folder = case_data("geometry") / "dicom2nifti_failing" / "notavolume"
    (case,) = find_cases(table_of(folder)).cases
    assert leading(case) == {"acquisition": (12, 13, 14, 15)}
    assert numbers(case) == [[26], [25], [24], [23]]
