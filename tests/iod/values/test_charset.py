"""Texts move to UTF-8 as a whole, or not at all (PS3.5 6.1.2, PS3.3 C.12.1.1.2)."""

from __future__ import annotations

import io

import factories as make
import pydicom
import pytest
from pydicom.charset import convert_encodings, encode_string
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from rtxr.iod.encoding.raw import make as element
from rtxr.iod.values.charset import needs_more, to_unicode

TEXTS = {
    ("ISO_IR 100",): "Größe",
    ("ISO_IR 144",): "Доза",
    ("ISO_IR 192",): "長さ",
    ("GB18030",): "长度",
    ("", "ISO 2022 IR 87"): "山田",
    ("", "ISO 2022 IR 149"): "길이",
}


def stored(charset: tuple[str, ...], text: str) -> Dataset:
    """A structure set as read from a file, texts at three levels; one item in another set."""
    ds = make.structure_set(SpecificCharacterSet=list(charset))
    ds.PatientName, ds.StudyDescription = f"{text}^Zoe={text}", text
    (roi,) = ds.StructureSetROISequence
    roi.ROIName, roi.ROIDescription = text, "Plain"
    roi.DerivationCodeSequence = [make.item(CodeMeaning=text, CodeValue="1")]
    other = make.item(SpecificCharacterSet="ISO_IR 100", CodeMeaning="Größe", CodeValue="2")
    ds.ProcedureCodeSequence = [other]
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return pydicom.dcmread(io.BytesIO(buffer.getvalue()), force=True)


def reread(ds: Dataset) -> Dataset:
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return pydicom.dcmread(io.BytesIO(buffer.getvalue()), force=True)


@pytest.mark.parametrize("charset", TEXTS, ids="+".join)
def test_texts_are_the_same_in_utf8(charset):
    text = TEXTS[charset]
    ds = stored(charset, text)
    assert to_unicode(ds, list(charset))
    back = reread(ds)
    assert back.SpecificCharacterSet == "ISO_IR 192"
    assert back.PatientName == f"{text}^Zoe={text}"
    assert back.StudyDescription == text
    (roi,) = back.StructureSetROISequence
    assert (roi.ROIName, roi.ROIDescription) == (text, "Plain")
    assert roi.DerivationCodeSequence[0].CodeMeaning == text
    assert back.ProcedureCodeSequence[0].CodeMeaning == "Größe"
    assert back.ProcedureCodeSequence[0].SpecificCharacterSet == "ISO_IR 192"


def test_what_cannot_be_read_leaves_everything_as_it_was():
    ds = stored(("ISO_IR 100",), "Größe")
    before = dict(ds._dict)
    assert not to_unicode(ds)  # nothing declared, and no UTF-8
    assert not to_unicode(ds, ["", "ISO 2022 IR 87"])
    assert ds.SpecificCharacterSet == "ISO_IR 100"
    assert ds.get_item("StudyDescription") is before[0x00081030]


def test_plain_texts_stay_undecoded():
    ds = stored(("ISO_IR 100",), "Plain")
    assert to_unicode(ds, "ISO_IR 100")
    assert isinstance(ds.get_item("StudyDescription"), RawDataElement)


@pytest.mark.parametrize(
    ("charset", "text", "more"),
    [
        (None, "Plain", False),
        (None, "Größe", True),
        ("ISO_IR 100", "Größe", False),
        ("ISO_IR 100", "長さ", True),
        ("ISO_IR 6", "Größe", True),
        ("ISO_IR 192", "長さ", False),
        (["", "ISO 2022 IR 87"], "山田", False),
    ],
)
def test_whether_a_text_needs_another_set(charset, text, more):
    ds = make.item(**({"SpecificCharacterSet": charset} if charset else {}))
    assert needs_more(ds, [element("StudyDescription", text)]) is more
    nested = element("ProcedureCodeSequence", [make.item(CodeMeaning=text)])
    assert needs_more(ds, [nested]) is more


def test_padding_of_encoded_values():
    data = encode_string("Größe", convert_encodings("ISO_IR 100"))
    ds = stored(("ISO_IR 100",), "Größe")
    assert ds.get_item("StudyDescription").value.rstrip() == data
    assert to_unicode(ds, "ISO_IR 100")
    assert ds.get_item("StudyDescription").value == "Größe ".encode()
