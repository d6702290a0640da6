import pytest
from pydicom.tag import Tag

from rtxr.iod.deidentification.table import ACTIONS, ROWS, row_of

COLUMNS = {
    *("uids", "device", "institution", "patient", "full", "modified"),
    *("descriptors", "content", "graphics"),
}


def test_every_row_has_an_action_in_words_and_known_columns():
    assert len(ROWS) == 652
    for row in ROWS.values():
        assert set(row.action.split("/")) <= set(ACTIONS)
        assert set(row.options) <= COLUMNS
        assert set(row.options.values()) <= {"K", "C"}


@pytest.mark.parametrize(
    ("keyword", "action", "options"),
    [  # read in PS3.15 Table E.1-1
        ("PatientName", "Z", {}),
        ("PatientID", "Z/D", {}),
        ("PatientSex", "Z", {"patient": "K"}),
        ("PatientWeight", "X", {"patient": "K"}),
        ("SOPInstanceUID", "U", {"uids": "K"}),
        ("FrameOfReferenceUID", "U", {"uids": "K"}),
        ("StudyDate", "Z", {"full": "K", "modified": "C"}),
        ("SeriesDate", "X/D", {"full": "K", "modified": "C"}),
        ("RTPlanDate", "X/D", {"full": "K", "modified": "C"}),
        ("ROIName", "Z", {"descriptors": "C"}),
        ("StructureSetLabel", "D", {"descriptors": "C"}),
        ("RTPlanLabel", "D", {"descriptors": "C"}),
        ("TreatmentMachineName", "X/Z", {"device": "K"}),
        ("InstitutionName", "X/Z/D", {"institution": "K"}),
        ("StationName", "X/Z/D", {"device": "K"}),
        ("ReferencedImageSequence", "X/Z/U*", {"uids": "K"}),
        ("DeviceUID", "U", {"uids": "K", "device": "K"}),
    ],
)
def test_rows_of_the_standard(keyword, action, options):
    row = row_of(Tag(keyword))
    assert (row.action, row.options) == (action, options)


def test_repeating_groups_and_what_is_no_row():
    assert row_of(Tag(0x6002, 0x3000)).action == "X"
    assert row_of(Tag(0x600A, 0x4000)).action == "X"
    assert row_of(Tag(0x5004, 0x0020)).action == "X"
    assert row_of(Tag(0x6000, 0x0010)) is None
    assert row_of(Tag("SliceThickness")) is None
    assert row_of(Tag("DoseGridScaling")) is None


def test_the_actions_of_the_profile_are_those_of_an_independent_copy():
    module = "dicomanonymizer.dicom_anonymization_databases.dicomfields_2026c"
    copy = pytest.importorskip(module)
    lists = {name.removesuffix("_TAGS"): getattr(copy, name) for name in dir(copy)}
    codes = {
        name.replace("_STAR", "*").replace("_", "/"): tags
        for name, tags in lists.items()
        if name in {"D", "Z", "X", "U", "Z_D", "X_Z", "X_D", "X_Z_D", "X_Z_U_STAR"}
    }
    actions = {Tag(*tag): code for code, tags in codes.items() for tag in tags if len(tag) == 2}
    assert {tag: row.action for tag, row in ROWS.items()} == actions
