"""Several files with one SOPInstanceUID: which of them is used.

Whether they are copies is told by the hash of the whole file, pixels included (column ``digest``).
It is made when cases are formed, for files that share a UID only; a scan reads headers alone.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
from pydicom import uid as sop

from rtxr.catalog.table import syntax_name
from rtxr.errors import Finding

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
    *("PatientID", "path"),
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
        digest = used["digest"] or None
        differing = [file for file in others if file["digest"] != digest]
        if len(differing) < len(others):
            same = (file["path"] for file in others if file["digest"] == digest)
            copies.setdefault(used["SeriesInstanceUID"], []).extend(same)
        if differing:
            findings.append(_differing(uid, used, differing))
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
        f"{os.path.relpath(file['path'], folder)} ({syntax_name(file['TransferSyntaxUID'])})"
        for file in (used, *others)
    )
    message = (
        f"{len(others) + 1} files carry this SOPInstanceUID and differ: "
        f"used {first}; not used {', '.join(rest)}"
    )
    if len({file["PatientID"] for file in (used, *others)}) > 1:
        message += "; their PatientIDs differ: select one patient before opening"
    return Finding("duplicate-sop-instance", "warning", message, uid, used["path"])
