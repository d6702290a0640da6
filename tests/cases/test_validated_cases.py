"""What ``rtxr.validate`` says of published cases, beside what other validators say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rtxr

pytestmark = pytest.mark.data

#: Folder > codes and attributes of all errors and warnings; None where there are many objects.
CASES: dict[str, dict[str, set[str]]] = {
    "breast_boost_eclipse": {
        "duplicate-sop-instance": {"(0008,0018) SOPInstanceUID"},
        "missing-type-1": {"(0020,0052) FrameOfReferenceUID"},
        "missing-type-2": {
            "(0008,1070) OperatorsName",
            "(0020,1040) PositionReferenceIndicator",
        },
        "unresolved-reference": {
            "(0008,1155) ReferencedSOPInstanceUID in BeamSequence.ReferencedReferenceImageSequence"
        },
    },
    "oncentra_phantom/simple_phantom_case": {
        "bad-value": {"(0018,0050) SliceThickness"},
        "missing-type-1": {"(0020,0052) FrameOfReferenceUID"},
        "missing-type-2": {
            "(0008,1070) OperatorsName",
            "(0018,0060) KVP",
            "(0020,1040) PositionReferenceIndicator",
        },
    },
    "matrad_tg119": {
        "missing-type-1": {"(0020,0052) FrameOfReferenceUID"},
        "missing-type-2": {"(0020,1040) PositionReferenceIndicator"},
    },
    "brachy_hdr_robustbrachy": {
        "bad-value": {
            "(0028,0034) PixelAspectRatio",
            "(3006,0050) ContourData in ROIContourSequence.ContourSequence",
            "(300A,010C) CumulativeDoseReferenceCoefficient in ApplicationSetupSequence."
            "ChannelSequence.BrachyControlPointSequence.BrachyReferencedDoseReferenceSequence",
            "(300A,02D4) ControlPoint3DPosition in ApplicationSetupSequence.ChannelSequence."
            "BrachyControlPointSequence",
        },
        "file-meta": {"(0002,0003) MediaStorageSOPInstanceUID"},
        "missing-type-1": {"(0020,0052) FrameOfReferenceUID"},
        "missing-type-2": {"(0020,1040) PositionReferenceIndicator"},
        "unresolved-reference": {
            "(0008,1155) ReferencedSOPInstanceUID in ReferencedFrameOfReferenceSequence."
            "RTReferencedStudySequence.RTReferencedSeriesSequence.ContourImageSequence"
        },
        "wrong-count": {"(3004,0056) DVHNumberOfBins in DVHSequence"},
    },
    "proton_dcpt/raystation_plan03": {
        "bad-value": {"(3004,0006) DoseComment"},
        "patient-mismatch": {"(0010,0020) PatientID"},
        "study-differs": {"(0008,0030) StudyTime", "(0010,0020) PatientID"},
        "unresolved-reference": {
            "(0008,1155) ReferencedSOPInstanceUID in ReferencedFrameOfReferenceSequence."
            "RTReferencedStudySequence.RTReferencedSeriesSequence.ContourImageSequence",
            "(0008,1155) ReferencedSOPInstanceUID in ROIContourSequence.ContourSequence."
            "ContourImageSequence",
        },
    },
}


@pytest.mark.parametrize("case", CASES)
def test_the_flaws_of_a_case_are_those_it_has(case, case_data):
    root, _, folder = case.partition("/")
    rows = rtxr.validate(case_data(root) / folder)
    some = rows[rows["severity"] != "info"]
    found = some.groupby("code")["attribute"].agg(set).to_dict()
    assert found == CASES[case]


#: Folders of objects that dicom3tools read.
_COMPARED = (
    "breast_boost_eclipse",
    "oncentra_phantom",
    "brachy_hdr_robustbrachy",
    "ibsi_sts003/dicom/CT/mask",
    "quirks/opentps_small_phantom",
)
_MISSING = re.compile(r"(?:Missing|Empty) attribute.* Type [12]C? (\w+) Element=<(\w+)>")
_OF_META = "MediaStorageSOPInstanceUID"


@pytest.mark.validators
@pytest.mark.parametrize("case", _COMPARED)
def test_required_attributes_are_those_that_dciodvfy_misses(case, case_data, validator):
    root, _, folder = case.partition("/")
    compared = 0
    for path in sorted((case_data(root) / folder).rglob("*.dcm")):
        if path.name.startswith(("CT1", "CTImage", "2.16", "ct_")) and compared:
            continue  # the slices of a series are alike
        lines = validator.dciodvfy(path)
        found = [match for line in lines if (match := _MISSING.search(line))]
        theirs = {match[2] for match in found} - {_OF_META}
        required = {match[2] for match in found if match[1] == "Required"} - {_OF_META}
        rows = rtxr.validate(path)
        missing = rows[rows["code"].str.startswith("missing")]
        names = missing["attribute"].str.split().str[1]
        assert required <= set(names), path.name
        assert set(names[missing["type"].isin(["1", "2"])]) <= theirs, path.name
        compared += 1
    assert compared


@pytest.mark.validators
@pytest.mark.parametrize("case", ["breast_boost_eclipse", "brachy_hdr_robustbrachy"])
def test_what_drtdump_warns_of_is_a_row(case, case_data, validator):
    named = re.compile(r"W: (\w+) \(\w{4},\w{4}\) (?!absent in ReferencedDoseReferenceSequence)")
    for path in sorted(Path(case_data(case)).glob("*.dcm")):
        if path.name.startswith("ct_"):
            continue
        theirs = {match[1] for line in validator.drtdump(path) if (match := named.match(line))}
        assert theirs <= set(rtxr.validate(path)["attribute"].str.split().str[1]), path.name
