"""Labels of a dynamic series: complete ones on one grid, none mixed, none shifted."""

from __future__ import annotations

import factories as make
import numpy as np
import pytest

from rtxr.catalog.dynamic import Leading
from rtxr.errors import GeometryError
from rtxr.read.headers import read_header
from rtxr.read.labels import labelled_stacks
from rtxr.read.slices import placed_slices

PHASES = Leading("temporal_position", "TemporalPositionIdentifier", (1, 2, 3))
ECHOES = Leading("echo", "EchoNumbers", (1, 2))


def stacked(folder, objects, labels, leading=(PHASES,), on_irregular="keep"):
    headers = [read_header(path) for path in make.write(folder / "series", objects)]
    slices, _ = placed_slices(headers, labels)
    kept, left, findings = labelled_stacks(slices, leading, on_irregular)
    numbers = [each.header.integer("InstanceNumber") for each in kept]
    shape = [len(each.labels) for each in left]
    return np.reshape(numbers, (*shape, -1)).tolist(), left, findings


def series(count=4, labels=3):
    """Slices interleaved by number, and the label of each."""
    objects = make.dynamic_series([{}] * labels, count=count)
    return objects, [n % labels for n in range(len(objects))]


def without(objects, labels, *numbers):
    kept = [
        pair
        for pair in zip(objects, labels, strict=True)
        if int(pair[0].InstanceNumber) not in numbers
    ]
    return [each for each, _ in kept], [label for _, label in kept]


def test_every_label_is_sorted_along_the_normal(tmp_path):
    objects, labels = series()
    numbers, left, findings = stacked(tmp_path, objects[::-1], labels[::-1])
    assert numbers == [[1, 4, 7, 10], [2, 5, 8, 11], [3, 6, 9, 12]]
    assert left == (PHASES,)
    assert findings == []


def test_a_label_that_lacks_a_slice_is_left_out(tmp_path):
    numbers, left, (finding,) = stacked(tmp_path, *without(*series(), 5))
    assert numbers == [[1, 4, 7, 10], [3, 6, 9, 12]]
    assert left[0].labels == (1, 3)
    assert (finding.code, finding.severity) == ("incomplete-label", "warning")
    assert "1 of 3 label(s) of 'temporal_position' were left out" in finding.message
    assert finding.message.endswith(": 2")


def test_a_slice_that_all_labels_lack_costs_no_label(tmp_path):
    numbers, _, findings = stacked(tmp_path, *without(*series(), 4, 5, 6))
    assert numbers == [[1, 7, 10], [2, 8, 11], [3, 9, 12]]
    assert [each.code for each in findings] == ["irregular-spacing", "missing-slices"]


def test_the_positions_of_most_files_decide(tmp_path):
    numbers, left, _ = stacked(tmp_path, *without(*series(), 4, 5))
    assert numbers == [[1, 7, 10], [2, 8, 11]]
    assert left[0].labels == (1, 2)


def test_a_label_that_is_all_gone(tmp_path):
    numbers, left, _ = stacked(tmp_path, *without(*series(count=2), 1, 4))
    assert numbers == [[2, 5], [3, 6]]
    assert left[0].labels == (2, 3)


def test_one_label_left_keeps_its_dimension(tmp_path):
    numbers, left, _ = stacked(tmp_path, *without(*series(count=2), 1, 2))
    assert numbers == [[3, 6]]
    assert left[0].labels == (3,)


@pytest.mark.parametrize(
    "edit",
    [
        {"ImagePositionPatient": [-4, -2.5, 3.0]},
        {"ImagePositionPatient": [-4, -3, 3.5]},
        {"PixelSpacing": [1.5, 1.0]},
    ],
)
def test_a_label_that_lies_elsewhere_is_left_out(tmp_path, edit):
    objects, labels = series()
    for keyword, value in edit.items():
        setattr(objects[4], keyword, value)
    numbers, left, _ = stacked(tmp_path, objects, labels)
    assert numbers == [[1, 4, 7, 10], [3, 6, 9, 12]]
    assert left[0].labels == (1, 3)


def test_of_two_dimensions_the_label_that_lacks_most_is_left_out(tmp_path):
    objects, labels = series(count=2, labels=6)
    numbers, left, (finding,) = stacked(
        tmp_path, *without(objects, labels, 4), leading=(PHASES, ECHOES)
    )
    assert [each.labels for each in left] == [(1, 3), (1, 2)]  # phase 2 lacks half, echo 2 a third
    assert numbers == [[[1, 7], [2, 8]], [[5, 11], [6, 12]]]
    assert "of 'temporal_position'" in finding.message


def test_incomplete_labels_can_be_refused(tmp_path):
    objects, labels = series()
    _, left, findings = stacked(tmp_path, objects, labels, on_irregular="raise")
    assert (left, findings) == ((PHASES,), [])
    with pytest.raises(GeometryError, match=r"not one even stack.*1 of 3 label\(s\)"):
        stacked(tmp_path / "b", *without(objects, labels, 5), on_irregular="raise")


def test_what_holds_for_all_labels_is_said_once(tmp_path):
    objects, labels = series()
    for ds in objects[-3:]:
        ds.ImagePositionPatient = [-4, -3, 20]
    numbers, _, findings = stacked(tmp_path, objects, labels)
    assert numbers == [[1, 4, 7, 10], [2, 5, 8, 11], [3, 6, 9, 12]]
    assert [each.code for each in findings] == ["irregular-spacing"]
