"""The table behind an index: its columns, and what kind of object each row is.

A row is one file. Columns named as DICOM names them hold that attribute, names in snake_case are
ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.arrays import IntegerArray
from pydicom import config
from pydicom import uid as sop

Row = tuple[Any, ...]
#: How the values of a column are stored: str ("" when missing), tuple of str, tuple of str that
#: are UIDs, tuple of float or None, tuple of int, integer or NA, float or NaN, bool.
Kind = Literal["text", "texts", "uids", "numbers", "integers", "integer", "number", "flag"]

#: Columns of the table, in order.
COLUMNS: Mapping[str, Kind] = {
    "PatientID": "text",
    "PatientName": "text",
    "StudyDate": "text",
    "StudyTime": "text",
    "StudyDescription": "text",
    "Modality": "text",
    "SeriesDescription": "text",
    "SeriesNumber": "integer",
    "SeriesDate": "text",
    "SeriesTime": "text",
    "InstanceNumber": "integer",
    "AcquisitionNumber": "integer",
    "AcquisitionDate": "text",
    "AcquisitionTime": "text",
    "TemporalPositionIdentifier": "integer",
    "TriggerTime": "number",
    "FrameReferenceTime": "number",
    "NominalPercentageOfCardiacPhase": "number",
    "NominalPercentageOfRespiratoryPhase": "number",
    "EchoNumbers": "integer",
    "EchoTime": "number",
    "DiffusionBValue": "number",
    "ContentDate": "text",
    "ContentTime": "text",
    "ImageType": "texts",
    "Rows": "integer",
    "Columns": "integer",
    "NumberOfFrames": "integer",
    "PixelSpacing": "numbers",
    "SliceThickness": "number",
    "ImagePositionPatient": "numbers",
    "ImageOrientationPatient": "numbers",
    "PatientPosition": "text",
    "StructureSetLabel": "text",
    "StructureSetName": "text",
    "StructureSetDate": "text",
    "RTPlanLabel": "text",
    "RTPlanName": "text",
    "RTPlanDate": "text",
    "DoseUnits": "text",
    "DoseType": "text",
    "DoseSummationType": "text",
    "RTImageLabel": "text",
    "Manufacturer": "text",
    "ManufacturerModelName": "text",
    "StudyInstanceUID": "text",
    "SeriesInstanceUID": "text",
    "FrameOfReferenceUID": "text",
    "SOPClassUID": "text",
    "SOPInstanceUID": "text",
    "TransferSyntaxUID": "text",
    "ReferencedRTPlanSequence": "uids",
    "referenced_beams": "integers",
    "ReferencedStructureSetSequence": "uids",
    "referenced_frames_of_reference": "uids",
    "referenced_series": "uids",
    "referenced_images": "uids",
    "referenced_image_classes": "uids",
    "has_pixel_data": "flag",
    "bytes": "integer",
    "digest": "text",
    "path": "text",
}
#: Columns whose values do not belong into an error message: who the patient is, and when.
PERSONAL = frozenset(
    name
    for name, kind in COLUMNS.items()
    if name in ("PatientID", "PatientName") or (kind == "text" and name.endswith(("Date", "Time")))
)

#: SOP Class UID > kind of object that rtxr opens.
KINDS: Mapping[str, str] = {
    sop.CTImageStorage: "CT",
    sop.MRImageStorage: "MR",
    sop.PositronEmissionTomographyImageStorage: "PT",
    sop.RTStructureSetStorage: "RTSTRUCT",
    sop.RTPlanStorage: "RTPLAN",
    sop.RTIonPlanStorage: "RTPLAN",
    sop.RTDoseStorage: "RTDOSE",
    sop.RTImageStorage: "RTIMAGE",
}
IMAGE_KINDS = ("CT", "MR", "PT")

_DTYPES: Mapping[Kind, str] = {"integer": "Int64", "number": "float64", "flag": "bool"}
#: Rows whose columns are taken together: few enough to stay near the processor.
_ROWS_AT_ONCE = 1000


def build_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Table of rows that are in the order of :data:`COLUMNS`.

    Returns
    -------
    DataFrame
        A row per file, index 0, 1, ... The dtypes do not depend on what is there: Int64, float64,
        bool, else object (str, or tuples as :data:`Kind` says).
    """
    columns: list[list[Any]] = [[] for _ in COLUMNS]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = zip(*rows[start : start + _ROWS_AT_ONCE], strict=True)
        for column, values in zip(columns, some, strict=True):
            column.extend(values)
    columns.reverse()  # each is let go of as soon as it is a series
    index = pd.RangeIndex(len(rows))  # given with all of them, it need not be found out
    made = {name: _series(columns.pop(), kind, index) for name, kind in COLUMNS.items()}
    return pd.DataFrame(made, index=index)


def _series(values: list[Any], kind: Kind, index: pd.Index) -> pd.Series[Any]:
    """Column of a table, without a look at every value for what type to choose."""
    dtype = _DTYPES.get(kind, "object")
    array = np.fromiter(values, "object" if kind == "integer" else dtype, len(values))
    if kind != "integer":
        return pd.Series(array, index, dtype=dtype, copy=False)
    missing = pd.isna(array)
    return pd.Series(IntegerArray(np.where(missing, 0, array).astype("int64"), missing), index)


def kinds(table: pd.DataFrame) -> pd.Series[Any]:
    """What each row is opened as: a value of :data:`KINDS`, or ``""``.

    The SOP class decides. Where it is missing or a vendor's own, Modality (0008,0060) does, for
    images only if they have a position.
    """
    known = table["SOPClassUID"].map(KINDS)
    foreign = table["SOPClassUID"].isin(
        [u for u in table["SOPClassUID"].unique() if syntax_name(u) == u]
    )
    placed = table["ImagePositionPatient"].notna() | ~table["Modality"].isin(IMAGE_KINDS)
    by_modality = table["Modality"].where(
        foreign & placed & table["Modality"].isin(set(KINDS.values())), ""
    )
    return known.where(known.notna(), by_modality).astype("object")


def syntax_name(uid: str) -> str:
    """Name of a UID that DICOM defines (PS3.6 annex A); any other UID itself."""
    return str(sop.UID(uid, config.IGNORE).name)


def sop_class_name(uid: str) -> str:
    """Name of a SOP class for people."""
    name = syntax_name(uid)
    return name.removesuffix(" Storage") if name != uid else f"SOP class {uid or 'missing'}"
