"""DVHs that came in dose files, with the volumes of the contours where they are relative."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.structures import contours
from rtxr.errors import Finding, MissingDataError
from rtxr.read.dvhs import sequence as dvh_sequence
from rtxr.read.dvhs.axis import Edge
from rtxr.roi_names import Rois


def stored_dvh(
    ds: xr.Dataset,
    dose: str = model.DOSE,
    *,
    rois: Rois = None,
    edge: Edge | None = None,
    reference: float | None = None,
    volumes: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """DVHs that came in the file of a dose; of curves in percent, the contours give the volume.

    Parameters
    ----------
    ds, dose, edge, reference
        As in :func:`rtxr.read.dvhs.sequence.stored_dvh`.
    rois : str, Pattern or sequence of them, optional
        Labels, regular expressions or standard names, see :mod:`rtxr.roi_names`; all by default.
    volumes : mapping of ROI label to float, optional
        Volumes in cm3 of curves stored in percent; by default those of the contours (end caps of
        half a spacing), where the case has them.

    Returns
    -------
    DataFrame
        As :func:`rtxr.read.dvhs.sequence.stored_dvh`: index ``dose_gy``, a column per stored DVH,
        cumulative volume in cm3; ``attrs`` hold ``edge``, ``rois`` and ``findings``.

    Raises
    ------
    MissingDataError
        No such dose, no headers, or no DVH in the file.
    RTXRError
        ``reference``, or one of ``volumes``, is no number above 0.
    UnknownNameError
        No such ``edge``, or ``volumes`` of what is neither a ROI nor a stored DVH.
    """
    told: list[Finding] = []
    given = dict(volumes or {})
    has_structures = all(name in ds.coords for name in model.STRUCTURE_COORDS)
    percent = dvh_sequence.rois_in_percent(ds, dose) if has_structures else []
    needed = [label for label in percent if label not in given]
    if needed:
        own = contours.volumes(ds, needed)
        given |= {label: float(own[label]) for label in needed if own[label] > 0}
        message = (
            f"the volume of {', '.join(map(repr, needed))} is that of the contours, since the "
            "stored curves are relative to it"
        )
        told.append(Finding("dvh-volume-units", "info", message))
    table = dvh_sequence.stored_dvh(ds, dose, edge=edge, reference=reference, volumes=given)
    table.attrs["findings"] += model.findings_frame(told).to_dict("records")
    return table if rois is None else _of(table, roi_names.select(ds, rois))


def _of(table: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """The stored DVHs of some ROIs."""
    if absent := [repr(label) for label in labels if label not in table]:
        there = ", ".join(map(str, table))
        raise MissingDataError(
            f"no DVH is stored of {', '.join(absent)}; there are those of {there}"
        )
    attrs = table.attrs
    table = table[list(labels)]
    table.attrs = {**attrs, "rois": {label: attrs["rois"][label] for label in labels}}
    return table
