"""Every row against a machine-readable copy of PS3.3 (highdicom's, edition 2026b), both ways."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from rtxr.iod.modules import beams as modules_beams
from rtxr.iod.modules import image as modules_image
from rtxr.iod.modules import ion as modules_ion
from rtxr.iod.modules import macros
from rtxr.iod.modules import modality as modules_modality
from rtxr.iod.modules import patient as modules_patient
from rtxr.iod.modules import plan as modules_plan
from rtxr.iod.modules import rt as modules_rt
from rtxr.iod.modules import rt_image as modules_rt_image
from rtxr.iod.modules import series as modules_series
from rtxr.iod.tables import IODS, Module, walk

_FILES = (
    *(modules_series, modules_image, modules_modality, modules_patient),
    *(modules_rt, modules_plan, modules_beams, modules_ion, modules_rt_image),
)
MODULES = {
    module.name: module
    for file in _FILES
    for module in vars(file).values()
    if isinstance(module, Module)
}
_IOD_KEYS = {
    "CT": "ct-image",
    "MR": "mr-image",
    "PT": "positron-emission-tomography-image",
    "RTSTRUCT": "rt-structure-set",
    "RTDOSE": "rt-dose",
    "RTPLAN": "rt-plan",
    "RTIONPLAN": "rt-ion-plan",
    "RTIMAGE": "rt-image",
}
#: Macro > a place of the Standard that includes it and nothing else: module, path of the sequence.
_INCLUDED = {
    "CODE": ("general-study", "ProcedureCodeSequence"),
    "SOP_REFERENCE": ("general-study", "ReferencedStudySequence"),
    "IMAGE_REFERENCE": ("roi-contour", "ROIContourSequence.ContourSequence.ContourImageSequence"),
    "HL7_DESIGNATOR": ("general-study", "IssuerOfAccessionNumberSequence"),
    "PERSON": ("general-study", "PhysiciansOfRecordIdentificationSequence"),
    "CONTENT_WITH_MODIFIERS": ("acquisition-context", "AcquisitionContextSequence"),
    "PROTOCOL_CODE": ("general-series", "PerformedProtocolCodeSequence"),
    "UDI": ("general-equipment", "UDISequence"),
    "INSTANCES_AND_ACCESS": ("patient", "ReferencedPatientPhotoSequence"),
    "IMAGE_PIXEL": ("general-image", "IconImageSequence"),
    "LUT": ("voi-lut", "VOILUTSequence"),
    "PERSON_OR_DEVICE": ("structure-set", "StructureSetROISequence.ROICreatorSequence"),
    "REQUEST": ("general-series", "RequestAttributesSequence"),
    "ENHANCED_DEVICE": ("rt-beams", "BeamSequence.EnhancedRTBeamLimitingDeviceSequence"),
    "SCAN_POSITION": ("ct-image", "ScanStartPositionSequence"),
    "TREATMENT_PREPARATION": ("ct-image", "PatientTreatmentPreparationSequence"),
}


@pytest.fixture(scope="module")
def standard() -> dict[str, object]:
    pytest.importorskip("highdicom")
    folder = files("highdicom") / "_standard"
    names = ("iod_module_map", "module_attribute_map", "sop_class_iod_map")
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in names}


def _key(name: str) -> str:
    return name.lower().replace(" ", "-").replace("/", "-")


def _types(standard, key: str) -> dict[str, str]:
    rows = standard["module_attribute_map"][key]
    return {".".join([*row["path"], row["keyword"]]): row["type"] for row in rows}


@pytest.mark.parametrize("module", MODULES.values(), ids=lambda module: module.name)
def test_rows_are_those_of_the_standard_at_every_level(standard, module):
    theirs = _types(standard, _key(module.name))
    ours = {path: row.type for path, row in walk(module.attributes)}
    assert {path: kind for path, kind in ours.items() if theirs.get(path) != kind} == {}
    assert [path for path in theirs if path not in ours] == []


@pytest.mark.parametrize("key", IODS)
def test_modules_of_each_iod_and_their_usage(standard, key):
    theirs = {use["key"]: use["usage"] for use in standard["iod_module_map"][_IOD_KEYS[key]]}
    ours = {_key(use.module.name): use.usage for use in IODS[key].modules}
    assert ours == theirs


@pytest.mark.parametrize("key", IODS)
def test_sop_class_of_each_iod(standard, key):
    assert standard["sop_class_iod_map"][IODS[key].sop_class_uid] == _IOD_KEYS[key]


@pytest.mark.parametrize("name", _INCLUDED)
def test_rows_of_a_macro_are_those_of_a_sequence_that_includes_it(standard, name):
    module, sequence = _INCLUDED[name]
    theirs = {
        path.removeprefix(f"{sequence}."): kind
        for path, kind in _types(standard, module).items()
        if path.startswith(f"{sequence}.")
    }
    assert {path: row.type for path, row in walk(macros.MACROS[name])} == theirs


def test_every_module_has_rows():
    assert [module.name for module in MODULES.values() if not module.attributes] == []


def test_macros_with_a_title_are_macros():
    assert set(macros.TITLES) <= set(macros.MACROS)


def test_macros_are_found_by_the_identity_of_their_rows():
    rows = macros.rows("3 BeamSequence\n>3 BeamName\n>include CODE\n>3 BeamNumber")[0].items
    assert macros.macros_among(rows) == {1: ("CODE", len(macros.MACROS["CODE"]))}
    alike = macros.rows("1C LocalNamespaceEntityID | Universal Entity ID is not there")
    assert macros.macros_among(alike) == {}
