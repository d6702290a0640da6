"""Structures added, renamed, removed, recoloured: each returns a new Dataset.

Nothing here reads pixels. Contours are what a structure is: a mask becomes contours, and the
coordinate ``mask`` is drawn from them again. A new ROI gets a number that nothing in the case has,
in no header either, so that what plans and doses say of a ROI that was removed never names another
one. Its contours get keys that no place in a source file can have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.drawing.outlines import Holes
from rtxr.edit.structures.facts import (
    Color,
    hex_color,
    known_type,
    new_name,
    next_color,
    refuse_clash,
    refuse_others,
)
from rtxr.edit.structures.masks import refuse_edited_mask, with_fresh_mask
from rtxr.edit.structures.rows import (
    OF_ROI,
    Row,
    along_roi,
    free_numbers,
    with_findings,
    with_rows,
    with_texts,
)
from rtxr.edit.structures.shapes import (
    Canvas,
    MaskOptions,
    Shape,
    drawn,
    image_uids,
    outside_findings,
)
from rtxr.errors import ConflictingDataError, Finding, RTXRError
from rtxr.read.structures.findings import of_roi


def add_structure(
    ds: xr.Dataset,
    name: str,
    shape: Shape,
    *,
    type: str = "",  # noqa: A002 (what DICOM and ds.rt.structures() call it)
    color: Color | None = None,
    holes: Holes = "keyhole",
    smooth: float | None = None,
    simplify: float | None = None,
) -> xr.Dataset:
    """Add a structure, from a mask or from contours.

    Parameters
    ----------
    ds : Dataset
        A case, with or without structures; an image or a dose alone will do.
    name : str
        ROI Name (3006,0026) and label; new, at most 64 characters.
    shape : DataArray, ndarray or sequence of array_like
        What the structure is:

        - a mask with coordinates on any grid (the image's, a dose's, one of its own), in any order
          of dimensions: ``ds.ct > 300``, ``ds.dose > 20``;
        - a mask without coordinates in the shape of the image: ``ds.ct.values > 300``. Nothing
          tells rows from columns of a square image, so one with y and x swapped is not noticed;
        - contours, each (n, 3) in patient LPS (x, y, z), mm: flat and closed, of three points or
          more, or a single point (a POINT).

        A mask is true or false, or 0 and 1.
    type : str, optional
        RT ROI Interpreted Type (3006,00A4), a Defined Term of PS3.3 C.8.8.8.1: ``"PTV"``,
        ``"ORGAN"``; in any case.
    color : str or (int, int, int), optional
        ``"#rrggbb"``, or red, green and blue from 0 to 255; by default the next of
        :data:`rtxr.model.PALETTE` that no ROI has.
    holes, smooth, simplify
        How a mask becomes contours, see :func:`rtxr.analysis.drawing.outlines.outlines`. Without
        ``smooth`` and ``simplify`` the contours give the identical mask back. Contours of
        ``holes="nested"`` are of type CLOSEDPLANAR_XOR, which not every reader knows.

    Returns
    -------
    Dataset
        With one ROI more, the last one. A contour names the image in whose plane it lies within
        0.01 mm, of a dynamic series the first label's; else none. What was noticed is in
        ``ds.rt.findings``, such as how far it reaches beyond the image.

    Raises
    ------
    ConflictingDataError
        The name exists, a mask in memory was edited, or a variable of yours runs along ``roi``,
        ``contour`` or ``node``.
    GeometryError
        The shape does not fit the image, or a contour is not flat or not made of points.
    MissingDataError
        A mask whose place cannot be told.
    RTXRError
        A name or colour that cannot be written, or a mask that is not true or false.
    UnknownNameError
        No such type, or no such way to draw holes.
    """
    text = new_name(name)
    return add_structures(
        ds,
        {text: shape},
        type=type,
        color=None if color is None else {text: color},
        holes=holes,
        smooth=smooth,
        simplify=simplify,
    )


def add_structures(
    ds: xr.Dataset,
    shapes: Mapping[str, Shape],
    *,
    type: str | Mapping[str, str] = "",  # noqa: A002 (as above)
    color: Mapping[str, Color] | None = None,
    holes: Holes = "keyhole",
    smooth: float | None = None,
    simplify: float | None = None,
) -> xr.Dataset:
    """Add several structures at once: the result of :func:`add_structure` for each, sooner.

    Parameters
    ----------
    ds : Dataset
        A case, with or without structures.
    shapes : mapping of str to shape
        Name > mask or contours: ``{"Bone": ds.ct > 300, "Hot": ds.dose > 60}``.
    type : str or mapping of str to str, optional
        RT ROI Interpreted Type (3006,00A4), one for all or by name.
    color : mapping of str to color, optional
        By name; the others get the next of :data:`rtxr.model.PALETTE` that no ROI has.
    holes, smooth, simplify
        How masks become contours, see :func:`rtxr.analysis.drawing.outlines.outlines`.

    Returns
    -------
    Dataset
        With these ROIs after the others, in the order given.

    Raises
    ------
    ConflictingDataError, GeometryError, MissingDataError, RTXRError
        As :func:`add_structure`; nothing is added then.
    UnknownNameError
        Likewise, or ``type`` or ``color`` name a structure that is not in ``shapes``.
    """
    kinds = dict.fromkeys(shapes, type) if isinstance(type, str) else {**type}
    colors = {name: hex_color(each) for name, each in (color or {}).items()}
    for what, told in (("type", kinds), ("color", colors)):
        refuse_others(told, list(shapes), what)
    names = {name: new_name(name) for name in shapes}
    kinds = {name: known_type(kinds.get(name, "")) for name in shapes}
    refuse_edited_mask(ds)
    ds = along_roi(ds)
    refuse_clash(ds, list(names.values()), [])
    taken = [str(each).lower() for each in ds[model.ROI_COLOR].values]
    canvas, options = Canvas(ds), MaskOptions(holes, smooth, simplify)
    rows: list[Row] = []
    findings = model.findings_of(ds)
    for (name, shape), number in zip(shapes.items(), free_numbers(ds, len(shapes)), strict=True):
        taken.append(colors.get(name) or next_color(taken))
        roi = (names[name], number, names[name], kinds[name], taken[-1])
        drawing = drawn(canvas, shape, options)
        row = Row(dict(zip(OF_ROI, roi, strict=True)), drawing, image_uids(canvas, drawing.points))
        rows.append(row)
        begin = of_roi(number, names[name])
        findings += [
            replace(each, message=f"{begin}: {each.message}") for each in _noticed(canvas, row)
        ]
    return with_fresh_mask(with_findings(with_rows(ds, rows), findings))


def rename(ds: xr.Dataset, names: Mapping[str, str]) -> xr.Dataset:
    """Give structures new names.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    names : mapping of str to str
        Label > new name: ``{"PTV_1": "PTV"}``. Several at once may swap their names.

    Returns
    -------
    Dataset
        The new name is label and ROI Name (3006,0026); all else stays.

    Raises
    ------
    ConflictingDataError
        Two structures would have one name (upper and lower case counting as the same).
    RTXRError
        A name that cannot be written.
    UnknownNameError
        No such structure; the message shows the nearest.
    """
    labels = model.roi_labels(ds)
    asked = {roi_names.one(ds, old): new_name(new) for old, new in names.items()}
    if len(asked) < len(names):
        raise ConflictingDataError("two of the old names mean the same structure; give one")
    refuse_clash(ds, list(asked.values()), list(asked))
    numbers = np.atleast_1d(ds[model.ROI_NUMBER].values).tolist()
    prefixes = {
        of_roi(number, label): of_roi(number, asked[label])
        for number, label in zip(numbers, labels, strict=True)
        if label in asked
    }
    findings = [
        replace(each, message=_begun(each.message, prefixes)) for each in model.findings_of(ds)
    ]
    changed = {labels.index(old): new for old, new in asked.items()}
    for coordinate in (model.ROI, model.ROI_NAME):
        ds = with_texts(ds, coordinate, changed)
    return with_findings(ds, findings)


def remove(ds: xr.Dataset, rois: roi_names.RoiName | Sequence[roi_names.RoiName]) -> xr.Dataset:
    """Remove structures: their ROIs, contours, points and findings.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    rois : str or sequence of str
        ROIs, see :mod:`rtxr.roi_names`.

    Returns
    -------
    Dataset
        Without them. When none is left the dimension ``roi`` has length 0: an export writes no
        structure set, and what a plan says of the source's stays as it is.

    Raises
    ------
    UnknownNameError
        No such structure; the message shows the nearest.
    """
    gone = set(roi_names.select(ds, rois))
    ds = along_roi(ds)
    labels = model.roi_labels(ds)
    numbers = ds[model.ROI_NUMBER].values
    leaving = np.array([label in gone for label in labels], dtype=bool)
    kept = ~np.isin(ds[model.CONTOUR_ROI_NUMBER].values, numbers[leaving])
    keys = ds[model.CONTOUR].values[kept]
    prefixes = tuple(
        of_roi(number, label)
        for number, label in zip(numbers.tolist(), labels, strict=True)
        if label in gone
    )
    findings = [each for each in model.findings_of(ds) if not each.message.startswith(prefixes)]
    left = ds.isel(
        {
            model.ROI: np.flatnonzero(~leaving),
            model.CONTOUR: np.flatnonzero(kept),
            model.NODE: np.flatnonzero(np.isin(ds[model.NODE_CONTOUR].values, keys)),
        }
    )
    return with_findings(left, findings)


def set_structure(
    ds: xr.Dataset,
    roi: roi_names.RoiName | Sequence[roi_names.RoiName],
    *,
    color: Color | None = None,
    type: str | None = None,  # noqa: A002 (what DICOM and ds.rt.structures() call it)
) -> xr.Dataset:
    """Give one or several structures a colour or a type.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    roi : str or sequence of str
        ROIs, see :mod:`rtxr.roi_names`.
    color : str or (int, int, int), optional
        ``"#rrggbb"``, or red, green and blue from 0 to 255.
    type : str, optional
        RT ROI Interpreted Type (3006,00A4), a Defined Term of PS3.3 C.8.8.8.1; ``""`` for none.

    Returns
    -------
    Dataset
        What is not given stays.

    Raises
    ------
    RTXRError
        A colour that is none, or neither colour nor type.
    UnknownNameError
        No such structure or type; the message shows the nearest.
    """
    if color is None and type is None:
        raise RTXRError("nothing to set: give color= or type=")
    labels = model.roi_labels(ds)
    places = [labels.index(label) for label in roi_names.select(ds, roi)]
    if color is not None:
        ds = with_texts(ds, model.ROI_COLOR, dict.fromkeys(places, hex_color(color)))
    if type is not None:
        ds = with_texts(ds, model.ROI_TYPE, dict.fromkeys(places, known_type(type)))
    return ds


def _begun(message: str, prefixes: Mapping[str, str]) -> str:
    """A message that begins with the new name of the ROI it is about."""
    for old, new in prefixes.items():
        if message.startswith(old):
            return new + message.removeprefix(old)
    return message


def _noticed(canvas: Canvas, row: Row) -> list[Finding]:
    """Findings about a new structure."""
    points = row.drawing.points
    found = [*row.drawing.findings]
    missing = sum(not uid for uid in row.image_uids)
    if not points:
        found.append(Finding("roi-without-contours", "info", "it has no contours"))
    elif missing and canvas.name is not None:
        text = f"{missing} of {len(points)} contours lie in the plane of no image and name none"
        found.append(Finding("contour-images-missing", "info", text))
    return [*found, *outside_findings(canvas, points)]
