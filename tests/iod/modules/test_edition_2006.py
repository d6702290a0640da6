"""Nothing that PS3.3-2006 listed is forgotten: it is in the tables, or says what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset

import rtxr
from iod.test_modules import MODULES
from rtxr.iod.encoding.raw import item
from rtxr.iod.modules import edition_2006 as former
from rtxr.iod.modules.macros import MACROS, TITLES
from rtxr.iod.tables import IODS, TYPES, Attribute, walk

TEXT = (Path(__file__).parents[1] / "edition_2006.txt").read_text(encoding="utf-8")
_HEAD = re.compile(r"^(IOD|MODULE) (.+)$", re.MULTILINE)
#: Names that differ in spelling only.
_NAMES = {"Contrast/bolus": "Contrast/Bolus", "Multi-Frame": "Multi-frame"}
_NAMES["Multi-Frame Overlay"] = "Multi-frame Overlay"


def _blocks(kind: str) -> dict[str, list[str]]:
    """Head > lines of each table."""
    parts = _HEAD.split(TEXT)[1:]
    return {
        name: [line for line in lines.splitlines() if line]
        for which, name, lines in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
        if which == kind
    }


IOD_LISTS, MODULE_LISTS = _blocks("IOD"), _blocks("MODULE")


def _listed(module: str) -> Iterator[tuple[str, str]]:
    """Path and type of each row of 2006; of an include, the path of its sequence and its name."""
    around: list[str] = []
    for line in MODULE_LISTS[module]:
        found = re.fullmatch(r"(>*)(include|[123]C?) (.+)", line)
        level = len(found[1])
        del around[level:]
        if found[2] == "include":
            yield ".".join(around), f"include {found[3]}"
            continue
        tag, keyword = found[3].split()
        assert keyword_for_tag(int(tag.replace(",", ""), 16)) == keyword
        around.append(keyword)
        yield ".".join(around), found[2]


def _types(module: str) -> dict[str, str]:
    """Path > type of each row of 2006."""
    return {path: kind for path, kind in _listed(module) if not kind.startswith("include")}


def _today(module: str) -> dict[str, Attribute]:
    return dict(walk(MODULES[_NAMES.get(module, module)].attributes))


def _gone(module: str) -> dict[str, Attribute]:
    """Rows that the module has no more."""
    of = former.former_rows(_NAMES.get(module, module))
    return {path: row for each in of for path, row in walk(each.attributes)}


@pytest.mark.parametrize("module", MODULE_LISTS)
def test_every_row_is_in_the_table_or_has_a_status(module):
    today, gone = _today(module), _gone(module)
    was = former.FORMER_TYPES.get(_NAMES.get(module, module), {})
    for path, kind in _types(module).items():
        row = gone.get(path) or today[path]
        assert was.get(path, row.type) == kind, path


@pytest.mark.parametrize("module", MODULE_LISTS)
def test_every_macro_is_a_table_that_the_row_includes(module):
    titles = {title.split(" Macro")[0]: name for name, title in TITLES.items()}
    for path, kind in _listed(module):
        if not kind.startswith("include"):
            continue
        macro = MACROS[titles[kind.removeprefix("include ").removesuffix(" Macro")]]
        holder = (_gone(module).get(path) or _today(module)[path]).items if path else None
        there = {row.keyword for row in holder or MODULES[module].attributes}
        assert {row.keyword for row in macro} <= there, path


def test_macros_of_2006_have_a_title():
    titles = " ".join(TITLES.values())
    for name in (
        *("Code Sequence", "Person Identification", "Digital Signatures", "Image Pixel"),
        *("Image SOP Instance Reference", "General Anatomy", "Request Attributes", "Content Item"),
    ):
        assert f"{name} " in titles


def test_every_status_is_about_a_row_of_2006():
    for each in former.FORMER_ROWS:
        listed = _types(each.module)
        assert each.status.split()[0] in ("moved", "retired", "retired,", "2006")
        for row in each.attributes:
            assert listed[row.keyword] == row.type
    for module, types in former.FORMER_TYPES.items():
        listed = _types(module)
        for path, kind in types.items():
            assert listed[path] == kind != _today(module)[path].type
            assert kind in TYPES


@pytest.mark.parametrize("module", [each.module for each in former.FORMER_ROWS])
def test_rows_that_are_gone_are_not_in_the_table_of_today(module):
    assert set(_gone(module)).isdisjoint(_today(module))


def test_rows_that_moved_are_where_they_are_said_to_be():
    for each in former.FORMER_ROWS:
        if each.status.startswith("moved to "):
            today = _today(each.status.removeprefix("moved to "))
            for path, row in walk(each.attributes):
                assert today[path].type == row.type


@pytest.mark.parametrize("listing", IOD_LISTS)
def test_modules_of_2006_are_those_of_the_iod_or_have_a_status(listing):
    name = listing.rpartition(" ")[0]
    key = next(key for key, iod in IODS.items() if iod.name == name)
    assert IODS[key].section == listing.rpartition(" ")[2]
    today = {use.module.name: use for use in IODS[key].modules}
    gone = {use.module.name: use for use in former.FORMER_MODULES.get(key, ())}
    listed = {}
    for line in IOD_LISTS[listing]:
        usage, section, module = line.split(" ", 2)
        module = _NAMES.get(module, module)
        use = gone.get(module) or today[module]
        listed[module] = usage
        assert (use.usage, use.module.section) == (usage, section), module
    assert set(gone) <= set(listed)
    assert set(gone).isdisjoint(today)
    assert all(use.status.split()[0] in ("retired", "2006") for use in gone.values())


def _dose_of_2006(dose: Dataset) -> None:
    dose.EthnicGroup = "X"
    dose.OtherPatientIDs = "OLD"
    dose.StructureSetLabel = "ISODOSES"
    dose.ModalityLUTSequence = [
        item(LUTDescriptor=[2, 0, 16], ModalityLUTType="US", LUTData=[0, 1])
    ]
    dose.ROIContourSequence = [item(ReferencedROINumber=1)]
    dose.RTDoseROISequence = [item(ReferencedROINumber=1, DoseUnits="GY", DoseValue="45")]
    dose.AcquisitionNumber = 3
    for element, value in ((0x10, 4), (0x11, 4), (0x100, 1), (0x102, 0), (0x15, 1)):
        vr = dictionary_VR(0x60000000 | element)
        dose.add_new(0x60000000 | element, vr, value)
    dose.add_new(0x60000040, "CS", "G")
    dose.add_new(0x60000050, "SS", [1, 1])
    dose.add_new(0x60003000, "OW", b"\x0f\x00")


def _written(ds, out: Path) -> Dataset:
    ds.rt.to_dicom(out)
    return next(
        each for each in map(pydicom.dcmread, out.rglob("*.dcm")) if each.Modality == "RTDOSE"
    )


@pytest.mark.parametrize("edited", [False, True])
def test_what_2006_had_in_a_dose_is_read_and_passed_through(phantom, tmp_path, edited):
    path = next(path for path in phantom.rglob("*.dcm") if "DOSE" in path.name.upper())
    source = pydicom.dcmread(path)
    _dose_of_2006(source)
    (tmp_path / "in").mkdir()
    source.save_as(tmp_path / "in" / "dose.dcm")
    source = pydicom.dcmread(tmp_path / "in" / "dose.dcm")
    ds = rtxr.open_dir(tmp_path / "in")
    written = _written(ds.assign(dose=ds.dose * 2) if edited else ds, tmp_path / "out")
    # Points and isodose curves with their doses are those of the dose that they were read from.
    old = {"ROIContourSequence", "RTDoseROISequence", "StructureSetLabel"} if edited else set()
    for keyword in old:
        assert keyword not in written
        del source[keyword]
    for use in former.FORMER_MODULES["RTDOSE"]:
        for row in use.module.attributes:
            assert (row.tag in written) == (row.tag in source), row
            if row.tag in source:
                assert written[row.tag] == source[row.tag], row
    for keyword in ("EthnicGroup", "OtherPatientIDs", "AcquisitionNumber"):
        assert written[keyword] == source[keyword]
