"""A function of a user's tables that fails says whose it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from custom_case import SECONDARY_CAPTURE

import rtxr
from rtxr.errors import CustomCodeError, RTXRError
from rtxr.export.custom.user_code import called
from rtxr.iod.rules import derived


def fails(dataset):
    """Asks for what is not there."""
    return dataset.NothingOfThisName


MODULE = rtxr.Module("House", "MY LAB", rtxr.module_rows("1C InstitutionAddress | always"))
PLAIN = rtxr.Module("House", "MY LAB", rtxr.module_rows("1 InstitutionAddress"))


@pytest.fixture(scope="module")
def case(phantom):
    """A plan and its structures."""
    return rtxr.open_dir(phantom).drop_vars(["ct", "dose", "mask"])


@pytest.mark.parametrize(
    ("module", "more", "whose"),
    [
        (
            MODULE,
            {"usage": "M", "conditions": {"InstitutionAddress": fails}},
            "the condition of InstitutionAddress (module 'House')",
        ),
        (PLAIN, {"usage": "C", "condition": "x", "when": fails}, "when of the module 'House'"),
        (
            PLAIN,
            {"usage": "M", "rules": {"InstitutionAddress": derived(fails)}},
            "the rule of InstitutionAddress (module 'House')",
        ),
    ],
)
def test_a_module_that_fails_is_named(case, module, more, whose):
    with (
        rtxr.register_module("RTPLAN", module, **more),
        pytest.raises(CustomCodeError) as caught,
    ):
        case.rt.validate()
    assert str(caught.value) == f"{whose} raised AttributeError; nothing was written"
    assert isinstance(caught.value.__cause__, AttributeError)


def test_an_iod_that_fails_is_named(case):
    iod = replace(SECONDARY_CAPTURE, rules={"ConversionType": derived(fails)})
    new = rtxr.NewObject(pixels=np.zeros((2, 2), np.uint16))
    with (
        rtxr.register_iod("SC", iod, objects=lambda _: new),
        pytest.raises(CustomCodeError, match=r"the rule of ConversionType \(IOD SC\) raised Attr"),
    ):
        case.rt.validate()


def test_functions_that_work_are_not_changed(case):
    seen = []
    rules = {"InstitutionAddress": derived(lambda _: seen.append(1) or "here")}
    with rtxr.register_module("RTPLAN", PLAIN, usage="M", rules=rules):
        found = case.rt.validate()
    assert seen
    assert "error" not in set(found["severity"])


def test_an_error_of_ours_keeps_its_text():
    def refuses(_):
        raise RTXRError("no such thing")

    with pytest.raises(CustomCodeError, match="mine: no such thing; nothing was written"):
        called("mine", lambda function: function(1), refuses)
