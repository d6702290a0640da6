"""Writing: aside first, read back and compared, then moved into place; all files or none."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pydicom
import xarray as xr
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    PYDICOM_IMPLEMENTATION_UID,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from rtxr import header_store
from rtxr.errors import ExistingFilesError, Finding, RTXRError
from rtxr.export.writing import placing
from rtxr.export.writing.encapsulated import encapsulated
from rtxr.export.writing.names import safe_name
from rtxr.export.writing.read_back import differing, native_frames, untrue
from rtxr.export.writing.transfer_syntaxes import TransferSyntax, not_encoded, written_in
from rtxr.iod.encoding.data_set_bytes import UNDEFINED_LENGTH, data_set_bytes
from rtxr.iod.encoding.raw import duplicate, numbers_of, put, text_of
from rtxr.keywords import shown, tag_of
from rtxr.read.files import file_on_disk
from rtxr.read.headers import read_header
from rtxr.read.pixels import pixel_file, read_frames
from rtxr.read.raw_data_sets import raw_data_set

PIXEL_DATA = Tag(0x7FE00010)


@dataclass(frozen=True)
class Ready:
    """A finished object: its data set without pixels, its stored pixels, and why it changed.

    ``transfer_syntax`` is what it is written in; ``compressed`` what makes its pixels smaller.
    """

    file_name: str
    iod: str
    dataset: pydicom.Dataset
    pixels: npt.NDArray[np.generic] | None
    why: str
    transfer_syntax: UID = ExplicitVRLittleEndian
    compressed: TransferSyntax | None = None


def check_target(ds: xr.Dataset, out: Path, *, overwrite: bool) -> None:
    """Refuse a folder that is a file, or one that holds the files the case was opened from."""
    with placing.advised(out):
        there = next(path for path in (out, *out.absolute().parents) if path.exists())
        if not there.is_dir():
            raise ExistingFilesError(f"{there} is a file; name a folder to write to")
        if there != out:
            return
        if not overwrite and any(out.iterdir()):
            raise ExistingFilesError(
                f"{out} is not empty; name a new folder, or pass overwrite=True to replace an "
                "earlier export"
            )
    if out.resolve() in _folders(ds):
        raise ExistingFilesError(
            f"{out} holds the files this Dataset was opened from; name another folder"
        )


def require_apart(cases: Iterable[xr.Dataset], out: Path) -> None:
    """Refuse a folder that holds files which any of some cases was opened from, however deep."""
    target = out.resolve()
    for folder in {folder for ds in cases for folder in _folders(ds)}:
        if folder.is_relative_to(target):
            raise ExistingFilesError(
                f"{out} holds the files this tree was opened from; name another folder, which may "
                "be a new one in it"
            )


def _folders(ds: xr.Dataset) -> set[Path]:
    """Folders of the files that a case was opened from."""
    if not header_store.has_headers(ds):
        return set()
    records = header_store.unpack(ds).values()
    return {Path(file_on_disk(each.path)).resolve().parent for each in records if each.path}


def in_syntax(
    objects: Sequence[Ready], asked: TransferSyntax | None
) -> tuple[list[Ready], list[Finding]]:
    """The objects with what each is written in, and a Finding where that was not asked for."""
    found, findings = [], []
    for each in objects:
        uid, finding = written_in(each.dataset, each.pixels, asked)
        compressed = asked if asked is not None and asked.encoders and uid == asked.uid else None
        found.append(replace(each, transfer_syntax=uid, compressed=compressed))
        findings += [] if finding is None else [finding]
    return found, findings


def write(
    objects: Sequence[Ready], out: Path, *, overwrite: bool
) -> tuple[pd.DataFrame, list[Finding]]:
    """Write the objects and say what was written.

    Returns
    -------
    table : DataFrame
        Columns path, IOD, SOPInstanceUID, bytes, changed.
    findings : list of Finding
        Of pixels that an encoder did not take.

    Raises
    ------
    RTXRError
        A file did not read back as it was written; nothing was moved into place.
    OSError
        Disk full, no permission; the folder is left as it was. A note says what can be done.
    """
    rows, findings = [], []
    names = [safe_name(each.file_name) for each in objects]
    with placing.advised(out), placing.aside(out) as folder:
        for each, name in zip(objects, names, strict=True):
            path = folder / name
            finding = _write_one(each, path)
            findings += [] if finding is None else [finding]
            uid = str(each.dataset.SOPInstanceUID)
            rows.append((str(out / name), each.iod, uid, path.stat().st_size, each.why))
        placing.move(folder, out, names, overwrite=overwrite)
    table = pd.DataFrame(rows, columns=["path", "IOD", "SOPInstanceUID", "bytes", "changed"])
    return table, findings


def _write_one(each: Ready, path: Path) -> Finding | None:
    """Write a file and read it back; a Finding where its pixels could not be compressed."""
    syntax, finding = each.transfer_syntax, None
    dataset = duplicate(each.dataset)
    if each.pixels is not None:
        element = _compressed(each)
        if each.compressed is not None and element is None:
            syntax, finding = ExplicitVRLittleEndian, not_encoded(each.dataset, each.compressed)
        put(dataset, element or _native(each.pixels))
    data = file_bytes(dataset, syntax)
    path.write_bytes(data)
    if path.read_bytes() != data:
        raise RTXRError(f"{path.name} did not read back byte for byte")
    _read_back(each, data, path)
    return finding


def file_bytes(dataset: pydicom.Dataset, syntax: UID) -> bytes:
    """A file (PS3.10 7.1): preamble, prefix, file meta information, data set.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Not changed; of any encoding, items of several encodings included.
    syntax : UID
        Transfer syntax; compressed pixels are so already.
    """
    front = bytes(128) + b"DICM" + _file_meta(dataset, syntax)
    if syntax != DeflatedExplicitVRLittleEndian:
        implicit = syntax == ImplicitVRLittleEndian
        return data_set_bytes(dataset, implicit_vr=implicit, front=front)
    body = zlib.compress(data_set_bytes(dataset, implicit_vr=False), wbits=-zlib.MAX_WBITS)
    return front + body + b"\0" * (len(body) % 2)  # PS3.5 A.5


def _native(pixels: npt.NDArray[np.generic]) -> RawDataElement:
    data = _little(pixels).tobytes()
    if len(data) % 2:
        data += b"\0"
    return _raw(PIXEL_DATA, "OW", data)


def _raw(tag: BaseTag, vr: str, data: bytes) -> RawDataElement:
    return RawDataElement(tag, vr, len(data), data, 0, False, True)


def _compressed(each: Ready) -> RawDataElement | None:
    """Encapsulated pixels; None where they are not to be compressed, or the encoder fails."""
    if each.compressed is None or each.pixels is None:
        return None
    bits = numbers_of(each.dataset, "BitsStored") or [8 * each.pixels.dtype.itemsize]
    data = encapsulated(_frames(_little(each.pixels)), each.compressed, bits_stored=int(bits[0]))
    if data is None:
        return None
    return RawDataElement(PIXEL_DATA, "OB", UNDEFINED_LENGTH, data, 0, False, True)


def _little(pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)


def _frames(pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return pixels.reshape(-1, *pixels.shape[-2:])


def _file_meta(dataset: pydicom.Dataset, transfer_syntax: UID) -> bytes:
    """File meta information (PS3.10 7.1) with the length of its group."""
    texts = {
        "MediaStorageSOPClassUID": text_of(dataset, "SOPClassUID"),
        "MediaStorageSOPInstanceUID": text_of(dataset, "SOPInstanceUID"),
        "TransferSyntaxUID": transfer_syntax,
        "ImplementationClassUID": PYDICOM_IMPLEMENTATION_UID,
        "ImplementationVersionName": placing.IMPLEMENTATION_VERSION_NAME,
    }
    meta = pydicom.Dataset()
    put(meta, _raw(Tag("FileMetaInformationVersion"), "OB", b"\0\1"))
    for keyword, text in texts.items():
        vr = dictionary_VR(keyword)
        padding = " " if vr == "SH" else "\0"
        put(meta, _raw(tag_of(keyword), vr, (text + padding * (len(text) % 2)).encode("ascii")))
    length = len(data_set_bytes(meta, implicit_vr=False))
    put(meta, _raw(Tag("FileMetaInformationGroupLength"), "UL", length.to_bytes(4, "little")))
    return data_set_bytes(meta, implicit_vr=False)


def _read_back(each: Ready, data: bytes, path: Path) -> None:
    """Raise unless a file, whose bytes these are, holds the same elements and the same pixels."""
    back = raw_data_set(data) or pydicom.dcmread(io.BytesIO(data))
    expected = set(map(int, each.dataset.keys()))
    expected |= {int(PIXEL_DATA)} if each.pixels is not None else set()
    # Group lengths are retired and not written (PS3.5 7.2): they would have to be true.
    if set(map(int, back.keys())) != {tag for tag in expected if tag & 0xFFFF}:
        raise RTXRError(f"{path.name} did not read back with the elements it was written with")
    if tags := [*untrue(each.dataset, back), *differing(each.dataset, back)]:
        names = ", ".join(map(shown, tags))
        raise RTXRError(f"{path.name}: {names} did not read back as written")
    if not _shows(each, back, path):
        raise RTXRError(f"{path.name}: (7FE0,0010) PixelData did not read back as written")


def _shows(each: Ready, back: pydicom.Dataset, path: Path) -> bool:
    """Whether the pixels of a file, read as its header says, are those of an object."""
    if each.pixels is None:
        return True
    frames = _frames(each.pixels)
    found = native_frames(back, len(frames))
    if found is None:
        found = read_frames(pixel_file(read_header(path)), range(len(frames)))
    return np.array_equal(found, frames)
