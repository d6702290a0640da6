"""What is said to be read is what readers name; what is said to be written, exports write."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pydicom
import pytest
import xarray as xr
from factories import plan, write
from portal_images import EXPOSURE, portal, stored
from pydicom.datadict import keyword_for_tag, tag_for_keyword

import rtxr
from rtxr import model
from rtxr.export import finishing
from rtxr.iod.build import DELETE
from rtxr.iod.items import beams as beam_items
from rtxr.iod.statement import support
from rtxr.iod.statement.conformance import conformance
from rtxr.iod.tables import IODS

READ = Path(rtxr.__file__).parent / "read"
READERS = {reader.name: reader for some in support.READERS.values() for reader in some}
#: Written with values of the source: what is above or beside what is edited.
_PASSED_ON = frozenset({"DVHNormalizationPoint", "DVHNormalizationDoseValue"}) | {
    # Of patient and study, which a new plan takes from the objects beside it.
    *("PatientSex", "PatientBirthDate", "StudyDate", "StudyTime", "StudyID", "StudyDescription"),
    *("ReferringPhysicianName", "AccessionNumber"),
}
#: Given by callers, shared by the objects of a case, or written beside the other attributes.
_ELSEWHERE = frozenset(
    {"StudyInstanceUID", "FrameOfReferenceUID", "PatientName", "PatientID", "PixelData"}
)
#: They name elements of directories and of every file, but of no IOD.
_OF_NO_IOD = {f"scanning/{name}.py" for name in ("dicomdir", "file_header", "header_walk")}
FILED = [reader for some in support.READERS.values() for reader in some if reader.files]


def _named(path: Path) -> set[str]:
    """Keywords of the elements that a file names: as text, as name, or by their number."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Constant(value=str(text)):
                found.add(text)
            case ast.Constant(value=int(number)) if 0x00080000 <= number < 0x7FE10000:
                found.add(keyword_for_tag(number))
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                found.add(name)
    return {name for name in found if name and tag_for_keyword(name)}


@pytest.mark.parametrize("reader", dict.fromkeys(FILED), ids=lambda reader: reader.name)
def test_a_reader_reads_what_its_files_name(reader):
    named = set().union(*(_named(READ / file) for file in reader.files))
    assert reader.keywords == named


def test_no_file_reads_in_silence():
    files = {file for reader in FILED for file in reader.files} | _OF_NO_IOD
    read = {str(path.relative_to(READ)): path for path in READ.rglob("*.py")}
    assert [name for name, path in read.items() if name not in files and _named(path)] == []


def test_the_index_reads_its_columns():
    assert support._TABLE.reads("PatientID")
    assert not support._TABLE.reads("path")
    assert not support._TABLE.reads("OtherPatientIDsSequence.PatientID")


def test_a_nested_element_is_read_only_where_the_sequences_around_it_are():
    reader = READERS["structures"]
    assert reader.reads("StructureSetROISequence.ROIName")
    assert not reader.reads("ROIContourSequence.ContourSequence.AttachedContours")
    assert not reader.reads("PredecessorStructureSetSequence.ReferencedSOPInstanceUID")


def _paths(value: Any, path: str) -> Iterator[str]:
    yield path
    if isinstance(value, list | pydicom.Sequence):
        for item in value:
            if isinstance(item, pydicom.Dataset):
                for element in item:
                    inner = list(element.value) if element.VR == "SQ" else None
                    yield from _paths(inner, f"{path}.{element.keyword}")


@pytest.fixture(scope="module")
def source(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic patient with the smallest and the largest pixel value of each slice."""
    folder = tmp_path_factory.mktemp("source")
    for path in phantom.rglob("*.dcm"):
        ds = pydicom.dcmread(path)
        if ds.Modality == "CT":
            kind = "SS" if ds.PixelRepresentation else "US"
            ds.add_new("SmallestImagePixelValue", kind, int(ds.pixel_array.min()))
            ds.add_new("LargestImagePixelValue", kind, int(ds.pixel_array.max()))
        ds.save_as(folder / path.name)
    return folder


def _cases(ds: xr.Dataset) -> Iterator[tuple[xr.Dataset, dict[str, Any]]]:
    """A case edited in every way that writes other attributes, and arguments of its export."""
    plan = ds.plan_uid.item()
    kinds = {"DoseSummationType": "BEAM", "DoseComment": "of one beam"}
    kinds[model.DOSE_REFERENCES_ATTR] = json.dumps([[plan, 1, 1]])
    beam = (ds.dose * 2).assign_attrs({**ds.dose.attrs, **kinds})
    yield ds.assign(ct=ds.ct + 1, dose=beam), {}
    yield ds.rt.resample(6.0).rt.crop(z=(-40, 40)), {}
    yield ds, {"dvh": ds.rt.dvh(), "RTPlanLabel": "OTHER"}
    headers = [str(name) for name in ds.coords if str(name).startswith("header")]
    new = ds.drop_vars(headers).rt.add_structure("new", ds.mask.isel(roi=0))
    yield new, {"PatientName": "Nobody", "PatientID": "1"}
    turning = {each: ["CW", "NONE"] for each in beam_items.ROTATIONS.values()}
    point = dict.fromkeys((*beam_items.POINT_NUMBERS, *beam_items.ISOCENTER, *["X1", "Y1"]), 1.0)
    beam = {**dict.fromkeys(beam_items.BEAM_TEXTS, "X"), "BeamMeterset": 1.0, "BeamDose": 1.0}
    rows = {**beam, **point, **turning, "X2": 2.0, "Y2": 2.0, "SourceAxisDistance": 1000.0}
    rows |= {"BeamNumber": 1, "ControlPointIndex": [0, 1], "CumulativeMetersetWeight": [0.0, 1.0]}
    table = pd.DataFrame({**rows, "MLCX": [(-1.0, 1.0)] * 2})
    leaves = {"MLCX": (-5, 5)}
    bare = ds.drop_vars("plan_uid")
    (first, *_) = model.roi_labels(ds)
    planned = bare.rt.add_plan(
        table, prescription={first: 60}, fractions=30, leaf_boundaries=leaves
    )
    yield planned, {"PatientPosition": "HFS"}


def _images(folder: Path) -> Iterator[xr.Dataset]:
    """RT Images edited in every way that writes other attributes."""
    source = portal(
        values=stored(3), exposures=[{**EXPOSURE, "ReferencedFrameNumber": n + 1} for n in range(3)]
    )
    source.FrameTimeVector, source.SmallestImagePixelValue = [0, 1, 1], 0
    source.LargestImagePixelValue, source.ContentDate, source.ContentTime = 71, "20200102", "12"
    ds = rtxr.open_dir(write(folder, [source, plan()]), progress=False)
    part = ds.isel(image=[0, 2], receptor_x=slice(2, 5))
    yield part.assign(rt_image=part.rt_image * 5000.5)
    yield ds.drop_vars([name for name in ds.coords if name.startswith(("header", "rt_image_uid"))])


@pytest.fixture(scope="module")
def written(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Short name of an IOD > paths that exports of edited cases and of new objects give values."""
    found: dict[str, set[str]] = {key: set() for key in IODS}
    build = finishing.build

    def watched(iod, header, values, **more):
        key = next(key for key, each in IODS.items() if each is iod)
        for keyword, value in {**more["derived"], **values}.items():
            if value is not DELETE:
                found[key].update(_paths(value, keyword))
        return build(iod, header, values, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finishing, "build", watched)
        for ds, more in _cases(rtxr.open_dir(source)):
            ds.rt.validate(**more)
        for ds in _images(tmp_path_factory.mktemp("images")):
            ds.rt.validate()
    return found


@pytest.mark.parametrize("key", ["CT", "RTSTRUCT", "RTDOSE", "RTPLAN", "RTIMAGE"])
def test_what_exports_write_is_green_and_what_is_said_to_be_written_is(key, written):
    lines = [line for _, _, some in conformance(key).modules() for line in some]
    green = {line.path for line in lines if line.status == "green"}
    known = {line.path for line in lines}
    assert written[key] & known - green - _PASSED_ON == set()
    assert support.WRITTEN[key] - written[key] == set()
    rules = {path for path, rule in IODS[key].rules.items() if rule.kind in ("computed", "given")}
    assert rules - written[key] - _ELSEWHERE == set()


def test_what_is_written_is_in_the_tables():
    for key, paths in support.WRITTEN.items():
        assert paths <= set(IODS[key].paths), key


def test_what_is_not_supported_is_in_some_table():
    known = {path for iod in IODS.values() for path in iod.paths}
    assert set(support.NOT_SUPPORTED) <= known
