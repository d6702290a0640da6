"""Portal images for tests: what a header says is what the test gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from factories import base, item, reference
from numpy.typing import ArrayLike
from pydicom import uid as sop
from pydicom.dataset import Dataset

#: Of an image that says everything; 4 rows of 2 mm, 6 columns of 1.5 mm, centred on the receptor.
WHOLE: dict[str, Any] = {
    "ImageType": ["ORIGINAL", "PRIMARY", "PORTAL"],
    "RTImageLabel": "Portal",
    "RTImagePlane": "NORMAL",
    "ImagePlanePixelSpacing": [2.0, 1.5],
    "RTImagePosition": [-3.75, 3.0],
    "RTImageSID": 1500,
    "RadiationMachineSAD": 1000,
    "XRayImageReceptorAngle": 0,
    "XRayImageReceptorTranslation": [0, 0, -500],
    "GantryAngle": 90,
    "BeamLimitingDeviceAngle": 10,
    "PatientSupportAngle": 0,
    "ReferencedBeamNumber": 1,
    "ReferencedFractionGroupNumber": 1,
    "FractionNumber": 3,
    "PrimaryDosimeterUnit": "MU",
}
EXPOSURE = {"KVP": 6000, "MetersetExposure": 120.5, "NumberOfBlocks": 0}


def stored(frames: int | None = None, rows: int = 4, columns: int = 6) -> np.ndarray[Any, Any]:
    """Values that tell every pixel from every other."""
    shape = (rows, columns) if frames is None else (frames, rows, columns)
    return np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)


def portal(
    name: object = "portal",
    plan: Dataset | None = None,
    values: ArrayLike | None = None,
    *,
    exposures: list[dict[str, Any]] | None = None,
    without: tuple[str, ...] = (),
    **elements: Any,
) -> Dataset:
    """An RT Image; ``without`` leaves out elements of :data:`WHOLE`, ``elements`` replace them."""
    own = {"PatientID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"}
    of_base = {key: elements.pop(key) for key in own & elements.keys()}
    ds = base(sop.RTImageStorage, "RTIMAGE", name, **of_base)
    pixels = np.asarray(stored() if values is None else values)
    for keyword, value in {**WHOLE, **elements}.items():
        if keyword not in without:
            setattr(ds, keyword, value)
    items = [EXPOSURE] if exposures is None else exposures
    if items:
        ds.ExposureSequence = [item(**each) for each in items]
    if plan is not None:
        ds.ReferencedRTPlanSequence = [reference(plan)]
    bits = pixels.dtype.itemsize * 8
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape[-2:]
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit, ds.PixelRepresentation = bits - 1, int(pixels.dtype.kind == "i")
    if pixels.ndim == 3:
        ds.NumberOfFrames = len(pixels)
    ds.PixelData = pixels.tobytes()
    return ds
