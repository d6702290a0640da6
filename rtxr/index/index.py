"""The :class:`Index` of files: prune it, and open its case or all of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr

from rtxr import model
from rtxr.analysis.structures.masks import mask_source
from rtxr.catalog import Case, Catalog, build_table, find_cases
from rtxr.errors import AmbiguousCaseError, EmptySelectionError, Finding
from rtxr.index import show
from rtxr.index.case_keys import cases_called, require_cases
from rtxr.index.compared import with_digests
from rtxr.index.pruning import Asked, dropped, selected
from rtxr.index.selection import BoolArray
from rtxr.index.steps import Step, Steps, replayed
from rtxr.index.tree import case_tree
from rtxr.read.case import open_case
from rtxr.read.progress import bar
from rtxr.read.scanning.listing import PathLike
from rtxr.read.scanning.scan import scan_headers
from rtxr.view.widgets.pieces import widget_class

if TYPE_CHECKING:
    from rtxr.view.widgets.prune.widget import PruneWidget

#: Findings about files that are no objects.
_OF_FILES = frozenset(("not-dicom", "dicomdir-ignored"))


class Index:
    """Table of DICOM objects that a selection narrows down to the case to open.

    An Index never changes: every step returns a new one. ``len`` is its number of files, ``a | b``
    holds the files of both, ``a & b`` those of ``a`` that ``b`` holds too, ``a - b`` the others of
    ``a``. Get one from :func:`rtxr.scan`.

    Parameters
    ----------
    table : DataFrame
        A row per file, as from :func:`rtxr.catalog.build_table`.
    findings : sequence of Finding, optional
        What was noticed on the way to this table.
    steps : Steps, optional
        How this table came about.
    cache : path, optional
        Cache of the scan, which content hashes are looked up and kept in too.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        findings: Sequence[Finding] = (),
        *,
        steps: Steps | None = None,
        cache: PathLike | None = None,
    ) -> None:
        self._table = table
        self._noticed = tuple(findings)
        self._steps = Steps() if steps is None else steps
        self._cache = cache

    @classmethod
    def of_files(
        cls,
        roots: Sequence[PathLike],
        *,
        cache: PathLike | None = None,
        progress: bool | None = None,
    ) -> Index:
        """The index of all files below some roots, as :func:`rtxr.scan` gives it."""
        rows, findings = scan_headers(roots, cache=cache, progress=progress)
        steps = Steps(tuple(os.fspath(root) for root in roots))
        return cls(build_table(rows), findings, steps=steps, cache=cache)

    # --- what is there --------------------------------------------------------------------------
    @property
    def table(self) -> pd.DataFrame:
        """A row per file; columns are DICOM keywords, those of our own are in snake_case.

        Returns
        -------
        DataFrame
            A copy. Missing text is ``""``, a missing number NA or NaN, a missing tuple None or
            ``()``. Columns named after a reference, and ``referenced_...``, hold tuples of UIDs
            (``referenced_beams``: of Beam Numbers); ``has_pixel_data`` says whether there are
            pixels, ``bytes`` and ``path`` are those of the file, ``digest`` is a hash of its
            content, made for files that share a SOPInstanceUID.
        """
        return self._table.copy()

    @property
    def findings(self) -> pd.DataFrame:
        """What was noticed: columns code, severity, message, uid, path."""
        return model.findings_frame(self._all_findings)

    @property
    def cases(self) -> pd.DataFrame:
        """What can be opened, a row per case; ``index.select(case=...)`` takes its label.

        Returns
        -------
        DataFrame
            Index ``case``; columns PatientID, StudyDate, StudyDescription, image (modality),
            slices, varies (of a dynamic series: ``"3 x temporal_position"``), SeriesDescription,
            StructureSetLabel, RTPlanLabel (NA where the case has none), doses, DoseSummationType
            (of the first), rt_images, lacks (which of image, structure set, plan and dose are
            missing, as text), findings (their number).
        """
        return show.cases_table(self._catalog.cases)

    @property
    def steps(self) -> Steps:
        """What was done since the scan, shown as Python code that does the same.

        Returns
        -------
        Steps
            A sequence of steps; ``str`` is the code, :meth:`replay` does the same to another
            scan. Where a criterion was a function, the code states the values that it chose.
        """
        return self._steps

    @cached_property
    def _catalog(self) -> Catalog:
        return find_cases(self._compared)

    @cached_property
    def _compared(self) -> pd.DataFrame:
        """The table with content hashes where cases depend on them; reads whole files."""
        return with_digests(self._table, self._cache)

    @cached_property
    def _all_findings(self) -> tuple[Finding, ...]:
        return tuple(dict.fromkeys([*self._noticed, *self._catalog.findings]))

    def __len__(self) -> int:
        return len(self._table)

    def __repr__(self) -> str:
        return show.as_text(self._table, self._catalog.cases, self._all_findings)

    def _repr_html_(self) -> str:
        return show.as_html(self._table, self._catalog.cases, self._all_findings)

    def _html_so_far(self) -> str:
        """As HTML; without cases where they are yet to be formed, which may take a while."""
        known = "_catalog" in self.__dict__
        return self._repr_html_() if known else show.as_html(self._table, (), self._noticed)

    # --- pruning --------------------------------------------------------------------------------
    def select(self, *, case: Any = None, **columns: Any) -> Index:
        """The objects that meet every criterion.

        Parameters
        ----------
        case : label or list of labels, optional
            Of :attr:`cases`: what these hold. Or keys, as :attr:`steps` has them: labels count the
            cases of one index, a key stays.
        **columns
            Column of :attr:`table` = value, list of values (one of them fits), compiled regular
            expression (searched in the text), function of a value, or None for a missing value.
            An object without a value fits nothing but None: select by what all objects of a case
            have, or ``drop`` what is not wanted. A value of a list that fits no object is a
            Finding ``value-not-found``.

        Raises
        ------
        EmptySelectionError
            Nothing is left; the message shows what exists.
        UnknownNameError
            No such column or case; the message shows the nearest.

        Examples
        --------
        >>> index.select(PatientID="P1", Modality=["CT", "RTSTRUCT"])  # doctest: +SKIP
        >>> index.select(SeriesDescription=re.compile("(?i)thorax"))  # doctest: +SKIP
        >>> index.select(SliceThickness=lambda mm: mm <= 3)  # doctest: +SKIP
        """
        if case is None and not columns:
            return self
        asked = Asked("select", self._table, columns, self._called(case))
        return self._kept(*selected(asked))

    def drop(self, *, case: Any = None, **columns: Any) -> Index:
        """All objects but those that meet every criterion; arguments as in :meth:`select`.

        Of a case, what no other case holds too is dropped. Where no object meets the criteria, all
        are kept and a Finding ``nothing-dropped`` says what exists.

        Raises
        ------
        EmptySelectionError
            Nothing is left.
        UnknownNameError
            No such column or case.
        """
        if case is None and not columns:
            return self
        asked = Asked("drop", self._table, columns, self._called(case))
        held = {each.label for each in (asked.chosen or {}).values()}
        others = [each for each in self._catalog.cases if each.label not in held] if held else []
        return self._kept(*dropped(asked, others))

    def prune(self) -> PruneWidget:
        """The tree patient > study > series with check boxes, for notebooks.

        Returns
        -------
        PruneWidget
            Its ``value`` is the pruned Index; its ``steps`` do the same without a widget. Keeps
            this index until ``close()``.

        Raises
        ------
        MissingExtraError
            anywidget is not installed; the message names the extra.
        """
        widget: PruneWidget = widget_class("prune", "PruneWidget")(self, self._html_so_far)
        return widget

    def replay(self, steps: Steps) -> Index:
        """What is left of this index after some steps, as :attr:`steps` of another one has them.

        Parameters
        ----------
        steps : Steps
            Functions among the criteria are asked again. Indexes of other folders that the steps
            join are scanned again.

        Raises
        ------
        EmptySelectionError, UnknownNameError
            As the steps themselves: they do not fit this index.
        """
        return replayed(self, steps, Index.of_files)

    def __or__(self, other: Index) -> Index:
        if not isinstance(other, Index):
            return NotImplemented
        both = pd.concat([self._known, other._known], ignore_index=True)
        both = both.drop_duplicates("path", ignore_index=True)
        noticed = list(dict.fromkeys([*self._noticed, *other._noticed]))
        steps = self._steps.then(Step("|", other=other._steps))
        return Index(both, noticed, steps=steps, cache=self._cache or other._cache)

    def __and__(self, other: Index) -> Index:
        return self._shared(other, "&") if isinstance(other, Index) else NotImplemented

    def __sub__(self, other: Index) -> Index:
        return self._shared(other, "-") if isinstance(other, Index) else NotImplemented

    def _shared(self, other: Index, operation: str) -> Index:
        """What another index holds too (``&``), or does not (``-``)."""
        left = self._table["path"].isin(other._table["path"]).to_numpy(dtype=bool)
        left = left if operation == "&" else ~left
        if not left.any():
            held = f"the other index holds {'none' if operation == '&' else 'all'}"
            raise EmptySelectionError(f"{operation} leaves none of {len(self)} objects: {held}")
        return self._kept(left, Step(operation, other=other._steps))

    def _kept(self, met: BoolArray, step: Step, noticed: Iterable[Finding] = ()) -> Index:
        """Some rows with the findings about them, after one more step."""
        table = self._known[met].reset_index(drop=True)
        gone = set(self._table["path"]) - set(table["path"])
        series = set(table["SeriesInstanceUID"]) - {""}  # what is said of one stays with each part
        about = [
            each
            for each in (*self._noticed, *noticed)
            if (each.path not in gone or each.uid in series)
            # What could not be read may have belonged here; what is no DICOM did not.
            and (each.severity != "info" or each.code not in _OF_FILES)
        ]
        steps = self._steps.then(step)
        return Index(table, list(dict.fromkeys(about)), steps=steps, cache=self._cache)

    @property
    def _known(self) -> pd.DataFrame:
        """The table with what was hashed so far, so that no file is hashed twice."""
        known: pd.DataFrame = self.__dict__.get("_compared", self._table)
        return known

    def _called(self, case: Any) -> dict[str, Case] | None:
        """Cases by their keys, if some are asked for."""
        return None if case is None else cases_called(self._catalog.cases, case)

    # --- opening --------------------------------------------------------------------------------
    def open(self, *, case: Any = None, **options: Any) -> xr.Dataset:
        """The one case of this index as a lazy Dataset.

        Parameters
        ----------
        case : label, optional
            Which case, as in :meth:`select`, where there are several.
        **options
            ``chunks``, ``on_irregular`` (``"keep"``, ``"raise"`` or ``"resample"``), ``cache`` and
            ``dose_grid_scaling`` of :func:`rtxr.read.case.open_case`.

        Raises
        ------
        AmbiguousCaseError
            There are several cases, which the message lists, or none.
        NotDicomError
            The index is empty.
        """
        index = self.select(case=case)
        return open_case(index._only_case(), mask_source=mask_source, **options)

    def open_tree(self, *, progress: bool | None = None, **options: Any) -> xr.DataTree:
        """Every case of this index as a leaf of one tree: ``tree["P1/20190102/3"]``.

        Parameters
        ----------
        progress : bool, optional
            Show a progress bar, as in :func:`rtxr.scan`.
        **options
            As in :meth:`open`.

        Returns
        -------
        DataTree
            Patients (PatientID) > studies (StudyDate) > cases (their labels in :attr:`cases`);
            the leaves are what :meth:`open` gives. The attributes of the root hold the findings
            of the index.

            A case that cannot be opened is an empty leaf with a Finding ``case-not-opened``.
            ``tree.rt`` gives tables of all cases, ``tree[path].rt`` is that of one.

        Raises
        ------
        NotDicomError
            The index is empty.
        AmbiguousCaseError
            Nothing in it makes a case.
        """
        cases = [self._with_noticed(case) for case in self._require_cases()]
        open_one = partial(open_case, mask_source=mask_source, **options)
        shown = bar(cases, progress, "opening cases", total=len(cases), unit="cases")
        return case_tree(shown, open_one, self._all_findings)

    def _only_case(self) -> Case:
        cases = self._require_cases()
        if len(cases) > 1:
            raise AmbiguousCaseError(show.cases_to_choose(cases))
        noticed = [finding for finding in self._noticed if finding.severity != "info"]
        findings = dict.fromkeys([*noticed, *self._catalog.findings])
        return replace(cases[0], findings=tuple(findings))

    @cached_property
    def _noticed_of(self) -> dict[str, list[Finding]]:
        """What the scan noticed, by file."""
        found: dict[str, list[Finding]] = {}
        for finding in self._noticed:
            found.setdefault(finding.path, []).append(finding)
        return found

    def _with_noticed(self, case: Case) -> Case:
        """A case with what the scan noticed about its files."""
        noticed = [f for path in case.paths for f in self._noticed_of.get(path, ())]
        return replace(case, findings=tuple(dict.fromkeys([*noticed, *case.findings])))

    def _require_cases(self) -> Sequence[Case]:
        """The cases, of which there is at least one."""
        return require_cases(self._table, self._catalog.cases, self._noticed)
