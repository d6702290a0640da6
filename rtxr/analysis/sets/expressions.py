"""Masks of set expressions of structures, such as ``PTV - (CTV + 5mm)``.

The grammar is said in :mod:`rtxr.analysis.sets.expression_text`, margins in
:mod:`rtxr.analysis.sets.margins`. Structures go on where the grid ends, so that nothing is grown
into the grid too little or shrunk at its border too much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.grids import frames
from rtxr.analysis.sets import margins
from rtxr.analysis.sets.expression_text import Grown, Named, Node, parse
from rtxr.analysis.sets.growth import BoolArray
from rtxr.analysis.structures import masks
from rtxr.analysis.structures.polygons import Combine
from rtxr.errors import Finding
from rtxr.geometry import FloatArray, Grid


def _without(left: BoolArray, right: BoolArray) -> BoolArray:
    return left & ~right


#: What a sign does.
#: Draws the mask of a label.
Draw = Callable[[str], BoolArray]

_OPERATIONS: Mapping[str, Callable[[BoolArray, BoolArray], BoolArray]] = {
    "&": np.logical_and,
    "|": np.logical_or,
    "+": np.logical_or,
    "-": _without,
    "^": np.logical_xor,
}


def evaluate(
    ds: xr.Dataset, text: str, grid: frames.GridLike = "image", combine: Combine = "xor"
) -> xr.DataArray:
    """Mask of a set expression of structures.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    text : str
        ROIs, the signs ``&``, ``|`` or ``+``, ``-``, ``^``, brackets, and margins in mm, as
        in ``"PTV - (CTV + 5mm)"``; see the table in :mod:`rtxr.analysis.sets.expression_text`.
    grid : str, DataArray or Grid, default: "image"
        ``"image"``, ``"dose"``, a variable's name, an array on the grid wanted, or a Grid.
    combine : {"xor", "union"}
        How contours of one plane combine.

    Returns
    -------
    DataArray of bool
        On the dimensions and coordinates of the grid; ``roi`` is the text. What was noticed is in
        its attributes, see :func:`rtxr.model.findings_of`.

    Raises
    ------
    UnknownNameError
        No such ROI or side.
    RTXRError
        No expression; the message says where, and what was expected.
    GeometryError
        Margins on a grid whose axes are not at right angles, or margins that differ by side on
        one whose axes are not along those of the patient.
    MissingDataError
        No structures or no such grid.

    Examples
    --------
    >>> evaluate(ds, "(PTV | Nodes) - 'PTV boost' - (Rectum + 3mm)")  # doctest: +SKIP
    >>> evaluate(ds, "Prostate + (5, 5, 5, 3, 5, 5)mm")  # doctest: +SKIP
    """
    tree = parse(text, roi_names.names_of(ds))
    return evaluate_tree(ds, tree, text, grid, combine)


def evaluate_tree(
    ds: xr.Dataset,
    tree: Node,
    text: str,
    grid: frames.GridLike = "image",
    combine: Combine = "xor",
) -> xr.DataArray:
    """Mask of an expression that is a tree already; see :func:`evaluate`."""
    target = frames.grid_like(ds, grid)
    wide, places = _widened(target, reach_of(tree))

    def draw(label: str) -> BoolArray:
        inside: BoolArray = masks.mask(ds, label, wide, combine).values
        return inside

    found = value_of(tree, draw, wide)
    inside = found[places]
    attrs = {"long_name": "inside", "combine": combine}
    findings = _findings(text, tree, draw, found, inside)
    findings += [_cut_short(text, each) for each in _shrunk_at_ends(tree, draw, wide, places)]
    if findings:
        attrs[model.FINDINGS_ATTR] = model.findings_to_json(findings)
    coords = {**model.grid_coords(target), model.ROI: xr.Variable((), text)}
    return xr.DataArray(inside, coords, target.dims, model.MASK, attrs)


def labels_of(tree: Node) -> list[str]:
    """Labels of the ROIs in a tree, each once, from left to right."""
    if isinstance(tree, Named):
        return [tree.label]
    if isinstance(tree, Grown):
        return labels_of(tree.operand)
    return list(dict.fromkeys(labels_of(tree.left) + labels_of(tree.right)))


def reach_of(tree: Node) -> float:
    """From how far away something can matter: the margins that follow each other, mm."""
    if isinstance(tree, Named):
        return 0.0
    if isinstance(tree, Grown):
        return reach_of(tree.operand) + float(np.abs(margins.by_side(tree.margins)).max())
    return max(reach_of(tree.left), reach_of(tree.right))


def value_of(tree: Node, draw: Draw, grid: Grid) -> BoolArray:
    """What a tree is, of masks of its ROIs on a grid, each drawn when it is its turn.

    Parameters
    ----------
    tree : Named, Grown or Joined
        From :func:`rtxr.analysis.sets.expression_text.parse`.
    draw : callable
        Mask, bool (grid.shape), of a label.
    grid : Grid
        Where the masks are.
    """
    if isinstance(tree, Named):
        return draw(tree.label)
    if isinstance(tree, Grown):
        return margins.grown(value_of(tree.operand, draw, grid), grid, tree.margins)
    return _OPERATIONS[tree.sign](value_of(tree.left, draw, grid), value_of(tree.right, draw, grid))


def _widened(grid: Grid, reach: float) -> tuple[Grid, tuple[slice, slice, slice]]:
    """A grid that goes on for so many mm on all sides, and where the grid is in it."""
    lengths = np.linalg.norm(grid.matrix[:3, :3], axis=0)[::-1]
    axes, places = [], []
    for axis, length in zip(grid.axes, lengths.tolist(), strict=True):
        below, above = _beyond(np.sort(axis), reach / length)
        axes.append(np.concatenate([below, axis, above]))
        places.append(slice(len(below), len(below) + len(axis)))
    wide = replace(grid, axes=(axes[0], axes[1], axes[2]))
    return wide, (places[0], places[1], places[2])


def _beyond(axis: FloatArray, reach: float) -> tuple[FloatArray, FloatArray]:
    """Positions that continue an ascending axis at both ends; none for a single voxel."""
    step = float(np.median(np.diff(axis))) if len(axis) > 1 else 0.0
    if not step > 0:
        return np.empty(0), np.empty(0)
    more = step * np.arange(1, np.ceil(reach / step) + 1)
    return axis[0] - more[::-1], axis[-1] + more


def _shrunk_at_ends(
    tree: Node, draw: Draw, grid: Grid, places: tuple[slice, slice, slice]
) -> list[str]:
    """Dimensions along which something that reaches the end of a grid is made smaller there."""
    if isinstance(tree, Named):
        return []
    if not isinstance(tree, Grown):
        both = (_shrunk_at_ends(each, draw, grid, places) for each in (tree.left, tree.right))
        return list(dict.fromkeys(dim for each in both for dim in each))
    found = _shrunk_at_ends(tree.operand, draw, grid, places)
    sides = margins.by_side(tree.margins)
    if not (sides < 0).any():
        return found
    inside = value_of(tree.operand, draw, grid)[places]
    reach, _ = margins.own_reach(grid, np.abs(sides))
    for axis, (dim, (down, up)) in enumerate(zip(grid.dims, reach, strict=True)):
        at = grid.axes[axis][places[axis]]
        ends = [end for end, way in ((at.argmin(), down), (at.argmax(), up)) if way > 0]
        reaches = inside.shape[axis] > 1 and bool(inside.take(ends, axis).any())
        if reaches and dim not in found:
            found.append(dim)
    return found


def _cut_short(text: str, dim: str) -> Finding:
    message = (
        f"{text!r}: what is made smaller reaches the end of the grid along {dim!r} and ends there, "
        "so that it is made smaller from there too, though the patient may go on; grow the grid, "
        "or give margins by side, as in (5, 5, 5, 5, 0, 0)mm, to keep it up to the end"
    )
    return Finding("margin-at-grid-end", "warning", message)


def _findings(
    text: str, tree: Node, draw: Draw, found: BoolArray, inside: BoolArray
) -> list[Finding]:
    """What to know of a result, ``found``, of which a grid holds ``inside``."""
    told = []
    beyond = int(np.count_nonzero(found)) - int(np.count_nonzero(inside))
    if beyond:
        message = (
            f"{text!r} reaches beyond the grid and is cut at its border, {beyond} voxels of it"
        )
        told.append(Finding("margin-beyond-grid", "warning", message))
    if reach_of(tree) and 1 in inside.shape:
        message = f"the grid has one plane: the margins of {text!r} act within it only"
        told.append(Finding("margin-in-plane", "warning", message))
    if not inside.any():
        empty = [repr(label) for label in labels_of(tree) if not draw(label).any()]
        which = f"; no voxel is in {', '.join(empty)} either" if empty else ""
        told.append(Finding("combined-empty", "warning", f"no voxel is in {text!r}{which}"))
    return told
