"""Orientations of patients and planes, and where a voxel is by the Standard's own words."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

#: Image Orientation (Patient) as planning systems export it, and other planes.
ORIENTATIONS = {
    "HFS": [1, 0, 0, 0, 1, 0],
    "HFP": [-1, 0, 0, 0, -1, 0],
    "FFS": [-1, 0, 0, 0, 1, 0],
    "FFP": [1, 0, 0, 0, -1, 0],
    "HFDL": [0, -1, 0, 1, 0, 0],
    "HFDR": [0, 1, 0, -1, 0, 0],
    "FFDL": [0, 1, 0, 1, 0, 0],
    "FFDR": [0, -1, 0, -1, 0, 0],
    "sagittal": [0, 1, 0, 0, 0, -1],
    "coronal": [1, 0, 0, 0, 0, -1],
}


def naive_position(ds: Dataset, row: int, column: int, offset: float = 0.0) -> np.ndarray:
    """PS3.3 C.7.6.2.1-1, spelt out: patient (x, y, z) of a voxel centre, mm."""
    origin = [float(value) for value in ds.ImagePositionPatient]
    along_row = [float(value) for value in ds.ImageOrientationPatient[:3]]
    along_column = [float(value) for value in ds.ImageOrientationPatient[3:]]
    between_rows, between_columns = (float(value) for value in ds.PixelSpacing)
    normal = np.cross(along_row, along_column)
    return np.array(
        [
            origin[axis]
            + along_row[axis] * between_columns * column
            + along_column[axis] * between_rows * row
            + normal[axis] * offset
            for axis in range(3)
        ]
    )
