"""The coordinate ``mask`` and the contours it is a view of: whether they agree, and made anew."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.analysis.structures.masks import mask_source
from rtxr.errors import ConflictingDataError
from rtxr.read.lazy import is_in_memory
from rtxr.read.structures.tables import with_mask

#: What to do with a mask that is not what the contours give.
HINT = (
    "contours are what counts: ds.drop_vars('mask').rt.add_structure('a new name', edited) makes "
    "them of an edited mask"
)


def with_fresh_mask(ds: xr.Dataset) -> xr.Dataset:
    """The Dataset with its lazy coordinate ``mask`` made anew from its contours.

    Parameters
    ----------
    ds : Dataset
        A case, with or without structures and image.

    Returns
    -------
    Dataset
        Without ``mask`` where there are no structures, or no image whose grid could carry it.
        Beside an image of dask arrays it is one, a ROI per chunk.

    Raises
    ------
    ConflictingDataError
        A mask held in memory is not what the contours give: it would be lost.
    MissingDataError
        Such a mask has no usable grid.
    """
    refuse_edited_mask(ds)
    ds = ds.drop_vars(model.MASK, errors="ignore")
    image = model.image_name(ds)
    if model.ROI_NUMBER not in ds.coords or image is None:
        return ds
    fresh = with_mask(ds, mask_source)
    if ds[image].chunks is not None and model.ROI in fresh[model.MASK].dims:
        fresh = fresh.assign_coords({model.MASK: fresh[model.MASK].chunk({model.ROI: 1})})
    return fresh


def refuse_edited_mask(ds: xr.Dataset) -> None:
    """Raise where a mask held in memory is not what its contours give.

    Raises
    ------
    ConflictingDataError
        Names the ROIs whose mask was edited.
    MissingDataError
        The mask has no usable grid.
    """
    labels = disagreeing(ds)
    if labels:
        raise ConflictingDataError(f"{disagreement(labels)}; {HINT}")


def disagreement(labels: list[str]) -> str:
    """The sentence that says of which ROIs the mask is not what the contours give."""
    named = ", ".join(map(repr, labels))
    return f"coordinate {model.MASK!r} disagrees with the contours of {named}"


def disagreeing(ds: xr.Dataset) -> list[str]:
    """ROIs whose mask, held in memory, is not what their contours give.

    Contours are the truth; a lazy mask is a view of them and is not read.

    Parameters
    ----------
    ds : Dataset
        A case.

    Returns
    -------
    list of str
        Labels; none where there is no mask in memory.

    Raises
    ------
    MissingDataError
        The mask has no usable grid, or there are no structures.
    """
    if model.MASK not in ds.coords or not is_in_memory(ds[model.MASK]):
        return []
    mask = ds[model.MASK]
    grid = model.grid_of(mask)
    expected = mask_source(ds, grid)
    dims = (model.ROI, *grid.dims)
    mask = mask.expand_dims([dim for dim in dims if dim not in mask.dims]).transpose(*dims)
    everywhere = [np.arange(size) for size in expected.shape[1:]]
    return [
        label
        for at, label in enumerate(model.roi_labels(ds))
        if mask.dtype != bool
        or not np.array_equal(expected.read((np.array([at]), *everywhere))[0], mask[at].values)
    ]
