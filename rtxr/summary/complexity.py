"""How complicated the beams of a plan are, as a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import model
from rtxr.analysis.beams import modulation
from rtxr.analysis.beams.collimators import collimators_of
from rtxr.errors import GeometryError
from rtxr.read import rt_plan
from rtxr.read.plans.leaf_positions import leaf_positions

_INDICES = ("mcs", "ltmcs", "mean_aperture_cm2", "leaf_travel_mm", "irregularity")
_COLUMNS = ["BeamNumber", "BeamName", "BeamMeterset", "mu_per_gy", *_INDICES, "note"]
_MM2_PER_CM2 = 100.0


def complexity(ds: xr.Dataset) -> pd.DataFrame:
    """Complexity of the beams of a plan.

    Parameters
    ----------
    ds : Dataset
        A case with a plan of beams with jaws or leaves.

    Returns
    -------
    DataFrame
        One row per beam, in the order of the plan. Columns BeamNumber, BeamName, BeamMeterset and

        - ``mu_per_gy``: BeamMeterset per BeamDose, where the dosimeter counts MU;
        - ``mcs``: modulation complexity score, 1 for a single rectangle, towards 0 the more leaves
          differ from their neighbours and apertures from the widest one (McNiven et al., Med Phys
          37 (2010) 505; between control points as by Masi et al., Med Phys 40 (2013) 071718). NaN
          without leaves;
        - ``ltmcs``: the same times (1000 mm - leaf travel) / 1000 mm (Masi et al.);
        - ``mean_aperture_cm2``: open area at the isocentre, mean by meterset;
        - ``leaf_travel_mm``: mean way of the leaves that move and border the aperture (LT of Masi
          et al.);
        - ``irregularity``: perimeter squared per 4 pi area, mean by meterset; 1 for a circle, 1.27
          for a square (Du et al., Med Phys 41 (2014) 021716);
        - ``note``: why numbers are missing.

        Everything is of the aperture that jaws and all layers of leaves leave open together: where
        two layers have other boundaries, strips are those between any two of them.

        ``attrs["plan"]`` has ``mcs``, ``mean_aperture_cm2`` and ``irregularity`` of the plan, means
        by meterset of its beams, and ``mu_per_gy``, the metersets of a fraction per Gy prescribed
        for it, or where the plan prescribes none, per Gy of its beam doses.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan, or one without jaws and leaves.
    """
    beams = rt_plan.beams(ds)
    positions = leaf_positions(ds)
    rows = [
        _row(beam, positions.isel({model.BEAM: at}))
        for at, beam in enumerate(beams.to_dict("records"))
    ]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.attrs["plan"] = _of_plan(ds, beams, table)
    return table


def _row(beam: dict[Any, Any], positions: xr.Dataset) -> dict[str, Any]:
    count = int(beam["NumberOfControlPoints"])
    segments = np.asarray(positions["segment_meterset"].values, np.float64)[: max(count - 1, 0)]
    indices, note = _indices(positions, count, segments)
    dose = float(beam["BeamDose"])
    is_mu = beam["PrimaryDosimeterUnit"] == "MU" and dose > 0
    return {
        "BeamNumber": beam["BeamNumber"],
        "BeamName": beam["BeamName"],
        "BeamMeterset": beam["BeamMeterset"],
        "mu_per_gy": float(beam["BeamMeterset"]) / dose if is_mu else np.nan,
        **dict(zip(_INDICES, indices, strict=True)),
        "note": note,
    }


def _indices(
    positions: xr.Dataset, count: int, segments: np.ndarray[Any, np.dtype[np.float64]]
) -> tuple[tuple[float, ...], str]:
    """Indices of a beam, and why they are missing."""
    nothing = (np.nan,) * len(_INDICES)
    if not np.nansum(segments) > 0:
        return nothing, "it delivers nothing, or its metersets are not known"
    devices = collimators_of(positions, count)
    try:
        found = devices.apertures
    except GeometryError as error:
        return nothing, str(error)
    area = modulation.mean_area(found, segments) / _MM2_PER_CM2
    irregularity = modulation.aperture_irregularity(found, segments)
    if not devices.layers:
        return (np.nan, np.nan, area, np.nan, irregularity), "it has no leaves"
    score = modulation.modulation_complexity_score(found, segments)
    travel = modulation.leaf_travel(devices.layers, found)
    return (score, modulation.travel_weighted(score, travel), area, travel, irregularity), ""


def _of_plan(ds: xr.Dataset, beams: pd.DataFrame, table: pd.DataFrame) -> dict[str, float]:
    metersets = table["BeamMeterset"].to_numpy(np.float64)
    names = ("mcs", "mean_aperture_cm2", "irregularity")
    found = {
        name: modulation.weighted(table[name].to_numpy(np.float64), metersets) for name in names
    }
    counted = metersets[(beams["PrimaryDosimeterUnit"] == "MU").to_numpy(bool) & (metersets > 0)]
    per_fraction = _dose_per_fraction(ds, beams)
    total = float(counted.sum())
    return {**found, "mu_per_gy": total / per_fraction if per_fraction and total else np.nan}


def _dose_per_fraction(ds: xr.Dataset, beams: pd.DataFrame) -> float | None:
    """Gy of one fraction: as prescribed, else of the beams; None where it cannot be told."""
    groups = rt_plan.fraction_groups(ds).groupby("FractionGroupNumber", dropna=False)
    planned = groups["NumberOfFractionsPlanned"].first()
    if len(planned) != 1:
        return None
    fractions = planned.iloc[0]
    dose, _, _ = rt_plan.target_prescription(ds)
    if dose and pd.notna(fractions) and fractions > 0:
        return float(dose) / float(fractions)
    doses = beams.loc[beams["BeamMeterset"] > 0, "BeamDose"].to_numpy(np.float64)
    return float(doses.sum()) if np.isfinite(doses).all() and doses.sum() > 0 else None
