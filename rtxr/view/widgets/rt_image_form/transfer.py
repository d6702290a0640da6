"""Files from and to a browser in small parts, so that no message is too large for a server.

A Jupyter server ends connections over messages of 10 MB and holds back what comes faster than
1 MB/s from a kernel. An upload is asked for part by part by the kernel, a download by the browser.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import anywidget
import traitlets

from rtxr.errors import RTXRError
from rtxr.view.widgets.pieces import script, style

#: Bytes of one message: to the kernel, to the browser.
UP, DOWN = 1 << 20, 1 << 18


class Store(Protocol):
    """Where uploaded files go."""

    def begin(self, files: Sequence[tuple[str, int]]) -> None:
        """Names and sizes of the files that are to come; raises where they are too many."""

    def write(self, at: int, part: bytes) -> None:
        """The next bytes of one of them."""

    def finish(self) -> list[str]:
        """Their paths, when all have come."""


class Upload(anywidget.AnyWidget):
    """A button that takes files.

    Parameters
    ----------
    store : Store
        Takes them.
    done : callable
        Called with none when the first part is asked for, and with their paths when all have come.
    label : str
        What the button says.
    what : str
        What files these are, as help of the button.
    several : bool
        Whether more than one file may be chosen.

    Attributes
    ----------
    status : str
        How far it is, or what went wrong; shown beside the button.
    """

    _esm = script("rt_image_form", "transfer", "transfer_up")
    _css = style("rt_image_form")

    label = traitlets.Unicode().tag(sync=True)
    what = traitlets.Unicode().tag(sync=True)
    several = traitlets.Bool(True).tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        store: Store,
        done: Callable[[list[str]], None],
        label: str,
        *,
        what: str,
        several: bool = True,
    ) -> None:
        super().__init__(label=label, what=what, several=several)
        self._store, self._done = store, done
        self._key, self._sizes, self._at, self._start = "", [0], 0, 0
        self.on_msg(Upload._heard)

    def _heard(self, content: Any, buffers: Any) -> None:
        """A page announces files, or sends the part that was asked for."""
        try:
            if content.get("tell") == "files":
                files = [(str(name), int(size)) for name, size in content["files"]]
                self._key = ""
                self._store.begin(files)
                self._done([])  # what was there is gone
                self._key, self._sizes = str(content["key"]), [size for _, size in files]
                self._at = self._start = 0
            elif self._key and content.get("key") == self._key and buffers:
                self._store.write(self._at, bytes(buffers[0]))
                self._start += len(buffers[0])
            else:
                return
            self._go_on()
        except (RTXRError, OSError) as error:
            self._key, self.status = "", str(error)

    def _go_on(self) -> None:
        """Ask for the next part, or say that all have come."""
        while self._at < len(self._sizes) and self._start >= self._sizes[self._at]:
            self._at, self._start = self._at + 1, 0
        if self._at < len(self._sizes):
            stop = min(self._start + UP, self._sizes[self._at])
            self.status = f"reading file {self._at + 1} of {len(self._sizes)} …"
            self.send({"key": self._key, "file": self._at, "from": self._start, "to": stop})
            return
        self._key, self.status = "", "reading …"
        paths = self._store.finish()
        self.status = ""
        self._done(paths)


class Download(anywidget.AnyWidget):
    """A button that gives a file; disabled while there is none.

    Attributes
    ----------
    name : str
        What the browser calls the file.
    size : int
        Its bytes.
    """

    _esm = script("rt_image_form", "transfer", "transfer_down")
    _css = style("rt_image_form")

    name = traitlets.Unicode().tag(sync=True)
    size = traitlets.Int(0).tag(sync=True)

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self._path: Path | None = None
        self.on_msg(Download._heard)

    def offer(self, path: str | os.PathLike[str] | None) -> None:
        """Give this file from now on; None for nothing."""
        self._path = None if path is None else Path(path)
        self.size = 0 if self._path is None else self._path.stat().st_size

    def _heard(self, content: Any, buffers: Any) -> None:  # noqa: ARG002 (ipywidgets calls so)
        """A page asks for the bytes from a place on."""
        if self._path is None or "from" not in content:
            return
        start = int(content["from"])
        with self._path.open("rb") as file:
            file.seek(start)
            part = file.read(DOWN)
        self.send({"key": content.get("key"), "from": start, "all": self.size}, [part])
