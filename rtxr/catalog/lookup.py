"""The objects of a table by UID, by frame of reference and by patient, for links to look them up.

Everything is indexed once, so that linking takes the same time per object in an archive as in a
folder.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd

from rtxr.catalog.stacks import Stack
from rtxr.catalog.table import IMAGE_KINDS

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Record = Mapping[Any, Any]

#: Kinds of objects that refer to others > what they are called in messages.
NOUNS: Mapping[str, str] = {
    "RTSTRUCT": "structure set",
    "RTPLAN": "plan",
    "RTDOSE": "dose",
    "RTIMAGE": "RT image",
}
_COLUMNS = [
    *("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "path"),
    *("FrameOfReferenceUID", "referenced_frames_of_reference", "referenced_series"),
    *("referenced_images", "referenced_image_classes"),
    *("ReferencedRTPlanSequence", "ReferencedStructureSetSequence"),
    *("Modality", "InstanceNumber", "has_pixel_data"),
    *("DoseType", "DoseSummationType", "referenced_beams"),
]
#: How many UIDs a message names.
_NAMED = 5


class Lookup:
    """Objects and image stacks of a table, ready to be looked up.

    Parameters
    ----------
    table : DataFrame
        As from :func:`rtxr.catalog.table.build_table`.
    kinds : sequence of str
        Kind of each row.
    used : sequence of int
        Row positions, each object once.
    stacks : sequence of Stack
        From :func:`rtxr.catalog.stacks.image_stacks`.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        kinds: Sequence[str],
        used: Sequence[int],
        stacks: Sequence[Stack],
    ) -> None:
        uids = table["SOPInstanceUID"].tolist()
        objects = [at for at in used if kinds[at] in NOUNS]
        self.kinds, self.stacks = kinds, stacks
        columns = {name: table[name].tolist() for name in _COLUMNS}
        self.rows = {at: _record(columns, at) for at in objects}
        self.stack_rows = [_stack_record(columns, stack.positions) for stack in stacks]
        self.by_uid = {uids[at]: at for at in used if uids[at]}
        self._stack_of = {at: n for n, stack in enumerate(stacks) for at in stack.positions}
        numbers = range(len(stacks))
        self.stacks_of_series = _grouped((stacks[n].series, n) for n in numbers)
        self._stacks_in_frame = _grouped(
            ((row["PatientID"], frame), n)
            for n, row in enumerate(self.stack_rows)
            for frame in row["frames"]
        )
        self._objects_in_frame = _grouped(
            ((kinds[at], row["PatientID"], frame), at)
            for at, row in self.rows.items()
            for frame in row["frames"]
        )
        self._beside: dict[Hashable, list[int]] = {}
        self._one_per_patient = _grouped(
            (frame, near[0]) for (_, frame), near in self._stacks_in_frame.items()
        )
        self._of_patients: dict[Hashable, list[int]] = {}

    def of_kind(self, kind: str) -> list[int]:
        """Row positions of the structure sets, plans, doses or RT images."""
        return [at for at in self.rows if self.kinds[at] == kind]

    def is_image(self, uid: str) -> bool:
        """Whether a SOPInstanceUID is that of an image of the table."""
        at = self.by_uid.get(uid)
        return at is not None and self.kinds[at] in IMAGE_KINDS

    def stack_of(self, uid: str) -> int | None:
        """Number of the stack that holds a slice."""
        return self._stack_of.get(self.by_uid.get(uid, -1))

    def stacks_in_frame(self, row: Record) -> list[int]:
        """Stacks of the same patient in a frame of reference of an object, frame by frame."""
        patient = row["PatientID"]
        return _merged(self._stacks_in_frame.get((patient, frame), []) for frame in in_order(row))

    def stacks_of_patients(self, row: Record) -> list[int]:
        """A stack of each patient in a frame of reference of an object."""
        key = in_order(row)
        if key not in self._of_patients:
            self._of_patients[key] = _merged(self._one_per_patient.get(each, []) for each in key)
        return self._of_patients[key]

    def objects_beside(self, row: Record, kind: str) -> list[int]:
        """Objects of a kind in a frame of reference and, if there are any, the study of another."""
        patient, study, frames = row["PatientID"], row["StudyInstanceUID"], row["frames"]
        key = kind, patient, study, frames
        if key not in self._beside:
            groups = (self._objects_in_frame.get((kind, patient, frame), []) for frame in frames)
            near = _merged(groups)
            of_study = [at for at in near if self.rows[at]["StudyInstanceUID"] == study]
            self._beside[key] = of_study or near
        return self._beside[key]


def same_patient(row: Record, other: Record) -> bool:
    """Whether nothing speaks against one patient."""
    ids = {row["PatientID"], other["PatientID"]}
    return len(ids) == 1 or "" in ids


def listed(items: Collection[V], text: Callable[[V], str] = str) -> str:
    """UIDs (or what stands for them) in a message; of many, the first: no other is made text."""
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return ", ".join(map(text, itertools.islice(items, _NAMED))) + more


def in_order(row: Record) -> tuple[str, ...]:
    """Frame of Reference UIDs that an object stands in, its own before those it names."""
    uids = (row["FrameOfReferenceUID"], *row["referenced_frames_of_reference"])
    return tuple(dict.fromkeys(filter(None, uids)))


def _record(columns: Mapping[str, Sequence[Any]], at: int) -> dict[str, Any]:
    """One row of a table, with the frames of reference that it names."""
    record = {name: values[at] for name, values in columns.items()}
    return {**record, "frames": frozenset(in_order(record))}


def _stack_record(columns: Mapping[str, Sequence[Any]], positions: Sequence[int]) -> Record:
    """The first slice of a stack, with the frames of reference of all slices."""
    uids = columns["FrameOfReferenceUID"]
    frames = frozenset(uids[at] for at in positions) - {""}
    return {**_record(columns, positions[0]), "frames": frames}


def _grouped(pairs: Iterable[tuple[K, int]]) -> dict[K, list[int]]:
    groups: dict[K, list[int]] = {}
    for key, number in pairs:
        groups.setdefault(key, []).append(number)
    return groups


def _merged(groups: Iterable[list[int]]) -> list[int]:
    """Numbers of several groups, each once."""
    several = list(groups)
    if len(several) == 1:
        return several[0]
    return list(dict.fromkeys(number for group in several for number in group))
