"""Label volumes, such as a network or another tool makes them, to structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.analysis.drawing.outlines import Holes
from rtxr.analysis.grids.resample import corners
from rtxr.analysis.structures.given_arrays import place_of, require_array
from rtxr.analysis.structures.labels import Label, labels_of
from rtxr.edit.structures.edits import add_structure
from rtxr.edit.structures.rows import with_findings
from rtxr.errors import Finding, GeometryError, RTXRError
from rtxr.geometry import ALIGNMENT_TOLERANCE_MM, Grid

#: Names by value, values by name, or the names of 1, 2, ….
Names = Mapping[int, str] | Mapping[str, int] | Sequence[str]


def add_labels(
    ds: xr.Dataset,
    array: xr.DataArray | npt.NDArray[np.generic],
    names: Names | None = None,
    *,
    holes: Holes = "keyhole",
    smooth: float | None = None,
    simplify: float | None = None,
) -> xr.Dataset:
    """Add a structure for every label of a label volume.

    Parameters
    ----------
    ds : Dataset
        A case, with or without structures.
    array : DataArray or ndarray
        Whole numbers, 0 outside: with coordinates on any grid, such as
        :func:`rtxr.read_nifti` gives, or an ndarray in the shape of the image. Voxels within
        0.01 mm of those of the image are taken for those, since files round.
    names : mapping of int to str or of str to int, or sequence of str, optional
        Name of each value, ``{1: "GTV"}``, or value of each name, ``{"GTV": 1}``, as
        ``ds.rt.labels`` takes it; or names of 1, 2, …. Other values are left out (a Finding). By
        default ``array.attrs["labels"]`` says names and colours, and a value it does not name is
        ``"label 3"``.
    holes, smooth, simplify
        How masks become contours, see :func:`rtxr.analysis.drawing.outlines.outlines`.

    Returns
    -------
    Dataset
        With one ROI more for each value that occurs, in the order of the names. What was noticed
        is in ``ds.rt.findings``.

    Raises
    ------
    ConflictingDataError
        A structure of one of the names exists.
    GeometryError
        The array has a dimension beside its grid of which its labels say nothing, or does not have
        the image's shape.
    MissingDataError
        A DataArray whose coordinates do not say where it lies.
    RTXRError
        Something that is no array, values that are no whole numbers, names that are none, two
        names of one value, or a name for 0.
    """
    placed = _placed(ds, array)
    layers = _layers(placed)
    present = {
        (layer, int(value))
        for layer, volume in enumerate(layers)
        for value in np.unique(volume.values)
        if value
    }
    chosen, findings = _chosen(placed, names, present)
    for label in chosen:
        ds = add_structure(
            ds,
            label.name,
            layers[label.layer] == label.value,
            color=label.color or None,
            holes=holes,
            smooth=smooth,
            simplify=simplify,
        )
    return with_findings(ds, [*model.findings_of(ds), *findings])


def _placed(ds: xr.Dataset, array: xr.DataArray | npt.NDArray[np.generic]) -> xr.DataArray:
    """The labels with coordinates, those of the image where they lie on its voxels."""
    require_array(array, "labels are a DataArray, or an ndarray in the shape of the image")
    image = None if model.image_name(ds) is None else _image(ds)
    if not isinstance(array, xr.DataArray):
        values = np.asarray(array)
        if image is None or values.shape != image.shape:
            there = "this Dataset has no image" if image is None else f"the image is {image.shape}"
            raise GeometryError(
                f"an array without coordinates is taken to lie on the image; its shape is "
                f"{values.shape}, and {there}"
            )
        return _whole(xr.DataArray(values, image.coords, image.dims, "labels"))
    place_of(array)
    array = _whole(model.ascending(array))
    if image is None:
        return array
    own, wanted = model.grid_of(array), model.grid_of(image)
    if not _is_same(own, wanted):
        return array
    dims = (*model.leading_dims(array), *wanted.dims)
    coords = model.grid_coords(wanted)
    return xr.DataArray(array.values, coords, dims, array.name, array.attrs)


def _image(ds: xr.Dataset) -> xr.DataArray:
    """The image without leading dimensions; its values are not read."""
    array = model.ascending(ds[model.resolve(ds, "image")])
    return array.isel(dict.fromkeys(model.leading_dims(array), 0))


def _is_same(one: Grid, other: Grid) -> bool:
    """Whether two grids have the same voxels as far as files can tell."""
    if one.shape != other.shape:
        return False
    apart = np.linalg.norm(corners(one) - corners(other), axis=1)
    return bool(apart.max() < ALIGNMENT_TOLERANCE_MM)


def _whole(array: xr.DataArray) -> xr.DataArray:
    """The array as integers."""
    if array.dtype.kind in "iu":
        return array
    values = array.values
    if array.dtype.kind == "b":
        return array.copy(data=values.astype(np.uint8))
    if array.dtype.kind != "f" or not (np.isfinite(values) & (values == np.rint(values))).all():
        raise RTXRError(
            f"labels are whole numbers; these values ({array.dtype}) are others: say what is "
            "inside, as in ds.rt.add_structure(name, array > 0.5)"
        )
    return array.copy(data=values.astype(np.int64))


def _layers(array: xr.DataArray) -> list[xr.DataArray]:
    """Volumes of an array, one of each place along a dimension beside its grid."""
    leading = model.leading_dims(array)
    if not leading:
        return [array]
    if len(leading) > 1 or not labels_of(array):
        raise GeometryError(
            f"the labels have dimensions {leading} beside their grid; give one volume, as in "
            f"array.isel({leading[0]}=0)"
        )
    return [array.isel({leading[0]: at}) for at in range(array.sizes[leading[0]])]


def _named(names: Names) -> dict[int, str]:
    """Name of each value, whichever way they are given."""
    told: list[tuple[object, object]]
    if not isinstance(names, Mapping):
        told = [*enumerate([None] if isinstance(names, str) else names, start=1)]
    elif all(isinstance(key, str) for key in names):
        told = [(value, name) for name, value in names.items()]
    else:
        told = [*names.items()]
    found = {
        int(value): str(name)
        for value, name in told
        if isinstance(value, int | np.integer) and isinstance(name, str)
    }
    if len(found) < len(told):
        raise RTXRError(
            f"names={names!r}: give the name of each value, {{1: 'GTV'}}, the value of each name, "
            "{'GTV': 1}, no value twice, or a list of the names of 1, 2, …"
        )
    return found


def _chosen(
    array: xr.DataArray,
    names: Names | None,
    present: set[tuple[int, int]],
) -> tuple[list[Label], list[Finding]]:
    """Labels that become structures, and findings about those that do not."""
    told = labels_of(array)
    if names is not None:
        colors = {label.value: label.color for label in told}
        told = [Label(v, name, colors.get(v, "")) for v, name in _named(names).items()]
    if any(label.value == 0 for label in told):
        raise RTXRError("0 is what is in no structure; give names for other values")
    known = {(label.layer, label.value) for label in told}
    others = sorted(present - known)
    findings = []
    if names is None:
        told += [Label(value, f"label {value}", layer=layer) for layer, value in others]
    elif others:
        text = ", ".join(str(value) for _, value in others)
        message = f"the label volume has values {text}, which names does not name; left out"
        findings.append(Finding("labels-left-out", "info", message))
    absent = [label.name for label in told if (label.layer, label.value) not in present]
    if absent:
        message = f"no voxel of the label volume is in {', '.join(map(repr, absent))}; not added"
        findings.append(Finding("label-empty", "warning", message))
    return [label for label in told if label.name not in absent], findings
