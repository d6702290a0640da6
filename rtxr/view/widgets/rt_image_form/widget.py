"""The form that makes RT Images: a thin shell of ipywidgets around a job."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import ipywidgets as widgets

from rtxr.errors import RTXRError
from rtxr.view.widgets.rt_image_form.transfer import Download, Store, Upload

_ROLES: Mapping[str, str] = {
    "images": "Images (development mode)",
    "templates": "Templates (production mode)",
    "plan": "Plan",
}
_PATIENT: Mapping[str, str] = {"PatientName": "Patient name", "PatientID": "Patient ID"}
#: Severity > sign and colour, which is that of all widgets.
_SIGNS: Mapping[str, tuple[str, str]] = {
    "error": ("✕", "#d55e00"),
    "warning": ("▲", "#e69f00"),
    "info": ("●", "#56b4e9"),
}
_NARROW = {"description_width": "110px"}
_WIDE = widgets.Layout(width="100%")


class Told(Protocol):
    """A message."""

    @property
    def severity(self) -> str:
        """error, warning or info."""

    @property
    def text(self) -> str:
        """What is to be told."""


class Job(Protocol):
    """What the form fills in; :class:`rtxr.forms.rt_image_job.RTImageJob` is one."""

    machine: str
    patient: dict[str, str]
    order: list[int]

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
    """

    def __init__(self, job: Job, *, folders: bool) -> None:
        self.job = job
        self._quiet = False  # while the form itself sets values
        self._pictured: tuple[Any, ...] = ()
        self._counts = {role: widgets.Label() for role in _ROLES}
        self._pairs = widgets.VBox()
        names = [("choose …", ""), *((name, name) for name in job.machines)]
        self._machine = widgets.Dropdown(
            options=names, value=job.machine, description="Machine", style=_NARROW
        )
        self._patient = {
            keyword: widgets.Text(description=text, style=_NARROW, layout=_WIDE)
            for keyword, text in _PATIENT.items()
        }
        self._shown = widgets.Dropdown(description="Preview of", layout=_WIDE, style=_NARROW)
        self._picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
        self._picture.add_class("rtxr-preview")
        self._note = widgets.Label()
        self._messages = widgets.HTML()
        self._messages.add_class("rtxr-messages")
        self._create = widgets.Button(description="Create", button_style="primary", disabled=True)
        self._download = Download("rt_images.zip")
        self._done = widgets.Label()
        super().__init__(self._parts(folders))
        self._listen()
        self._update()

    def close(self) -> None:
        """Take the form off every page and remove what was uploaded and made."""
        self._download.offer(None)
        super().close()
        self.job.close()

    # --- how it looks ---------------------------------------------------------------------------
    def _parts(self, folders: bool) -> list[widgets.Widget]:
        files = [self._files(role, folders) for role in _ROLES]
        left = widgets.VBox([self._machine, *self._patient.values()])
        left.layout.flex = "1 1 380px"
        right = widgets.VBox([self._shown, self._note, self._picture])
        right.layout.flex = "1 1 420px"
        halves = widgets.HBox([left, right], layout=widgets.Layout(flex_flow="row wrap"))
        left.children += (_title("Messages"), self._messages)
        made = widgets.HBox([self._create, self._download, self._done])
        return [
            *(_title("Files"), *files),
            *(_title("Pairs"), self._pairs),
            *(_title("Machine and patient"), halves, made),
        ]

    def _files(self, role: str, folders: bool) -> widgets.HBox:
        """The row of one role: upload, folder, what is there."""
        label = widgets.Label(_ROLES[role], layout=widgets.Layout(width="190px"))
        upload = Upload(
            self.job.inbox(role),
            partial(self._take, role),
            "Choose files …",
            several=role != "plan",
        )
        upload.add_class(f"rtxr-upload-{role}")
        row: list[widgets.Widget] = [label, upload]
        if folders:
            folder = widgets.Text(
                placeholder="or a folder or file of this computer, then Enter",
                continuous_update=False,
                layout=widgets.Layout(width="330px"),
            )
            folder.observe(partial(self._take_folder, role), "value")
            row.append(folder)
        return widgets.HBox([*row, self._counts[role]])

    # --- what a person does ---------------------------------------------------------------------
    def _listen(self) -> None:
        self._machine.observe(self._heard(self.job.choose), "value")
        for keyword, field in self._patient.items():
            field.observe(self._heard(partial(self.job.patient.__setitem__, keyword)), "value")
        self._shown.observe(self._look, "value")
        self._create.on_click(lambda _: self._made())

    def _look(self, _: Any) -> None:
        if not self._quiet:
            self._draw()

    def _heard(self, act: Callable[[str], None]) -> Callable[[Any], None]:
        def heard(change: Any) -> None:
            if not self._quiet:
                act(change["new"])
                self._update()

        return heard

    def _take_folder(self, role: str, change: Any) -> None:
        self._take(role, [change["new"]] if change["new"].strip() else [])

    def _take(self, role: str, paths: Sequence[str]) -> None:
        wrong = ""
        try:
            self.job.take(role, paths)
        except (RTXRError, OSError) as error:
            wrong = str(error)
        self._pair_rows()
        self._update()
        self._counts[role].value = wrong or self._counts[role].value

    def _pair_rows(self) -> None:
        """A row for each image, with the templates to choose from."""
        choices = [(text, at) for at, text in enumerate(self.job.templates)]
        rows = []
        for at, text in enumerate(self.job.images):
            label = widgets.Label(text, layout=widgets.Layout(width="42%"))
            own = at if at < len(choices) else None
            choice = widgets.Dropdown(
                options=choices, value=own, layout=widgets.Layout(width="56%")
            )
            choice.observe(partial(self._pair, at), "value")
            rows.append(widgets.HBox([label, choice]))
        self._pairs.children = rows
        with self._silence():
            self._shown.options = [(text, at) for at, text in enumerate(self.job.images)]
            self._shown.index = 0 if self.job.images else None

    def _pair(self, image: int, change: Any) -> None:
        if self._quiet or change["new"] is None:
            return
        self.job.pair(image, change["new"])
        with self._silence():  # the image that had it has another one now
            for row, template in zip(self._pairs.children, self.job.order, strict=False):
                row.children[1].value = template
        self._update()

    # --- what follows ---------------------------------------------------------------------------
    def _update(self) -> None:
        """Bring everything up to the job."""
        for role, count in self.job.counts.items():
            self._counts[role].value = "" if not count else f"✓ {count} found"
        for keyword, field in self._patient.items():
            default = self.job.default(keyword)
            field.placeholder = f"as in the files: {default}" if default else "not in the files"
        told = self.job.messages()
        self._messages.value = _list(told)
        self._create.disabled = not self._complete(told)
        self._download.offer(None)
        self._done.value = ""
        self._draw()

    def _complete(self, told: Sequence[Told]) -> bool:
        chosen = bool(self.job.machine) and all(self.job.counts.values())
        return chosen and all(each.severity != "error" for each in told)

    def _draw(self) -> None:
        """Draw the preview, unless the same is there already."""
        at = self._shown.value
        wanted = (not self._create.disabled, at, self.job.machine, tuple(self._lines()))
        if wanted == self._pictured:
            return
        self._pictured = wanted
        self._picture.value, self._note.value = b"", ""
        if self._create.disabled or at is None:
            self._note.value = "shown when nothing is missing"
            return
        try:
            self._picture.value = self.job.picture(at)
        except (RTXRError, OSError) as error:
            self._note.value = str(error)

    def _lines(self) -> Iterable[str]:
        templates = self.job.templates
        for image, template in zip(self.job.images, self.job.order, strict=False):
            yield f"{image} {templates[template]}"

    @contextmanager
    def _silence(self) -> Iterator[None]:
        """The form sets values of its own parts."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def _made(self) -> None:
        self._create.disabled, self._done.value = True, "writing …"
        try:
            self._download.offer(self.job.create())
            self._done.value = f"{self.job.counts['images']} file(s) created"
        except (RTXRError, OSError) as error:
            self._done.value = str(error)
        self._create.disabled = False


def _title(text: str) -> widgets.HTML:
    return widgets.HTML(f"<b>{text}</b>")


def _list(told: Sequence[Told]) -> str:
    """Messages as HTML."""
    rows = []
    for each in told:
        sign, colour = _SIGNS[each.severity]
        text = html.escape(each.text)
        rows.append(
            f'<li class="{each.severity}" style="line-height: 1.4; margin-bottom: 4px">'
            f'<span style="color: {colour}">{sign}</span> <b>{each.severity}</b>: {text}</li>'
        )
    if not rows:
        return "nothing is missing, and nothing was noticed"
    return f'<ul style="list-style: none; margin: 0; padding: 0">{"".join(rows)}</ul>'
