"""Stored integers of pixel files, frame by frame, whatever the transfer syntax.

Uncompressed frames are read straight from their place in the file; all others go through the
decoders that pydicom finds installed.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from rtxr.errors import Finding, PixelDecodeError, pip_install
from rtxr.read.files import open_file, size_of
from rtxr.read.headers import Header
from rtxr.read.sources import PixelSpan, read_source

ELEMENT = "(7FE0,0010) PixelData"
IntegerArray = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class PixelFile:
    """Where the pixels of one file are and how they are coded.

    Attributes read (PS3.3 C.7.6.3):

    =========== ========================= ====
    Tag         Keyword                   Type
    =========== ========================= ====
    (0028,0002) SamplesPerPixel           1
    (0028,0004) PhotometricInterpretation 1
    (0028,0008) NumberOfFrames            1C
    (0028,0010) Rows                      1
    (0028,0011) Columns                   1
    (0028,0100) BitsAllocated             1
    (0028,0101) BitsStored                1
    (0028,0103) PixelRepresentation       1
    (7FE0,0010) PixelData                 1C
    =========== ========================= ====
    """

    path: str
    span: PixelSpan
    transfer_syntax: str
    big_endian: bool
    frames: int
    rows: int
    columns: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    signed: bool

    @property
    def is_native(self) -> bool:
        """Whether frames lie in the file as they are."""
        simple = self.bits_allocated in {8, 16, 32} and self.samples == 1
        return simple and not self.span.encapsulated and not (self.big_endian and self._bytes == 1)

    @property
    def _bytes(self) -> int:
        return self.bits_allocated // 8

    @property
    def frame_bytes(self) -> int:
        """Bytes of one uncompressed frame."""
        return self.rows * self.columns * self.samples * self.bits_allocated // 8

    @property
    def padding(self) -> int:
        """Bytes of native pixels behind their last frame, beyond the one that makes them even."""
        rest = 0 if self.span.encapsulated else self.span.length % max(self.frame_bytes, 1)
        return rest if rest > 1 else 0

    @property
    def stored_dtype(self) -> np.dtype[Any]:
        """Type of the stored integers, byte order as in the file."""
        order = ">" if self.big_endian else "<"
        return np.dtype(f"{order}{'i' if self.signed else 'u'}{self._bytes}")

    @property
    def stored_range(self) -> tuple[int, int]:
        """Smallest and largest integer that Bits Stored can hold."""
        if self.signed:
            return -(1 << (self.bits_stored - 1)), (1 << (self.bits_stored - 1)) - 1
        return 0, (1 << self.bits_stored) - 1


def pixel_file(header: Header) -> PixelFile:
    """What is needed to read the pixels of a file later, from its header alone.

    Raises
    ------
    PixelDecodeError
        PixelData is absent or empty, Rows, Columns or Bits Allocated are missing, or native pixels
        have another length than these and the frames say.
    """
    path = header.record.path
    if header.pixels is None or header.pixels.length == 0:
        raise PixelDecodeError(f"{path}: {ELEMENT} is absent or empty")
    needed = ("Rows", "Columns", "BitsAllocated")
    sizes = [header.integer(keyword) or 0 for keyword in needed]
    if not all(sizes):
        lacking = [keyword for keyword, size in zip(needed, sizes, strict=True) if not size]
        raise PixelDecodeError(f"{path}: {ELEMENT} cannot be read without {', '.join(lacking)}")
    rows, columns, bits_allocated = sizes
    bits_stored = header.integer("BitsStored") or bits_allocated
    file = PixelFile(
        path=str(Path(path).absolute()),  # read later, wherever the work has moved to by then
        span=header.pixels,
        transfer_syntax=header.transfer_syntax,
        big_endian=header.big_endian,
        frames=header.integer("NumberOfFrames") or 1,
        rows=rows,
        columns=columns,
        samples=header.integer("SamplesPerPixel") or 1,
        photometric=header.text("PhotometricInterpretation") or "MONOCHROME2",
        bits_allocated=bits_allocated,
        bits_stored=min(bits_stored, bits_allocated),
        signed=header.integer("PixelRepresentation") == 1,
    )
    stated = max(file.frames, len(header.numbers("GridFrameOffsetVector")))
    if flaw := length_flaw(file, stated):
        raise PixelDecodeError(f"{path}: {flaw}")
    return file


def length_flaw(file: PixelFile, stated: int) -> str:
    """Why the length of native pixels contradicts their description; empty where it does not.

    Where it does, nobody knows where a row begins. Bytes behind the last frame that are fewer than
    a row and a column have are padding, and whole frames too few are missing frames: neither moves
    a voxel.

    Parameters
    ----------
    file : PixelFile
        With the length of its pixels as the file says.
    stated : int
        Most frames that the header speaks of.
    """
    if file.span.encapsulated or file.samples != 1 or file.bits_allocated % 8:
        return ""
    held, rest = divmod(file.span.length, file.frame_bytes)
    beyond = file.span.length - file.frame_bytes * stated
    if 0 <= beyond <= max(1, min(file.rows, file.columns) * file.bits_allocated // 8 - 1):
        return ""
    if rest <= file.frame_bytes * held % 2 and 0 < held < stated:
        return ""
    return (
        f"{ELEMENT} has {file.span.length} bytes, and (0028,0010) Rows {file.rows} x (0028,0011) "
        f"Columns {file.columns} x (0028,0100) BitsAllocated {file.bits_allocated} / 8 x {stated} "
        f"frame(s) are {file.frame_bytes * stated}: one of them is wrong, or the file is cut; get "
        "it anew, or correct it at its source"
    )


def padding_findings(files: Sequence[PixelFile]) -> list[Finding]:
    """That pixels are followed by bytes which are none."""
    padded = [file.padding for file in files if file.padding]
    if not padded:
        return []
    text = (
        f"{ELEMENT} of {len(padded)} file(s) has up to {max(padded)} bytes behind its last frame, "
        "fewer than a row has; they were left out as padding"
    )
    return [Finding("pixel-padding", "info", text)]


def read_frames(file: PixelFile, frames: Sequence[int]) -> IntegerArray:
    """Stored integers of some frames of a file.

    Parameters
    ----------
    file : PixelFile
        From :func:`pixel_file`.
    frames : sequence of int
        From 0, in any order.

    Returns
    -------
    ndarray, (len(frames), rows, columns)
        Integers as stored, sign extended from Bits Stored.

    Raises
    ------
    PixelDecodeError
        No decoder for the transfer syntax is installed, the file is not what it was when it was
        opened, or its pixels cannot be decoded.
    """
    if file.samples != 1:
        raise PixelDecodeError(
            f"{file.path}: {ELEMENT} has {file.samples} samples per pixel "
            f"({file.photometric}); only grey values can be read"
        )
    wanted, back = np.unique(np.asarray(frames, dtype=np.intp), return_inverse=True)
    read = _native if file.is_native else _decoded
    values = read(file, wanted)
    in_order = np.array_equal(back, np.arange(len(back)))
    return values if in_order else values[back]


def _native(file: PixelFile, frames: npt.NDArray[np.intp]) -> IntegerArray:
    """Frames of uncompressed pixels, one read per run of neighbouring frames."""
    values = np.empty((len(frames), file.rows, file.columns), file.stored_dtype)
    needed = (int(frames[-1]) + 1) * file.frame_bytes
    if needed > file.span.length:
        raise PixelDecodeError(
            f"{file.path}: {ELEMENT} holds {file.span.length} bytes and frame {int(frames[-1])} "
            f"ends at byte {needed}; the file is cut short or its NumberOfFrames is wrong"
        )
    runs = np.split(np.arange(len(frames)), np.flatnonzero(np.diff(frames) != 1) + 1)
    if file.transfer_syntax == DeflatedExplicitVRLittleEndian:
        data = _whole_value(file)
        for run in runs:
            start, stop = (
                frames[run[0]] * file.frame_bytes,
                (frames[run[-1]] + 1) * file.frame_bytes,
            )
            part = np.frombuffer(data[start:stop], file.stored_dtype)
            values[run[0] : run[-1] + 1] = part.reshape(-1, file.rows, file.columns)
    else:
        with _opened(file) as handle:
            for run in runs:
                handle.seek(file.span.offset + int(frames[run[0]]) * file.frame_bytes)
                _fill(handle, values[run[0] : run[-1] + 1].reshape(-1).view(np.uint8))
    if file.big_endian:
        values = values.astype(values.dtype.newbyteorder("="))
    unused = file.bits_allocated - file.bits_stored
    if unused:  # what is in unused bits is undefined (PS3.5 8.1.1)
        np.left_shift(values, unused, out=values)
        np.right_shift(values, unused, out=values)
    return values


def _fill(handle: Any, buffer: npt.NDArray[np.uint8]) -> None:
    """Read until the buffer is full; one read gives 2 GB at most."""
    view = memoryview(buffer.data)
    while view:
        count = handle.readinto(view)
        if not count:
            raise PixelDecodeError(f"{handle.name}: {ELEMENT} ended before its last byte")
        view = view[count:]


def _decoded(file: PixelFile, frames: npt.NDArray[np.intp]) -> IntegerArray:
    """Frames through pydicom's decoders."""
    uid = UID(file.transfer_syntax or ExplicitVRLittleEndian)
    coded = f"{file.path}: {ELEMENT} in transfer syntax {uid.name} ({uid})"
    hint = pip_install("codecs")
    try:
        decoder = get_decoder(uid)
    except NotImplementedError as error:
        raise PixelDecodeError(f"{coded}: no decoder exists for it") from error
    if not decoder.is_available:
        raise PixelDecodeError(f"{coded}: no decoder for it is installed; {hint}")
    data = _whole_value(file)
    options: dict[str, Any] = {
        "rows": file.rows,
        "columns": file.columns,
        "number_of_frames": file.frames,
        "samples_per_pixel": file.samples,
        "photometric_interpretation": file.photometric,
        "bits_allocated": file.bits_allocated,
        "bits_stored": file.bits_stored,
        "pixel_representation": int(file.signed),
        "pixel_keyword": "PixelData",
        "pixel_vr": "OW",
    }
    try:
        with _quiet():
            each = [decoder.as_array(data, index=int(n), raw=True, **options)[0] for n in frames]
    except Exception as error:  # decoders raise whatever their libraries raise
        raise PixelDecodeError(
            f"{coded} cannot be decoded: {error}; if another decoder might, {hint}"
        ) from error
    return np.stack(each)


@contextmanager
def _opened(file: PixelFile) -> Iterator[Any]:
    """The file, provided that it still has the size it had when it was opened."""
    try:
        with open_file(file.path) as handle:
            if size_of(handle) != file.span.file_size:
                raise PixelDecodeError(
                    f"{file.path}: the file has changed since it was opened; open the case again"
                )
            yield handle
    except OSError as error:
        raise PixelDecodeError(
            f"{file.path}: {ELEMENT} cannot be read: {error.strerror}; "
            "pixels are read when they are asked for, so the file must stay where it was"
        ) from error


def _whole_value(file: PixelFile) -> bytes:
    """All bytes of the value of PixelData."""
    if file.transfer_syntax == DeflatedExplicitVRLittleEndian:
        data = read_source(file.path).data
        return data[file.span.offset : file.span.offset + file.span.length]
    with _opened(file) as handle:
        handle.seek(file.span.offset)
        value: bytes = handle.read(file.span.length)
        return value


class _Silence:
    """Python's warning filters are global: the first decoding silences them, the last restores."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.filters = warnings.catch_warnings()


_SILENCE = _Silence()


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings about harmless flaws while pixels are decoded, in any number of threads."""
    with _SILENCE.lock:
        if _SILENCE.users == 0:
            _SILENCE.filters = warnings.catch_warnings()
            _SILENCE.filters.__enter__()
            warnings.simplefilter("ignore")
        _SILENCE.users += 1
    try:
        yield
    finally:
        with _SILENCE.lock:
            _SILENCE.users -= 1
            if _SILENCE.users == 0:
                _SILENCE.filters.__exit__(None, None, None)
