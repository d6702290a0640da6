"""Structures of a case Dataset as slabs, and their volumes by exact polygon areas.

How contours become slabs (half way to the neighbouring planes, end caps, gaps, duplicates,
orientations) is said in :mod:`rtxr.analysis.structures.planes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import get_args

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.grids import frames
from rtxr.analysis.interpolation.between import shaped
from rtxr.analysis.structures import polygons, runs
from rtxr.analysis.structures.field_of_view import with_image
from rtxr.analysis.structures.planes import (
    Between,
    EndCap,
    IntArray,
    RoiContours,
    Slabs,
    roi_finding,
    roi_slabs,
)
from rtxr.errors import Finding, RTXRError, UnknownNameError, did_you_mean
from rtxr.geometry import Grid


def read_contours(ds: xr.Dataset, rois: roi_names.Rois = None) -> list[RoiContours]:
    """Contours of several ROIs, sorted out once for all of them.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    rois : str or sequence of str, optional
        Labels; all by default.
    """
    labels = roi_names.select(ds, rois)
    numbers = np.atleast_1d(ds[model.ROI_NUMBER].values)
    number_of = dict(zip(model.roi_labels(ds), numbers.tolist(), strict=True))
    keys = np.atleast_1d(ds[model.CONTOUR].values)
    contour_numbers = np.atleast_1d(ds[model.CONTOUR_ROI_NUMBER].values)
    types = np.atleast_1d(ds[model.CONTOUR_TYPE].values)
    node_keys = np.atleast_1d(ds[model.NODE_CONTOUR].values)
    names = (model.NODE_X, model.NODE_Y, model.NODE_Z)
    columns = [np.atleast_1d(ds[name].values) for name in names]
    if (node_keys[1:] < node_keys[:-1]).any():
        order = np.argsort(node_keys, kind="stable")  # nodes of a contour keep their own order
        node_keys, columns = node_keys[order], [column[order] for column in columns]
    begin = np.searchsorted(node_keys, keys, side="left")
    end = np.searchsorted(node_keys, keys, side="right")
    found = []
    for label in labels:
        at = np.flatnonzero(contour_numbers == number_of[label])
        first, stop = begin[at], end[at]
        starts = np.concatenate([[0], np.cumsum(stop - first)])
        if len(at) and (first[1:] == stop[:-1]).all():
            nodes: slice | IntArray = slice(first[0], stop[-1])
        else:  # contours of other ROIs are between
            nodes = runs.numbers(first, stop - first)
        points = np.stack([column[nodes] for column in columns], axis=-1, dtype=np.float64)
        found.append(RoiContours(label, types[at], points, starts))
    return found


def slabs(
    ds: xr.Dataset,
    rois: roi_names.Rois = None,
    *,
    end_cap: EndCap = "half",
    first: Grid | None = None,
) -> Iterator[Slabs]:
    """Structures of a case as slabs, one after the other.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    rois : str or sequence of str, optional
        Labels; all by default.
    end_cap : {"half", "none"}
        Whether the outermost slabs go on for half the local spacing beyond their planes.
    first : Grid, optional
        Grid whose axes are preferred for contours parallel to its slices.

    Yields
    ------
    Slabs
        Without planes where a ROI encloses nothing.
    """
    grids = frames.grids_of(ds)
    image = grids[0] if model.image_name(ds) else None
    candidates = frames.candidate_frames([*([first] if first else []), *grids])
    for roi in read_contours(ds, rois):
        yield roi_slabs(roi, candidates, end_cap, image)


def one_slabs(
    ds: xr.Dataset, roi: roi_names.RoiName, first: Grid, end_cap: EndCap = "half"
) -> Slabs:
    """One ROI as slabs, along the axes of a grid where its contours are parallel to it."""
    if not isinstance(roi, str | re.Pattern):
        raise RTXRError(
            f"one label is asked for, such as 'PTV', not {type(roi).__name__}; several ROIs are "
            "asked for one after the other, or together as ds.rt.labels(rois)"
        )
    return next(slabs(ds, [roi_names.one(ds, roi)], end_cap=end_cap, first=first))


def with_crossings(part: Slabs) -> Slabs:
    """The slabs with a finding, naming both volumes, where CLOSED_PLANAR contours partly cross."""
    planes = polygons.crossing_planes(part.edges)
    if not len(planes):
        return part
    text = (
        f"contours partly cross on {len(planes)} planes; by XOR the volume is "
        f"{part.volume_cc():.3f} cm3, by union {part.volume_cc('union'):.3f} cm3; XOR is used "
        'unless combine="union" is given'
    )
    finding = roi_finding("crossing-contours", "warning", part.label, text)
    return replace(part, findings=(*part.findings, finding))


def united(part: Slabs) -> Slabs:
    """The slabs with CLOSED_PLANAR contours united: what takes XOR of them has the union."""
    return replace(part, edges=polygons.united(part.edges))


def check_between(between: str) -> None:
    """Raise unless a way of filling the space between planes is known."""
    if between not in get_args(Between):
        raise UnknownNameError(f"between={between!r}; {did_you_mean(between, get_args(Between))}")


def solid(part: Slabs, combine: polygons.Combine, between: Between) -> Slabs:
    """The slabs of contours as the solid that is asked for: what takes XOR of them has it."""
    part = united(part) if combine == "union" else part
    if between == "shape":
        part = shaped(part)
    return part


def volumes(
    ds: xr.Dataset,
    rois: roi_names.Rois = None,
    end_cap: EndCap = "half",
    *,
    between: Between = "slab",
    combine: polygons.Combine = "xor",
) -> pd.Series:
    """Volumes of structures by exact polygon areas times slab thickness.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    rois : str or sequence of str, optional
        Labels; all by default.
    end_cap : {"half", "none"}
        Whether the outermost slabs go on for half the local spacing beyond their planes.
    between : {"slab", "shape"}
        What a structure is between the planes of its contours, see
        :func:`rtxr.analysis.statistics.dvh.dvh`.
    combine : {"xor", "union"}
        How contours of one plane combine.

    Returns
    -------
    Series
        cm3 by ROI label, name ``volume_cc``; 0 for a ROI that encloses nothing, NaN for a single
        plane of unknown thickness. ``attrs["findings"]`` lists findings as dicts.
    """
    polygons.check_combine(combine)
    check_between(between)
    image = model.grid_of(ds) if model.image_name(ds) else None
    parts = [
        with_image(with_crossings(part), image) if image else with_crossings(part)
        for part in slabs(ds, rois, end_cap=end_cap)
    ]
    series = pd.Series(
        [solid(part, combine, between).volume_cc() for part in parts],
        index=pd.Index([part.label for part in parts], name=model.ROI, dtype=object),
        name="volume_cc",
        dtype=np.float64,
    )
    series.attrs["findings"] = finding_dicts(finding for part in parts for finding in part.findings)
    return series


def finding_dicts(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Findings as plain dicts, the form in which tables carry them in their attrs."""
    return [asdict(finding) for finding in dict.fromkeys(findings)]
