"""Cases as the leaves of one DataTree: patient > study > case."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

import xarray as xr

from rtxr import model
from rtxr.catalog import Case
from rtxr.errors import Finding, RTXRError


def case_tree(
    cases: Iterable[Case], open_one: Callable[[Case], xr.Dataset], findings: Sequence[Finding]
) -> xr.DataTree:
    """Tree of some cases, each opened once.

    Parameters
    ----------
    cases : iterable of Case
        In the order of the tree.
    open_one : callable
        Opens a case; what it raises becomes a Finding.
    findings : sequence of Finding
        For the root.
    """
    names = _Names()
    nodes = {"/": xr.Dataset(attrs={model.FINDINGS_ATTR: model.findings_to_json(findings)})}
    for case in cases:
        patient, study = case.lead["PatientID"], case.lead["StudyInstanceUID"]
        patient_node = names.of("", patient, patient or "no PatientID")
        study_node = names.of(patient_node, study, case.lead["StudyDate"] or "no StudyDate")
        nodes.setdefault(study_node, xr.Dataset(attrs={"StudyInstanceUID": study}))
        nodes[f"{study_node}/{case.label}"] = _opened(case, open_one)
    return xr.DataTree.from_dict(nodes)


def _opened(case: Case, open_one: Callable[[Case], xr.Dataset]) -> xr.Dataset:
    """A case, or an empty Dataset with the Finding that says why: one never ends the others."""
    try:
        return open_one(case)
    except (RTXRError, OSError) as error:
        reason = str(error)
    except Exception as error:  # its text may hold anything, so that only its type is named
        reason = f"an unforeseen {type(error).__name__}; open this case alone to see it"
    failed = Finding("case-not-opened", "error", reason, path=case.lead["path"])
    attrs = {model.FINDINGS_ATTR: model.findings_to_json([*case.findings, failed])}
    return xr.Dataset(attrs=attrs)


#: Characters at which xarray, zarr or a file system splits a path.
_SPLITTING = str.maketrans("/\\", "__")


class _Names:
    """Names of nodes: a text of their own below each parent, without what a path splits at."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, Hashable], str] = {}
        self._taken: set[str] = set()

    def of(self, parent: str, key: Hashable, text: str) -> str:
        """Path of the node below a parent that stands for a key."""
        if (parent, key) not in self._given:
            plain = text.strip().translate(_SPLITTING).strip(".") or "_"
            path, number = f"{parent}/{plain}", 2
            while path in self._taken:
                path, number = f"{parent}/{plain} ({number})", number + 1
            self._taken.add(path)
            self._given[parent, key] = path
        return self._given[parent, key]
