"""The plan of a Dataset as pydicom items, and what its fraction groups say about beams."""

from __future__ import annotations

import numpy as np
import pydicom
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import MissingDataError
from rtxr.read.headers import parse
from rtxr.read.item_values import integer, items, number


def plan_of(ds: xr.Dataset) -> pydicom.Dataset:
    """Header of the plan of a case.

    Raises
    ------
    MissingDataError
        The Dataset has no plan, or no longer carries its header.
    """
    if model.PLAN_UID not in ds.coords:
        raise MissingDataError(
            "this Dataset has no plan (scalar coordinate plan_uid); open a case whose RT Plan is "
            "among the files, and keep coordinates with ds.drop_vars(...) rather than ds[[...]]"
        )
    uid = str(ds[model.PLAN_UID].values)
    records = header_store.unpack(ds, [uid])
    if uid not in records:
        raise MissingDataError(f"this Dataset no longer carries the header of its plan {uid}")
    return parse(records[uid])


def beam_items(plan: pydicom.Dataset) -> list[pydicom.Dataset]:
    """Items of Beam Sequence (300A,00B0) or Ion Beam Sequence (300A,03A2)."""
    return items(plan, "BeamSequence") or items(plan, "IonBeamSequence")


def fractions_planned(group: pydicom.Dataset) -> int | None:
    """Number of Fractions Planned (300A,0078) of a fraction group."""
    return integer(group, "NumberOfFractionsPlanned")


def referenced_beams(plan: pydicom.Dataset) -> dict[int, tuple[float, float]]:
    """Beam Meterset (300A,0086) and Beam Dose (300A,0084) by beam, of its first fraction group."""
    found: dict[int, tuple[float, float]] = {}
    for group in items(plan, "FractionGroupSequence"):
        for reference in items(group, "ReferencedBeamSequence"):
            beam = integer(reference, "ReferencedBeamNumber")
            meterset, dose = number(reference, "BeamMeterset"), number(reference, "BeamDose")
            if beam is not None and beam not in found:
                found[beam] = (
                    np.nan if meterset is None else meterset,
                    np.nan if dose is None else dose,
                )
    return found
