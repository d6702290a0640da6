"""Dose-volume histograms: a table of cumulative curves, one column per structure.

How the volume is integrated is said in :mod:`rtxr.analysis.dose_volume`; how contours become
slabs in :mod:`rtxr.analysis.planes`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import model
from rtxr.analysis.contours import finding_dicts, slabs, united, with_crossings
from rtxr.analysis.dose_units import AXIS_NAMES, unit_findings, unit_of
from rtxr.analysis.dose_volume import RoiDose, integrate
from rtxr.analysis.planes import EndCap, Slabs
from rtxr.analysis.polygons import Combine, check_combine
from rtxr.analysis.resample import Field, field_of
from rtxr.errors import RTXRError

#: Rows of a table at most; a dose of thousands of Gy takes wider bins.
_MAX_ROWS = 200_000
_THREADS = 4


def roi_doses(
    ds: xr.Dataset,
    rois: str | Sequence[str] | None = None,
    *,
    dose: str = model.DOSE,
    end_cap: EndCap = "half",
    combine: Combine = "xor",
) -> list[RoiDose]:
    """Dose to each of several structures.

    Parameters
    ----------
    ds : Dataset
        A case with structures and a dose.
    rois : str or sequence of str, optional
        Labels; all by default.
    dose : str, default: "dose"
        Which dose.
    end_cap : {"half", "none"}
        Whether the outermost slabs go on for half the local spacing beyond their planes.
    combine : {"xor", "union"}
        How contours of one plane combine.

    Raises
    ------
    MissingDataError
        No structures or no such dose.
    UnknownNameError
        No such ROI.
    """
    check_combine(combine)
    model.require_structures(ds)
    field = field_of(ds, dose)
    parts = slabs(ds, rois, end_cap=end_cap, first=field.grid)
    # The arrays are large and NumPy works on them without the interpreter's lock.
    with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as pool:
        return list(pool.map(lambda part: _integrated(part, field, combine), parts))


def _integrated(part: Slabs, field: Field, combine: Combine) -> RoiDose:
    part = with_crossings(part)
    return integrate(united(part) if combine == "union" else part, field)


def roi_dose(
    ds: xr.Dataset,
    label: str,
    *,
    dose: str = model.DOSE,
    end_cap: EndCap = "half",
    combine: Combine = "xor",
) -> RoiDose:
    """Dose to one structure; parameters and errors as :func:`roi_doses`."""
    return roi_doses(ds, [label], dose=dose, end_cap=end_cap, combine=combine)[0]


def dvh(
    ds: xr.Dataset,
    rois: str | Sequence[str] | None = None,
    *,
    dose: str = model.DOSE,
    end_cap: EndCap = "half",
    combine: Combine = "xor",
    bin_width: float = 0.01,
) -> pd.DataFrame:
    """Cumulative dose-volume histograms.

    Parameters
    ----------
    ds : Dataset
        A case with structures and a dose.
    rois : str or sequence of str, optional
        Labels; all by default.
    dose : str, default: "dose"
        Which dose.
    end_cap : {"half", "none"}
        Whether the outermost slabs go on for half the local spacing beyond their planes.
    combine : {"xor", "union"}
        How contours of one plane combine.
    bin_width : float, default: 0.01
        Step of the table's index, Gy (or relative).

    Returns
    -------
    DataFrame
        Index ``dose_gy`` (``dose_relative``, ``dose_percent``, ``dose_cgy`` or ``dose_other``
        where the attrs of the dose name such a unit, with a finding) from 0 to beyond the
        maximum; a column per ROI with the volume that receives at least that dose, cm3. The row
        at 0 is the whole volume, which includes what lies outside the dose grid; no other row
        does, so a step from the first row to the second shows it. ``attrs``: ``dose``,
        ``units``, ``end_cap``, ``rois`` ({label: {volume_cc, min_gy, max_gy, mean_gy,
        outside_fraction}}) and ``findings``, a list of dicts.

    Raises
    ------
    MissingDataError
        No structures or no such dose.
    UnknownNameError
        No such ROI.

    Notes
    -----
    The volume is exact (polygon areas times slab thickness); each curve is computed in steps
    far finer than ``bin_width``. Minimum and maximum are those of the trilinear dose over the
    slabs, faces and outlines included. Volume outside the outermost voxel centres of the dose
    grid stays in the whole and never counts as zero dose.
    """
    if not bin_width > 0:
        raise RTXRError(f"bin_width={bin_width!r}: it must be above 0")
    found = roi_doses(ds, rois, dose=dose, end_cap=end_cap, combine=combine)
    highest = max((each.maximum for each in found if np.isfinite(each.maximum)), default=0.0)
    width = max(bin_width, highest / _MAX_ROWS)
    steps = np.arange(int(np.floor(max(highest, 0.0) / width)) + 2) * width
    unit = unit_of(ds, dose)
    index = pd.Index(steps, name=AXIS_NAMES[unit])
    table = pd.DataFrame({each.label: each.volume_at(steps) for each in found}, index=index)
    table.attrs = {
        "dose": dose,
        "units": unit,
        "end_cap": end_cap,
        "combine": combine,
        "rois": {each.label: _summary(each) for each in found},
        "findings": finding_dicts(
            [
                *unit_findings(ds, dose),
                *(finding for each in found for finding in each.findings),
            ]
        ),
    }
    return table


def _summary(found: RoiDose) -> dict[str, float]:
    """Plain numbers of one structure."""
    return {
        "volume_cc": float(found.volume_cc),
        "min_gy": float(found.minimum),
        "max_gy": float(found.maximum),
        "mean_gy": float(found.mean),
        "outside_fraction": float(found.outside_fraction),
    }
