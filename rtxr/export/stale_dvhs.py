"""Stored DVHs that hold no more: of another dose, other contours, or ROIs that are gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydicom.dataset import Dataset

from rtxr.errors import Finding
from rtxr.export.objects import Outgoing
from rtxr.iod.build import DELETE
from rtxr.iod.encoding.raw import items_of, text_of
from rtxr.iod.items import dvhs as dvh_items
from rtxr.iod.items.dvhs import DVH_KEYWORDS
from rtxr.iod.items.rois import known_numbers, number_of


def without_stale(dose: Outgoing, structures: Outgoing | None) -> Outgoing:
    """A dose without stored DVHs of another dose, of other contours or of ROIs that are gone."""
    if dose.header is None or "DVHSequence" not in dose.header:
        return dose
    kept: list[Dataset] = []
    if dose.edited:
        why = f"all stored DVHs of {dose.variable!r} were left out: the dose has changed"
        gone = len(items_of(dose.header, "DVHSequence"))
    else:
        kept, gone = dvh_items.without_rois(dose.header, _stale_rois(dose, structures))
        why = (
            f"{gone} of {gone + len(kept)} stored DVHs of {dose.variable!r} were left out: their "
            "ROIs were removed, or their contours have changed"
        )
    if not gone and not dose.edited:
        return dose
    values = {"DVHSequence": kept} if kept else dict.fromkeys(DVH_KEYWORDS, DELETE)
    note = Finding("stale-dvh-removed", "info", f"(3004,0050) DVHSequence: {why}", dose.uid)
    return replace(
        dose,
        values={**dose.values, **values},
        changes=dose.changes or ("its stored DVHs describe other contours",),
        findings=(*dose.findings, note),
    )


def _stale_rois(dose: Outgoing, structures: Outgoing | None) -> set[int]:
    """Numbers of ROIs that were removed, or whose contours have changed."""
    if structures is None or structures.header is None or structures.record is None:
        return set()
    named = items_of(dose.header, "ReferencedStructureSetSequence") if dose.header else []
    if named and text_of(named[0], "ReferencedSOPInstanceUID") not in ("", structures.uid):
        return set()  # the DVHs speak of the ROIs of another structure set
    now: Any = structures.values.get("StructureSetROISequence")
    left = None if now is None else {number_of(roi, "ROINumber") for roi in now}
    gone = set() if left is None else known_numbers(structures.header) - left
    return gone | set(structures.edited_rois)
