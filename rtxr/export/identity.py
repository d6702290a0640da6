"""Which objects keep their UIDs, which get new ones, and which references follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import pydicom
from pydicom.uid import generate_uid

from rtxr.errors import Finding, UnknownNameError, Violation, did_you_mean
from rtxr.export.objects import Outgoing
from rtxr.iod.build import remap_uids
from rtxr.iod.encoding.raw import duplicate, text_of
from rtxr.model import IMAGE_NAMES

UIDPolicy = Literal["auto", "new", "keep"]
#: UIDs that objects have in common.
_SHARED = ("StudyInstanceUID", "FrameOfReferenceUID")


@dataclass(frozen=True)
class Identified:
    """Objects with their UIDs decided, and the map from old to new ones."""

    objects: tuple[Outgoing, ...]
    mapping: Mapping[str, str]

    def follow(self, dataset: pydicom.Dataset) -> None:
        """Replace every reference to an object that got a new UID, in place."""
        if self.mapping:
            remap_uids(dataset, self.mapping)


def assign(
    objects: Sequence[Outgoing],
    policy: UIDPolicy,
    shared: MutableMapping[str, str] | None = None,
) -> tuple[Identified, list[Finding]]:
    """Decide the UIDs of an export.

    Parameters
    ----------
    objects : sequence of Outgoing
        Judged: ``changes`` says why an object is not its source any more.
    policy : {"auto", "new", "keep"}
        See :func:`rtxr.export.to_dicom`.
    shared : mutable mapping, optional
        For ``"new"``: studies and frames of reference of other exports > their new UIDs; grows by
        those of this one.

    Returns
    -------
    Identified
        Changed objects carry a new SOPInstanceUID and SeriesInstanceUID in ``values``.
    list of Finding
        For ``"keep"``: a violation per variable that changed.

    Raises
    ------
    UnknownNameError
        No such policy.
    """
    if policy not in get_args(UIDPolicy):
        raise UnknownNameError(f"uids={policy!r}; {did_you_mean(str(policy), get_args(UIDPolicy))}")
    if policy == "keep":
        return Identified(tuple(objects), {}), _refuse_changes(objects)
    spread = _spread(objects)
    renewed = [bool(each.changes) or policy == "new" for each in spread]
    series: dict[tuple[str, str], str] = {}
    mapping = _decided(spread) if policy == "new" else {}
    shared = {} if shared is None else shared
    out = []
    for each, new in zip(spread, renewed, strict=True):
        if not new:
            out.append(each)
            continue
        old_series = _text(each, "SeriesInstanceUID")
        new_series = series.setdefault((each.iod.name, old_series), _new_uid())
        values = {"SOPInstanceUID": _new_uid(), "SeriesInstanceUID": new_series}
        if each.key:
            mapping[each.key] = values["SOPInstanceUID"]
        mapping |= _series_and_study(each, new_series)
        if policy == "new":
            for keyword in _SHARED:
                if old := _text(each, keyword):
                    if old not in mapping:
                        mapping[old] = shared.setdefault(old, _new_uid())
                    values[keyword] = mapping[old]
        out.append(replace(each, values={**each.values, **values}))
    return Identified(tuple(out), mapping), []


def _decided(objects: Sequence[Outgoing]) -> dict[str, str]:
    """Studies and frames of reference whose new UID the caller or the Dataset says already."""
    return {
        old: str(each.values[keyword])
        for each in objects
        for keyword in _SHARED
        if (old := _text(each, keyword)) and each.values.get(keyword)
    }


def _series_and_study(each: Outgoing, new_series: str) -> dict[str, str]:
    """By which UIDs others refer to the series of an image and to its study > their new ones."""
    if each.variable not in IMAGE_NAMES.values():
        return {}
    found = {each.series: new_series}
    if study := each.values.get("StudyInstanceUID"):
        found[each.study] = str(study)
    return found


def _refuse_changes(objects: Iterable[Outgoing]) -> list[Finding]:
    changed: dict[str, list[Outgoing]] = {}
    for each in objects:
        if each.changes:
            changed.setdefault(each.variable, []).append(each)
    return [
        Violation(
            "changed-object",
            "error",
            f"{len(some)} object(s) of {variable!r} differ from their source ({some[0].why}) and "
            'uids="keep" forbids it',
            some[0].uid,
            iod=some[0].iod.name,
            module="SOP Common",
            attribute="(0008,0018) SOPInstanceUID",
            type="1",
            fix='use uids="auto" for new UIDs',
        )
        for variable, some in changed.items()
    ]


def _spread(objects: Sequence[Outgoing]) -> list[Outgoing]:
    """Carry changes along: an image series is one unit; what refers to a change changes too."""
    spread = list(objects)
    for variable in {each.variable for each in objects} & set(IMAGE_NAMES.values()):
        slices = [each for each in spread if each.variable == variable]
        if any(each.changes for each in slices):
            edited = any(each.edited for each in slices)
            spread = [_as_series(e, edited) if e.variable == variable else e for e in spread]
    while True:
        gone = _renewed_uids(spread)
        moved = [bool(not each.changes and _refers(each, gone - {each.uid})) for each in spread]
        if not any(moved):
            return spread
        spread = [
            replace(each, changes=("refers to an object that changed",)) if follows else each
            for each, follows in zip(spread, moved, strict=True)
        ]


def _as_series(each: Outgoing, edited: bool) -> Outgoing:
    """A slice of a changed series; if any slice was edited, all count as edited, as derived."""
    if each.changes and (each.edited or not edited):
        return each
    return replace(each, edited=edited, changes=(*each.changes, "its series changed"))


def _renewed_uids(objects: Iterable[Outgoing]) -> set[str]:
    renewed = {each.uid for each in objects if each.changes and each.uid}
    images = (each for each in objects if each.changes and each.variable in IMAGE_NAMES.values())
    return renewed | {_text(each, "SeriesInstanceUID") for each in images} - {""}


def _refers(each: Outgoing, uids: set[str]) -> bool:
    """Whether the header names one of the UIDs: a quick look at its bytes, then at its elements."""
    if each.record is None or each.header is None:
        return False
    near = [uid for uid in uids if uid.encode() in each.record.data]
    return bool(near) and remap_uids(duplicate(each.header), dict.fromkeys(near, "2.25.0")) > 0


def _text(each: Outgoing, keyword: str) -> str:
    return text_of(each.header, keyword)


def _new_uid() -> str:
    return str(generate_uid(prefix=None))
