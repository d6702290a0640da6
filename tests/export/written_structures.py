"""A small case with structures, written and edited, for the tests of exported structure sets."""

from __future__ import annotations

import copy
from pathlib import Path

import factories as make
import numpy as np
import pandas as pd
import pydicom
import xarray as xr

NAMES = ("PTV", "Lung_L", "Lung_R", "Empty")


def square(z: float, half: float = 2.0) -> np.ndarray:
    """A square around x = 0, y = 0."""
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.array([(half * x, half * y, z) for x, y in corners])


#: Slices of the case, and contours on them.
HEIGHTS = [3.0, 6.0]
BOX = [square(z) for z in HEIGHTS]


def write_case(folder: Path) -> Path:
    """Five slices, three structures on each and one without contours, a plan and a dose."""
    series = make.ct_series(5)
    structures = make.structure_set(series)
    (roi,), (drawn,) = structures.StructureSetROISequence, structures.ROIContourSequence
    structures.StructureSetROISequence = [copy.deepcopy(roi) for _ in NAMES]
    structures.ROIContourSequence = [copy.deepcopy(drawn) for _ in NAMES]
    structures.RTROIObservationsSequence = [
        make.item(
            ObservationNumber=number,
            ReferencedROINumber=number,
            RTROIInterpretedType="ORGAN",
            ROIInterpreter="",
        )
        for number, _ in enumerate(NAMES, 1)
    ]
    for number, name in enumerate(NAMES, 1):
        roi = structures.StructureSetROISequence[number - 1]
        roi.ROINumber, roi.ROIName = number, name
        roi.ROIDescription, roi.ROIGenerationAlgorithm = "kept", "MANUAL"
        drawn = structures.ROIContourSequence[number - 1]
        drawn.ReferencedROINumber, drawn.ROIDisplayColor = number, [number, 0, 255]
    del structures.ROIContourSequence[-1].ContourSequence
    planned = make.plan(structures)
    dosed = make.dose(planned, FrameIncrementPointer=0x3004000C)
    make.write(folder, [*series, structures, planned, dosed])
    return folder


def export(ds: xr.Dataset, folder: Path, **options: object) -> tuple[pd.DataFrame, Structures]:
    """The table of an export, and the structure set that it wrote."""
    table = ds.rt.to_dicom(folder, **options)
    return table, Structures(pydicom.dcmread(folder / "RTSTRUCT_1.dcm"))


def codes(table: pd.DataFrame) -> set[str]:
    """Codes of the findings of an export."""
    return {each["code"] for each in table.attrs["findings"]}


class Structures:
    """A structure set by ROI name."""

    def __init__(self, file: pydicom.Dataset) -> None:
        self.file = file
        self.rois = {roi.ROIName: roi for roi in file.StructureSetROISequence}
        by_number = {roi.ReferencedROINumber: roi for roi in file.ROIContourSequence}
        self.drawn = {name: by_number.get(roi.ROINumber) for name, roi in self.rois.items()}
        by_number = {roi.ReferencedROINumber: roi for roi in file.RTROIObservationsSequence}
        self.observed = {name: by_number.get(roi.ROINumber) for name, roi in self.rois.items()}

    def images(self, name: str) -> list[tuple[str, str]]:
        """SOP Class and SOP Instance UID of the image of each contour."""
        return [
            (image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID)
            for contour in self.drawn[name].get("ContourSequence", ())
            for image in contour.get("ContourImageSequence", ())
        ]

    def listed(self) -> dict[str, dict[str, list[str]]]:
        """Images by series by frame of reference."""
        return {
            frame.FrameOfReferenceUID: {
                series.SeriesInstanceUID: [
                    image.ReferencedSOPInstanceUID for image in series.ContourImageSequence
                ]
                for study in frame.get("RTReferencedStudySequence", ())
                for series in study.RTReferencedSeriesSequence
            }
            for frame in self.file.ReferencedFrameOfReferenceSequence
        }
