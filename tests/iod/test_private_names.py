"""pydicom knows the private rows of registered tables, as long as they are there."""

from __future__ import annotations

import pytest
from pydicom.datadict import get_private_entry

import rtxr
from rtxr.iod.private_names import refresh

CREATOR = "MY LAB 1.0"
BLOCK = rtxr.private_block(CREATOR, 0x3287, "1 01 DS PlanScore")


def test_names_come_and_go_with_the_tables():
    module = rtxr.Module("Plan Score", "MY LAB", BLOCK)
    with rtxr.register_module(["RTDOSE", "RTPLAN"], module):
        assert get_private_entry(0x32871001, CREATOR)[:3] == ("DS", "1-n", "PlanScore")
        refresh()
        assert get_private_entry(0x32871101, CREATOR)[2] == "PlanScore"
    with pytest.raises(KeyError):
        get_private_entry(0x32871001, CREATOR)


def test_what_pydicom_knows_stays():
    known = get_private_entry(0x00191010, "SIEMENS CM VA0  ACQU")
    block = rtxr.private_block("SIEMENS CM VA0  ACQU", 0x0019, "3 10 LO Other")
    with rtxr.register_module("CT", rtxr.Module("Other", "MY LAB", block)):
        assert get_private_entry(0x00191010, "SIEMENS CM VA0  ACQU") == known
    assert get_private_entry(0x00191010, "SIEMENS CM VA0  ACQU") == known
