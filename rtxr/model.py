"""The vocabulary of a case Dataset: names, dimensions, units, and how to find things by them.

No other module spells a dimension, variable or coordinate name, but for the three of
:mod:`rtxr.header_store`. The data model is described in
docs/architecture.md. Nothing here reads files or knows pydicom.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rtxr.errors import Finding, MissingDataError, UnknownNameError, did_you_mean
from rtxr.geometry import AXIS_NAMES, OBLIQUE_NAMES, Grid

# --- data variables ---------------------------------------------------------------------------
#: Modality (0008,0060) of an image series > name of its data variable.
IMAGE_NAMES: Mapping[str, str] = {"CT": "ct", "MR": "mr", "PT": "pt"}
DOSE = "dose"
#: Further doses of a case: dose_2, dose_3, …
DOSE_NAME = re.compile(r"dose(_\d+)?")
GRID_PREFIX = re.compile(r"(dose_(\d+_)?)?")

# --- RT Images, those of another size or grid as rt_image_2, …, and what is known of each ---------
RT_IMAGE = "rt_image"
RT_IMAGE_NAME = re.compile(r"rt_image(_\d+)?")
IMAGE_ANGLES = ("gantry_angle", "beam_limiting_device_angle", "patient_support_angle")
IMAGE_NUMBERS = ("beam_number", "fraction_number", "fraction_group_number", "frame")
TRANSLATION = ("translation_x", "translation_y", "translation_z")
RECEPTOR_ANGLE, SID, SAD = "receptor_angle", "rt_image_sid", "radiation_machine_sad"
METERSET, KVP, AXES_OF = "meterset", "kvp", "axes_of"

# --- structures: coordinates, joined by number and key, never by position -----------------------
MASK = "mask"
ROI = "roi"
ROI_NUMBER, ROI_NAME, ROI_TYPE, ROI_COLOR = "roi_number", "roi_name", "roi_type", "roi_color"
#: Standard name of each ROI, where ds.rt.alias() gave them.
ROI_ALIAS = "roi_alias"
CONTOUR = "contour"
CONTOUR_ROI_NUMBER, CONTOUR_TYPE = "contour_roi_number", "contour_type"
CONTOUR_IMAGE_UID = "contour_image_uid"
NODE = "node"
NODE_X, NODE_Y, NODE_Z, NODE_CONTOUR = "node_x", "node_y", "node_z", "node_contour"
#: Contours that no file has get keys from here on: a key below is a place in the source file.
FIRST_NEW_CONTOUR = 2**31
#: Colours of ROIs that have none: Okabe and Ito, Color Universal Design (2008), without black;
#: bright enough for dark images.
PALETTE = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2")
STRUCTURE_COORDS = (
    ROI_NUMBER,
    ROI_NAME,
    ROI_TYPE,
    ROI_COLOR,
    CONTOUR_ROI_NUMBER,
    CONTOUR_TYPE,
    CONTOUR_IMAGE_UID,
    NODE_X,
    NODE_Y,
    NODE_Z,
    NODE_CONTOUR,
)

# --- leaf positions of a plan: a Dataset of its own, one variable per collimator ------------------
#: A further multi-leaf collimator has leaf_2, leaf_3, … and their bounds.
BEAM, CONTROL_POINT, LEAF, SIDE = "beam", "control_point", "leaf", "side"
#: Variables of the jaws: the axes along which they move.
JAW_NAMES = ("X", "Y")

# --- which object is which: SOPInstanceUIDs as scalar coordinates (per slice for images) --------
STRUCTURE_SET_UID = "structure_set_uid"
PLAN_UID = "plan_uid"
SPATIAL_REF = "spatial_ref"

# --- dynamic series: an image with leading dimensions, named for what varies at one position ------
#: Attribute that tells images at one position apart, best first > its dimension and unit.
LEADING: Mapping[str, tuple[str, str]] = {
    "TemporalPositionIdentifier": ("temporal_position", ""),
    "NominalPercentageOfRespiratoryPhase": ("respiratory_phase", "%"),
    "NominalPercentageOfCardiacPhase": ("cardiac_phase", "%"),
    "AcquisitionNumber": ("acquisition", ""),
    "EchoNumbers": ("echo", ""),
    "EchoTime": ("echo_time", "ms"),
    "DiffusionBValue": ("b_value", "s/mm2"),
    "TriggerTime": ("trigger_time", "ms"),
    "FrameReferenceTime": ("frame_reference_time", "ms"),
    "ImageType": ("image_type", ""),
    "AcquisitionTime": ("acquisition_time", ""),
    "ContentTime": ("content_time", ""),
}
#: The leading dimension where only the order in time tells images apart.
TIME_STEP = "time_step"
#: A dimension beside the grid of which a file of another format does not say what it is.
LAYER = "layer"

UNITS: Mapping[str, str] = {"ct": "HU", "dose": "Gy", "mr": "1", "pt": "1", RT_IMAGE: "1"}
LONG_NAMES: Mapping[str, str] = {
    "ct": "CT number",
    "mr": "MR signal",
    "pt": "PET activity",
    "dose": "absorbed dose",
    RT_IMAGE: "RT image",
}
#: Values of (3004,0002) DoseUnits that stand for a fraction of a Gy; no terms of the Standard.
DOSE_UNITS_PER_GRAY: Mapping[str, float] = {"CGY": 100.0}
#: Attribute of the Dataset with the findings of reading, as JSON (attrs must stay flat).
FINDINGS_ATTR = "rtxr_findings"
#: Attribute of a dose made in memory with what it is a dose of, where that is not what its header
#: says: JSON list of (SOPInstanceUID of the plan, fraction group or null, beam or null).
DOSE_REFERENCES_ATTR = "rtxr_dose_references"


def uid_name(variable: str) -> str:
    """Coordinate with the SOPInstanceUID(s) behind a data variable: ``ct_uid``, ``dose_uid``."""
    return f"{variable}_uid"


def prefix_of(variable: str) -> str:
    """Prefix of a variable's own dimensions: ``""`` for images, ``"dose_"`` for ``dose``."""
    return f"{variable}_" if DOSE_NAME.fullmatch(variable) else ""


def spatial_ref_name(prefix: str) -> str:
    """Scalar coordinate that holds the matrix of the grid whose dimensions have this prefix."""
    return prefix + SPATIAL_REF


def image_name(ds: xr.Dataset | xr.DataArray) -> str | None:
    """Name of the image variable of a case, or None."""
    names = [ds.name] if isinstance(ds, xr.DataArray) else list(ds.data_vars)
    return next((name for name in IMAGE_NAMES.values() if name in names), None)


def dose_names(ds: xr.Dataset) -> list[str]:
    """Dose variables of a case: ``dose`` first, then ``dose_2`` and so on."""
    names = [str(name) for name in ds.data_vars if DOSE_NAME.fullmatch(str(name))]
    return sorted(names, key=lambda name: int(name[len("dose_") :] or 1))


def rt_image_names(ds: xr.Dataset) -> list[str]:
    """RT Image variables of a case: ``rt_image`` first, then ``rt_image_2`` and so on."""
    names = [str(name) for name in ds.data_vars if RT_IMAGE_NAME.fullmatch(str(name))]
    return sorted(names, key=lambda name: int(name[len("rt_image_") :] or 1))


def rt_image_dims(variable: str) -> tuple[str, str, str]:
    """Dimensions of an RT Image variable: ``image``, ``receptor_y``, ``receptor_x``, or with 2."""
    number = variable.removeprefix(RT_IMAGE)
    return f"image{number}", f"receptor{number}_y", f"receptor{number}_x"


def rt_image_coord(variable: str, name: str) -> str:
    """Coordinate of an RT Image variable: ``kvp``, of ``rt_image_2`` ``kvp_2``."""
    return name + variable.removeprefix(RT_IMAGE)


def leaf_bounds(dim: str) -> tuple[str, str]:
    """Coordinates with the two sides of each leaf, mm: ``leaf_start``, ``leaf_stop``."""
    return f"{dim}_start", f"{dim}_stop"


def contents(ds: xr.Dataset) -> list[str]:
    """What a case holds, in words: ``["ct", "2 doses", "8 ROIs", "plan"]``."""
    image, doses = image_name(ds), len(dose_names(ds))
    rois = ds.sizes.get(ROI, 1) if ROI in ds.coords else 0
    portals = sum(ds.sizes.get(rt_image_dims(name)[0], 1) for name in rt_image_names(ds))
    parts = {
        str(image): image is not None,
        f"{doses} dose" + "s" * (doses > 1): doses,
        f"{rois} ROI" + "s" * (rois > 1): rois,
        "plan": PLAN_UID in ds.coords,
        f"{portals} RT image" + "s" * (portals > 1): portals,
    }
    return [text for text, there in parts.items() if there]


def plan_uid(ds: xr.Dataset) -> str:
    """SOPInstanceUID of the plan of a case, empty without one."""
    return str(ds.coords[PLAN_UID].values) if PLAN_UID in ds.coords else ""


def resolve(ds: xr.Dataset, name: str) -> str:
    """Variable meant by ``"image"``, ``"dose"`` or a variable's own name.

    Raises
    ------
    UnknownNameError
        No such variable; the message names those that exist.
    """
    found = image_name(ds) if name == "image" else name
    if found is None or found not in ds.data_vars:
        raise UnknownNameError(
            f"this Dataset has no {name!r}; {did_you_mean(name, map(str, ds.data_vars))}"
        )
    return found


def spatial_dims(
    variable: xr.DataArray | xr.Variable, coords: Iterable[Hashable] = ()
) -> tuple[str, str, str]:
    """The three grid dimensions of a variable, outermost first, also where one is now a scalar.

    Parameters
    ----------
    variable : DataArray or Variable
        Has at least one dimension named (prefix +) z, y, x or slice, row, column.
    coords : iterable of names, optional
        Scalar coordinates that may stand in for a dimension selected away.

    Raises
    ------
    MissingDataError
        The variable has no grid.
    """
    names = {*map(str, variable.dims), *map(str, coords)}
    for dim in map(str, variable.dims):
        for family in (AXIS_NAMES, OBLIQUE_NAMES):
            prefix = next((dim.removesuffix(axis) for axis in family if dim.endswith(axis)), None)
            if prefix is None or not GRID_PREFIX.fullmatch(prefix):
                continue
            wanted = (prefix + family[0], prefix + family[1], prefix + family[2])
            if names.issuperset(wanted):
                return wanted
    raise MissingDataError(
        f"no grid: dimensions {list(map(str, variable.dims))} hold no z, y, x "
        "(or slice, row, column)"
    )


def leading_dims(array: xr.DataArray) -> list[str]:
    """Dimensions of a variable beside its grid, outermost first: ``["temporal_position"]``."""
    scalars = [key for key, value in array.coords.items() if value.ndim == 0]
    grid = spatial_dims(array, scalars)
    return [str(dim) for dim in array.dims if dim not in grid]


def grid_of(data: xr.Dataset | xr.DataArray, name: str = "image") -> Grid:
    """Grid of a variable.

    Parameters
    ----------
    data : Dataset or DataArray
        A case, or one of its variables (then ``name`` is not used).
    name : str, default: "image"
        ``"image"``, ``"dose"`` or a variable's name.

    Returns
    -------
    Grid
        In the order z, y, x (slice, row, column) whatever the order of the variable's
        dimensions; the axes are as the coordinates are now, ascending or not.

    Raises
    ------
    MissingDataError
        No such variable, no such dimensions or no coordinates along them.
    """
    # Variables, since a DataArray of every coordinate costs more than all the rest.
    coords = data.coords.variables
    if isinstance(data, xr.DataArray):
        array, name = data.variable, str(data.name)
    else:
        name = resolve(data, name)
        array = data.variables[name]
    dims = spatial_dims(array, [key for key, value in coords.items() if value.ndim == 0])
    missing = [dim for dim in dims if dim not in coords]
    if missing:
        raise MissingDataError(
            f"{name!r} has no millimetre coordinates along {missing}; "
            "a grid needs the position of every voxel"
        )
    axes = [np.atleast_1d(np.asarray(coords[dim].values, dtype=np.float64)) for dim in dims]
    prefix = grid_prefix(dims[0])
    attrs = coords[ref].attrs if (ref := spatial_ref_name(prefix)) in coords else {}
    matrix = np.asarray(attrs.get("matrix", np.eye(4).ravel()), dtype=np.float64).reshape(4, 4)
    uid = str(attrs.get("FrameOfReferenceUID", ""))
    return Grid(dims, (axes[0], axes[1], axes[2]), matrix, uid)


def grid_coords(grid: Grid) -> dict[str, xr.Variable]:
    """Coordinates (three axes and the spatial reference) that :func:`grid_of` reads back."""
    coords = {
        dim: xr.Variable((dim,), axis, axis_attrs(dim))
        for dim, axis in zip(grid.dims, grid.axes, strict=True)
    }
    prefix = grid_prefix(grid.dims[0])
    attrs: dict[str, Any] = {
        "matrix": [float(value) for value in grid.matrix.ravel()],
        "FrameOfReferenceUID": grid.frame_of_reference_uid,
        "long_name": "own millimetres (x, y, z, 1) to patient LPS millimetres",
    }
    coords[spatial_ref_name(prefix)] = xr.Variable((), 0, attrs)
    return coords


def grid_prefix(first_dim: str) -> str:
    """Prefix of a grid's dimensions, from the name of its first one."""
    return first_dim.removesuffix(OBLIQUE_NAMES[0]).removesuffix(AXIS_NAMES[0])


def axis_attrs(dim: str) -> dict[str, str]:
    """Units and long name of a coordinate axis."""
    meaning = {
        "z": "patient z, to the head",
        "y": "patient y, to the back",
        "x": "patient x, to the left",
        "slice": "along the stack",
        "row": "along a column, from row to row",
        "column": "along a row, from column to column",
    }
    name = next(
        (text for axis, text in meaning.items() if re.fullmatch(rf"(.*_)?{axis}", dim)), dim
    )
    return {"units": "mm", "long_name": name}


def ascending(array: xr.DataArray) -> xr.DataArray:
    """The array with its grid dimensions last, in grid order, each ascending (lazy)."""
    scalars = [key for key, value in array.coords.items() if value.ndim == 0]
    dims = spatial_dims(array, scalars)
    array = array.expand_dims([dim for dim in dims if dim not in array.dims])
    array = array.transpose(..., *dims)
    # Variables, since a DataArray of every coordinate costs more than all the rest.
    known = array.coords.variables
    axes = {dim: known[dim].values if dim in known else np.arange(array.sizes[dim]) for dim in dims}
    backwards = [dim for dim, axis in axes.items() if len(axis) > 1 and axis[0] > axis[-1]]
    if backwards:
        array = array.isel(dict.fromkeys(backwards, slice(None, None, -1)))
        axes |= {dim: axes[dim][::-1] for dim in backwards}
    unsorted = [dim for dim, axis in axes.items() if (np.diff(axis) <= 0).any()]
    return array.sortby(unsorted) if unsorted else array


# --- ROIs ---------------------------------------------------------------------------------------
def require_structures(ds: xr.Dataset) -> None:
    """Raise MissingDataError unless the Dataset holds ROIs and contours."""
    missing = [name for name in STRUCTURE_COORDS if name not in ds.coords]
    if missing:
        raise MissingDataError(
            f"this Dataset has no structures (coordinates such as {missing[0]!r}): the case has no "
            "structure set, or ds[[...]] dropped them, which ds.drop_vars(...) does not"
        )


def roi_labels(ds: xr.Dataset) -> list[str]:
    """Labels of the ROIs the Dataset holds now, in their order."""
    require_structures(ds)
    return [str(label) for label in np.atleast_1d(ds[ROI].values)]


def roi_number(ds: xr.Dataset, label: str) -> int:
    """ROI Number (3006,0022) of a label.

    Raises
    ------
    UnknownNameError
        No ROI has this label.
    """
    labels = roi_labels(ds)
    if label not in labels:
        raise UnknownNameError(f"no ROI {label!r}; {did_you_mean(label, labels)}")
    return int(np.atleast_1d(ds[ROI_NUMBER].values)[labels.index(label)])


# --- findings -----------------------------------------------------------------------------------
def findings_to_json(findings: Iterable[Finding]) -> str:
    """Findings as the JSON text a Dataset carries in its attributes."""
    return json.dumps([asdict(finding) for finding in findings])


def findings_of(ds: xr.Dataset | xr.DataArray) -> list[Finding]:
    """Findings that reading or a computation left in the attributes."""
    return [Finding(**each) for each in json.loads(ds.attrs.get(FINDINGS_ATTR, "[]"))]


def findings_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """Findings as a table with the columns code, severity, message, uid, path."""
    columns = ["code", "severity", "message", "uid", "path"]
    return pd.DataFrame([asdict(finding) for finding in findings], columns=columns)
