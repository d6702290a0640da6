"""The recipe for RT Images made of pairs, as it was written down, and pairs to try it on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from factories import base, item, save, uid
from pydicom import uid as sop
from pydicom.dataset import Dataset

#: Every row, by the heading of its list; rows of items are indented here.
RECIPE: dict[str, str] = {
    "miscellaneous": """
        3002,0012 RTImagePosition
        300c,0002 ReferencedRTPlanSequence
        0008,0080 InstitutionName
    """,
    "uids": """
        0002,0003 MediaStorageSOPInstanceUID
        0008,0018 SOPInstanceUID
        0020,000d StudyInstanceUID
        0020,000e SeriesInstanceUID
        0020,0052 FrameOfReferenceUID
    """,
    "dates": """
        0008,0020 StudyDate
        0008,0030 StudyTime
        0008,0021 SeriesDate
        0008,0031 SeriesTime
        0008,0022 AcquisitionDate
        0008,0032 AcquisitionTime
        0008,0012 InstanceCreationDate
        0008,0013 InstanceCreationTime
    """,
    "user": """
        0008,1010 StationName
        0010,0010 PatientName
        0010,0020 PatientID
        0018,1000 DeviceSerialNumber
        3002,0020 RadiationMachineName
    """,
    "image": """
        0008,0023 ContentDate
        0008,0033 ContentTime
        0020,4000 ImageComments
        0028,0002 SamplesPerPixel
        0028,0004 PhotometricInterpretation
        0028,0010 Rows
        0028,0011 Columns
        0028,0100 BitsAllocated
        0028,0101 BitsStored
        0028,0102 HighBit
        0028,0103 PixelRepresentation
        0028,1050 WindowCenter
        0028,1051 WindowWidth
        0028,1052 RescaleIntercept
        0028,1053 RescaleSlope
        0028,1054 RescaleType
        3002,0002 RTImageLabel
        3002,0003 RTImageName
        3002,0004 RTImageDescription
        3002,000a ReportedValuesOrigin
        3002,000c RTImagePlane
        3002,000d XRayImageReceptorTranslation
        3002,000e XRayImageReceptorAngle
        3002,0011 ImagePlanePixelSpacing
        3002,0022 RadiationMachineSAD
        3002,0026 RTImageSID
        7fe0,0010 PixelData
    """,
    "template": """
        3002,0029 FractionNumber
        0008,1160 ReferencedFrameNumber
        0018,0060 KVP
        3002,0032 MetersetExposure
        300A,00B6 BeamLimitingDeviceSequence
        300A,00B8 RTBeamLimitingDeviceType
        300A,00BC NumberOfLeafJawPairs
        300A,011C LeafJawPositions
        300A,00F0 NumberOfBlocks
        300A,011E GantryAngle
        300A,0120 BeamLimitingDeviceAngle
        300A,0122 PatientSupportAngle
        300A,0128 TableTopVerticalPosition
        300A,0129 TableTopLongitudinalPosition
        300A,012A TableTopLateralPosition
        300A,00B3 PrimaryDosimeterUnit
        300A,012C IsocenterPosition
        300C,0006 ReferencedBeamNumber
        300C,0022 ReferencedFractionGroupNumber
        3273,0010 VarianCreator3273
        3273,1000 RTImageIsocenterPosition
        3273,1001 RTImagePatientPosition
    """,
}
#: Rows that stand in the items of the Exposure Sequence, in a list that names each where it comes.
NESTED = ("ReferencedFrameNumber", "KVP", "MetersetExposure", "BeamLimitingDeviceSequence",
          "RTBeamLimitingDeviceType", "NumberOfLeafJawPairs", "LeafJawPositions",
          "NumberOfBlocks")  # fmt: skip
CREATOR = "Varian Medical Systems VISION 3273"
PRIVATE = {0x32731000: b"0\\0\\0 ", 0x32731001: b"HFS "}
BOUNDARIES = [-20.0, 0.0, 20.0]
STUDY = uid("pairs", "study")


def rows(heading: str) -> list[tuple[int, str]]:
    """Tag and keyword of every row of a list."""
    found = re.findall(r"([0-9a-fA-F]{4}),([0-9a-fA-F]{4}) (\w+)", RECIPE[heading])
    return [(int(group + element, 16), keyword) for group, element, keyword in found]


def pixels(rows_: int = 4, columns: int = 6, dtype: str = "uint16") -> np.ndarray[Any, Any]:
    """Values that tell every pixel from every other, up to the ends of the type."""
    info = np.iinfo(dtype)
    values = np.linspace(info.min, info.max, rows_ * columns)
    return values.round().astype(dtype).reshape(rows_, columns)


def measured(number: int = 0, values: Any = None, **elements: Any) -> Dataset:
    """An image of development mode; None leaves an element out."""
    values = pixels() if values is None else values
    bits = values.dtype.itemsize * 8
    own: dict[str, Any] = {
        "SOPClassUID": sop.RTImageStorage,
        "SOPInstanceUID": uid("image", number),
        "StudyInstanceUID": uid("image", "study"),
        "SeriesInstanceUID": uid("image", "series"),
        "Modality": "RTIMAGE",
        "ContentDate": "20240305",
        "ContentTime": f"1012{number:02d}.5",
        "ImageComments": f"frame {number}",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": values.shape[0],
        "Columns": values.shape[1],
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(values.dtype.kind == "i"),
        "PixelIntensityRelationship": "LIN",
        "PixelIntensityRelationshipSign": 1,
        "WindowCenter": "100.5",
        "WindowWidth": "200",
        "RescaleIntercept": "-3",
        "RescaleSlope": "0.5",
        "RescaleType": "US",
        "RTImageLabel": f"dev{number}",
        "RTImageName": "measured",
        "RTImageDescription": "6x, 600 MU/min",
        "ReportedValuesOrigin": "ACTUAL",
        "RTImagePlane": "NORMAL",
        "XRayImageReceptorTranslation": ["0.5", "-0.25", "-500"],
        "XRayImageReceptorAngle": "0",
        "ImagePlanePixelSpacing": ["2.0", "1.5"],
        "RadiationMachineSAD": "1000",
        "RTImageSID": "1500",
    }
    return _finished({**own, **elements}, values)


def template(number: int = 0, beam: int = 1, **elements: Any) -> Dataset:
    """An image of production mode."""
    values = np.zeros((2, 2), np.uint16)
    own: dict[str, Any] = {
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": uid("template", number),
        "StudyDate": "20240101",
        "StudyTime": "0800",
        "StudyID": "S1",
        "AccessionNumber": "A7",
        "PatientSex": "O",
        "PatientBirthDate": "19600101",
        "Manufacturer": "Maker of templates",
        "InstitutionName": "of the template",
        "StationName": "OTHER",
        "DeviceSerialNumber": "0",
        "SeriesNumber": 7,
        "InstanceNumber": number,
        "IrradiationEventUID": uid("event", number),
        "ApprovalStatus": "APPROVED",
        "ReviewDate": "20240102",
        "ReviewTime": "0900",
        "ReviewerName": "Reviewer",
        "ImageType": ["ORIGINAL", "PRIMARY", "PORTAL"],
        "ConversionType": "DI",
        "ContentDate": "20240101",
        "ContentTime": "0801",
        "RTImageLabel": "template",
        "RTImagePlane": "NORMAL",
        "RTImagePosition": ["0", "0"],
        "RadiationMachineName": "OTHER",
        "FractionNumber": 3,
        "ExposureSequence": [exposure()],
        "PrimaryDosimeterUnit": "MU",
        "GantryAngle": "90.5",
        "BeamLimitingDeviceAngle": "10",
        "PatientSupportAngle": "0",
        "TableTopVerticalPosition": "-1.5",
        "TableTopLongitudinalPosition": "20",
        "TableTopLateralPosition": "0.25",
        "IsocenterPosition": ["1", "2", "3"],
        "ReferencedBeamNumber": beam,
        "ReferencedFractionGroupNumber": 1,
    }
    ds = base(
        sop.RTImageStorage, "RTIMAGE", ("template", number), PatientID="T1", PatientName="T^T"
    )
    for keyword in ("StudyDescription", "FrameOfReferenceUID"):
        del ds[keyword]
    ds = _finished({each.keyword: each.value for each in ds} | own | elements, values)
    ds.add_new(0x32730010, "LO", CREATOR)
    for tag, value in PRIVATE.items():
        ds.add_new(tag, "UN", value)
    return ds


def exposure(**elements: Any) -> Dataset:
    """An item of the Exposure Sequence, with more in it than the recipe names."""
    own: dict[str, Any] = {
        "ReferencedFrameNumber": 1,
        "KVP": "6000",
        "ExposureTime": 1200,
        "MetersetExposure": "12.5",
        "BeamLimitingDeviceSequence": [
            device("ASYMX", 1, ["-50", "50"]),
            device("MLCX", 2, ["-1", "-2", "3", "4"]),
        ],
        "NumberOfBlocks": 0,
        "GantryAngle": "90.25",
        "BeamLimitingDeviceAngle": "10",
        "PatientSupportAngle": "0",
        "TableTopVerticalPosition": "-1.5",
        "TableTopLongitudinalPosition": "20",
        "TableTopLateralPosition": "0.25",
    }
    made = item(**{**own, **elements})
    made.add_new(0x32530010, "LO", "SOMEBODY ELSE")
    made.add_new(0x32531001, "UN", b"inside")
    return made


def device(kind: str, pairs: int, positions: Sequence[str], **elements: Any) -> Dataset:
    """An item of a Beam Limiting Device Sequence."""
    return item(
        RTBeamLimitingDeviceType=kind,
        NumberOfLeafJawPairs=pairs,
        LeafJawPositions=positions,
        **elements,
    )


def planned(numbers: Sequence[int] = (1, 2, 3), **elements: Any) -> Dataset:
    """A plan with these beams, which say where their leaves are bounded."""
    ds = base(
        sop.RTPlanStorage, "RTPLAN", "plan", PatientID="PLAN", PatientName="Plan^P", StudyID="SP"
    )
    ds.RTPlanLabel = "pairs"
    ds.BeamSequence = [
        item(
            BeamNumber=number,
            TreatmentDeliveryType="TREATMENT",
            ReferencedPatientSetupNumber=2,
            BeamLimitingDeviceSequence=[
                device("ASYMX", 1, []),
                device("MLCX", 2, [], LeafPositionBoundaries=BOUNDARIES),
            ],
        )
        for number in numbers
    ]
    ds.PatientSetupSequence = [
        item(PatientSetupNumber=1, PatientPosition="HFP"),
        item(PatientSetupNumber=2, PatientPosition="FFS"),
    ]
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def saved(
    folder: Path, name: str, objects: Sequence[Dataset], syntax: str = sop.ExplicitVRLittleEndian
) -> list[Path]:
    """Objects as files of a folder of their own, in the order of their names."""
    (folder / name).mkdir(parents=True)
    paths = [folder / name / f"{name}_{number:02d}.dcm" for number in range(len(objects))]
    return [save(path, ds, syntax=syntax) for path, ds in zip(paths, objects, strict=True)]


def _finished(elements: dict[str, Any], values: np.ndarray[Any, Any]) -> Dataset:
    """A data set of what is not None, with pixels."""
    sizes = {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": values.shape[-2],
        "Columns": values.shape[-1],
        "BitsAllocated": values.dtype.itemsize * 8,
        "BitsStored": values.dtype.itemsize * 8,
        "HighBit": values.dtype.itemsize * 8 - 1,
        "PixelRepresentation": int(values.dtype.kind == "i"),
        "PixelData": values.tobytes() + b"\0" * (values.nbytes % 2),
    }
    ds = Dataset()
    for keyword, value in {**sizes, **elements}.items():
        if value is not None:
            setattr(ds, keyword, value)
    ds["PixelData"].VR = "OW"
    return ds
