"""From judged objects to finished ones: UIDs decided, built, references followed."""

from __future__ import annotations

from collections.abc import Sequence

from rtxr.errors import Finding, in_iod
from rtxr.export import before_saving, files, identity, outdated
from rtxr.export.before_saving import BeforeSave
from rtxr.export.deidentified import Finished
from rtxr.export.objects import Outgoing
from rtxr.iod import provenance
from rtxr.iod.build import build


def finish(
    judged: Sequence[Outgoing],
    uids: identity.UIDPolicy,
    *,
    strict: bool,
    signed: bool,
    before_save: BeforeSave | None = None,
) -> tuple[list[Finished], list[Finding]]:
    """The objects as they would be written.

    Parameters
    ----------
    judged : sequence of Outgoing
        With all their values, and why they changed.
    uids : {"auto", "new", "keep"}
        See :func:`rtxr.export.to_dicom`.
    strict : bool
        Flaws that came unchanged with the source are violations too.
    signed : bool
        Whether nothing is done to them afterwards, so that signatures of unchanged ones hold.
    before_save : callable, optional
        See :func:`rtxr.export.to_dicom`.

    Returns
    -------
    list of Finished
        In the order of the objects.
    list of Finding
        What was decided, added, inherited, and violations.
    """
    finished, findings = _finished(judged, uids, strict, signed)
    if before_save is None or any(each.severity == "error" for each in findings):
        return finished, findings
    edits = before_saving.edits(before_save, finished)
    if not any(edits):
        return finished, findings
    marked = before_saving.marked(judged, edits)
    renewed, findings = _finished(marked, uids, strict, signed)
    changed, more = before_saving.applied(edits, finished, renewed)
    return changed, [*findings, *more]


def _finished(
    judged: Sequence[Outgoing], uids: identity.UIDPolicy, strict: bool, signed: bool
) -> tuple[list[Finished], list[Finding]]:
    """UIDs decided, built, references followed."""
    identified, findings = identity.assign(judged, uids)
    finished: list[Finished] = []
    for each in identified.objects:
        stamped: dict[str, object] = {}
        facts = each.facts
        header = None if facts else each.header
        if each.changes:
            source = header if each.record else None
            stamped = provenance.changed_values(each.iod, source, each.why, derived=each.edited)
            stamped = {key: value for key, value in stamped.items() if key not in facts}
        values = {**stamped, **facts, **each.values}
        built = build(each.iod, header, values, derived=each.derived, strict=strict)
        identified.follow(built.dataset)
        gone = outdated.settle(built.dataset, each, signed=signed)
        noticed = (*each.findings, *built.findings, *built.violations, *gone)
        findings += [in_iod(finding, each.iod.name) for finding in noticed]
        ready = files.Ready(each.file_name, each.iod.name, built.dataset, each.pixels, each.why)
        finished.append(Finished(ready, each, stamped))
    return finished, findings
