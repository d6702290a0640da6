"""Data sets in which every attribute of Table E.1-1 says something that can be found again."""

from __future__ import annotations

from collections.abc import Iterable

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from rtxr.iod.deidentification.table import ROWS

#: Of commands, file meta and media directories, which no object of a case has; and what pydicom
#: has no VR for.
TAGS = [tag for tag in ROWS if tag.group >= 0x0008 and pydicom.datadict.dictionary_has_tag(tag)]
CREATOR = "PLANTED CREATOR 7"


def plant(tag: BaseTag, number: int) -> tuple[object, bytes]:
    """A value of an attribute and the bytes by which it is found in a file."""
    vr = dictionary_VR(tag).partition(" or ")[0]
    match vr:
        case "UI":
            text = f"1.2.826.77.1{number:05d}9"
        case "DA":
            text = f"{1600 + number // 28 % 90}{number // 2520 + 1:02d}{number % 28 + 1:02d}"
        case "DT":
            clock = f"{number // 360 % 24:02d}{number // 6 % 60:02d}{number % 6:02d}"
            text = f"15990417{clock}.{number:06d}"
        case "TM":
            text = f"{number % 24:02d}{number % 60:02d}{number % 60:02d}.{number:05d}7"
        case "AS":
            text = f"{number % 1000:03d}D"
        case "DS" | "IS":
            text = f"9{number:06d}7"
        case "OB" | "OW" | "UN":
            data = f"PLANTED{number:05d}".encode()
            return data, data
        case "SQ":
            item = Dataset()
            item.PatientComments = f"PLANTED{number:05d}"
            return Sequence([item]), f"PLANTED{number:05d}".encode()
        case "FD" | "FL" | "SL" | "SS" | "UL" | "US" | "AT":
            return None, b""
        case _:
            text = f"PLANTED{number:05d}"
    return text, text.encode()


def planted(tags: Iterable[BaseTag], target: Dataset, first: int = 0) -> dict[BaseTag, bytes]:
    """Fill attributes that a data set does not have; what to look for, by tag."""
    found = {}
    for number, tag in enumerate(tags, first):
        value, trace = plant(tag, number)
        if tag not in target and value is not None:
            target.add_new(tag, dictionary_VR(tag).partition(" or ")[0], value)
            found[tag] = trace
    return found


def add_private(target: Dataset, text: str) -> None:
    """A private block, with a sequence in it."""
    block = target.private_block(0x3007, CREATOR, create=True)
    block.add_new(0x01, "LO", text)
    item = Dataset()
    item.PatientName = text
    block.add_new(0x02, "SQ", [item])


def as_bytes(dataset: Dataset) -> bytes:
    """A data set as it would be written."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, dataset)
    return buffer.getvalue()
