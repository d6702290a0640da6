from __future__ import annotations

import io

import pytest
from factories import ct_slice, save
from pydicom import uid as sop

from rtxr.errors import NotDicomError
from rtxr.read import sources
from rtxr.read.elements import EXPLICIT, IMPLICIT, Encoding
from rtxr.read.sources import find_cut, read_cut, read_source, source_of, tolerant

ENCODINGS = {
    sop.ImplicitVRLittleEndian: IMPLICIT,
    sop.ExplicitVRLittleEndian: EXPLICIT,
    sop.ExplicitVRBigEndian: Encoding(explicit=True, little=False),
}


@pytest.mark.parametrize("syntax", ENCODINGS)
@pytest.mark.parametrize("preamble", [True, False])
def test_encoding_is_seen_in_the_bytes(tmp_path, syntax, preamble):
    source = read_source(save(tmp_path / "x", ct_slice(1, 0.0), syntax=syntax, preamble=preamble))
    assert source.encoding == ENCODINGS[syntax]
    assert source.transfer_syntax == (syntax if preamble else "")
    assert source.complete


def test_a_transfer_syntax_that_is_wrong_does_not_matter(tmp_path):
    path = save(tmp_path / "x", ct_slice(1, 0.0), syntax=sop.ImplicitVRLittleEndian)
    lying = path.read_bytes().replace(b"1.2.840.10008.1.2\0", b"1.2.840.10008.1.4\0")
    assert source_of(lying, complete=True, name="x").encoding == IMPLICIT


def test_a_file_is_read_up_to_its_pixels(tmp_path):
    ds = ct_slice(1, 0.0, size=(512, 512))
    path = save(tmp_path / "x", ds)
    source, cut = read_cut(path)
    assert len(source.data) < 70_000
    assert cut.pixels == (cut.stop + 12, 2 * 512 * 512, False, path.stat().st_size)
    assert cut.tail == b""


def test_more_is_read_until_the_pixels_are_met(tmp_path):
    ds = ct_slice(1, 0.0)
    ds.add_new(0x00091010, "OB", bytes(500_000))
    source, cut = read_cut(save(tmp_path / "x", ds))
    assert cut.pixels.length == 40
    assert cut.stop > 500_000
    assert source.data[cut.stop : cut.stop + 4] == b"\xe0\x7f\x10\x00"


def test_incomplete_bytes_ask_for_more(tmp_path):
    data = save(tmp_path / "x", ct_slice(1, 0.0)).read_bytes()
    for length in range(140, len(data) - 60, 7):
        source = source_of(data[:length], complete=False, name="x")
        assert find_cut(source, io.BytesIO(data), len(data)) is None


def test_tolerant_ends_where_the_bytes_do(tmp_path):
    source = read_source(save(tmp_path / "x", ct_slice(1, 0.0)))
    whole = list(tolerant(source.data, source.start, EXPLICIT))
    cut = list(tolerant(source.data[:-5], source.start, EXPLICIT))
    assert cut == whole[:-1]


def test_what_is_no_dicom(tmp_path):
    (tmp_path / "x").write_bytes(b"PK\x03\x04" + b"zip" * 50)
    with pytest.raises(NotDicomError, match="no DICOM data elements"):
        read_source(tmp_path / "x")


def test_a_file_that_is_cut_while_it_is_read(tmp_path, monkeypatch):
    ds = ct_slice(1, 0.0)
    del ds.PixelData
    path = save(tmp_path / "x", ds)
    _, whole = read_cut(path)
    monkeypatch.setattr(sources, "size_of", lambda _: path.stat().st_size + 1000)
    assert read_cut(path)[1] == whole
