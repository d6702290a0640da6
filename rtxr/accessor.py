"""``.rt`` on Dataset and DataArray: each method one call of a documented function.

The accessor holds no state. It reads the Dataset it is called on and nothing else, so it gives
the same answer after netCDF, zarr, pickle, copy or chunking. ``rtxr/__init__.py`` registers it, and
imports this module when ``.rt`` is first used.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import xarray as xr

from rtxr import export, model, summary
from rtxr.analysis import contours, coverage, dvh, metrics, raster, resample
from rtxr.analysis.frames import GridLike
from rtxr.analysis.planes import EndCap
from rtxr.analysis.polygons import Combine
from rtxr.geometry import Grid
from rtxr.read import rt_dose, rt_plan, saved

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROIs = str | Sequence[str] | None


class DataArrayRT:
    """Radiotherapy methods of one variable."""

    def __init__(self, array: xr.DataArray) -> None:
        self._array = array

    def grid(self) -> Grid:
        """Grid of this variable; see :func:`rtxr.model.grid_of`."""
        return model.grid_of(self._array)


class DatasetRT:
    """Radiotherapy methods of a case Dataset."""

    def __init__(self, ds: xr.Dataset) -> None:
        self._ds = ds

    # --- what the Dataset holds -----------------------------------------------------------------
    @property
    def image(self) -> xr.DataArray:
        """The image, whatever its modality: ``ds.ct``, ``ds.mr`` or ``ds.pt``."""
        return self._ds[model.resolve(self._ds, "image")]

    @property
    def findings(self) -> pd.DataFrame:
        """What reading noticed: one row per finding."""
        return model.findings_frame(model.findings_of(self._ds))

    def grid(self, name: str = "image") -> Grid:
        """Grid of ``"image"``, ``"dose"`` or a variable; see :func:`rtxr.model.grid_of`."""
        return model.grid_of(self._ds, name)

    def structures(self, *, end_cap: EndCap = "half") -> pd.DataFrame:
        """One row per ROI, with its volume; see :func:`rtxr.summary.structures`."""
        return summary.structures(self._ds, end_cap=end_cap)

    def points(self) -> pd.DataFrame:
        """POINT ROIs and isocentres, patient LPS mm; see :func:`rtxr.summary.points`."""
        return summary.points(self._ds)

    def doses(self) -> pd.DataFrame:
        """One row per dose; see :func:`rtxr.read.rt_dose.doses`."""
        return rt_dose.doses(self._ds)

    def beams(self) -> pd.DataFrame:
        """One row per beam; see :func:`rtxr.read.rt_plan.beams`."""
        return rt_plan.beams(self._ds)

    def control_points(self, beam: int | str | None = None) -> pd.DataFrame:
        """One row per control point, inherited values filled in."""
        return rt_plan.control_points(self._ds, beam)

    def fraction_groups(self) -> pd.DataFrame:
        """Fraction groups with their beams; see :func:`rtxr.read.rt_plan.fraction_groups`."""
        return rt_plan.fraction_groups(self._ds)

    def prescriptions(self) -> pd.DataFrame:
        """Dose references and beam doses; see :func:`rtxr.read.rt_plan.prescriptions`."""
        return rt_plan.prescriptions(self._ds)

    # --- masks and grids ------------------------------------------------------------------------
    def mask(self, roi: str, grid: GridLike = "image", *, combine: Combine = "xor") -> xr.DataArray:
        """Boolean mask of one ROI on any grid; see :func:`rtxr.analysis.raster.mask`."""
        return raster.mask(self._ds, roi, grid, combine=combine)

    def coverage(self, roi: str, grid: GridLike = "image") -> xr.DataArray:
        """Fraction of each voxel inside; see :func:`rtxr.analysis.coverage.coverage`."""
        return coverage.coverage(self._ds, roi, grid)

    def volumes(self, rois: ROIs = None, *, end_cap: EndCap = "half") -> pd.Series[float]:
        """Volume of each ROI, cm3; see :func:`rtxr.analysis.contours.volumes`."""
        return contours.volumes(self._ds, rois, end_cap=end_cap)

    def dose_on(self, grid: GridLike = "image", *, dose: str = model.DOSE) -> xr.DataArray:
        """Dose on another grid, trilinear, NaN outside its own."""
        return resample.dose_on(self._ds, grid, dose=dose)

    def crop(
        self,
        *,
        x: tuple[float, float] | None = None,
        y: tuple[float, float] | None = None,
        z: tuple[float, float] | None = None,
    ) -> xr.Dataset:
        """Every grid cut to a box in patient mm; see :func:`rtxr.analysis.resample.crop`."""
        return resample.crop(self._ds, x=x, y=y, z=z)

    # --- dose statistics ------------------------------------------------------------------------
    def dvh(self, rois: ROIs = None, **options: Any) -> pd.DataFrame:
        """Cumulative DVHs, cm3 over Gy; see :func:`rtxr.analysis.dvh.dvh`."""
        return dvh.dvh(self._ds, rois, **options)

    def dvh_stored(self, *, dose: str = model.DOSE) -> pd.DataFrame:
        """The DVHs that came in the dose file; see :func:`rtxr.read.rt_dose.stored_dvh`."""
        return rt_dose.stored_dvh(self._ds, dose=dose)

    def dvh_metrics(
        self,
        names: Sequence[str] = metrics.DEFAULT_METRICS,
        rois: ROIs = None,
        *,
        prescription: float | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """One row per ROI, one column per metric; see :func:`rtxr.summary.dvh_metrics`."""
        return summary.dvh_metrics(self._ds, names, rois, prescription=prescription, **options)

    # --- pictures -------------------------------------------------------------------------------
    def plot_slice(self, **options: Any) -> Axes:
        """One slice with dose and contours; see :func:`rtxr.view.slices.plot_slice`."""
        from rtxr.view import slices  # noqa: PLC0415 (pictures load when first used)

        return slices.plot_slice(self._ds, **options)

    def plot_dvh(self, rois: ROIs = None, *, static: Literal[True] = True, **options: Any) -> Axes:
        """Cumulative DVHs (matplotlib); see :func:`rtxr.summary.plot_dvh`."""
        if not static:
            raise ValueError("plot_dvh draws with matplotlib only: pass static=True")
        return summary.plot_dvh(self._ds, rois, **options)

    # --- files ----------------------------------------------------------------------------------
    def validate(self, **options: Any) -> pd.DataFrame:
        """What an export would say, without writing; see :func:`rtxr.export.validate`."""
        return export.validate(self._ds, **options)

    def to_dicom(self, out: str | os.PathLike[str], **options: Any) -> pd.DataFrame:
        """Write the case as DICOM files; see :func:`rtxr.export.to_dicom`."""
        return export.to_dicom(self._ds, out, **options)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Save the case as zarr or netCDF; see :func:`rtxr.read.saved.save`."""
        saved.save(self._ds, path, overwrite=overwrite)
