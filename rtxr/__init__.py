"""DICOM RT in xarray: open a folder, prune it, look, compute, and write conformant DICOM back.

>>> import rtxr
>>> ds = rtxr.open_dir("data/")  # doctest: +SKIP
>>> ds.rt.dvh_metrics(["D95%", "mean"])  # doctest: +SKIP
>>> ds.rt.to_dicom("out/")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import xarray as xr

from rtxr import errors
from rtxr.errors import Finding, RTXRError

if TYPE_CHECKING:
    from rtxr import machines, tutorial
    from rtxr.accessor import DataArrayRT, DatasetRT, DataTreeRT
    from rtxr.analysis.doses.dose_sum import sum_doses
    from rtxr.analysis.gamma_index.gamma import gamma
    from rtxr.analysis.grids.even_grid import even_grid
    from rtxr.analysis.statistics.metric_names import register_metric
    from rtxr.edit.cases.new import new_case
    from rtxr.edit.rt_images.building import rt_image_from_template
    from rtxr.exchange.nifti import read_nifti
    from rtxr.exchange.nrrd import read_nrrd
    from rtxr.export.custom.new_objects import NewObject
    from rtxr.export.custom.registration import register_iod, register_module
    from rtxr.forms.rt_image_form import rt_image_form
    from rtxr.geometry import Grid
    from rtxr.index import Index, load, open_dir, open_tree, scan
    from rtxr.index.validation import validate
    from rtxr.iod.deidentification import Deidentify
    from rtxr.iod.private_rows import private_block
    from rtxr.iod.standard_modules import module_rows, module_uses
    from rtxr.iod.statement.conformance import conformance
    from rtxr.iod.tables import IOD, Module
    from rtxr.machines import Machine
    from rtxr.view.widgets.links import link

__version__ = "0.1.0"

__all__ = [
    "IOD",
    "Deidentify",
    "Finding",
    "Grid",
    "Index",
    "Machine",
    "Module",
    "NewObject",
    "RTXRError",
    "__version__",
    "conformance",
    "errors",
    "even_grid",
    "gamma",
    "link",
    "load",
    "machines",
    "module_rows",
    "module_uses",
    "new_case",
    "open_dir",
    "open_tree",
    "private_block",
    "read_nifti",
    "read_nrrd",
    "register_iod",
    "register_metric",
    "register_module",
    "rt_image_form",
    "rt_image_from_template",
    "scan",
    "sum_doses",
    "tutorial",
    "validate",
]

#: Public names and where they live; each is imported when it is first asked for.
_HOMES = {
    "Deidentify": "rtxr.iod.deidentification",
    "Grid": "rtxr.geometry",
    "IOD": "rtxr.iod.tables",
    "Index": "rtxr.index",
    "Machine": "rtxr.machines",
    "Module": "rtxr.iod.tables",
    "NewObject": "rtxr.export.custom.new_objects",
    "conformance": "rtxr.iod.statement.conformance",
    "even_grid": "rtxr.analysis.grids.even_grid",
    "gamma": "rtxr.analysis.gamma_index.gamma",
    "link": "rtxr.view.widgets.links",
    "load": "rtxr.index",
    "module_rows": "rtxr.iod.standard_modules",
    "module_uses": "rtxr.iod.standard_modules",
    "new_case": "rtxr.edit.cases.new",
    "open_dir": "rtxr.index",
    "open_tree": "rtxr.index",
    "private_block": "rtxr.iod.private_rows",
    "read_nifti": "rtxr.exchange.nifti",
    "read_nrrd": "rtxr.exchange.nrrd",
    "register_iod": "rtxr.export.custom.registration",
    "register_metric": "rtxr.analysis.statistics.metric_names",
    "register_module": "rtxr.export.custom.registration",
    "rt_image_form": "rtxr.forms.rt_image_form",
    "rt_image_from_template": "rtxr.edit.rt_images.building",
    "scan": "rtxr.index",
    "sum_doses": "rtxr.analysis.doses.dose_sum",
    "validate": "rtxr.index.validation",
}


def __getattr__(name: str) -> Any:
    if name in ("machines", "tutorial"):
        return import_module(f"rtxr.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(
        f"module 'rtxr' has no attribute {name!r}; {errors.did_you_mean(name, __all__)}"
    )


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])


def _dataset_rt(ds: xr.Dataset) -> DatasetRT:
    """Radiotherapy methods of a case Dataset; see :class:`rtxr.accessor.DatasetRT`."""
    from rtxr.accessor import DatasetRT  # noqa: PLC0415 (loads when .rt is first used)

    return DatasetRT(ds)


def _dataarray_rt(array: xr.DataArray) -> DataArrayRT:
    """Radiotherapy methods of one variable; see :class:`rtxr.accessor.DataArrayRT`."""
    from rtxr.accessor import DataArrayRT  # noqa: PLC0415 (loads when .rt is first used)

    return DataArrayRT(array)


def _datatree_rt(tree: xr.DataTree) -> DataTreeRT | DatasetRT:
    """Tables over the cases of a tree; of a leaf, the methods of its Dataset."""
    from rtxr.accessor import DatasetRT, DataTreeRT  # noqa: PLC0415 (loads when .rt is first used)

    return DatasetRT(tree.to_dataset()) if tree.has_data else DataTreeRT(tree)


xr.register_dataset_accessor("rt")(_dataset_rt)  # type: ignore[no-untyped-call]
xr.register_dataarray_accessor("rt")(_dataarray_rt)  # type: ignore[no-untyped-call]
xr.register_datatree_accessor("rt")(_datatree_rt)  # type: ignore[no-untyped-call]
