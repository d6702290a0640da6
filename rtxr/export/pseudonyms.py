"""Pseudonyms for the patients of several cases: no two of them become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

import xarray as xr

from rtxr import header_store
from rtxr.errors import RTXRError
from rtxr.iod.deidentification import Deidentify
from rtxr.iod.encoding.raw import text_of
from rtxr.read.headers import excerpt


def profiles_of(
    cases: Mapping[str, xr.Dataset], deidentify: bool | Deidentify
) -> dict[str, bool | Deidentify]:
    """A profile for each case, one map of UIDs for all.

    Parameters
    ----------
    cases : mapping of str to Dataset
        Cases by their path in a tree.
    deidentify : bool or Deidentify
        What was asked for. Without a ``patient_id`` each patient gets one: by number, in the order
        of the cases, or from the ``key`` where there is one.

    Raises
    ------
    RTXRError
        One pseudonym for several patients.
    """
    profile = Deidentify() if deidentify is True else deidentify
    if not isinstance(profile, Deidentify) or not cases:
        return dict.fromkeys(cases, profile)
    of = {path: _patient_of(path, ds) for path, ds in cases.items()}
    patients = list(dict.fromkeys(of.values()))
    if isinstance(profile.patient_id, str) and profile.patient_id and len(patients) > 1:
        raise RTXRError(
            f"patient_id is one pseudonym and the tree has {len(patients)} patients, who would "
            "become one: give a mapping or a function of the original (0010,0020) PatientID, or "
            "leave it out, and each gets one"
        )
    if profile.patient_id:
        return dict.fromkeys(cases, profile)
    names = {
        patient: profile.drawn_pseudonym(patient) if profile.key else str(number)
        for number, patient in enumerate(patients, start=1)
    }
    return {path: replace(profile, patient_id=names[patient]) for path, patient in of.items()}


def _patient_of(path: str, ds: xr.Dataset) -> str:
    """PatientID of a case as its headers say it; where none does, its place in the tree."""
    records = header_store.unpack(ds) if header_store.has_headers(ds) else {}
    told = {text_of(excerpt(each, ["PatientID"]), "PatientID") for each in records.values()}
    return next(iter(sorted(told - {""})), "\0" + "".join(PurePosixPath(path).parts[:1]))
