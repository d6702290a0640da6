"""Images and templates that were paired by their order, and not taken in it."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from rt_image_pairs import measured, planned, saved, template

import rtxr
from rtxr.edit.rt_images.order import out_of_order
from rtxr.edit.rt_images.sheets import sheets
from rtxr.model import findings_of

MACHINE = rtxr.Machine("TB1", DeviceSerialNumber="1234")


def at_minutes(make, minutes, **elements) -> list[Dataset]:
    return [
        make(number, ContentTime=f"10{minute:02d}", **elements)
        for number, minute in enumerate(minutes)
    ]


def told(folder: Path, images: list[Dataset], templates: list[Dataset]) -> list[str]:
    found = [
        sheets(saved(folder, role, some), role)[0]
        for role, some in (("images", images), ("templates", templates))
    ]
    return [each.message for each in out_of_order(*found)]


def test_names_that_sort_otherwise_than_times(tmp_path):
    images, templates = at_minutes(measured, (0, 9, 1)), at_minutes(template, (20, 21, 22))
    (message,) = told(tmp_path, images, templates)
    assert "the image images_02.dcm before images_01.dcm" in message
    assert "its template templates_02.dcm after templates_01.dcm" in message
    ways = [tmp_path / "images", tmp_path / "templates", saved(tmp_path, "plan", [planned()])[0]]
    codes = [
        [each.code for each in findings_of(rtxr.rt_image_from_template(*ways, **options))]
        for options in (
            {"machine": MACHINE},
            {"machine": MACHINE, "pairs": [(0, 0), (1, 1), (2, 2)]},  # meant
        )
    ]
    assert ["rt-image-order" in each for each in codes] == [True, False]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_one_order_of_both_is_fine_whatever_it_is(tmp_path, order):
    assert told(tmp_path, at_minutes(measured, order), at_minutes(template, order)) == []


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"SeriesInstanceUID": "1.2.3"}, 1),
        ({}, 0),  # numbers of several series say nothing
        ({"SeriesInstanceUID": "1.2.3", "InstanceNumber": None}, 0),
    ],
)
def test_templates_of_one_time_are_in_the_order_of_their_numbers(tmp_path, elements, expected):
    templates = [template(number, **elements) for number in (0, 1)]
    for name, minutes, count in (("a", (5, 4), expected), ("b", (4, 5), 0), ("c", (4, 4), 0)):
        assert len(told(tmp_path / name, at_minutes(measured, minutes), templates)) == count


MINUTES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=4)


@settings(max_examples=25)
@given(minutes=MINUTES)
def test_a_finding_is_two_pairs_of_which_the_earlier_image_has_the_later_template(
    tmp_path_factory, minutes
):
    crossed = any(a < b and c > d for a, c in minutes for b, d in minutes)
    images, templates = zip(*minutes, strict=True)
    messages = told(
        tmp_path_factory.mktemp("pairs"),
        at_minutes(measured, images),
        at_minutes(template, templates),
    )
    assert bool(messages) == crossed
