"""The table behind an index: its columns, what kind of object a row is, and which copy is used.

Pure functions over pandas; a row is one file. Columns named as DICOM names them hold that
attribute, names in snake_case are ours. From here on the way goes through ``catalog_stacks``
(series to images) and ``catalog_links`` (references) to ``catalog_cases`` (what opens together).
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd
from pydicom import config
from pydicom import uid as sop
from pydicom.tag import Tag

from rtxr.errors import Finding

Row = tuple[Any, ...]
#: How the values of a column are stored: str ("" when missing), tuple of str, tuple of str that
#: are UIDs, tuple of float or None, integer or NA, float or NaN, bool.
Kind = Literal["text", "texts", "uids", "numbers", "integer", "number", "flag"]

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
    "EchoNumbers": "integer",
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

#: Best dose of a plan first (PS3.3 C.8.8.3); types that are not named here come last.
DOSE_RANKS: Mapping[str, int] = {
    name: rank
    for rank, name in enumerate(
        (
            *("PLAN", "MULTI_PLAN", "PLAN_OVERVIEW", "FRACTION", "FRACTION_SESSION", "BEAM"),
            *("BEAM_SESSION", "BRACHY", "BRACHY_SESSION", "CONTROL_POINT", "RECORD"),
        )
    )
}


@dataclass(frozen=True, eq=False)
class Case:
    """Objects that are opened together as one Dataset.

    Parameters
    ----------
    label : str
        Number of the case in its index, from ``"1"``.
    image : DataFrame or None
        Rows of the slices of one image series, each file once.
    structure_set, plan : Series or None
        A row of the table.
    doses : tuple of Series
        Rows, best first: PLAN, MULTI_PLAN, FRACTION, BEAM, ...
    rt_images : DataFrame
        Rows of the RT Images of the plan; may be empty.
    findings : tuple of Finding
        Decisions and oddities that concern this case.
    """

    label: str
    image: pd.DataFrame | None
    structure_set: pd.Series[Any] | None
    plan: pd.Series[Any] | None
    doses: tuple[pd.Series[Any], ...]
    rt_images: pd.DataFrame
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    @property
    def objects(self) -> list[pd.Series[Any]]:
        """Rows of the structure set, the plan and the doses."""
        single = [row for row in (self.structure_set, self.plan) if row is not None]
        return [*single, *self.doses]

    @property
    def paths(self) -> list[str]:
        """Files of everything the case holds."""
        image = [] if self.image is None else self.image["path"].tolist()
        return [*image, *(row["path"] for row in self.objects), *self.rt_images["path"]]


_DTYPES: Mapping[Kind, str] = {"integer": "Int64", "number": "float64", "flag": "bool"}


def build_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Table of rows that are in the order of :data:`COLUMNS`.

    Returns
    -------
    DataFrame
        A row per file, index 0, 1, ... The dtypes do not depend on what is there: Int64, float64,
        bool, else object (str, or tuples as :data:`Kind` says).
    """
    values = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    return pd.DataFrame(
        {
            name: pd.Series(list(column), dtype=_DTYPES.get(kind, "object"))
            for (name, kind), column in zip(COLUMNS.items(), values, strict=True)
        }
    )


def kinds(table: pd.DataFrame) -> pd.Series[Any]:
    """What each row is opened as: a value of :data:`KINDS`, or ``""``.

    The SOP class decides. Where it is missing or a vendor's own, Modality (0008,0060) does, for
    images only if they have a position.
    """
    known = table["SOPClassUID"].map(KINDS)
    foreign = table["SOPClassUID"].isin(
        [u for u in table["SOPClassUID"].unique() if uid_name(u) == u]
    )
    placed = table["ImagePositionPatient"].notna() | ~table["Modality"].isin(IMAGE_KINDS)
    by_modality = table["Modality"].where(
        foreign & placed & table["Modality"].isin(set(KINDS.values())), ""
    )
    return known.where(known.notna(), by_modality).astype("object")


def describe(keyword: str) -> str:
    """An element as (gggg,eeee) Keyword."""
    tag = Tag(keyword)
    return f"({tag.group:04X},{tag.element:04X}) {keyword}"


def uid_name(uid: str) -> str:
    """Name of a UID that DICOM defines (PS3.6 annex A); any other UID itself."""
    return str(sop.UID(uid, config.IGNORE).name)


def sop_class_name(uid: str) -> str:
    """Name of a SOP class for people."""
    name = uid_name(uid)
    return name.removesuffix(" Storage") if name != uid else f"SOP class {uid or 'missing'}"


_LOSSY = frozenset(
    (
        sop.JPEGBaseline8Bit,
        sop.JPEGExtended12Bit,
        sop.JPEGLSNearLossless,
        sop.JPEG2000,
        sop.JPEG2000MC,
        sop.HTJ2K,
    )
)
_NATIVE = frozenset(
    (
        "",
        sop.ImplicitVRLittleEndian,
        sop.ExplicitVRLittleEndian,
        sop.ExplicitVRBigEndian,
        sop.DeflatedExplicitVRLittleEndian,
    )
)


_DUPLICATE_COLUMNS = [
    *("SOPInstanceUID", "SeriesInstanceUID", "TransferSyntaxUID", "has_pixel_data", "digest"),
    "path",
]


def unused_duplicates(table: pd.DataFrame) -> tuple[list[int], list[Finding]]:
    """Files of a SOPInstanceUID that another file already stands for.

    Of byte-for-byte copies the first is used. Of files that differ, the one coded without loss
    is used (as it is before compressed before lossy), then the first.

    Returns
    -------
    positions : list of int
        Row positions that are not used.
    findings : list of Finding
        ``duplicate-sop-instance``: a warning for each UID whose files differ, an info for each
        series with identical copies.
    """
    uids = table["SOPInstanceUID"]
    doubled = table[_DUPLICATE_COLUMNS].assign(position=range(len(table)))
    doubled = doubled[uids.duplicated(keep=False) & (uids != "")]
    files_of: dict[str, list[dict[Hashable, Any]]] = {}
    for file in doubled.to_dict("records"):
        files_of.setdefault(file["SOPInstanceUID"], []).append(file)
    unused: list[int] = []
    findings: list[Finding] = []
    copies: dict[str, list[str]] = {}
    for uid, files in files_of.items():
        used, *others = sorted(files, key=_coding_rank)  # stable: the first of equals
        unused += [file["position"] for file in others]
        same = [file for file in others if file["digest"] and file["digest"] == used["digest"]]
        if same:
            copies.setdefault(used["SeriesInstanceUID"], []).extend(file["path"] for file in same)
        if len(same) < len(others):
            findings.append(_differing(uid, used, [file for file in others if file not in same]))
    for series, paths in copies.items():
        message = f"{len(paths)} file(s) are exact copies of others; each object is used once"
        findings.append(Finding("duplicate-sop-instance", "info", message, series, paths[0]))
    return unused, findings


def _coding_rank(file: Mapping[Hashable, Any]) -> tuple[bool, int]:
    syntax = file["TransferSyntaxUID"]
    return not file["has_pixel_data"], 2 if syntax in _LOSSY else 0 if syntax in _NATIVE else 1


def _differing(
    uid: str, used: Mapping[Hashable, Any], others: Sequence[Mapping[Hashable, Any]]
) -> Finding:
    folder = os.path.commonpath([os.path.dirname(file["path"]) for file in (used, *others)])
    first, *rest = (
        f"{os.path.relpath(file['path'], folder)} ({uid_name(file['TransferSyntaxUID'])})"
        for file in (used, *others)
    )
    message = (
        f"{len(others) + 1} files carry this SOPInstanceUID and differ: "
        f"used {first}; not used {', '.join(rest)}"
    )
    return Finding("duplicate-sop-instance", "warning", message, uid, used["path"])
