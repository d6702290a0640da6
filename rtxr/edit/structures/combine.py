"""Structures made of structures: set expressions and margins, as new ROIs."""

from __future__ import annotations

from dataclasses import asdict, replace

import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.drawing.outlines import Holes
from rtxr.analysis.grids import frames
from rtxr.analysis.sets import expressions
from rtxr.analysis.sets.expression_text import Grown, Named
from rtxr.analysis.sets.margins import SIDES, Margins, by_side
from rtxr.analysis.structures.polygons import Combine
from rtxr.edit.structures.edits import add_structure
from rtxr.edit.structures.facts import Color
from rtxr.edit.structures.rows import with_findings
from rtxr.edit.structures.shapes import MaskOptions
from rtxr.read.structures.findings import of_roi


def combine(
    ds: xr.Dataset,
    expression: str,
    name: str | None = None,
    *,
    grid: frames.GridLike = "image",
    combine: Combine = "xor",
    type: str = "",  # noqa: A002 (what DICOM and ds.rt.structures() call it)
    color: Color | None = None,
    holes: Holes = "keyhole",
    smooth: float | None = None,
    simplify: float | None = None,
) -> xr.Dataset:
    """Add a structure that is a set expression of others.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    expression : str
        ROIs, the signs ``&`` (in both), ``|`` or ``+`` (in either), ``-`` (not in), ``^``
        (in one of two), brackets, and margins in mm in 3D: ``"PTV - (CTV + 5mm)"``. Labels may be
        in quotes; see the table in :mod:`rtxr.analysis.sets.expression_text`. Margins are measured
        from the surface of the voxels that are inside, see :func:`margin`.
    name : str, optional
        ROI Name (3006,0026) and label; the expression itself by default.
    grid : str, DataArray or Grid, default: "image"
        On whose voxels the new structure is made: ``"image"``, ``"dose"``, a variable's name, an
        array on the grid wanted, or a Grid.
    combine : {"xor", "union"}
        How contours of one plane of a ROI combine.
    type, color, holes, smooth, simplify
        As in :func:`rtxr.edit.structures.edits.add_structure`.

    Returns
    -------
    Dataset
        With one ROI more, the last one. One that nothing is in has no contours, and a Finding
        ``combined-empty``, so that a loop over many cases goes on. What else was noticed is in
        ``ds.rt.findings`` too.

    Raises
    ------
    UnknownNameError
        No such ROI, side or type; the message shows the nearest.
    RTXRError
        No expression; the message says where, and what was expected. A name that is too long.
    GeometryError
        Margins on a grid whose axes are not at right angles, or margins that differ by side on
        one whose axes are not along those of the patient.
    ConflictingDataError
        The name exists, or a mask in memory was edited.
    MissingDataError
        No structures or no such grid.

    Examples
    --------
    >>> ds.rt.combine("(PTV | Nodes) - (Rectum + 3mm)", "PTV_opt", type="PTV")  # doctest: +SKIP
    """
    mask = expressions.evaluate(ds, expression, grid, combine)
    options = MaskOptions(holes, smooth, simplify)
    return _added(ds, expression if name is None else name, mask, type, color, options)


def margin(
    ds: xr.Dataset,
    roi: roi_names.RoiName,
    margins: Margins,
    name: str | None = None,
    *,
    grid: frames.GridLike = "image",
    combine: Combine = "xor",
    type: str = "",  # noqa: A002 (what DICOM and ds.rt.structures() call it)
    color: Color | None = None,
    holes: Holes = "keyhole",
    smooth: float | None = None,
    simplify: float | None = None,
) -> xr.Dataset:
    """Add a structure that is another one with a margin, or without one.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    roi : str
        ROI, see :mod:`rtxr.roi_names`.
    margins : float, sequence of six floats or mapping
        In mm, in 3D, negative to shrink: one for all sides; left, right, anterior, posterior,
        superior, inferior of the patient; or by these names, where those not named are 0:
        ``{"posterior": 3, "superior": 8}``. They are measured from the surface of the voxels of
        ``grid`` that are inside, not from the contour: on slices 3 mm thick flat ends move by
        whole slices, and a sphere of 20 mm comes out 0.1 to 0.35 mm too large
        (docs/accuracy.md). A structure that is made smaller ends where the grid does; see
        :mod:`rtxr.analysis.sets.margins`.
    name : str, optional
        ROI Name (3006,0026) and label; such as ``"CTV + 5mm"`` by default.
    grid : str, DataArray or Grid, default: "image"
        On whose voxels the new structure is made.
    combine : {"xor", "union"}
        How contours of one plane of a ROI combine.
    type, color, holes, smooth, simplify
        As in :func:`rtxr.edit.structures.edits.add_structure`.

    Returns
    -------
    Dataset
        With one ROI more, the last one; see :func:`combine`.

    Raises
    ------
    UnknownNameError, RTXRError, GeometryError, ConflictingDataError, MissingDataError
        See :func:`combine`.
    """
    label = roi_names.one(ds, roi)
    text = f"{label} {_spelt(margins)}"
    mask = expressions.evaluate_tree(ds, Grown(Named(label), margins), text, grid, combine)
    options = MaskOptions(holes, smooth, simplify)
    return _added(ds, text if name is None else name, mask, type, color, options)


def _spelt(margins: Margins) -> str:
    """Margins as in an expression."""
    sides = by_side(margins)
    sign = "-" if (sides < 0).any() else "+"
    six = [f"{abs(sides[place]):g}" for place in SIDES.values()]
    return f"{sign} {six[0]}mm" if len(set(six)) == 1 else f"{sign} ({', '.join(six)})mm"


def _added(
    ds: xr.Dataset,
    name: str,
    mask: xr.DataArray,
    kind: str,
    color: Color | None,
    options: MaskOptions,
) -> xr.Dataset:
    """The case with a mask as its last structure, and with what was noticed of the mask."""
    new = add_structure(ds, name, mask, type=kind, color=color, **asdict(options))
    label = model.roi_labels(new)[-1]
    begin = of_roi(model.roi_number(new, label), label)
    told = [replace(each, message=f"{begin}: {each.message}") for each in model.findings_of(mask)]
    return with_findings(new, [*model.findings_of(new), *told])
