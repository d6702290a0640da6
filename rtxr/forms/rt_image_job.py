"""Making RT Images step by step: what is chosen so far, what follows, and what is wrong with it.

What is checked is what is made: each change builds the headers anew, once, which takes some
hundredths of a second for each pair, and pixels are read when they are written or looked at.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
import xarray as xr

from rtxr import model
from rtxr.edit.rt_images.building import rt_images_of
from rtxr.edit.rt_images.sheets import NOT_USABLE, Desk, Pairs, Sheet, plan_header, sheets
from rtxr.errors import ConformanceError, Finding, MissingDataError, RTXRError, Severity
from rtxr.export import to_dicom
from rtxr.forms.rt_image_picture import picture
from rtxr.forms.workspace import Inbox, Workspace
from rtxr.iod.encoding.raw import numbers_of, text_of
from rtxr.iod.rt_image_series import beam_of, series_values, whole
from rtxr.machines import Machine

IMAGES, TEMPLATES, PLAN = ROLES = ("images", "templates", "plan")
PATIENT = ("PatientName", "PatientID")
#: Folder of the workspace with what was made, and its archive.
_OUT, _ARCHIVE = "made", "rt_images.zip"
#: Characters of a file's name in a table.
_LONGEST = 36
_RANK: Mapping[Severity, int] = {"error": 0, "warning": 1, "info": 2}
#: In place of a name, and none itself: a machine that is not among those that can be chosen.
ANOTHER = "\n"
#: Stands in until one is chosen, so that what is wrong with the files is told before.
_NO_MACHINE = Machine("-", DeviceSerialNumber="-")


@dataclass(frozen=True)
class Message:
    """Something to tell: how severe, and what."""

    severity: Severity
    text: str


class RTImageJob:
    """Images, templates and a plan become RT Images.

    Parameters
    ----------
    machines : sequence of Machine
        Those that can be chosen.
    workspace : Workspace
        Where uploads and what is made are kept.

    Attributes
    ----------
    machine : str
        RadiationMachineName of the one chosen; empty for none, ``ANOTHER`` for the one in
        ``another``.
    another : dict of str to str
        RadiationMachineName and DeviceSerialNumber of a machine that the user names.
    patient : dict of str to str
        PatientName and PatientID as the user gave them; empty for that of the files.
    order : list of int
        Place of the template of each image.
    revision : int
        Another number whenever files or pairs change.
    """

    def __init__(self, machines: Sequence[Machine], workspace: Workspace) -> None:
        self.machines = {each.RadiationMachineName: each for each in machines}
        self.workspace = workspace
        first = next(iter(self.machines), "")
        self.machine = {0: ANOTHER, 1: first}.get(len(self.machines), "")
        self.another = dict.fromkeys(("RadiationMachineName", "DeviceSerialNumber"), "")
        self.patient = dict.fromkeys(PATIENT, "")
        self.order: list[int] = []
        self.revision = 0
        self._sheets: dict[str, list[Sheet]] = {IMAGES: [], TEMPLATES: []}
        self._plan: pydicom.Dataset | None = None
        self._errors: dict[str, list[Finding]] = {}
        self._built: tuple[object, xr.Dataset | ConformanceError] | None = None
        # Folder of an upload, of which no one but this knows.
        self._kept = re.compile(re.escape(str(workspace.folder)) + r"[\\/]\w+[\\/]\d{4}[\\/]")

    # --- what it is made of ---------------------------------------------------------------------
    def inbox(self, role: str) -> Inbox:
        """Where a browser puts the files of a role."""
        return Inbox(self.workspace, role)

    def take(self, role: str, given: Sequence[str]) -> None:
        """Files or folders of a role, in the place of those that it had; none empties it."""
        self.revision += 1
        self._errors.pop(role, None)
        if role == PLAN:
            self._plan = None
        else:
            self._sheets[role] = []
        try:
            found = self._read(role, given) if given else []
        except (RTXRError, OSError) as error:
            found = [Finding(NOT_USABLE, "error", f"{role}: {error}")]
        if found:
            self._errors[role] = found
        if role != PLAN:
            self.order = list(range(len(self._sheets[TEMPLATES])))

    def _read(self, role: str, given: Sequence[str]) -> list[Finding]:
        if role == PLAN:
            place = given[0] if len(given) == 1 else os.path.commonpath(given)
            self._plan, found = plan_header(place)
        else:
            self._sheets[role], found = sheets(given, role)
        return found

    def pair(self, image: int, template: int) -> None:
        """Give an image this template; the image that had it gets the other one."""
        if image < len(self.order) and template in self.order:
            other = self.order.index(template)
            self.order[other], self.order[image] = self.order[image], template
            self.revision += 1

    def choose(self, machine: str) -> None:
        """Choose a machine by its name; empty for none, ``ANOTHER`` for one that is typed in."""
        if machine not in ("", ANOTHER, *self.machines):
            raise RTXRError(f"no machine {machine!r}")
        self.machine = machine

    # --- what follows ---------------------------------------------------------------------------
    @property
    def images(self) -> list[str]:
        """What is said of each image in a table."""
        return [_described(each) for each in self._sheets[IMAGES]]

    @property
    def templates(self) -> list[str]:
        """What is said of each template, with the plan's name of its beam."""
        return [_described(each, self._plan) for each in self._sheets[TEMPLATES]]

    @property
    def counts(self) -> dict[str, int]:
        """How many usable files each role has."""
        known = {role: len(found) for role, found in self._sheets.items()}
        return {**known, PLAN: int(self._plan is not None)}

    @property
    def ready(self) -> bool:
        """Whether files of all roles and a machine are there."""
        return self._chosen()[0] is not None and all(self.counts.values())

    def default(self, keyword: str) -> str:
        """PatientName or PatientID of the files; empty where no file has one."""
        parts = [[each.dataset for each in self._sheets[role]] for role in (IMAGES, TEMPLATES)]
        plan = self._plan or pydicom.Dataset()
        return str(series_values(parts[0], parts[1], plan).get(keyword, ""))

    def messages(self) -> list[Message]:
        """What is missing, wrong or worth knowing, the most severe first."""
        empty = [role for role, count in self.counts.items() if not count]
        lacking = [role for role in empty if role not in self._errors]
        found = [Message("info", f"choose the {role}") for role in lacking]
        machine, lacking_machine = self._chosen()
        found += lacking_machine
        told = self._findings(machine, not empty)
        found += [Message(each.severity, self._kept.sub("", each.message)) for each in told]
        return sorted(dict.fromkeys(found), key=lambda each: _RANK[each.severity])

    def _chosen(self) -> tuple[Machine | None, list[Message]]:
        """The machine, and why there is none."""
        if self.machine != ANOTHER:
            known = self.machines.get(self.machine)
            return known, [] if known else [Message("info", "choose a machine")]
        if not all(self.another.values()):
            return None, [Message("info", "name the machine and its serial number")]
        try:
            return Machine(**self.another), []
        except RTXRError as error:
            return None, [Message("error", f"machine: {error}")]

    def _findings(self, machine: Machine | None, complete: bool) -> list[Finding]:
        """What is wrong with the files, and with what would be made of them where all are there."""
        if not complete:
            return [each for found in self._errors.values() for each in found]
        try:
            found = model.findings_of(self._build(machine or _NO_MACHINE))
        except ConformanceError as error:
            return list(error.findings)
        return found if machine else []

    def made(self) -> xr.Dataset:
        """The new RT Images, nothing of them written.

        Raises
        ------
        ConformanceError
            They cannot be made; ``findings`` says why.
        MissingDataError
            Something is yet to be chosen.
        """
        machine, _ = self._chosen()
        if machine is None or not self.ready:
            raise MissingDataError("choose images, templates, a plan and a machine first")
        return self._build(machine)

    def _build(self, machine: Machine) -> xr.Dataset:
        """What was made last, where nothing has changed since: it is looked at more than once."""
        user = {keyword: text.strip() or None for keyword, text in self.patient.items()}
        wanted = (self.revision, machine, user)
        if self._built is None or self._built[0] != wanted:
            self._built = (wanted, self._tried(machine, user))
        found = self._built[1]
        if isinstance(found, ConformanceError):
            raise found
        return found

    def _tried(
        self, machine: Machine, user: Mapping[str, str | None]
    ) -> xr.Dataset | ConformanceError:
        errors = [each for found in self._errors.values() for each in found]
        on = Desk(self._sheets[IMAGES], self._sheets[TEMPLATES], self._plan, errors)
        in_order = self.order == sorted(self.order)
        pairs: str | Pairs = "order" if in_order else list(enumerate(self.order))
        try:
            return rt_images_of(on, machine, user, pairs)
        except ConformanceError as error:
            return error

    def picture(self, image: int) -> bytes:
        """A new RT Image with the aperture of its beam where the plan says it, as PNG.

        Raises
        ------
        RTXRError
            It cannot be made.
        """
        return picture(self.made(), image, self._plan or pydicom.Dataset())

    def create(self) -> Path:
        """Write the files and put them into an archive.

        Returns
        -------
        Path
            The archive, in the workspace.

        Raises
        ------
        RTXRError, OSError
            They cannot be made or written.
        """
        made = self.made()
        self.workspace.drop(_OUT)
        out = self.workspace.make_room(_OUT, 0)
        table = to_dicom(made, out / "files")
        archive = out / _ARCHIVE
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as into:
            for path in table["path"]:
                into.write(path, Path(path).name)
        return archive

    def close(self) -> None:
        """Remove all that was uploaded or made."""
        self.workspace.close()


def _described(sheet: Sheet, plan: pydicom.Dataset | None = None) -> str:
    """File, size and beam of an image, for a table; nothing of the patient."""
    dataset = sheet.dataset
    size = " x ".join(text_of(dataset, keyword) or "?" for keyword in ("Rows", "Columns"))
    parts = [_short(sheet.name), size]
    if (number := whole(dataset, "ReferencedBeamNumber")) is not None:
        beam = None if plan is None else beam_of(plan, number)
        name = "" if beam is None else text_of(beam, "BeamName")
        parts.append(f"beam {number} ({name})" if name else f"beam {number}")
    if angle := numbers_of(dataset, "GantryAngle"):
        parts.append(f"gantry {float(angle[0]):.4g}°")
    return " · ".join(parts)


def _short(name: str) -> str:
    """A name of a file that leaves room beside it: both ends of one that is a UID."""
    return name if len(name) <= _LONGEST else f"{name[:12]}…{name[13 - _LONGEST :]}"
