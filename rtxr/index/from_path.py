"""From a path to an index, or straight to a Dataset or a tree: scan, select, open in one call."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import xarray as xr

from rtxr.analysis.structures.masks import mask_source
from rtxr.index.index import Index
from rtxr.read import saved
from rtxr.read.case import Chunks
from rtxr.read.scanning.listing import PathLike


def scan(
    path: PathLike | Iterable[PathLike],
    *,
    cache: PathLike | None = None,
    progress: bool | None = None,
) -> Index:
    """Index of all DICOM files below a folder; reads headers only, never pixels.

    Parameters
    ----------
    path : path or iterable of paths
        Folders, walked with all their sub-folders, or files. Names do not matter.
    cache : path, optional
        An SQLite file, made when it is missing, that remembers what was read, so that the next
        scan reads only files whose path, size or time of change is new. Several scans, folders
        and processes may share it. It holds names of patients, as the files do.
    progress : bool, optional
        Show a progress bar: always, never, or (default) on scans longer than two seconds.

    Returns
    -------
    Index
        What could not be read is in its ``findings``.

    Raises
    ------
    FileNotFoundError
        A path does not exist.

    Notes
    -----
    Files that share a SOPInstanceUID are compared whole, pixels included, when the index first
    forms its cases (to show, list, select or open them), not by the scan.
    """
    roots = [path] if isinstance(path, str | os.PathLike) else list(path)
    return Index.of_files(roots, cache=cache, progress=progress)


def open_dir(
    path: PathLike | Iterable[PathLike],
    *,
    chunks: Chunks | None = None,
    on_irregular: str = "keep",
    cache: bool = True,
    dose_grid_scaling: float | None = None,
    progress: bool | None = None,
    **selection: Any,
) -> xr.Dataset:
    """Scan a folder and open its one case.

    Parameters
    ----------
    path, progress
        As in :func:`scan`.
    chunks, cache, dose_grid_scaling
        As in :func:`rtxr.read.case.open_case`.
    on_irregular : {"keep", "raise", "resample"}
        Uneven, missing, duplicate or mixed slices: keep them at their true positions with
        Findings; refuse; or put an uneven image on even positions.
    **selection
        As in :meth:`Index.select`: ``case=2`` or columns.

    Raises
    ------
    AmbiguousCaseError
        There are several cases, which the message lists with what picks each.
    EmptySelectionError, UnknownNameError
        As in :meth:`Index.select`.
    NotDicomError
        There is no DICOM file.
    """
    index = _selected(path, progress, selection)
    return index.open(
        chunks=chunks, on_irregular=on_irregular, cache=cache, dose_grid_scaling=dose_grid_scaling
    )


def open_tree(
    path: PathLike | Iterable[PathLike],
    *,
    chunks: Chunks | None = None,
    on_irregular: str = "keep",
    cache: bool = True,
    dose_grid_scaling: float | None = None,
    progress: bool | None = None,
    **selection: Any,
) -> xr.DataTree:
    """Scan a folder and open all its cases as one tree: patient > study > case.

    Parameters are those of :func:`open_dir`; what is returned, :meth:`Index.open_tree` says.

    Raises
    ------
    AmbiguousCaseError
        Nothing in the folder makes a case.
    EmptySelectionError, UnknownNameError
        As in :meth:`Index.select`.
    NotDicomError
        There is no DICOM file.
    """
    index = _selected(path, progress, selection)
    return index.open_tree(
        chunks=chunks,
        on_irregular=on_irregular,
        cache=cache,
        dose_grid_scaling=dose_grid_scaling,
        progress=progress,
    )


def _selected(
    path: PathLike | Iterable[PathLike], progress: bool | None, selection: Mapping[str, Any]
) -> Index:
    """What is asked for of what is there; of nothing, all, so that opening says what is wrong."""
    index = scan(path, progress=progress)
    return index.select(**selection) if selection and len(index) else index


def load(path: PathLike) -> xr.Dataset:
    """A case that ``ds.rt.save`` wrote, its masks lazy again; see :func:`rtxr.read.saved.load`."""
    return saved.load(path, mask_source=mask_source)
