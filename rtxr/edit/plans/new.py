"""A plan from tables: its header, made and added to a case.

The columns are those that ``ds.rt.beams()`` and ``ds.rt.control_points()`` give, so that the tables
of one case make the plan of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from rtxr import header_store, model, roi_names
from rtxr.edit.cases.headers import check_facts, encoded, facts_of_case, new_uid
from rtxr.edit.cases.own_arguments import refuse_misspelt
from rtxr.edit.plans.dose_references import doses_of_plan, noticed, require_doses, with_doses
from rtxr.edit.plans.tables import FRACTIONS, Beam, Rows, beams_of, check_boundaries
from rtxr.errors import ConflictingDataError, RTXRError, above_0
from rtxr.iod.build import build
from rtxr.iod.items import beams as beam_items
from rtxr.iod.tables import IODS


def add_plan(
    ds: xr.Dataset,
    /,
    beams: Rows | None = None,
    control_points: Rows | None = None,
    *,
    prescription: float | Mapping[str, float] | None = None,
    fractions: int | None = None,
    label: str | None = None,
    machine: str | None = None,
    leaf_boundaries: Mapping[str, Sequence[float]] | None = None,
    doses: str | Sequence[str] | None = None,
    **facts: Any,
) -> xr.Dataset:
    """Add a plan of photon or electron beams, from tables.

    Parameters
    ----------
    ds : Dataset
        A case without a plan.
    beams : DataFrame, mapping or list of mappings, optional
        A table, or what :class:`pandas.DataFrame` makes one of. One row per beam: the columns of
        ``ds.rt.beams()``, those of ``ds.rt.control_points()``, and NumberOfFractionsPlanned, all of
        them optional. Angles are in degrees, positions in mm
        (the isocentre in patient LPS), energies in MV or MeV, BeamDose in Gy per fraction. A beam
        gets two control points; ``gantry_start`` and ``gantry_stop`` are those of an arc. With a
        column ControlPointIndex it is one row per control point, and what is said of a beam counts
        from its first control point. What is missing (NaN, None or empty) is not written.
        BeamNumber counts from 1 by default. Without a table the plan has no beams: that is enough
        for a dose to be of a plan, and to be exported with it.
    control_points : DataFrame, mapping or list of mappings, optional
        One row per control point: the columns of ``ds.rt.control_points()``, of which BeamNumber
        is needed. They count more than what ``beams`` says.
    prescription : float or mapping of str to float, optional
        Dose of all fractions in Gy: one, or one by ROI: ``{"PTV": 60}``.
    fractions : int, optional
        NumberOfFractionsPlanned, by default that of the table.
    label : str, optional
        RTPlanLabel; ``"RTXR"`` by default.
    machine : str, optional
        TreatmentMachineName of beams for which the table has none.
    leaf_boundaries : mapping of str to sequence of float, optional
        LeafPositionBoundaries, mm, by column: ``{"MLCX": range(-100, 101, 5)}``.
    doses : str or sequence of str, optional
        Doses of the case that are doses of this plan, whatever plan their files name: ``"dose"``.
        Those that were made in memory and say no plan are so without being named.
    **facts
        What else is known of the plan, by DICOM keyword: ``RTPlanName="…"``.

    Returns
    -------
    Dataset
        With the header of the plan and ``plan_uid``. Patient and study are those of the case. A
        dose that names another plan, and is not among ``doses``, is in ``ds.rt.findings``.

    Raises
    ------
    ConflictingDataError
        The case has a plan, or the tables contradict each other, or a dose is of a beam that the
        plan does not have.
    RTXRError
        A value that the attribute cannot hold, a negative meterset, an angle that is not from 0 to
        360 degrees, or control points that a table of beams lacks.
    UnknownNameError
        A column, keyword, collimator, ROI or dose that does not exist.

    Notes
    -----
    Nothing clinical is assumed: an export says which angles, directions of rotation, jaws and
    leaves are missing. BeamType is STATIC where nothing but the meterset weight changes, else
    DYNAMIC. A beam has no wedges, compensators, boli and blocks. TableTopEccentricAngle is 0 where
    the tables do not have it. What does not turn has the rotation direction NONE. Jaws are written
    as ASYMX and ASYMY.

    Examples
    --------
    >>> import numpy as np, pandas as pd, rtxr
    >>> ds = rtxr.new_case(np.zeros((3, 4, 5)), spacing=(3, 1, 1), PatientPosition="HFS")
    >>> field = {"BeamName": "AP", "GantryAngle": 0.0, "BeamLimitingDeviceAngle": 0.0,
    ...          "PatientSupportAngle": 0.0, "X1": -50.0, "X2": 50.0, "Y1": -40.0, "Y2": 40.0,
    ...          "BeamMeterset": 120.0}
    >>> planned = ds.rt.add_plan(pd.DataFrame([field]), prescription=60, fractions=30)
    >>> planned.rt.beams()[["BeamNumber", "BeamName", "BeamType", "BeamMeterset"]]
       BeamNumber BeamName BeamType  BeamMeterset
    0           1       AP   STATIC         120.0
    """
    _refuse_second_plan(ds)
    named = require_doses(ds, doses)
    refuse_misspelt(facts, add_plan)
    check_facts(facts, [IODS["RTPLAN"]])
    found = beams_of(beams, control_points, machine)
    check_boundaries(leaf_boundaries or {}, found)
    values: dict[str, Any] = {
        **facts_of_case(ds),
        "SeriesInstanceUID": new_uid(),
        "FrameOfReferenceUID": _frame_of_reference(ds) or None,
        **facts,
        **({} if label is None else {"RTPlanLabel": label}),
        **_prescribed(ds, prescription),
        "FractionGroupSequence": [
            beam_items.fraction_group([each.row for each in found], _fractions(fractions, found))
        ],
    }
    if found:
        values["BeamSequence"] = [
            beam_items.beam_item(each.row, each.points, leaf_boundaries) for each in found
        ]
    made = build(IODS["RTPLAN"], None, values).dataset
    if unfit := [keyword for keyword in values if keyword not in made]:
        raise RTXRError(f"{', '.join(unfit)}: the value does not fit the attribute")
    if "RTPlanGeometry" not in facts:  # follows from the structure set that it is written with
        del made.RTPlanGeometry
    record = encoded(made)
    planned = header_store.replace(ds, [record])
    uid = xr.Variable((), record.uid, {"long_name": "SOPInstanceUID"})
    planned = doses_of_plan(planned.assign_coords({model.PLAN_UID: uid}))
    return noticed(with_doses(planned, named))


def _refuse_second_plan(ds: xr.Dataset) -> None:
    if model.PLAN_UID in ds.coords:
        raise ConflictingDataError(
            "this case has a plan (coordinate 'plan_uid'); ds.drop_vars('plan_uid') leaves it out"
        )


def _frame_of_reference(ds: xr.Dataset) -> str:
    """Frame of Reference UID of the image, else of the first grid that names one."""
    names = [str(name) for name in ds.coords if str(name).endswith(model.SPATIAL_REF)]
    uids = [str(ds[name].attrs.get("FrameOfReferenceUID", "")) for name in sorted(names, key=len)]
    return next(filter(None, uids), "")


def _prescribed(
    ds: xr.Dataset, prescription: float | Mapping[str, float] | None
) -> dict[str, list[Any]]:
    """Dose Reference Sequence; nothing where nothing is prescribed."""
    if prescription is None:
        return {}
    doses: dict[int | None, float]
    if isinstance(prescription, Mapping):
        doses = {
            model.roi_number(ds, roi_names.one(ds, name)): above_0(f"prescription[{name!r}]", dose)
            for name, dose in prescription.items()
        }
    else:
        doses = {None: above_0("prescription", prescription, "Gy")}
    return {"DoseReferenceSequence": beam_items.prescribed(doses)}


def _fractions(given: int | None, found: Sequence[Beam]) -> int | None:
    """Number of Fractions Planned: as given, else as all rows say."""
    stated = {int(each.row[FRACTIONS]) for each in found if each.row.get(FRACTIONS) is not None}
    if given is None and len(stated) > 1:
        raise ConflictingDataError(
            f"{FRACTIONS} is {sorted(stated)} in the table; a plan made here has one fraction "
            "group: give fractions="
        )
    fractions = given if given is not None else next(iter(stated), None)
    if fractions is None:
        return None
    number = above_0("fractions", fractions)
    if not number.is_integer():
        raise RTXRError(f"fractions={number:g}: a plan has a whole number of fractions")
    return int(number)
