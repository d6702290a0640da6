"""Which ROIs a name stands for: the one mechanism behind ``rois=``, masks, goals and expressions.

A name is looked up in this order; the first that fits counts.

=========================  ========================================================================
``"PTV_70"``               The label, letter by letter.
``"ptv_70"``               The label in another case, if it is the only one; two are an error.
``"/^ptv/"``               A regular expression between slashes, searched in the labels in any
``re.compile("^PTV")``     case; a compiled one is searched as it is. It may stand for several.
``"Lung_L"``               A standard name that :func:`alias` gave, in any case; the ROIs that have
                           it.
=========================  ========================================================================

What asks for one ROI, such as a mask, refuses a name that stands for several.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rtxr import model, tg263
from rtxr.errors import Finding, RTXRError, UnknownNameError, did_you_mean

#: A label, a regular expression between slashes, a compiled one, or a standard name.
RoiName = str | re.Pattern[str]
#: What ``rois=`` takes; None for all.
Rois = RoiName | Sequence[RoiName] | None
#: Standard name > names, or regular expressions, of the ROIs that are it.
AliasTable = Mapping[str, RoiName | Iterable[RoiName]]

_UNSAID = re.compile(r"[\s_.-]+")
_SHARED = "roi-alias-shared"


@dataclass(frozen=True)
class RoiNames:
    """The names of the ROIs of a case.

    Parameters
    ----------
    labels : tuple of str
        In the order of the Dataset.
    aliases : tuple of str, optional
        Standard name of each, empty for none.
    """

    labels: tuple[str, ...]
    aliases: tuple[str, ...] = ()

    @property
    def spellings(self) -> list[str]:
        """Every name there is: labels first, then standard names."""
        return list(dict.fromkeys([*self.labels, *filter(None, self.aliases)]))

    def find(self, asked: RoiName) -> list[str]:
        """Labels that a name stands for, in their order; none where there is no such ROI.

        Raises
        ------
        UnknownNameError
            Labels that differ in case only fit alike.
        RTXRError
            A regular expression that is none.
        """
        if asked in self.labels:
            return [str(asked)]
        pattern = asked if isinstance(asked, re.Pattern) else _pattern(str(asked))
        folded = asked.casefold() if isinstance(asked, str) else None
        same = [label for label in self.labels if label.casefold() == folded]
        if len(same) > 1:
            raise UnknownNameError(
                f"{asked!r} may be ROI {_either(same)}, which differ in case only: give one of them"
            )
        if same or pattern:
            return same or [label for label in self.labels if pattern and pattern.search(label)]
        given = zip(self.labels, self.aliases, strict=False)
        return [label for label, alias in given if alias and alias.casefold() == folded]

    def require(self, asked: RoiName) -> list[str]:
        """Labels that a name stands for, at least one.

        Raises
        ------
        UnknownNameError
            There is none, and the message shows the nearest; or as :meth:`find`.
        RTXRError
            A regular expression that is none.
        """
        found = self.find(asked)
        if found:
            return found
        if isinstance(asked, re.Pattern):
            asked = f"/{asked.pattern}/"
        raise UnknownNameError(f"no ROI {asked!r}; {did_you_mean(str(asked), self.spellings)}")

    def one(self, asked: RoiName) -> str:
        """Label of the only ROI that a name stands for.

        Raises
        ------
        UnknownNameError
            There is none or there are several.
        RTXRError
            A regular expression that is none.
        """
        found = self.require(asked)
        if len(found) > 1:
            raise UnknownNameError(
                f"one ROI is asked for, and {asked!r} stands for {_either(found)}: give one of them"
            )
        return found[0]


def names_of(ds: xr.Dataset) -> RoiNames:
    """Names of the ROIs that a Dataset holds now.

    Raises
    ------
    MissingDataError
        The Dataset has no structures.
    """
    labels = tuple(model.roi_labels(ds))
    if model.ROI_ALIAS not in ds.coords:
        return RoiNames(labels)
    return RoiNames(labels, tuple(map(str, np.atleast_1d(ds[model.ROI_ALIAS].values))))


def select(ds: xr.Dataset, rois: Rois = None) -> list[str]:
    """Labels of the ROIs asked for, each once, in the order of what was asked.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    rois : str, Pattern or sequence of them, optional
        Labels in any case, regular expressions (compiled, or as ``"/^ptv/"``) or standard names;
        all by default. See :mod:`rtxr.roi_names`.

    Raises
    ------
    UnknownNameError
        A name fits no ROI, and the message shows the nearest; or it fits labels that differ in
        case only.
    MissingDataError
        The Dataset has no structures.
    RTXRError
        A regular expression that is none.
    """
    names = names_of(ds)
    if rois is None:
        return list(names.labels)
    asked = rois if isinstance(rois, Iterable) and not isinstance(rois, str) else [rois]
    return list(dict.fromkeys(label for each in asked for label in names.require(each)))


def one(ds: xr.Dataset, roi: RoiName) -> str:
    """Label of one ROI; names and errors as :func:`select`, several are an error too."""
    return names_of(ds).one(roi)


def alias(ds: xr.Dataset, table: AliasTable | None = None) -> xr.Dataset:
    """Give ROIs standard names, by which everything that takes a ROI finds them.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    table : mapping, optional
        Standard name > names of the ROIs that are it, or regular expressions (compiled, or
        between slashes, which are searched in any case): ``{"Lung_L": ["Lung left",
        "/^lunge? li/"]}``. By default the frequent names of AAPM TG-263 with common spellings,
        :func:`rtxr.tg263.table`; ``{**rtxr.tg263.table(), "PTV": "PTV_final"}`` changes one of
        them.

    Returns
    -------
    Dataset
        With the coordinate ``roi_alias`` (roi): the standard name of each ROI, empty for none.
        Labels, ROI names and what an export writes stay as they are. Several ROIs with one
        standard name are a Finding, and the name then stands for all of them.

    Raises
    ------
    MissingDataError
        The Dataset has no structures.
    RTXRError
        One name for two standard names, or a regular expression that is none.

    Notes
    -----
    Of names, case, spaces, underscores, hyphens and dots do not count; a standard name stands for
    itself; names come before regular expressions, and those are tried in the order of the table.
    The coordinate goes through selection, renaming and saving; a structure that is added has none
    until this is called again.

    Examples
    --------
    >>> ds.rt.alias().rt.dvh_metrics("mean", ["Lung_L", "Heart"])  # doctest: +SKIP
    """
    if table is not None and not isinstance(table, Mapping):
        raise RTXRError(
            f"table={type(table).__name__}: give a mapping of standard name to names, such as "
            '{"Lung_L": ["Lung left"]}'
        )
    by_name, patterns = _sorted(tg263.table() if table is None else table)
    labels = model.roi_labels(ds)
    names = map(str, np.atleast_1d(ds[model.ROI_NAME].values))
    found = [
        _standard(label, by_name, patterns) or _standard(name, by_name, patterns)
        for label, name in zip(labels, names, strict=True)
    ]
    texts = np.array(found, dtype=np.str_).reshape(ds[model.ROI].shape)
    attrs = {"long_name": "standard name of the ROI, empty for none"}
    told = [each for each in model.findings_of(ds) if each.code != _SHARED] + [
        Finding(_SHARED, "info", f"ROI {_listed(labels, found, name)} have the alias {name!r}")
        for name, count in Counter(found).items()
        if name and count > 1
    ]
    if told != model.findings_of(ds):
        ds = ds.assign_attrs({model.FINDINGS_ATTR: model.findings_to_json(told)})
    return ds.assign_coords({model.ROI_ALIAS: (ds[model.ROI].dims, texts, attrs)})


def _sorted(table: AliasTable) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Folded name > standard name, and regular expressions with theirs."""
    by_name: dict[str, str] = {}
    patterns: list[tuple[re.Pattern[str], str]] = []
    for standard, given in table.items():
        listed = [given] if isinstance(given, str | re.Pattern) else given
        for each in [standard, *listed]:
            pattern = each if isinstance(each, re.Pattern) else _pattern(each)
            if pattern:
                patterns.append((pattern, standard))
            elif by_name.setdefault(_folded(str(each)), standard) != standard:
                raise RTXRError(
                    f"table: {each!r} stands for both {by_name[_folded(str(each))]!r} and "
                    f"{standard!r}; give it to one of them"
                )
    return by_name, patterns


def _standard(
    name: str, by_name: Mapping[str, str], patterns: Iterable[tuple[re.Pattern[str], str]]
) -> str:
    """Standard name of a name, empty for none."""
    fitting = (standard for pattern, standard in patterns if pattern.search(name))
    return by_name.get(_folded(name)) or next(fitting, "")


def _folded(name: str) -> str:
    """A name without what people spell in several ways."""
    return _UNSAID.sub("", name).casefold()


def _pattern(text: str) -> re.Pattern[str] | None:
    """The regular expression between slashes; None for any other text."""
    if len(text) < 3 or not (text.startswith("/") and text.endswith("/")):
        return None
    try:
        return re.compile(text[1:-1], re.IGNORECASE)
    except re.error as error:
        raise RTXRError(f"{text!r} is no regular expression: {error}") from error


def _either(labels: Iterable[str]) -> str:
    return " or ".join(map(repr, labels))


def _listed(labels: Sequence[str], found: Sequence[str], name: str) -> str:
    """The labels that have a standard name, as text."""
    same = [repr(label) for label, each in zip(labels, found, strict=True) if each == name]
    return ", ".join(same)
