"""Folders: files are finished aside and then moved into place, all of them or none.

Aside is a hidden folder beside the one to be written, or in it where it exists, so that moving
never copies from one file system to another. It is removed whatever happens, but for files of an
earlier export that could not be put back.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info

from rtxr.errors import ExistingFilesError

IMPLEMENTATION_VERSION_NAME = "RTXR"
_REPLACED = "replaced"
_PERMISSION = "there is no permission to write there; name another folder, or ask for it"
_ADVICE = {
    errno.ENOSPC: "the disk is full; make room, or name a folder on another disk",
    errno.EDQUOT: "your share of the disk is used up; make room, or name a folder elsewhere",
    errno.EFBIG: "the file system does not take files of this size; name a folder on another one",
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EROFS: "the file system cannot be written to; name a folder on another one",
    errno.ENAMETOOLONG: "the path is too long for the file system; name a shorter one",
}


@contextmanager
def advised(out: Path) -> Iterator[None]:
    """Add to an error of the file system what became of a folder, and what can be done."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0)
        if advice and not isinstance(error, ExistingFilesError):
            error.add_note(f"{out} is as it was before: {advice}")
        raise


@contextmanager
def aside(out: Path) -> Iterator[Path]:
    """A new folder on the file system of ``out``, to be moved into its place.

    Raises
    ------
    OSError
        No such folder can be made.
    """
    target = Path(os.path.realpath(out))  # a link to a folder stays one
    folder = (target if target.is_dir() else target.parent) / f".rtxr-{secrets.token_hex(4)}"
    made = [parent for parent in (target, *target.parents)[1:] if not parent.exists()]
    try:
        for parent in reversed(made):
            parent.mkdir(exist_ok=True)
        folder.mkdir()
        yield folder
    except BaseException:
        _clear(folder)
        for parent in made:
            with suppress(OSError):  # someone else may have put something there
                parent.rmdir()
        raise
    shutil.rmtree(folder, ignore_errors=True)


def move(folder: Path, out: Path, names: Sequence[str], *, overwrite: bool) -> None:
    """Move finished files into place; put everything back if one of the moves fails.

    Parameters
    ----------
    folder : Path
        From :func:`aside`.
    out : Path
        Where they belong.
    names : sequence of str
        Of the files; nothing else in the folder is moved where ``out`` exists.
    overwrite : bool
        Replace an earlier export, all of it.

    Raises
    ------
    ExistingFilesError
        A file of the same name exists that is no export, or ``overwrite`` is not set.
    OSError
        A move failed.
    """
    target = Path(os.path.realpath(out))
    if not target.exists():
        os.rename(folder, target)
        return
    clashes = _clashes(target, out, names, overwrite=overwrite)
    kept = folder / _REPLACED
    kept.mkdir()
    try:
        for name in clashes:
            os.replace(target / name, kept / name)
        for name in names:
            os.replace(folder / name, target / name)
    except BaseException as error:
        try:
            _put_back(folder, target, names, clashes)
        except BaseException:
            error.add_note(f"not all could be put back: files that were in {out} are in {kept}")
        raise


def is_export(path: Path) -> bool:
    """Whether rtxr wrote this file; another's is never replaced."""
    try:
        meta = read_file_meta_info(path)
    except (OSError, InvalidDicomError, EOFError):
        return False
    return str(meta.get("ImplementationVersionName", "")) == IMPLEMENTATION_VERSION_NAME


def _clashes(target: Path, out: Path, names: Sequence[str], *, overwrite: bool) -> list[str]:
    """Files of an earlier export that have to make room."""
    earlier = {path.name for path in target.iterdir() if is_export(path)}
    clashes = sorted({name for name in names if os.path.lexists(target / name)} | earlier)
    foreign = [name for name in clashes if name not in earlier]
    if foreign or (clashes and not overwrite):
        raise ExistingFilesError(
            f"{out} holds {(foreign or clashes)[0]!r}"
            + (", which is no export of rtxr's" if foreign else "")
            + "; nothing was replaced, name another folder"
        )
    return clashes


def _put_back(folder: Path, target: Path, names: Sequence[str], clashes: Sequence[str]) -> None:
    """Undo the moves that were made; where the files are tells which."""
    for name in names:
        if not os.path.lexists(folder / name):
            os.replace(target / name, folder / name)
    for name in clashes:
        if os.path.lexists(folder / _REPLACED / name):
            os.replace(folder / _REPLACED / name, target / name)


def _clear(folder: Path) -> None:
    """Remove what is aside, but for files of an earlier export that are not back in their place."""
    kept = folder / _REPLACED
    if not (kept.is_dir() and any(kept.iterdir())):
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in folder.iterdir():
        if path != kept:
            with suppress(OSError):
                path.unlink()
