"""What is put into beams: wedges, compensators, blocks, boluses, applicators, other accessories.

Each table has the columns of photon and electron beams (PS3.3 C.8.8.14); in a plan of ion beams
(C.8.8.25) those of ion beams.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

from rtxr.errors import Finding
from rtxr.geometry import FloatArray
from rtxr.read.item_values import integer, items, numbers
from rtxr.read.plans.accessory_kinds import (
    APPLICATORS,
    BLOCKS,
    BOLUSES,
    COMPENSATORS,
    OPENINGS,
    OTHERS,
    WEDGES,
)
from rtxr.read.plans.device_tables import device_table
from rtxr.read.plans.item_tables import row_of
from rtxr.read.structures.roi_numbers import labels_by_number


def wedges(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Wedges of the beams, and where they are at the control points.

    Elements read: WedgeSequence (300A,00D1) or IonWedgeSequence (300A,03AA), and
    WedgePositionSequence (300A,0116) or IonWedgePositionSequence (300A,03AC).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per beam, wedge and control point from which on it has another position: columns
        BeamNumber, BeamName, the attributes of the wedge by keyword (angles in degrees, distances
        in mm), ControlPointIndex and WedgePosition (IN or OUT). Without wedges it is empty and
        ``attrs["note"]`` says what the plan has; ``attrs["findings"]`` says what was odd.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    return device_table(ds, WEDGES, beam)


def blocks(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Blocks of the beams with their outlines.

    Elements read: BlockSequence (300A,00F4) or IonBlockSequence (300A,03A6).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per beam and block: columns BeamNumber, BeamName, the attributes of the block by
        keyword (distances and thickness in mm) and BlockData, the corners of its outline as a
        tuple of (x, y), a closed polygon: mm in the IEC beam limiting device system, projected to
        the isocentre. The inside of an APERTURE is open, that of a SHIELDING block is shielded.
        Without blocks it is empty, see :func:`wedges`.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    table = device_table(ds, BLOCKS, beam, {"BlockData": _outline})
    stated = table["BlockNumberOfPoints"].astype("Float64")
    there = table["BlockData"].map(len)
    for at in np.flatnonzero((stated.notna() & (stated != there)).to_numpy(bool)).tolist():
        message = (
            f"beam {table['BeamNumber'].iat[at]}: (300A,0104) BlockNumberOfPoints is "
            f"{stated.iat[at]:g}, and (300A,0106) BlockData has {there.iat[at]} points, which count"
        )
        table.attrs["findings"].append(asdict(Finding("block-points", "warning", message)))
    return table


def _outline(block: pydicom.Dataset) -> tuple[tuple[float, float], ...]:
    stored = numbers(block, "BlockData")
    pairs = stored[: len(stored) // 2 * 2].reshape(-1, 2).tolist()
    return tuple((x, y) for x, y in pairs)


def compensators(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Compensators of the beams with their thickness or transmission.

    Elements read: CompensatorSequence (300A,00E3) or IonRangeCompensatorSequence (300A,02EA).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per beam and compensator: columns BeamNumber, BeamName, its attributes by keyword
        (mm), CompensatorThicknessData (mm) and CompensatorTransmissionData as arrays (row,
        column), None where the plan has none that fits CompensatorRows and CompensatorColumns.
        CompensatorPosition is that of the upper left element, CompensatorPixelSpacing the distance
        of rows, then of columns. Without compensators it is empty, see :func:`wedges`.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    thickness, transmission = "CompensatorThicknessData", "CompensatorTransmissionData"
    extra = {name: partial(_plane, keyword=name) for name in (thickness, transmission)}
    return device_table(ds, COMPENSATORS, beam, extra)


def _plane(compensator: pydicom.Dataset, keyword: str) -> FloatArray | None:
    """Values of a compensator by row and column."""
    values = numbers(compensator, keyword)
    rows = integer(compensator, "CompensatorRows") or 0
    columns = integer(compensator, "CompensatorColumns") or 0
    fits = len(values) == rows * columns > 0
    return values.reshape(rows, columns) if fits else None


def boluses(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Boluses of the beams, each of which is a ROI.

    Elements read: ReferencedBolusSequence (300C,00B0).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per beam and bolus: columns BeamNumber, BeamName, ReferencedROINumber, BolusID,
        BolusDescription, AccessoryCode and ``roi``, its label (empty where the case does not have
        it). Without boluses it is empty, see :func:`wedges`.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    labels = labels_by_number(ds)

    def roi(bolus: pydicom.Dataset) -> str:
        number = integer(bolus, "ReferencedROINumber")
        return "" if number is None else labels.get(number, "")

    return device_table(ds, BOLUSES, beam, {"roi": roi})


def applicators(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Applicators of the beams, such as those of electrons.

    Elements read: ApplicatorSequence (300A,0107).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per beam and applicator: columns BeamNumber, BeamName, its attributes by keyword,
        ApplicatorApertureShape and the openings (mm; ApplicatorOpening is side or diameter).
        Without applicators it is empty, see :func:`wedges`.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    extra = {name: partial(_opening, keyword=name) for name in OPENINGS}
    return device_table(ds, APPLICATORS, beam, extra)


def _opening(applicator: pydicom.Dataset, keyword: str) -> Any:
    """What the geometry of an applicator says, if it has one."""
    geometry = next(iter(items(applicator, "ApplicatorGeometrySequence")), pydicom.Dataset())
    return row_of(geometry, [keyword])[keyword]


def general_accessories(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Further accessories of the beams, such as graticules and trays.

    Elements read: GeneralAccessorySequence (300A,0420).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per beam and accessory: columns BeamNumber, BeamName and its attributes by keyword
        (distances in mm). Without accessories it is empty, see :func:`wedges`.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    return device_table(ds, OTHERS, beam)
