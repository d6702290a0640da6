"""Tiny synthetic DICOM objects for tests: written with pydicom, from nothing, of nobody.

Each function returns a pydicom Dataset; ``write`` puts it into a folder. UIDs are made from
readable names, so that ``uid("ct", 1)`` is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import uid as sop
from pydicom.dataset import Dataset, FileMetaDataset

AXIAL = [1, 0, 0, 0, 1, 0]
CORONAL = [1, 0, 0, 0, 0, -1]


def uid(*names: object) -> str:
    """A UID that depends on the names only."""
    return str(sop.generate_uid(entropy_srcs=[repr(names)]))


def item(**elements: Any) -> Dataset:
    """A sequence item (or a data set) with some elements."""
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def reference(ds: Dataset) -> Dataset:
    """Item that names an object."""
    return item(ReferencedSOPClassUID=ds.SOPClassUID, ReferencedSOPInstanceUID=ds.SOPInstanceUID)


def base(sop_class: str, modality: str, name: object, **elements: Any) -> Dataset:
    """Patient, study, series and frame of reference; ``elements`` replace any of it."""
    patient = str(elements.pop("PatientID", "P1"))
    return item(
        **{
            "SOPClassUID": sop_class,
            "SOPInstanceUID": uid(patient, modality, name),
            "StudyDate": "20200102",
            "Modality": modality,
            "StudyDescription": "Test",
            "PatientName": "Phantom^One",
            "PatientID": patient,
            "StudyInstanceUID": uid(patient, "study"),
            "SeriesInstanceUID": uid(patient, modality, "series"),
            "FrameOfReferenceUID": uid(patient, "frame"),
            **elements,
        }
    )


def ct_slice(number: int, z: float, size: tuple[int, int] = (4, 5), **elements: Any) -> Dataset:
    """One slice whose stored values are ``1000 + number``; HU are ``number - 24``."""
    name = elements.pop("name", number)
    modality = elements.pop("Modality", "CT")
    patient = elements.pop("PatientID", "P1")
    sop_class = elements.pop("SOPClassUID", sop.CTImageStorage)
    ds = base(sop_class, modality, name, PatientID=patient)
    geometry = {
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "SliceThickness": 3,
        "PatientPosition": "HFS",
        "InstanceNumber": number,
        "ImagePositionPatient": [-4, -3, z],
        "ImageOrientationPatient": AXIAL,
        "PixelSpacing": [1.5, 2.0],
    }
    for keyword, value in {**geometry, **elements}.items():
        setattr(ds, keyword, value)
    return _with_pixels(ds, np.full(size, 1000 + number, dtype=np.int16))


def ct_series(count: int = 3, spacing: float = 3.0, **elements: Any) -> list[Dataset]:
    """Slices from z = 0 upwards."""
    name = elements.pop("name", "ct")
    return [ct_slice(n + 1, n * spacing, name=(name, n + 1), **elements) for n in range(count)]


def dynamic_series(
    labels: Sequence[dict[str, Any]], count: int = 4, spacing: float = 3.0, **elements: Any
) -> list[Dataset]:
    """A slice per position and label, numbered position by position, so that labels interleave."""
    name = elements.pop("name", "dynamic")
    return [
        ct_slice(n * len(labels) + at + 1, n * spacing, name=(name, at, n), **{**elements, **label})
        for n in range(count)
        for at, label in enumerate(labels)
    ]


def _with_pixels(ds: Dataset, values: np.ndarray[Any, Any]) -> Dataset:
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = values.shape[-2:]
    bits = values.dtype.itemsize * 8
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit, ds.PixelRepresentation = bits - 1, int(values.dtype.kind == "i")
    if ds.Modality in ("CT", "PT"):
        ds.RescaleIntercept, ds.RescaleSlope = -1024, 1
    ds.PixelData = values.tobytes()
    return ds


def structure_set(images: Sequence[Dataset] = (), **elements: Any) -> Dataset:
    """One square ROI on each image, naming the images the way the Standard wants it."""
    ds = base(sop.RTStructureSetStorage, "RTSTRUCT", elements.pop("name", "ss"), **elements)
    frame = ds.FrameOfReferenceUID
    del ds.FrameOfReferenceUID
    ds.StructureSetLabel = elements.get("StructureSetLabel", "Organs")
    series: dict[str, list[Dataset]] = {}
    for image in images:
        series.setdefault(image.SeriesInstanceUID, []).append(image)
    ds.ReferencedFrameOfReferenceSequence = [_frame_item(frame, series)]
    ds.StructureSetROISequence = [
        item(ROINumber=1, ReferencedFrameOfReferenceUID=frame, ROIName="Square")
    ]
    contours = [
        item(
            ContourImageSequence=[reference(image)],
            ContourGeometricType="CLOSED_PLANAR",
            NumberOfContourPoints=4,
            ContourData=[x for p in ((-2, -1), (2, -1), (2, 1), (-2, 1)) for x in (*p, z)],
        )
        for image in images
        for z in [image.ImagePositionPatient[2]]
    ]
    ds.ROIContourSequence = [item(ReferencedROINumber=1, ContourSequence=contours)]
    return ds


def _frame_item(frame: str, series: dict[str, list[Dataset]]) -> Dataset:
    named = [
        item(SeriesInstanceUID=uid, ContourImageSequence=[reference(image) for image in images])
        for uid, images in series.items()
    ]
    study = item(RTReferencedSeriesSequence=named)
    return item(FrameOfReferenceUID=frame, RTReferencedStudySequence=[study])


def plan(structures: Dataset | None = None, **elements: Any) -> Dataset:
    """A plan without beams."""
    ds = base(sop.RTPlanStorage, "RTPLAN", elements.pop("name", "plan"), **elements)
    ds.RTPlanLabel = elements.get("RTPlanLabel", "Boost")
    ds.BeamSequence = [item(BeamNumber=1, BeamName="A")]
    if structures is not None:
        ds.ReferencedStructureSetSequence = [reference(structures)]
    return ds


def dose(
    plans: Dataset | Iterable[Dataset] = (), structures: Dataset | None = None, **elements: Any
) -> Dataset:
    """Two frames of 0.5 Gy."""
    ds = base(sop.RTDoseStorage, "RTDOSE", elements.pop("name", "dose"), **elements)
    named = [plans] if isinstance(plans, Dataset) else list(plans)
    ds.DoseSummationType = elements.get("DoseSummationType", "PLAN")
    ds.DoseUnits, ds.DoseType, ds.DoseGridScaling = "GY", "PHYSICAL", 0.005
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [-4, -3, 0], AXIAL
    ds.PixelSpacing, ds.NumberOfFrames, ds.GridFrameOffsetVector = [3, 4], 2, [0, 3]
    if named:
        ds.ReferencedRTPlanSequence = [reference(each) for each in named]
    if structures is not None:
        ds.ReferencedStructureSetSequence = [reference(structures)]
    return _with_pixels(ds, np.full((2, 3, 3), 100, dtype=np.uint16))


def rt_image(of_plan: Dataset | None = None, **elements: Any) -> Dataset:
    """A portal image."""
    ds = base(sop.RTImageStorage, "RTIMAGE", elements.pop("name", "image"), **elements)
    ds.RTImageLabel = "Portal"
    if of_plan is not None:
        ds.ReferencedRTPlanSequence = [reference(of_plan)]
    return _with_pixels(ds, np.zeros((3, 3), dtype=np.uint16))


def case(**elements: Any) -> list[Dataset]:
    """Three CT slices, structure set, plan and dose, all linked."""
    images = ct_series(**elements)
    structures = structure_set(images, **elements)
    planned = plan(structures, **elements)
    return [*images, structures, planned, dose(planned, structures, **elements)]


def case_parts() -> tuple[list[Dataset], Dataset, Dataset, Dataset]:
    """Images, structure set, plan and dose of a case."""
    *images, structures, planned, dosed = case()
    return images, structures, planned, dosed


def write(
    folder: Path,
    objects: Dataset | Iterable[Dataset],
    *,
    syntax: str = sop.ExplicitVRLittleEndian,
    preamble: bool = True,
) -> list[Path]:
    """Write objects as ``<Modality>_<n>.dcm``; without preamble there is no file meta either."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for ds in [objects] if isinstance(objects, Dataset) else objects:
        number = len(list(folder.iterdir()))
        path = folder / f"{ds.get('Modality', 'XX')}_{number:03d}.dcm"
        save(path, ds, syntax=syntax, preamble=preamble)
        paths.append(path)
    return paths


def save(
    path: Path, ds: Dataset, *, syntax: str = sop.ExplicitVRLittleEndian, preamble: bool = True
) -> Path:
    """Write one object to a file of any name."""
    implicit, little = syntax == sop.ImplicitVRLittleEndian, syntax != sop.ExplicitVRBigEndian
    if not preamble:
        pydicom.dcmwrite(
            path, ds, implicit_vr=implicit, little_endian=little, enforce_file_format=False
        )
        return path
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", sop.CTImageStorage)
    meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", uid(str(path)))
    meta.TransferSyntaxUID = sop.UID(syntax)
    ds.file_meta = meta
    ds.preamble = b"\0" * 128
    pydicom.dcmwrite(
        path, ds, implicit_vr=implicit, little_endian=little, enforce_file_format=False
    )
    del ds.file_meta
    return path
