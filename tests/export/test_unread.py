"""Slices that nobody has read are written as the integers of their files, with the same result."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

import rtxr
from rtxr import header_store
from rtxr.errors import PixelDecodeError
from rtxr.export import changes, images
from rtxr.export.objects import PIXELS_CHANGED, Outgoing

SELECTIONS = {
    "all": lambda ds: ds,
    "slices": lambda ds: ds.isel(z=slice(1, None, 2)),
    "one": lambda ds: ds.isel(z=[2]),
    "turned": lambda ds: ds.isel(y=slice(None, None, -1), z=slice(None, None, -1)),
}


@pytest.fixture(scope="module")
def folder(phantom, tmp_path_factory):
    """A CT alone, in files of its own."""
    out = tmp_path_factory.mktemp("unread") / "ct"
    case = rtxr.open_dir(phantom, progress=False)
    case.drop_vars([name for name in case.data_vars if name != "ct"]).rt.to_dicom(out)
    return out


def opened(folder):
    return rtxr.open_dir(folder, progress=False)


def slices(ds) -> list[Outgoing]:
    return [changes.judge(each) for each in images.image_objects(ds, header_store.unpack(ds))]


def assert_same(one: Outgoing, other: Outgoing) -> None:
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert one.pixels.dtype == other.pixels.dtype
    for field in fields(Outgoing):
        if field.name not in ("pixels", "as_read", "header"):
            assert getattr(one, field.name) == getattr(other, field.name), field.name


@pytest.mark.parametrize("selection", SELECTIONS)
def test_read_or_not_the_same_is_written(folder, selection):
    unread = slices(SELECTIONS[selection](opened(folder)))
    read = slices(SELECTIONS[selection](opened(folder).load()))
    assert all(each.as_read and not each.changes for each in unread)
    assert not any(each.as_read for each in read)
    for one, other in zip(unread, read, strict=True):
        assert_same(one, other)


def test_what_is_no_whole_plane_is_read(folder):
    for cut in ({"y": slice(1, None)}, {"x": slice(None, None, 2)}, {"x": [0, 2, 1]}):
        assert not any(each.as_read for each in slices(opened(folder).isel(cut)))


def test_what_was_edited_is_no_file_any_more(folder):
    edited = opened(folder)
    edited["ct"] = edited.ct + 1
    assert {each.changes for each in slices(edited)} == {(PIXELS_CHANGED,)}
    written = opened(folder)
    written.ct[0, 0, 0] = 7
    assert [each.as_read for each in slices(written)] == [False] * written.sizes["z"]


def test_a_header_that_says_something_else_describes_values(folder):
    case = opened(folder)
    first = next(iter(header_store.unpack(case).values()))
    for old, new in ((b"-1024 ", b"-1000 "), (b"-1024", b"-1000")):
        if old in first.data:
            other = replace(first, data=first.data.replace(old, new))
            found = slices(header_store.replace(case, [other]))
            assert [each.uid for each in found if not each.as_read] == [first.uid]
            break
    else:
        pytest.fail("no intercept in the header")


def test_files_that_are_gone_cannot_be_read(folder, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    case = opened(copy)
    next(copy.iterdir()).unlink()
    with pytest.raises(PixelDecodeError, match="cannot be read"):
        slices(case)
