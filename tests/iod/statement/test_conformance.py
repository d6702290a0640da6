"""The conformance statement says what the tables do."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from rtxr.errors import UnknownNameError
from rtxr.iod.statement.conformance import Conformance, conformance
from rtxr.iod.statement.lines import MEANING, Include, Line, folded, macro_lines, macros_needed
from rtxr.iod.table_text import parse_rows
from rtxr.iod.tables import COMPUTED, IOD, IODS, Module, ModuleUse


def _lines(name: str) -> dict[str, Line]:
    return {line.path: line for _, _, some in conformance(name).modules() for line in some}


def _modules(name: str) -> dict[str, str]:
    return {use.module.name: status for use, status, _ in conformance(name).modules()}


@pytest.mark.parametrize("name", ["RTDOSE", "rtdose", "RT Dose"])
def test_an_iod_is_found_by_either_name(name):
    assert conformance(name).iod.name == "RT Dose"


def test_an_unknown_name_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'RTDOSE'"):
        conformance("RTDOES")


def test_status_of_attributes_follows_their_rule():
    lines = {path: line.status for path, line in _lines("RTDOSE").items()}
    assert lines["DoseGridScaling"] == "green"  # computed
    assert lines["Modality"] == "green"  # constant
    assert lines["DVHSequence.DVHData"] == "green"
    assert lines["OperatorsName"] == "yellow"  # type 2
    assert lines["NormalizationPoint"] == "plain"
    assert lines["PatientBreedDescription"] == "plain"  # nobody can decide its condition
    assert lines["PixelDataProviderURL"] == "grey"


def test_what_is_not_supported_says_why():
    lines = _lines("CT")
    assert lines["PixelDataProviderURL"].note == "pixels that lie elsewhere are not fetched"
    grey = [line for line in lines.values() if line.status == "grey" and line.level == 0]
    assert len(grey) > 8
    assert all(line.note for line in grey)


def test_of_a_sequence_that_is_written_only_what_is_written_is_green():
    lines = _lines("RTSTRUCT")
    written = lines["StructureSetROISequence.ROIName"]
    assert (written.status, written.source) == ("green", "computed")
    assert lines["StructureSetROISequence.ROIDescription"].status == "plain"
    assert lines["StructureSetROISequence.ROIGenerationAlgorithm"].status == "yellow"


def test_status_of_modules_follows_their_attributes():
    of = _modules("CT")
    assert of["Patient"] == of["Image Plane"] == of["General Equipment"] == "green"
    assert of["General Acquisition"] == of["Overlay Plane"] == "plain"
    assert _modules("RTSTRUCT")["Structure Set"] == _modules("RTDOSE")["RT DVH"] == "green"


def test_rt_images_are_opened_and_written():
    assert _modules("RTIMAGE")["RT Image"] == "green"
    lines = _lines("RTIMAGE")
    assert lines["RTImagePosition"].status == lines["RescaleSlope"].status == "green"
    assert lines["ExposureSequence.MetersetExposure"].status == "green"
    assert lines["ExposureSequence.GantryAngle"].read
    assert lines["ExposureSequence.ApplicatorSequence.ApplicatorID"].status == "plain"
    assert "read by open, for the index, the case, RT Images" in str(conformance("RTIMAGE"))


def test_what_open_reads_is_marked():
    lines = _lines("RTSTRUCT")
    assert lines["ROIContourSequence.ContourSequence.ContourData"].read
    assert lines["StructureSetLabel"].read  # a column of the index
    assert not lines["ApprovalStatus"].read
    assert not lines["PredecessorStructureSetSequence.ReferencedSOPInstanceUID"].read
    assert _lines("PT")["RadiopharmaceuticalInformationSequence.RadionuclideTotalDose"].read
    assert "read by open, for the index, the case, structures" in str(conformance("RTSTRUCT"))


def test_rows_of_2006_say_what_became_of_them():
    lines = _lines("CT")
    assert lines["EstimatedDoseSaving"].note == "retired"
    assert lines["EthnicGroup"].note == "2006 only, now Ethnic Group Code Sequence"
    assert lines["ReferencedPatientSequence.ReferencedSOPClassUID"].note == "type 1C in 2006"
    image = next(
        some for use, _, some in conformance("CT").modules() if use.module.name == "General Image"
    )
    assert {line.path: line.note for line in image}["AcquisitionNumber"] == (
        "moved to General Acquisition"
    )
    gone = {use.module.name: became for use, became, _ in conformance("RTDOSE").former_modules()}
    assert gone["RT Dose ROI"] == gone["Multi-frame Overlay"] == "retired"
    assert gone["Modality LUT"] == "2006 only, now Dose Grid Scaling"
    assert list(conformance("RTPLAN").former_modules()) == []


def test_an_iod_of_the_users_own_follows_its_rules():
    rows = parse_rows("1 SOPClassUID\n3 BeamSequence\n>1 BeamNumber\n2 PatientName")
    iod = IOD("Own", "1.2.3", "OT", "A.0", (ModuleUse(Module("Own", "C.0", rows), "M"),))
    own = Conformance(IOD(**{**vars(iod), "rules": {"BeamSequence": COMPUTED}}), "OWN")
    ((_, status, lines),) = own.modules()
    assert status == "plain"  # nobody gives the SOP class
    assert [line.status for line in lines] == ["plain", "green", "green", "yellow"]


def test_macros_stand_once():
    rows = [line for _, _, some in conformance("RTDOSE").modules() for line in some]
    shown = list(folded(rows))
    includes = [each for each in shown if isinstance(each, Include)]
    assert len(rows) > 2000 > len(shown)
    assert {each.macro for each in includes} >= {"CODE", "PERSON", "REQUEST"}
    needed = macros_needed({"REQUEST"})
    assert needed[0] == "CODE"
    assert set(needed) == {"CODE", "HL7_DESIGNATOR", "CONTENT_ITEM", "IMAGE_REFERENCE", "REQUEST"}
    person = macro_lines("PERSON")
    assert [each.macro for each in person if isinstance(each, Include)] == ["CODE"] * 3


@pytest.mark.parametrize("key", IODS)
def test_text_and_html_hold_the_same_rows(key):
    statement = conformance(key)
    text, html = str(statement), statement._repr_html_()
    assert repr(statement) == text
    read = _Read()
    read.feed(html)
    assert read.open == []
    headings = len(statement.iod.modules) + len(list(statement.former_modules()))
    assert read.count["details"] >= headings
    rows = [line for line in text.splitlines()[6:] if "(" in line[8:16] or "include " in line]
    assert read.count["tr"] - read.count["table"] == len(rows)


class _Read(HTMLParser):
    """Counts elements, and those that were not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.count: dict[str, int] = {}
        self.open: list[str] = []

    def handle_starttag(self, tag: str, _: object) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_text_holds_status_type_tag_rule_and_condition():
    text = str(conformance("RTSTRUCT"))
    assert "\n+ Structure Set C.8.8.5 M\n" in text
    assert "\n  +r 1  >>(3006,0050) ContourData = computed\n" in text
    assert "2C (300E,0004) ReviewDate | Approval Status is APPROVED or REJECTED" in text
    assert "\n     1  (60xx,0010) OverlayRows\n" in str(conformance("CT"))


def test_html_colours_a_row_by_its_status():
    html = conformance("RTSTRUCT")._repr_html_()
    row = next(row for row in html.split("<tr") if ">&gt;&gt;ContourData<" in row)
    assert "rgba(60, 180, 75, .35)" in row
    assert all(f">{cell}<" in row for cell in ("(3006,0050)", "1", "computed", "read"))


def test_without_a_name_all_iods_are_told():
    overview = conformance()
    rows = {row["name"]: row for row in overview.rows()}
    assert set(rows) == set(IODS)
    assert rows["RTIMAGE"]["import"] == "opened"
    assert rows["CT"]["import"] == "opened"
    assert "green" in rows["RTDOSE"]["attributes"]
    assert str(overview).splitlines()[0].split()[:2] == ["name", "IOD"]
    assert len(str(overview).splitlines()) == len(IODS) + 1
    html = overview._repr_html_()
    assert html.count("<tr") == len(IODS) + 1
    assert all(html.count(f">{status}: ") == 1 for status in MEANING)
    swatch = next(part for part in html.split("<span") if ">plain: passed through" in part)
    assert "border:1px solid" in swatch
    counts = next(row for row in overview.rows() if row["name"] == "RTDOSE")["modules"]
    assert f">{counts.split(', ')[0]}<" in html
