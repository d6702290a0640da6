"""Many cases at once: one table of all cases of a tree, of anything; a folder of files for each."""

from __future__ import annotations

import inspect
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
import xarray as xr

from rtxr import export, model, roi_names
from rtxr.errors import (
    ConformanceError,
    MissingDataError,
    RTXRError,
    UnknownNameError,
    did_you_mean,
)
from rtxr.export.pseudonyms import profiles_of
from rtxr.export.writing.files import require_apart
from rtxr.export.writing.names import distinct, folded, safe_name
from rtxr.iod.deidentification import Deidentify


def cases(tree: xr.DataTree) -> Iterator[tuple[str, xr.Dataset]]:
    """Path below this node and Dataset of every case of a tree."""
    for node in tree.leaves:
        if node.has_data:
            yield node.relative_to(tree), node.to_dataset()


def table(
    tree: xr.DataTree, function: Callable[..., pd.DataFrame], *args: Any, **kwargs: Any
) -> pd.DataFrame:
    """One table of all cases of a tree.

    Parameters
    ----------
    tree : DataTree
        As from :func:`rtxr.open_tree`, or any part of it.
    function : callable
        Makes a table of one case: its first argument.
    *args, **kwargs
        For the function. Of ``rois`` each has to be in one case, not in all.

    Returns
    -------
    DataFrame
        The first level of its index, ``case``, is the path of each case. In ``attrs``, ``cases``
        holds the attributes of each case's own table, ``findings`` those of all, with the path in
        ``case``; ``without`` says which cases lack what the function takes, such as a dose.

    Raises
    ------
    UnknownNameError
        No case has what was asked for.
    """
    bound = inspect.signature(function).bind(None, *args, **kwargs)
    rois = bound.arguments.pop("rois", None)
    tables: dict[str, pd.DataFrame] = {}
    without: dict[str, RTXRError] = {}
    for path, ds, known in _with_rois(tree, rois):
        arguments = {**bound.arguments, **known}
        arguments[next(iter(bound.arguments))] = ds
        try:
            tables[path] = function(**arguments)
        except (MissingDataError, UnknownNameError) as error:
            without[path] = error
    unknown = [error for error in without.values() if isinstance(error, UnknownNameError)]
    if unknown and not tables:
        raise unknown[0]
    return _joined(tables, {path: str(error) for path, error in without.items()})


def findings(tree: xr.DataTree) -> pd.DataFrame:
    """What scanning and reading noticed: one row per finding, with the path of its case."""
    found = {
        node.relative_to(tree): model.findings_of(node.to_dataset())
        for node in tree.subtree
        if model.FINDINGS_ATTR in node.attrs
    }
    of_cases = {finding for path, each in found.items() if path != "." for finding in each}
    if "." in found:  # the scan's own, of which the cases have some
        found["."] = [finding for finding in found["."] if finding not in of_cases]
    tables = {path: model.findings_frame(each) for path, each in found.items() if each}
    return pd.concat(tables, names=["case"]) if tables else model.findings_frame(())


def _with_rois(
    tree: xr.DataTree, rois: roi_names.Rois
) -> Iterator[tuple[str, xr.Dataset, dict[str, list[roi_names.RoiName]]]]:
    """Every case that has one of some ROIs, with the argument that asks for those it has."""
    if rois is None:
        yield from ((path, ds, {}) for path, ds in cases(tree))
        return
    asked = [rois] if isinstance(rois, str | re.Pattern) else list(rois)
    known = [(path, ds, [roi for roi in asked if _has(ds, roi)]) for path, ds in cases(tree)]
    for roi in asked:
        if not any(roi in held for _, _, held in known):
            names = {
                name
                for _, ds in cases(tree)
                if model.ROI in ds.coords
                for name in roi_names.names_of(ds).spellings
            }
            raise UnknownNameError(f"no case has a ROI {roi!r}; {did_you_mean(str(roi), names)}")
    yield from ((path, ds, {"rois": held}) for path, ds, held in known if held)


def _has(ds: xr.Dataset, roi: roi_names.RoiName) -> bool:
    try:
        return bool(roi_names.select(ds, roi))
    except (UnknownNameError, MissingDataError):
        return False


def _joined(tables: dict[str, pd.DataFrame], without: dict[str, str]) -> pd.DataFrame:
    filled = {path: each for path, each in tables.items() if len(each)}
    joined = pd.concat(filled or tables or {"": pd.DataFrame()}, names=["case"])
    joined.attrs = {
        "cases": {path: each.attrs for path, each in tables.items()},
        "findings": [
            {"case": path, **finding}
            for path, each in tables.items()
            for finding in each.attrs.get("findings", ())
        ],
        "without": without,
    }
    return joined


def to_dicom(
    tree: xr.DataTree,
    /,
    out: str | os.PathLike[str],
    *,
    deidentify: bool | Deidentify = False,
    **options: Any,
) -> pd.DataFrame:
    """Write every case of a tree as DICOM files, each into a folder of its own.

    Parameters
    ----------
    tree : DataTree
        As from :func:`rtxr.open_tree`, or any part of it.
    out : path
        Folder for the folders; created. They are named as the cases are in the tree (patient,
        study, case), in names that every file system takes; by numbers where the export is
        de-identified, gives another ``PatientID`` or has a ``before_save``, which may.
    deidentify : bool or Deidentify, default: False
        One profile for all cases: one map of UIDs. Each patient gets a PatientID that tells
        nothing: a number, in the order of the tree, or with a ``key`` one that follows from it;
        otherwise as ``patient_id`` of :class:`rtxr.Deidentify` says, a mapping or a function.
    **options
        Of every case, as :func:`rtxr.export.to_dicom` (``ds.rt.to_dicom``) takes them: ``uids``
        (with ``"new"`` the cases of a study stay in one), ``overwrite``, ``strict``,
        ``transfer_syntax``, ``attributes``, ``before_save``, and values to write by DICOM keyword,
        ``StudyDescription="…"``.

    Returns
    -------
    DataFrame
        That of each case, the first level of the index, ``case``, being the path in the tree. Of a
        case either all files are written or none: ``attrs["without"]`` says which ones were not,
        and why.

    Warns
    -----
    UserWarning
        Some of the cases were not written.

    Raises
    ------
    RTXRError
        No case could be written: the error of the first, whose notes name the case. Of none at all
        a MissingDataError. Or one ``patient_id`` is given for several patients.
    ExistingFilesError
        ``out`` is a file, or files that the tree was opened from are in it.
    OSError
        Disk full, no permission: cases that were written before stay.
    """
    held = dict(cases(tree))
    require_apart(held.values(), Path(out))
    profiles = profiles_of(held, deidentify)
    options.setdefault("uid_map", {})
    # Names of folders must not tell what the files do not.
    folders = _folders(held, numbered=deidentify is not False or _may_rename(options))
    tables: dict[str, pd.DataFrame] = {}
    without: dict[str, RTXRError] = {}
    for path, ds in held.items():
        try:
            folder = Path(out).joinpath(*folders[path])
            tables[path] = export.to_dicom(ds, folder, deidentify=profiles[path], **options)
        except RTXRError as error:
            without[path] = error
        except OSError as error:
            error.add_note(f"case {path!r}: {len(tables)} of {len(held)} cases are written")
            raise
    return _told(tables, without | _unopened(tree), "written")


def validate(
    tree: xr.DataTree, /, *, deidentify: bool | Deidentify = False, **options: Any
) -> pd.DataFrame:
    """What :func:`to_dicom` would say of every case, without writing.

    Parameters
    ----------
    tree : DataTree
        As from :func:`rtxr.open_tree`, or any part of it.
    deidentify, **options
        As :func:`to_dicom` takes them, without ``out`` and ``overwrite``.

    Returns
    -------
    DataFrame
        That of ``ds.rt.validate()`` of each case, the first level of the index, ``case``, being the
        path in the tree.

    Warns
    -----
    UserWarning
        Some of the cases cannot be checked; ``attrs["without"]`` says why.

    Raises
    ------
    RTXRError
        No case can be checked: the error of the first, whose notes name the case.
    """
    held = dict(cases(tree))
    profiles = profiles_of(held, deidentify)
    tables: dict[str, pd.DataFrame] = {}
    without: dict[str, RTXRError] = {}
    for path, ds in held.items():
        try:
            tables[path] = export.validate(ds, deidentify=profiles[path], **options)
        except RTXRError as error:
            without[path] = error
    return _told(tables, without | _unopened(tree), "checked")


def _may_rename(options: Mapping[str, Any]) -> bool:
    """Whether files may say another patient than the tree does."""
    single = (options.get("attributes") or {}).values()
    given = any("PatientID" in some for some in (options, *single))
    return given or options.get("before_save") is not None


def _unopened(tree: xr.DataTree) -> dict[str, RTXRError]:
    """Cases that could not be opened, with an error that says so."""
    return {
        node.relative_to(tree): MissingDataError("it was not opened; tree.rt.findings says why")
        for node in tree.leaves
        if not node.has_data and node is not tree
    }


def _told(
    tables: dict[str, pd.DataFrame], without: dict[str, RTXRError], done: str
) -> pd.DataFrame:
    """One table of all cases; a warning about those that it lacks, an error where it has none."""
    count = len(tables) + len(without)
    if not tables:
        path, error = next(iter(without.items()), ("", MissingDataError("the tree holds no case")))
        if count:
            error.add_note(f"case {path!r}: 0 of {count} cases are {done}")
        raise error
    if without:
        path, error = next(iter(without.items()))
        first = error.findings[0].message if isinstance(error, ConformanceError) else str(error)
        more = f", and {len(without) - 1} more" if len(without) > 1 else ""
        text = (
            f"{len(without)} of {count} cases not {done}: {path!r} ({first}){more}; "
            'attrs["without"] of the table names them'
        )
        warnings.warn(text, stacklevel=4)
    return _joined(tables, {path: str(error) for path, error in without.items()})


def _folders(paths: Iterable[str], *, numbered: bool) -> dict[str, tuple[str, ...]]:
    """Of each path in a tree the names of its folders, distinct in each folder on any system."""
    named: dict[tuple[str, ...], tuple[str, ...]] = {(): ()}
    taken: dict[tuple[str, ...], set[str]] = {}
    for path in paths:
        parts = tuple(PurePosixPath(path).parts) or ("case",)
        for depth, part in enumerate(parts):
            above, here = parts[:depth], parts[: depth + 1]
            if here not in named:
                beside = taken.setdefault(above, set())
                text = str(len(beside) + 1) if numbered else safe_name(part)
                name = distinct(text, beside)
                beside.add(folded(name))
                named[here] = (*named[above], name)
    return {path: named[tuple(PurePosixPath(path).parts) or ("case",)] for path in paths}
