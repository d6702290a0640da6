"""What follows from the Dataset, and what to do instead of setting it."""

from __future__ import annotations

import re

import numpy as np
import pytest

import rtxr
from rtxr.accessor import DatasetRT
from rtxr.errors import UnknownNameError
from rtxr.export.overrides import overrides
from rtxr.iod.owned import OWNED, edit_hint
from rtxr.iod.tables import IODS


def test_all_of_it_is_in_the_tables():
    assert {keyword for iod in IODS.values() for keyword in iod.keywords} >= OWNED.keys()


def test_methods_that_are_named_exist():
    for text in {part for owned in OWNED.values() for part in owned}:
        for method in re.findall(r"ds\.rt\.(\w+)\(", text):
            assert hasattr(DatasetRT, method), method
        for function in re.findall(r"rtxr\.(\w+)\(", text):
            assert hasattr(rtxr, function), function


@pytest.mark.parametrize(
    ("keyword", "how"),
    [
        ("DoseUnits", "ds.assign(dose=ds.dose.assign_attrs(DoseUnits=...))"),
        ("ReferencedRTPlanSequence", 'ds.rt.add_plan(..., doses="dose")'),
        ("BeamSequence", "ds.rt.with_beams(...)"),
        ("Rows", "ds.rt.crop(...)"),
        ("StructureSetROISequence", "ds.rt.add_structure(...)"),
        ("LargestImagePixelValue", "ds.assign(ct=...)"),
    ],
)
def test_each_says_how(keyword, how):
    assert how in edit_hint(keyword)
    with pytest.raises(UnknownNameError, match=re.escape(how)):
        overrides({keyword: 1})


@pytest.mark.parametrize("keyword", [key for key, owned in OWNED.items() if owned.new])
def test_a_new_case_says_what_it_takes_instead(keyword):
    with pytest.raises(UnknownNameError, match=re.escape(f"give {OWNED[keyword].new}")):
        rtxr.new_case(np.zeros((1, 2, 2)), spacing=(1, 1, 1), **{keyword: 1})


def test_a_new_case_may_say_the_rest():
    facts = {"FrameOfReferenceUID": "1.2.3", "PatientPosition": "HFS"}
    ds = rtxr.new_case(np.zeros((1, 2, 2), np.int16), spacing=(1, 1, 1), **facts)
    assert ds.rt.grid().frame_of_reference_uid == "1.2.3"
