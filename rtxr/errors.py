"""The errors rtxr raises and the findings it collects.

An error stops; a finding is something odd that did not have to. Both say what was asked, what
exists and what to do, and neither carries anything about a patient beyond file names and UIDs.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """Something a reader, a computation or an export noticed.

    Parameters
    ----------
    code : str
        Stable kebab-case name, for example ``"duplicate-sop-instance"``.
    severity : {"info", "warning", "error"}
        ``info``: a decision was made; ``warning``: numbers may be affected; ``error``: an object
        or a value could not be used.
    message : str
        What was found, what exists, what was done or can be done about it.
    uid : str, optional
        SOPInstanceUID or SeriesInstanceUID concerned.
    path : str, optional
        File concerned.
    """

    code: str
    severity: Severity
    message: str
    uid: str = ""
    path: str = ""

    def __str__(self) -> str:
        where = " ".join(part for part in (self.uid, self.path) if part)
        return f"{self.severity} {self.code}: {self.message}" + (f" [{where}]" if where else "")


@dataclass(frozen=True)
class Violation(Finding):
    """A finding about one attribute of a DICOM object, or about an object, told in its parts.

    Of severity ``"error"`` it says what the Standard forbids, else what was added, inherited or
    may harm work.

    Parameters
    ----------
    iod : str
        Name of the IOD in PS3.3, such as ``"RT Dose"``; empty where it is about no single object.
    module : str
        Module whose table has the attribute, such as ``"General Study"``.
    attribute : str
        ``"(gggg,eeee) Keyword"``, followed by ``" in OuterSequence.InnerSequence"`` when nested.
    type : str
        ``"1"``, ``"1C"``, ``"2"``, ``"2C"`` or ``"3"``, as the module says.
    fix : str
        What to do.
    """

    iod: str = ""
    module: str = ""
    attribute: str = ""
    type: str = ""
    fix: str = ""

    def __str__(self) -> str:
        module = f"{self.module} module" if self.module else ""
        table = " of ".join(part for part in (module, self.iod) if part)
        asked = ", ".join(part for part in (self.type and f"type {self.type}", table) if part)
        what = self.message + (f" ({asked})" if asked else "")
        return str(
            Finding(
                self.code,
                self.severity,
                what + (f"; {self.fix}" if self.fix else ""),
                self.uid,
                self.path,
            )
        )


#: Columns of a table of violations > what each holds of a finding.
_COLUMNS = {
    "severity": "severity",
    "code": "code",
    "IOD": "iod",
    "module": "module",
    "attribute": "attribute",
    "type": "type",
    "message": "message",
    "fix": "fix",
    "uid": "uid",
    "path": "path",
}


def violation_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """Findings as a table, what is known of the attribute concerned in columns of its own.

    Returns
    -------
    DataFrame
        Columns severity, code, IOD, module, attribute, type, message (what is wrong), fix (what to
        do), uid, path; text, empty where a finding says nothing of it. See :class:`Violation`.
    """
    rows = [[getattr(each, name, "") for name in _COLUMNS.values()] for each in findings]
    return pd.DataFrame(rows, columns=list(_COLUMNS), dtype=object)


def in_iod(finding: Finding, iod: str, path: str = "") -> Violation:
    """A finding with the IOD (and path) of its object, as far as it did not say them."""
    if isinstance(finding, Violation):
        return replace(finding, iod=finding.iod or iod, path=finding.path or path)
    where = finding.path or path
    return Violation(finding.code, finding.severity, finding.message, finding.uid, where, iod=iod)


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for what several objects share, with their number; the first one's UID."""
    shared: dict[Finding, list[Finding]] = {}
    for finding in dict.fromkeys(findings):
        shared.setdefault(replace(finding, uid="", path=""), []).append(finding)
    return [
        some[0]
        if len(some) == 1
        else replace(some[0], message=f"{some[0].message} [{len(some)} objects]")
        for some in shared.values()
    ]


_SEVERITIES = ("error", "warning", "info")
_OBJECTS = re.compile(r" \[(\d+) objects\]$")


def arranged(findings: Iterable[Finding]) -> list[Finding]:
    """Findings with what matters first; what objects of several IODs share is one that names them.

    Parameters
    ----------
    findings : iterable of Finding
        Those that are the same but for their IOD, UID and path become one, at the first of them.
    """
    groups: dict[Finding, list[Finding]] = {}
    for each in findings:
        key = replace(each, message=_OBJECTS.sub("", each.message), uid="", path="")
        groups.setdefault(replace(key, iod="") if isinstance(key, Violation) else key, []).append(
            each
        )
    found = [_of_several(*group) for group in groups.items()]
    return sorted(found, key=lambda each: _SEVERITIES.index(each.severity))


def _of_several(key: Finding, some: Sequence[Finding]) -> Finding:
    iods = list(dict.fromkeys(each.iod for each in some if isinstance(each, Violation)))
    if len(some) == 1 or not isinstance(some[0], Violation):
        return some[0]
    counts = [_OBJECTS.search(each.message) for each in some]
    total = sum(int(found[1]) if found else 1 for found in counts)
    return replace(some[0], message=f"{key.message} [{total} objects]", iod=", ".join(iods))


class RTXRError(Exception):
    """Base of every error that rtxr raises on purpose."""


class NotDicomError(RTXRError, ValueError):
    """A path holds nothing that can be read as DICOM."""


class EmptySelectionError(RTXRError, ValueError):
    """A selection of the index left nothing."""


class AmbiguousCaseError(RTXRError, ValueError):
    """One case was asked for and the index holds several (or none that can be opened)."""


class GeometryError(RTXRError, ValueError):
    """Positions, orientations or coordinates do not make a grid."""


class MissingDataError(RTXRError, KeyError):
    """The Dataset does not hold what a computation needs."""

    def __str__(self) -> str:  # KeyError would show the repr of the message
        return str(self.args[0]) if self.args else ""


class ConflictingDataError(RTXRError, ValueError):
    """Parts of a Dataset contradict each other."""


class UnknownNameError(MissingDataError):
    """A name (ROI, metric, IOD, column) that does not exist; the nearest ones are named."""


class MissingExtraError(RTXRError, ImportError):
    """An optional dependency is not installed; the message names the extra."""


class PixelDecodeError(RTXRError, ValueError):
    """Pixel data cannot be decoded; the message names the element, the syntax and the extra."""


class ConformanceError(RTXRError, ValueError):
    """An export would not conform; ``findings`` holds every violation at once."""

    def __init__(self, message: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join([message, *(f"  - {finding}" for finding in findings)]))

    @property
    def table(self) -> pd.DataFrame:
        """The violations as a table; see :func:`violation_table`."""
        return violation_table(self.findings)


class CustomCodeError(RTXRError):
    """A user's function (of a module, of new objects, before saving) failed; nothing was written.

    What it raised, if it did, is the ``__cause__``.
    """


class ExistingFilesError(RTXRError, FileExistsError):
    """An export would overwrite files and was not told to."""


def pip_install(extra: str) -> str:
    """Command that installs an extra, quoted since shells read square brackets as patterns."""
    return f"pip install 'rtxr[{extra}]'"


def above_0(name: str, value: Any, what: str = "") -> float:
    """What a caller gave as a float: a number, or an array without dimensions.

    Raises
    ------
    RTXRError
        It is no finite number above 0; ``what`` says what it should be.
    """
    number = value.item() if getattr(value, "shape", None) == () else value
    if isinstance(number, int | float) and not isinstance(number, bool) and 0 < number < math.inf:
        return float(number)
    given = repr(number) if isinstance(number, int | float | str | None) else type(value).__name__
    wanted = f" ({what})" if what else ""
    raise RTXRError(f"{name}={given}: it must be above 0, a finite number{wanted}")


def did_you_mean(asked: object, existing: Iterable[str], limit: int = 8) -> str:
    """Sentence that names what exists, nearest first, for the end of an error message."""
    asked = str(asked)
    names = list(dict.fromkeys(existing))
    folded = {name.casefold(): name for name in reversed(names)}
    near = difflib.get_close_matches(asked.casefold(), folded, n=3, cutoff=0.6)
    near = near or [name for name in folded if asked and asked.casefold() in name][:3]
    if near:
        return "did you mean " + " or ".join(repr(folded[name]) for name in near) + "?"
    if not names:
        return "there are none"
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return "there are " + ", ".join(map(repr, names[:limit])) + more
