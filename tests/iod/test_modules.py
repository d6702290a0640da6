"""Every row against a machine-readable copy of PS3.3 (highdicom's, edition 2026b)."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from rtxr.iod import macros, modules_beams, modules_common, modules_image, modules_plan, modules_rt
from rtxr.iod.tables import IODS, Module, walk

_FILES = (modules_common, modules_image, modules_rt, modules_plan, modules_beams)
MODULES = {
    module.name: module
    for file in _FILES
    for module in vars(file).values()
    if isinstance(module, Module)
}
LISTED = [module for module in MODULES.values() if module.attributes]
_IOD_KEYS = {
    "CT": "ct-image",
    "MR": "mr-image",
    "PT": "positron-emission-tomography-image",
    "RTSTRUCT": "rt-structure-set",
    "RTDOSE": "rt-dose",
    "RTPLAN": "rt-plan",
    "RTIONPLAN": "rt-ion-plan",
}


@pytest.fixture(scope="module")
def standard() -> dict[str, object]:
    pytest.importorskip("highdicom")
    folder = files("highdicom") / "_standard"
    names = ("iod_module_map", "module_attribute_map", "sop_class_iod_map")
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in names}


def _key(name: str) -> str:
    return name.lower().replace(" ", "-").replace("/", "-")


def _types(standard, name: str) -> dict[str, str]:
    rows = standard["module_attribute_map"][_key(name)]
    return {".".join([*row["path"], row["keyword"]]): row["type"] for row in rows}


@pytest.mark.parametrize("module", LISTED, ids=lambda module: module.name)
def test_every_row_is_a_row_of_the_standard(standard, module):
    theirs = _types(standard, module.name)
    ours = {path: row.type for path, row in walk(module.attributes)}
    assert {path: kind for path, kind in ours.items() if theirs.get(path) != kind} == {}


@pytest.mark.parametrize("module", LISTED, ids=lambda module: module.name)
def test_every_required_row_of_the_standard_is_there(standard, module):
    ours = {path for path, _ in walk(module.attributes)}
    theirs = _types(standard, module.name)
    assert [path for path in theirs if "." not in path and path not in ours] == []


@pytest.mark.parametrize(
    "module",
    [
        module
        for file in (modules_rt, modules_plan)
        for module in vars(file).values()
        if isinstance(module, Module)
    ]
    + [modules_beams.RT_BEAMS],
    ids=lambda module: module.name,
)
def test_every_required_row_of_nested_items_is_there_in_rt_modules(standard, module):
    ours = {path for path, _ in walk(module.attributes)}
    theirs = _types(standard, module.name)
    required = [path for path, kind in theirs.items() if kind in ("1", "2")]
    assert [path for path in required if path not in ours] == []


@pytest.mark.parametrize("key", IODS)
def test_modules_of_each_iod_and_their_usage(standard, key):
    theirs = {use["key"]: use["usage"] for use in standard["iod_module_map"][_IOD_KEYS[key]]}
    ours = {_key(use.module.name): use.usage for use in IODS[key].modules}
    assert ours == theirs


@pytest.mark.parametrize("key", IODS)
def test_sop_class_of_each_iod(standard, key):
    assert standard["sop_class_iod_map"][IODS[key].sop_class_uid] == _IOD_KEYS[key]


def test_macros_are_those_of_the_code_sequence(standard):
    rows = standard["module_attribute_map"]["general-study"]
    theirs = {
        row["keyword"]: row["type"] for row in rows if row["path"] == ["ProcedureCodeSequence"]
    }
    ours = {row.keyword: row.type for row in macros.MACROS["CODE"]}
    assert ours == theirs


def test_modules_without_rows_are_only_those_that_are_passed_through():
    bare = {name for name, module in MODULES.items() if not module.attributes}
    assert bare == {
        "Acquisition Context",
        "Device",
        "Enhanced Patient Orientation",
        "Multi-energy CT Image",
        "Overlay Plane",
        "Specimen",
    }
