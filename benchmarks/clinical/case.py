"""A CT series and a structure set of clinical size, made from formulas: the same bytes every time.

180 slices of 512 x 512 voxels; 40 ROIs with about 370,000 contour points, from a body outline on
every slice to lenses on a few, some of them rings with a hole on every slice.

``python -m clinical.case FOLDER FIRST STOP`` makes the case, or some slices of it, unless the
folder is there, and prints the number of its contour points.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from clinical.protocol import CT, STRUCTURES
from index_scan import base, ct_slice, encoded, item, reference
from pydicom import uid as sop
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

FloatArray = npt.NDArray[np.float64]

SLICES, SIDE = 180, 512
SPACING = (3.0, 0.9765625, 0.9765625)
#: Centre of the first voxel (z, y, x), mm; the middle of the volume is close to (0, 0, 0).
ORIGIN = (-270.0, -249.51171875, -249.51171875)
STEP_MM = 2.85
CONTOUR_DATA = Tag("ContourData")
STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"

#: Shape of a ROI from bottom to top: an ellipsoid, or a tube that tapers at its very ends.
ELLIPSOID, TUBE = 2, 16


class Shape(NamedTuple):
    """A pile of wobbling ellipses: centre and semi-axes (x, y, z), mm."""

    name: str
    kind: str
    centre: tuple[float, float, float]
    axes: tuple[float, float, float]
    taper: int = ELLIPSOID
    #: Size of the hole on every slice as a fraction of the outline, 0 for none.
    hole: float = 0.0


SHAPES = (
    Shape("BODY", "EXTERNAL", (0, 0, 0), (205, 130, 275), TUBE),
    Shape("Skin", "ORGAN", (0, 0, 0), (203, 128, 240), TUBE, hole=0.97),
    Shape("Couch", "SUPPORT", (0, 190, 0), (220, 22, 275), TUBE),
    Shape("Lung_L", "ORGAN", (85, -5, 120), (62, 85, 120)),
    Shape("Lung_R", "ORGAN", (-85, -5, 115), (66, 88, 125)),
    Shape("Heart", "ORGAN", (25, -35, 80), (55, 45, 50)),
    Shape("Heart_Wall", "ORGAN", (25, -35, 80), (54, 44, 48), hole=0.8),
    Shape("Liver", "ORGAN", (-70, -10, -10), (90, 75, 80)),
    Shape("Stomach", "ORGAN", (70, -35, -10), (50, 40, 55)),
    Shape("Spleen", "ORGAN", (110, 25, -5), (32, 42, 45)),
    Shape("Kidney_L", "ORGAN", (65, 50, -55), (28, 30, 55)),
    Shape("Kidney_R", "ORGAN", (-65, 50, -60), (28, 30, 55)),
    Shape("Bowel", "ORGAN", (0, -30, -120), (130, 75, 90)),
    Shape("Bladder", "ORGAN", (0, -40, -215), (42, 35, 36)),
    Shape("Bladder_Wall", "ORGAN", (0, -40, -215), (42, 35, 36), hole=0.85),
    Shape("Rectum", "ORGAN", (0, 55, -210), (22, 20, 50)),
    Shape("Rectum_Wall", "ORGAN", (0, 55, -210), (22, 20, 50), hole=0.8),
    Shape("Prostate", "ORGAN", (0, 5, -235), (26, 20, 22)),
    Shape("FemurHead_L", "ORGAN", (95, 10, -230), (26, 26, 28)),
    Shape("FemurHead_R", "ORGAN", (-95, 10, -230), (26, 26, 28)),
    Shape("Pelvis_L", "ORGAN", (90, 30, -190), (45, 55, 75)),
    Shape("Pelvis_R", "ORGAN", (-90, 30, -190), (45, 55, 75)),
    Shape("SpinalCord", "ORGAN", (0, 72, 60), (6, 5, 205), TUBE),
    Shape("SpinalCanal", "ORGAN", (0, 72, 40), (10, 9, 228), TUBE),
    Shape("Vertebrae", "ORGAN", (0, 60, 0), (28, 38, 270), TUBE),
    Shape("Aorta", "ORGAN", (18, 35, 40), (13, 13, 150), TUBE),
    Shape("VenaCava", "ORGAN", (-18, 30, 10), (12, 10, 130), TUBE),
    Shape("Oesophagus", "ORGAN", (5, 42, 130), (10, 8, 110), TUBE),
    Shape("Trachea", "ORGAN", (0, 15, 200), (11, 10, 60), TUBE),
    Shape("Sternum", "ORGAN", (0, -105, 110), (22, 9, 80), TUBE),
    Shape("Breast_L", "ORGAN", (85, -110, 100), (65, 38, 70)),
    Shape("Breast_R", "ORGAN", (-85, -110, 100), (65, 38, 70)),
    Shape("Thyroid", "ORGAN", (0, -20, 235), (24, 12, 20)),
    Shape("GTV", "GTV", (-60, 10, 130), (18, 20, 17)),
    Shape("CTV", "CTV", (-60, 10, 130), (26, 28, 25)),
    Shape("PTV", "PTV", (-60, 10, 130), (36, 38, 35)),
    Shape("PTV_Ring", "CONTROL", (-60, 10, 130), (60, 62, 58), hole=0.7),
    Shape("Node", "GTV", (30, 0, 150), (6, 5, 7)),
    Shape("Lens_L", "ORGAN", (32, -90, 255), (4, 3, 5)),
    Shape("Lens_R", "ORGAN", (-32, -90, 255), (4, 3, 5)),
)

#: What organs add to the values around them.
HOUNSFIELD = {"BODY": 1010, "Lung_L": -690, "Lung_R": -690, "Vertebrae": 600, "Couch": 400}


def height(number: int) -> float:
    """Position of a slice, mm."""
    return ORIGIN[0] + SPACING[0] * number


def outline(shape: Shape, z: float, size: float, phase: float) -> FloatArray:
    """Closed contour of a shape at one height, (n, 2), rounded as planning systems do."""
    a, b = (axis * size for axis in shape.axes[:2])
    points = max(12, round(np.pi * np.hypot(a, b) * np.sqrt(2) / STEP_MM))
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    wobble = 1.0 + 0.03 * np.sin(3 * angle + phase + z / 40) + 0.02 * np.cos(7 * angle - z / 25)
    x, y, _ = shape.centre
    return np.round([x + a * wobble * np.cos(angle), y + b * wobble * np.sin(angle)], 2).T


def keyhole(outer: FloatArray, inner: FloatArray) -> FloatArray:
    """One contour around a hole, as planning systems draw it: no reader can take it wrongly."""
    return np.concatenate([outer, outer[:1], inner[:1], inner[:0:-1], inner[:1]])


def contours(shape: Shape, slices: Sequence[int]) -> Iterator[tuple[int, FloatArray]]:
    """Slice and points (n, 2) of every contour of a shape on some slices."""
    phase = float(SHAPES.index(shape))
    for number in slices:
        z = height(number)
        share = abs(z - shape.centre[2]) / shape.axes[2]
        size = max(0.0, 1.0 - share**shape.taper) ** (1 / shape.taper)
        if size < 0.2:
            continue
        outer = outline(shape, z, size, phase)
        inner = outline(shape, z, size * shape.hole, phase)
        yield number, keyhole(outer, inner) if shape.hole else outer


def hounsfield(number: int) -> npt.NDArray[np.int16]:
    """Values of a slice: a body with organs in air, and noise as a scanner makes it."""
    rng = np.random.default_rng(number)
    y, x = np.ogrid[:SIDE, :SIDE]
    y, x = ORIGIN[1] + SPACING[1] * y, ORIGIN[2] + SPACING[2] * x
    values = rng.normal(-1000, 25, (SIDE, SIDE))
    for shape in SHAPES:
        (cx, cy, cz), (a, b, c) = shape.centre, shape.axes
        share = abs(height(number) - cz) / c
        if shape.name in HOUNSFIELD and share < 1:
            size = (1.0 - share**shape.taper) ** (1 / shape.taper)
            inside = ((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 < size**2
            values[inside] += HOUNSFIELD[shape.name]
    return np.clip(np.round(values), -1024, 3071).astype(np.int16)


def image(number: int) -> Dataset:
    """A CT slice."""
    ds = ct_slice(number)
    ds.Rows = ds.Columns = SIDE
    ds.PixelSpacing = [SPACING[1], SPACING[2]]
    ds.ImagePositionPatient = [ORIGIN[2], ORIGIN[1], height(number)]
    ds.PixelData = (hounsfield(number) + 1024).astype("<u2").tobytes()
    return ds


def structure_set(images: Mapping[int, Dataset]) -> Dataset:
    """All ROIs that reach some slices, every contour with a reference to its slice."""
    ds = base(sop.RTStructureSetStorage, "RTSTRUCT", 2)
    ds.StructureSetLabel, ds.StructureSetName = "Clinical", "Clinical"
    ds.StructureSetDate, ds.StructureSetTime = "20200101", "101010"
    first, references = next(iter(images.values())), list(map(reference, images.values()))
    series = item(SeriesInstanceUID=first.SeriesInstanceUID, ContourImageSequence=references)
    study = item(
        ReferencedSOPClassUID=STUDY_CLASS,
        ReferencedSOPInstanceUID=ds.StudyInstanceUID,
        RTReferencedSeriesSequence=[series],
    )
    frame = ds.FrameOfReferenceUID
    ds.ReferencedFrameOfReferenceSequence = [
        item(FrameOfReferenceUID=frame, RTReferencedStudySequence=[study])
    ]
    ds.StructureSetROISequence, ds.ROIContourSequence, ds.RTROIObservationsSequence = [], [], []
    for number, shape in enumerate(SHAPES, 1):
        drawn = [
            contour_item(reference(images[at]), height(at), points)
            for at, points in contours(shape, list(images))
        ]
        if not drawn:
            continue
        ds.StructureSetROISequence.append(
            item(ROINumber=number, ROIName=shape.name, ReferencedFrameOfReferenceUID=frame)
        )
        color = [255, 6 * number, 0]
        ds.ROIContourSequence.append(
            item(ROIDisplayColor=color, ReferencedROINumber=number, ContourSequence=drawn)
        )
        ds.RTROIObservationsSequence.append(
            item(
                ObservationNumber=number,
                ReferencedROINumber=number,
                RTROIInterpretedType=shape.kind,
            )
        )
    return ds


def contour_item(slice_reference: Dataset, z: float, points: FloatArray) -> Dataset:
    """A closed contour on a slice."""
    ds = item(
        ContourImageSequence=[slice_reference],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(points),
    )
    text = "\\".join(f"{x}\\{y}\\{z}" for x, y in points.tolist()).encode()
    text += b" " * (len(text) % 2)
    # Raw: pydicom takes a quarter of a minute to make numbers of all the points.
    ds[CONTOUR_DATA] = RawDataElement(CONTOUR_DATA, "DS", len(text), text, 0, False, True)
    return ds


def make(folder: Path, slices: Sequence[int]) -> None:
    """Write the case, or some slices of it, into a folder, unless that is there."""
    if folder.exists():
        return
    aside = folder.with_name(folder.name + ".part")
    shutil.rmtree(aside, ignore_errors=True)
    (aside / CT).mkdir(parents=True)
    images = {}
    for number in slices:
        images[number] = image(number)
        data = encoded(images[number], sop.ExplicitVRLittleEndian)
        (aside / CT / f"{number:03d}.dcm").write_bytes(data)
    data = encoded(structure_set(images), sop.ExplicitVRLittleEndian)
    (aside / STRUCTURES).write_bytes(data)
    aside.rename(folder)


if __name__ == "__main__":
    first, stop = map(int, sys.argv[2:])
    make(Path(sys.argv[1]), range(first, stop))
    print(sum(len(points) for shape in SHAPES for _, points in contours(shape, range(first, stop))))
