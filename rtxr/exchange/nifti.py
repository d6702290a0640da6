"""NIfTI files (.nii, .nii.gz) of one array, through nibabel.

NIfTI counts x to the patient's right and y to the front (RAS); all here is LPS. What labels mean
goes into a comment in the header, as NIfTI has no place of its own for it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.analysis.structures.labels import LABELS_ATTR
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
from rtxr.geometry import ALIGNMENT_TOLERANCE_MM, FloatArray

_SUFFIXES = (".nii", ".nii.gz")
#: RAS to LPS and back.
_TURNED = np.diag([-1.0, -1.0, 1.0, 1.0])
#: Integers that tools besides nibabel read.
_INTEGERS = ("i1", "u1", "i2", "u2", "i4", "u4")
#: Directions are at right angles when their products are less; then a qform can say them.
_RIGHT_ANGLE = 1e-5
_SCANNER = 1
#: Millimetres of a unit of space by its code in xyzt_units; 0 is not said.
_UNIT_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_COMMENT = "comment"


def to_nifti(array: xr.DataArray, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write an array to a NIfTI file.

    Voxels are stored with x (columns) varying fastest, sform and qform both saying where they are
    (the qform only where axes are at right angles), in float32 as NIfTI-1 has it: positions are
    kept to some 1e-4 mm. Values keep their type: bool becomes uint8, float16 float32, and 64-bit
    integers 32-bit ones where they fit.

    Parameters
    ----------
    array : DataArray
        On an evenly spaced grid, with at most one dimension beside it, which becomes the fourth;
        its coordinates are not kept. The thickness of a single slice, which nothing says, is 1 mm.
    path : path-like
        Ends in ``.nii`` or ``.nii.gz``.
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
        The grid is not evenly spaced, or no type of NIfTI holds the values.
    MissingDataError
        The array has no grid, or the path says no NIfTI.
    MissingExtraError
        nibabel is not installed.
    """
    nibabel = library("nibabel", "nifti")
    target = Path(path)
    if not target.name.endswith(_SUFFIXES):
        raise MissingDataError(f"{target.name}: a NIfTI file ends in {' or '.join(_SUFFIXES)}")
    volume = volume_of(array)
    affine = _TURNED @ volume.affine
    image = nibabel.Nifti1Image(stored_values(volume.values, _INTEGERS).T, affine)
    image.set_sform(affine, code=_SCANNER)
    image.set_qform(affine, code=_SCANNER if _is_right_angled(affine) else 0)
    image.header.set_xyzt_units("mm")
    if LABELS_ATTR in array.attrs:
        text = json.dumps({LABELS_ATTR: json.loads(array.attrs[LABELS_ATTR])})
        image.header.set_intent("label")
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension(_COMMENT, text.encode()))
    return write_aside(target, overwrite, image.to_filename)


def read_nifti(path: str | os.PathLike[str]) -> xr.DataArray:
    """Read a NIfTI file.

    Parameters
    ----------
    path : path-like
        NIfTI-1 or NIfTI-2, of three dimensions, or four of which the last is called ``time_step``.

    Returns
    -------
    DataArray
        Values as stored, scaled by scl_slope and scl_inter where the file has them; ascending
        z, y, x in patient LPS millimetres where axis-aligned, else (slice, row, column) with the
        matrix in ``spatial_ref``. The sform says where, else the qform. Numbers of NIfTI-1 are
        float32; they are taken for the shortest decimals that round to them. Labels that
        :func:`to_nifti` wrote are in ``attrs["labels"]``, what was noticed in
        ``array.rt.findings``.

    Raises
    ------
    GeometryError
        The file has other dimensions, values that are no numbers, or no place in space.
    MissingDataError
        There is no NIfTI file.
    MissingExtraError
        nibabel is not installed.
    """
    nibabel = library("nibabel", "nifti")
    source = Path(path)
    if not source.is_file():
        raise MissingDataError(f"there is no file {source}")
    try:
        image = nibabel.load(source)
        is_nifti = isinstance(image, nibabel.Nifti1Pair)
    except nibabel.filebasedimages.ImageFileError:
        is_nifti = False
    if not is_nifti:
        raise MissingDataError(f"{source.name} is no NIfTI file")
    values = np.asanyarray(image.dataobj)
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim not in (3, 4) or values.dtype.kind not in "iuf":
        raise GeometryError(
            f"{source.name} has shape {values.shape} and values of type {values.dtype}; volumes of "
            "three or four dimensions of numbers are read"
        )
    placed, findings = _affine(image.header)
    volume = Volume(values.T, _TURNED @ placed)
    return array_of(
        volume, stem(source), further=model.TIME_STEP, attrs=_labels(image), findings=findings
    )


def _is_right_angled(affine: FloatArray) -> bool:
    unit = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.allclose(unit.T @ unit, np.eye(3), rtol=0, atol=_RIGHT_ANGLE))


def _labels(image: Any) -> dict[str, str]:
    """Attributes that say what labels mean, where a comment of the header has them."""
    for extension in image.header.extensions:
        if extension.get_code() != 6:  # a comment
            continue
        content = extension.get_content()
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)
        try:
            found = json.loads(text.strip("\0 \n"))
        except ValueError:
            continue
        if isinstance(found, dict) and LABELS_ATTR in found:
            return {LABELS_ATTR: json.dumps(found[LABELS_ATTR])}
    return {}


# --- where the voxels are ------------------------------------------------------------------------
def _affine(header: Any) -> tuple[FloatArray, list[Finding]]:
    """Indices to RAS millimetres, by the form that counts."""
    forms = {"sform": _sform(header), "qform": _qform(header)}
    said = {name: form for name, form in forms.items() if int(header[f"{name}_code"]) > 0}
    unit = _UNIT_MM.get(int(header["xyzt_units"]) & 7, 1.0)
    scale = np.diag([unit, unit, unit, 1.0])
    if not said:
        message = (
            "neither sform_code nor qform_code says where the voxels are; they were placed from "
            "the origin on, along x to the right, y to the front and z to the head"
        )
        spacing = np.diag([*_decimals(header["pixdim"][1:4]), 1.0])
        return scale @ spacing, [Finding("nifti-unplaced", "warning", message)]
    name, form = next(iter(said.items()))
    findings = []
    if len(said) == 2:
        apart = _apart(said["sform"], said["qform"], header) * unit
        if apart >= ALIGNMENT_TOLERANCE_MM:
            message = (
                f"sform and qform are up to {apart:.3g} mm apart; the {name} was used, other tools "
                "may use the other"
            )
            findings.append(Finding("nifti-forms-differ", "warning", message))
    return scale @ form, findings


def _sform(header: Any) -> FloatArray:
    rows = [_decimals(header[f"srow_{axis}"]) for axis in "xyz"]
    return np.array([*rows, [0.0, 0.0, 0.0, 1.0]])


def _qform(header: Any) -> FloatArray:
    form = np.asarray(header.get_qform(), dtype=np.float64)
    lengths = np.linalg.norm(form[:3, :3], axis=0)
    form[:3, :3] *= _decimals(np.abs(header["pixdim"][1:4])) / np.where(lengths > 0, lengths, 1)
    form[:3, 3] = [_decimals(header[f"qoffset_{axis}"])[0] for axis in "xyz"]
    return form


def _decimals(values: Any) -> FloatArray:
    """Numbers that a file was given: of all that round to a float32, the shortest decimal."""
    return np.array([float(str(value)) for value in np.atleast_1d(values)])


def _apart(one: FloatArray, other: FloatArray, header: Any) -> float:
    """Largest distance of a corner by two affines."""
    last = np.asarray(header.get_data_shape()[:3]) - 1
    corners = np.array([[*(last * np.array(at)), 1] for at in np.ndindex(2, 2, 2)])
    return float(np.linalg.norm((corners @ (one - other).T)[:, :3], axis=1).max())
