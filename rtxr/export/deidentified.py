"""De-identify the finished objects of an export: one profile, one map of UIDs, one offset of dates.

It comes after everything else is decided, so that what it sees is what would be written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset

from rtxr.errors import Finding, RTXRError
from rtxr.export.objects import Outgoing
from rtxr.export.writing.files import Ready
from rtxr.iod.audit import audit
from rtxr.iod.deidentification import Deidentify
from rtxr.iod.deidentification.statement import burned_in, state
from rtxr.iod.deidentification.walk import Walk
from rtxr.iod.deidentification.words import words_of
from rtxr.iod.encoding.raw import text_of
from rtxr.iod.tables import IOD
from rtxr.iod.violations import of_flaw

#: Why an object is not its source any more, and the finding that says what was done.
DEIDENTIFIED = "de-identified"


@dataclass(frozen=True)
class Finished:
    """An object as it would be written, with what the profile has to know of it.

    Parameters
    ----------
    ready : Ready
        The object.
    source : Outgoing
        What it was made of.
    stamped : collection of str
        Keywords that this export set because the object changed.
    by_hook : collection of str
        Keywords that ``before_save`` set: no word of it is the caller's own.
    """

    ready: Ready
    source: Outgoing
    stamped: Collection[str] = ()
    by_hook: Collection[str] = ()


def profile_of(deidentify: bool | Deidentify, uids: str) -> Deidentify | None:
    """What was asked for; None where nothing was.

    Raises
    ------
    RTXRError
        ``uids="keep"`` without the option that keeps them, or no profile.
    """
    if deidentify is False:
        return None
    profile = Deidentify() if deidentify is True else deidentify
    if not isinstance(profile, Deidentify):
        raise RTXRError(
            f"deidentify={type(profile).__name__}; give True or rtxr.Deidentify(options=[...])"
        )
    if uids == "keep" and "uids" not in profile.columns:
        raise RTXRError(
            'uids="keep" and the confidentiality profile contradict each other; name the option '
            '"Retain UIDs", or use uids="auto"'
        )
    return profile


def deidentified(
    finished: Sequence[Finished],
    profile: Deidentify,
    given: Callable[[Outgoing], Mapping[str, object]],
    findings: Sequence[Finding],
) -> tuple[list[Ready], list[Finding]]:
    """The objects after the profile, and the findings without anything of the old ones.

    Parameters
    ----------
    finished : sequence of Finished
        Objects of one case; not changed.
    profile : Deidentify
        What to do. Its ``uid_map`` grows by the UIDs met here.
    given : callable
        Attributes of an object that the caller set: they stay as they are.
    findings : sequence of Finding
        What was noticed before.
    """
    asked = [
        {key: value for key, value in given(each.source).items() if key not in each.by_hook}
        for each in finished
    ]
    for keyword, value in (pair for some in asked for pair in some.items()):
        if tag_for_keyword(keyword) and dictionary_VR(keyword) == "UI":
            profile.uid_map.setdefault(str(value), str(value))
    headers = [each.source.header or each.ready.dataset for each in finished]
    words = words_of(headers)
    patients = sorted({text_of(header, "PatientID") for header in headers} - {""})
    patient = patients[0] if patients else ""
    days = profile.days(patient)
    named = all("PatientID" in own for own in asked)
    pseudonym = "" if named else profile.pseudonym(patient)
    done: Counter[str] = Counter()
    made = []
    more: list[Finding] = []
    for each, own in zip(finished, asked, strict=True):
        walk = Walk(profile, each.source.iod, words, days, own, each.stamped, done)
        dataset = walk.cleaned(each.ready.dataset)
        state(dataset, profile, words, own, pseudonym)
        more += _new_flaws(each.ready.dataset, dataset, each.source.iod)
        why = "; ".join(filter(None, [each.ready.why, DEIDENTIFIED]))
        made.append(replace(each.ready, dataset=dataset, why=why))
    remapped = [_renamed(finding, profile) for finding in findings]
    return made, [*remapped, *more, *_said(finished, done)]


def _new_flaws(before: Dataset, after: Dataset, iod: IOD) -> list[Finding]:
    """What the tables ask for and the profile took, but for private rows: it takes them all."""
    flaws = {key: flaw for key, flaw in audit(after, iod).items() if not flaw.tag.is_private}
    if not flaws:
        return []
    had = audit(before, iod)
    return [
        replace(
            of_flaw(flaw, iod, text_of(after, "SOPInstanceUID")),
            fix="the confidentiality profile took it: give the attribute, or name its option",
        )
        for key, flaw in flaws.items()
        if key not in had or had[key].count < flaw.count
    ]


def _renamed(finding: Finding, profile: Deidentify) -> Finding:
    """A finding with new UIDs, without a path; a violation stops the export and keeps its own."""
    if finding.severity == "error":
        return finding
    return replace(finding, uid=profile.uid_map.get(finding.uid, finding.uid), path="")


def _said(finished: Sequence[Finished], done: Mapping[str, int]) -> list[Finding]:
    """What was done, in numbers, and what was not."""
    counts = ", ".join(f"{count} {what}" for what, count in sorted(done.items())) or "nothing found"
    text = (
        f"{len(finished)} objects went through the Basic Application Level Confidentiality Profile "
        f"(PS3.15 Annex E): {counts}; pixels were not looked at"
    )
    found = [Finding(DEIDENTIFIED, "info", text)]
    marked = sum(burned_in(each.ready.dataset) for each in finished)
    if marked:
        text = (
            f"{marked} image(s) say that text is burned into their pixels ((0028,0301) "
            "BurnedInAnnotation is YES); pixels are not cleaned, look at them"
        )
        found.append(Finding("burned-in-annotation", "warning", text))
    return found
