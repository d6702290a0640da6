"""Sequences of a structure set: joined by number and key, items kept, edits and nothing else."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import ExplicitVRLittleEndian

from iod.objects import codes, differences, points_of, structure_data
from rtxr.iod.build import build
from rtxr.iod.encoding.data_set_bytes import data_set_bytes
from rtxr.iod.encoding.raw import item
from rtxr.iod.encoding.writable import has_long_text
from rtxr.iod.items.contours import ImageReference, color_numbers, hex_color
from rtxr.iod.rt_structure_set import StructureData, values
from rtxr.iod.tables import IODS

RTSTRUCT = IODS["RTSTRUCT"]
FRAME, CT_CLASS = "1.2.9", "1.2.840.10008.5.1.4.1.1.2"


def _contour(z: float, image: str = "", kind: str = "CLOSED_PLANAR") -> Dataset:
    points = [0.0, 0.0, z, 10.25, 0.0, z, 10.25, 5.0, z]
    made = item(ContourGeometricType=kind, NumberOfContourPoints=3, ContourData=points)
    made.ContourNumber = 7
    if image:
        made.ContourImageSequence = [
            item(ReferencedSOPClassUID=CT_CLASS, ReferencedSOPInstanceUID=image)
        ]
    return made


def source() -> Dataset:
    """Three ROIs: two with contours, one without; an observation of an ROI that is not there."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = RTSTRUCT.sop_class_uid, "1.2.1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.2", "1.2.3"
    ds.Modality, ds.StructureSetLabel = "RTSTRUCT", "TEST"
    images = [
        item(ReferencedSOPClassUID=CT_CLASS, ReferencedSOPInstanceUID=uid)
        for uid in ("1.1.1", "1.1.2")
    ]
    series = item(SeriesInstanceUID="1.1", ContourImageSequence=images)
    study = item(
        ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
        ReferencedSOPInstanceUID="1.2.2",
        RTReferencedSeriesSequence=[series],
    )
    ds.ReferencedFrameOfReferenceSequence = [
        item(FrameOfReferenceUID=FRAME, RTReferencedStudySequence=[study])
    ]
    ds.StructureSetROISequence = [
        item(
            ROINumber=number,
            ReferencedFrameOfReferenceUID=FRAME,
            ROIName=name,
            ROIGenerationAlgorithm="MANUAL",
            ROIDescription="kept",
        )
        for number, name in ((5, "PTV"), (2, "Cord"), (9, "Empty"))
    ]
    ds.ROIContourSequence = [
        item(
            ROIDisplayColor=[255, 0, 0],
            ReferencedROINumber=5,
            ContourSequence=[_contour(1.0, "1.1.1"), _contour(2.0, "1.1.2"), _contour(3.0, "8.8")],
        ),
        item(ReferencedROINumber=2, ContourSequence=[_contour(1.0)]),
        item(ROIDisplayColor=[0, 255, 0], ReferencedROINumber=9),
    ]
    related = [item(ReferencedROINumber=2, RTROIRelationship="SAME"), item(ReferencedROINumber=44)]
    ds.RTROIObservationsSequence = [
        item(
            ObservationNumber=1,
            ReferencedROINumber=5,
            RTROIInterpretedType="PTV",
            ROIInterpreter="",
            RTRelatedROISequence=related,
        ),
        item(
            ObservationNumber=2,
            ReferencedROINumber=2,
            RTROIInterpretedType="ORGAN",
            ROIInterpreter="",
        ),
        item(
            ObservationNumber=3, ReferencedROINumber=77, RTROIInterpretedType="", ROIInterpreter=""
        ),
    ]
    return _reread(ds)


def _reread(ds: Dataset) -> Dataset:
    buffer = io.BytesIO()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.save_as(buffer, enforce_file_format=True)
    return pydicom.dcmread(io.BytesIO(buffer.getvalue()))


def header() -> Dataset:
    ds = source()
    for roi in ds.ROIContourSequence:
        for contour in roi.get("ContourSequence") or ():
            del contour["ContourData"]
    return _reread(ds)


def edited(data: StructureData, **options):
    """The structure set an export would write for these arrays."""
    found, findings = values(data, header(), **options)
    built = build(RTSTRUCT, header(), found)
    assert built.violations == ()
    return _reread(built.dataset), findings


def contours(ds: Dataset) -> dict[int, list[Dataset]]:
    return {
        int(roi.ReferencedROINumber): list(roi.get("ContourSequence") or ())
        for roi in ds.ROIContourSequence
    }


def test_nothing_edited_is_the_source_again():
    found, findings = values(structure_data(source()), header())
    assert (list(found), findings) == (["ROIContourSequence"], [])
    built = build(RTSTRUCT, header(), found)
    changed, added = differences(source(), built.dataset)
    assert changed == []
    assert {"OperatorsName", "FrameOfReferenceUID"} <= set(added)
    assert all("." not in each for each in added)


def test_points_without_texts_are_written_anew():
    ds, _ = edited(structure_data(source(), texts=False))
    texts = [c.get_item("ContourData").value for c in contours(ds)[5]]
    assert texts[0].strip() == b"0.0\\0.0\\1.0\\10.25\\0.0\\1.0\\10.25\\5.0\\1.0"
    assert contours(ds)[5][0].ContourNumber == 7


def _without(data: StructureData, number: int) -> StructureData:
    """The arrays after an ROI was removed."""
    rois = [at for at, each in enumerate(data.roi_numbers) if each != number]
    some = [at for at, each in enumerate(data.contour_roi_numbers) if each != number]
    roi_fields = ("roi_numbers", "roi_names", "roi_types", "roi_colors")
    contour_fields = (
        "contour_keys",
        "contour_roi_numbers",
        "contour_types",
        "contour_image_uids",
        "points",
    )
    return replace(
        data,
        **{name: [getattr(data, name)[at] for at in rois] for name in roi_fields},
        **{name: [getattr(data, name)[at] for at in some] for name in contour_fields},
    )


def test_a_removed_roi_takes_everything_about_it_along():
    ds, _ = edited(_without(structure_data(source()), 2))
    assert [roi.ROINumber for roi in ds.StructureSetROISequence] == [5, 9]
    assert list(contours(ds)) == [5, 9]
    observed = [each.ReferencedROINumber for each in ds.RTROIObservationsSequence]
    assert observed == [5, 77]  # that of an ROI that never was stays
    related = ds.RTROIObservationsSequence[0].RTRelatedROISequence
    assert [each.ReferencedROINumber for each in related] == [44]
    assert [len(each) for each in contours(ds).values()] == [3, 0]


def test_renamed_retyped_and_recoloured():
    data = replace(
        structure_data(source()),
        roi_names=["GTV", "Cord", "Empty"],
        roi_types=["GTV", "ORGAN", "AVOIDANCE"],
        roi_colors=["#ff0000", "#0102ff", "#00ff00"],
    )
    ds, _ = edited(data)
    assert [roi.ROIName for roi in ds.StructureSetROISequence] == ["GTV", "Cord", "Empty"]
    assert all(roi.ROIDescription == "kept" for roi in ds.StructureSetROISequence)
    assert list(ds.ROIContourSequence[1].ROIDisplayColor) == [1, 2, 255]
    observations = {
        each.ReferencedROINumber: each.RTROIInterpretedType for each in ds.RTROIObservationsSequence
    }
    assert observations == {5: "GTV", 2: "ORGAN", 77: "", 9: "AVOIDANCE"}
    assert ds.RTROIObservationsSequence[-1].ObservationNumber == 4


def test_moved_points_new_contours_and_removed_ones():
    data = structure_data(source(), texts=False)
    square = np.array([[0, 0, 1.5], [1, 0, 1.5], [1, 1, 1.5], [0, 1, 1.5]])
    data = replace(
        data,
        contour_keys=[0, 2, 3, 900],
        contour_roi_numbers=[5, 5, 2, 2],
        contour_types=["CLOSED_PLANAR"] * 4,
        contour_image_uids=["1.1.1", "8.8", "", "1.1.2"],
        points=[square, data.points[2], data.points[3], square],
    )
    ds, _ = edited(data, image_refs={"1.1.2": CT_CLASS})
    found = contours(ds)
    assert [len(each) for each in found.values()] == [2, 2, 0]
    assert found[5][0].NumberOfContourPoints == 4
    assert list(found[5][0].ContourData) == square.ravel().tolist()
    assert found[5][0].ContourNumber == 7
    new = found[2][1]
    assert "ContourNumber" not in new
    assert new.ContourImageSequence[0].ReferencedSOPInstanceUID == "1.1.2"
    assert points_of(new.get_item("ContourData").value).tolist() == square.tolist()


def test_a_key_of_another_roi_is_a_new_contour():
    data = structure_data(source())
    data = replace(data, contour_roi_numbers=[5, 5, 2, 2], texts={})
    ds, _ = edited(data)
    moved = contours(ds)[2][1]
    assert "ContourNumber" not in moved
    assert moved.ContourData[2] == 3.0


def test_a_new_roi_gets_its_items():
    data = structure_data(source())
    triangle = np.array([[0.0, 0, 1], [1, 0, 1], [1, 1, 1]])
    data = replace(
        data,
        roi_numbers=[*data.roi_numbers, 10],
        roi_names=[*data.roi_names, "Auto"],
        roi_types=[*data.roi_types, "CTV"],
        roi_colors=[*data.roi_colors, "#0000ff"],
        contour_keys=[*data.contour_keys, 4],
        contour_roi_numbers=[*data.contour_roi_numbers, 10],
        contour_types=[*data.contour_types, "CLOSED_PLANAR"],
        contour_image_uids=[*data.contour_image_uids, ""],
        points=[*data.points, triangle],
    )
    ds, _ = edited(data)
    roi = ds.StructureSetROISequence[-1]
    assert (roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID) == (10, "Auto", FRAME)
    assert roi["ROIGenerationAlgorithm"].is_empty
    assert list(ds.ROIContourSequence[-1].ROIDisplayColor) == [0, 0, 255]
    assert len(contours(ds)[10]) == 1
    observation = ds.RTROIObservationsSequence[-1]
    assert (observation.ObservationNumber, observation.RTROIInterpretedType) == (4, "CTV")
    assert [len(each) for each in contours(ds).values()] == [3, 1, 0, 1]


def test_references_to_images_that_are_gone_are_dropped_dangling_ones_stay():
    ds, findings = edited(structure_data(source()), gone={"1.1.2": None})
    first, second, third = contours(ds)[5]
    assert first.ContourImageSequence[0].ReferencedSOPInstanceUID == "1.1.1"
    assert "ContourImageSequence" not in second
    assert third.ContourImageSequence[0].ReferencedSOPInstanceUID == "8.8"
    series = (
        ds.ReferencedFrameOfReferenceSequence[0]
        .RTReferencedStudySequence[0]
        .RTReferencedSeriesSequence[0]
    )
    images = [each.ReferencedSOPInstanceUID for each in series.ContourImageSequence]
    assert images == ["1.1.1"]
    assert codes(findings) == ["contour-image-gone ContourImageSequence"] or findings
    assert "1 contour(s)" in findings[0].message


def test_a_frame_of_reference_stays_when_all_its_images_are_gone():
    ds, _ = edited(structure_data(source()), gone={"1.1.1": None, "1.1.2": None})
    (frame,) = ds.ReferencedFrameOfReferenceSequence
    assert frame.FrameOfReferenceUID == FRAME
    assert "RTReferencedStudySequence" not in frame


def test_references_follow_to_the_image_in_place_of_one_that_is_gone():
    instead = ImageReference(CT_CLASS, "1.1.7")
    gone = {"1.1.1": instead, "1.1.2": instead, "8.8": None}
    ds, findings = edited(structure_data(source()), gone=gone)
    images = [each.get("ContourImageSequence") or [] for each in contours(ds)[5]]
    assert [[i.ReferencedSOPInstanceUID for i in each] for each in images] == [
        ["1.1.7"],
        ["1.1.7"],
        [],
    ]
    (frame,) = ds.ReferencedFrameOfReferenceSequence
    (series,) = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence
    (image,) = series.ContourImageSequence
    assert (image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID) == instead
    assert [(each.code, each.message[:12]) for each in findings] == [
        ("contour-image-replaced", "2 contour(s)"),
        ("contour-image-gone", "1 contour(s)"),
    ]
    assert (
        header().ReferencedFrameOfReferenceSequence[0]
        == (source().ReferencedFrameOfReferenceSequence[0])
    )


def test_an_edited_name_of_an_image_that_is_gone_follows_too():
    data = replace(structure_data(source()), contour_image_uids=["9.9", "1.1.2", "8.8", "9.9"])
    ds, _ = edited(data, gone={"9.9": ImageReference(CT_CLASS, "1.1.7")})
    named = [
        each.ContourImageSequence[0].ReferencedSOPInstanceUID
        for number in (5, 2)
        for each in contours(ds)[number]
    ]
    assert named == ["1.1.7", "1.1.2", "8.8", "1.1.7"]


def test_an_item_that_names_no_roi_stays():
    ds = source()
    del ds.ROIContourSequence[1].ReferencedROINumber
    full = _reread(ds)
    texts = dict(
        enumerate(
            c.get_item("ContourData").value
            for roi in full.ROIContourSequence
            for c in roi.get("ContourSequence") or ()
        )
    )
    data = _without(structure_data(source()), 2)
    bare = header()
    del bare.ROIContourSequence[1].ReferencedROINumber
    data = replace(
        data,
        roi_numbers=[5, 2, 9],
        roi_names=["PTV", "Cord", "Empty"],
        roi_types=["PTV", "ORGAN", ""],
        roi_colors=["#ff0000", "", "#00ff00"],
        texts=texts,
    )
    found, _ = values(data, bare)
    assert set(found) == {"ROIContourSequence"}
    built = build(RTSTRUCT, bare, found)
    assert differences(full, built.dataset)[0] == []


@pytest.mark.parametrize(
    ("numbers", "color"),
    [
        ([255, 0, 128], "#ff0080"),
        ([300, -5, 0.4], "#ff0000"),
        ([1, 2], ""),
        ([float("nan")] * 3, ""),
    ],
)
def test_colours(numbers, color):
    assert hex_color(numbers) == color
    if color:
        assert hex_color(color_numbers(color)) == color


def test_long_contours_are_noticed():
    data = replace(
        structure_data(source(), texts=False),
        points=[np.full((9000, 3), 1.25)] + [np.zeros((1, 3))] * 3,
    )
    found, _ = values(data, header())
    dataset = build(RTSTRUCT, header(), found).dataset
    assert has_long_text(dataset)
    assert not has_long_text(source())
    back = read_dataset(io.BytesIO(data_set_bytes(dataset, implicit_vr=True)), True, True)
    assert len(back.ROIContourSequence) == 3
