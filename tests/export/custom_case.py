"""A small case, and what a user would register for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import xarray as xr

import rtxr

CREATOR, GROUP = "MY LAB 1.0", 0x3287
SCORE = rtxr.Module(
    "Plan Score",
    "MY LAB",
    rtxr.private_block(
        CREATOR,
        GROUP,
        """
        1  01 DS PlanScore
        2  02 LO PlanScoreMethod
        """,
    ),
)
SC_EQUIPMENT = rtxr.Module(
    "SC Equipment",
    "C.8.6.1",
    rtxr.module_rows(
        """
        1  ConversionType
        3  Modality SecondaryCaptureDeviceID
        """
    ),
)
SECONDARY_CAPTURE = rtxr.IOD(
    name="Secondary Capture Image",
    sop_class_uid="1.2.840.10008.5.1.4.1.1.7",
    modality="OT",
    section="A.8.1.3",
    modules=rtxr.module_uses(
        """
        M Patient
        M General Study
        M General Series
        U Frame of Reference
        M General Equipment
        M SC Equipment
        M General Acquisition
        M General Image
        U General Reference
        M Image Pixel
        U VOI LUT
        M SOP Common
        """,
        SC_EQUIPMENT,
    ),
)


def opened(folder: Path) -> xr.Dataset:
    """Three slices, the plan and the dose of the synthetic patient, without structures."""
    ds = rtxr.open_dir(folder).sel(z=slice(-4, 5))
    return ds.drop_dims(["roi", "contour", "node"]).drop_vars("structure_set_uid")


def score(ds: xr.Dataset, variable: str) -> dict[str, Any]:
    """Values of :data:`SCORE`."""
    return {"PlanScore": float(ds[variable].max()) / 70}


def projections(ds: xr.Dataset) -> list[rtxr.NewObject]:
    """A secondary capture of the dose, seen from the front."""
    dose = ds.dose.max("dose_y").values
    values = {
        "ConversionType": "WSD",
        "ImageType": ["DERIVED", "SECONDARY"],
        "SeriesDescription": "largest dose",
        "ReferencedImageSequence": [
            {
                "ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.481.2",
                "ReferencedSOPInstanceUID": str(ds.dose_uid.values),
            }
        ],
    }
    stored = np.round(dose / dose.max() * 4095).astype(np.uint16)
    return [rtxr.NewObject(values, stored, why="projected")]


def written(folder: Path) -> dict[str, pydicom.Dataset]:
    """Files of a folder by name without ending."""
    return {path.stem: pydicom.dcmread(path) for path in folder.glob("*.dcm")}
