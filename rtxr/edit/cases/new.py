"""A case made of arrays: image, doses, masks and plan, as if it had been read from files.

What comes out is the model of docs/architecture.md with all its names. Its objects have headers
that hold identifiers and what the caller said of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from rtxr import header_store, model
from rtxr.edit.cases.arrays import (
    Array,
    dose_arrays,
    even_from,
    image_array,
    in_frame,
    mask_array,
    scalar_reference,
    several,
    stated_frames,
)
from rtxr.edit.cases.headers import check_facts, new_uid, record_of
from rtxr.edit.cases.own_arguments import refuse_misspelt, require_arguments
from rtxr.edit.plans.new import add_plan
from rtxr.edit.plans.tables import Rows
from rtxr.edit.structures.edits import add_structures
from rtxr.edit.structures.facts import Color
from rtxr.edit.structures.shapes import Shape
from rtxr.errors import ConflictingDataError, UnknownNameError, did_you_mean
from rtxr.geometry import Grid, layout_for, own_orientation, slice_origins
from rtxr.header_store import Record
from rtxr.iod.tables import IODS

_ORIENTATION, _FRAME = "ImageOrientationPatient", "FrameOfReferenceUID"
#: Attributes of a dose that are its own, not those of its plan.
_OF_DOSE = ("DoseUnits", "DoseType", "DoseSummationType", "DoseComment")


def new_case(
    image: Array | None = None,
    *,
    modality: str = "CT",
    grid: Grid | None = None,
    spacing: float | Sequence[float] | None = None,
    origin: Sequence[float] = (0.0, 0.0, 0.0),
    dose: Array | Sequence[Array] | None = None,
    dose_grid: Grid | None = None,
    masks: Mapping[str, Shape] | None = None,
    types: str | Mapping[str, str] = "",
    colors: Mapping[str, Color] | None = None,
    plan: Rows | None = None,
    **facts: Any,
) -> xr.Dataset:
    """Make a case of arrays, to compute with and to export as DICOM.

    Each part is optional: an image, a dose, structures or a plan alone will do.

    Parameters
    ----------
    image : DataArray or ndarray, optional
        Values in the unit of the modality, HU for CT. A DataArray has the dimensions z, y, x
        (patient LPS millimetres at voxel centres), or slice, row, column with the matrix of its
        coordinate ``spatial_ref``, as ``ds.ct`` and :func:`rtxr.read_nifti` give it. Of an
        ndarray, (z, y, x), ``grid`` says where it is, or ``spacing`` and ``origin``.
    modality : {"CT", "MR", "PT"}
        Of the image.
    grid : Grid, optional
        Of the image and the masks that are plain arrays. An oblique grid has the dimensions slice,
        row, column and a matrix.
    spacing : float or (float, float, float), optional
        Instead of a grid: distance of voxel centres along z, y, x, mm, or one for all.
    origin : (float, float, float), default: (0, 0, 0)
        With ``spacing``: z, y, x of the first voxel's centre, patient LPS mm.
    dose : DataArray, ndarray or list of them, optional
        Gy. What it is a dose of stands in the attrs of a DataArray: DoseSummationType (``"PLAN"``
        by default), DoseType (``"PHYSICAL"``), ReferencedBeamNumber, ReferencedFractionGroupNumber.
    dose_grid : Grid, optional
        Of doses that are plain arrays; by default the grid of the image.
    masks : mapping of str to shape, optional
        ROI Name > a mask or contours, as in :func:`rtxr.edit.structures.edits.add_structure`.
    types : str or mapping of str to str, optional
        RT ROI Interpreted Type (3006,00A4) of the masks, one for all or by name:
        ``{"PTV": "PTV", "Body": "EXTERNAL"}``.
    colors : mapping of str to color, optional
        By name, as in :func:`rtxr.edit.structures.edits.add_structures`.
    plan : DataFrame, list of mappings or mapping, optional
        Beams, one row each, or the arguments of :func:`rtxr.edit.plans.new.add_plan`
        (``ds.rt.add_plan``) by name: ``{"beams": table, "prescription": {"PTV": 60}}``.
    **facts
        What else is known, by DICOM keyword, for every object that has the attribute:
        ``PatientID="…"``, ``PatientPosition="HFS"``, ``StudyDescription="…"``.
        ImageOrientationPatient says how rows and columns are stored (axial by default). Study and
        frame of reference get new UIDs where none is given.

    Returns
    -------
    Dataset
        A case as from files. ``ds.rt.validate()`` lists what an export still needs.

    Raises
    ------
    ConflictingDataError
        Two frames of reference, or tables of a plan that contradict each other.
    GeometryError
        An array does not fit its grid.
    MissingDataError
        Nothing says where an array is.
    RTXRError
        A value that its attribute cannot hold, or an array of something else than numbers.
    UnknownNameError
        A keyword or modality that does not exist, or a keyword that follows from the arrays.

    Examples
    --------
    Two opposed beams; columns are those of ``ds.rt.beams()`` and ``ds.rt.control_points()``.

    >>> import numpy as np, pandas as pd, rtxr
    >>> hu = np.full((4, 20, 20), -1000)
    >>> hu[:, 5:15, 5:15] = 0
    >>> beams = pd.DataFrame(
    ...     {
    ...         "BeamName": ["AP", "PA"],
    ...         "GantryAngle": [0.0, 180.0],
    ...         "BeamLimitingDeviceAngle": 0.0,
    ...         "PatientSupportAngle": 0.0,
    ...         "X1": -20.0, "X2": 20.0, "Y1": -25.0, "Y2": 25.0,
    ...         "isocenter_x": 19.0, "isocenter_y": 19.0, "isocenter_z": 4.5,
    ...         "NominalBeamEnergy": 6.0,
    ...         "BeamMeterset": [120.0, 110.0],
    ...         "TreatmentMachineName": "LINAC",
    ...     }
    ... )
    >>> ds = rtxr.new_case(
    ...     hu,
    ...     spacing=(3, 2, 2),
    ...     dose=np.where(hu == 0, 2.0, 0.5),
    ...     masks={"Body": hu == 0},
    ...     types={"Body": "EXTERNAL"},
    ...     plan={"beams": beams, "fractions": 1, "prescription": 4},
    ...     PatientID="PHANTOM",
    ...     PatientPosition="HFS",
    ... )
    >>> ds.rt
    <.rt of a case with ct, 1 dose, 1 ROI, plan>
    >>> f"{ds.rt.volumes()['Body'].item():.2f} cm3"
    '4.80 cm3'
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(sorted(set(ds.rt.to_dicom(folder + "/out")["IOD"])))
    ['CT Image', 'RT Dose', 'RT Plan', 'RT Structure Set']
    """
    if modality not in model.IMAGE_NAMES:
        raise UnknownNameError(
            f"modality={modality!r}; {did_you_mean(modality, model.IMAGE_NAMES)}"
        )
    refuse_misspelt(facts, new_case)
    check_facts(facts)
    doses = several(dose)
    given = [image, *(masks or {}).values(), *doses]
    if spacing is not None and grid is None:
        grid = even_from(spacing, origin, given)
    uid = _frame_of_reference(stated_frames(given[: 1 + len(masks or {})], [grid]), facts)
    shared = {"StudyInstanceUID": new_uid(), **facts, _FRAME: uid}

    ds = xr.Dataset()
    records: list[Record] = []
    if image is not None:
        name = model.IMAGE_NAMES[modality]
        array = in_frame(image_array(image, name, grid), uid)
        array, records = _with_slices(array, modality, shared)
        ds = ds.assign({name: array})
        grid = model.grid_of(array)
    for name, array in dose_arrays(doses, dose_grid or grid).items():
        record = _dose_record(in_frame(array, uid), shared)
        coords = {model.uid_name(name): _uid(record)}
        ds = ds.assign({name: in_frame(array, uid)}).assign_coords(coords)
        records.append(record)
    if not ds.data_vars:
        ds = ds.assign_coords(scalar_reference(grid, uid))
    looks = {"type": types, "color": colors}
    return _with_plan(_with_structures(ds, records, masks or {}, grid, shared, looks), plan, facts)


def _frame_of_reference(stated: Sequence[str], facts: Mapping[str, Any]) -> str:
    """Frame of Reference UID of the case: as given, else a new one."""
    named = list(dict.fromkeys([*([str(facts[_FRAME])] if _FRAME in facts else []), *stated]))
    if len(named) > 1:
        raise ConflictingDataError(
            f"{_FRAME}: {', '.join(named)}; image, masks and what is given share one, or the case "
            "falls apart"
        )
    return named[0] if named else new_uid()


def _with_slices(
    array: xr.DataArray, modality: str, shared: Mapping[str, Any]
) -> tuple[xr.DataArray, list[Record]]:
    """An image with the UID of each slice, and their headers."""
    grid = model.grid_of(array)
    layout = layout_for(grid, shared.get(_ORIENTATION) or own_orientation(grid))
    positions, cosines = slice_origins(grid, layout)
    if layout.flip[layout.slice_dim]:
        positions = positions[::-1]
    series = {**shared, "SeriesInstanceUID": new_uid(), _ORIENTATION: cosines.tolist()}
    records = [
        record_of(
            IODS[modality],
            {**series, "InstanceNumber": at, "ImagePositionPatient": position.tolist()},
        )
        for at, position in enumerate(positions, start=1)
    ]
    uids = np.array([record.uid for record in records], np.str_)
    along = grid.dims[layout.slice_dim]
    named = xr.Variable((along,), uids, {"long_name": "SOPInstanceUID of each slice"})
    return array.assign_coords({model.uid_name(str(array.name)): named}), records


def _dose_record(dose: xr.DataArray, shared: Mapping[str, Any]) -> Record:
    said = {keyword: dose.attrs[keyword] for keyword in _OF_DOSE if keyword in dose.attrs}
    frame = model.grid_of(dose).frame_of_reference_uid
    series = {"SeriesInstanceUID": new_uid(), _FRAME: frame}
    return record_of(IODS["RTDOSE"], {**said, **shared, **series})


def _with_structures(
    ds: xr.Dataset,
    records: Sequence[Record],
    masks: Mapping[str, Shape],
    grid: Grid | None,
    shared: Mapping[str, Any],
    looks: Mapping[str, Any],
) -> xr.Dataset:
    """The case with its ROIs, and the headers of all objects."""
    if not masks:
        return header_store.replace(ds, records) if records else ds
    record = record_of(IODS["RTSTRUCT"], {**shared, "SeriesInstanceUID": new_uid()})
    ds = header_store.replace(ds, [*records, record])
    shapes = {name: mask_array(shape, grid) for name, shape in masks.items()}
    ds = add_structures(ds, shapes, **looks)
    return ds.assign_coords({model.STRUCTURE_SET_UID: _uid(record)})


def _with_plan(ds: xr.Dataset, plan: Rows | None, facts: Mapping[str, Any]) -> xr.Dataset:
    if plan is None:
        return ds
    told: dict[str, Any] = {"beams": plan}
    if isinstance(plan, Mapping):
        told = dict(plan)
        require_arguments(told, add_plan, "plan")
    known = {key: value for key, value in facts.items() if key in IODS["RTPLAN"].keywords}
    return add_plan(ds, **{**known, **told})


def _uid(record: Record) -> xr.Variable:
    return xr.Variable((), np.array(record.uid, np.str_), {"long_name": "SOPInstanceUID"})
