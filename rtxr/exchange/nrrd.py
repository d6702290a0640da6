"""NRRD files (.nrrd, .seg.nrrd) of one array, through pynrrd.

Labels are written, and read, as 3D Slicer keeps segments: ``Segment0_Name``, ``_LabelValue``,
``_Color`` and so on, so that a label volume opens there as a segmentation.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.analysis.structures.labels import LABELS_ATTR, Label, labels_of, labels_to_json
from rtxr.errors import Finding, GeometryError, MissingDataError
from rtxr.exchange.volume import (
    Volume,
    array_of,
    library,
    stem,
    stored_values,
    volume_of,
    write_aside,
)
from rtxr.geometry import FloatArray

_SPACE = "left-posterior-superior"
#: Spaces of a patient > signs of their axes in LPS.
_SPACES = {
    _SPACE: (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
_INTEGERS = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")
#: Labels with names that ASCII cannot hold, beside what Slicer reads.
_OWN_KEY = "rtxr_labels"
_SEGMENT = re.compile(r"Segment(\d+)_LabelValue")
_MASTER = "Binary labelmap"
_FAST = 1


def to_nrrd(array: xr.DataArray, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write an array to a NRRD file.

    Voxels are stored with x (columns) varying fastest, in the space left-posterior-superior, gzip
    compressed. Values keep their type: bool becomes uint8, float16 float32.

    Parameters
    ----------
    array : DataArray
        On an evenly spaced grid, with at most one dimension beside it, which becomes a list of
        volumes; its coordinates are not kept. The thickness of a single slice, which nothing says,
        is 1 mm. With ``attrs["labels"]``, as those of ``ds.rt.labels()``, names and colours are
        written as segments of 3D Slicer.
    path : path-like
        Ends in ``.nrrd``; ``.seg.nrrd`` is what Slicer opens as a segmentation.
    overwrite : bool, default: False
        Replace a file that is there.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ExistingFilesError
        The file exists.
    GeometryError
        The grid is not evenly spaced, or NRRD has no type for the values.
    MissingDataError
        The array has no grid, or the path says no NRRD.
    MissingExtraError
        pynrrd is not installed.
    """
    nrrd = library("nrrd", "nrrd")
    target = Path(path)
    if not target.name.endswith(".nrrd"):
        raise MissingDataError(f"{target.name}: a NRRD file ends in .nrrd")
    volume = volume_of(array)
    values = stored_values(volume.values, _INTEGERS)
    more = values.ndim - 3
    header = {
        "space": _SPACE,
        "space directions": np.vstack([volume.affine[:3, :3].T, np.full((more, 3), np.nan)]),
        "space origin": volume.affine[:3, 3],
        "kinds": ["domain"] * 3 + ["list"] * more,
        **_segments(labels_of(array), values.shape[-3:]),
    }
    how = {"index_order": "C", "compression_level": _FAST}
    return write_aside(
        target, overwrite, lambda aside: nrrd.write(str(aside), values, header, **how)
    )


def read_nrrd(path: str | os.PathLike[str]) -> xr.DataArray:
    """Read a NRRD file, such as a segmentation of 3D Slicer.

    Parameters
    ----------
    path : path-like
        ``.nrrd`` or ``.nhdr``, with three axes in space, and perhaps one more, called ``layer``.

    Returns
    -------
    DataArray
        Values as stored; ascending z, y, x in patient LPS millimetres where axis-aligned, else
        (slice, row, column) with the matrix in ``spatial_ref``. Segments of 3D Slicer are in
        ``attrs["labels"]``, see :func:`rtxr.analysis.structures.labels.labels_of`; what was
        noticed is in ``array.rt.findings``.

    Raises
    ------
    GeometryError
        The file has other axes, values that are no numbers, or no place in space.
    MissingDataError
        There is no NRRD file.
    MissingExtraError
        pynrrd is not installed.
    """
    nrrd = library("nrrd", "nrrd")
    source = Path(path)
    if not source.is_file():
        raise MissingDataError(f"there is no file {source}")
    try:
        values, header = nrrd.read(str(source), index_order="C")
    except nrrd.NRRDError as error:
        raise MissingDataError(
            f"{source.name} is no NRRD file that can be read: {error}"
        ) from error
    affine, spatial, findings = _affine(header, values.ndim, source.name)
    volume = Volume(_ordered(values, spatial, source.name), affine)
    found = _labels(header)
    attrs = {LABELS_ATTR: labels_to_json(found)} if found else {}
    return array_of(volume, stem(source), further=model.LAYER, attrs=attrs, findings=findings)


def _ordered(values: npt.NDArray[Any], spatial: list[int], name: str) -> npt.NDArray[Any]:
    """Values along (further, slices, rows, columns), or the last three."""
    axes = [values.ndim - 1 - axis for axis in range(values.ndim)]  # those of NRRD, fastest first
    others = [axes[at] for at in range(values.ndim) if at not in spatial]
    if len(others) > 1 or values.dtype.kind not in "iuf":
        raise GeometryError(
            f"{name} has {values.ndim} axes, {len(spatial)} of them in space, and values of type "
            f"{values.dtype}; volumes of numbers with at most one further axis are read"
        )
    return values.transpose([*others, *(axes[at] for at in reversed(spatial))])


# --- where the voxels are ------------------------------------------------------------------------
def _affine(
    header: Mapping[str, Any], axes: int, name: str
) -> tuple[FloatArray, list[int], list[Finding]]:
    """Indices to LPS millimetres, which axes are in space, fastest first, and findings."""
    findings = []
    space = str(header.get("space", "")).strip().lower()
    if space not in _SPACES:
        message = f"space is {space or 'not said'}, none of a patient; it was taken for {_SPACE}"
        findings.append(Finding("nrrd-space", "warning", message))
    directions = _directions(header, axes)
    spatial = [at for at, row in enumerate(directions) if np.isfinite(row).all()]
    if len(spatial) != 3:
        raise GeometryError(
            f"{name} does not have three axes in a space of three dimensions; its space directions "
            f"tell of {len(spatial)}"
        )
    origin = header.get("space origin")
    if origin is None or "space directions" not in header:
        message = "space directions or space origin are not said; what lacks was taken to be along "
        message += "the axes of the space, spaced as the file says or by 1 mm, and from 0 on"
        findings.append(Finding("nrrd-unplaced", "warning", message))
    affine = np.eye(4)
    affine[:3, :3] = directions[spatial].T
    affine[:3, 3] = 0 if origin is None else np.asarray(origin, dtype=np.float64)
    return np.diag([*_SPACES.get(space, (1.0, 1.0, 1.0)), 1.0]) @ affine, spatial, findings


def _directions(header: Mapping[str, Any], axes: int) -> FloatArray:
    """Step along each axis, (axes, 3); NaN for axes that are not in space."""
    given = header.get("space directions")
    if given is not None:
        rows = [np.full(3, np.nan) if row is None else np.asarray(row, float) for row in given]
        fits = all(row.shape == (3,) for row in rows)
        return np.array(rows) if fits else np.empty((0, 3))
    steps = np.asarray(header.get("spacings", np.ones(axes)), dtype=np.float64)
    steps = np.where(np.isfinite(steps), steps, 1.0)
    first = max(axes - 3, 0)  # axes beside those of space come first, as components do
    found = np.full((axes, 3), np.nan)
    found[first:] = np.eye(3)[: axes - first] * steps[first:, None]
    return found


# --- segments of 3D Slicer ------------------------------------------------------------------------
def _segments(labels: list[Label], shape: tuple[int, ...]) -> dict[str, str]:
    """Header fields of labels, for Slicer, and for names that ASCII cannot hold."""
    if not labels:
        return {}
    extent = " ".join(f"0 {length - 1}" for length in reversed(shape))
    fields = {
        "Segmentation_ContainedRepresentationNames": f"{_MASTER}|",
        "Segmentation_MasterRepresentation": _MASTER,
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
        _OWN_KEY: labels_to_json(labels),
    }
    for at, label in enumerate(labels):
        of = {
            "ID": f"Segment_{at + 1}",
            "Name": _ascii(label.name),
            "NameAutoGenerated": "0",
            "LabelValue": str(label.value),
            "Layer": str(label.layer),
            "Extent": extent,
            "Color": _slicer_color(label.color),
            "ColorAutoGenerated": "0" if label.color else "1",
            "Tags": "|",
        }
        fields |= {f"Segment{at}_{key}": value for key, value in of.items()}
    return fields


def _labels(header: Mapping[str, Any]) -> list[Label]:
    """Labels of a header: Slicer's, with the names that were meant where they are known."""
    try:
        own = [Label(**each) for each in json.loads(header.get(_OWN_KEY, "[]"))]
    except (TypeError, ValueError):
        own = []
    meant = {(each.value, each.layer, _ascii(each.name)): each.name for each in own}
    found = []
    for at in sorted(int(key[1]) for name in header if (key := _SEGMENT.fullmatch(name))):
        of = {key: str(header.get(f"Segment{at}_{key}", "")) for key in ("Name", "Color", "Layer")}
        value, layer = _whole(header[f"Segment{at}_LabelValue"]), _whole(of["Layer"])
        name = meant.get((value, layer, of["Name"]), of["Name"]) or f"Segment {at}"
        found.append(Label(value, name, _hex_color(of["Color"]), layer))
    return found


def _whole(text: Any) -> int:
    digits = str(text).strip()
    return int(digits) if digits.isdigit() else 0


def _ascii(text: str) -> str:
    """Letters without what ASCII cannot hold, in one line."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(plain.split()) or "unnamed"


def _slicer_color(color: str) -> str:
    """Red, green and blue from 0 to 1."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)] if color else [0.5, 0.5, 0.5]
    return " ".join(f"{part:.6g}" for part in parts)


def _hex_color(text: str) -> str:
    try:
        parts = [round(255 * float(part)) for part in text.split()]
    except ValueError:
        return ""
    fine = len(parts) == 3 and all(0 <= part <= 255 for part in parts)
    return "#" + "".join(f"{part:02x}" for part in parts) if fine else ""
