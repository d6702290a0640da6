"""Files by path: those on disk, and the members of zip archives, which are read where they are.

A member has the path ``<path of the archive>/<name in it>``, so that it can ride wherever the path
of a file can. Nothing is unpacked to disk, and no archive stays open: only the lists of contents of
the archives read last are kept, so that files are shared with nobody after a fork, can be read from
several threads and can be replaced or deleted, also on Windows.
"""

from __future__ import annotations

import errno
import io
import os
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Lists of contents that are kept, of the archives read last.
DIRECTORIES = 8
_ARCHIVE_HEADS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_PREFIX = slice(128, 132)
#: Signature, 22 bytes that the directory repeats, lengths of the name and the extra field before
#: the content of a member.
_LOCAL_HEADER = struct.Struct("<4s22xHH")
#: Flags of a member that is encrypted (two ways) or patched.
_SEALED = 0x01 | 0x20 | 0x40
_DRIVE = re.compile(r"^[A-Za-z]:(?=/)")
_OUTSIDE = ("", ".", "..")


class Status(NamedTuple):
    """What changes when an archive does."""

    size: int
    changed: int
    inode: int


class Member(io.RawIOBase):
    """A member of an archive as a seekable stream of its uncompressed bytes.

    Forward, it is decompressed once and no further than it is read; a step back beyond what is in
    memory begins anew.

    Parameters
    ----------
    stream : zipfile.ZipExtFile
        The member.
    path : str
        Its path.
    size : int
        Bytes it has uncompressed.
    """

    def __init__(self, stream: zipfile.ZipExtFile, path: str, size: int) -> None:
        self.stream, self.name, self.size = stream, path, size

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Position in the uncompressed bytes."""
        return self.stream.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position, decompressing what lies on the way."""
        with _told(self.name):
            return self.stream.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        """Read that many bytes, fewer only at the end; all that are left by default."""
        with _told(self.name):
            return self.stream.read(size)

    def readall(self) -> bytes:
        """Read all bytes that are left."""
        return self.read()

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer; bytes read."""
        with _told(self.name):
            return self.stream.readinto(buffer)

    def close(self) -> None:
        """Close the archive."""
        self.stream.close()
        super().close()


def open_file(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file, or a member of a zip archive, for reading without a buffer.

    Parameters
    ----------
    path : path
        Of a file on disk, or of an archive followed by the name of a member.

    Raises
    ------
    OSError
        There is no such file or member, or it cannot be read; the message says why.
    """
    try:
        return open(path, "rb", buffering=0)
    except OSError:
        name = os.fspath(path)
        archive = file_on_disk(name)
        if archive == name:
            raise
    return cast("BinaryIO", _open_member(archive, name))


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """All bytes of a file or member, see :func:`open_file`."""
    with open_file(path) as file:
        return file.read()


def size_of(file: BinaryIO) -> int:
    """Bytes of a file that :func:`open_file` has opened; of a member uncompressed."""
    size: int | None = getattr(file, "size", None)
    return os.fstat(file.fileno()).st_size if size is None else size


def file_size(path: str | os.PathLike[str]) -> int:
    """Bytes of a file; of a member uncompressed. Raises as :func:`open_file` does."""
    try:
        return os.stat(path).st_size
    except OSError:
        name = os.fspath(path)
        archive = file_on_disk(name)
        if archive == name:
            raise
    return _member(archive, name).file_size


def file_on_disk(path: str | os.PathLike[str]) -> str:
    """The file that holds a path: the archive of a member, else the path itself."""
    name = os.fspath(path)
    parent = name
    while not os.path.exists(parent):
        upper = os.path.dirname(parent)
        if upper == parent:
            return name
        parent = upper
    return parent if os.path.isfile(parent) else name


def is_archive(head: bytes) -> bool:
    """Whether the first bytes (132 at least) of a file are those of a zip archive.

    A DICOM file may begin with anything (PS3.10 7.1), also like an archive.
    """
    return head.startswith(_ARCHIVE_HEADS) and head[_PREFIX] != b"DICM"


def archive_members(path: str | os.PathLike[str]) -> list[str]:
    """Paths of the files in a zip archive, in its order.

    A name that leads out of the archive (``../``, ``/``, ``C:/``) loses these parts, as it does
    when unpacked. Of several members with one name the later ones get ``#2``, ``#3`` and so on.

    Raises
    ------
    OSError
        The archive cannot be read.
    """
    name = os.fspath(path)
    return [f"{name}/{member}" for member in _members(name)]


# --- the list of contents -------------------------------------------------------------------------
def _members(archive: str) -> Mapping[str, zipfile.ZipInfo]:
    """Members of an archive as it is now, by the names they have here."""
    status = os.stat(archive)
    return _directory(archive, Status(status.st_size, status.st_mtime_ns, status.st_ino))


@lru_cache(maxsize=DIRECTORIES)
def _directory(archive: str, _: Status) -> Mapping[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(archive) as opened:
            found = opened.infolist()
    except OSError:
        raise
    except Exception as error:  # bytes that are no archive fail in many ways
        text = f"a damaged zip archive: {str(error) or type(error).__name__}"
        raise OSError(errno.EIO, text, archive) from error
    members: dict[str, zipfile.ZipInfo] = {}
    for info in found:
        if info.is_dir():
            continue
        name, copy = inside(info.filename), 1
        label = name
        while label in members:
            copy += 1
            label = f"{name}#{copy}"
        members[label] = info
    return members


def inside(name: str) -> str:
    """A relative path without the parts that lead out of where it begins, or nowhere."""
    parts = _DRIVE.sub("", name.replace("\\", "/")).split("/")
    return "/".join(part for part in parts if part not in _OUTSIDE) or "_"


def _member(archive: str, path: str) -> zipfile.ZipInfo:
    name = path[len(archive) :].replace(os.sep, "/").strip("/")
    try:
        return _members(archive)[name]
    except KeyError:
        text = "the archive has no such member"
        raise FileNotFoundError(errno.ENOENT, text, path) from None


# --- the content ----------------------------------------------------------------------------------
def _open_member(archive: str, path: str) -> Member:
    info = _member(archive, path)
    if info.flag_bits & _SEALED:
        raise OSError(errno.EACCES, "encrypted in its archive; unpack it first", path)
    with ExitStack() as on_failure, _told(path):
        file = on_failure.enter_context(open(archive, "rb"))
        file.seek(info.header_offset)
        signature, name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        if signature != _ARCHIVE_HEADS[0]:
            raise zipfile.BadZipFile("it does not begin where the archive says")
        file.seek(name + extra, os.SEEK_CUR)
        stream = zipfile.ZipExtFile(cast("Any", file), "r", info, close_fileobj=True)
        on_failure.pop_all()
    return Member(stream, path, info.file_size)


@contextmanager
def _told(path: str) -> Iterator[None]:
    """What goes wrong in an archive as an OSError, like what goes wrong on a disk."""
    try:
        yield
    except NotImplementedError as error:
        text = "compressed by a method that cannot be read here; unpack it first"
        raise OSError(errno.ENOTSUP, text, path) from error
    except Exception as error:  # decompressors raise whatever their libraries raise
        if isinstance(error, OSError) and error.errno is not None:
            raise
        text = f"damaged in its archive: {str(error) or 'it ends too early'}"
        raise OSError(errno.EIO, text, path) from error
