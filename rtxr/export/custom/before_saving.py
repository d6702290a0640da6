"""A user's function that sees each finished object before it is saved, and may change it.

It gets a copy. What it changes is found by comparing, counts as a change of the object (so that its
UIDs follow the policy), and is put through the tables once more: it cannot write what does not
conform. De-identification comes after it, and takes from it what it takes from everything.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pydicom
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from rtxr.errors import CustomCodeError, Finding, in_iod
from rtxr.export.deidentified import Finished
from rtxr.export.objects import Outgoing
from rtxr.export.writing.files import file_bytes
from rtxr.export.writing.transfer_syntaxes import written_in
from rtxr.iod.build import DELETE, build
from rtxr.iod.encoding.raw import (
    Element,
    duplicate,
    element_at,
    elements_of,
    items_of,
    put,
    text_of,
)
from rtxr.iod.owned import OWNED, edit_hint
from rtxr.iod.remap import remap_uids
from rtxr.iod.tables import IOD, key_of
from rtxr.keywords import shown


@dataclass(frozen=True)
class Saving:
    """Which object ``before_save`` has in hand.

    Parameters
    ----------
    iod : str
        Short name of its IOD, such as ``"RTDOSE"``.
    variable : str
        Where it comes from: ``"ct"``, ``"dose"``, ``"structure_set"``, ``"plan"``, or what a
        function of the user's called it.
    file_name : str
        Of the file.
    changed : str
        Why it is not its source any more; empty where it is.
    """

    iod: str
    variable: str
    file_name: str
    changed: str


#: Data set and what it is; what is returned, if anything, takes its place.
BeforeSave = Callable[[Dataset, Saving], Dataset | None]
_SETTLED = OWNED.keys() | {"StudyInstanceUID"}
#: Of the items of these nothing but this follows from the Dataset.
_SETTLED_IN_ITEMS: Mapping[str, tuple[str, ...]] = {
    "StructureSetROISequence": ("ROINumber", "ROIName", "ReferencedFrameOfReferenceUID"),
    "RTROIObservationsSequence": (
        "ObservationNumber",
        "ReferencedROINumber",
        "RTROIInterpretedType",
    ),
}


@dataclass(frozen=True)
class Edit:
    """What a user's function did to an object.

    Parameters
    ----------
    values : dict
        By keyword or name of a private row, for :func:`rtxr.iod.build.build`.
    others : dict
        Elements that no table knows, by tag; None for a removed one.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[BaseTag, Element | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.values or self.others)

    @property
    def why(self) -> str:
        """What was changed, in words."""
        return "before_save: " + ", ".join([*self.values, *map(shown, self.others)])


def edits(before_save: BeforeSave, finished: Sequence[Finished]) -> list[Edit]:
    """What a user's function does to each object.

    Raises
    ------
    CustomCodeError
        It raised, returned no data set, or changed what follows from the Dataset.
    """
    return [_edit(before_save, each) for each in finished]


def marked(judged: Sequence[Outgoing], made: Sequence[Edit]) -> list[Outgoing]:
    """The objects of which some count as changed now."""
    return [
        replace(each, changes=(*each.changes, edit.why)) if edit else each
        for each, edit in zip(judged, made, strict=True)
    ]


def applied(
    made: Sequence[Edit], finished: Sequence[Finished], since: Mapping[str, str]
) -> tuple[list[Finished], list[Finding]]:
    """The objects with what was done to them.

    Parameters
    ----------
    made : sequence of Edit
        One per object.
    finished : sequence of Finished
        As they are now that its changes have given some of them new UIDs.
    since : mapping
        UIDs that the function saw > those that are written: what it wrote of them follows.

    Returns
    -------
    list of Finished, list of Finding
        Findings are additions and violations; what the objects had before is not told again.
    """
    found: list[Finding] = []
    changed = []
    for each, edit in zip(finished, made, strict=True):
        if not edit:
            changed.append(each)
            continue
        start = duplicate(each.ready.dataset)
        for tag, element in edit.others.items():
            if element is None:
                start._dict.pop(tag, None)
            else:
                put(start, element)
        built = build(each.source.iod, start, edit.values)
        remap_uids(built.dataset, since)
        ready = replace(each.ready, dataset=built.dataset)
        changed.append(replace(each, ready=ready, by_hook=frozenset(edit.values)))
        told = (each for each in built.findings if not each.code.startswith("inherited"))
        found += [in_iod(finding, each.source.iod.name) for finding in (*told, *built.violations)]
    return changed, found


def _edit(before_save: BeforeSave, each: Finished) -> Edit:
    # As a file: a copy that shares nothing with the object.
    data = file_bytes(each.ready.dataset, written_in(each.ready.dataset, None, None)[0])
    copy, iod = _parsed(data), each.source.iod
    about = Saving(key_of(iod), each.source.variable, each.ready.file_name, each.ready.why)
    where = f"before_save of {about.variable!r} ({about.iod}, {about.file_name})"
    try:
        result = before_save(copy, about)
    except Exception as error:
        text = f"{where} raised {type(error).__name__}; nothing was written"
        raise CustomCodeError(text) from error
    after = copy if result is None else result
    if not isinstance(after, Dataset):
        raise CustomCodeError(
            f"{where} returned a {type(after).__name__}; change the data set, or return another one"
        )
    before = _parsed(data)
    changed = _changed(before, after)
    for tag in changed:
        keyword = keyword_for_tag(tag)
        if _is_settled(before, after, keyword):
            raise CustomCodeError(
                f"{where} changed {shown(tag)} {keyword}, which {edit_hint(keyword)}"
            )
    return _told(changed, after, iod)


def _is_settled(before: Dataset, after: Dataset, keyword: str) -> bool:
    """Whether something follows from the Dataset in an attribute that was changed."""
    if keyword not in _SETTLED:
        return False
    names = _SETTLED_IN_ITEMS.get(keyword)
    return names is None or _said(before, keyword, names) != _said(after, keyword, names)


def _said(dataset: Dataset, keyword: str, names: Sequence[str]) -> list[list[str]]:
    return [[text_of(item, name) for name in names] for item in items_of(dataset, keyword)]


def _told(changed: Mapping[BaseTag, Element | None], after: Dataset, iod: IOD) -> Edit:
    """The changes by name, as far as the tables or the dictionary have one."""
    names = {row.placed(after).tag: name for name, row in iod.private.items()}
    values: dict[str, Any] = {}
    others: dict[BaseTag, Element | None] = {}
    for tag, element in changed.items():
        name = names.get(tag) or keyword_for_tag(tag)
        row = iod.row(name) if name else None
        if row is None or row.placed(after).tag != tag:
            others[tag] = element
        else:
            values[name] = DELETE if element is None else _value(after, tag)
    return Edit(values, others)


def _value(dataset: Dataset, tag: BaseTag) -> Any:
    value = dataset[tag].value
    many = isinstance(value, MultiValue | pydicom.Sequence)
    return list(value) if many else None if value == "" else value


def _changed(before: Dataset, after: Dataset) -> dict[BaseTag, Element | None]:
    """Elements that are other ones now; None for removed ones."""
    found: dict[BaseTag, Element | None] = {}
    for element in elements_of(after):
        there = element_at(before, element.tag)
        if there is None or not _same(before, there, after, element):
            found[element.tag] = element
    gone = {each.tag for each in elements_of(before)} - {each.tag for each in elements_of(after)}
    return found | dict.fromkeys(gone)


def _same(before: Dataset, old: Element, after: Dataset, new: Element) -> bool:
    """Whether two elements are written with the same bytes; untouched ones are not converted."""
    if isinstance(old, RawDataElement) and isinstance(new, RawDataElement):
        return old.value == new.value and old.VR == new.VR
    try:
        return _bytes(before[old.tag]) == _bytes(after[new.tag])
    except Exception:  # what cannot be encoded is no value that was read
        return False


def _bytes(element: DataElement) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_data_element(buffer, element, ["utf8"])
    return buffer.getvalue()


def _parsed(data: bytes) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(io.BytesIO(data))
