"""Check DICOM files, whoever wrote them: the file format, the tables of their IODs, their links.

scan > each file by itself (bytes > tables > pixels > numbers) > all files together (duplicates >
entities > references) > one table. Nothing is raised for a bad file; each flaw is a row.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pandas as pd
import pydicom
import xarray as xr

from rtxr.catalog import find_cases
from rtxr.errors import (
    CustomCodeError,
    Finding,
    NotDicomError,
    RTXRError,
    Violation,
    merged,
    violation_table,
)
from rtxr.index.from_path import scan
from rtxr.index.index import Index
from rtxr.iod.audit import BAD_VALUE, audit
from rtxr.iod.values.allowed import UNDEFINED_TERM
from rtxr.iod.violations import of_flaw
from rtxr.read.case import noticed
from rtxr.read.progress import bar
from rtxr.read.scanning.listing import PathLike
from rtxr.validation import checks, entities, file_format, pixels, references
from rtxr.validation.certainty import severity_of
from rtxr.validation.facts import Facts, facts_of
from rtxr.validation.opened import Opened, open_object
from rtxr.validation.subject import Subject, keywords_of

__all__ = ["validate"]

#: Findings of the index about files, which are said here too.
_OF_FILES = frozenset(
    (
        "dicomdir-files-missing",
        "dicomdir-ignored",
        "not-dicom",
        "unreadable-file",
        "unreadable-folder",
    )
)
_MEANT_AS_DICOM = re.compile(r"\.dcm\b", re.IGNORECASE)
_NOT_DICOM = "get the file anew, or give it a name that says what it is"
_AGAIN = "get the file anew"
_CHECK_POSITIONS = "check the positions, and that every slice is there once"
#: Findings of the index about stacks, where they are more than a decision.
_OF_STACKS = frozenset(("interleaved-slices", "several-images-at-one-position", "slices-set-aside"))
#: Findings of opening that are said here too > what to do.
_OF_OPENING = {
    "dose-not-opened": "get the file anew, or correct it as the message says",
    "dose-units": "write GY, and the dose in it",
    "duplicate-position": _CHECK_POSITIONS,
    "frame-count-mismatch": "get the file anew, or correct the count that is wrong",
    "image-not-opened": "get the files anew, or correct them as the message says",
    "irregular-spacing": _CHECK_POSITIONS,
    "missing-slices": "look for the missing files",
    "mixed-series": "make those of another kind a series of their own",
    "rescale-missing": "write slope and intercept",
    "slices-left-out": "correct these files as the message says",
    "slices-off-line": _CHECK_POSITIONS,
}
_MAYBE = "write it if its condition holds, which the object does not say"
_UID = "(0008,0018) SOPInstanceUID"
_ORDER = ("error", "warning", "info")


def validate(path: PathLike | Iterable[PathLike], *, progress: bool | None = None) -> pd.DataFrame:
    """Check DICOM files against the Standard, each by itself and all together.

    Parameters
    ----------
    path : path or iterable of paths
        A file, a zip archive, or folders with all their sub-folders. Pixels are not read.
    progress : bool, optional
        Show a progress bar: always, never, or (default) on checks longer than two seconds.

    Returns
    -------
    DataFrame
        A row per flaw, errors first: severity, code, IOD, module, attribute (``(gggg,eeee)
        Keyword``, with the sequences around it), type, message (what is wrong), fix (what to do),
        uid, path. ``error``: the Standard forbids it; ``warning``: it harms work; ``info``: good to
        know. What several objects share is one row that says how many, at the first of them.

    Raises
    ------
    FileNotFoundError
        A path does not exist.
    NotDicomError
        There is no DICOM file.
    RTXRError
        A Dataset or tree was given: ``ds.rt.validate()``, ``tree.rt.validate()``.

    Notes
    -----
    Checked are the file format (PS3.10 7.1), the encoding of every element (PS3.5), the modules of
    the IODs that rtxr has tables of (PS3.3; see :func:`rtxr.conformance`), lengths and description
    of pixels, numbers that refer within and between objects, SOP Instance UIDs, and the classes,
    patients, studies and frames of reference of what objects name. Instances that are named and not
    here are warnings, and infos where one file was given. Pixel values are not looked at.
    """
    _require_paths(path)
    index = scan(path, progress=progress)
    if not len(index):
        raise NotDicomError(f"{_named(path)} holds no DICOM object: {_instead(index)}")
    found: list[Finding] = [*_of_index(index), *_of_opening(index)]
    objects: list[Facts] = []
    paths = index.table["path"].tolist()
    for each in bar(paths, progress, "checking files", total=len(paths)):
        rows, facts = _of_file(each)
        found += rows
        objects += facts
    found += entities.check(objects)
    by_uid = {each.subject.uid: each for each in objects if each.subject.uid}
    found += references.check(objects, references.Objects(by_uid, alone=len(paths) == 1))
    return violation_table(sorted(merged(found), key=lambda row: _ORDER.index(row.severity)))


def _of_index(index: Index) -> Iterator[Finding]:
    """What the index noticed about files."""
    for each in index.findings.to_dict("records"):
        code, severity, message = each["code"], each["severity"], each["message"]
        found = Violation(code, severity, message, each["uid"], each["path"])
        if code == "unreadable-file":
            yield replace(found, severity="error", fix=_AGAIN)
        elif code == "duplicate-sop-instance":
            differ = severity == "warning"
            fix = "give one of them a UID of its own, or remove it" if differ else ""
            yield replace(found, severity="error" if differ else severity, attribute=_UID, fix=fix)
        elif code == "not-dicom" and _MEANT_AS_DICOM.search(f"{found.path}\n{message}"):
            yield replace(found, severity="warning", fix=_NOT_DICOM)
        elif code in _OF_FILES:
            yield found
        elif code in _OF_STACKS and severity != "info":
            yield replace(found, fix=_CHECK_POSITIONS)


def _of_opening(index: Index) -> Iterator[Finding]:
    """What opening the cases says of their stacks and scaling."""
    found = (each for case in find_cases(index.table).cases for each in noticed(case))
    for each in dict.fromkeys(found):
        if each.code in _OF_OPENING and each.severity != "info":
            what = Violation(each.code, each.severity, each.message, each.uid, each.path)
            yield replace(what, fix=_OF_OPENING[each.code])


def _of_file(path: str) -> tuple[list[Violation], list[Facts]]:
    """Rows about one file, and what others may name of it; nothing raises."""
    try:
        opened = open_object(path)
        return list(_checked(opened)), [facts_of(opened.subject, opened.walk)]
    except (NotDicomError, OSError) as error:
        message = f"cannot be checked: {error}"
    except CustomCodeError:  # of a module that the user registered, not of the file
        raise
    except Exception as error:  # one bad file never ends a check
        message = f"cannot be checked: {type(error).__name__}"
    return [Subject(path, "", "").violation("unreadable-file", "error", "", message, _AGAIN)], []


def _checked(opened: Opened) -> Iterator[Violation]:
    """All that is wrong with one file by itself."""
    subject, iod = opened.subject, opened.subject.iod
    yield from file_format.check(opened)
    if not subject.sop_class:
        message = "has no value, and PS3.3 C.12.1 asks for one: no module was checked"
        fix = "write the SOP Class UID of what the object is"
        yield subject.violation("missing-type-1", "error", "SOPClassUID", message, fix)
    elif iod is None:
        message = f"is that of {subject.iod_name}, which has no table here: modules not checked"
        fix = "nothing has to be done; rtxr.conformance says which tables there are"
        yield subject.violation("no-table", "info", "SOPClassUID", message, fix)
    else:
        said = {("SpecificCharacterSet", UNDEFINED_TERM)} | {
            (keywords_of(path), detail)
            for code, path, detail in opened.walk.flaws
            if code == "value-count"
        }
        for flaw in audit(opened.dataset, iod).values():
            if opened.walk.damage and flaw.code != BAD_VALUE:
                continue  # it may stand behind the break
            if (flaw.path, flaw.detail) in said:
                continue  # by the file's format, of items too that no table has
            severity = severity_of(flaw, opened.dataset, iod)
            row = of_flaw(flaw, iod, subject.uid, path=subject.path)
            fix = _MAYBE if severity == "info" else row.fix
            yield replace(row, severity=severity, fix=fix)
        if (modality := opened.text("Modality")) and modality != iod.modality:
            message = f"is not that of its SOP class, {iod.modality}"
            yield subject.violation(
                "bad-value", "error", "Modality", message, f"write {iod.modality}"
            )
    if not opened.walk.damage:
        yield from pixels.check(opened)
        yield from checks.check(opened.subject, opened.walk.items)


def _require_paths(given: object) -> None:
    """Raise RTXRError for what is checked in another way than files."""
    instead = {
        xr.Dataset: "ds.rt.validate()",
        xr.DataTree: "tree.rt.validate()",
        pydicom.Dataset: "rtxr.validate(path), after dataset.save_as(path)",
    }
    for kind, how in instead.items():
        if isinstance(given, kind):
            raise RTXRError(f"rtxr.validate checks files, and this is a {kind.__name__}: use {how}")


def _instead(index: Index) -> str:
    """What there is where no DICOM object is."""
    rows = index.findings.to_dict("records")
    if not rows:
        return "there is no file in it"
    more = f"; {len(rows) - 1} more row(s) in rtxr.scan(...).findings" if len(rows) > 1 else ""
    return f"{os.path.basename(rows[0]['path'])}: {rows[0]['message']}{more}"


def _named(path: PathLike | Iterable[PathLike]) -> str:
    return os.fspath(path) if isinstance(path, str | os.PathLike) else "what was given"
