"""``.rt`` on Dataset, DataArray and DataTree: each method is a documented function of the Dataset.

The accessor holds no state. It reads the Dataset it is called on and nothing else, so it gives
the same answer after netCDF, zarr, pickle, copy or chunking. ``rtxr/__init__.py`` registers it, and
imports this module when ``.rt`` is first used.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import pandas as pd
import xarray as xr

from rtxr import cohort, export, model, roi_names
from rtxr.analysis.grids import isocenter_plane, resample
from rtxr.analysis.structures import contours, coverage, labels, masks
from rtxr.edit import cropping, grids
from rtxr.edit.plans import edits as plan_edits
from rtxr.edit.plans import new as plans
from rtxr.edit.plans import removed_beams
from rtxr.edit.structures import combine as combinations
from rtxr.edit.structures import edits as structure_edits
from rtxr.edit.structures import labels as label_edits
from rtxr.exchange import nifti, nrrd
from rtxr.geometry import Grid
from rtxr.read import rt_dose, rt_plan, saved, source_header
from rtxr.read.plans import (
    accessories,
    brachytherapy,
    collimators,
    ion_devices,
    leaf_positions,
    source_positions,
    spots,
)
from rtxr.read.plans import patient_setups as setups
from rtxr.read.rt_images import table as rt_image_table
from rtxr.read.suv import uptake as suv
from rtxr.summary import (
    beam_view,
    complexity,
    dvh_comparison,
    dvh_plots,
    fractionation,
    overview,
    plan_sums,
    prescribed,
    slice_plots,
    stored_dvhs,
    viewing,
)

P = ParamSpec("P")
R = TypeVar("R")


def _method(
    function: Callable[Concatenate[xr.Dataset, P], R],
) -> Callable[Concatenate[DatasetRT, P], R]:
    """A function of a Dataset as a method, with its signature and documentation."""

    @wraps(function)
    def method(self: DatasetRT, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(self._ds, *args, **kwargs)

    _describe(method, function)
    return method


def _describe(method: Callable[..., Any], function: Callable[..., Any]) -> None:
    """Give a method the signature and documentation of its function, without the first argument."""
    first, *others = inspect.signature(function).parameters.values()
    me = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    method.__signature__ = inspect.Signature([me, *others])  # type: ignore[attr-defined]
    entry = rf"    {first.name} : .*\n(?:        .*\n)*"  # says what the Dataset is
    method.__doc__ = re.sub(entry, "", function.__doc__ or "", count=1)


class DataArrayRT:
    """Radiotherapy methods of one variable."""

    def __init__(self, array: xr.DataArray) -> None:
        self._array = array

    def grid(self) -> Grid:
        """Grid of this variable; see :func:`rtxr.model.grid_of`."""
        return model.grid_of(self._array)

    @property
    def findings(self) -> pd.DataFrame:
        """What the computation of this variable noticed: one row per finding."""
        return model.findings_frame(model.findings_of(self._array))

    def to_nifti(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write this variable to a NIfTI file; see :func:`rtxr.exchange.nifti.to_nifti`."""
        return nifti.to_nifti(self._array, path, overwrite=overwrite)

    def to_nrrd(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write this variable to a NRRD file; see :func:`rtxr.exchange.nrrd.to_nrrd`."""
        return nrrd.to_nrrd(self._array, path, overwrite=overwrite)


class DatasetRT:
    """Radiotherapy methods of a case Dataset; ``help(ds.rt.dvh)`` tells more of one.

    - What it holds: ``image``, ``findings``, ``grid``, ``header``, ``structures``, ``points``,
      ``doses``, ``rt_images``
    - Plan: ``beams``, ``control_points``, ``fraction_groups``, ``prescriptions``,
      ``leaf_positions``, ``beam_limiting_devices``, ``wedges``, ``blocks``, ``compensators``,
      ``boluses``, ``applicators``, ``general_accessories``, ``setup_devices``, ``patient_setups``,
      ``tolerance_tables``, ``complexity``
    - Ion plan: ``spots``, ``snouts``, ``range_shifters``, ``range_modulators``,
      ``lateral_spreading_devices``
    - Brachytherapy: ``brachy_sources``, ``application_setups``, ``channels``, ``source_positions``
    - Masks and grids: ``mask``, ``coverage``, ``labels``, ``volumes``, ``crop``, ``resample``,
      ``rt_image``, ``suv``
    - Doses: ``dvh``, ``dvh_metrics``, ``goals``, ``dvh_stored``, ``dvh_compare``, ``dose_on``,
      ``sum_doses``, ``bed``, ``eqd2``
    - Editing structures: ``add_structure``, ``add_structures``, ``add_labels``, ``combine``,
      ``margin``, ``rename``, ``remove``, ``set_structure``, ``alias``
    - Editing the plan: ``add_plan``, ``with_beams``, ``with_control_points``, ``remove_beam``
    - Pictures: ``view``, ``plot_slice``, ``plot_dvh``, ``plot_beam``, ``beam_player``
    - Files: ``validate``, ``to_dicom``, ``save``

    ``ds.dose.rt`` has ``grid``, ``findings``, ``to_nifti`` and ``to_nrrd`` of one variable, and
    ``tree.rt`` the tables and files of all cases.
    """

    def __init__(self, ds: xr.Dataset) -> None:
        self._ds = ds

    def __repr__(self) -> str:
        return f"<.rt of a case with {', '.join(model.contents(self._ds)) or 'nothing'}>"

    # --- what the Dataset holds -----------------------------------------------------------------
    @property
    def image(self) -> xr.DataArray:
        """The image, whatever its modality: ``ds.ct``, ``ds.mr`` or ``ds.pt``."""
        return self._ds[model.resolve(self._ds, "image")]

    @property
    def findings(self) -> pd.DataFrame:
        """What reading noticed: one row per finding."""
        return model.findings_frame(model.findings_of(self._ds))

    grid = _method(model.grid_of)
    header = _method(source_header.header)
    structures = _method(overview.structures)
    points = _method(overview.points)
    doses = _method(rt_dose.doses)
    beams = _method(rt_plan.beams)
    control_points = _method(rt_plan.control_points)
    leaf_positions = _method(leaf_positions.leaf_positions)
    beam_limiting_devices = _method(collimators.beam_limiting_devices)
    wedges = _method(accessories.wedges)
    blocks = _method(accessories.blocks)
    compensators = _method(accessories.compensators)
    boluses = _method(accessories.boluses)
    applicators = _method(accessories.applicators)
    general_accessories = _method(accessories.general_accessories)
    snouts = _method(ion_devices.snouts)
    range_shifters = _method(ion_devices.range_shifters)
    range_modulators = _method(ion_devices.range_modulators)
    lateral_spreading_devices = _method(ion_devices.lateral_spreading_devices)
    spots = _method(spots.spots)
    setup_devices = _method(setups.setup_devices)
    patient_setups = _method(setups.patient_setups)
    tolerance_tables = _method(setups.tolerance_tables)
    brachy_sources = _method(brachytherapy.brachy_sources)
    application_setups = _method(brachytherapy.application_setups)
    channels = _method(brachytherapy.channels)
    source_positions = _method(source_positions.source_positions)
    fraction_groups = _method(rt_plan.fraction_groups)
    prescriptions = _method(rt_plan.prescriptions)
    rt_images = _method(rt_image_table.rt_images)
    rt_image = _method(isocenter_plane.rt_image)

    # --- masks and grids ------------------------------------------------------------------------
    mask = _method(masks.mask)
    coverage = _method(coverage.coverage)
    labels = _method(labels.labels)
    volumes = _method(contours.volumes)
    dose_on = _method(resample.dose_on)
    sum_doses = _method(plan_sums.sum_doses)
    bed = _method(fractionation.bed)
    eqd2 = _method(fractionation.eqd2)
    suv = _method(suv.suv)
    crop = _method(cropping.crop)
    resample = _method(grids.resample)

    # --- structure edits ------------------------------------------------------------------------
    add_structure = _method(structure_edits.add_structure)
    add_structures = _method(structure_edits.add_structures)
    add_labels = _method(label_edits.add_labels)
    rename = _method(structure_edits.rename)
    remove = _method(structure_edits.remove)
    set_structure = _method(structure_edits.set_structure)
    alias = _method(roi_names.alias)
    combine = _method(combinations.combine)
    margin = _method(combinations.margin)

    # --- plan edits -----------------------------------------------------------------------------
    add_plan = _method(plans.add_plan)
    with_beams = _method(plan_edits.with_beams)
    with_control_points = _method(plan_edits.with_control_points)
    remove_beam = _method(removed_beams.remove_beam)

    # --- dose statistics ------------------------------------------------------------------------
    dvh = _method(overview.dvh)
    dvh_stored = _method(stored_dvhs.stored_dvh)
    dvh_compare = _method(dvh_comparison.dvh_compare)
    dvh_metrics = _method(prescribed.dvh_metrics)
    goals = _method(prescribed.goals)

    # --- beams ----------------------------------------------------------------------------------
    complexity = _method(complexity.complexity)

    # --- pictures -------------------------------------------------------------------------------
    view = _method(viewing.view)
    plot_slice = _method(slice_plots.plot_slice)
    plot_dvh = _method(dvh_plots.plot_dvh)
    plot_beam = _method(beam_view.plot_beam)
    beam_player = _method(beam_view.beam_player)

    # --- files ----------------------------------------------------------------------------------
    validate = _method(export.validate)
    to_dicom = _method(export.to_dicom)
    save = _method(saved.save)


_OF_EVERY_CASE = """Of every case of the tree, in one table; see :func:`rtxr.cohort.table`.

    Of one case it is:

    """


def _over_cases(
    function: Callable[Concatenate[xr.Dataset, P], pd.DataFrame],
) -> Callable[Concatenate[DataTreeRT, P], pd.DataFrame]:
    """A table of a case as a method that makes one table of all cases."""

    @wraps(function)
    def method(self: DataTreeRT, /, *args: P.args, **kwargs: P.kwargs) -> pd.DataFrame:
        return cohort.table(self._tree, function, *args, **kwargs)

    of_one = _method(function)
    method.__signature__ = inspect.signature(of_one)  # type: ignore[attr-defined]
    method.__doc__ = _OF_EVERY_CASE + (of_one.__doc__ or "")
    return method


def _of_tree(
    function: Callable[Concatenate[xr.DataTree, P], R],
) -> Callable[Concatenate[DataTreeRT, P], R]:
    """A function of a tree as a method, with its signature and documentation."""

    @wraps(function)
    def method(self: DataTreeRT, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(self._tree, *args, **kwargs)

    _describe(method, function)
    return method


class DataTreeRT:
    """Tables over all cases of a tree, see :func:`rtxr.open_tree`; a leaf has those of a case."""

    def __init__(self, tree: xr.DataTree) -> None:
        self._tree = tree

    def __repr__(self) -> str:
        return f"<.rt of a tree with {len(list(cohort.cases(self._tree)))} cases>"

    @property
    def findings(self) -> pd.DataFrame:
        """What scanning and reading noticed: one row per finding, with the path of its case."""
        return cohort.findings(self._tree)

    structures = _over_cases(overview.structures)
    points = _over_cases(overview.points)
    doses = _over_cases(rt_dose.doses)
    beams = _over_cases(rt_plan.beams)
    fraction_groups = _over_cases(rt_plan.fraction_groups)
    prescriptions = _over_cases(rt_plan.prescriptions)
    rt_images = _over_cases(rt_image_table.rt_images)
    dvh = _over_cases(overview.dvh)
    dvh_metrics = _over_cases(prescribed.dvh_metrics)
    goals = _over_cases(prescribed.goals)
    complexity = _over_cases(complexity.complexity)

    validate = _of_tree(cohort.validate)
    to_dicom = _of_tree(cohort.to_dicom)
