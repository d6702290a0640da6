"""Conditions of the Standard that can be decided from a data set alone.

Many conditions of type 1C and 2C cannot ("if contrast was used"): those rows are checked only
where they are present. The IODs name the decidable ones by path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rtxr.iod.encoding.raw import Predicate, element_at, is_empty, numbers_of, text_of
from rtxr.keywords import tag_of

_CONTROL_POINT_INDEX = Tag("ControlPointIndex")
_NUMBER_OF_FRAMES, _ROWS = Tag("NumberOfFrames"), Tag("Rows")


def present(*keywords: str) -> Predicate:
    """Any of the elements is there, empty or not."""
    tags = [tag_of(keyword) for keyword in keywords]

    def holds(dataset: Dataset) -> bool:
        return any(tag in dataset for tag in tags)

    return holds


def valued(*keywords: str) -> Predicate:
    """Any of the elements is there with a value."""
    tags = [tag_of(keyword) for keyword in keywords]

    def holds(dataset: Dataset) -> bool:
        return any(not is_empty(element_at(dataset, tag)) for tag in tags)

    return holds


def absent(*keywords: str) -> Predicate:
    """None of the elements is there with a value."""
    some = valued(*keywords)

    def holds(dataset: Dataset) -> bool:
        return not some(dataset)

    return holds


def equals(keyword: str, *values: str) -> Predicate:
    """One of the element's values is one of these texts."""
    tag = tag_of(keyword)

    def holds(dataset: Dataset) -> bool:
        return any(value in values for value in text_of(dataset, tag).split("\\"))

    return holds


def positive(keyword: str) -> Predicate:
    """The element's number is greater than zero."""
    tag = tag_of(keyword)

    def holds(dataset: Dataset) -> bool:
        return any(number > 0 for number in numbers_of(dataset, tag)[:1])

    return holds


@dataclass(frozen=True)
class OfRoot:
    """A condition on a row of an item that is about the data set around it all."""

    predicate: Predicate

    def __call__(self, dataset: Dataset) -> bool:
        """Of an item by itself nothing can be said; see :func:`at_root`."""
        return self.predicate(dataset)


def at_root(conditions: Mapping[str, Predicate], root: Dataset) -> Mapping[str, Predicate]:
    """Conditions by path, those about the outermost data set decided."""
    about = [path for path, each in conditions.items() if isinstance(each, OfRoot)]
    if not about:
        return conditions
    holds = {path: conditions[path](root) for path in about}
    return {**conditions, **{path: partial(_decided, answer) for path, answer in holds.items()}}


def _decided(answer: bool, _: Dataset) -> bool:
    return answer


def first_control_point(dataset: Dataset) -> bool:
    """The item of a control point sequence is the first one."""
    element = element_at(dataset, _CONTROL_POINT_INDEX)
    if isinstance(element, RawDataElement):  # asked for very often: no conversion
        return (element.value or b"").strip(b" \0") == b"0"
    return element is not None and element.value == 0


def has_pixels(dataset: Dataset) -> bool:
    """There is, or will be, pixel data: the image's size is described."""
    return not is_empty(element_at(dataset, _ROWS))


def is_multi_frame(dataset: Dataset) -> bool:
    """Pixel data of more than one frame."""
    return any(number > 1 for number in numbers_of(dataset, _NUMBER_OF_FRAMES)[:1])


def may_be_paired(dataset: Dataset) -> bool:
    """What was examined is, or for all that is said may be, one of a pair, and no side is named."""
    if not _NO_SIDE(dataset):
        return False
    return text_of(dataset, _BODY_PART).upper() not in UNPAIRED


_BODY_PART = Tag("BodyPartExamined")
_NO_SIDE = absent("ImageLaterality", "FrameLaterality")
_UNPAIRED = """
ABDOMEN ABDOMENPELVIS AORTA BACK BLADDER BRAIN CERVIX CHEST CHESTABDOMEN CHESTABDPELVIS COCCYX
COLON CSPINE CTSPINE ESOPHAGUS FACE HEAD HEADNECK HEART JAW LARYNX LIVER LSPINE LSSPINE MANDIBLE
MAXILLA MEDIASTINUM MOUTH NASOPHARYNX NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE
PANCREAS PELVIS PELVISLOWEXTREMT PENIS PERINEUM PHANTOM PHARYNX PROSTATE RECTUM RETROPERITONEUM
SCALP SKULL SPINE SPLEEN SSPINE STERNUM STOMACH THYROID TLSPINE TONGUE TRACHEA TRUNK TSPINE UTERUS
VAGINA VULVA WHOLEBODY
"""
#: Body Part Examined that is no paired structure, of PS3.16 Annex L: those of radiotherapy.
UNPAIRED = frozenset(_UNPAIRED.split())

#: Conditions of the modules that several IODs share.
COMMON: Mapping[str, Predicate] = {
    "ResponsiblePersonRole": valued("ResponsiblePerson"),
    "PatientAlternativeCalendar": valued(
        "PatientBirthDateInAlternativeCalendar", "PatientDeathDateInAlternativeCalendar"
    ),
}

#: Outermost attributes that may not stand beside others with a value, by keyword.
EXCLUDED_BY: Mapping[str, tuple[str, ...]] = {
    "PixelAspectRatio": ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"),
}

#: Conditions of the Approval Module.
APPROVAL: Mapping[str, Predicate] = {
    keyword: equals("ApprovalStatus", "APPROVED", "REJECTED")
    for keyword in ("ReviewDate", "ReviewTime", "ReviewerName")
}

#: Conditions of series of images.
IMAGE_SERIES: Mapping[str, Predicate] = {
    "Laterality": may_be_paired,
    "PatientOrientation": absent("ImageOrientationPatient"),
    "PixelPaddingValue": valued("PixelPaddingRangeLimit"),
    "WindowCenter": valued("WindowWidth"),
    "WindowWidth": valued("WindowCenter"),
}
