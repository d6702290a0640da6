"""A temporary folder for what a browser sends, bounded in size, gone when its owner is."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import weakref
import zipfile
from collections.abc import Sequence
from pathlib import Path

from rtxr.edit.rt_images.sheets import natural
from rtxr.errors import RTXRError
from rtxr.export.writing.names import safe_name

#: Files of one upload.
MOST_FILES = 2000
#: A process that waits until this one is gone, and removes the folder.
_GUARD = "import shutil, sys; sys.stdin.read(); shutil.rmtree(sys.argv[1], ignore_errors=True)"


class Workspace:
    """A folder that only this user can read, removed by :meth:`close` or when Python ends.

    A small process beside this one removes it where Python cannot, as when it is killed.

    Parameters
    ----------
    most_bytes : int
        How much all uploads together may hold, unpacked.

    Attributes
    ----------
    folder : Path
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.folder = Path(tempfile.mkdtemp(prefix="rtxr-"))
        self.held: dict[str, int] = {}
        self._remove = weakref.finalize(self, _removed, self.folder, _guard(self.folder))

    def make_room(self, name: str, size: int) -> Path:
        """An empty folder of this name, for so many bytes.

        Raises
        ------
        RTXRError
            There would be more than is allowed; or the workspace was closed.
        """
        if not self._remove.alive:
            raise RTXRError("the form was closed and its folder removed; open another one")
        others = sum(held for key, held in self.held.items() if key != name)
        if others + size > self.most_bytes:
            raise RTXRError(
                f"{_megabytes(others + size)} MB of files; up to {_megabytes(self.most_bytes)} MB "
                "are taken: choose fewer, or name their folder"
            )
        self.drop(name)
        self.held[name] = size
        room = self.folder / name
        room.mkdir()
        return room

    def drop(self, name: str) -> None:
        """Remove a folder and what is in it; nothing, where there is none."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        self.held.pop(name, None)

    def close(self) -> None:
        """Remove everything."""
        self._remove()


def _guard(folder: Path) -> subprocess.Popen[bytes] | None:
    """A process that outlives this one; None where there are no processes, as in a browser."""
    command = [sys.executable, "-I", "-S", "-c", _GUARD, str(folder)]
    quiet = subprocess.DEVNULL
    try:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True
        )
    except OSError:
        return None


def _removed(folder: Path, guard: subprocess.Popen[bytes] | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if guard is not None:
        with guard:
            guard.kill()


class Inbox:
    """Files of one kind as they come in, part by part; a new upload takes the place of the last.

    Parameters
    ----------
    workspace : Workspace
    name : str
        Its folder there.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        self._workspace, self._name = workspace, name
        self._paths: list[Path] = []
        self._left: list[int] = []

    def begin(self, files: Sequence[tuple[str, int]]) -> None:
        """Files that are to come: names and sizes.

        Raises
        ------
        RTXRError
            None, too many, or too much.
        """
        if not 0 < len(files) <= MOST_FILES or any(size < 0 for _, size in files):
            raise RTXRError(f"{len(files)} files; choose from 1 to {MOST_FILES}")
        room = self._workspace.make_room(self._name, sum(size for _, size in files))
        self._paths, self._left = [], [size for _, size in files]
        for at, (name, _) in enumerate(files):
            folder = room / f"{at:04d}"  # several folders may have files of one name
            folder.mkdir()
            self._paths.append(folder / safe_name(name))
            self._paths[-1].touch()

    def write(self, at: int, part: bytes) -> None:
        """The next bytes of a file.

        Raises
        ------
        RTXRError
            More than was told, or of no file.
        """
        if not 0 <= at < len(self._paths) or len(part) > self._left[at]:
            raise RTXRError("more arrived than was announced; choose the files again")
        self._left[at] -= len(part)
        with self._paths[at].open("ab") as file:
            file.write(part)

    def finish(self) -> list[str]:
        """Paths of the files, in the natural order of their names (2 before 10).

        Raises
        ------
        RTXRError
            Something is missing, or a zip archive holds more than is allowed.
        """
        if any(self._left):
            raise RTXRError("less arrived than was announced; choose the files again")
        unpacked = sum(_unpacked(path) for path in self._paths)
        others = sum(held for key, held in self._workspace.held.items() if key != self._name)
        if others + unpacked > self._workspace.most_bytes:
            self._workspace.drop(self._name)
            raise RTXRError(
                f"archives with {_megabytes(unpacked)} MB of files; up to "
                f"{_megabytes(self._workspace.most_bytes)} MB are taken"
            )
        self._workspace.held[self._name] = unpacked
        return sorted(map(str, self._paths), key=lambda path: (natural(Path(path).name), path))


def _unpacked(path: Path) -> int:
    """Bytes of a file, of a zip archive those of its members as it states them."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(each.file_size for each in archive.infolist())
    except zipfile.BadZipFile:
        return path.stat().st_size


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.3g}"
