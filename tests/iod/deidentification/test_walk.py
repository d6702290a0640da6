from collections import Counter

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rtxr.iod.ct_image import CT_IMAGE
from rtxr.iod.deidentification.profile import OPTIONS, Deidentify
from rtxr.iod.deidentification.table import row_of
from rtxr.iod.deidentification.walk import Walk
from rtxr.iod.deidentification.words import words_of
from rtxr.iod.encoding.raw import item
from rtxr.iod.pt_image import PT_IMAGE
from rtxr.iod.rt_plan import RT_PLAN
from rtxr.iod.rt_structure_set import RT_STRUCTURE_SET
from tests.iod.deidentification.planted import TAGS, add_private, as_bytes, planted

MODIFIED = "Retain Longitudinal Modified Dates"
SINGLE_OPTIONS = [(), *((name,) for name in OPTIONS)]


def through(dataset, *options, iod=CT_IMAGE, **more):
    # With a key the same UIDs each time: the digits of drawn ones may be those of what is sought.
    shift = {"shift_days": -40} if MODIFIED in options else {}
    profile = Deidentify(options=options, key="planted", **shift)
    words = words_of([dataset])
    return Walk(profile, iod, words, profile.days(""), done=Counter(), **more).cleaned(dataset)


@pytest.mark.parametrize("iod", [CT_IMAGE, PT_IMAGE, RT_STRUCTURE_SET, RT_PLAN])
def test_nothing_planted_is_left_anywhere(iod):
    dataset = Dataset()
    traces = planted(TAGS, dataset)
    inner = Dataset()
    deep = planted(TAGS, inner, first=1000)
    add_private(dataset, "PLANTED private")
    add_private(inner, "PLANTED private")
    dataset.BeamSequence = [item(ControlPointSequence=[inner])]
    before = as_bytes(dataset)
    for trace in (*traces.values(), *deep.values()):
        assert trace in before
    after = as_bytes(through(dataset, iod=iod))
    left = [tag for some in (traces, deep) for tag, trace in some.items() if trace in after]
    assert not left
    assert b"PLANTED" not in after
    assert as_bytes(dataset) == before


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(TAGS), unique=True, max_size=40),
    st.lists(st.sampled_from(TAGS), unique=True, max_size=40),
    st.sets(st.sampled_from(sorted(set(OPTIONS) - {"Retain Longitudinal Full Dates"}))),
    st.sampled_from([CT_IMAGE, RT_PLAN, RT_STRUCTURE_SET]),
)
def test_only_what_an_option_names_is_left(outer, inner, options, iod):
    dataset, nested = Dataset(), Dataset()
    traces = planted(outer, dataset)
    deep = planted(inner, nested, first=1000)
    dataset.RTDoseROISequence = [nested]
    columns = Deidentify(options=tuple(options)).columns
    after = as_bytes(through(dataset, *options, iod=iod))
    for tag, trace in (*traces.items(), *deep.items()):
        row = row_of(tag)
        codes = {row.options.get(column) for column in columns}
        if not codes & {"K", "C"}:
            assert trace not in after, keyword_for_tag(tag)
        elif "K" in codes and dictionary_VR(tag) != "SQ":
            assert trace in after, keyword_for_tag(tag)


def test_kept_attributes_are_the_very_elements():
    dataset = Dataset()
    dataset.SliceThickness = "3.000"
    dataset.ImagePositionPatient = ["-1.50", "2", "3e0"]
    dataset.BeamSequence = [item(BeamName="Arc 1", GantryAngle=180.5)]
    after = through(dataset, iod=RT_PLAN)
    assert as_bytes(after) == as_bytes(dataset)
    assert after["SliceThickness"] is dataset["SliceThickness"]


def test_a_name_in_a_text_that_no_row_speaks_of():
    dataset = Dataset()
    dataset.PatientName = "Kowalski^Jan"
    dataset.PatientID = "A4711"
    dataset.BeamSequence = [
        item(BeamName="Kowalski AP", BeamType="STATIC"),
        item(BeamName="AP", TreatmentMachineName="A4711 linac"),
    ]
    after = through(dataset, "Retain Device Identity", iod=RT_PLAN)
    first, second = after.BeamSequence
    assert "BeamName" not in first
    assert first.BeamType == "STATIC"
    assert second.BeamName == "AP"
    assert second.TreatmentMachineName == "A4711 linac"  # K keeps what the caller asked to keep


def test_a_date_in_the_name_of_a_beam_and_a_long_version():
    dataset = Dataset()
    dataset.SoftwareVersions = "15.6.0.4.12"
    dataset.BeamSequence = [item(BeamName="AP 12.3.2024"), item(BeamName="G180", WedgeID="1234567")]
    after = through(dataset, iod=RT_PLAN)
    assert after.SoftwareVersions == "15.6.0.4.12"
    assert "BeamName" not in after.BeamSequence[0]
    assert (after.BeamSequence[1].BeamName, after.BeamSequence[1].WedgeID) == ("G180", "1234567")


def test_uids_without_a_row_agree_with_the_others():
    dataset = Dataset()
    dataset.FrameOfReferenceUID = dataset.EquipmentFrameOfReferenceUID = "1.2.3"
    dataset.CodingSchemeIdentificationSequence = [item(CodingSchemeUID="1.2.9")]
    after = through(dataset)
    assert after.FrameOfReferenceUID == after.EquipmentFrameOfReferenceUID != "1.2.3"
    assert after.CodingSchemeIdentificationSequence[0].CodingSchemeUID == "1.2.9"


def test_codes_are_not_taken_for_texts():
    dataset = Dataset()
    dataset.PatientName = "Brain^Ann"
    dataset.AnatomicRegionSequence = [
        item(CodeValue="12738006", CodingSchemeDesignator="SCT", CodeMeaning="Brain")
    ]
    assert through(dataset).AnatomicRegionSequence[0].CodeMeaning == "Brain"


def test_persons_dates_and_unknown_elements_that_no_row_names():
    dataset = Dataset()
    dataset.add_new(0x00091001, "LO", "secret")
    dataset.add_new(0x00181FFE, "LO", "unknown to the dictionary")
    dataset.add_new("ScheduledStudyStartDate", "DA", "20240101")
    dataset.EncryptedAttributesSequence = [item(EncryptedContent=b"\1\2")]
    dataset.DoseComment = "of Mrs. K"
    dataset.SliceThickness = 3
    assert [element.keyword for element in through(dataset)] == ["SliceThickness"]


def test_dates_are_shifted_together_and_times_stay():
    dataset = Dataset()
    dataset.StudyDate = "20240410"
    dataset.AcquisitionTime = "101112.5"
    dataset.AcquisitionDateTime = "20240410101112+0100"
    dataset.PatientBirthDate = "19500101"
    dataset.SeriesDate = "2024"
    dataset.DateOfLastCalibration = ["20240409", "20240410"]
    dataset.ReferencedStudySequence = [item(StudyDate="20240411")]
    after = through(dataset, MODIFIED)
    assert after.StudyDate == "20240301"
    assert after.AcquisitionTime == "101112.5"
    assert after.AcquisitionDateTime == "20240301101112+0100"
    assert after["DateOfLastCalibration"].value == ["20240229", "20240301"]
    assert not after["PatientBirthDate"].value
    assert "SeriesDate" not in after  # no whole date that could be moved
    kept = through(dataset, "Retain Longitudinal Full Dates")
    assert (kept.StudyDate, kept.SeriesDate) == ("20240410", "2024")
    assert not kept["PatientBirthDate"].value
    gone = through(dataset)
    assert "AcquisitionDateTime" not in gone
    assert gone["StudyDate"].is_empty


def test_what_the_export_itself_stamped_is_never_shifted():
    dataset = Dataset()
    dataset.InstanceCreationDate = "20240410"
    dataset.StructureSetDate = "20240410"
    after = through(dataset, MODIFIED, iod=RT_STRUCTURE_SET, stamped={"InstanceCreationDate"})
    assert "InstanceCreationDate" not in after
    assert after.StructureSetDate == "20240301"


def test_descriptions_are_kept_where_they_tell_nothing():
    dataset = Dataset()
    dataset.PatientName = "Kowalski^Jan"
    dataset.StructureSetLabel = "PLAN Kowalski"
    dataset.StructureSetName = "approved 12.3.2024"
    dataset.StructureSetROISequence = [
        item(ROINumber=1, ROIName="PTV_7000"),
        item(ROINumber=2, ROIName="Boost kowalski"),
    ]
    after = through(dataset, "Clean Descriptors", iod=RT_STRUCTURE_SET)
    assert [roi.ROIName or "" for roi in after.StructureSetROISequence] == ["PTV_7000", ""]
    assert after.StructureSetLabel == "DEIDENTIFIED"  # type 1
    assert "StructureSetName" not in after
    basic = through(dataset, iod=RT_STRUCTURE_SET)
    assert [roi.ROIName or "" for roi in basic.StructureSetROISequence] == ["", ""]
    assert [roi.ROINumber for roi in basic.StructureSetROISequence] == [1, 2]


def test_a_kept_sequence_of_descriptions_keeps_only_clean_texts():
    dataset = Dataset()
    request = item(RequestedProcedureDescription="CT head 1.2.2024", RequestedProcedureID="R1")
    request.ScheduledProtocolCodeSequence = [
        item(CodeValue="C1", CodingSchemeDesignator="99X", CodeMeaning="CT head")
    ]
    dataset.RequestAttributesSequence = [request]
    assert "RequestAttributesSequence" not in through(dataset)
    (after,) = through(dataset, "Clean Descriptors").RequestAttributesSequence
    assert "RequestedProcedureDescription" not in after
    assert after.ScheduledProtocolCodeSequence[0].CodeMeaning == "CT head"


def test_uids_agree_wherever_they_stand():
    dataset = Dataset()
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.FrameOfReferenceUID = "1.2.840.10008.1.4.1.1"  # of the Standard: Talairach
    dataset.StructureSetROISequence = [item(ReferencedFrameOfReferenceUID="1.2.3.5")]
    dataset.ROIContourSequence = [
        item(
            ContourSequence=[item(ContourImageSequence=[item(ReferencedSOPInstanceUID="1.2.3.4")])]
        )
    ]
    dataset.IrradiationEventUID = ["1.2.3.4", "1.2.3.5"]
    after = through(dataset, iod=RT_STRUCTURE_SET)
    image = after.ROIContourSequence[0].ContourSequence[0].ContourImageSequence[0]
    frame = after.StructureSetROISequence[0].ReferencedFrameOfReferenceUID
    assert after.SOPInstanceUID == image.ReferencedSOPInstanceUID != "1.2.3.4"
    assert after.IrradiationEventUID == [after.SOPInstanceUID, frame]
    assert after.FrameOfReferenceUID == "1.2.840.10008.1.4.1.1"
    kept = through(dataset, "Retain UIDs", iod=RT_STRUCTURE_SET)
    assert kept.IrradiationEventUID == ["1.2.3.4", "1.2.3.5"]


def test_safe_private_elements():
    dataset = Dataset()
    block = dataset.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.00031")
    block.add_new(0x03, "ST", "a file name")
    add_private(dataset, "secret")
    assert len(through(dataset)) == 0
    after = through(dataset, "Retain Safe Private")
    assert [element.tag for element in after] == [Tag(0x7053, 0x0010), Tag(0x7053, 0x1000)]


def test_a_sequence_that_cannot_be_parsed_goes():
    dataset = Dataset()
    dataset._dict[Tag("BeamSequence")] = pydicom.dataelem.RawDataElement(
        Tag("BeamSequence"), "SQ", 6, b"SECRET", 0, False, True
    )
    assert len(through(dataset, iod=RT_PLAN)) == 0


def test_an_empty_sequence_stays():
    dataset = Dataset()
    dataset.BeamSequence = []
    assert "BeamSequence" in through(dataset, iod=RT_PLAN)


def test_what_the_caller_gives_stays():
    dataset = Dataset()
    dataset.StudyDescription = "Trial 5"
    dataset.SeriesDescription = "secret"
    after = through(dataset, given={"StudyDescription"})
    assert after.StudyDescription == "Trial 5"
    assert "SeriesDescription" not in after
