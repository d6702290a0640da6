"""Synthetic portal images of the phantom's beams: what an imager measured, and templates."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RTImageStorage, RTPlanStorage

from rtxr.geometry import FloatArray
from rtxr.tutorial.objects import Case, ds_text, item, new_object, pixels, reference
from rtxr.tutorial.plan import APERTURE, collimators, leaves
from rtxr.tutorial.shapes import PLAN, TARGET_CENTRE

#: Number of each beam > gantry angle of its image, degrees.
BEAMS = {1: 0.0, 2: 120.0}
ROWS, COLUMNS, SPACING = 160, 192, 0.784
SAD, SID = 1000.0, 1500.0
OPEN, CLOSED = 1000.0, 20.0
_PENUMBRA_MM = 1.5
_MEASURED, _MEANT = "20260112", "20260108"
_SLOPE = 0.1


def image(case: Case, number: int) -> Dataset:
    """A portal image as in development mode: nothing of patient, plan or beam (PS3.3 A.17)."""
    y, x = axes()
    stored = np.round(signal(x, y[:, None]) / _SLOPE).astype(np.uint16)
    made = item(
        SOPClassUID=RTImageStorage,
        SOPInstanceUID=case.uid("portal image", number),
        Modality="RTIMAGE",
        StudyInstanceUID=case.uid("portal images"),
        SeriesInstanceUID=case.uid("portal images", "series"),
        ContentDate=_MEASURED,
        ContentTime=f"1005{number:02d}",
        ImageComments=f"Portal image {number}",
        RTImageLabel=f"MV_{number}",
        RTImageName="Synthetic portal image",
        RTImageDescription="6 MV",
        ReportedValuesOrigin="ACTUAL",
        WindowCenter=ds_text(OPEN / 2),
        WindowWidth=ds_text(OPEN),
        RescaleIntercept="0",
        RescaleSlope=ds_text(_SLOPE),
        RescaleType="US",
        **_receptor(),
        **pixels(stored, stored_bits=16),
    )
    return _as_file(made)


def template(case: Case, number: int) -> Dataset:
    """A portal image as in production mode, of the same beam.

    It lacks what real ones lack and the plan has: patient position and leaf boundaries.
    """
    y, x = axes()
    stored = np.where(signal(x, y[:, None]) > (OPEN + CLOSED) / 2, 1000, 0).astype(np.uint16)
    group = item(ReferencedFractionGroupNumber="1", ReferencedBeamNumber=str(number))
    made = new_object(
        case,
        RTImageStorage,
        "RTIMAGE",
        SOPInstanceUID=case.uid("template", number),
        StudyInstanceUID=case.uid("templates"),
        SeriesInstanceUID=case.uid("templates", "series"),
        StudyDate=_MEANT,
        StudyTime=f"0830{number:02d}",
        ImageType=["ORIGINAL", "PRIMARY", "PORTAL"],
        ConversionType="DI",
        PatientOrientation="",
        ReportedValuesOrigin="ACTUAL",
        InstanceNumber=str(number),
        RTImageLabel=f"template {number}",
        RTImagePosition=[ds_text(x[0]), ds_text(y[0])],
        RadiationMachineName="RTXR-LINAC",
        FractionNumber="1",
        PrimaryDosimeterUnit="MU",
        ExposureSequence=[_exposure(number)],
        IsocenterPosition=[ds_text(value) for value in TARGET_CENTRE],
        ReferencedRTPlanSequence=[reference(case, RTPlanStorage, "RTPLAN")],
        **_angles(number),
        **_receptor(),
        **pixels(stored, stored_bits=16),
    )
    made.update(group)
    made.add_new(0x32730010, "LO", "Varian Medical Systems VISION 3273")
    made.add_new(0x32731000, "DS", ["0", "0", "0"])
    made.add_new(0x32731001, "LO", "HFS")
    return made


def axes() -> tuple[FloatArray, FloatArray]:
    """Pixel centres at the receptor, mm: y of each row from above, x of each column."""
    y: FloatArray = SPACING * ((ROWS - 1) / 2 - np.arange(ROWS, dtype=np.float64))
    x: FloatArray = SPACING * (np.arange(COLUMNS, dtype=np.float64) - (COLUMNS - 1) / 2)
    return y, x


def signal(x: FloatArray, y: FloatArray) -> FloatArray:
    """What is measured at points of the receptor, mm: by the shadow of leaves and jaws."""
    x, y = x * SAD / SID, y * SAD / SID
    edges, gaps = leaves()
    of = np.clip(np.searchsorted(edges, y) - 1, 0, len(gaps) - 1)
    inside = np.minimum(gaps[of] - np.abs(x), APERTURE - np.abs(y))
    found: FloatArray = CLOSED + (OPEN - CLOSED) / (1 + np.exp(-inside / _PENUMBRA_MM))
    return found


def _receptor() -> dict[str, object]:
    """Where the receptor is, and how large its pixels are."""
    return {
        "RTImagePlane": "NORMAL",
        "XRayImageReceptorTranslation": ["0", "0", ds_text(SAD - SID)],
        "XRayImageReceptorAngle": "0",
        "ImagePlanePixelSpacing": [ds_text(SPACING)] * 2,
        "RadiationMachineSAD": ds_text(SAD),
        "RTImageSID": ds_text(SID),
    }


def _angles(number: int) -> dict[str, object]:
    return {
        "GantryAngle": ds_text(BEAMS[number]),
        "BeamLimitingDeviceAngle": "0",
        "PatientSupportAngle": "0",
        "TableTopVerticalPosition": "0",
        "TableTopLongitudinalPosition": "0",
        "TableTopLateralPosition": "0",
    }


def _exposure(number: int) -> Dataset:
    """How the image was exposed, through which collimators."""
    devices = [
        item(
            RTBeamLimitingDeviceType=device,
            NumberOfLeafJawPairs=str(pairs),
            LeafJawPositions=positions,
        )
        for device, pairs, positions in collimators()
    ]
    return item(
        ReferencedFrameNumber="1",
        KVP="6000",
        ExposureTime="10000",
        MetersetExposure=ds_text(PLAN.beams[number - 1][1]),
        BeamLimitingDeviceSequence=devices,
        NumberOfBlocks="0",
        **_angles(number),
    )


def _as_file(made: Dataset) -> Dataset:
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made
