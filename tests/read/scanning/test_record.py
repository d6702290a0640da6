"""A record holds every value that a row can have, and what does not fit is no record."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.catalog.table import COLUMNS, Kind, Row
from rtxr.errors import Finding
from rtxr.read.scanning.record import OWN, Batch, MisfitError, Reading, pack, unpack

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
FOLDER = "/files/"
PATH = f"{FOLDER}a.zip"
PATHS = st.just(PATH) | TEXT.map(f"{PATH}/{{}}".format)
ROWS = st.tuples(*(PATHS if name == "path" else VALUES[kind] for name, kind in COLUMNS.items()))
FINDINGS = st.builds(
    Finding, TEXT, st.sampled_from(["info", "warning", "error"]), TEXT, uid=TEXT, path=PATHS
)
STAMP = (1, 2)


@given(st.lists(ROWS, max_size=3), st.lists(FINDINGS, max_size=2), st.tuples(INTEGER, INTEGER))
def test_every_value_comes_back(
    rows: list[Row], findings: list[Finding], stamp: tuple[int, int]
) -> None:
    batch: Batch = {PATH: (stamp, Reading(tuple(rows), tuple(findings)))}
    assert repr(unpack(FOLDER, pack(FOLDER, batch), {})) == repr(batch)  # NaN is unlike itself


def row(**values: Any) -> Row:
    empty = {"text": "", "texts": (), "uids": (), "numbers": None, "integers": ()}
    empty |= {"integer": None, "number": math.nan, "flag": False}
    return tuple(({name: empty[kind] for name, kind in COLUMNS.items()} | values).values())


def series(count: int) -> Batch:
    shared = {"PatientName": "Name", "SeriesDescription": "Thorax", "ImageType": ("A", "B")}
    paths = [f"{FOLDER}{number}" for number in range(count)]
    return {
        path: ((5, number), Reading((row(**shared, InstanceNumber=number, path=path),)))
        for number, path in enumerate(paths)
    }


def test_files_of_all_sorts_keep_what_is_theirs() -> None:
    note = Finding("not-dicom", "info", "text", path=f"{FOLDER}text")
    members = [row(path=f"{PATH}/{name}", InstanceNumber=9) for name in ("x", "y/z")]
    lost = Finding("unreadable-value", "warning", "text", "1.2", f"{PATH}/y/z")
    batch: Batch = {
        f"{FOLDER}text": (STAMP, Reading(findings=(note,))),
        PATH: (STAMP, Reading(tuple(members), (lost, lost))),
        f"{FOLDER}empty": (STAMP, Reading()),
        **series(2),
    }
    assert repr(unpack(FOLDER, pack(FOLDER, batch), {})) == repr(batch)
    assert unpack(FOLDER, pack(FOLDER, {}), {}) == {}


def test_slices_of_a_series_share_most_of_their_rows() -> None:
    first, more = (pack(FOLDER, series(count)) for count in (1, 101))
    assert first.count(b"Thorax") == more.count(b"Thorax") == 1
    assert len(more) - len(first) < 100 * 60
    known = [reading.rows[0] for _, reading in unpack(FOLDER, more, {}).values()]
    place = list(COLUMNS).index("SeriesDescription")
    assert known[0][place] is known[-1][place]


@pytest.mark.parametrize(
    "reading",
    [Reading((row(path="/elsewhere"),)), Reading((), (Finding("a-b", "info", "text"),))],
)
def test_what_is_about_another_file_is_not_stored(reading: Reading) -> None:
    batch = series(2)
    packed = pack(FOLDER, {PATH: (STAMP, reading), **batch})
    assert repr(unpack(FOLDER, packed, {})) == repr(batch)


@pytest.mark.parametrize("data", [b"", b"{", b"5", b"[5]", b"[[1, 2]]", b"\xff", b"[" * 10**5])
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(MisfitError):
        unpack(FOLDER, data, {})


SIZES, TIMES, COUNTS, MEMBERS, NUMBERS, OWN_COLUMNS, SHARED, NOTES = range(1, 9)


@pytest.mark.parametrize(
    ("part", "at", "value"),
    [
        (0, 0, 5),
        (SIZES, 0, "5"),
        (TIMES, 0, 1.5),
        (COUNTS, 0, 2),
        (COUNTS, 0, -1),
        (COUNTS, 0, 10**15),
        (COUNTS, 0, None),
        (MEMBERS, 0, None),
        (NUMBERS, 0, 1),
        (NUMBERS, 0, -1),
        (NUMBERS, 0, []),
        (OWN_COLUMNS, OWN.index("InstanceNumber"), [1, "2"]),
        (OWN_COLUMNS, OWN.index("InstanceNumber"), [1]),
        (OWN_COLUMNS, OWN.index("InstanceNumber"), [1, True]),
        (OWN_COLUMNS, OWN.index("ImagePositionPatient"), [None, ["x"]]),
        (OWN_COLUMNS, OWN.index("ImagePositionPatient"), [None, 5]),
        (OWN_COLUMNS, OWN.index("SOPInstanceUID"), ["1", ["2"]]),
        (OWN_COLUMNS, OWN.index("SOPInstanceUID"), "12"),
        (SHARED, 0, [None]),
        (SHARED, 0, ["", ""]),
        (SHARED, 0, {"a": 1}),
        (NOTES, 0, [0, "not-dicom", "fatal", "text", "", ""]),
        (NOTES, 0, [0, "not-dicom", "info", 5, "", ""]),
        (NOTES, 0, [9, "not-dicom", "info", "text", "", ""]),
        (NOTES, 0, [0, "not-dicom"]),
        (NOTES, 0, 5),
    ],
)
def test_what_fits_no_row_is_refused(part: int, at: int, value: Any) -> None:
    batch = series(2)
    note = Finding("not-dicom", "info", "text", path=f"{FOLDER}0")
    batch[f"{FOLDER}0"] = STAMP, batch[f"{FOLDER}0"][1]._replace(findings=(note,))
    contents = json.loads(pack(FOLDER, batch))
    assert repr(unpack(FOLDER, json.dumps(contents).encode(), {})) == repr(batch)
    contents[part][at] = value
    with pytest.raises(MisfitError):
        unpack(FOLDER, json.dumps(contents).encode(), {})
