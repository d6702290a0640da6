"""Which header a slice takes, and why it is not its own."""

from __future__ import annotations

import factories as make
import numpy as np

from rtxr.export.slice_sources import slice_sources
from rtxr.header_store import Record


def known(*heights: float):
    slices = [make.ct_slice(n, z, name=(n, z)) for n, z in enumerate(heights)]
    return {ds.SOPInstanceUID: (Record(ds.SOPInstanceUID, "", b""), ds) for ds in slices}


def sources(of, uids, *heights):
    positions = np.array([[0.0, 0.0, z] for z in heights])
    return slice_sources(of, uids, positions, np.array(make.AXIAL, dtype=float))


def test_a_slice_where_its_uid_was_is_its_own():
    of = known(0.0, 3.0)
    found = sources(of, list(of), 0.005, 3.0)
    assert [each.record.uid for each in found] == list(of)
    assert [(each.why, each.twins) for each in found] == [("", ())] * 2


def test_reasons_are_true():
    of = known(0.0, 3.0, 3.0)
    first, second, third = of
    moved, lost, mixed = sources(of, [first, "", ""], 1.0, 0.0, 3.0)
    assert moved.why == "not at the position of a source slice"
    assert moved.record.uid == first
    assert lost.why == "at the position of a source slice, but not known as it by SOPInstanceUID"
    assert (lost.record.uid, len(lost.twins)) == (first, 1)
    assert mixed.why == "none of the 2 source slices at its position"
    assert mixed.twins == (of[second][1], of[third][1])


def test_a_slice_in_the_place_of_another_was_moved():
    of = known(0.0, 3.0)
    first, second = of
    (found,) = sources(of, [first], 3.0)
    assert (found.record.uid, found.why) == (
        second,
        "moved to the position of another source slice",
    )


def test_a_uid_of_two_slices_is_of_none():
    of = known(0.0, 3.0)
    uid = next(iter(of))
    assert all(each.why for each in sources(of, [uid, uid], 0.0, 3.0))


def test_without_any_header():
    (found,) = sources({}, ["1.2.3"], 0.0)
    assert (found.record, found.header, found.why) == (None, None, "made in memory")


def test_a_slice_in_another_direction_is_none_of_the_source():
    of = known(0.0, 3.0)
    turned = np.array([0, 1, 0, 0, 0, -1], dtype=float)
    found = slice_sources(of, list(of), np.array([[4.0, 0, 0], [0.0, 0, 0]]), turned)
    assert {each.why for each in found} == {"not at the position of a source slice"}
    assert all(each.header is not None for each in found)
