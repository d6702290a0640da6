"""From the raw values of one file to its row in the table of an index.

Values are decoded one by one: what one of them has wrong costs that value and leaves a Finding.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import MediaStorageDirectoryStorage, RTStructureSetStorage

from rtxr.catalog.table import COLUMNS, Kind, Row
from rtxr.errors import Finding
from rtxr.keywords import describe
from rtxr.read.scanning.file_header import FileHeader
from rtxr.read.scanning.header_walk import Found, Raw, Wanted


def _wanted(*keywords: str, **sequences: Mapping[int, Wanted]) -> dict[int, Wanted]:
    """Elements to keep, by tag; those given by name are sequences with the elements inside."""
    items: dict[str, Mapping[int, Wanted] | None] = {**dict.fromkeys(keywords), **sequences}
    return {_tag(keyword): Wanted(keyword, inner) for keyword, inner in items.items()}


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return int(tag)


_EMPTY: Mapping[Kind, Any] = {
    "text": "",
    "texts": (),
    "uids": (),
    "numbers": None,
    "integers": (),
    "integer": None,
    "number": math.nan,
    "flag": False,
}
_EMPTY_ROW: Mapping[str, Any] = {name: _EMPTY[kind] for name, kind in COLUMNS.items()}
#: Columns that are elements of the top level.
_ELEMENTS: Mapping[str, Kind] = {
    name: kind
    for name, kind in COLUMNS.items()
    if tag_for_keyword(name) is not None and kind != "uids" and name != "TransferSyntaxUID"
}
_REFERENCE = _wanted("ReferencedSOPClassUID", "ReferencedSOPInstanceUID")
_BEAM = _wanted("ReferencedBeamNumber")
_PLAN = _wanted(
    *("ReferencedSOPClassUID", "ReferencedSOPInstanceUID"),
    ReferencedFractionGroupSequence=_wanted(ReferencedBeamSequence=_BEAM),
)
_SERIES = _wanted("SeriesInstanceUID", ContourImageSequence=_REFERENCE)
_STUDY = _wanted(RTReferencedSeriesSequence=_SERIES)
_FRAME = _wanted("FrameOfReferenceUID", RTReferencedStudySequence=_STUDY)
#: What is read of a file.
WANTED: Mapping[int, Wanted] = _wanted(
    "MediaStorageSOPClassUID",
    "MediaStorageSOPInstanceUID",
    "TransferSyntaxUID",
    "SpecificCharacterSet",
    *_ELEMENTS,
    ReferencedRTPlanSequence=_PLAN,
    ReferencedStructureSetSequence=_REFERENCE,
    ReferencedFrameOfReferenceSequence=_FRAME,
    StructureSetROISequence=_wanted("ReferencedFrameOfReferenceUID"),
)
#: Contours are the bulk of a structure set, and nothing that is wanted comes after them.
STOP: Mapping[str, int] = {RTStructureSetStorage: _tag("ROIContourSequence")}
#: What is read of a structure set that names its images nowhere else.
CONTOUR_IMAGES: Mapping[int, Wanted] = _wanted(
    "TransferSyntaxUID",  # a deflated file is read again from its beginning
    ROIContourSequence=_wanted(ContourSequence=_wanted(ContourImageSequence=_REFERENCE)),
)

#: Decoded values by keyword, VR and bytes, and texts by themselves.
Keep = dict[Any, Any]
#: What is kept is forgotten beyond this, so that the memory of a scan does not depend on it.
MOST_KEPT = 50_000
#: Longer values hardly repeat.
_LONGEST_KEPT_BYTES = 256

_VRS = {name: dictionary_VR(name).encode() for name in (*_ELEMENTS, "ReferencedBeamNumber")}
_SAYS_NOTHING = (b"", b"UN")
_BINARY = {
    b"US": "H",
    b"SS": "h",
    b"UL": "I",
    b"SL": "i",
    b"UV": "Q",
    b"SV": "q",
    b"FL": "f",
    b"FD": "d",
}
_LARGEST_INTEGER = 2**63


def is_directory(header: FileHeader) -> bool:
    """Whether a file is a DICOMDIR."""
    return header.found.uid("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage


def is_object(header: FileHeader) -> bool:
    """Whether a file says enough to be a DICOM object; without file meta it has to say more."""
    found = header.found
    names = (found.uid("SOPClassUID"), found.uid("SOPInstanceUID"))
    if "TransferSyntaxUID" in found or "MediaStorageSOPClassUID" in found:
        return any((*names, found.uid("MediaStorageSOPClassUID"), found.uid("Modality")))
    return all(names)


def names_no_image(header: FileHeader) -> bool:
    """Whether a file is a structure set that names no image before its contours."""
    found = header.found
    return found.uid("SOPClassUID") == RTStructureSetStorage and not _named_images(found)


def make_row(path: str, header: FileHeader, keep: Keep) -> tuple[Row, list[Finding]]:
    """Row of a file in the order of COLUMNS, and what was wrong with its values.

    Parameters
    ----------
    path : str
        Absolute path.
    header : FileHeader
        The elements of :data:`WANTED`.
    keep : dict
        What was decoded before, empty at first and handed on from file to file: most values
        repeat, and are decoded and stored once.
    """
    if len(keep) > MOST_KEPT:
        keep.clear()
    decode = _Decoder(header, keep)
    values = dict(_EMPTY_ROW)
    for name, value in header.found.items():
        if name in _ELEMENTS and isinstance(value, tuple):
            values[name] = decode.value(name, value, _ELEMENTS[name])
    if not _REFERENCES.isdisjoint(header.found):
        values |= _references(header.found, decode)
    values |= {
        "TransferSyntaxUID": decode.kept(header.transfer_syntax_uid),
        "has_pixel_data": header.has_pixel_data,
        "bytes": header.size,
        "path": path,
    }
    findings = _problems(header, decode.unreadable)
    for name in ("SOPClassUID", "SOPInstanceUID"):
        if not values[name]:
            values[name] = decode.kept(header.found.uid(f"MediaStorage{name}"))
            instead = "that of the file meta is used" if values[name] else "links to it are lost"
            message = f"{describe(name)} is missing or empty; {instead}"
            findings.append(Finding("missing-uid", "warning", message))
    uid = values["SOPInstanceUID"]
    noticed = [Finding(f.code, f.severity, f.message, uid, path) for f in findings]
    return tuple(values.values()), noticed


def _problems(header: FileHeader, unreadable: list[str]) -> list[Finding]:
    findings = []
    if header.damage:
        findings.append(Finding("damaged-header", "warning", header.damage))
    if unreadable:
        names = ", ".join(map(describe, unreadable))
        message = f"{names}: not a value of its kind; taken as missing"
        findings.append(Finding("unreadable-value", "warning", message))
    return findings


def _references(found: Found, decode: _Decoder) -> dict[str, tuple[Any, ...]]:
    """UIDs and beams that an object refers to, each once, in the order of the file."""
    references: dict[str, tuple[Any, ...]] = {
        name: decode.uids(found.items_of(name), "ReferencedSOPInstanceUID")
        for name in ("ReferencedRTPlanSequence", "ReferencedStructureSetSequence")
        if name in found
    }
    beams = _below(found, *_TO_BEAMS)
    if beams:
        references["referenced_beams"] = decode.integers(beams, "ReferencedBeamNumber")
    frames = found.items_of("ReferencedFrameOfReferenceSequence")
    rois = found.items_of("StructureSetROISequence")
    if not frames and not rois:
        return references
    named = (
        *decode.uids(frames, "FrameOfReferenceUID"),
        *decode.uids(rois, "ReferencedFrameOfReferenceUID"),
    )
    images = _named_images(found) or _below(
        found, "ROIContourSequence", "ContourSequence", "ContourImageSequence"
    )
    return references | {
        "referenced_frames_of_reference": tuple(dict.fromkeys(named)),
        "referenced_series": decode.uids(_below(found, *_TO_SERIES), "SeriesInstanceUID"),
        "referenced_images": decode.uids(images, "ReferencedSOPInstanceUID"),
        "referenced_image_classes": decode.uids(images, "ReferencedSOPClassUID"),
    }


_REFERENCES = frozenset(
    {
        "ReferencedRTPlanSequence",
        "ReferencedStructureSetSequence",
        "ReferencedFrameOfReferenceSequence",
        "StructureSetROISequence",
    }
)
_TO_BEAMS = (
    "ReferencedRTPlanSequence",
    "ReferencedFractionGroupSequence",
    "ReferencedBeamSequence",
)
_TO_SERIES = (
    "ReferencedFrameOfReferenceSequence",
    "RTReferencedStudySequence",
    "RTReferencedSeriesSequence",
)


def _named_images(found: Found) -> list[Found]:
    return _below(found, *_TO_SERIES, "ContourImageSequence")


def _below(found: Found, *sequences: str) -> list[Found]:
    """All items of the innermost of some nested sequences."""
    level = [found]
    for sequence in sequences:
        level = [item for each in level for item in each.items_of(sequence)]
    return level


class _Decoder:
    """Decodes the values of one file."""

    def __init__(self, header: FileHeader, keep: Keep) -> None:
        self.header = header
        self.keep: Keep = keep if header.little_endian else {}
        self.unreadable: list[str] = []
        self.encodings: list[str] | None = None

    def kept(self, text: str) -> str:
        """The same text, stored once."""
        same: str = self.keep.setdefault(text, text)
        return same

    def uids(self, items: Iterable[Found], keyword: str) -> tuple[str, ...]:
        """Values of one element in some items, each once, without empty ones."""
        found = dict.fromkeys(self.kept(item.uid(keyword)) for item in items)
        return tuple(uid for uid in found if uid)

    def integers(self, items: Iterable[Found], keyword: str) -> tuple[int, ...]:
        """Values of one element in some items, each once, without those that are missing."""
        found = dict.fromkeys(self.value(keyword, item.raw(keyword), "integer") for item in items)
        return tuple(number for number in found if number is not None)

    def value(self, name: str, raw: tuple[bytes, bytes], kind: Kind) -> Any:
        """Value of an element as a column of some kind holds it."""
        key = (name, raw)
        known = self.keep.get(key)
        if known is not None:
            return known
        vr, data = raw
        try:
            value = _KINDS[kind](self, Raw(_VRS[name] if vr in _SAYS_NOTHING else vr, data))
        except (ValueError, OverflowError):
            self.unreadable.append(name)
            return _EMPTY[kind]
        if _is_plain(data) and len(data) <= _LONGEST_KEPT_BYTES:
            self.keep[key] = value
        return value

    def text(self, raw: Raw) -> str:
        if raw.vr in _BINARY:  # a number where text should be
            return "\\".join(map(str, _binary(raw.vr, raw.data, self.header.little_endian)))
        data = raw.data.strip(b" \0")
        if _is_plain(data):
            return self.kept(data.decode("ascii"))
        return self.kept(self._foreign(data).strip(" \0"))

    def texts(self, raw: Raw) -> tuple[str, ...]:
        text = self.text(raw)
        return tuple(self.kept(part.strip()) for part in text.split("\\")) if text else ()

    def numbers(self, raw: Raw) -> tuple[float, ...] | None:
        if raw.vr in _BINARY:
            values = _binary(raw.vr, raw.data, self.header.little_endian)
        else:
            data = raw.data.strip(b" \0")
            values = tuple(float(part) for part in data.split(b"\\")) if data else ()
        if not all(map(math.isfinite, values)):
            raise ValueError
        return values or None

    def number(self, raw: Raw) -> float:
        values = self.numbers(raw)
        return values[0] if values else math.nan

    def integer(self, raw: Raw) -> int | None:
        values = self.numbers(raw)
        if values is None:
            return None
        if values[0] != int(values[0]) or abs(values[0]) >= _LARGEST_INTEGER:
            raise ValueError
        return int(values[0])

    def _foreign(self, data: bytes) -> str:
        """Text with other letters, by (0008,0005) SpecificCharacterSet."""
        if self.encodings is None:
            names = self.header.found.raw("SpecificCharacterSet").data.decode("ascii", "replace")
            try:
                self.encodings = convert_encodings(
                    [part.strip(" \0") for part in names.split("\\")]
                )
            except (LookupError, ValueError):
                self.encodings = ["latin-1"]
        try:
            return str(decode_bytes(data, self.encodings, set(b"\\^=")))
        except (LookupError, ValueError):
            return data.decode("latin-1")


_KINDS: Mapping[Kind, Callable[[_Decoder, Raw], Any]] = {
    "text": _Decoder.text,
    "texts": _Decoder.texts,
    "numbers": _Decoder.numbers,
    "number": _Decoder.number,
    "integer": _Decoder.integer,
}


def _is_plain(data: bytes) -> bool:
    """Whether bytes mean the same in every character set."""
    return data.isascii() and b"\x1b" not in data


def _binary(vr: bytes, data: bytes, little: bool) -> tuple[float, ...]:
    """Numbers of a binary value representation; bytes left over are dropped."""
    code = _BINARY[vr]
    count = len(data) // struct.calcsize(code)
    if data and not count:
        raise ValueError
    values = struct.unpack_from(f"{'<' if little else '>'}{count}{code}", data)
    return tuple(values)
