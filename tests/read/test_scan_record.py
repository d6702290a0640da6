"""A record holds every value that a row can have, and what does not fit is no record."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.catalog.table import COLUMNS, Kind, Row
from rtxr.errors import Finding
from rtxr.read.scan_record import MisfitError, Reading, pack, unpack, unpack_parts

TEXT = st.text(st.characters(), max_size=8) | st.just("\udcff\udce9")
FLOAT = st.floats(allow_infinity=False)
INTEGER = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    "text": TEXT,
    "texts": TEXTS,
    "uids": TEXTS,
    "numbers": st.none() | st.lists(FLOAT | INTEGER, max_size=6).map(tuple),
    "integers": st.lists(INTEGER, max_size=3).map(tuple),
    "integer": st.none() | INTEGER,
    "number": FLOAT,
    "flag": st.booleans(),
}
PATH = "/files/a.zip"
PATHS = st.just(PATH) | TEXT.map(f"{PATH}/{{}}".format)
ROWS = st.tuples(*(PATHS if name == "path" else VALUES[kind] for name, kind in COLUMNS.items()))
FINDINGS = st.builds(
    Finding, TEXT, st.sampled_from(["info", "warning", "error"]), TEXT, uid=TEXT, path=PATHS
)


def round_trip(reading: Reading) -> Reading:
    keep: dict[str, str] = {}
    record = pack(PATH, reading, {})
    return unpack(PATH, record.own, unpack_parts(record.shared, keep), keep)


@given(st.lists(ROWS, max_size=3), st.lists(FINDINGS, max_size=2))
def test_every_value_comes_back(rows: list[Row], findings: list[Finding]) -> None:
    reading = Reading(tuple(rows), tuple(findings))
    assert repr(round_trip(reading)) == repr(reading)  # NaN is unlike itself


def row(**values: Any) -> Row:
    empty = {"text": "", "texts": (), "uids": (), "numbers": None, "integers": ()}
    empty |= {"integer": None, "number": math.nan, "flag": False}
    return tuple(({name: empty[kind] for name, kind in COLUMNS.items()} | values).values())


def test_slices_of_a_series_share_most_of_their_rows() -> None:
    series = {"PatientName": "Name", "SeriesDescription": "Thorax", "ImageType": ("A", "B")}
    rows = [row(**series, InstanceNumber=number, path=PATH) for number in range(9)]
    parts: dict[Any, bytes] = {}
    records = [pack(PATH, Reading((each,)), parts) for each in rows]
    assert len({record.shared for record in records}) == len(parts) == 1
    assert len({record.own for record in records}) == 9
    assert max(len(record.own) for record in records) < 100
    assert b"Name" not in records[0].own
    shared = unpack_parts(records[0].shared, {})
    first, last = (unpack(PATH, record.own, shared, {}) for record in (records[0], records[-1]))
    place = list(COLUMNS).index("SeriesDescription")
    assert first.rows[0][place] is last.rows[0][place]
    archive = pack(PATH, Reading(tuple(rows)), parts)
    assert archive.shared == records[0].shared


@pytest.mark.parametrize(
    "reading",
    [Reading((row(path="/elsewhere"),)), Reading((), (Finding("a-b", "info", "text"),))],
)
def test_what_is_about_another_file_is_not_stored(reading: Reading) -> None:
    parts: dict[Any, bytes] = {}
    with pytest.raises(MisfitError):
        pack(PATH, reading, parts)
    assert parts == {}


@pytest.mark.parametrize("data", [b"", b"{", b"5", b"[5]", b"[[1, 2]]", b"\xff", b"[" * 10**5])
def test_what_fits_no_row_is_refused(data: bytes) -> None:
    with pytest.raises(MisfitError):
        unpack_parts(data, {})
    with pytest.raises(MisfitError):
        unpack(PATH, data, [], {})
