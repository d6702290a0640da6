"""What a Dataset would write: one object per slice, dose, structure set and plan.

Each object has the header it came with (or none), the values computed from the arrays where they
differ from that header, and its stored pixels. Nothing here decides about UIDs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.uid import generate_uid

from rtxr.errors import Finding
from rtxr.header_store import Record
from rtxr.iod import provenance
from rtxr.iod.encoding.raw import text_of, values_of
from rtxr.iod.tables import IOD
from rtxr.read import headers

Records = Mapping[str, Record]

#: Variable of a structure set and of a plan, which are no variables of a Dataset.
STRUCTURE_SET, PLAN = "structure_set", "plan"

#: Changes that more than one stage speaks of.
MADE_IN_MEMORY = "made in memory"
PIXELS_CHANGED = "its pixel values changed"
CONTOURS_CHANGED = "its contours changed"
MOVED = "moved to the position of another source slice"
OUT_OF_REACH = "its source file is out of reach"


@dataclass(frozen=True)
class Outgoing:
    """One object on its way out: collected, judged, identified, then built.

    Parameters
    ----------
    variable : str
        Where it came from: ``"ct"``, ``"dose"``, ``"structure_set"``, ``"plan"``.
    iod : IOD
        Its tables.
    file_name : str
        Name in the output folder.
    record : Record or None
        Source header; None, or one without a path, for an object that was never a file.
    header : pydicom.Dataset or None
        The parsed record; without a record, what others say of patient and study.
    values : dict
        Values by keyword that differ from the header.
    derived : dict
        Values by keyword to use where the header lacks them.
    pixels : ndarray or None
        Stored values, (rows, columns) or (frames, rows, columns).
    as_read : bool
        Whether they are those of the record's file, which nobody has read since.
    own_uid : bool
        Whether the record is this object's own, not its nearest neighbour's.
    edited : bool
        Whether its pixels, geometry or contours, or those of another slice of its series, are
        other than the source's.
    edited_rois : frozenset of int
        Of a structure set, numbers of the source's ROIs whose contours have changed.
    changes : tuple of str
        Why this is not its source any more, in words; empty when it is.
    findings : tuple of Finding
        What was noticed on the way.
    """

    variable: str
    iod: IOD
    file_name: str
    record: Record | None
    header: pydicom.Dataset | None
    values: Mapping[str, object] = field(default_factory=dict)
    derived: Mapping[str, object] = field(default_factory=dict)
    pixels: npt.NDArray[np.integer[Any]] | None = None
    as_read: bool = False
    own_uid: bool = True
    edited: bool = False
    edited_rois: frozenset[int] = frozenset()
    changes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def uid(self) -> str:
        """SOP Instance UID of the source, empty without one."""
        return "" if self.record is None else self.record.uid

    @property
    def key(self) -> str:
        """UID by which others refer to it until UIDs are decided; a made-up one if not its own."""
        return self.uid if self.own_uid and self.uid else made_up(self.file_name)

    @property
    def is_made(self) -> bool:
        """Whether it was never a file, nor is made of one."""
        return self.record is None or not self.record.path

    @property
    def is_composed(self) -> bool:
        """Whether it was made of several files, so that its header is as complete as theirs."""
        return self.is_made and provenance.says_its_making(self.header)

    @property
    def facts(self) -> dict[str, Any]:
        """What a caller said of an object that was never a file, by keyword."""
        if self.record is None or self.record.path or self.header is None or self.is_composed:
            return {}
        return values_of(self.header)

    @property
    def series(self) -> str:
        """Series Instance UID by which others refer to it; a made-up one where it has none yet."""
        return text_of(self.header, "SeriesInstanceUID") or made_up("series", self.variable)

    @property
    def study(self) -> str:
        """Study Instance UID by which others refer to it; a made-up one where it has none yet."""
        return text_of(self.header, "StudyInstanceUID") or made_up("study")

    @property
    def has_other_pixels(self) -> bool:
        """Whether what it shows is not what its source showed."""
        sized = "Rows" in self.values or "Columns" in self.values
        return sized or PIXELS_CHANGED in self.changes or not self.own_uid

    @property
    def why(self) -> str:
        """The changes in one sentence."""
        return "; ".join(self.changes)


def made_up(*names: str) -> str:
    """A UID that stands for the one still to be given."""
    return str(generate_uid(entropy_srcs=list(names)))


def coded(record: Record | None, header: pydicom.Dataset | None) -> pydicom.Dataset | None:
    """The header where it is that of a file, whose pixels, geometry and items it describes."""
    return None if record is None or not record.path else header


def source_of(records: Records, uid: str) -> tuple[Record | None, pydicom.Dataset | None]:
    """Record and parsed header of a UID; (None, None) where the Dataset carries none."""
    record = records.get(uid)
    return record, None if record is None else headers.parse(record)
