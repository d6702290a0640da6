"""An index as text and as HTML: patient > study > series, cases and findings, with counts.

The patient is named by PatientID only. Both forms stay short for thousands of series.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import PurePath
from typing import Any

import pandas as pd

from rtxr.catalog import Case
from rtxr.catalog.table import IMAGE_KINDS
from rtxr.errors import Finding, Severity

#: Series, cases and kinds of findings that are shown, each.
TEXT_ENTRIES, HTML_ENTRIES = 20, 200
_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True)
class Node:
    """A line of a tree with what is below it."""

    text: str
    below: tuple[Node, ...] = ()


def as_text(table: pd.DataFrame, cases: Sequence[Case], findings: Sequence[Finding]) -> str:
    """The tree as lines of text."""
    lines = [f"<rtxr.Index: {summary(table, cases, findings)}>"]
    for node in pruned(tree(table), TEXT_ENTRIES):
        lines += _lines(node, 0)
    if cases:
        lines.append("Cases: index.select(case=...).open()" if len(cases) > 1 else "Case")
        for node in _case_nodes(cases, TEXT_ENTRIES):
            lines += _lines(node, 1)
    if findings:
        lines.append("Findings: index.findings")
        lines += [f"  {line}" for line in _finding_counts(findings)]
    return _encodable("\n".join(lines))


def as_html(table: pd.DataFrame, cases: Sequence[Case], findings: Sequence[Finding]) -> str:
    """The tree as HTML that folds, without scripts, in the colours of the page around it."""
    sections = [
        _details("Patients", "".join(map(_html, pruned(tree(table), HTML_ENTRIES))), opened=True),
        _details(
            f"Cases ({len(cases)})",
            _html_list(_case_nodes(cases, HTML_ENTRIES)),
            opened=len(cases) > 1,
        ),
        _details(f"Findings ({len(findings)})", _findings_html(findings), opened=False),
    ]
    title = f"<strong>rtxr.Index</strong> {escape(summary(table, cases, findings))}"
    html = f'<div class="rtxr-index">{_STYLE}<div>{title}</div>{"".join(sections)}</div>'
    return _encodable(html)


def _encodable(text: str) -> str:
    """Text whose file names that are no UTF-8 show the bytes, since a page has to be encoded."""
    return text.encode("utf-8", "backslashreplace").decode()


def summary(table: pd.DataFrame, cases: Sequence[Case], findings: Sequence[Finding]) -> str:
    """Counts of everything, in one line."""
    counts = [
        _count(len(table), "object"),
        _count(table["PatientID"].nunique(), "patient"),
        _count(table["StudyInstanceUID"].nunique(), "study", "studies"),
        _count(
            len(table[["StudyInstanceUID", "SeriesInstanceUID"]].drop_duplicates()), "series", ""
        ),
        _count(len(cases), "case"),
    ]
    severities = Counter(finding.severity for finding in findings)
    noticed = [f"{severities[name]} {name}" for name in _SEVERITIES if severities[name]]
    return ", ".join(counts) + (f"; findings: {', '.join(noticed)}" if noticed else "")


def case_text(case: Case) -> str:
    """What a case holds, in a few words."""
    parts = []
    if case.image is not None:
        dynamic = [f" ({len(each.labels)} x {each.name})" for each in case.leading]
        slices = _count(len(case.image), "slice") + "".join(dynamic)
        parts.append(f"{case.kind} {slices}")
    if case.structure_set is not None:
        parts.append(_titled("structure set", case.structure_set["StructureSetLabel"]))
    if case.plan is not None:
        parts.append(_titled("plan", case.plan["RTPlanLabel"]))
    if case.doses:
        kinds = Counter(dose["DoseSummationType"] or "untyped" for dose in case.doses)
        detail = ", ".join(kind if n == 1 else f"{n} {kind}" for kind, n in kinds.items())
        parts.append(f"{_count(len(case.doses), 'dose')} ({detail})")
    if len(case.rt_images):
        parts.append(_count(len(case.rt_images), "RT image"))
    return ", ".join(parts)


def case_texts(cases: Sequence[Case]) -> list[str]:
    """What each case holds; where several hold the same, with the folder and file it begins."""
    texts = [case_text(case) for case in cases]
    counts = Counter(texts)
    starts = [
        _start(case) if counts[text] > 1 else "" for case, text in zip(cases, texts, strict=True)
    ]
    return [text + start for text, start in zip(texts, starts, strict=True)]


def _start(case: Case) -> str:
    """File that tells a case from one of the same image: its plan's, structure set's or dose's."""
    path = (case.objects[-1] if case.objects else case.lead)["path"]
    return f" [{_short(path)}]"


def _short(path: str) -> str:
    """The last folder and name of a path."""
    return "/".join(PurePath(path).parts[-2:]) if path else ""


def cases_table(cases: Sequence[Case]) -> pd.DataFrame:
    """What each case holds, a row per case; see :attr:`rtxr.Index.cases`."""
    labels = pd.Index([case.label for case in cases], name="case", dtype="object")
    return pd.DataFrame([_case_row(case) for case in cases], index=labels, columns=_CASE_COLUMNS)


_CASE_COLUMNS = [
    *("PatientID", "StudyDate", "StudyDescription", "image", "slices", "varies"),
    *(
        "SeriesDescription",
        "StructureSetLabel",
        "RTPlanLabel",
        "doses",
        "DoseSummationType",
        "rt_images",
        "lacks",
    ),
    "findings",
]


def _case_row(case: Case) -> dict[str, Any]:
    image = case.image
    names = ("PatientID", "StudyDate", "StudyDescription", "SeriesDescription")
    if image is None:
        facts = {name: case.lead[name] for name in names}
    else:  # a row or column of a table costs much more than some values
        columns = list(image.columns)
        facts = {name: image.iat[0, columns.index(name)] for name in names}
    return {
        **{name: facts[name] for name in names[:3]},
        "image": case.kind,
        "slices": 0 if image is None else len(image),
        "varies": ", ".join(f"{len(each.labels)} x {each.name}" for each in case.leading),
        "SeriesDescription": "" if image is None else facts["SeriesDescription"],
        "StructureSetLabel": _label(case.structure_set, "StructureSetLabel"),
        "RTPlanLabel": _label(case.plan, "RTPlanLabel"),
        "doses": len(case.doses),
        "DoseSummationType": case.doses[0]["DoseSummationType"] if case.doses else "",
        "rt_images": len(case.rt_images),
        "lacks": ", ".join(lacking(case)),
        "findings": len(case.findings),
    }


def lacking(case: Case) -> list[str]:
    """What a case has none of: image, structure set, plan, dose."""
    parts = {
        "image": case.image,
        "structure set": case.structure_set,
        "plan": case.plan,
        "dose": case.doses or None,
    }
    return [name for name, part in parts.items() if part is None]


def _label(row: pd.Series[Any] | None, column: str) -> Any:
    return pd.NA if row is None else row[column]


def cases_to_choose(cases: Sequence[Case]) -> str:
    """Message that lists cases with the call that picks each."""
    shown = cases[:TEXT_ENTRIES]
    lines = [
        f"  index.select(case={case.label})  # {text}"
        for case, text in zip(shown, case_texts(shown), strict=True)
    ]
    if len(cases) > TEXT_ENTRIES:
        lines.append(f"  ... and {len(cases) - TEXT_ENTRIES} more: see index.cases")
    return (
        f"there are {len(cases)} cases; open one of them with index.select(case=...).open() "
        "or open_dir(path, case=...):\n" + "\n".join(lines)
    )


def _count(number: int, noun: str, plural: str | None = None) -> str:
    several = f"{noun}s" if plural is None else plural or noun
    return f"{number} {noun if number == 1 else several}"


def _titled(noun: str, title: str) -> str:
    return f"{noun} {title!r}" if title else noun


# --- patient > study > series ---------------------------------------------------------------------
_LEVELS = ["PatientID", "StudyInstanceUID", "SeriesInstanceUID", "Modality"]
_LABELS = ("StructureSetLabel", "RTPlanLabel", "RTImageLabel")


def tree(table: pd.DataFrame) -> list[Node]:
    """Patients, studies and series of a table, in its order."""
    columns = ["StudyDate", "StudyDescription", "SeriesNumber", "SeriesDescription", *_LABELS]
    groups = table.groupby(_LEVELS, sort=False)
    series = groups[columns].first().assign(count=groups.size()).reset_index()
    patients: dict[str, dict[str, list[dict[Any, Any]]]] = {}
    for row in series.to_dict("records"):
        studies = patients.setdefault(row["PatientID"], {})
        studies.setdefault(row["StudyInstanceUID"], []).append(row)
    return [
        Node(
            f"Patient {patient or '(no PatientID)'}",
            tuple(
                Node(_study_text(rows[0]), tuple(Node(_series_text(row)) for row in rows))
                for rows in studies.values()
            ),
        )
        for patient, studies in patients.items()
    ]


def _study_text(row: dict[Any, Any]) -> str:
    date = row["StudyDate"]
    if len(date) == 8 and date.isdigit():
        date = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    text = " ".join(part for part in (date, row["StudyDescription"]) if part)
    return f"Study {text or row['StudyInstanceUID'] or '(no StudyInstanceUID)'}"


def _series_text(row: dict[Any, Any]) -> str:
    noun = "image" if row["Modality"] in IMAGE_KINDS else "object"
    number = "" if pd.isna(row["SeriesNumber"]) else f"series {row['SeriesNumber']}"
    labels = dict.fromkeys(row[name] for name in (*_LABELS, "SeriesDescription"))
    parts = [_count(row["count"], noun), number, *labels]
    return f"{row['Modality'] or '(no Modality)'}: {', '.join(part for part in parts if part)}"


def _case_nodes(cases: Sequence[Case], most: int) -> list[Node]:
    shown = cases[:most]
    nodes = [
        Node(f"{case.label}: {text}") for case, text in zip(shown, case_texts(shown), strict=True)
    ]
    more = len(cases) - len(shown)
    return [*nodes, Node(f"... and {more} more")] if more else nodes


def pruned(nodes: Sequence[Node], most: int) -> list[Node]:
    """The first part of a tree, with no more than some leaves, and how much was left out."""
    kept: list[Node] = []
    for node in nodes:
        if most <= 0:
            break
        leaves = _leaves(node)
        kept.append(node if leaves <= most else Node(node.text, tuple(pruned(node.below, most))))
        most -= leaves
    if len(kept) < len(nodes):
        kept.append(Node(f"... and {len(nodes) - len(kept)} more"))
    return kept


def _leaves(node: Node) -> int:
    return sum(map(_leaves, node.below)) or 1


def _lines(node: Node, depth: int) -> list[str]:
    below = [line for each in node.below for line in _lines(each, depth + 1)]
    return ["  " * depth + node.text, *below]


# --- findings and HTML ----------------------------------------------------------------------------
def _finding_counts(findings: Iterable[Finding]) -> list[str]:
    counts = Counter((finding.severity, finding.code) for finding in findings)
    ordered = sorted(counts.items(), key=lambda item: _SEVERITIES.index(item[0][0]))
    return [f"{severity} {code}: {count}" for (severity, code), count in ordered]


_STYLE = (
    "<style>.rtxr-index{color:inherit;font-size:90%}"
    ".rtxr-index details{margin-left:1.2em}"
    ".rtxr-index summary{cursor:pointer;margin-left:-1.2em}"
    ".rtxr-index ul{margin:0;padding-left:1.2em}"
    ".rtxr-index td{text-align:left;padding:0 .6em;color:inherit;background:transparent}"
    "</style>"
)


def _details(title: str, body: str, opened: bool) -> str:
    state = " open" if opened else ""
    return f"<details{state}><summary>{escape(title)}</summary>{body}</details>" if body else ""


def _html(node: Node) -> str:
    """Nodes without further levels below them are plain list entries."""
    if not node.below:
        return f"<div>{escape(node.text)}</div>"
    if all(not each.below for each in node.below):
        return _details(node.text, _html_list(node.below), opened=True)
    return _details(node.text, "".join(map(_html, node.below)), opened=True)


def _html_list(nodes: Sequence[Node]) -> str:
    entries = "".join(f"<li>{escape(node.text)}</li>" for node in nodes)
    return f"<ul>{entries}</ul>" if entries else ""


def _findings_html(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    ordered = sorted(findings, key=lambda finding: _SEVERITIES.index(finding.severity))
    rows = "".join(map(_finding_row, ordered[:HTML_ENTRIES]))
    more = len(ordered) - HTML_ENTRIES
    return f"<table>{rows}</table>" + (f"<div>... and {more} more</div>" if more > 0 else "")


def _finding_row(finding: Finding) -> str:
    texts = (finding.severity, finding.code, finding.message, _short(finding.path))
    return f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in texts)}</tr>"
