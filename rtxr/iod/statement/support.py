"""What ``open`` reads of each IOD, what an export writes besides the rules, and what neither does.

The elements of each reader are those that its files name, the elements written are those that
exports write; tests hold them to each other.
"""

from __future__ import annotations

from collections.abc import Mapping

from rtxr.catalog.table import COLUMNS
from rtxr.iod.statement.plan_readers import (
    ACCESSORIES,
    BRACHYTHERAPY,
    IONS,
    PRESCRIPTION,
    RT_PLAN,
    SETUPS,
)
from rtxr.iod.statement.reader import Reader
from rtxr.iod.statement.reader import reader as _reader

_SCAN = _reader(
    "the index",
    "scanning/row.py scanning/record.py",
    """
    AcquisitionTime ContentTime ContourImageSequence ContourSequence FrameOfReferenceUID
    ImagePositionPatient InstanceNumber MediaStorageSOPClassUID MediaStorageSOPInstanceUID
    Modality ROIContourSequence RTReferencedSeriesSequence RTReferencedStudySequence
    ReferencedBeamNumber ReferencedBeamSequence ReferencedFractionGroupSequence
    ReferencedFrameOfReferenceSequence ReferencedFrameOfReferenceUID ReferencedRTPlanSequence
    ReferencedSOPClassUID ReferencedSOPInstanceUID ReferencedStructureSetSequence SOPClassUID
    SOPInstanceUID SeriesInstanceUID SpecificCharacterSet StructureSetROISequence
    TransferSyntaxUID
    """,
)
_LINKS = _reader(
    "the case",
    "case.py headers.py raw_data_sets.py",
    """
    DoseSummationType FrameOfReferenceUID Modality SOPClassUID SOPInstanceUID
    SpecificCharacterSet
    """,
)
_IMAGE = _reader(
    "an image",
    "ct_image.py slices.py",
    """
    AcquisitionNumber FrameOfReferenceUID ImageOrientationPatient ImagePositionPatient
    ImagerPixelSpacing InstanceNumber ModalityLUTSequence NumberOfFrames PixelSpacing
    RescaleIntercept RescaleSlope RescaleType SamplesPerPixel Units
    """,
)
_PIXELS = _reader(
    "pixels",
    "pixels.py elements.py",
    """
    BitsAllocated BitsStored Columns GridFrameOffsetVector NumberOfFrames
    PhotometricInterpretation PixelData PixelRepresentation Rows SamplesPerPixel
    """,
)
_SUV = _reader(
    "SUV",
    "suv/uptake.py suv/dates.py suv/elements.py suv/times.py suv/body_size.py",
    """
    AcquisitionDate AcquisitionDateTime AcquisitionTime ActualFrameDuration ContentDate
    CorrectedImage DecayCorrection DecayCorrectionDateTime DecayFactor FrameReferenceTime
    ImageOrientationPatient ImagePositionPatient Modality PatientSex PatientSize PatientWeight
    RadionuclideHalfLife RadionuclideTotalDose RadiopharmaceuticalInformationSequence
    RadiopharmaceuticalStartDateTime RadiopharmaceuticalStartTime SUVType SeriesDate
    SeriesInstanceUID SeriesTime StudyDate Units
    """,
)
_STRUCTURES = _reader(
    "structures",
    "rt_structure_set.py structures/contours.py structures/contour_items.py",
    """
    ContourData ContourGeometricType ContourImageSequence ContourSequence NumberOfContourPoints
    ROIContourSequence ROIDisplayColor ROIName ROINumber RTROIInterpretedType
    RTROIObservationsSequence ReferencedFrameOfReferenceUID ReferencedROINumber
    ReferencedSOPInstanceUID SOPInstanceUID StructureSetROISequence
    """,
)
_DOSE = _reader(
    "a dose",
    "rt_dose.py dose_grid.py",
    """
    DoseGridScaling DoseSummationType DoseType DoseUnits FrameOfReferenceUID
    GridFrameOffsetVector ImageOrientationPatient ImagePositionPatient NumberOfFrames
    PixelSpacing ReferencedBeamNumber ReferencedBeamSequence ReferencedFractionGroupNumber
    ReferencedFractionGroupSequence ReferencedRTPlanSequence ReferencedSOPInstanceUID
    SOPInstanceUID SliceThickness
    """,
)
_DVH = _reader(
    "stored DVHs",
    "dvhs/sequence.py dvhs/items.py",
    """
    DVHData DVHDoseScaling DVHMaximumDose DVHMeanDose DVHMinimumDose DVHNormalizationDoseValue
    DVHNumberOfBins DVHROIContributionType DVHReferencedROISequence DVHSequence DVHType
    DVHVolumeUnits DoseUnits ReferencedROINumber ReferencedSOPInstanceUID
    ReferencedStructureSetSequence
    """,
)
_RT_IMAGE = _reader(
    "RT Images",
    "rt_image.py rt_images/facts.py rt_images/table.py rt_images/receptor_plane.py",
    """
    BeamLimitingDeviceAngle BeamName BeamNumber ExposureSequence FractionNumber GantryAngle
    ImagePlanePixelSpacing KVP MetersetExposure ModalityLUTSequence PatientSupportAngle
    PrimaryDosimeterUnit RTImageLabel RTImageName RTImageOrientation RTImagePlane
    RTImagePosition RTImageSID RadiationMachineName RadiationMachineSAD ReferencedBeamNumber
    ReferencedFractionGroupNumber ReferencedFrameNumber ReferencedRTPlanSequence
    ReferencedSOPInstanceUID RescaleIntercept RescaleSlope RescaleType SOPInstanceUID
    XRayImageReceptorAngle XRayImageReceptorTranslation
    """,
)
#: The columns of the index, which a scan reads of every file.
_TABLE = Reader("the index", (), frozenset(name for name in COLUMNS if name[0].isupper()))
_ANY = (_TABLE, _SCAN, _LINKS)
_IMAGES = (*_ANY, _IMAGE, _PIXELS)
_PLANS = (*_ANY, RT_PLAN, PRESCRIPTION, ACCESSORIES, SETUPS)

#: Readers of each IOD, by its short name.
READERS: Mapping[str, tuple[Reader, ...]] = {
    "CT": _IMAGES,
    "MR": _IMAGES,
    "PT": (*_IMAGES, _SUV),
    "RTSTRUCT": (*_ANY, _STRUCTURES),
    "RTDOSE": (*_ANY, _DOSE, _PIXELS, _DVH),
    "RTPLAN": (*_PLANS, BRACHYTHERAPY),
    "RTIONPLAN": (*_PLANS, IONS),
    "RTIMAGE": (*_ANY, _RT_IMAGE, _PIXELS),
}


def _within(sequence: str, keywords: str) -> frozenset[str]:
    """Paths of a sequence and of attributes in its items."""
    return frozenset({sequence, *(f"{sequence}.{keyword}" for keyword in keywords.split())})


_REFERENCE = "ReferencedSOPClassUID ReferencedSOPInstanceUID"
#: Of every object that is changed: when and by what.
_CHANGED = frozenset(
    {
        *("InstanceCreationDate", "InstanceCreationTime", "SoftwareVersions"),
        *_within(
            "ContributingEquipmentSequence",
            "Manufacturer ManufacturerModelName SoftwareVersions ContributionDateTime "
            "ContributionDescription",
        ),
        *_within(
            "ContributingEquipmentSequence.PurposeOfReferenceCodeSequence",
            "CodeValue CodingSchemeDesignator CodeMeaning",
        ),
    }
)
#: Of those that may also be new.
_STAMP = _CHANGED | {"Manufacturer", "ManufacturerModelName"}
_NEW_IMAGE = frozenset(
    {
        *_STAMP,
        *("ContentDate", "ContentTime", "DerivationDescription", "InstanceNumber"),
        *("SmallestImagePixelValue", "LargestImagePixelValue"),
    }
)
_STUDIES = "ReferencedFrameOfReferenceSequence.RTReferencedStudySequence"
_NEW_STRUCTURES = frozenset(
    {
        *_STAMP,
        *("StructureSetDate", "StructureSetTime"),
        *_within(
            "StructureSetROISequence",
            "ROINumber ReferencedFrameOfReferenceUID ROIName",
        ),
        *_within("ROIContourSequence", "ReferencedROINumber ROIDisplayColor"),
        *_within(
            "ROIContourSequence.ContourSequence",
            "ContourGeometricType NumberOfContourPoints ContourData",
        ),
        *_within("ROIContourSequence.ContourSequence.ContourImageSequence", _REFERENCE),
        *_within(
            "RTROIObservationsSequence",
            "ObservationNumber ReferencedROINumber RTROIInterpretedType ROIInterpreter",
        ),
        *_within("ReferencedFrameOfReferenceSequence", "FrameOfReferenceUID"),
        *_within(_STUDIES, _REFERENCE),
        *_within(f"{_STUDIES}.RTReferencedSeriesSequence", "SeriesInstanceUID"),
        *_within(f"{_STUDIES}.RTReferencedSeriesSequence.ContourImageSequence", _REFERENCE),
    }
)
_NEW_DOSE = frozenset(
    {
        *_STAMP,
        *("ContentDate", "ContentTime", "DoseComment", "SliceLocation"),
        *_within("ReferencedRTPlanSequence", _REFERENCE),
        *_within(
            "ReferencedRTPlanSequence.ReferencedFractionGroupSequence",
            "ReferencedFractionGroupNumber ReferencedBeamSequence",
        ),
        "ReferencedRTPlanSequence.ReferencedFractionGroupSequence.ReferencedBeamSequence"
        ".ReferencedBeamNumber",
        *_within("ReferencedStructureSetSequence", _REFERENCE),
        *_within(
            "DVHSequence",
            "DVHType DoseUnits DoseType DVHDoseScaling DVHVolumeUnits DVHNumberOfBins DVHData "
            "DVHMinimumDose DVHMaximumDose DVHMeanDose",
        ),
        *_within(
            "DVHSequence.DVHReferencedROISequence", "ReferencedROINumber DVHROIContributionType"
        ),
    }
)
_NEW_RT_IMAGE = frozenset(
    {
        *_STAMP,
        *("ContentDate", "ContentTime", "DerivationDescription", "RescaleType"),
        *("SmallestImagePixelValue", "LargestImagePixelValue", "FrameTimeVector"),
        *("GantryAngle", "BeamLimitingDeviceAngle", "PatientSupportAngle", "FractionNumber"),
        *("XRayImageReceptorAngle", "XRayImageReceptorTranslation", "RTImageSID"),
        *("RadiationMachineSAD", "ReferencedBeamNumber", "ReferencedFractionGroupNumber"),
        *_within("ReferencedRTPlanSequence", _REFERENCE),
        *_within("ExposureSequence", "ReferencedFrameNumber NumberOfBlocks KVP MetersetExposure"),
    }
)
_CHANGED_PLAN = _CHANGED | {"RTPlanDate", "RTPlanTime", "ApprovalStatus"}
_POINTS = "BeamSequence.ControlPointSequence"
_NEW_PLAN = _CHANGED_PLAN | {
    *("Manufacturer", "ManufacturerModelName"),
    *_within("ReferencedStructureSetSequence", _REFERENCE),
    *_within(
        "DoseReferenceSequence",
        "DoseReferenceNumber DoseReferenceStructureType ReferencedROINumber DoseReferenceType "
        "TargetPrescriptionDose",
    ),
    *_within("PatientSetupSequence", "PatientSetupNumber PatientPosition"),
    *_within(
        "FractionGroupSequence",
        "FractionGroupNumber NumberOfFractionsPlanned NumberOfBeams "
        "NumberOfBrachyApplicationSetups",
    ),
    *_within(
        "FractionGroupSequence.ReferencedBeamSequence", "ReferencedBeamNumber BeamDose BeamMeterset"
    ),
    *_within(
        "BeamSequence",
        "BeamNumber BeamName BeamDescription BeamType RadiationType TreatmentMachineName "
        "TreatmentDeliveryType PrimaryDosimeterUnit SourceAxisDistance NumberOfControlPoints "
        "ReferencedPatientSetupNumber FinalCumulativeMetersetWeight",
    ),
    *_within(
        "BeamSequence.BeamLimitingDeviceSequence",
        "RTBeamLimitingDeviceType NumberOfLeafJawPairs LeafPositionBoundaries",
    ),
    *_within(
        _POINTS,
        "ControlPointIndex CumulativeMetersetWeight NominalBeamEnergy DoseRateSet "
        "GantryPitchAngle GantryPitchRotationDirection TableTopEccentricAngle TableTopPitchAngle "
        "TableTopPitchRotationDirection TableTopRollAngle TableTopRollRotationDirection "
        "TableTopVerticalPosition TableTopLongitudinalPosition TableTopLateralPosition "
        "SourceToSurfaceDistance IsocenterPosition",
    ),
    *_within(
        f"{_POINTS}.BeamLimitingDevicePositionSequence", "RTBeamLimitingDeviceType LeafJawPositions"
    ),
}
#: Paths that an export writes from data, besides those that have a rule of their own.
WRITTEN: Mapping[str, frozenset[str]] = {
    "CT": _NEW_IMAGE,
    "MR": _NEW_IMAGE,
    "PT": _NEW_IMAGE,
    "RTSTRUCT": _NEW_STRUCTURES,
    "RTDOSE": _NEW_DOSE,
    "RTIMAGE": _NEW_RT_IMAGE,
    "RTPLAN": _NEW_PLAN,
    "RTIONPLAN": _CHANGED_PLAN,
}

_COLOR = "images in colour are not opened as arrays"
_SIGNED = "signatures are neither made nor verified; those of unchanged objects are passed through"
#: Outermost attributes that are not supported > the reason.
NOT_SUPPORTED: Mapping[str, str] = {
    "PixelDataProviderURL": "pixels that lie elsewhere are not fetched",
    "EncryptedAttributesSequence": "encrypted attributes are passed through, never decrypted",
    "MACParametersSequence": _SIGNED,
    "DigitalSignaturesSequence": _SIGNED,
    "PlanarConfiguration": _COLOR,
    **{
        f"{color}PaletteColorLookupTable{part}": _COLOR
        for part in ("Descriptor", "Data")
        for color in ("Red", "Green", "Blue")
    },
    "ICCProfile": _COLOR,
    "ColorSpace": _COLOR,
}
