"""Several files with one SOPInstanceUID: which of them is used.

Whether they are copies is told by the hash of the whole file, pixels included (column ``digest``).
It is made when cases are formed, for files that share a UID only; a scan reads headers alone.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pydicom import uid as sop

from rtxr.catalog.lookup import listed
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

    Of files that differ, the one coded without loss is used (as it is before compressed before
    lossy), then the first. Of its byte-for-byte copies the one in the folder of the shortest path
    stands for it: of an archive and the folder it was unpacked to beside it, that in the folder,
    which is read faster.

    Returns
    -------
    positions : list of int
        Row positions that are not used.
    findings : list of Finding
        ``duplicate-sop-instance``: a warning for each UID whose files differ, an info for each
        series with identical copies.
    """
    uids = table["SOPInstanceUID"]
    doubled = np.flatnonzero(uids.duplicated(keep=False) & (uids != ""))
    rows = table[_DUPLICATE_COLUMNS].iloc[doubled].assign(position=doubled)
    files_of: dict[str, list[dict[Hashable, Any]]] = {}
    for file in rows.to_dict("records"):
        files_of.setdefault(file["SOPInstanceUID"], []).append(file)
    unused: list[int] = []
    findings: list[Finding] = []
    copies: dict[str, list[str]] = {}
    for uid, files in files_of.items():
        used, *others = sorted(files, key=_coding_rank)  # stable: the first of equals
        digest = used["digest"] or None
        differing = [file for file in others if file["digest"] != digest]
        same = [file for file in others if file["digest"] == digest]
        used, *same = sorted((used, *same), key=_folder_length)
        unused += [file["position"] for file in (*same, *differing)]
        if same:
            further = copies.setdefault(used["SeriesInstanceUID"], [])
            further += [file["path"] for file in same]
        if differing:
            findings.append(_differing(uid, used, differing))
    for series, paths in copies.items():
        message = f"{len(paths)} file(s) are exact copies of others; each object is used once"
        findings.append(Finding("duplicate-sop-instance", "info", message, series, paths[0]))
    return unused, findings


def _coding_rank(file: Mapping[Hashable, Any]) -> tuple[bool, int]:
    syntax = file["TransferSyntaxUID"]
    return not file["has_pixel_data"], 2 if syntax in _LOSSY else 0 if syntax in _NATIVE else 1


def _folder_length(file: Mapping[Hashable, Any]) -> int:
    return len(os.path.dirname(file["path"]))


def _differing(
    uid: str, used: Mapping[Hashable, Any], others: Sequence[Mapping[Hashable, Any]]
) -> Finding:
    folder = os.path.commonpath([os.path.dirname(file["path"]) for file in (used, *others)])

    def text(file: Mapping[Hashable, Any]) -> str:
        name = os.path.relpath(file["path"], folder)
        return f"{name} ({syntax_name(file['TransferSyntaxUID'])})"

    message = (
        f"{len(others) + 1} files carry this SOPInstanceUID and differ: "
        f"used {text(used)}; not used {listed(others, text)}"
    )
    if len({file["PatientID"] for file in (used, *others)}) > 1:
        message += "; their PatientIDs differ: select one patient before opening"
    return Finding("duplicate-sop-instance", "warning", message, uid, used["path"])
