"""The plan of a Dataset as pydicom items, and what its fraction groups say about beams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import Finding, MissingDataError, UnknownNameError, did_you_mean
from rtxr.header_store import Record
from rtxr.read.elements import EXPLICIT
from rtxr.read.headers import parse
from rtxr.read.item_values import integer, items, number, text
from rtxr.read.plans.control_point_bytes import RawPoints, plan_bytes


@dataclass(frozen=True)
class PlannedBeam:
    """A beam of a plan.

    Parameters
    ----------
    item : pydicom.Dataset
        Of Beam Sequence or Ion Beam Sequence, without its control points.
    points : RawPoints
        Its control points.
    meterset, dose : float
        Beam Meterset (300A,0086) and Beam Dose (300A,0084) of its first fraction group; NaN where
        they are not known.
    ion : bool
        Whether it is of Ion Beam Sequence.
    """

    item: pydicom.Dataset
    points: RawPoints
    meterset: float
    dose: float
    ion: bool = False

    @property
    def number(self) -> int | None:
        """Beam Number (300A,00C0), None where it is missing."""
        return integer(self.item, "BeamNumber")

    @property
    def name(self) -> str:
        """Beam Name (300A,00C2)."""
        return text(self.item, "BeamName")

    @property
    def label(self) -> str:
        """Number and name for messages and titles: ``"2 (4 AP)"``."""
        return f"{self.number} ({self.name})" if self.name else str(self.number)


@dataclass(frozen=True)
class Plan:
    """A plan without the control points of its beams, and the beams with theirs.

    Parameters
    ----------
    top : pydicom.Dataset
        The plan.
    beams : list of PlannedBeam
        In its order.
    findings : list of Finding
        What was odd about the beams.
    """

    top: pydicom.Dataset
    beams: list[PlannedBeam]
    findings: list[Finding]


def plan_record(ds: xr.Dataset) -> Record:
    """Header record of the plan of a case.

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
    uid = model.plan_uid(ds)
    records = header_store.unpack(ds, [uid])
    if uid not in records:
        raise MissingDataError(f"this Dataset no longer carries the header of its plan {uid}")
    return records[uid]


def plan_of(ds: xr.Dataset) -> pydicom.Dataset:
    """Header of the plan of a case.

    Raises
    ------
    MissingDataError
        The Dataset has no plan, or no longer carries its header.
    """
    return parse(plan_record(ds))


def beam_items(plan: pydicom.Dataset) -> list[pydicom.Dataset]:
    """Items of Beam Sequence (300A,00B0) or Ion Beam Sequence (300A,03A2)."""
    return items(plan, "BeamSequence") or items(plan, "IonBeamSequence")


def bare_plan(record: Record) -> pydicom.Dataset:
    """A plan without the control points of its beams: quick, however many there are."""
    return parse(plan_bytes(record).bare)


def planned(ds: xr.Dataset) -> Plan:
    """The plan of a case and its beams, quick however many control points they have.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    apart = plan_bytes(plan_record(ds))
    top, raw = parse(apart.bare), apart.points()
    found = beam_items(top)
    raw += [RawPoints(b"", EXPLICIT, [])] * (len(found) - len(raw))
    ion = not items(top, "BeamSequence")
    delivered, findings = _delivered(top, [integer(item, "BeamNumber") for item in found])
    beams = [
        PlannedBeam(item, points, *each, ion)
        for item, points, each in zip(found, raw, delivered, strict=False)
    ]
    return Plan(top, beams, [*findings, *_count_findings(beams)])


def chosen_beams(beams: Sequence[PlannedBeam], beam: int | str | None) -> list[PlannedBeam]:
    """Beams of a number or name, all by default.

    Raises
    ------
    UnknownNameError
        No such beam.
    """
    found = [each for each in beams if beam is None or beam in (each.number, each.name)]
    if beam is not None and not found:
        named = [each.name for each in beams if each.name] if isinstance(beam, str) else []
        names = named or [each.label for each in beams]
        raise UnknownNameError(
            f"no beam {beam!r} (BeamNumber or BeamName); {did_you_mean(str(beam), names)}"
        )
    return found


def with_findings(table: pd.DataFrame, findings: Iterable[Finding]) -> pd.DataFrame:
    """The table with findings in its attributes, each once."""
    table.attrs["findings"] = [asdict(each) for each in dict.fromkeys(findings)]
    return table


#: Sequences of what a plan delivers > what they are called.
_CONTENTS = {
    "BeamSequence": "beam(s)",
    "IonBeamSequence": "ion beam(s)",
    "ApplicationSetupSequence": "brachytherapy application setup(s)",
}


def noted(table: pd.DataFrame, what: str, top: pydicom.Dataset) -> pd.DataFrame:
    """The table; where it is empty, ``attrs["note"]`` says of what, and what the plan has."""
    if table.empty:
        counts = [f"{len(items(top, each))} {name}" for each, name in _CONTENTS.items()]
        has = " and ".join(each for each in counts if not each.startswith("0 ")) or "nothing else"
        table.attrs["note"] = f"this plan has no {what}; it has {has}"
    return table


_Delivered = tuple[float, float]
_UNKNOWN: _Delivered = (np.nan, np.nan)


def _references(plan: pydicom.Dataset) -> dict[int, list[_Delivered]]:
    """Beam Meterset and Beam Dose by beam, of the first fraction group that has it."""
    found: dict[int, list[_Delivered]] = {}
    for group in items(plan, "FractionGroupSequence"):
        here: dict[int, list[_Delivered]] = {}
        for reference in items(group, "ReferencedBeamSequence"):
            beam = integer(reference, "ReferencedBeamNumber")
            values = (number(reference, keyword) for keyword in ("BeamMeterset", "BeamDose"))
            meterset, dose = (np.nan if value is None else value for value in values)
            if beam is not None:
                here.setdefault(beam, []).append((meterset, dose))
        found = {**here, **found}
    return found


def _delivered(
    plan: pydicom.Dataset, beams: Sequence[int | None]
) -> tuple[list[_Delivered], list[Finding]]:
    """Beam Meterset and Beam Dose of each beam, also where several have one number."""
    references, findings = _references(plan), []
    times, met = Counter(beams), Counter[int]()
    found = []
    for beam in beams:
        stated = [] if beam is None else references.get(beam, [])
        if beam is None or not stated:
            found.append(_UNKNOWN)
        elif times[beam] == 1:
            found.append(stated[0])
        else:
            paired = len(stated) == times[beam]
            found.append(stated[met[beam]] if paired else _UNKNOWN)
            met[beam] += 1
            what = "which were taken in their order" if paired else "so that theirs are not known"
            message = (
                f"{times[beam]} beams have the (300A,00C0) BeamNumber {beam}, and the fraction "
                f"group has {len(stated)} meterset(s) for it, {what}"
            )
            findings.append(Finding("beam-number-repeated", "warning", message))
    return found, findings


def _count_findings(beams: Sequence[PlannedBeam]) -> list[Finding]:
    findings = []
    for beam in beams:
        stated, there = integer(beam.item, "NumberOfControlPoints"), len(beam.points.points)
        if stated is not None and stated != there:
            message = (
                f"beam {beam.number}: (300A,0110) NumberOfControlPoints is {stated}, and {there} "
                "could be read, which count"
            )
            findings.append(Finding("control-point-count", "warning", message))
    return findings
