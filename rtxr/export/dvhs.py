"""DVHs in the doses to write: those that still hold stay, those that were asked for are made.

A stored DVH goes with what it describes: with the dose, or with the contours of its ROI.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import model
from rtxr.analysis.statistics import dvh as dvh_tables
from rtxr.errors import Finding, MissingDataError, RTXRError, UnknownNameError, did_you_mean
from rtxr.export.objects import STRUCTURE_SET, Outgoing
from rtxr.export.stale_dvhs import without_stale
from rtxr.geometry import FloatArray
from rtxr.iod.build import DELETE
from rtxr.iod.encoding.raw import text_of
from rtxr.iod.items import dvhs as dvh_items
from rtxr.iod.items.dvhs import DVHData

#: Bins of one histogram at most, so that DVH Data fits into Explicit VR (64 kB).
MOST_BINS = 2000
_NEEDED = (
    "dose",
    "units",
    "kind",
    "relative",
    "prescription",
    "bin_width",
    "end_cap",
    "between",
    "combine",
    "rois",
)
#: Volumes up to this are none, cm3 or %.
_NOTHING_CC = 1e-6
_UNITS = {"Gy": "GY", "relative": "RELATIVE", "%": "RELATIVE"}
_KINDS = {"cumulative": "CUMULATIVE", "differential": "DIFFERENTIAL"}
_STATISTICS = ("min_gy", "max_gy", "mean_gy")


def check(ds: xr.Dataset, table: pd.DataFrame | None) -> None:
    """Raise unless a table of DVHs can be written with a case.

    Raises
    ------
    RTXRError
        It is no table of :func:`rtxr.analysis.statistics.dvh.dvh`, or one that a DVH Sequence
        cannot hold.
    MissingDataError
        The case has no structures.
    UnknownNameError
        It is of a dose or a ROI that the case does not have.
    """
    if table is None:
        return
    missing = [key for key in _NEEDED if key not in getattr(table, "attrs", {})]
    if missing:
        raise RTXRError(
            f"dvh= takes a table of ds.rt.dvh(), whose attrs say what it is; there is no "
            f"{missing[0]!r} in those of this {type(table).__name__}"
        )
    if isinstance(table.attrs["prescription"], Mapping):
        raise RTXRError(
            "DVHs in % of a prescription by ROI cannot be written, one DVH Sequence has one "
            "reference; make the table without prescription="
        )
    if table.attrs["units"] not in _UNITS:
        raise RTXRError(
            f"DVHs in {table.attrs['units']!r} cannot be written; (3004,0002) DoseUnits is GY or "
            "RELATIVE: convert the dose first"
        )
    if len(table) and _lowest(table) < -1e-9:
        raise RTXRError("DVHs of negative doses cannot be written: bins start at dose 0")
    model.require_structures(ds)
    doses = model.dose_names(ds)
    for part in _parts(table):
        if part.dose not in doses:
            raise UnknownNameError(
                f"dvh= holds DVHs of {part.dose!r}, which is no dose of the case that is written; "
                f"{did_you_mean(part.dose, doses)}"
            )
        labels = model.roi_labels(ds)
        for label in part.columns:
            if label not in labels:
                raise UnknownNameError(
                    f"dvh= has a column {label!r}, which is no ROI of the case (a mask becomes one "
                    f"by ds.rt.add_structure); {did_you_mean(label, labels)}"
                )
    _require_true(ds, table)


def _require_true(ds: xr.Dataset, table: pd.DataFrame) -> None:
    """Raise unless the DVHs of a table are those of the doses and contours that are written."""
    attrs = table.attrs
    labels = list(dict.fromkeys(label for part in _parts(table) for label in part.columns))
    anew = dvh_tables.dvh(
        ds,
        labels,
        dose=attrs["dose"],
        kind=attrs["kind"],
        relative=attrs["relative"],
        prescription=attrs["prescription"],
        bin_width=attrs["bin_width"],
        end_cap=attrs["end_cap"],
        between=attrs["between"],
        combine=attrs["combine"],
    )
    rows = min(len(anew), len(table))
    for name in table:
        first, second = table[name].to_numpy(dtype=np.float64), anew[name].to_numpy()
        beyond = np.concatenate([first[rows:], second[rows:]])
        same = np.isclose(first[:rows], second[:rows], 1e-6, 1e-9, equal_nan=True).all()
        if not same or (beyond > _NOTHING_CC).any():
            raise RTXRError(
                f"dvh= does not hold the DVH of {name!r} that the case has: its dose or contours "
                "are others than those of the table, or the table was edited; make it anew of what "
                "is written, as in ds.rt.to_dicom(out, dvh=ds.rt.dvh())"
            )


def settle(
    ds: xr.Dataset, objects: Sequence[Outgoing], table: pd.DataFrame | None = None
) -> list[Outgoing]:
    """The objects with the DVHs of a table, and without stored ones that do not hold any more.

    Parameters
    ----------
    ds : Dataset
        The case.
    objects : sequence of Outgoing
        All that is written, with what changed.
    table : DataFrame, optional
        Of :func:`rtxr.analysis.statistics.dvh.dvh`, and passed by :func:`check`. Its DVHs take the
        place of all that are stored in the dose they are of.
    """
    structures = next((each for each in objects if each.variable == STRUCTURE_SET), None)
    parts = {} if table is None else {part.dose: part for part in _parts(table)}
    if parts and structures is None:
        raise MissingDataError("dvh= refers to a structure set, and none is written")
    numbers = _numbers(ds) if parts else {}
    out = []
    for each in objects:
        if each.variable in parts and structures is not None:
            out.append(_written(each, parts[each.variable], numbers, structures))
        elif model.DOSE_NAME.fullmatch(each.variable):
            out.append(without_stale(each, structures))
        else:
            out.append(each)
    return out


@dataclass(frozen=True)
class _Part:
    """The DVHs of one dose, by label of their ROI."""

    dose: str
    attrs: Mapping[str, Any]
    rois: Mapping[str, Mapping[str, float]]
    columns: Mapping[str, FloatArray]


def _parts(table: pd.DataFrame) -> list[_Part]:
    attrs: dict[Hashable, Any] = table.attrs
    given: Mapping[str, Any] = {str(key): value for key, value in attrs.items()}
    if isinstance(given["dose"], str):
        columns = {str(name): table[name].to_numpy(dtype=np.float64) for name in table.columns}
        return [_Part(given["dose"], given, given["rois"], columns)]
    return [
        _Part(
            str(dose),
            given,
            given["rois"][dose],
            {str(name): table[dose][name].to_numpy(dtype=np.float64) for name in table[dose]},
        )
        for dose in dict.fromkeys(table.columns.get_level_values(0))
    ]


def _lowest(table: pd.DataFrame) -> float:
    """Lower edge of the first bin of a table."""
    half = table.attrs["bin_width"] / 2 if table.attrs["kind"] == "differential" else 0.0
    return float(table.index[0]) - half


def _numbers(ds: xr.Dataset) -> dict[str, int]:
    """ROI label > ROI Number."""
    numbers = np.atleast_1d(ds[model.ROI_NUMBER].values)
    return dict(zip(model.roi_labels(ds), map(int, numbers), strict=True))


def _written(
    dose: Outgoing, part: _Part, numbers: Mapping[str, int], structures: Outgoing
) -> Outgoing:
    """A dose with the DVHs of a table in the place of all others."""
    kind = dose.values.get("DoseType") or text_of(dose.header, "DoseType") or "PHYSICAL"
    made = {
        label: histogram(part.attrs, column, part.rois[label], numbers[label], str(kind))
        for label, column in part.columns.items()
    }
    known = [each for each in made.values() if each is not None]
    findings = _findings(dose, made)
    if not known:
        return replace(dose, findings=(*dose.findings, *findings))
    relative = known[0].dose_units == "RELATIVE"
    normal = () if relative else ("DVHNormalizationPoint", "DVHNormalizationDoseValue")
    return replace(
        dose,
        values={
            **dose.values,
            **dict.fromkeys(normal, DELETE),
            **dvh_items.values(known, structures.key),
        },
        changes=(*dose.changes, "its DVHs were computed anew"),
        findings=(*dose.findings, *findings),
    )


def histogram(
    attrs: Mapping[str, Any],
    column: FloatArray,
    statistics: Mapping[str, float],
    roi_number: int,
    dose_type: str = "PHYSICAL",
) -> DVHData | None:
    """One column of a table in bins of equal width, as many as the table has or 2000 at most.

    Parameters
    ----------
    attrs : mapping
        Those of the table.
    column : ndarray, (rows,)
        Volumes.
    statistics : mapping
        ``min_gy``, ``max_gy`` and ``mean_gy``.
    roi_number : int
        ROI Number of the column.
    dose_type : str
        Dose Type (3004,0004).

    Returns
    -------
    DVHData or None
        None where there is no volume with a dose.
    """
    filled = np.flatnonzero(np.nan_to_num(column) > 0)
    if not len(filled) or not np.isfinite(statistics["mean_gy"]):
        return None
    used = int(filled[-1]) + 1
    joined = -(-used // (MOST_BINS - 1))
    bins = -(-used // joined)
    padded = np.zeros((bins + 1) * joined)
    padded[:used] = column[:used]
    table = padded.reshape(-1, joined)
    differential = attrs["kind"] == "differential"
    per_unit = 1.0 if attrs["prescription"] is None else attrs["prescription"] / 100
    return DVHData(
        roi_number=roi_number,
        kind=_KINDS[attrs["kind"]],
        width=float(np.round(attrs["bin_width"] * per_unit * joined, 12)),
        volumes=table[:-1].sum(axis=1) if differential else table[:, 0],
        volume_units="PERCENT" if attrs["relative"] else "CM3",
        dose_units=_UNITS[attrs["units"]],
        dose_type=dose_type,
        statistics=[statistics[name] for name in _STATISTICS],
    )


def _findings(dose: Outgoing, made: Mapping[str, DVHData | None]) -> list[Finding]:
    """What was written and what was not."""
    known = [each for each in made.values() if each is not None]
    empty = [repr(label) for label, each in made.items() if each is None]
    findings = []
    if known:
        bins = max(len(each.volumes) for each in known)
        widths = sorted({f"{each.width:.4g}" for each in known})
        text = (
            f"(3004,0050) DVHSequence of {dose.variable!r}: {len(known)} computed DVHs in up to "
            f"{bins} bins of {', '.join(widths)} {known[0].dose_units}"
        )
        findings.append(Finding("dvh-written", "info", text, dose.uid))
    if empty:
        text = f"no DVH of {', '.join(empty)} was written: no volume there has a dose"
        findings.append(Finding("dvh-not-written", "info", text, dose.uid))
    return findings
