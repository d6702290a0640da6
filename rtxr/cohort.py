"""Many cases at once: one table of all cases of a tree, from any function that makes one of one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import xarray as xr

from rtxr import model, roi_names
from rtxr.errors import MissingDataError, RTXRError, UnknownNameError, did_you_mean


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
