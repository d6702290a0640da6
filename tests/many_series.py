"""An index of many series, made without files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rtxr.catalog import COLUMNS, build_table
from rtxr.index import Index

_NOTHING = {
    "text": "",
    "texts": (),
    "uids": (),
    "numbers": None,
    "integers": (),
    "integer": pd.NA,
    "number": np.nan,
    "flag": True,
}
_TITLES = ("Planning CT 3 mm", "Lung 1.5 mm", "Scout", "4D breathing 50 %")


def index(count: int, objects: int = 1) -> Index:
    """Series of patients with two studies of ten series each."""
    empty = {name: _NOTHING[kind] for name, kind in COLUMNS.items()}
    rows = [
        tuple({**empty, **_image(series, number)}.values())
        for series in range(count)
        for number in range(objects)
    ]
    return Index(build_table(rows))


def _image(series: int, number: int) -> dict[str, Any]:
    patient, study = series // 20, series // 10
    return {
        "PatientID": f"P{patient:05d}",
        "StudyDate": f"2020{1 + patient % 12:02d}{1 + patient % 28:02d}",
        "StudyDescription": ("Planning", "Follow-up")[study % 2],
        "Modality": "CT",
        "SeriesDescription": _TITLES[series % 4],
        "SeriesNumber": series % 20 + 1,
        "InstanceNumber": number + 1,
        "ImagePositionPatient": (0.0, 0.0, 3.0 * number),
        "ImageOrientationPatient": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        "PixelSpacing": (1.0, 1.0),
        "Rows": 512,
        "Columns": 512,
        "StudyInstanceUID": f"1.2.{study}",
        "SeriesInstanceUID": f"1.2.{study}.{series}",
        "FrameOfReferenceUID": f"1.2.{study}.0.1",
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
        "SOPInstanceUID": f"1.2.{study}.{series}.{number + 1}",
        "bytes": 526_000,
        "path": f"/archive/{series}/{number}.dcm",
    }
