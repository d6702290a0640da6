"""The form that makes RT Images: a thin shell of ipywidgets around a job."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import ipywidgets as widgets

from rtxr.view.widgets.rt_image_form.layout import (
    Told,
    choice,
    failure,
    label,
    message_list,
    row,
    text_field,
    titled,
)
from rtxr.view.widgets.rt_image_form.transfer import Download, Store, Upload

_ROLES: Mapping[str, str] = {
    "images": "Images (development mode)",
    "templates": "Templates (production mode)",
    "plan": "Plan",
}
_PATIENT: Mapping[str, str] = {"PatientName": "Patient name", "PatientID": "Patient ID"}
_ANOTHER: Mapping[str, str] = {
    "RadiationMachineName": "Its name",
    "DeviceSerialNumber": "Serial number",
}
#: Seconds after the last key until what was typed is checked: many pairs take a second.
_PAUSE = 0.25
_NO_PAIRS = "each image and its template, once they are there"


class Job(Protocol):
    """What the form fills in; :class:`rtxr.forms.rt_image_job.RTImageJob` is one."""

    machine: str
    another: dict[str, str]
    patient: dict[str, str]
    order: list[int]
    revision: int

    @property
    def machines(self) -> Iterable[str]:
        """Names that can be chosen."""

    @property
    def images(self) -> list[str]:
        """A line for each image."""

    @property
    def templates(self) -> list[str]:
        """A line for each template."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many usable files each role has."""

    def inbox(self, role: str) -> Store:
        """Where uploads of a role go."""

    def take(self, role: str, given: Sequence[str]) -> None:
        """Files or folders of a role."""

    def pair(self, image: int, template: int) -> None:
        """Give an image a template."""

    def choose(self, machine: str) -> None:
        """Choose a machine."""

    def default(self, keyword: str) -> str:
        """What the files say of the patient."""

    @property
    def ready(self) -> bool:
        """Whether all is chosen."""

    def messages(self) -> Sequence[Told]:
        """What is missing, wrong or worth knowing."""

    def picture(self, image: int) -> bytes:
        """A new image with its beam's aperture, PNG."""

    def create(self) -> Path:
        """Write the files; their archive."""

    def close(self) -> None:
        """Remove what was uploaded and made."""


class RTImageForm(widgets.VBox):  # type: ignore[misc] # ipywidgets has no types
    """Files, pairs, machine and patient, a preview, messages, and what was made.

    Parameters
    ----------
    job : Job
        What is filled in.
    folders : bool
        Whether folders of the computer that runs Python can be named.
    another : str
        Stands for a machine that is not listed.
    """

    def __init__(self, job: Job, *, folders: bool, another: str) -> None:
        self.job = job
        self._quiet = False  # while the form itself sets values
        self._pictured: tuple[Any, ...] = ()
        self._awaited: asyncio.TimerHandle | None = None
        self._counts = {role: label() for role in _ROLES}
        self._pairs = widgets.VBox()
        self._pairs.add_class("rtxr-form-list")
        listed = [("choose …", ""), *((name, name) for name in job.machines)]
        self._machine = choice([*listed, ("another …", another)], "Machine")
        self._machine.value = job.machine
        self._another = {key: text_field(text) for key, text in _ANOTHER.items()}
        self._patient = {key: text_field(text) for key, text in _PATIENT.items()}
        self._shown = choice([])
        self._picture = widgets.Image(format="png")
        self._picture.add_class("rtxr-preview")
        self._note = label(quiet=True)
        self._messages = widgets.HTML()
        self._messages.add_class("rtxr-messages")
        self._create = widgets.Button(description="Create", button_style="primary", disabled=True)
        self._download = Download("rt_images.zip")
        self._done = label()
        super().__init__(self._parts(folders))
        self.add_class("rtxr-form")
        self._listen(another)
        self._pair_rows()
        self._update()

    def close(self) -> None:
        """Take the form off every page and remove what was uploaded and made."""
        self._download.offer(None)
        self._forget_keys()
        super().close()
        self.job.close()

    # --- how it looks ---------------------------------------------------------------------------
    def _parts(self, folders: bool) -> list[widgets.Widget]:
        fields = [self._machine, *self._another.values(), *self._patient.values()]
        end = row("end", [self._create, self._download, self._done])
        left = widgets.VBox(
            [titled("Machine and patient", *fields), titled("Messages", self._messages), end]
        )
        left.add_class("rtxr-form-half")
        right = titled("Preview", self._shown, self._note, self._picture)
        return [
            titled("Files", *(self._files(role, folders) for role in _ROLES)),
            titled("Pairs", self._pairs, name="pairs"),
            row("halves", [left, right]),
        ]

    def _files(self, role: str, folders: bool) -> widgets.HBox:
        """The row of one role: upload, folder, what is there."""
        folder = text_field(
            placeholder="or a folder or file of this computer, then Enter",
            tooltip=f"{_ROLES[role]}: folder or file",
            continuous_update=False,
        )
        folder.observe(partial(self._take_folder, role), "value")

        def uploaded(paths: list[str]) -> None:
            with self._silence():
                folder.value = ""  # what it named is not what is taken any more
            self._take(role, paths)

        several = role != "plan"
        text = "Choose files …" if several else "Choose a file …"
        upload = Upload(self.job.inbox(role), uploaded, text, several=several, what=_ROLES[role])
        upload.add_class(f"rtxr-upload-{role}")
        given = [upload, folder] if folders else [upload]
        return row("file", [label(_ROLES[role]), *given, self._counts[role]])

    # --- what a person does ---------------------------------------------------------------------
    def _listen(self, another: str) -> None:
        def chosen(change: Any) -> None:
            self.job.choose(change["new"])
            self._ask_for_machine(another)
            self._update()

        def typed(said: dict[str, str], keyword: str, change: Any) -> None:
            said[keyword] = change["new"]
            self._update_soon()

        self._machine.observe(chosen, "value")
        for said, fields in ((self.job.another, self._another), (self.job.patient, self._patient)):
            for keyword, field in fields.items():
                field.observe(partial(typed, said, keyword), "value")
        self._shown.observe(self._look, "value")
        self._create.on_click(lambda _: self._made())
        self._ask_for_machine(another)

    def _ask_for_machine(self, another: str) -> None:
        for field in self._another.values():
            field.layout.display = "" if self._machine.value == another else "none"

    def _look(self, _: Any) -> None:
        if not self._quiet:
            self._draw()

    def _take_folder(self, role: str, change: Any) -> None:
        if not self._quiet:
            self._take(role, [change["new"]] if change["new"].strip() else [])

    def _take(self, role: str, paths: Sequence[str]) -> None:
        self.job.take(role, paths)
        self._pair_rows()
        self._update()

    def _pair_rows(self) -> None:
        """A row for each image, with the templates to choose from."""
        choices = [(text, at) for at, text in enumerate(self.job.templates)]
        rows = []
        for at, text in enumerate(self.job.images):
            template = choice(choices)
            template.value = at if at < len(choices) else None
            template.observe(partial(self._pair, at), "value")
            rows.append(row("pair", [label(text), template]))
        self._pairs.children = rows or [label(_NO_PAIRS, quiet=True)]
        with self._silence():
            self._shown.options = [(text, at) for at, text in enumerate(self.job.images)]
            self._shown.index = 0 if self.job.images else None

    def _pair(self, image: int, change: Any) -> None:
        if self._quiet or change["new"] is None:
            return
        self.job.pair(image, change["new"])
        with self._silence():  # the image that had it has another one now
            for line, template in zip(self._pairs.children, self.job.order, strict=False):
                line.children[1].value = template
        self._update()

    # --- what follows ---------------------------------------------------------------------------
    def _update_soon(self) -> None:
        """Bring everything up to the job after the last of several keys."""
        self._download.offer(None)
        self._forget_keys()
        try:
            self._awaited = asyncio.get_running_loop().call_later(_PAUSE, self._update)
        except RuntimeError:  # outside a notebook nothing comes later
            self._update()

    def _forget_keys(self) -> bool:
        """Whether an update was awaited, which does not come any more."""
        awaited, self._awaited = self._awaited, None
        if awaited is not None:
            awaited.cancel()
        return awaited is not None

    def _update(self) -> None:
        """Bring everything up to the job."""
        self._forget_keys()
        self._create.disabled = True  # until all that follows has gone well
        self._download.offer(None)
        self._done.value = ""
        told = self._told()
        for role, count in self.job.counts.items():
            self._counts[role].value = "" if not count else f"✓ {count} found"
        for keyword, field in self._patient.items():
            default = self.job.default(keyword)
            field.placeholder = f"as in the files: {default}" if default else "not in the files"
        self._messages.value = message_list(told)
        wrong = any(each.severity == "error" for each in told)
        self._create.disabled = wrong or not self.job.ready
        self._draw()

    def _told(self) -> Sequence[Told]:
        """Messages of the job, or that it failed."""
        try:
            return self.job.messages()
        except Exception as error:  # whatever files make it meet: the form stays usable
            return [failure(error)]

    def _draw(self) -> None:
        """Draw the preview, unless the same is there already."""
        at = self._shown.value
        wanted = (not self._create.disabled, at, self.job.revision)
        if wanted == self._pictured:
            return
        self._pictured, picture = wanted, b""
        self._note.value = "shown when nothing is missing or wrong"
        if not self._create.disabled and at is not None:
            try:
                picture, self._note.value = self.job.picture(at), ""
            except Exception as error:  # as above
                self._note.value = failure(error).text
        self._picture.value = picture
        for part, there in ((self._picture, picture), (self._note, not picture)):
            part.layout.display = "" if there else "none"

    @contextmanager
    def _silence(self) -> Iterator[None]:
        """The form sets values of its own parts."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def _made(self) -> None:
        if self._forget_keys():
            self._update()
        if self._create.disabled:
            return
        self._create.disabled, self._done.value = True, "writing …"
        said = "it was stopped, and not all was written"
        try:
            self._download.offer(self.job.create())
            said = f"{self.job.counts['images']} file(s) created"
        except Exception as error:  # as above
            said = failure(error).text
        finally:
            self._create.disabled, self._done.value = False, said
