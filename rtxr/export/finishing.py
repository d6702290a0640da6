"""From judged objects to finished ones: UIDs decided, built, references followed."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from functools import partial

from rtxr.errors import Finding, in_iod
from rtxr.export import identity, outdated
from rtxr.export.custom import before_saving
from rtxr.export.custom.before_saving import BeforeSave
from rtxr.export.deidentified import Finished
from rtxr.export.objects import Outgoing
from rtxr.export.writing import files
from rtxr.iod import provenance
from rtxr.iod.build import build

#: Why an unchanged object is not its source any more.
NEW_UIDS = "new UIDs were asked for"


def finish(
    judged: Sequence[Outgoing],
    uids: identity.UIDPolicy,
    *,
    strict: bool,
    signed: bool,
    before_save: BeforeSave | None = None,
    uid_map: MutableMapping[str, str] | None = None,
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
    uid_map : mutable mapping, optional
        See :func:`rtxr.export.to_dicom`.

    Returns
    -------
    list of Finished
        In the order of the objects.
    list of Finding
        What was decided, added, inherited, and violations.
    """
    build_all = partial(_finished, uids=uids, uid_map=uid_map, strict=strict, signed=signed)
    finished, findings, seen = build_all(judged)
    if before_save is None or any(each.severity == "error" for each in findings):
        return finished, findings
    edits = before_saving.edits(before_save, finished)
    if not any(edits):
        return finished, findings
    marked = before_saving.marked(judged, edits)
    renewed, findings, now = build_all(marked)
    since = {**now, **{seen[old]: now[old] for old in seen if old in now}}
    changed, more = before_saving.applied(edits, renewed, since)
    return changed, [*findings, *more]


def _finished(
    judged: Sequence[Outgoing],
    *,
    uids: identity.UIDPolicy,
    uid_map: MutableMapping[str, str] | None,
    strict: bool,
    signed: bool,
) -> tuple[list[Finished], list[Finding], Mapping[str, str]]:
    """UIDs decided, built, references followed; and the map of old UIDs to new ones."""
    identified, findings = identity.assign(judged, uids, uid_map)
    finished: list[Finished] = []
    for each in identified.objects:
        stamped: dict[str, object] = {}
        facts = each.facts
        header = None if facts else each.header
        if each.changes and not each.is_composed:
            source = header if each.record else None
            stamped = provenance.changed_values(each.iod, source, each.why, derived=each.edited)
            stamped = {key: value for key, value in stamped.items() if key not in facts}
        values = {**stamped, **facts, **each.values}
        built = build(each.iod, header, values, derived=each.derived, strict=strict)
        identified.follow(built.dataset)
        gone = outdated.settle(built.dataset, each, signed=signed)
        noticed = (*each.findings, *built.findings, *built.violations, *gone)
        findings += [in_iod(finding, each.iod.name) for finding in noticed]
        why = each.why or (NEW_UIDS if uids == "new" else "")
        ready = files.Ready(each.file_name, each.iod.name, built.dataset, each.pixels, why)
        finished.append(Finished(ready, each, stamped))
    return finished, findings, identified.mapping
