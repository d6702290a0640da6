"""Files to header records: everything but the bulk, byte for byte.

A record (see :mod:`rtxr.header_store`) is the file itself with PixelData (7FE0,0010) and Contour
Data (3006,0050) cut out; no element is decoded and encoded again, so that private, malformed and
unknown ones come back as they were. Deflated files are stored inflated and big endian files in
little endian, since nobody writes those any more.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache

import numpy as np
import pydicom
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    RTStructureSetStorage,
)

from rtxr.errors import NotDicomError
from rtxr.geometry import FloatArray
from rtxr.header_store import Record
from rtxr.read import parse as parsing
from rtxr.read.cuts import Cuts, without
from rtxr.read.elements import (
    EXPLICIT,
    Element,
    Encoding,
    first_element,
    rewrite,
    to_little_endian,
)
from rtxr.read.raw_data_sets import raw_data_set
from rtxr.read.scanning.starts import Starts, starts_of
from rtxr.read.sources import (
    TRANSFER_SYNTAX,
    Cut,
    PixelSpan,
    Source,
    find_cut,
    read_cut,
    source_of,
    tolerant,
)
from rtxr.read.structures.contour_items import contour_items

_META_LENGTH, _SOP_CLASS = 0x00020000, 0x00080016
_STRUCTURES = str(RTStructureSetStorage)
_UNSIGNED = {"US": "<u2", "US or SS": "<u2", "UL": "<u4"}


@dataclass(frozen=True)
class Header:
    """One file's header, ready to store, and quick access to its outermost elements.

    Parameters
    ----------
    record : Record
        What a Dataset will carry.
    transfer_syntax : str
        Transfer Syntax UID (0002,0010) of the file; empty where it has no file meta.
    encoding : Encoding
        Of the record.
    start : int
        Where the data set begins in the record.
    pixels : PixelSpan or None
        None where the file has no PixelData.
    big_endian : bool
        Whether the file itself, and so its pixels, are big endian.
    known : Starts or None
        Where the first outermost elements begin, where reading has met them already.
    """

    record: Record
    transfer_syntax: str
    encoding: Encoding
    start: int
    pixels: PixelSpan | None
    big_endian: bool = False
    known: Starts | None = field(default=None, repr=False)

    @cached_property
    def _starts(self) -> tuple[Starts, Starts]:
        """Where outermost elements begin: those that reading has met, and those after them."""
        known = self.known or Starts({}, self.start, self.encoding)
        return known, starts_of(self.record.data, known.end, self.encoding)

    def element(self, tag: int) -> Element | None:
        """Where the first outermost element of a tag is in the record, None where it is absent."""
        known, rest = self._starts
        return known.element(self.record.data, tag) or rest.element(self.record.data, tag)

    def value(self, keyword: str) -> bytes | None:
        """Bytes of the value of an outermost element, None where it is absent."""
        element = self.element(_entry(keyword)[0])
        return None if element is None else self.record.data[element.value : element.stop]

    def text(self, keyword: str) -> str:
        """Text of an element (CS, UI, DA, …), empty where absent."""
        return parsing.text(self.value(keyword))

    def numbers(self, keyword: str) -> FloatArray:
        """Numbers of an element (DS, IS, US, UL), NaN where unreadable, empty where absent."""
        if keyword not in self._numbers:
            self._numbers[keyword] = _numbers(self.value(keyword), _entry(keyword)[1])
        return self._numbers[keyword]

    @cached_property
    def _numbers(self) -> dict[str, FloatArray]:
        """What :meth:`numbers` was asked for already."""
        return {}

    def number(self, keyword: str) -> float | None:
        """First number of an element, None where absent or unreadable."""
        return _number(self.value(keyword), _entry(keyword)[1])

    def integer(self, keyword: str) -> int | None:
        """First number of an element as an integer, None where absent or unreadable."""
        found = self.number(keyword)
        return None if found is None else round(found)


@lru_cache(maxsize=1024)  # most are the same in all slices of a series
def _number(value: bytes | None, vr: str) -> float | None:
    """First number of a value, None where there is none."""
    numbers = _numbers(value, vr)
    found = float(numbers[0]) if len(numbers) else math.nan
    return found if math.isfinite(found) else None


def _numbers(value: bytes | None, vr: str) -> FloatArray:
    if value is None or vr in {"DS", "IS"}:
        return parsing.floats(value)
    dtype = np.dtype(_UNSIGNED[vr])
    whole = value[: len(value) // dtype.itemsize * dtype.itemsize]
    return np.frombuffer(whole, dtype=dtype).astype(np.float64)


@cache
def _entry(keyword: str) -> tuple[int, str]:
    """Tag and value representation of a keyword (PS3.6)."""
    return tag_for_keyword(keyword) or 0, dictionary_VR(keyword)


def read_header(path: str | os.PathLike[str], uid: str = "") -> Header:
    """Read one file's header; neither pixels nor more of the file than needed are read.

    Parameters
    ----------
    path : path-like
        A DICOM file, with or without preamble and file meta.
    uid : str, optional
        Key of the record; by default its SOP Instance UID (0008,0018), else one made up from the
        bytes (``"no-uid-…"``).

    Raises
    ------
    NotDicomError
        The bytes are no data elements.
    """
    source, cut = read_cut(path)
    return _header(source, cut, os.fspath(path), uid)


def header_of(source: Source, path: str = "", uid: str = "", cuts: Cuts | None = None) -> Header:
    """Header of a file whose bytes are all here, see :func:`read_header`.

    ``cuts`` are those of its contour data, where they are known.
    """
    cut = find_cut(source, io.BytesIO(source.data), len(source.data))
    if cut is None:
        raise NotDicomError(f"{path or 'these bytes'}: no DICOM data elements")
    return _header(source, cut, path, uid, cuts)


def parse(record: Record) -> pydicom.FileDataset:
    """A record as a pydicom Dataset with its file meta; elements are decoded when touched.

    Nothing about the bytes raises here; an element that pydicom cannot decode raises when it is
    touched, and its bytes stay reachable by ``dataset.get_item(tag)``.
    """
    found = raw_data_set(record.data)
    if found is not None:
        return found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(io.BytesIO(record.data), force=True)


def excerpt(record: Record, keywords: Iterable[str]) -> pydicom.Dataset:
    """A few outermost elements of a record as a pydicom Dataset, as they are: the quick way.

    See :func:`parse`, of which this is a part; a record that cannot be followed gives none.
    """
    try:
        source = source_of(record.data, complete=True, name=record.path)
    except NotDicomError:
        return pydicom.Dataset()
    starts = starts_of(source.data, source.start, source.encoding)
    found: dict[BaseTag, DataElement | RawDataElement] = {}
    for keyword in keywords:
        tag = _entry(keyword)[0]
        if (at := starts.element(source.data, tag)) is not None:
            value, vr = source.data[at.value : at.stop], at.vr.decode("ascii") or None
            implicit = not source.encoding.explicit
            key = BaseTag(tag)
            found[key] = RawDataElement(key, vr, len(value), value, 0, implicit, True)
    return pydicom.Dataset(found)


def _header(source: Source, cut: Cut, path: str, uid: str, cuts: Cuts | None = None) -> Header:
    """Put the bytes before and after the bulk together."""
    encoding = source.encoding
    cuts = _contour_cuts(source, cut, cuts)
    body = without(source.data, source.start, cut.stop, encoding, cuts) + cut.tail
    try:
        if not encoding.little:
            body, encoding = to_little_endian(body, 0, len(body)), EXPLICIT
    except (ValueError, OverflowError) as error:
        raise NotDicomError(
            f"{path or 'these bytes'}: the data elements cannot be followed: {error}"
        ) from error
    if not body.strip(b"\0") or next(tolerant(body, 0, encoding), None) is None:
        raise NotDicomError(f"{path or 'these bytes'}: no DICOM data elements")
    front = source.data[: source.start]
    if source.transfer_syntax in {DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian}:
        front = _with_explicit_little(front)
    data = front + body
    as_it_was = encoding == source.encoding and len(front) == source.start and not cuts.begins
    header = Header(
        record=Record(uid, path, data),
        transfer_syntax=source.transfer_syntax,
        encoding=encoding,
        start=len(front),
        pixels=cut.pixels,
        big_endian=not source.encoding.little,
        known=cut.known if as_it_was else None,
    )
    if uid:
        return header
    key = header.text("SOPInstanceUID") or f"no-uid-{hashlib.sha256(data).hexdigest()[:16]}"
    return replace(header, record=Record(key, path, data))


def _contour_cuts(source: Source, cut: Cut, known: Cuts | None) -> Cuts:
    """The bulk of a structure set; the points that a dose carries stay in its header."""
    nothing = Cuts.none()
    sop_class = cut.known.element(source.data, _SOP_CLASS) if cut.known else None
    if sop_class is None or cut.pixels is not None:
        return nothing
    if parsing.text(source.data[sop_class.value : sop_class.stop]) != _STRUCTURES:
        return nothing
    try:
        return contour_items(source).cuts if known is None else known
    except ValueError:  # broken sequences are kept whole rather than lost
        return nothing


def _with_explicit_little(front: bytes) -> bytes:
    """Preamble and file meta that say Explicit VR Little Endian."""
    start = first_element(front) or 0
    value = str(ExplicitVRLittleEndian).encode() + b"\0"

    def syntax(element: Element, _: Encoding) -> bytes | None:
        if element.tag != TRANSFER_SYNTAX:
            return None
        header = front[element.start : element.value - 2]
        return header + len(value).to_bytes(2, "little") + value

    meta = rewrite(front, start, len(front), EXPLICIT, syntax)

    def group_length(element: Element, _: Encoding) -> bytes | None:
        if element.tag != _META_LENGTH:
            return None
        return meta[element.start : element.value] + (len(meta) - element.end).to_bytes(4, "little")

    return front[:start] + rewrite(meta, 0, len(meta), EXPLICIT, group_length)
