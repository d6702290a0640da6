"""The tree patient > study > series of an index: what a pruning shows, as compact columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

BoolArray = npt.NDArray[np.bool_]
#: What tells series apart; an object of another modality under the same UID is a series of its own.
LEVELS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "Modality")
SEVERITIES = ("error", "warning", "info")
#: Letters from which on a word of a filter is looked for within words too.
_ANYWHERE = 3
_LABELS = ("StructureSetLabel", "RTPlanLabel", "RTImageLabel", "SeriesDescription")
_FACTS = ("StudyDate", "StudyDescription", "SeriesNumber", *_LABELS)


@dataclass(frozen=True)
class Group:
    """A patient or study: the series from ``first`` up to ``end``, which is not one of them.

    Parameters
    ----------
    level : int
        0 of a patient, 1 of a study.
    title, detail : str
        What it is called, and in fewer words when.
    first, end : int
        Its series among those of the tree.
    """

    level: int
    title: str
    detail: str
    first: int
    end: int


class SeriesTree:
    """Patients, studies and series of a table, in its order.

    Parameters
    ----------
    table : DataFrame
        As from :func:`rtxr.catalog.build_table`; a row per file.

    Attributes
    ----------
    series : DataFrame
        A row per series, those of one study and of one patient together: :data:`LEVELS`, what the
        first file that says so calls it, ``objects`` (their number) and ``bytes``.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        keys = table[list(LEVELS)]
        groups = keys.groupby(list(LEVELS), sort=False, dropna=False)
        of_file = np.asarray(groups.ngroup(), dtype=np.int64)
        series = _facts(table, of_file)
        order = _together(series)
        self.series = series.iloc[order].reset_index(drop=True)
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        self._of_file = place[of_file]
        self._uids = {name: table[name] for name in ("path", "SOPInstanceUID")}

    def __len__(self) -> int:
        return len(self.series)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """SeriesInstanceUIDs; what comes again, in another study or modality, has ``#2`` behind."""
        seen: Counter[str] = Counter()
        names = []
        for uid in self.series["SeriesInstanceUID"]:
            seen[uid] += 1
            names.append(uid if seen[uid] == 1 else f"{uid}#{seen[uid]}")
        return tuple(names)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Patients, each followed by its studies."""
        return tuple(_groups(self.series))

    @cached_property
    def _texts(self) -> list[str]:
        """What a filter looks at, by series: all that a row and the rows above it show."""
        shown = ("PatientID", "StudyDescription", "Modality", *_LABELS)
        columns = [self.series[name] for name in shown]
        dates = [f"{date} {_dated(date)}" for date in self.series["StudyDate"]]
        numbers = [f"series {number}" if number else "" for number in self._numbers]
        uids = (self.series["StudyInstanceUID"], self.series["SeriesInstanceUID"])
        rows = zip(*columns, dates, numbers, *uids, strict=True)
        return ["\n".join(map(str, row)).casefold() for row in rows]

    @property
    def _numbers(self) -> list[str]:
        return ["" if pd.isna(each) else str(each) for each in self.series["SeriesNumber"]]

    def matching(self, text: str) -> BoolArray:
        """Series that a filter leaves: those in whose texts every word of it is found.

        Upper and lower case are the same. A word of one or two letters has to begin one, so that
        CT is no RTSTRUCT. Of a patient or study that fits, all series stay.
        """
        words = [_finder(word) for word in text.casefold().split()]
        found = [all(word(each) for word in words) for each in self._texts]
        return np.array(found, dtype=bool)

    def columns(self) -> dict[str, Any]:
        """The tree for a browser: lists by group and by series, sent once."""
        series, groups = self.series, self.groups
        titles = series[list(_LABELS)].itertuples(index=False, name=None)
        return {
            "groups": {
                name: [getattr(group, name) for group in groups]
                for name in ("level", "title", "detail", "first", "end")
            },
            "series": {
                "kind": series["Modality"].tolist(),
                "title": [", ".join(filter(None, dict.fromkeys(row))) for row in titles],
                "number": self._numbers,
                "objects": series["objects"].tolist(),
                "bytes": series["bytes"].tolist(),
            },
        }

    def badges(self, findings: pd.DataFrame) -> dict[str, list[Any]]:
        """Findings by the series they are about.

        Parameters
        ----------
        findings : DataFrame
            Columns code, severity, uid and path, as of :attr:`rtxr.Index.findings`.

        Returns
        -------
        dict
            Number of the series as text > how many errors, warnings and infos, and their codes
            as text. Findings about no file or series of the tree are left out.
        """
        places = self._places({*findings["path"], *findings["uid"]} - {""})
        by_series: dict[int, Counter[tuple[str, str]]] = {}
        columns = (findings[name] for name in ("severity", "code", "uid", "path"))
        for severity, code, uid, path in zip(*columns, strict=True):
            at = places.get(path, places.get(uid))
            if at is not None:
                by_series.setdefault(at, Counter())[severity, code] += 1
        return {str(at): _badge(found) for at, found in sorted(by_series.items())}

    def _places(self, named: Set[str]) -> dict[str, int]:
        """Series of some paths and UIDs."""
        places: dict[str, int] = {}
        for column in self._uids.values():
            held = column.isin(named).to_numpy()
            places |= dict(zip(column[held], self._of_file[held].tolist(), strict=True))
        uids = enumerate(self.series["SeriesInstanceUID"])
        for at, uid in uids:
            if uid in named:
                places.setdefault(uid, at)
        return places


def _facts(table: pd.DataFrame, of_file: npt.NDArray[np.int64]) -> pd.DataFrame:
    """A row per series, in the order of the table: the first value there is of each fact."""
    firsts = np.unique(of_file, return_index=True)[1]
    facts = table[[*LEVELS, *_FACTS]].iloc[firsts].reset_index(drop=True)
    for name in _FACTS:
        missing = facts[name].isna() | (facts[name] == "").fillna(True)
        if missing.any():  # a look at all files costs more than at one of each series
            given = table[name].notna() & (table[name] != "").fillna(False)
            first = pd.Series(of_file[given]).drop_duplicates()
            values = table.loc[given, name].iloc[first.index].set_axis(first)
            facts[name] = facts[name].where(~missing, facts.index.to_series().map(values))
    facts[list(LEVELS)] = facts[list(LEVELS)].fillna("")
    texts = [name for name in _FACTS if name != "SeriesNumber"]
    facts[texts] = facts[texts].fillna("")
    facts["objects"] = np.bincount(of_file, minlength=len(facts))
    sizes = table["bytes"].fillna(0).to_numpy(dtype=float)
    facts["bytes"] = np.bincount(of_file, sizes, minlength=len(facts)).astype(np.int64)
    return facts


def _together(series: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Order that puts series of one patient, and of one study of it, side by side."""
    patients = pd.factorize(series["PatientID"])[0]
    studies = series.groupby(list(LEVELS[:2]), sort=False).ngroup().to_numpy()
    return np.lexsort((np.arange(len(series)), studies, patients))


def _groups(series: pd.DataFrame) -> Iterator[Group]:
    keys = list(zip(*(series[name] for name in LEVELS[:2]), strict=True))
    if not keys:
        return
    changes = [at for at in range(len(keys)) if at == 0 or keys[at] != keys[at - 1]]
    ends = [*changes[1:], len(keys)]
    patients = [at for at in changes if at == 0 or keys[at][0] != keys[at - 1][0]]
    patient_ends = dict(zip(patients, [*patients[1:], len(keys)], strict=True))
    facts = series[["StudyDate", "StudyDescription"]].to_numpy()
    for at, end in zip(changes, ends, strict=True):
        patient, study = keys[at]
        if at in patient_ends:
            yield Group(0, patient or "(no PatientID)", "", at, patient_ends[at])
        date, title = facts[at]
        yield Group(1, title or study or "(no StudyInstanceUID)", _dated(date), at, end)


def _dated(date: str) -> str:
    whole = len(date) == 8 and date.isdigit()
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if whole else date


def _finder(word: str) -> Callable[[str], object]:
    begins = r"\b" if len(word) < _ANYWHERE else ""
    return re.compile(begins + re.escape(word)).search


def _badge(counts: Counter[tuple[str, str]]) -> list[Any]:
    ordered = sorted(counts.items(), key=lambda item: SEVERITIES.index(item[0][0]))
    codes = [f"{severity} {code}" + (f" ×{n}" if n > 1 else "") for (severity, code), n in ordered]
    numbers = [sum(n for (each, _), n in ordered if each == severity) for severity in SEVERITIES]
    return [*numbers, "\n".join(codes)]
