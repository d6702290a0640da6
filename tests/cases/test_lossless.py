"""What nobody edited is written as it was read, in every patient position, whatever the files hold.

The elements are generated (:mod:`generated`), so that losslessness is a property of all files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import presented
import pydicom
import xarray as xr
from generated import TEXTS, Planted, plant, plants
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lossless import lost
from presented import IMAGE_AXES, ORIENTATIONS, POSITIONS, Presentation
from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset

import rtxr
from rtxr import header_store, model

#: Fewer voxels, so that many examples fit into a few seconds.
FEW_AXES = (IMAGE_AXES[0][:7], IMAGE_AXES[1][:6], IMAGE_AXES[2][2:6])
DOSE_AXES = tuple(axis[2:7] for axis in presented.DOSE_AXES)
#: Where elements are nested in, by modality.
INTO = {"RTSTRUCT": 0x30060020, "RTPLAN": 0x300A00B0, "RTDOSE": 0x300C0002}
#: References that name an object of a case.
REFERENCES = ("ReferencedSOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")

EDITS: dict[str, Callable[[xr.Dataset], xr.Dataset]] = {
    "sel": lambda ds: ds.isel({ds.ct.dims[0]: slice(1, None)}),
    "dose times two": lambda ds: ds.assign(dose=ds.dose * 2),
    "dose times a third": lambda ds: ds.assign(dose=ds.dose / 3),
    "other values": lambda ds: ds.assign(ct=ds.ct + 7),
    "add a structure": lambda ds: ds.rt.add_structure("New", ds.ct > 0),
    "rename": lambda ds: ds.rt.rename({"Box": "Größe 長"}),
    "remove": lambda ds: ds.rt.remove("Parts"),
    "crop": lambda ds: ds.rt.crop(x=(-12, -2), y=(-11, -2)),
    "resample": lambda ds: ds.rt.resample((None, 2.0, 2.0)),
}


@st.composite
def presentations(draw: st.DrawFn) -> Presentation:
    """Every patient position, and every orientation of rows and columns along patient axes."""
    orientation = st.sampled_from([*POSITIONS.values(), *ORIENTATIONS])
    position = draw(st.sampled_from([*POSITIONS, "", None]))
    dose = draw(orientation)
    axial = dose[2] == dose[5] == 0  # only there may frame offsets be patient z
    return Presentation(
        image=draw(orientation),
        dose=dose,
        frames=draw(st.sampled_from(["up", "down"])),
        offsets=draw(st.sampled_from(["relative", "odd", *(["absolute"] if axial else [])])),
        position=position,
        image_axes=FEW_AXES,
        dose_axes=DOSE_AXES,
    )


def write(folder: Path, how: Presentation, planted: Planted, *, implicit: bool) -> list[Dataset]:
    """The files of a case, elements planted in each."""
    objects = presented.objects(how)
    for number, ds in enumerate(objects):
        data = plant(ds, planted, implicit=implicit, into=INTO.get(ds.Modality))
        (folder / f"{number:02d}.dcm").write_bytes(data)
    return objects


def sources(ds: xr.Dataset) -> dict[str, str]:
    """Source file of each object."""
    return {uid: record.path for uid, record in header_store.unpack(ds).items()}


cases = given(how=presentations(), planted=plants(), implicit=st.booleans())
few = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


@few
@cases
def test_unedited_files_are_the_sources_again(tmp_path_factory, how, planted, implicit):
    folder = tmp_path_factory.mktemp("unedited")
    (folder / "in").mkdir()
    objects = write(folder / "in", how, planted, implicit=implicit)
    ds = rtxr.open_dir(folder / "in", progress=False)
    table = ds.rt.to_dicom(folder / "out")
    assert not table["changed"].any()
    known = sources(ds)
    assert set(table["SOPInstanceUID"]) == set(known) == {str(o.SOPInstanceUID) for o in objects}
    for path, uid in zip(table["path"], table["SOPInstanceUID"], strict=True):
        assert lost(path, known[uid]) == []
        before, after = (pydicom.dcmread(each) for each in (known[uid], path))
        assert before.get("PixelData") == after.get("PixelData")


@few
@given(
    edit=st.sampled_from(sorted(EDITS)),
    how=presentations(),
    planted=plants(),
    implicit=st.booleans(),
)
def test_edits_leave_what_they_do_not_touch(tmp_path_factory, edit, how, planted, implicit):
    folder = tmp_path_factory.mktemp("edited")
    (folder / "in").mkdir()
    write(folder / "in", how, planted, implicit=implicit)
    ds = rtxr.open_dir(folder / "in", progress=False)
    edited = EDITS[edit](ds)
    if edit == "rename" and "character-set" in set(edited.rt.validate()["code"]):
        return  # private texts that are none of their character set, so that no other can be had
    table = edited.rt.to_dicom(folder / "out")
    assert table["changed"].any()
    assert_planted(table["path"], sources(ds), planted)
    assert_consistent(table["path"], set(sources(ds)))
    assert_values(rtxr.open_dir(folder / "out", progress=False), edited)


def assert_planted(paths: list[str], known: dict[str, str], planted: Planted) -> None:
    """Planted elements are what they were; where the character set changed, texts read the same."""
    kinds = {pydicom.dcmread(path).Modality: path for path in known.values()}
    for path in paths:
        new = pydicom.dcmread(path)
        old = pydicom.dcmread(kinds[new.Modality])
        if new.get("SpecificCharacterSet") != old.get("SpecificCharacterSet"):
            for tag, vr in TEXTS:
                assert new.get(tag, "none") == old.get(tag, "none"), vr
        else:
            gone = lost(path, kinds[new.Modality])
            tags = {f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in planted.elements}
            assert [each for each in gone if each[:11] in tags] == []


def assert_consistent(paths: list[str], old: set[str]) -> None:
    """One frame of reference, one study, and no reference to what was not written."""
    written = [pydicom.dcmread(path) for path in paths]
    uids = {ds.SOPInstanceUID for ds in written}
    images = [ds for ds in written if ds.Modality == "CT"]
    assert len({ds.SeriesInstanceUID for ds in images}) == 1
    assert len({ds.StudyInstanceUID for ds in written}) == 1
    assert len({ds.FrameOfReferenceUID for ds in written if "FrameOfReferenceUID" in ds}) == 1
    for ds in written:
        for each in references(ds):
            assert each in uids or each not in old


def references(ds: Dataset) -> Iterator[str]:
    """Objects that a data set names, at any depth; planted elements stay undecoded."""
    for tag in list(ds._dict):
        if keyword_for_tag(tag) == "ReferencedSOPInstanceUID":
            yield str(ds[tag].value)
        elif not tag.is_private and dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ":
            for item in ds[tag].value:
                yield from references(item)


def assert_values(back: xr.Dataset, edited: xr.Dataset) -> None:
    """Arrays to half a step of what is stored; contours exactly."""
    for name in ("ct", "dose"):
        wanted = model.ascending(edited[name])
        step = float(np.ptp(wanted.values)) / 65535 if name == "ct" else float(wanted.max()) / 2**32
        whole = wanted.dtype.kind in "iu"
        np.testing.assert_allclose(back[name], wanted, atol=0 if whole else 0.51 * step, rtol=1e-12)
        for dim in wanted.dims:
            np.testing.assert_allclose(back[dim], wanted[dim], atol=1e-6)
    for node in (model.NODE_X, model.NODE_Y, model.NODE_Z):
        np.testing.assert_allclose(back[node], edited[node], atol=1e-9, rtol=0)
    assert set(map(str, back.roi.values)) == set(map(str, edited.roi.values))
