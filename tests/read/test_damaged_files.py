"""Files with damaged bytes: a scan and a tree end in Findings, never in another exception."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import factories as make
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import rtxr
from rtxr import model
from rtxr.errors import RTXRError
from rtxr.read.case import open_case
from rtxr.read.rt_structure_set import read_structure_set

#: What a byte is overwritten with: digits, separators and lengths do most harm.
BYTES = st.sampled_from(b"0123456789.-\\ naNSQU\x00\x01\xff") | st.integers(0, 255)


def cut(data: bytes, at: float, _: bytes) -> bytes:
    return data[: int(at * len(data))]


def overwrite(data: bytes, at: float, new: bytes) -> bytes:
    start = int(at * len(data))
    return data[:start] + new + data[start + len(new) :]


def insert(data: bytes, at: float, new: bytes) -> bytes:
    start = int(at * len(data))
    return data[:start] + new + data[start:]


def remove(data: bytes, at: float, new: bytes) -> bytes:
    start = int(at * len(data))
    return data[:start] + data[start + len(new) :]


DAMAGES = st.lists(
    st.tuples(
        st.sampled_from([overwrite, overwrite, overwrite, cut, insert, remove]),
        st.floats(0, 1, exclude_max=True),
        st.lists(BYTES, min_size=1, max_size=8).map(bytes),
    ),
    min_size=1,
    max_size=3,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, bytes]:
    """A case of three slices, a structure set, a plan and a dose."""
    paths = make.write(tmp_path_factory.mktemp("damaged"), make.case())
    return {path: path.read_bytes() for path in paths}


@seed(3)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(damages=st.lists(st.tuples(st.integers(0, 5), DAMAGES), min_size=1, max_size=3))
def test_damage_becomes_findings(
    files: dict[Path, bytes],
    damages: list[tuple[int, list[tuple[Callable[[bytes, float, bytes], bytes], float, bytes]]]],
) -> None:
    for path, data in files.items():
        path.write_bytes(data)
    for number, changes in damages:
        path = list(files)[number % len(files)]
        for change, at, new in changes:
            path.write_bytes(change(path.read_bytes(), at, new))
    index = rtxr.scan(path.parent, progress=False)
    assert repr(index)
    assert index._repr_html_()
    for case in index._catalog.cases:
        try:
            ds = open_case(case)
        except (RTXRError, OSError):
            continue
        assert all(finding.message for finding in model.findings_of(ds))


@pytest.mark.parametrize("new", [b"0", b"\xff", b"\x00\x10"])
def test_no_damaged_byte_of_a_structure_set_is_another_error(tmp_path: Path, new: bytes) -> None:
    ds = next(each for each in make.case() if each.Modality == "RTSTRUCT")
    path = make.save(tmp_path / "a", ds)
    data = path.read_bytes()
    for at in range(132, len(data)):  # lengths that reach past what holds them, too
        path.write_bytes(data[:at] + new + data[at + len(new) :])
        try:
            read_structure_set(path)
        except RTXRError:
            continue


@pytest.mark.parametrize("modality", ["CT", "RTSTRUCT", "RTPLAN", "RTDOSE"])
def test_a_cut_within_the_first_elements_is_no_other_file(tmp_path: Path, modality: str) -> None:
    ds = next(each for each in make.case() if each.Modality == modality)
    path = make.save(tmp_path / "a", ds)
    data = path.read_bytes()
    for length in range(132, 420, 7):
        path.write_bytes(data[:length])
        codes = rtxr.scan(tmp_path, progress=False).findings
        assert set(codes["code"]) & {"unreadable-file", "damaged-header", "missing-uid"}, length
        assert "not-dicom" not in set(codes["code"])


def test_a_cut_within_the_header_of_an_element_is_damage(tmp_path: Path) -> None:
    path = make.save(tmp_path / "a", make.plan())
    path.write_bytes(path.read_bytes() + b"\x0a\x30\x10")
    assert "damaged-header" in set(rtxr.scan(path, progress=False).findings["code"])
    path.write_bytes(path.read_bytes()[:-3] + bytes(3))  # padding
    assert "damaged-header" not in set(rtxr.scan(path, progress=False).findings["code"])


def test_a_cut_structure_set_says_so(tmp_path: Path) -> None:
    path = make.save(tmp_path / "a", make.structure_set(make.ct_series(2)))
    data = path.read_bytes()
    path.write_bytes(data[:-4])
    assert "damaged-header" in {each.code for each in read_structure_set(path).findings}
    path.write_bytes(data[: data.index(b"\x06\x30\x39\x00SQ") + 40])
    assert "damaged-header" in set(rtxr.scan(path, progress=False).findings["code"])
    assert "damaged-header" in {each.code for each in read_structure_set(path).findings}
