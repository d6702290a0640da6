"""RT Structure Set IOD (PS3.3 A.19): its tables, and its sequences from arrays.

Arrays and header items are joined by ROI number and by contour key (the contour's place in the
file, counted over all items of ROI Contour Sequence), never by position in the arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import RTStructureSetStorage

from rtxr.errors import Finding
from rtxr.geometry import FloatArray
from rtxr.iod import conditions
from rtxr.iod.ct_image import IDENTITY_RULES
from rtxr.iod.encoding.raw import items_of, text_of
from rtxr.iod.items import frames as frame_items
from rtxr.iod.items import rois as roi_items
from rtxr.iod.items.contours import ContourItems, Gone
from rtxr.iod.modules import rt, series
from rtxr.iod.rt_dose import RT_PATIENT_TO_SERIES
from rtxr.iod.tables import COMPUTED, IOD, ModuleUse, constant, default, derived, register_iod


def _frame_of_reference(dataset: Dataset) -> str | None:
    """The frame of reference that most ROIs name, else the first one referenced."""
    named = Counter(
        text_of(roi, "ReferencedFrameOfReferenceUID")
        for roi in items_of(dataset, "StructureSetROISequence")
    )
    referenced = [
        text_of(frame, "FrameOfReferenceUID")
        for frame in items_of(dataset, "ReferencedFrameOfReferenceSequence")
    ]
    found = [uid for uid, _ in named.most_common() if uid] + [uid for uid in referenced if uid]
    return found[0] if found else None


def _always(_: Dataset) -> bool:
    return True


RT_STRUCTURE_SET = register_iod(
    "RTSTRUCT",
    IOD(
        name="RT Structure Set",
        sop_class_uid=str(RTStructureSetStorage),
        modality="RTSTRUCT",
        section="A.19.3",
        modules=(
            *RT_PATIENT_TO_SERIES,
            ModuleUse(series.GENERAL_EQUIPMENT, "M"),
            # By choice of the user in the Standard, asked for by validators and many readers.
            ModuleUse(series.FRAME_OF_REFERENCE, "U", when=_always),
            ModuleUse(rt.STRUCTURE_SET, "M"),
            ModuleUse(rt.ROI_CONTOUR, "M"),
            ModuleUse(rt.RT_ROI_OBSERVATIONS, "M"),
            ModuleUse(rt.APPROVAL, "U"),
            ModuleUse(series.GENERAL_REFERENCE, "U"),
            ModuleUse(series.SOP_COMMON, "M"),
            ModuleUse(series.COMMON_INSTANCE_REFERENCE, "U"),
        ),
        rules={
            **IDENTITY_RULES,
            "SOPClassUID": constant(str(RTStructureSetStorage)),
            "Modality": constant("RTSTRUCT"),
            "FrameOfReferenceUID": derived(_frame_of_reference),
            "StructureSetLabel": default("RTXR"),
            "ReferencedFrameOfReferenceSequence": COMPUTED,
            "StructureSetROISequence": COMPUTED,
            "ROIContourSequence": COMPUTED,
            "RTROIObservationsSequence": COMPUTED,
        },
        conditions={**conditions.COMMON, **conditions.APPROVAL},
    ),
)


@dataclass(frozen=True, eq=False)
class StructureData:
    """What a structure set holds, as plain arrays.

    Parameters
    ----------
    roi_numbers, roi_names, roi_types, roi_colors : sequence, (roi,)
        ROI Number (3006,0022), ROI Name, RT ROI Interpreted Type, ``"#rrggbb"`` or empty.
    contour_keys, contour_roi_numbers, contour_types, contour_image_uids : sequence, (contour,)
        Place in the source file (of a new contour a number that is none), Referenced ROI Number,
        Contour Geometric Type, SOP Instance UID of the image or empty.
    points : sequence of ndarray, (contour,) of (n, 3)
        Patient LPS (x, y, z), mm.
    texts : mapping of int to bytes, optional
        Contour Data (3006,0050) as stored, by contour key, for contours whose points were not
        edited: written as they are.
    frame_of_reference_uid : str, optional
        Of new ROIs.
    """

    roi_numbers: Sequence[int] = ()
    roi_names: Sequence[str] = ()
    roi_types: Sequence[str] = ()
    roi_colors: Sequence[str] = ()
    contour_keys: Sequence[int] = ()
    contour_roi_numbers: Sequence[int] = ()
    contour_types: Sequence[str] = ()
    contour_image_uids: Sequence[str] = ()
    points: Sequence[FloatArray] = ()
    texts: Mapping[int, bytes] = field(default_factory=dict)
    frame_of_reference_uid: str = ""


def values(
    structures: StructureData,
    header: Dataset | None = None,
    *,
    image_refs: Mapping[str, str] | None = None,
    gone: Gone | None = None,
    contours_stay: bool = False,
    study_uid: str = "",
    series_uid: str = "",
) -> tuple[dict[str, Any], list[Finding]]:
    """Sequences of a structure set, rebuilt from the header's items where they exist.

    Parameters
    ----------
    structures : StructureData
        What the structure set is to hold now.
    header : pydicom.Dataset or None
        Source structure set without Contour Data. A contour takes over the item of its key where
        that belongs to the same ROI; elements that the arrays know nothing about stay.
    image_refs : mapping, optional
        SOP Instance UID > SOP Class UID of the images written, for new references.
    gone : mapping, optional
        SOP Instance UIDs of images that the case had and has no more > the image in the same
        plane that references to them go to, None to drop them. Dangling references that came
        with the source stay.
    contours_stay : bool, default: False
        ROI Contour Sequence of the header is what is to be written, Contour Data and all.
    study_uid, series_uid : str, optional
        Of the images: where to list those that new contours refer to.

    Returns
    -------
    values : dict
        By keyword; only the sequences that differ from the header's.
    findings : list of Finding
        References that were replaced or dropped.
    """
    gone, refs = gone or {}, dict(image_refs or {})
    contours = ContourItems(structures, header, refs, gone)
    sequence = None if contours_stay else contours.sequence()
    named = contours.named if header is not None else refs
    images = frame_items.Images(
        refs, named.keys(), study_uid, series_uid, implicit_vr=contours.implicit_vr
    )
    found = {
        "StructureSetROISequence": roi_items.rois(structures, header),
        "ROIContourSequence": sequence,
        "RTROIObservationsSequence": roi_items.observations(structures, header),
        "ReferencedFrameOfReferenceSequence": frame_items.frames(
            header, gone, _new_frame(structures, header, contours), images
        ),
    }
    given = {keyword: items for keyword, items in found.items() if items is not None}
    return given, _findings(contours)


def _new_frame(structures: StructureData, header: Dataset | None, contours: ContourItems) -> str:
    """Frame of reference that new ROIs and newly named images need; empty where there are none."""
    new = set(map(int, structures.roi_numbers)) - roi_items.known_numbers(header)
    return roi_items.frame_of_new(structures, header) if new or contours.named else ""


def _findings(contours: ContourItems) -> list[Finding]:
    """What became of references to images that are gone."""
    findings = []
    if contours.replaced:
        text = (
            f"{contours.replaced} contour(s) refer to images that are not written any more; their "
            "(3006,0016) ContourImageSequence names the slices written in the same planes"
        )
        findings.append(Finding("contour-image-replaced", "info", text))
    if contours.dropped:
        text = (
            f"{contours.dropped} contour(s) refer to images that are not written any more, nor is "
            "a slice in the same plane; their (3006,0016) ContourImageSequence was left out"
        )
        findings.append(Finding("contour-image-gone", "info", text))
    return findings
