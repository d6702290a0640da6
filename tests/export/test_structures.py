"""Edited structure sets as files: what is new, what follows, and what stays as it was."""

from __future__ import annotations

from pathlib import Path

import factories as make
import numpy as np
import pydicom
import pytest
import xarray as xr
from pydicom.uid import CTImageStorage
from written_structures import BOX, HEIGHTS, Structures, codes, export, square, write_case

import rtxr
from rtxr.read.rt_structure_set import stored_contours


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_case(tmp_path_factory.mktemp("case") / "source")


@pytest.fixture(scope="module")
def case(folder: Path) -> xr.Dataset:
    return rtxr.open_dir(folder)


@pytest.fixture(scope="module")
def source(folder: Path) -> Structures:
    return Structures(pydicom.dcmread(next(folder.glob("RTSTRUCT_*"))))


# --- a structure more -----------------------------------------------------------------------------
def test_a_new_structure_has_all_its_items(case, source, tmp_path):
    table, new = export(case.rt.add_structure("Box", BOX, type="PTV"), tmp_path / "out")
    roi, drawn, observed = new.rois["Box"], new.drawn["Box"], new.observed["Box"]
    frame = str(case.spatial_ref.attrs["FrameOfReferenceUID"])
    assert (roi.ROINumber, roi.ReferencedFrameOfReferenceUID) == (5, frame)
    assert roi["ROIGenerationAlgorithm"].is_empty
    assert list(drawn.ROIDisplayColor) == [0x56, 0xB4, 0xE9]
    assert (observed.RTROIInterpretedType, observed.ObservationNumber) == ("PTV", 5)
    assert observed["ROIInterpreter"].is_empty
    assert new.images("Box") == [
        (CTImageStorage, str(case.ct_uid.sel(z=z).values)) for z in HEIGHTS
    ]
    assert [contour.ContourGeometricType for contour in drawn.ContourSequence] == [
        "CLOSED_PLANAR"
    ] * 2
    assert table.set_index("IOD")["changed"].to_dict() == {
        "CT Image": "",
        "RT Plan": "refers to an object that changed",
        "RT Dose": "refers to an object that changed",
        "RT Structure Set": "its ROIs changed",
    }
    assert new.file.SOPInstanceUID != source.file.SOPInstanceUID
    plan = pydicom.dcmread(tmp_path / "out" / "RTPLAN_1.dcm")
    (named,) = plan.ReferencedStructureSetSequence
    assert named.ReferencedSOPInstanceUID == new.file.SOPInstanceUID


@pytest.mark.parametrize(
    "edit",
    [
        lambda ds: ds.rt.add_structure("Box", BOX),
        lambda ds: ds.rt.rename({"Lung_L": "Left"}),
        lambda ds: ds.rt.remove("Lung_L"),
        lambda ds: ds.rt.set_structure("Lung_L", color="#123456", type="AVOIDANCE"),
    ],
)
def test_other_structures_stay_element_by_element(case, source, tmp_path, edit):
    _, new = export(edit(case), tmp_path / "out")
    for name in source.rois.keys() - {"Lung_L"}:
        assert new.rois[name] == source.rois[name]
        assert new.drawn[name] == source.drawn[name]
        assert new.observed[name] == source.observed[name]
    assert (
        new.file.ReferencedFrameOfReferenceSequence
        == source.file.ReferencedFrameOfReferenceSequence
    )


def test_a_renamed_structure_is_the_same_one(case, source, tmp_path):
    _, new = export(case.rt.rename({"Lung_L": "Lunge links, größer als zuvor"}), tmp_path / "out")
    old = source.rois["Lung_L"]
    roi = new.rois["Lunge links, größer als zuvor"]
    assert roi.ROINumber == old.ROINumber
    assert new.drawn["Lunge links, größer als zuvor"] == source.drawn["Lung_L"]
    back = rtxr.open_dir(tmp_path / "out")
    assert "Lunge links, größer als zuvor" in back.roi.values


def test_swapped_names_swap_nothing_else(case, source, tmp_path):
    names = {"Lung_L": "Lung_R", "Lung_R": "Lung_L"}
    _, new = export(case.rt.rename(names), tmp_path / "out")
    for old, name in names.items():
        assert new.drawn[name] == source.drawn[old]


def test_a_removed_structure_is_gone(case, tmp_path):
    table, new = export(case.rt.remove(["Lung_L", "Empty"]), tmp_path / "out")
    assert not {"Lung_L", "Empty"} & new.rois.keys()
    assert 5 not in [roi.ReferencedROINumber for roi in new.file.ROIContourSequence]
    assert 5 not in [roi.ReferencedROINumber for roi in new.file.RTROIObservationsSequence]
    assert "stale-dvh-removed" not in codes(table)


def test_colour_and_type_are_written(case, source, tmp_path):
    edited = case.rt.set_structure(["Lung_L", "Lung_R"], color=(1, 2, 3), type="AVOIDANCE")
    _, new = export(edited, tmp_path / "out")
    for name in ("Lung_L", "Lung_R"):
        assert list(new.drawn[name].ROIDisplayColor) == [1, 2, 3]
        assert new.observed[name].RTROIInterpretedType == "AVOIDANCE"
        assert new.drawn[name].ContourSequence == source.drawn[name].ContourSequence


def test_stored_dvhs_of_structures_that_stay_are_kept(phantom, tmp_path):
    case = rtxr.open_dir(phantom).drop_vars(["ct", "mask"])
    table, _ = export(case.rt.add_structure("Box", BOX), tmp_path / "out")
    dose = pydicom.dcmread(tmp_path / "out" / "RTDOSE_1.dcm")
    assert "DVHSequence" in dose
    assert "stale-dvh-removed" not in codes(table)


def test_nothing_is_written_of_no_structures(case, tmp_path):
    """The plan must name a structure set (type 1C) and goes on naming the source's."""
    empty = case.rt.remove(list(case.roi.values))
    table = empty.rt.to_dicom(tmp_path / "out")
    assert "RT Structure Set" not in set(table["IOD"])
    assert (table["changed"] == "").all()
    _, new = export(empty.rt.add_structure("Box", BOX), tmp_path / "one")
    assert new.rois.keys() == {"Box"}
    plan = pydicom.dcmread(tmp_path / "one" / "RTPLAN_1.dcm")
    (named,) = plan.ReferencedStructureSetSequence
    assert named.ReferencedSOPInstanceUID == new.file.SOPInstanceUID


# --- references -----------------------------------------------------------------------------------
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    "edit",
    [
        lambda ds: ds.assign(ct=ds.ct + 1),
        lambda ds: ds.isel(z=slice(1, 4)),
        lambda ds: ds.isel(x=slice(1, None)),
        lambda ds: ds.drop_vars("ct_uid"),
        lambda ds: ds.drop_vars("mask").interp(z=np.arange(0, 9, 1.5)),
    ],
)
def test_new_contours_follow_the_slices_that_are_written(case, tmp_path, edit, late):
    if late:
        edited = edit(case).rt.add_structure("Box", BOX)
    else:
        edited = edit(case.rt.add_structure("Box", BOX))
    _, new = export(edited, tmp_path / "out")
    slices = [pydicom.dcmread(path) for path in (tmp_path / "out").glob("CT_*.dcm")]
    heights = {each.SOPInstanceUID: float(each.ImagePositionPatient[2]) for each in slices}
    assert [heights[uid] for _, uid in new.images("Box")] == HEIGHTS
    ((series, images),) = next(iter(new.listed().values())).items()
    assert {series} == {each.SeriesInstanceUID for each in slices}
    assert {uid for _, uid in new.images("Box")} <= set(images)


def test_structures_drawn_on_a_resampled_image_name_its_slices(case, tmp_path):
    finer = case.rt.resample((1.0, None, None))
    heights = finer.z.values[2:9]
    inside = (finer.z >= heights[0]) & (finer.z <= heights[-1]) & (finer.ct == finer.ct)
    _, new = export(finer.rt.add_structure("Block", inside), tmp_path / "out")
    slices = [pydicom.dcmread(path) for path in (tmp_path / "out").glob("CT_*.dcm")]
    written = {each.SOPInstanceUID: float(each.ImagePositionPatient[2]) for each in slices}
    assert [written[uid] for _, uid in new.images("Block")] == heights.tolist()


def test_images_that_the_source_does_not_list_are_listed(tmp_path):
    series = make.ct_series(4)
    structures = make.structure_set(series[:2])
    make.write(tmp_path / "source", [*series, structures])
    ds = rtxr.open_dir(tmp_path / "source").rt.add_structure("Box", [square(6.0, 2)])
    _, new = export(ds, tmp_path / "out")
    ((_, images),) = new.listed()[series[0].FrameOfReferenceUID].items()
    assert images == [each.SOPInstanceUID for each in series]
    assert len(new.file.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence) == 1


def test_a_source_that_lists_nothing_lists_its_images(tmp_path):
    series = make.ct_series(3)
    structures = make.structure_set(series)
    del structures.ReferencedFrameOfReferenceSequence
    make.write(tmp_path / "source", [*series, structures])
    ds = rtxr.open_dir(tmp_path / "source").rt.add_structure("Box", [square(3.0, 2)])
    _, new = export(ds, tmp_path / "out")
    assert new.listed() == {
        series[0].FrameOfReferenceUID: {
            series[0].SeriesInstanceUID: [each.SOPInstanceUID for each in series]
        }
    }
    (study,) = new.file.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    assert study.ReferencedSOPInstanceUID == series[0].StudyInstanceUID


def test_a_new_structure_stays_with_others_that_are_in_another_frame(tmp_path):
    """Alone in the frame of the image it would make a reader leave out all the others."""
    series = make.ct_series(3)
    structures = make.structure_set(series, FrameOfReferenceUID="1.2.3.4")
    make.write(tmp_path / "source", [*series, structures])
    ds = rtxr.open_dir(tmp_path / "source")
    new = ds.rt.add_structure("Box", [square(3.0, 2)])
    _, written = export(new, tmp_path / "out")
    assert written.rois["Box"].ReferencedFrameOfReferenceUID == "1.2.3.4"
    back = rtxr.open_dir(tmp_path / "out")
    np.testing.assert_array_equal(back.mask, new.mask)
    assert back.mask.any(("z", "y", "x")).all()


def test_contours_of_a_dynamic_series_follow_its_labels(tmp_path):
    labels = [{"TemporalPositionIdentifier": n} for n in (1, 2, 3)]
    make.write(tmp_path / "source", make.dynamic_series(labels))
    ds = rtxr.open_dir(tmp_path / "source").rt.add_structure("Box", [square(3.0, 2)])
    _, new = export(ds, tmp_path / "all")
    assert new.images("Box")[0][1] == str(ds.ct_uid[0, 1].values)
    _, one = export(ds.sel(temporal_position=2), tmp_path / "one")
    assert one.images("Box")[0][1] == str(ds.ct_uid[1, 1].values)
    _, mean = export(ds.assign(ct=ds.ct.mean("temporal_position")), tmp_path / "mean")
    heights = {
        each.SOPInstanceUID: float(each.ImagePositionPatient[2])
        for each in map(pydicom.dcmread, (tmp_path / "mean").glob("CT_*.dcm"))
    }
    assert heights[mean.images("Box")[0][1]] == 3.0


# --- what must not get mixed up -------------------------------------------------------------------
def test_a_contour_with_the_key_of_one_that_is_passed_on(tmp_path):
    """Contours in another frame are in no array, but their places in the file are taken."""
    series = make.ct_series(3)
    structures = make.structure_set(series)
    other = make.structure_set(series, FrameOfReferenceUID="1.2.3.4")
    roi, drawn = other.StructureSetROISequence[0], other.ROIContourSequence[0]
    roi.ROINumber = drawn.ReferencedROINumber = 2
    roi.ROIName = "Foreign"
    structures.StructureSetROISequence.append(roi)
    structures.ROIContourSequence.append(drawn)
    make.write(tmp_path / "source", [*series, structures])
    ds = rtxr.open_dir(tmp_path / "source")
    assert ds.contour.values.tolist() == [0, 1, 2]
    new = ds.rt.add_structure("Box", [square(3.0, 2)])
    made_by_hand = new.assign_coords(
        contour=np.where(new.contour == new.contour[-1], 4, new.contour),
        node_contour=("node", np.where(new.node_contour == new.contour[-1], 4, new.node_contour)),
    )
    for at, each in enumerate((new, made_by_hand)):
        _, written = export(each, tmp_path / f"out{at}")
        (box,) = written.drawn["Box"].ContourSequence
        assert list(box.ContourData) == square(3.0, 2).ravel().tolist()
        assert written.drawn["Foreign"].ContourSequence == drawn.ContourSequence


def test_an_edited_mask_is_a_violation_that_says_what_to_do(case):
    edited = case.assign_coords(mask=~case.mask.load())
    problems = edited.rt.validate()
    (row,) = problems[problems["code"] == "mask-disagrees"].to_dict("records")
    assert "rt.add_structure(" in row["fix"]
    assert "'PTV'" in row["message"]


# --- nothing was edited ---------------------------------------------------------------------------
def contours_of(path: Path) -> bytes:
    """ROI Contour Sequence as it is stored."""
    element = stored_contours(path).element
    assert element is not None
    return bytes(element.value)


def test_contours_that_nobody_edited_are_written_byte_for_byte(case, folder, tmp_path):
    table = case.rt.to_dicom(tmp_path / "out")
    assert set(table["changed"]) == {""}
    (written,) = (tmp_path / "out").glob("RTSTRUCT_*")
    assert contours_of(written) == contours_of(next(folder.glob("RTSTRUCT_*")))


@pytest.mark.parametrize("lacks", ["NumberOfContourPoints", "ContourGeometricType"])
def test_what_a_contour_does_not_state_is_stated(folder, tmp_path, lacks):
    source = tmp_path / "source"
    source.mkdir()
    for path in folder.iterdir():
        ds = pydicom.dcmread(path)
        if ds.Modality == "RTSTRUCT":
            del ds.ROIContourSequence[0].ContourSequence[0][lacks]
        ds.save_as(source / path.name)
    rtxr.open_dir(source).rt.to_dicom(tmp_path / "out")
    (written,) = (tmp_path / "out").glob("RTSTRUCT_*")
    contour = pydicom.dcmread(written).ROIContourSequence[0].ContourSequence[0]
    stated = {"NumberOfContourPoints": len(contour.ContourData) // 3}
    assert contour[lacks].value == stated.get(lacks, "CLOSED_PLANAR")
