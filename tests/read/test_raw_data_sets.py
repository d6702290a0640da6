"""The quick way gives what pydicom gives, element by element, or leaves it to pydicom."""

from __future__ import annotations

import io
import os
import warnings

import pydicom
import pytest
from factories import ct_slice, dose, save, structure_set
from pydicom import uid as sop
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from rtxr.errors import RTXRError
from rtxr.read.headers import read_header
from rtxr.read.raw_data_sets import raw_data_set

ENCODINGS = ("original_encoding", "original_character_set", "_parent_encoding")


def by_pydicom(data: bytes) -> pydicom.FileDataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(io.BytesIO(data), force=True)


def assert_same(one: Dataset, other: Dataset) -> None:
    assert list(one._dict) == list(other._dict)
    for name in (*ENCODINGS, "is_undefined_length_sequence_item"):
        assert getattr(one, name) == getattr(other, name), name
    for tag, element in other._dict.items():
        found = one._dict[tag]
        if isinstance(element, RawDataElement):
            # Where the value is in the file is not known of what stands in items.
            assert found._replace(value_tell=0) == element._replace(value_tell=0)
            assert type(found.value) is type(element.value)
        elif element.VR == "SQ":
            assert found.is_undefined_length == element.is_undefined_length
            for mine, theirs in zip(found.value, element.value, strict=True):
                assert_same(mine, theirs)
        else:
            assert found == element


def varied(undefined: bool) -> Dataset:
    """A slice with texts in another character set, empty values, private ones and sequences."""
    ds = ct_slice(2, 5.0)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientComments, ds.SliceThickness = "Yamada^\u592a\u90ce", "", None
    inner = Dataset()
    inner.CodeMeaning, inner.CodeValue = "\u03bcGy", "1"
    inner.is_undefined_length_sequence_item = undefined
    ds.ProcedureCodeSequence = Sequence([inner, Dataset()])
    ds["ProcedureCodeSequence"].is_undefined_length = undefined
    ds.private_block(0x0011, "OWN", create=True).add_new(1, "UN", b"\1\2\3\4")
    ds.add_new(0xFFFCFFFC, "OB", b"\0" * 6)
    return ds


@pytest.mark.parametrize("syntax", [sop.ImplicitVRLittleEndian, sop.ExplicitVRLittleEndian])
@pytest.mark.parametrize("undefined", [True, False])
def test_the_same_as_pydicom(tmp_path, syntax, undefined):
    for made in (varied(undefined), structure_set(), dose()):
        data = save(tmp_path / "x", made, syntax=syntax).read_bytes()
        found = raw_data_set(data)
        assert found is not None
        assert_same(found, by_pydicom(data))
        assert found.file_meta == by_pydicom(data).file_meta
        assert found.preamble == data[:128]


@pytest.mark.parametrize("syntax", [sop.DeflatedExplicitVRLittleEndian, sop.ExplicitVRBigEndian])
def test_other_encodings_are_left_to_pydicom(tmp_path, syntax):
    assert raw_data_set(save(tmp_path / "x", ct_slice(1, 0.0), syntax=syntax).read_bytes()) is None


def test_damaged_bytes_are_left_to_pydicom(tmp_path):
    data = save(tmp_path / "x", varied(True)).read_bytes()
    for damaged in (data[:-1], data + b"\0", data[132:], data[:200], b"", data + data[132:]):
        assert raw_data_set(damaged) is None


@pytest.mark.data
def test_real_headers(case_data):
    """Of each folder of a case the first files."""
    compared = 0
    for root, _, names in os.walk(case_data(".")):
        for name in sorted(names)[:2]:
            try:
                data = read_header(os.path.join(root, name)).record.data
            except (RTXRError, OSError):
                continue
            found = raw_data_set(data)
            if found is not None:
                assert_same(found, by_pydicom(data))
                compared += 1
    assert compared
