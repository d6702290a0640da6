"""The image and every dose on other grids, all at once; the numbers are those of ``analysis``."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.analysis.grids import frames
from rtxr.analysis.grids.even_grid import Axes, Spacing, even_grid
from rtxr.analysis.grids.resample import Resampled
from rtxr.edit.structures.masks import refuse_edited_mask, with_fresh_mask
from rtxr.errors import GeometryError, MissingDataError, RTXRError
from rtxr.geometry import AXIS_NAMES, OBLIQUE_NAMES, FloatArray, Grid
from rtxr.read.lazy import is_in_memory, lazy_variable

#: One value for every variable, or one each by name.
FillValue = float | Mapping[str, float] | None
Dims = tuple[str, str, str]


def resample(
    ds: xr.Dataset,
    spacing: Spacing | None = None,
    grid: frames.GridLike | None = None,
    *,
    axes: Axes = "own",
    fill_value: FillValue = None,
) -> xr.Dataset:
    """The image and every dose on other grids, trilinear.

    Parameters
    ----------
    ds : Dataset
        A case.
    spacing : float, three floats, or mapping of str to float
        Every grid keeps its place and gets this distance of voxel centres, mm: one number, or one
        each along z, y, x (slice, row, column of an oblique grid), where None leaves an axis as it
        is, or those of some axes: ``{"z": 2}``. See
        :func:`rtxr.analysis.grids.even_grid.even_grid`.
    grid : str, DataArray or Grid
        Instead of ``spacing``: the one grid that image and doses go to. ``"image"``, ``"dose"``, a
        variable's name, an array on the grid wanted, or a Grid, such as one of ``even_grid``.
    axes : {"own", "patient"}
        With ``spacing``: whether an oblique grid keeps its own axes, or gets those of the patient.
    fill_value : float or mapping, optional
        Value outside the outermost voxel centres of a source, NaN by default; one for all, or by
        variable: ``{"ct": -1000, "dose": 0}``.

    Returns
    -------
    Dataset
        Lazy where the source is lazy: a plane reads the planes that it needs. A variable whose
        grid is the one wanted is left alone. All others are float: float32 where they were that or
        integers of up to 16 bits, else float64, so that nothing is rounded here. An export rounds
        images to stored integers and says so (``values-rounded``), and refuses NaN: give a
        ``fill_value`` for it.

        Doses on one grid share its dimensions, ``dose_z`` and so on, also where it is that of the
        image. Each slice has the SOPInstanceUID of the source slice nearest to it, so that an
        export takes its header from there; changed images and doses are new objects. The mask is
        drawn anew from the contours.

        Contours stay what they are, wherever the grids end. On export, one whose plane is that of
        a slice refers to it, any other to no image (Findings ``contour-image-replaced`` and
        ``contour-image-gone``).

    Raises
    ------
    RTXRError
        Neither or both of ``spacing`` and ``grid``.
    GeometryError
        A spacing that is no length or wider than a grid; a variable with part of a grid only.
    ConflictingDataError
        A mask in memory is not what the contours give.
    MissingDataError
        There is no image and no dose, or no such grid.
    UnknownNameError
        ``fill_value`` names no variable.

    Notes
    -----
    Data variables beside image and doses go with their grids; true and false with what most of
    their neighbourhood is. Coordinates of one's own along a grid that changes are left out.

    Examples
    --------
    >>> ds.rt.resample(2.0)  # doctest: +SKIP
    >>> ds.rt.resample((1.0, None, None))  # doctest: +SKIP
    >>> ds.rt.resample(grid="dose", fill_value={"ct": -1000})  # doctest: +SKIP
    """
    fills = _fills(ds, fill_value)
    sources = _sources(ds)
    if grid is None and spacing is not None:
        targets = {dims: even_grid(each, spacing, axes=axes) for dims, each in sources.items()}
    elif grid is not None and spacing is None and axes == "own":
        targets = dict.fromkeys(sources, frames.grid_like(ds, grid))
    else:
        raise RTXRError("give either spacing= (and axes=, if it is not 'own'), or grid=")
    refuse_edited_mask(ds)
    moves: dict[Dims, _Move] = {}
    for dims, source in sources.items():
        moves[dims] = _move(source, targets[dims], moves.values())
    reached = {move.target.dims for move in moves.values() if not move.is_idle}
    # A grid that another one joins is put in order, too, for they share its coordinates.
    moves = {dims: move for dims, move in moves.items() if move.target.dims in reached}
    return _moved(ds, moves, fills) if moves else ds


@dataclass(frozen=True)
class _Move:
    """From one grid, every axis ascending, to another one with the names it has in a Dataset."""

    source: Grid
    target: Grid

    @property
    def is_same(self) -> bool:
        """Whether the voxels stay where they are."""
        return self.source.same_as(self.target)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return self.is_same and self.source.dims == self.target.dims


def _sources(ds: xr.Dataset) -> dict[Dims, Grid]:
    """Grids of the image and of every dose, every axis ascending, by their dimensions."""
    image = model.image_name(ds)
    names = ([image] if image else []) + model.dose_names(ds)
    if not names:
        raise MissingDataError("this Dataset has no image and no dose, so no grid to resample")
    found: dict[Dims, Grid] = {}
    for name in names:
        grid = model.grid_of(model.ascending(ds[name]))
        if not all(grid.shape):
            raise GeometryError(f"{name!r} has no voxels: its shape is {grid.shape}")
        found.setdefault(grid.dims, grid)
    return found


def _fills(ds: xr.Dataset, fill_value: FillValue) -> dict[Hashable, float]:
    """Value outside the source of each data variable."""
    if not isinstance(fill_value, Mapping):
        return dict.fromkeys(ds.data_vars, np.nan if fill_value is None else float(fill_value))
    given = {model.resolve(ds, name): float(value) for name, value in fill_value.items()}
    return {name: given.get(str(name), np.nan) for name in ds.data_vars}


def _move(source: Grid, wanted: Grid, others: Iterable[_Move]) -> _Move:
    """Name the grid wanted as the source is named, or as another dose on the same grid is."""
    prefix = model.grid_prefix(source.dims[0])
    uid = source.frame_of_reference_uid or wanted.frame_of_reference_uid
    family = AXIS_NAMES if wanted.is_axis_aligned else OBLIQUE_NAMES
    z, y, x = (prefix + name for name in family)
    a, b, c = (np.sort(axis) for axis in wanted.axes)
    target = Grid((z, y, x), (a, b, c), wanted.matrix, uid)
    for other in others:
        both = prefix and model.grid_prefix(other.target.dims[0])  # the image shares with nobody
        uids = {uid, other.target.frame_of_reference_uid} - {""}
        if both and len(uids) < 2 and other.target.same_as(target):
            return _Move(source, other.target)
    return _Move(source, target)


def _moved(
    ds: xr.Dataset, moves: Mapping[Dims, _Move], fills: Mapping[Hashable, float]
) -> xr.Dataset:
    """The Dataset with some of its grids changed."""
    image = model.image_name(ds)
    redrawn = image is not None and model.grid_of(ds, image).dims in moves
    old = {dim for dims in moves for dim in dims}
    prefixes = {model.grid_prefix(dims[0]) for dims in moves}
    gone = {*old, *map(model.spatial_ref_name, prefixes)}
    coords: dict[Hashable, xr.Variable] = {
        name: coord.variable
        for name, coord in ds.coords.items()
        if name not in gone and old.isdisjoint(map(str, coord.dims))
    }
    for move in moves.values():
        coords.update(model.grid_coords(move.target))
    variables = {name: array.variable for name, array in ds.data_vars.items()}
    for name, array in ds.data_vars.items():
        if old.isdisjoint(map(str, array.dims)):
            continue
        move = _move_of(array, moves)
        uids = _nearest_uids(array, move)
        variables[name] = _variable(model.ascending(array), move, fills[name], uids)
        if uids is not None:
            coords[model.uid_name(str(name))] = uids
    new = xr.Dataset(variables, coords, ds.attrs)
    new.encoding = ds.encoding
    if redrawn:
        new = with_fresh_mask(new)
        if model.MASK in ds.coords and ds[model.MASK].chunks is not None:
            new = new.assign_coords({model.MASK: new[model.MASK].chunk({model.ROI: 1})})
    scalars = [dim for dim in old if dim in ds.coords and dim not in ds.dims]
    return new.isel({dim: 0 for dim in scalars if new.sizes.get(dim) == 1})


def _move_of(array: xr.DataArray, moves: Mapping[Dims, _Move]) -> _Move:
    """Where a variable goes that has a dimension of a grid that changes."""
    try:
        return moves[model.grid_of(array).dims]
    except (MissingDataError, KeyError):
        raise GeometryError(
            f"{array.name!r} has dimensions {list(map(str, array.dims))}, some of a grid that is "
            f"resampled but not all; leave it out with ds.drop_vars({str(array.name)!r})"
        ) from None


def _variable(
    array: xr.DataArray, move: _Move, fill: float, uids: xr.Variable | None
) -> xr.Variable:
    """An ascending variable on its new grid: as lazy, and as chunked, as it was."""
    dims = (*model.leading_dims(array), *move.target.dims)
    if move.is_same:
        same = array.variable.copy(deep=False)
        same.dims = dims
        return same
    if array.dtype.kind not in "biuf":
        raise GeometryError(f"{array.name!r} holds {array.dtype}, which cannot be interpolated")
    source = Resampled(array.variable, move.source, move.target, fill)
    one = () if uids is None else uids.dims
    lengths = zip(dims, source.shape, strict=True)
    chunks: dict[Hashable, int] = {dim: 1 if dim in one else size for dim, size in lengths}
    variable = lazy_variable(dims, source, array.attrs, preferred_chunks=chunks)
    if array.chunks is not None:
        return variable.chunk(chunks)
    return variable.load() if is_in_memory(array) else variable


def _nearest_uids(array: xr.DataArray, move: _Move) -> xr.Variable | None:
    """SOPInstanceUID of the source slice nearest to the middle of each new one.

    None where the variable has no UIDs of slices, or nothing says along which dimension they run.
    """
    name = str(array.name)
    coords = model.ascending(array).coords
    if name not in model.IMAGE_NAMES.values() or model.uid_name(name) not in coords:
        return None
    uids = coords[model.uid_name(name)].variable
    run = [dim for dim in move.source.dims if dim in uids.dims]
    gone = [dim for dim in move.source.dims if dim not in array.dims]
    if not run and len(gone) != 1:
        return None
    along = move.source.dims.index((run or gone)[0])
    new, heights = _heights(move, along)
    if not run:
        run, uids = gone, uids.set_dims((*uids.dims, gone[0]))
    nearest = np.abs(heights[:, None] - move.source.axes[along]).argmin(axis=1)
    found = uids.isel({run[0]: nearest})
    dims = [new if dim == run[0] else dim for dim in found.dims]
    return xr.Variable(dims, found.values, found.attrs)


def _heights(move: _Move, along: int) -> tuple[str, FloatArray]:
    """The dimension of the target that runs most along one of the source, and where it is there.

    Returns
    -------
    str
        Dimension of the target.
    ndarray
        Of the middle of each of its planes, the own position along the source's dimension, mm.
    """
    turn = np.linalg.inv(move.source.matrix[:3, :3]) @ move.target.matrix[:3, :3]
    at = 2 - int(np.abs(turn[2 - along]).argmax())
    middle = [(axis[0] + axis[-1]) / 2 for axis in move.target.axes[::-1]]
    points = np.tile(middle, (move.target.shape[at], 1))
    points[:, 2 - at] = move.target.axes[at]
    own = move.source.to_own(move.target.to_patient(points))
    return move.target.dims[at], own[:, 2 - along]
