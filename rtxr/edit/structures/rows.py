"""Rows of the coordinates that hold structures: added, written over, numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count, islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.edit.structures.masks import refuse_edited_mask, with_fresh_mask
from rtxr.edit.structures.shapes import Drawing
from rtxr.errors import ConflictingDataError, Finding
from rtxr.read.rt_structure_set import no_structures
from rtxr.read.structures.roi_numbers import numbers_in_headers

#: Coordinates of a ROI.
OF_ROI = (model.ROI, model.ROI_NUMBER, model.ROI_NAME, model.ROI_TYPE, model.ROI_COLOR)
#: Largest integer that an integer string (IS) may hold.
_LARGEST_NUMBER = 2**31 - 1


def along_roi(ds: xr.Dataset) -> xr.Dataset:
    """The case with ROIs along their dimension: none where it has none, one where it is scalar.

    Raises
    ------
    ConflictingDataError
        A mask in memory was edited.
    """
    if model.ROI_NUMBER not in ds.coords:
        return ds.assign_coords(no_structures())
    model.require_structures(ds)
    if ds[model.ROI].ndim:
        return ds
    refuse_edited_mask(ds)
    known = [name for name in (*OF_ROI, model.ROI_ALIAS) if name in ds.coords]
    rows = {name: ((model.ROI,), np.atleast_1d(ds[name].values), ds[name].attrs) for name in known}
    made = ds.drop_vars([*known, model.MASK], errors="ignore").assign_coords(rows)
    return with_fresh_mask(made) if model.MASK in ds.coords else made


class Row(NamedTuple):
    """A ROI to be added.

    Parameters
    ----------
    roi : mapping
        Value of every coordinate in :data:`OF_ROI`.
    drawing : Drawing
        Contours.
    image_uids : sequence of str
        Image of each contour, empty for none.
    """

    roi: Mapping[str, str | int]
    drawing: Drawing
    image_uids: Sequence[str]


def with_rows(ds: xr.Dataset, rows: Sequence[Row]) -> xr.Dataset:
    """The case with more ROIs, their contours and points; without ``mask``.

    Parameters
    ----------
    ds : Dataset
        As :func:`along_roi` gives it.
    rows : sequence of Row
        In the order in which they follow the others.

    Raises
    ------
    ConflictingDataError
        Another variable runs along a dimension that grows.
    """
    contours = [points for row in rows for points in row.drawing.points]
    counts = [len(points) for points in contours]
    keys = np.arange(len(counts), dtype=np.int64) + _free_key(ds)
    points = np.concatenate([np.empty((0, 3)), *contours])
    more: dict[str, npt.ArrayLike] = {
        **{name: [row.roi[name] for row in rows] for name in OF_ROI},
        model.CONTOUR: keys,
        model.CONTOUR_ROI_NUMBER: [
            row.roi[model.ROI_NUMBER] for row in rows for _ in row.drawing.points
        ],
        model.CONTOUR_TYPE: [kind for row in rows for kind in row.drawing.kinds],
        model.CONTOUR_IMAGE_UID: [uid for row in rows for uid in row.image_uids],
        model.NODE_CONTOUR: np.repeat(keys, counts),
        **dict(zip((model.NODE_X, model.NODE_Y, model.NODE_Z), points.T, strict=True)),
    }
    if model.ROI_ALIAS in ds.coords:
        more[model.ROI_ALIAS] = [""] * len(rows)
    _refuse_others(ds, more)
    longer = {name: _longer(ds.coords.variables[name], new) for name, new in more.items()}
    return ds.drop_vars([*more, model.MASK], errors="ignore").assign_coords(longer)


def with_texts(ds: xr.Dataset, coordinate: str, texts: Mapping[int, str]) -> xr.Dataset:
    """The case with other texts along ``roi``, by place."""
    old = ds[coordinate]
    new = [str(text) for text in np.atleast_1d(old.values)]
    for place, text in texts.items():
        new[place] = text
    # A new array: the old one has room for its own longest text only.
    values = np.array(new, dtype=np.str_).reshape(old.shape)
    return ds.assign_coords({coordinate: (old.dims, values, old.attrs)})


def with_findings(ds: xr.Dataset, findings: Sequence[Finding]) -> xr.Dataset:
    """The case with these findings."""
    if list(findings) == model.findings_of(ds):
        return ds
    return ds.assign_attrs({model.FINDINGS_ATTR: model.findings_to_json(findings)})


def free_numbers(ds: xr.Dataset, wanted: int) -> list[int]:
    """ROI numbers that nothing in the case has or has had: the next ones."""
    used = {
        *np.atleast_1d(ds[model.ROI_NUMBER].values).tolist(),
        *np.atleast_1d(ds[model.CONTOUR_ROI_NUMBER].values).tolist(),
        *numbers_in_headers(ds),
    }
    following = max([0, *used]) + 1
    if following + wanted - 1 <= _LARGEST_NUMBER:
        return list(range(following, following + wanted))
    return list(islice((number for number in count(1) if number not in used), wanted))


def _free_key(ds: xr.Dataset) -> int:
    keys = np.atleast_1d(ds[model.CONTOUR].values)
    return max(int(keys.max(initial=0)) + 1, model.FIRST_NEW_CONTOUR)


def _longer(old: xr.Variable, new: npt.ArrayLike) -> xr.Variable:
    """A coordinate with more values; its texts as wide as the longest needs."""
    kinds = {"i": np.int64, "u": np.int64, "f": np.float64}
    dtype = kinds.get(old.dtype.kind, np.str_)
    values = np.concatenate([np.asarray(old.values, dtype), np.asarray(new, dtype)])
    return xr.Variable(old.dims, values, old.attrs)


def _refuse_others(ds: xr.Dataset, known: Mapping[str, object]) -> None:
    """Raise where a variable that nobody can lengthen runs along a dimension that grows."""
    growing = {model.ROI, model.CONTOUR, model.NODE}
    others = [
        str(name)
        for name, variable in ds.variables.items()
        if name not in known and name != model.MASK and growing & set(variable.dims)
    ]
    if others:
        raise ConflictingDataError(
            f"{', '.join(map(repr, others))} has a value per ROI, contour or point, and none for a "
            f"new one: leave it out first, ds.drop_vars({others!r})"
        )
