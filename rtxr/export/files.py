"""Writing: aside first, read back and compared, then moved into place; all files or none."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pydicom
import xarray as xr
from pydicom.dataset import FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import (
    PYDICOM_IMPLEMENTATION_UID,
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from rtxr import header_store
from rtxr.errors import ExistingFilesError, RTXRError
from rtxr.export.read_back import differing
from rtxr.iod.encoding import encoded, has_long_text
from rtxr.read.files import file_on_disk
from rtxr.read.headers import read_header
from rtxr.read.pixels import pixel_file, read_frames

IMPLEMENTATION_VERSION_NAME = "RTXR"
PIXEL_DATA = 0x7FE00010


@dataclass(frozen=True)
class Ready:
    """A finished object: its data set without pixels, its stored pixels, and why it changed."""

    file_name: str
    iod: str
    dataset: pydicom.Dataset
    pixels: npt.NDArray[np.generic] | None
    why: str


def check_target(ds: xr.Dataset, out: Path, *, overwrite: bool) -> None:
    """Refuse a folder that is a file, or one that holds the files the case was opened from."""
    if out.exists() and not out.is_dir():
        raise ExistingFilesError(f"{out} is a file; name a folder to write to")
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise ExistingFilesError(
            f"{out} is not empty; name a new folder, or pass overwrite=True to replace an earlier "
            "export"
        )
    if out.exists() and header_store.has_headers(ds):
        folders = {
            Path(file_on_disk(record.path)).resolve().parent
            for record in header_store.unpack(ds).values()
        }
        if out.resolve() in folders:
            raise ExistingFilesError(
                f"{out} holds the files this Dataset was opened from; name another folder"
            )


def write(objects: Sequence[Ready], out: Path, *, overwrite: bool) -> pd.DataFrame:
    """Write the objects and say what was written.

    Returns
    -------
    DataFrame
        Columns path, IOD, SOPInstanceUID, bytes, changed.

    Raises
    ------
    RTXRError
        A file did not read back as it was written; nothing was moved into place.
    OSError
        Disk full, no permission; the folder is left as it was.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    aside.chmod(out.parent.stat().st_mode & 0o777)  # mkdtemp makes a folder for one user only
    try:
        rows = []
        for each in objects:
            path = aside / each.file_name
            _write_one(each, path)
            _read_back(each, path)
            uid = str(each.dataset.SOPInstanceUID)
            size = path.stat().st_size
            rows.append((str(out / each.file_name), each.iod, uid, size, each.why))
        _move(aside, out, [each.file_name for each in objects], overwrite=overwrite)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return pd.DataFrame(rows, columns=["path", "IOD", "SOPInstanceUID", "bytes", "changed"])


def _write_one(each: Ready, path: Path) -> None:
    implicit = _is_implicit(each.dataset)
    dataset = encoded(each.dataset, implicit_vr=implicit)
    if each.pixels is not None:
        data = each.pixels.astype(each.pixels.dtype.newbyteorder("<"), copy=False).tobytes()
        dataset.add_new(PIXEL_DATA, "OW", data + b"\0" * (len(data) % 2))
    dataset.file_meta = _file_meta(
        dataset, ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    )
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    path.write_bytes(buffer.getvalue())
    if path.read_bytes() != buffer.getvalue():
        raise RTXRError(f"{path.name} did not read back byte for byte")


def _file_meta(dataset: pydicom.Dataset, transfer_syntax: UID) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(dataset.SOPClassUID)
    meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    meta.TransferSyntaxUID = transfer_syntax
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return meta


def _is_implicit(dataset: pydicom.Dataset) -> bool:
    """Implicit VR where the source was, so that untouched bytes stay, or a contour needs it."""
    source = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    return source == ImplicitVRLittleEndian or has_long_text(dataset)


def _read_back(each: Ready, path: Path) -> None:
    """Raise unless the file parses to the same elements and decodes to the same pixels."""
    back = pydicom.dcmread(path)
    expected = set(each.dataset.keys()) | ({PIXEL_DATA} if each.pixels is not None else set())
    # Group lengths are retired and not written (PS3.5 7.2): they would have to be true.
    if set(back.keys()) != {tag for tag in expected if tag & 0xFFFF}:
        raise RTXRError(f"{path.name} did not read back with the elements it was written with")
    if tags := differing(each.dataset, back):
        names = ", ".join(f"({tag.group:04X},{tag.element:04X})" for tag in tags)
        raise RTXRError(f"{path.name}: the items of {names} did not read back as written")
    if each.pixels is not None:
        frames = each.pixels.reshape(-1, *each.pixels.shape[-2:])
        if not np.array_equal(
            read_frames(pixel_file(read_header(path)), range(len(frames))), frames
        ):
            raise RTXRError(f"{path.name}: (7FE0,0010) PixelData did not read back as written")


def _move(aside: Path, out: Path, names: Sequence[str], *, overwrite: bool) -> None:
    """Move finished files into place; put everything back if one of the moves fails."""
    if not out.exists():
        aside.rename(out)
        return
    earlier = {path.name for path in out.iterdir() if _is_export(path)}
    clashes = sorted({name for name in names if (out / name).exists()} | earlier)
    foreign = [name for name in clashes if name not in earlier]
    if foreign or (clashes and not overwrite):
        raise ExistingFilesError(
            f"{out} holds {(foreign or clashes)[0]!r}"
            + (", which is no export of rtxr's" if foreign else "")
            + "; nothing was replaced, name another folder"
        )
    kept = aside / "replaced"
    kept.mkdir()
    moved: list[str] = []
    try:
        for name in clashes:
            os.replace(out / name, kept / name)
        for name in names:
            os.replace(aside / name, out / name)
            moved.append(name)
    except OSError:
        for name in moved:
            (out / name).unlink()
        for name in clashes:
            if (kept / name).exists():
                os.replace(kept / name, out / name)
        raise


def _is_export(path: Path) -> bool:
    """Whether rtxr wrote this file; another's is never replaced."""
    try:
        meta = pydicom.filereader.read_file_meta_info(path)
    except (OSError, InvalidDicomError, EOFError):
        return False
    return str(meta.get("ImplementationVersionName", "")) == IMPLEMENTATION_VERSION_NAME
