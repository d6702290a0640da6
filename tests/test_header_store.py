"""Source headers inside a Dataset come back byte for byte."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from rtxr.errors import MissingDataError
from rtxr.header_store import Record, has_headers, pack, replace, unpack

records = st.lists(
    st.builds(
        Record,
        uid=st.from_regex(r"1\.[1-9][0-9]{0,20}", fullmatch=True),
        path=st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",))),
        data=st.binary(max_size=200),
    ),
    unique_by=lambda record: record.uid,
    min_size=1,
)


@given(records)
def test_unpack_inverts_pack(some):
    ds = xr.Dataset(coords=pack(some))
    assert list(unpack(ds).values()) == some


def test_only_the_records_asked_for():
    some = [Record("1.1", "a", b"\0\1"), Record("1.2", "", b"xyz\0")]
    ds = xr.Dataset(coords=pack(some))
    assert unpack(ds, ["1.2", "1.9"]) == {"1.2": some[1]}


def test_selections_along_other_dimensions_leave_headers_alone():
    ds = xr.Dataset({"ct": ("z", np.arange(4))}, coords=pack([Record("1.1", "p", b"bytes")]))
    for changed in (ds.isel(z=slice(None, None, -2)), ds * 2, pickle.loads(pickle.dumps(ds))):
        assert unpack(changed)["1.1"].data == b"bytes"


def test_no_text_of_a_header_shows_in_a_repr():
    ds = xr.Dataset(coords=pack([Record("1.1", "p", b"\0" * 128 + b"DICMDoe^Jane" * 9)]))
    assert "Doe" not in repr(ds)
    assert "Doe" not in ds._repr_html_()


def test_replace_adds_and_stands_in():
    ds = xr.Dataset(coords=pack([Record("1.1", "p", b"old"), Record("1.2", "q", b"kept")]))
    new = replace(ds, [Record("1.1", "", b"new"), Record("1.3", "", b"added")])
    assert [record.data for record in unpack(new).values()] == [b"new", b"kept", b"added"]
    assert unpack(ds)["1.1"].data == b"old"


def test_without_headers_the_error_says_how_they_got_lost():
    ds = xr.Dataset({"ct": ("z", np.arange(4))})
    assert not has_headers(ds)
    with pytest.raises(MissingDataError, match=r"ds\[\[\.\.\.\]\] drops them"):
        unpack(ds)
