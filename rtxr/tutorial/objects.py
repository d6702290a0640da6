"""The synthetic patient of :mod:`rtxr.tutorial.shapes` as DICOM: images, structure set and dose.

Written with pydicom alone, so that it can check rtxr's readers and writers without leaning on
them. Each function fills one IOD of PS3.3 A.3, A.18 and A.19; the plan (A.20) has a file of its
own, :mod:`rtxr.tutorial.plan`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    RTDoseStorage,
    RTPlanStorage,
    RTStructureSetStorage,
    generate_uid,
)
from pydicom.valuerep import format_number_as_ds

from rtxr.geometry import FloatArray
from rtxr.tutorial.shapes import (
    AIR_HU,
    CT_BOX,
    DOSE,
    DOSE_BOX,
    ROIS,
    TARGET_RADIUS,
    TISSUES,
    Point,
    Roi,
)

DATE, TIME = "20260105", "120000"
_AXIAL = ["1", "0", "0", "0", "1", "0"]
_SERIES = {"CT": 1, "RTSTRUCT": 2, "RTPLAN": 3, "RTDOSE": 4, "RTIMAGE": 5}
_RESCALE_INTERCEPT = -1024
#: 74 Gy make 3.7e9 of the 4.29e9 steps of 32 bits, and the text is exact in few digits.
_DOSE_SCALING = "2E-8"
_DVH_BIN_GY = 0.1


@dataclass(frozen=True)
class Case:
    """Grids and UIDs that the four kinds of objects share.

    Parameters
    ----------
    spacing, dose_spacing : (float, float, float)
        Distance of voxel centres along z, y, x, mm.
    """

    spacing: tuple[float, float, float]
    dose_spacing: tuple[float, float, float]

    def uid(self, *name: object) -> str:
        """UID that depends on the grids and the name only."""
        sources = ["rtxr.tutorial.phantom", self.spacing, self.dose_spacing, *name]
        return str(generate_uid(entropy_srcs=[f"{source}/" for source in sources]))

    @property
    def image_axes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Voxel centres of the CT along z, y, x, mm, ascending: as many as the box holds."""
        z, y, x = (
            _cells(*ends, step) for ends, step in zip(_ends(CT_BOX), self.spacing, strict=True)
        )
        return z, y, x

    @property
    def dose_axes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Voxel centres of the dose along z, y, x, mm, ascending; they span at least the box."""
        z, y, x = (
            _posts(*ends, step)
            for ends, step in zip(_ends(DOSE_BOX), self.dose_spacing, strict=True)
        )
        return z, y, x


def item(**elements: object) -> Dataset:
    """Data set of keyword=value; a misspelt keyword raises KeyError."""
    made = Dataset()
    for keyword, value in elements.items():
        made.add_new(keyword, dictionary_VR(keyword), value)
    return made


def ct_image(case: Case, at: int) -> Dataset:
    """Slice ``at`` (counted from the feet) of the CT (PS3.3 A.3)."""
    z, y, x = case.image_axes
    hu = np.full((len(y), len(x)), AIR_HU)
    for tissue in TISSUES:
        inside = tissue.solid.contains(x, y[:, None], z[at])
        values = tissue.hu + tissue.hu_per_mm * (x - tissue.solid.centre[0])
        hu = np.where(inside, np.round(values), hu)
    return new_object(
        case,
        CTImageStorage,
        "CT",
        SOPInstanceUID=case.uid("CT", at),
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        AcquisitionNumber="1",
        AcquisitionDate=DATE,
        AcquisitionTime=TIME,
        ContentDate=DATE,
        ContentTime=TIME,
        BodyPartExamined="CHEST",
        PatientPosition="HFS",
        KVP="120",
        InstanceNumber=str(at + 1),
        SliceLocation=ds_text(z[at]),
        RescaleIntercept=str(_RESCALE_INTERCEPT),
        RescaleSlope="1",
        RescaleType="HU",
        WindowCenter="40",
        WindowWidth="400",
        **_plane((x[0], y[0], z[at]), case.spacing),
        **pixels((hu - _RESCALE_INTERCEPT).astype(np.uint16), stored_bits=12),
    )


def rt_structure_set(case: Case) -> Dataset:
    """Structure set with the ROIs of ``ROIS``, contoured on the CT's slices (PS3.3 A.19).

    Each contour names its image. RT Referenced Study Sequence (type 3) is left out: it names the
    study as if it were an instance, and dcentvfy reports every such reference as missing.
    """
    images = [
        item(ReferencedSOPClassUID=CTImageStorage, ReferencedSOPInstanceUID=case.uid("CT", at))
        for at in range(len(case.image_axes[0]))
    ]
    frame = case.uid("frame of reference")
    return new_object(
        case,
        RTStructureSetStorage,
        "RTSTRUCT",
        StructureSetLabel="PHANTOM",
        StructureSetName="Analytic shapes",
        StructureSetDate=DATE,
        StructureSetTime=TIME,
        ReferencedFrameOfReferenceSequence=[item(FrameOfReferenceUID=frame)],
        StructureSetROISequence=[
            item(
                ROINumber=str(roi.number),
                ReferencedFrameOfReferenceUID=frame,
                ROIName=roi.name,
                ROIGenerationAlgorithm="AUTOMATIC",
            )
            for roi in ROIS
        ],
        ROIContourSequence=[_roi_contour(case, roi, images) for roi in ROIS],
        RTROIObservationsSequence=[
            item(
                ObservationNumber=str(roi.number),
                ReferencedROINumber=str(roi.number),
                RTROIInterpretedType=roi.type,
                ROIInterpreter="",
            )
            for roi in ROIS
        ],
    )


def rt_dose(case: Case) -> Dataset:
    """Dose of the whole plan, 32 bit, with the target's analytic DVH (PS3.3 A.18)."""
    z, y, x = case.dose_axes
    gray = DOSE.at(x, y[:, None], z[:, None, None])
    return new_object(
        case,
        RTDoseStorage,
        "RTDOSE",
        InstanceNumber="1",
        ContentDate=DATE,
        ContentTime=TIME,
        NumberOfFrames=str(len(z)),
        FrameIncrementPointer=0x3004000C,
        GridFrameOffsetVector=[ds_text(offset) for offset in z - z[0]],
        DoseUnits="GY",
        DoseType="PHYSICAL",
        DoseSummationType="PLAN",
        DoseGridScaling=_DOSE_SCALING,
        TissueHeterogeneityCorrection="IMAGE",
        ReferencedRTPlanSequence=[reference(case, RTPlanStorage, "RTPLAN")],
        ReferencedStructureSetSequence=[reference(case, RTStructureSetStorage, "RTSTRUCT")],
        DVHSequence=[_target_dvh()],
        **_plane((x[0], y[0], z[0]), case.dose_spacing),
        **pixels(np.round(gray / float(_DOSE_SCALING)).astype(np.uint32), stored_bits=32),
    )


def new_object(case: Case, sop_class: str, modality: str, **elements: object) -> Dataset:
    """Object with the modules that all have (patient, study, series, equipment, SOP common)."""
    made = item(
        SOPClassUID=sop_class,
        SOPInstanceUID=case.uid(modality),
        InstanceCreationDate=DATE,
        InstanceCreationTime=TIME,
        StudyDate=DATE,
        SeriesDate=DATE,
        StudyTime=TIME,
        SeriesTime=TIME,
        AccessionNumber="",
        Modality=modality,
        Manufacturer="rtxr",
        ManufacturerModelName="rtxr.tutorial",
        DeviceSerialNumber="1",
        SoftwareVersions="1",
        ReferringPhysicianName="",
        StudyDescription="Synthetic phantom",
        SeriesDescription=f"Phantom {modality}",
        OperatorsName="",
        PatientName="Phantom^Tutorial",
        PatientID="RTXR-PHANTOM",
        PatientBirthDate="",
        PatientSex="O",
        StudyInstanceUID=case.uid("study"),
        SeriesInstanceUID=case.uid("series", modality),
        StudyID="1",
        SeriesNumber=str(_SERIES[modality]),
        FrameOfReferenceUID=case.uid("frame of reference"),
        PositionReferenceIndicator="",
    )
    made.update(item(**elements))
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def _plane(
    first: tuple[float, float, float], spacing: tuple[float, float, float]
) -> dict[str, object]:
    """Image Plane module: where the first voxel is and how far apart they are."""
    return {
        "SliceThickness": ds_text(spacing[0]),
        "ImagePositionPatient": [ds_text(value) for value in first],
        "ImageOrientationPatient": _AXIAL,
        "PixelSpacing": [ds_text(spacing[1]), ds_text(spacing[2])],
    }


def pixels(stored: np.ndarray, *, stored_bits: int) -> dict[str, object]:
    """Image Pixel module of an unsigned (frames,) rows, columns array."""
    rows, columns = stored.shape[-2:]
    return {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": rows,
        "Columns": columns,
        "BitsAllocated": stored.dtype.itemsize * 8,
        "BitsStored": stored_bits,
        "HighBit": stored_bits - 1,
        "PixelRepresentation": 0,
        "PixelData": stored.astype(stored.dtype.newbyteorder("<")).tobytes(),
    }


def _roi_contour(case: Case, roi: Roi, images: Sequence[Dataset]) -> Dataset:
    """Item of ROI Contour Sequence; an ROI without contours has no Contour Sequence."""
    color = [str(int(roi.color[at : at + 2], 16)) for at in (1, 3, 5)]
    made = item(ROIDisplayColor=color, ReferencedROINumber=str(roi.number))
    contours = []
    if roi.point:
        contours.append(_contour("POINT", np.array([roi.point])))
    for z, image in zip(case.image_axes[0], images, strict=True):
        for polygon in roi.contours(float(z)):
            points = np.column_stack([polygon, np.full(len(polygon), z)])
            contours.append(_contour("CLOSED_PLANAR", points))
            contours[-1].ContourImageSequence = [image]
    if contours:
        made.ContourSequence = contours
    return made


def _contour(kind: str, points: FloatArray) -> Dataset:
    """Item of Contour Sequence; micrometres are kept."""
    text = [f"{value:.3f}" for value in points.ravel()]
    return item(ContourGeometricType=kind, NumberOfContourPoints=str(len(points)), ContourData=text)


def _target_dvh() -> Dataset:
    """Cumulative DVH of the target: the volume with at least the dose at each bin's left edge."""
    target = next(roi for roi in ROIS if roi.name == "PTV_70")
    bins = math.ceil(DOSE.peak / _DVH_BIN_GY) + 1
    volumes = DOSE.volume_above(_DVH_BIN_GY * np.arange(bins), TARGET_RADIUS)
    pairs = np.column_stack([np.full(bins, _DVH_BIN_GY), volumes])
    edge = DOSE.dose_to(target.volume_cc)
    return item(
        DVHType="CUMULATIVE",
        DoseUnits="GY",
        DoseType="PHYSICAL",
        DVHDoseScaling="1",
        DVHVolumeUnits="CM3",
        DVHNumberOfBins=str(bins),
        DVHData=[f"{value:.6g}" for value in pairs.ravel()],
        DVHReferencedROISequence=[
            item(DVHROIContributionType="INCLUDED", ReferencedROINumber=str(target.number))
        ],
        DVHMinimumDose=ds_text(edge),
        DVHMaximumDose=ds_text(DOSE.peak),
        DVHMeanDose=ds_text(DOSE.mean_in_sphere(TARGET_RADIUS)),
    )


def reference(case: Case, sop_class: str, modality: str) -> Dataset:
    """Reference to the one object of a modality."""
    return item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=case.uid(modality))


def ds_text(value: float) -> str:
    """Shortest decimal string of at most 16 characters."""
    short = f"{float(value):.10g}"
    return short if len(short) <= 16 else format_number_as_ds(float(value))


def _ends(box: tuple[Point, Point]) -> list[tuple[float, float]]:
    """Least and greatest coordinate of a box along z, y, x."""
    return list(zip(*box, strict=True))[::-1]


def _cells(low: float, high: float, step: float) -> FloatArray:
    """Centres of the cells that fill an interval, from its low end."""
    count = max(1, round((high - low) / step))
    return np.asarray(low + step * (np.arange(count) + 0.5), dtype=np.float64)


def _posts(low: float, high: float, step: float) -> FloatArray:
    """Points from the low end on, the last one at the high end or the first beyond it."""
    count = 1 + math.ceil((high - low) / step - 1e-9)
    return np.asarray(low + step * np.arange(count), dtype=np.float64)
