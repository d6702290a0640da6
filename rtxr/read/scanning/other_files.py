"""What a scan says about the many files that are not DICOM, in few words."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace

from rtxr.errors import Finding

NOT_DICOM = "not-dicom"
#: Up to this many files of one folder and reason have a Finding each.
FEW = 3
#: Files that operating systems leave everywhere.
_SYSTEM_NAMES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_SYSTEM_PREFIX = "._"
_SYSTEM = "files of the operating system (.DS_Store, ._*, Thumbs.db, desktop.ini)"


def gathered(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in their order, with those of many alike files that are not DICOM made one.

    More than :data:`FEW` files of one folder that are not DICOM for one reason become one Finding
    at the folder, which says how many they are and names the first; files that operating systems
    leave in every folder become one Finding for all folders.
    """
    groups: dict[Hashable, list[Finding]] = {}
    for number, finding in enumerate(findings):
        kind = _kind(finding) if finding.code == NOT_DICOM else number
        groups.setdefault(kind, []).append(finding)
    return [each for kind, group in groups.items() for each in _told(kind, group)]


def _kind(finding: Finding) -> Hashable:
    """What files have in common that are told of together."""
    folder, name = os.path.split(finding.path)
    if name.lower() in _SYSTEM_NAMES or name.startswith(_SYSTEM_PREFIX):
        return _SYSTEM
    return folder, finding.message, name.lower().endswith(".dcm")


def _told(kind: Hashable, group: Sequence[Finding]) -> Sequence[Finding]:
    first = group[0]
    if kind == _SYSTEM and len(group) > 1:
        text = f"not DICOM: {len(group)} {_SYSTEM}; the first is named here"
        return [replace(first, message=text)]
    if first.code != NOT_DICOM or len(group) <= FEW:
        return group
    names = ", ".join(os.path.basename(each.path) for each in group[:FEW])
    text = f"{first.message}; so are {len(group)} files of this folder: {names} and others"
    return [replace(first, message=text, path=os.path.dirname(first.path))]
