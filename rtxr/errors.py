"""The errors rtxr raises and the findings it collects.

An error stops; a finding is something odd that did not have to. Both say what was asked, what
exists and what to do, and neither carries anything about a patient beyond file names and UIDs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

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


class ExistingFilesError(RTXRError, FileExistsError):
    """An export would overwrite files and was not told to."""


def pip_install(extra: str) -> str:
    """Command that installs an extra, quoted since shells read square brackets as patterns."""
    return f"pip install 'rtxr[{extra}]'"


def did_you_mean(asked: str, existing: Iterable[str], limit: int = 8) -> str:
    """Sentence that names what exists, nearest first, for the end of an error message."""
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
