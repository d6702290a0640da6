"""What is kept of a file after it was checked: what others may name, and what it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from pydicom.datadict import tag_for_keyword

from rtxr.iod.modules.patient import GENERAL_STUDY, PATIENT, PATIENT_STUDY
from rtxr.iod.modules.series import GENERAL_SERIES, RT_SERIES
from rtxr.iod.tables import Module
from rtxr.validation.subject import Subject
from rtxr.validation.walk import Item, Path, Values


@cache
def tag(keyword: str) -> int:
    """Tag of a keyword of the data dictionary."""
    found = tag_for_keyword(keyword)
    if found is None:
        raise KeyError(keyword)
    return int(found)


#: IODs of plans, and of structure sets.
PLANS, STRUCTURES = ("RT Plan", "RT Ion Plan"), ("RT Structure Set",)
#: Number that refers > the sequences and number it may refer to, in the same object or, of a dose,
#: image or record, in the plan (structure set) that it names.
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "ReferencedROINumber": ("StructureSetROISequence.ROINumber",),
    "ReferencedBeamNumber": ("BeamSequence.BeamNumber", "IonBeamSequence.BeamNumber"),
    "ReferencedFractionGroupNumber": ("FractionGroupSequence.FractionGroupNumber",),
    "ReferencedDoseReferenceNumber": ("DoseReferenceSequence.DoseReferenceNumber",),
    "ReferencedPatientSetupNumber": ("PatientSetupSequence.PatientSetupNumber",),
    "ReferencedToleranceTableNumber": (
        "ToleranceTableSequence.ToleranceTableNumber",
        "IonToleranceTableSequence.ToleranceTableNumber",
    ),
    "ReferencedBrachyApplicationSetupNumber": ("ApplicationSetupSequence.ApplicationSetupNumber",),
    "ReferencedSourceNumber": ("SourceSequence.SourceNumber",),
}
#: Numbers that nothing here refers to and that stand once in their sequence all the same.
UNIQUE = ("RTROIObservationsSequence.ObservationNumber",)
#: In a plan: a number that counts > the sequences beside it, one of which it counts the items of.
ITEM_COUNTS: Mapping[str, tuple[str, ...]] = {
    "NumberOfBeams": ("ReferencedBeamSequence",),
    "NumberOfBrachyApplicationSetups": ("ReferencedBrachyApplicationSetupSequence",),
    "NumberOfWedges": ("WedgeSequence", "IonWedgeSequence"),
    "NumberOfCompensators": ("CompensatorSequence", "IonRangeCompensatorSequence"),
    "NumberOfBoli": ("ReferencedBolusSequence",),
    "NumberOfBlocks": ("BlockSequence", "IonBlockSequence"),
    "NumberOfControlPoints": (
        "ControlPointSequence",
        "IonControlPointSequence",
        "BrachyControlPointSequence",
    ),
}
#: A number that counts > the element beside it, values for each, and values beyond them.
VALUE_COUNTS: Mapping[str, tuple[str, int, int]] = {
    "NumberOfContourPoints": ("ContourData", 3, 0),
    "DVHNumberOfBins": ("DVHData", 2, 0),
    "NumberOfLeafJawPairs": ("LeafPositionBoundaries", 1, 1),
    "BlockNumberOfPoints": ("BlockData", 2, 0),
    "NumberOfFrames": ("GridFrameOffsetVector", 1, 0),
}
SOP_CLASS, SOP_INSTANCE = tag("ReferencedSOPClassUID"), tag("ReferencedSOPInstanceUID")
_IDENTITY = (
    *("SOPClassUID", "SOPInstanceUID", "PatientID", "StudyInstanceUID", "SeriesInstanceUID"),
    *("FrameOfReferenceUID", "Modality", "SpecificCharacterSet"),
)
_FRAMES = (
    "ReferencedFrameOfReferenceSequence.FrameOfReferenceUID",
    "StructureSetROISequence.ReferencedFrameOfReferenceUID",
)
_OTHERS = (
    *("ContourGeometricType", "ReferencedSOPClassUID", "ReferencedSOPInstanceUID"),
    *("FrameOfReferenceUID", "ReferencedFrameOfReferenceUID"),
    *("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID"),
    *("FileMetaInformationGroupLength", "FileMetaInformationVersion", "ImplementationClassUID"),
)
#: Entity > attribute that names it, and modules whose values all its objects share.
ENTITIES: Mapping[str, tuple[str, tuple[Module, ...]]] = {
    "patient": ("PatientID", (PATIENT,)),
    "study": ("StudyInstanceUID", (GENERAL_STUDY, PATIENT_STUDY)),
    "series": ("SeriesInstanceUID", (GENERAL_SERIES, RT_SERIES)),
}


def shared_keywords(modules: Iterable[Module]) -> list[str]:
    """Outermost plain attributes of some modules."""
    rows = (row for module in modules for row in module.attributes)
    return list(dict.fromkeys(row.keyword for row in rows if row.vr != "SQ"))


#: Everything a walk keeps.
WANTED = frozenset(
    tag(path.rpartition(".")[2])
    for path in (
        *NUMBERS,
        *(each for targets in NUMBERS.values() for each in targets),
        *UNIQUE,
        *ITEM_COUNTS,
        *VALUE_COUNTS,
        *(each for each, _, _ in VALUE_COUNTS.values()),
        *_IDENTITY,
        *_FRAMES,
        *_OTHERS,
        *(name for _, modules in ENTITIES.values() for name in shared_keywords(modules)),
    )
)


@dataclass(frozen=True)
class Reference:
    """One instance that an object names.

    Parameters
    ----------
    path : tuple of int
        Tags of the sequences around the reference.
    sop_class, uid : str
        Referenced SOP Class UID and SOP Instance UID.
    """

    path: Path
    sop_class: str
    uid: str


@dataclass(frozen=True)
class Facts:
    """An object after it was checked by itself.

    Parameters
    ----------
    subject : Subject
        Which one.
    top : Item
        Its outermost wanted values.
    references : tuple of Reference
        Instances it names, each of a path once.
    frames : frozenset of str
        Frames of reference it says it is in, or that its ROIs are in.
    defined : mapping
        Numbers that it defines, by the keyword of what refers to them.
    named : mapping
        Path of a referring number > the numbers that it names.
    whole : bool
        Whether the file could be followed to its end.
    """

    subject: Subject
    top: Item
    references: tuple[Reference, ...]
    frames: frozenset[str]
    defined: Mapping[str, frozenset[str]]
    named: Mapping[Path, frozenset[str]]
    whole: bool

    def text(self, keyword: str) -> str:
        """An outermost wanted value as text, empty where there is none."""
        return self.top.values.get(tag(keyword), b"").decode("latin-1")


def facts_of(subject: Subject, walk: Values) -> Facts:
    """What is kept of an object from its walk."""
    items = walk.items
    frames = [*values_at(items, "FrameOfReferenceUID")]
    frames += [uid for path in _FRAMES for uid in values_at(items, path)]
    return Facts(
        subject=subject,
        top=items[0],
        references=_references(items),
        frames=frozenset(frames) - {""},
        defined={
            keyword: frozenset(number for path in paths for number in values_at(items, path))
            for keyword, paths in NUMBERS.items()
        },
        named=_named(items),
        whole=not walk.damage,
    )


def values_at(items: Iterable[Item], dotted: str) -> list[str]:
    """Values of a nested attribute, by its keywords joined by dots, in all items that have it."""
    *around, last = (tag(name) for name in dotted.split("."))
    here = tuple(around)
    found = (item.values.get(last) for item in items if item.path == here)
    return [value.decode("latin-1") for value in found if value is not None]


def _references(items: Iterable[Item]) -> tuple[Reference, ...]:
    found = (
        Reference(
            item.path,
            item.values.get(SOP_CLASS, b"").decode("latin-1"),
            item.values[SOP_INSTANCE].decode("latin-1"),
        )
        for item in items
        if item.path and SOP_INSTANCE in item.values
    )
    return tuple(dict.fromkeys(found))


def _named(items: Iterable[Item]) -> dict[Path, frozenset[str]]:
    """Numbers that refer, by the path of the attribute."""
    referring = {tag(keyword) for keyword in NUMBERS}
    named: dict[Path, set[str]] = {}
    for item in items:
        for each in referring.intersection(item.values):
            number = item.values[each].decode("latin-1").strip()
            named.setdefault((*item.path, each), set()).add(number)
    return {path: frozenset(numbers - {""}) for path, numbers in named.items()}
