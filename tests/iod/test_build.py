"""What was there stays, what is missing is added or is a violation, nothing is guessed."""

from __future__ import annotations

import io

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian

from iod.objects import codes, differences
from rtxr.errors import UnknownNameError
from rtxr.iod.build import DELETE, build
from rtxr.iod.encoding.raw import item
from rtxr.iod.tables import IODS

CT, RTSTRUCT, RTPLAN, RTDOSE = (IODS[key] for key in ("CT", "RTSTRUCT", "RTPLAN", "RTDOSE"))


def ct_header(**more: object) -> Dataset:
    """A CT header as it comes out of a file: raw elements, no pixels."""
    ds = Dataset()
    values = {
        "SOPClassUID": CT.sop_class_uid,
        "SOPInstanceUID": "1.2.3.4",
        "StudyInstanceUID": "1.2.3.1",
        "SeriesInstanceUID": "1.2.3.2",
        "FrameOfReferenceUID": "1.2.3.3",
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "PatientName": "Doe^Jane",
        "PatientID": "0042",
        "PatientPosition": "HFS",
        "BodyPartExamined": "CHEST",
        "ImagePositionPatient": ["-100.50", "-100.50", "12.500"],
        "ImageOrientationPatient": ["1.0", "0.0", "0.0", "0.0", "1.0", "0.0"],
        "PixelSpacing": ["1.50", "1.50"],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": 4,
        "Columns": 4,
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "RescaleSlope": "1.0",
        "RescaleIntercept": "-1024",
        **more,
    }
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return reread(ds)


def reread(ds: Dataset) -> Dataset:
    buffer = io.BytesIO()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.save_as(buffer, enforce_file_format=True)
    return pydicom.dcmread(io.BytesIO(buffer.getvalue()))


def test_a_source_comes_out_as_it_was_plus_what_it_lacked():
    header = ct_header()
    built = build(CT, header, {})
    changed, added = differences(header, built.dataset)
    assert changed == []
    assert built.violations == ()
    assert set(added) == {
        "AccessionNumber",
        "AcquisitionNumber",
        "InstanceNumber",
        "KVP",
        "Manufacturer",
        "PatientBirthDate",
        "PatientSex",
        "PositionReferenceIndicator",
        "ReferringPhysicianName",
        "SeriesNumber",
        "SliceThickness",
        "StudyDate",
        "StudyID",
        "StudyTime",
    }
    assert set(codes(built.findings)) == {f"added-empty {keyword}" for keyword in added}
    added = next(each for each in built.findings if "KVP" in each.message)
    assert (added.iod, added.module, added.type) == ("CT Image", "CT Image", "2")
    assert added.attribute == "(0018,0060) KVP"
    assert "PS3.3 C.8.2.1" in added.message


def test_elements_nobody_touched_are_still_raw_and_the_header_is_not_changed():
    header = ct_header()
    keys = list(header.keys())
    built = build(CT, header, {"StudyDescription": "new"})
    assert isinstance(built.dataset.get_item("RescaleSlope"), RawDataElement)
    assert list(header.keys()) == keys
    assert "StudyDescription" not in header


def test_an_equal_value_leaves_the_text_of_the_source():
    built = build(CT, ct_header(), {"PixelSpacing": [1.5, 1.5], "Rows": 4, "PatientID": "0042"})
    assert built.dataset.get_item("PixelSpacing").value.strip() == b"1.50\\1.50"
    assert isinstance(built.dataset.get_item("PatientID"), RawDataElement)


def test_values_are_set_emptied_and_removed():
    values = {"PixelSpacing": [1 / 3, 2.0], "PatientName": None, "BodyPartExamined": DELETE}
    built = build(CT, ct_header(), values)
    assert built.violations == ()
    assert [str(each) for each in built.dataset.PixelSpacing] == ["0.33333333333333", "2.0"]
    assert built.dataset["PatientName"].is_empty
    assert "BodyPartExamined" not in built.dataset
    assert "Laterality" in built.dataset  # the body part is not named any more


@pytest.mark.parametrize(
    ("said", "needed"),
    [
        ({"BodyPartExamined": "CHEST"}, False),
        ({"BodyPartExamined": "LUNG"}, True),
        ({"BodyPartExamined": "BRUST"}, True),  # nobody can tell
        ({"BodyPartExamined": ""}, True),
        ({"BodyPartExamined": "", "ImageLaterality": "L"}, False),
    ],
)
def test_laterality_is_added_where_what_was_examined_may_be_one_of_a_pair(said, needed):
    assert ("Laterality" in build(CT, ct_header(**said), {}).dataset) is needed


def test_derived_values_fill_only_what_is_missing():
    derived = {"FrameOfReferenceUID": "9.9", "PatientID": "x", "StudyInstanceUID": ""}
    lacking = ct_header(FrameOfReferenceUID="")
    built = build(CT, lacking, {}, derived=derived)
    assert built.dataset.FrameOfReferenceUID == "9.9"
    assert built.dataset.PatientID == "0042"
    assert built.dataset.StudyInstanceUID == "1.2.3.1"
    assert "added-derived FrameOfReferenceUID" in codes(built.findings)


def test_a_flaw_of_the_source_does_not_block_unless_strict():
    header = ct_header(FrameOfReferenceUID="", PatientSex="X")
    built = build(CT, header, {})
    assert built.violations == ()
    assert {"inherited-missing FrameOfReferenceUID", "inherited-value PatientSex"} <= set(
        codes(built.findings)
    )
    strict = build(CT, header, {}, strict=True)
    assert set(codes(strict.violations)) == {
        "inherited-missing FrameOfReferenceUID",
        "inherited-value PatientSex",
    }
    assert {each.severity for each in strict.violations} == {"error"}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"PixelSpacing": DELETE}, "missing-type-1 PixelSpacing"),
        ({"PixelSpacing": None}, "missing-type-1 PixelSpacing"),
        ({"StudyID": "x" * 17}, "bad-value StudyID"),
        ({"PatientID": "x" * 65}, "bad-value PatientID"),
        ({"PatientSex": "female"}, "bad-value PatientSex"),
        ({"BodyPartExamined": "chest"}, "bad-value BodyPartExamined"),
        ({"StudyDate": "2026-01-05"}, "bad-value StudyDate"),
        ({"SeriesInstanceUID": "1.2.03"}, "bad-value SeriesInstanceUID"),
        ({"SliceThickness": float("nan")}, "bad-value SliceThickness:"),
        ({"Rows": "four"}, "bad-value Rows:"),
    ],
)
def test_a_flaw_of_our_making_is_a_violation(values, code):
    built = build(CT, ct_header(), values)
    assert codes(built.violations) == [code]
    assert "(" in built.violations[0].message


def test_messages_hold_no_value_of_a_patient():
    built = build(
        CT, ct_header(PatientSex="X"), {"PatientName": "Doe^Jane" * 20, "StudyID": "y" * 20}
    )
    texts = " ".join(each.message for each in (*built.findings, *built.violations))
    assert "Doe" not in texts
    assert "0042" not in texts
    assert "yyy" not in texts


def test_flaws_of_the_source_that_are_no_matter_of_a_vr():
    more = {
        "SliceThickness": "0",
        "SeriesDescription": "two\r\nlines",
        "PixelAspectRatio": ["1000", "1000"],
    }
    built = build(CT, ct_header(**more), {})
    found = [each for each in built.findings if each.code == "inherited-value"]
    assert built.violations == ()
    assert {each.severity for each in found} == {"warning"}
    assert set(codes(found)) == {f"inherited-value {keyword}" for keyword in more}
    ours = build(CT, ct_header(), {"SliceThickness": 0.0, "PixelAspectRatio": ["2", "1"]})
    assert set(codes(ours.violations)) == {"bad-value SliceThickness", "bad-value PixelAspectRatio"}
    alone = build(CT, ct_header(PixelAspectRatio=["2", "1"]), {"PixelSpacing": DELETE})
    assert codes(alone.violations) == ["missing-type-1 PixelSpacing"]


@pytest.mark.filterwarnings("ignore:The value length")
def test_a_bad_value_given_is_a_violation_even_where_the_source_had_one():
    built = build(CT, ct_header(StudyID="z" * 17), {"StudyID": "y" * 20})
    assert codes(built.violations) == ["bad-value StudyID"]


def test_another_sop_class_is_refused():
    built = build(RTDOSE, ct_header(), {})
    assert "wrong-sop-class" in {each.code for each in built.violations}


def test_an_unknown_keyword_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'StudyDescription'"):
        build(CT, ct_header(), {"StudyDescriptions": "x"})


def test_items_are_completed_and_counted():
    header = reread(_structures(3))
    built = build(RTSTRUCT, header, {})
    rois = built.dataset.StructureSetROISequence
    assert all(roi["ROIGenerationAlgorithm"].is_empty for roi in rois)
    assert "ROIGenerationAlgorithm" not in header.StructureSetROISequence[0]
    (finding,) = [each for each in built.findings if "ROIGenerationAlgorithm" in each.message]
    assert "in StructureSetROISequence (3 items)" in finding.message


def _structures(rois: int, **more: object) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID = RTSTRUCT.sop_class_uid
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.1", "1.2.2", "1.2.3"
    ds.Modality, ds.StructureSetLabel = "RTSTRUCT", "TEST"
    ds.StructureSetROISequence = [
        item(ROINumber=n, ReferencedFrameOfReferenceUID="1.2.9", ROIName=f"R{n}")
        for n in range(1, rois + 1)
    ]
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def test_a_missing_element_of_a_new_item_is_a_violation_that_of_a_source_item_is_not():
    header = reread(_structures(2))
    del header.StructureSetROISequence[0].ROINumber
    assert codes(build(RTSTRUCT, header, {}).violations) == []
    bare = item(ROIName="new")
    built = build(
        RTSTRUCT, header, {"StructureSetROISequence": [*header.StructureSetROISequence, bare]}
    )
    assert set(codes(built.violations)) == {
        "missing-type-1 ROINumber",
        "missing-type-1 ReferencedFrameOfReferenceUID",
    }


def test_frame_of_reference_of_a_structure_set_is_that_of_most_rois():
    ds = _structures(3)
    ds.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = "1.2.8"
    built = build(RTSTRUCT, reread(ds), {})
    assert built.dataset.FrameOfReferenceUID == "1.2.9"
    assert built.dataset["PositionReferenceIndicator"].is_empty


def test_conditions_that_the_data_decides():
    group = item(
        FractionGroupNumber=1,
        NumberOfFractionsPlanned=3,
        NumberOfBeams=1,
        NumberOfBrachyApplicationSetups=0,
    )
    point = item(ControlPointIndex=0, CumulativeMetersetWeight=0.0)
    beam = item(
        BeamNumber=1,
        BeamType="STATIC",
        RadiationType="PHOTON",
        TreatmentMachineName="M",
        NumberOfWedges=1,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        NumberOfControlPoints=2,
        ControlPointSequence=[point, item(ControlPointIndex=1, CumulativeMetersetWeight=1.0)],
    )
    values = {
        "StudyInstanceUID": "1.2",
        "SeriesInstanceUID": "1.3",
        "ApprovalStatus": "APPROVED",
        "FractionGroupSequence": [group],
        "BeamSequence": [beam],
    }
    built = build(RTPLAN, None, values)
    missing = {each.message.split()[1] for each in built.violations}
    assert {"GantryAngle", "WedgeSequence", "ReferencedBeamSequence"} <= missing
    assert "BlockSequence" not in missing
    first, second = built.dataset.BeamSequence[0].ControlPointSequence
    assert first["IsocenterPosition"].is_empty  # type 2C of the first control point
    assert "IsocenterPosition" not in second
    assert built.dataset["ReviewDate"].is_empty
    assert built.dataset.RTPlanGeometry == "TREATMENT_DEVICE"


def test_new_texts_get_a_character_set_that_has_them():
    built = build(CT, ct_header(), {"StudyDescription": "Größe"})
    assert built.violations == ()
    assert built.dataset.SpecificCharacterSet == "ISO_IR 192"
    back = reread(built.dataset)
    assert back.StudyDescription == "Größe"
    assert back.PatientName == "Doe^Jane"


def test_texts_move_to_a_character_set_that_has_the_new_one():
    texts = {"StudyDescription": "Größe", "PatientName": "Müller^Zoë"}
    header = reread(ct_header(SpecificCharacterSet="ISO_IR 100", **texts))
    moved = "character-set-changed SpecificCharacterSet:"
    assert moved not in codes(build(CT, header, {"SeriesDescription": "Länge"}).findings)
    for values in ({"SeriesDescription": "長さ"}, {"SpecificCharacterSet": "ISO_IR 192"}):
        built = build(CT, header, values)
        assert built.violations == ()
        assert moved in codes(built.findings)
        back = reread(built.dataset)
        assert {keyword: back[keyword].value for keyword in texts} == texts
        assert back.get("SeriesDescription", "") == values.get("SeriesDescription", "")
        assert header.StudyDescription == "Größe"


def test_texts_that_nobody_can_read_stay_in_their_character_set():
    header = ct_header(SpecificCharacterSet="ISO_IR 100", StudyDescription="Größe")
    built = build(CT, header, {"SpecificCharacterSet": "ISO_IR 101"})
    assert [each.code for each in built.violations] == ["character-set"]
    undeclared = reread(header)
    del undeclared["SpecificCharacterSet"]
    built = build(CT, undeclared, {"SeriesDescription": "長さ"})
    assert [each.code for each in built.violations] == ["character-set"]


def test_signed_values_of_ambiguous_elements():
    values = {"SmallestImagePixelValue": -5, "PixelRepresentation": 1}
    built = build(CT, ct_header(), values)
    assert built.dataset["SmallestImagePixelValue"].VR == "SS"
    assert reread(built.dataset).SmallestImagePixelValue == -5


def test_private_elements_that_cannot_be_parsed_pass_through():
    header = ct_header()
    odd = RawDataElement(pydicom.tag.Tag(0x01F11026), "US", 3, b"\1\2\3", 0, False, True)
    creator = RawDataElement(pydicom.tag.Tag(0x01F10010), "LO", 10, b"ELSCINT1  ", 0, False, True)
    header._dict[creator.tag], header._dict[odd.tag] = creator, odd
    built = build(CT, header, {})
    assert built.dataset.get_item(odd.tag).value == b"\1\2\3"
    assert isinstance(built.dataset.get_item(odd.tag), RawDataElement)


def raw(dataset: Dataset, keyword: str) -> RawDataElement | None:
    element = dataset._dict[Tag(keyword)]
    return element if isinstance(element, RawDataElement) else None


def test_a_sequence_that_was_only_looked_at_stays_the_bytes_that_it_was():
    long = [
        item(CodeValue=str(at), CodingSchemeDesignator="99X", CodeMeaning="x" * 40)
        for at in range(20)
    ]
    header = ct_header(ProcedureCodeSequence=long)
    before = raw(header, "ProcedureCodeSequence")
    built = build(CT, header, {"PatientName": "Other"})
    assert before is not None
    assert raw(built.dataset, "ProcedureCodeSequence") is before


def test_a_sequence_that_lacked_something_is_completed():
    long = [item(ReferencedSOPClassUID="1.2", ReferencedSOPInstanceUID="1.3") for _ in range(20)]
    structures = reread(
        item(
            SOPClassUID=RTSTRUCT.sop_class_uid,
            SOPInstanceUID="1.2.3",
            StructureSetROISequence=[item(ROINumber=at) for at in range(40)],
            ReferencedStudySequence=long,
        )
    )
    built = build(RTSTRUCT, structures, {})
    assert raw(built.dataset, "StructureSetROISequence") is None
    assert all("ROIName" in each for each in built.dataset.StructureSetROISequence)
    assert raw(built.dataset, "ReferencedStudySequence") is not None
