"""Read a few elements of a DICOM file and nothing else of it, never the pixels.

pydicom takes about a millisecond for a header, nearly all of it for elements that nobody asked
for, and stops at some that vendors write wrongly. An index over an archive needs some fifty values
of each file: this reads the first kilobytes, decodes nothing and ends at the pixels (PS3.10
chapter 7).
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass

from rtxr.errors import NotDicomError
from rtxr.read.elements import (
    EXPLICIT,
    PREAMBLE,
    Encoding,
    data_set_encoding,
    first_element,
    inflated,
)
from rtxr.read.files import open_file, size_of
from rtxr.read.scanning.header_walk import FIRST_PIXELS, Found, Walk, Wanted, Window

DEFLATED = "1.2.840.10008.1.2.1.99"
#: Transfer syntax of a file that does not say it, by what its bytes show.
_SYNTAXES = {
    Encoding(explicit=False, little=True): "1.2.840.10008.1.2",
    Encoding(explicit=True, little=True): "1.2.840.10008.1.2.1",
    Encoding(explicit=True, little=False): "1.2.840.10008.1.2.2",
}

_META_GROUP = 0x0002
NESTED_ARCHIVE = "a zip archive within an archive; unpack it first"
#: First bytes of files that often lie beside DICOM.
_OTHERS: Mapping[bytes, str] = {
    b"PK\x03\x04": NESTED_ARCHIVE,
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"\x00\x05\x16\x07": "an AppleDouble file",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
}


class BrokenFileError(NotDicomError):
    """A file says that it is DICOM (PS3.10 7.1) and holds no data set that can be read."""


@dataclass(frozen=True)
class FileHeader:
    """What was read of one file.

    Parameters
    ----------
    found : Found
        The values asked for.
    transfer_syntax_uid : str
        Transfer Syntax UID (0002,0010); where there is none, the one that the bytes show.
    size : int
        Bytes of the file.
    little_endian : bool, default: True
        Byte order of binary values.
    has_pixel_data : bool, default: False
        Whether there is Pixel Data (7FE0,0010), or float or double pixel data, not empty.
    damage : str, default: ""
        Why the elements could not be followed up to the pixels; empty where they could.
    has_prefix : bool, default: False
        Whether the file says that it is DICOM (PS3.10 7.1).
    """

    found: Found
    transfer_syntax_uid: str
    size: int
    little_endian: bool = True
    has_pixel_data: bool = False
    damage: str = ""
    has_prefix: bool = False


def read_index_values(
    path: str | os.PathLike[str],
    wanted: Mapping[int, Wanted],
    stop: Mapping[str, int] | None = None,
) -> FileHeader:
    """Read the wanted elements of one file.

    Parameters
    ----------
    path : path
        A regular file of any name, or a member of a zip archive.
    wanted : mapping of int to Wanted
        By tag; group 2 included.
    stop : mapping of str to int, optional
        Tag at which to stop, by SOP Class UID (0008,0016), for classes whose bulk is a sequence.

    Raises
    ------
    NotDicomError
        The content is not DICOM; the message says what it looks like instead. A
        :class:`BrokenFileError` where the file says that it is.
    OSError
        The file cannot be read.
    """
    with open_file(path) as file:
        window = Window(file, size_of(file))
        size, has_prefix = window.size, window.data[PREAMBLE - 4 : PREAMBLE] == b"DICM"
        meta = Walk(window, EXPLICIT, wanted)
        start = meta.run(_first_element(window.data[:PREAMBLE]), stop_at=_META_GROUP + 1 << 16)
        syntax = meta.found.uid("TransferSyntaxUID")
        try:
            if syntax == DEFLATED:
                window, start = _inflated(window, start), 0
            encoding = _encoding(window, start)
        except NotDicomError as error:
            raise BrokenFileError(str(error)) if has_prefix else error from None
        walk = Walk(window, encoding, wanted, stop)
        walk.run(start, stop_at=FIRST_PIXELS)
    found = Found({**meta.found, **walk.found})
    return FileHeader(
        found=found,
        transfer_syntax_uid=syntax or _SYNTAXES.get(encoding, ""),
        size=size,
        little_endian=encoding.little,
        has_pixel_data=walk.has_pixel_data,
        damage=meta.damage or walk.damage,
        has_prefix=has_prefix,
    )


def _first_element(head: bytes) -> int:
    """Position of the first element; the message says what a file is that has none."""
    start = first_element(head)
    if start is not None:
        return start
    if not head:
        raise NotDicomError("an empty file")
    what = [text for magic, text in _OTHERS.items() if head.startswith(magic)]
    raise NotDicomError(what[0] if what else "no DICOM preamble and no element at its beginning")


def _encoding(window: Window, start: int) -> Encoding:
    """How the data set is written."""
    length = max(min(8, window.size - start), 0)
    offset = window.offset(start, length)
    encoding = data_set_encoding(window.data[offset : offset + length])
    if encoding is None:
        raise NotDicomError("no DICOM data elements")
    return encoding


def _inflated(window: Window, start: int) -> Window:
    """The data set of a deflated file."""
    data = inflated(window.bytes_at(start, window.size - start))
    return Window(io.BytesIO(data), len(data))
