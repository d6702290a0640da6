"""Structures as one volume of labels: every voxel holds the value of the structure it is in.

What the values mean rides in the attribute ``labels`` of the array as JSON text, which survives
netCDF and zarr; files of other formats keep it as far as they can.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.grids import frames
from rtxr.analysis.structures import masks
from rtxr.analysis.structures.polygons import Combine
from rtxr.errors import ConflictingDataError, Finding, RTXRError

#: What a voxel in several structures gets: the first of them, the last, or an error.
Overlap = Literal["error", "first", "last"]

#: Attribute of an array with what its values mean.
LABELS_ATTR = "labels"
_SHOWN = 5


@dataclass(frozen=True)
class Label:
    """What one value of a label volume stands for.

    Parameters
    ----------
    value : int
        Value of the voxels, from 1; 0 is what is in no structure.
    name : str
        Name of the structure.
    color : str, optional
        ``"#rrggbb"``, or empty.
    layer : int, default: 0
        Where an array has a dimension beside its grid: the place there that holds the structure.
    """

    value: int
    name: str
    color: str = ""
    layer: int = 0


def labels_to_json(labels: Iterable[Label]) -> str:
    """Labels as the JSON text an array carries in its attributes."""
    return json.dumps([asdict(label) for label in labels])


def labels_of(array: xr.DataArray) -> list[Label]:
    """Labels that the attributes of an array tell, none where they tell nothing."""
    return [Label(**each) for each in json.loads(array.attrs.get(LABELS_ATTR, "[]"))]


def labels(
    ds: xr.Dataset,
    rois: roi_names.Rois | Mapping[str, int] = None,
    grid: frames.GridLike = "image",
    *,
    overlap: Overlap = "error",
    combine: Combine = "xor",
) -> xr.DataArray:
    """Structures as one volume of labels, as segmentation networks take it.

    Masks are drawn one after the other; no more than one is in memory.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    rois : str, sequence of str, or mapping of str to int, optional
        ROI labels, all by default. Values are 1, 2, … in their order; a mapping says them itself,
        so that a structure has one value in all cases: ``{"GTV": 1, "PTV": 2}``.
    grid : str, DataArray or Grid, default: "image"
        ``"image"``, ``"dose"``, a variable's name, an array on the grid wanted, or a Grid.
    overlap : {"error", "first", "last"}
        What a voxel in several structures gets: the value of the one that comes first or last in
        ``rois``; or an error says which structures share how many voxels.
    combine : {"xor", "union"}
        How contours of one plane combine.

    Returns
    -------
    DataArray of uint8 or uint16
        ``labels`` on the dimensions and coordinates of the grid; 0 is in no structure.
        ``attrs["labels"]`` says value, name and color of each as JSON, which
        :func:`labels_of` reads; ``labels.rt.findings`` tells shared voxels and empty structures.

    Raises
    ------
    ConflictingDataError
        Structures share voxels and ``overlap`` is ``"error"``.
    RTXRError
        No such way of overlapping, or values that are not different integers from 1 to 65535.
    UnknownNameError
        No such ROI.
    MissingDataError
        No structures or no such grid.
    """
    if overlap not in get_args(Overlap):
        raise RTXRError(f"overlap={overlap!r}: it is one of {', '.join(get_args(Overlap))}")
    values = _values(ds, rois)
    target = frames.grid_like(ds, grid)
    drawn = _Drawn(target.shape, values, overlap)
    source = masks.mask_source(ds, target, combine)
    everywhere = tuple(np.arange(length) for length in target.shape)
    order = model.roi_labels(ds)
    for label in values:
        drawn.add(label, source.read((np.array([order.index(label)]), *everywhere))[0])
    found = dict(zip(order, _colors(ds), strict=True))
    attrs = {
        "long_name": "structure",
        LABELS_ATTR: labels_to_json(Label(values[each], each, found[each]) for each in values),
        model.FINDINGS_ATTR: model.findings_to_json(drawn.findings()),
    }
    return xr.DataArray(drawn.out, model.grid_coords(target), target.dims, "labels", attrs)


class _Drawn:
    """A label volume in the making."""

    def __init__(
        self, shape: tuple[int, int, int], values: Mapping[str, int], overlap: Overlap
    ) -> None:
        largest = max(values.values(), default=0)
        self.out: npt.NDArray[np.unsignedinteger] = np.zeros(
            shape, np.uint8 if largest < 256 else np.uint16
        )
        self._values = values
        self._overlap = overlap
        self._shared = np.zeros(shape, dtype=bool)
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._empty: list[str] = []

    def add(self, label: str, inside: npt.NDArray[np.bool_]) -> None:
        """Put one structure in."""
        there = self.out[inside]
        if not len(there):
            self._empty.append(label)
            return
        self._shared[inside] |= there > 0
        counts = np.bincount(there)
        for before, value in self._values.items():
            if value < len(counts) and counts[value]:
                self._pairs[before, label] += int(counts[value])
        value = self._values[label]
        self.out[inside] = np.where(there, there, value) if self._overlap == "first" else value

    def findings(self) -> list[Finding]:
        """What was noticed.

        Raises
        ------
        ConflictingDataError
            Structures share voxels and must not.
        """
        found = []
        if self._pairs:
            pairs = [f"{a!r} with {b!r}" for (a, b), _ in self._pairs.most_common(_SHOWN)]
            if more := len(self._pairs) - len(pairs):
                pairs.append(f"{more} more pairs")
            text = (
                f"{np.count_nonzero(self._shared)} voxels are in several structures "
                f"({', '.join(pairs)})"
            )
            if self._overlap == "error":
                raise ConflictingDataError(
                    f"{text}; a voxel holds one label: choose overlap='first' or 'last', in the "
                    "order of rois, or fewer rois"
                )
            text += f"; each holds the label of the {self._overlap} in the order of rois"
            found.append(Finding("labels-overlap", "warning", text))
        if self._empty:
            text = f"no voxel is in {', '.join(map(repr, self._empty))}"
            found.append(Finding("label-empty", "warning", text))
        return found


def _values(ds: xr.Dataset, rois: roi_names.Rois | Mapping[str, int]) -> dict[str, int]:
    """Value of each ROI asked for, by its label."""
    if isinstance(rois, Mapping):
        values = {roi_names.one(ds, name): value for name, value in rois.items()}
    else:
        chosen = roi_names.select(ds, rois)
        values = {label: value for value, label in enumerate(chosen, start=1)}
    whole = all(isinstance(value, int | np.integer) for value in values.values())
    distinct = len(set(values.values())) == len(rois if isinstance(rois, Mapping) else values)
    if not whole or not distinct or not all(0 < value < 65536 for value in values.values()):
        raise RTXRError(
            f"rois={rois!r}: values of labels are different integers from 1 to 65535, of different "
            "ROIs"
        )
    return {label: int(value) for label, value in values.items()}


def _colors(ds: xr.Dataset) -> list[str]:
    return [str(color) for color in np.atleast_1d(ds[model.ROI_COLOR].values)]
