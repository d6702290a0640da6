"""Brachytherapy plans as tables: sources, application setups, channels (PS3.3 C.8.8.15).

Where the sources dwell, and for how long, is in :mod:`rtxr.read.plans.source_positions`.
"""

from __future__ import annotations

import pandas as pd
import pydicom
import xarray as xr

from rtxr.read.item_values import integer, items, number
from rtxr.read.plans.item_tables import row_of, table_of
from rtxr.read.plans.plan_records import noted, plan_of
from rtxr.read.structures.roi_numbers import labels_by_number

SETUPS, CHANNELS = "ApplicationSetupSequence", "ChannelSequence"
#: Columns that say which channel a row is of.
CHANNEL_KEYS = ("ApplicationSetupNumber", "ChannelNumber")
_SOURCE = (
    "SourceNumber",
    "SourceType",
    "SourceManufacturer",
    "SourceModelID",
    "SourceSerialNumber",
    "SourceDescription",
    "SourceIsotopeName",
    "SourceIsotopeHalfLife",
    "ActiveSourceDiameter",
    "ActiveSourceLength",
    "MaterialID",
    "SourceEncapsulationNominalThickness",
    "SourceEncapsulationNominalTransmission",
    "ReferenceAirKermaRate",
    "SourceStrengthUnits",
    "SourceStrength",
    "SourceStrengthReferenceDate",
    "SourceStrengthReferenceTime",
)
_SETUP = (
    "ApplicationSetupNumber",
    "ApplicationSetupName",
    "ApplicationSetupType",
    "ApplicationSetupManufacturer",
    "TemplateNumber",
    "TemplateType",
    "TemplateName",
    "TotalReferenceAirKerma",
)
_OF_PLAN = ("BrachyTreatmentTechnique", "BrachyTreatmentType")
_DOSE = "BrachyApplicationSetupDose"
_CHANNEL = (
    "ChannelNumber",
    "ChannelLength",
    "ChannelEffectiveLength",
    "ChannelInnerLength",
    "AfterloaderChannelID",
    "ChannelTotalTime",
    "SourceMovementType",
    "NumberOfPulses",
    "PulseRepetitionInterval",
    "SourceApplicatorNumber",
    "SourceApplicatorID",
    "SourceApplicatorType",
    "SourceApplicatorName",
    "SourceApplicatorManufacturer",
    "SourceApplicatorLength",
    "SourceApplicatorTipLength",
    "SourceApplicatorStepSize",
    "SourceApplicatorWallNominalThickness",
    "SourceApplicatorWallNominalTransmission",
    "TransferTubeNumber",
    "TransferTubeLength",
    "ReferencedSourceNumber",
    "ReferencedROINumber",
    "NumberOfControlPoints",
    "FinalCumulativeTimeWeight",
)


def brachy_sources(ds: xr.Dataset) -> pd.DataFrame:
    """Sources of a brachytherapy plan.

    Elements read: SourceSequence (300A,0210).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.

    Returns
    -------
    DataFrame
        One row per source, columns by keyword: half-life in days, lengths and thickness in mm,
        ReferenceAirKermaRate in µGy/h at 1 m, SourceStrength in SourceStrengthUnits. Without
        sources it is empty and ``attrs["note"]`` says what the plan has.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    top = plan_of(ds)
    rows = [row_of(each, _SOURCE) for each in items(top, "SourceSequence")]
    return noted(table_of(rows, _SOURCE), "brachytherapy sources", top)


def application_setups(ds: xr.Dataset) -> pd.DataFrame:
    """Application setups of a brachytherapy plan.

    Elements read: ApplicationSetupSequence (300A,0230), and FractionGroupSequence (300A,0070) for
    BrachyApplicationSetupDose.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.

    Returns
    -------
    DataFrame
        One row per setup: columns by keyword (TotalReferenceAirKerma in µGy at 1 m),
        BrachyTreatmentTechnique and BrachyTreatmentType of the plan, BrachyApplicationSetupDose
        (Gy per fraction, of the first fraction group that has it), and how many
        ``channels`` it has. Without setups it is empty and ``attrs["note"]`` says what the plan
        has.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    top = plan_of(ds)
    doses = _setup_doses(top)
    rows = []
    for each in items(top, SETUPS):
        own = integer(each, "ApplicationSetupNumber")
        rows.append(
            {
                **row_of(top, _OF_PLAN),
                **row_of(each, _SETUP),
                _DOSE: None if own is None else doses.get(own),
                "channels": len(items(each, CHANNELS)),
            }
        )
    table = table_of(rows, [*_SETUP, *_OF_PLAN, _DOSE, "channels"])
    return noted(table, "application setups", top)


def _setup_doses(top: pydicom.Dataset) -> dict[int, float]:
    """Dose of each application setup in one fraction, Gy."""
    found: dict[int, float] = {}
    for group in items(top, "FractionGroupSequence"):
        for reference in items(group, "ReferencedBrachyApplicationSetupSequence"):
            setup = integer(reference, "ReferencedBrachyApplicationSetupNumber")
            dose = number(reference, _DOSE)
            if setup is not None and dose is not None:
                found.setdefault(setup, dose)
    return found


def channels(ds: xr.Dataset) -> pd.DataFrame:
    """Channels of a brachytherapy plan with their applicators and transfer tubes.

    Elements read: ChannelSequence (300A,0280) of ApplicationSetupSequence (300A,0230).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.

    Returns
    -------
    DataFrame
        One row per channel: ApplicationSetupNumber, columns of the channel by keyword (lengths in
        mm, ChannelTotalTime and PulseRepetitionInterval in s) and ``roi``, the label of the ROI
        that shows it (empty where the case does not have it). Without channels it is empty and
        ``attrs["note"]`` says what the plan has.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    top, labels = plan_of(ds), labels_by_number(ds)
    rows = [
        {
            **row_of(setup, ["ApplicationSetupNumber"]),
            **row_of(each, _CHANNEL),
            "roi": labels.get(_roi(each), ""),
        }
        for setup in items(top, SETUPS)
        for each in items(setup, CHANNELS)
    ]
    table = table_of(rows, ["ApplicationSetupNumber", *_CHANNEL, "roi"])
    return noted(table, "brachytherapy channels", top)


def _roi(channel: pydicom.Dataset) -> int:
    """Referenced ROI Number (3006,0084); none that exists where it is missing."""
    found = integer(channel, "ReferencedROINumber")
    return -1 if found is None else found
