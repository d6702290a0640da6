"""Labels that do not fill one dynamic stack: missing files, missing values, second images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import factories as make
from pydicom.dataset import Dataset

from rtxr.catalog import Catalog

Catalogued = Callable[..., Catalog]


def held(catalog: Catalog) -> dict[tuple[int, ...], dict[str, tuple[Any, ...]]]:
    """Instance Numbers of each case > its leading dimensions."""
    return {
        tuple(case.image["InstanceNumber"].tolist()): {
            each.name: each.labels for each in case.leading
        }
        for case in catalog.cases
    }


def decided(catalog: Catalog) -> tuple[str, str]:
    (finding,) = catalog.findings
    assert finding.code == "several-images-at-one-position"
    return finding.severity, finding.message.split("images; ")[1]


def phases_and_echoes(phases: int) -> list[Dataset]:
    return make.dynamic_series(
        [
            {"TemporalPositionIdentifier": phase, "EchoTime": echo}
            for phase in range(1, phases + 1)
            for echo in (5.0, 10.0)
        ]
    )


def test_a_missing_slice_does_not_mix_two_attributes(catalogued: Catalogued) -> None:
    series = phases_and_echoes(2)
    del series[4]  # phase 1, echo 5 at z = 3
    catalog = catalogued(series)
    assert held(catalog) == {
        (1, 9, 13): {},
        (2, 6, 10, 14): {},
        (3, 7, 11, 15, 4, 8, 12, 16): {"echo_time": (5.0, 10.0)},
    }
    assert decided(catalog) == (
        "warning",
        "separated by (0020,0100) TemporalPositionIdentifier and (0018,0081) EchoTime into 3 "
        "stacks, each a case of its own: 2/5.0, 2/10.0 (the leading dimension 'echo_time' of 2); "
        "1/5.0 (lacks 1 position that others have); 1/10.0",
    )


def test_all_other_phases_stay_together(catalogued: Catalogued) -> None:
    series = phases_and_echoes(4)
    del series[10]  # phase 2, echo 5 at z = 3
    found = held(catalogued(series))
    assert list(found.values()).count({}) == 2
    assert {"temporal_position": (1, 3, 4), "echo_time": (5.0, 10.0)} in found.values()
    assert (3, 19, 27) in found
    assert (4, 12, 20, 28) in found


def test_an_image_without_the_attribute_is_set_aside(catalogued: Catalogued) -> None:
    series = make.dynamic_series([{"TemporalPositionIdentifier": n} for n in (1, 2, 3)])
    del series[3].TemporalPositionIdentifier
    catalog = catalogued(series)
    assert held(catalog) == {
        (1, 7, 10): {},
        (2, 5, 8, 11, 3, 6, 9, 12): {"temporal_position": (2, 3)},
    }
    severity, message = decided(catalog)
    assert severity == "warning"
    assert message.endswith("; 1 image(s) without a value are set aside")


def test_images_without_the_attribute_that_fill_all_positions_are_a_stack(
    catalogued: Catalogued,
) -> None:
    series = make.dynamic_series([{"DiffusionBValue": n} for n in (0.0, 500.0, 1000.0)])
    for ds in series[::3]:
        del ds.DiffusionBValue
    catalog = catalogued(series)
    assert held(catalog) == {
        (1, 4, 7, 10): {},
        (2, 5, 8, 11, 3, 6, 9, 12): {"b_value": (500.0, 1000.0)},
    }
    assert decided(catalog)[0] == "info"
    assert decided(catalog)[1].endswith("; no value")


def test_a_second_image_of_a_label_does_not_mix_the_others(catalogued: Catalogued) -> None:
    series = make.dynamic_series([{"TemporalPositionIdentifier": n} for n in (1, 2, 3)])
    again = make.ct_slice(99, 3.0, TemporalPositionIdentifier=2)
    catalog = catalogued(series, again)
    assert held(catalog) == {
        (1, 4, 7, 10, 3, 6, 9, 12): {"temporal_position": (1, 3)},
        (2, 5, 8, 11): {},
    }
    severity, message = decided(catalog)
    assert severity == "warning"
    assert message.endswith("InstanceNumber is kept, 1 are set aside that nothing tells apart")


def test_the_commonest_label_is_kept_where_labels_make_no_stacks(catalogued: Catalogued) -> None:
    slices = [make.ct_slice(n + 10, float(n), AcquisitionNumber=1 + n // 3) for n in range(15)]
    odd = [make.ct_slice(1, 4.0, AcquisitionNumber=9)]  # first by its number
    catalog = catalogued(slices, odd)
    assert held(catalog) == {tuple(range(10, 25)): {}}
    severity, message = decided(catalog)
    assert severity == "warning"
    assert message.startswith("no attribute separates them into stacks; the one with the commonest")
