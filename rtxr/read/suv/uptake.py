"""Standardized uptake values of a PET image (Units, Decay Correction, injected dose, body size).

The way is that of the vendor-neutral pseudo-code of the Quantitative Imaging Biomarkers Alliance,
with what PS3.3 C.8.9.1 and C.8.9.4 define. What it takes for granted and a series lacks or
contradicts is an error that names the element, or a Finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.errors import ConflictingDataError, Finding, MissingDataError
from rtxr.geometry import ALIGNMENT_TOLERANCE_MM, FloatArray, slice_normal
from rtxr.keywords import describe
from rtxr.read import parse as parsing
from rtxr.read.lazy import is_in_memory, lazy_variable
from rtxr.read.suv.body_size import KINDS, Kind, body_size, kind_of
from rtxr.read.suv.elements import PetSeries, pet_series, slice_uids
from rtxr.read.suv.times import decay

_PET = model.IMAGE_NAMES["PT"]
#: Planes are parallel to a slice where they rise less than this along its normal, per length.
_PARALLEL = 1e-4
_PHILIPS = (0x7053, "Philips PET Private Group")
#: Units (0054,1001) of values that are SUV already > SUV Type where none is stated.
_SUV_UNITS = {"GML": "BW", "CM2ML": "BSA"}


@dataclass(frozen=True)
class _Scale:
    """What turns values into SUV: factors, one or per slice of the series, and how they came."""

    factors: FloatArray
    reference: str
    findings: list[Finding]


def suv(ds: xr.Dataset, /, kind: str = "bw", **elements: Any) -> xr.DataArray:
    """Standardized uptake values of the PET image.

    Elements read: those below, AcquisitionDate, AcquisitionTime, FrameReferenceTime,
    ActualFrameDuration and DecayFactor of the slices, and the vendors' SUV Scale Factor (7053,xx00)
    and Activity Concentration Scale Factor (7053,xx09) of Philips and scan time (0009,xx0D) of GE.

    ========= =================================================================================
    Units     SUV is
    ========= =================================================================================
    BQML      value x body size / dose, the dose decayed to what the values are corrected to
    CNTS      value x the vendor's SUV factor; or value x its activity factor, then as BQML
    GML       the value, of the kind that SUVType says (BW if none), turned into the kind asked
    CM2ML     likewise, of the kind BSA
    ========= =================================================================================

    The dose decays, by DecayCorrection: ADMIN: not at all; START: from injection to
    DecayCorrectionDateTime if stated, else to SeriesTime; where that is later than the earliest
    acquisition of the series (which then was made afterwards): to GE's scan time, or the start that
    FrameReferenceTime of all slices agrees on, or the earliest AcquisitionTime; NONE: slice by
    slice, to when the activity was its mean in the frame.

    Parameters
    ----------
    ds : Dataset
        A case with a PET image and its headers.
    kind : {"bw", "lbm", "lbmjames128", "lbmjanma", "bsa", "ibw"}
        SUV Type (0054,1006): body weight; lean body mass by James (120 for men, or 128) or
        Janmahasatian; body surface area (DuBois); ideal body weight.
    **elements
        Values that stand for those of the headers: CorrectedImage, DecayCorrection,
        DecayCorrectionDateTime (the start of the scan), PatientSex, PatientSize (m), PatientWeight
        (kg), RadionuclideHalfLife (s), RadionuclideTotalDose (Bq),
        RadiopharmaceuticalStartDateTime, RadiopharmaceuticalStartTime, SUVType, SeriesDate,
        SeriesTime, Units.

    Returns
    -------
    DataArray
        ``suv`` on the grid of ``pt``, g/mL (cm2/mL for ``"bsa"``), lazy where the image is. Its
        attributes say SUVType, the ``factor`` by which ``pt`` was multiplied (a list in the order
        of ``pt_uid`` if it varies) and the ``decay_reference``; ``suv.rt.findings`` says what was
        assumed.

    Raises
    ------
    UnknownNameError
        No PET image, no such kind, or an element that plays no part.
    MissingDataError
        An element is missing and was not given.
    ConflictingDataError
        Elements contradict each other, are in another unit than the Standard's, or say that
        attenuation or decay was not corrected; or ``pt`` is SUV already; or the factor differs
        from slice to slice and planes of ``pt`` are not slices as they were acquired, as after
        resampling: take SUV first.
    """
    wanted = kind_of(kind)
    array = ds[model.resolve(ds, _PET)]
    series = pet_series(ds, elements)
    units = series.text("Units").upper()
    if units not in _SUV_UNITS and array.attrs.get("units") in {k.units for k in KINDS.values()}:
        raise ConflictingDataError(
            f"{_PET!r} is in {array.attrs['units']}, so it is SUV already, and its headers say "
            f"{describe('Units')} {units}; take ds.rt.suv() of the case as it was opened"
        )
    scale = _scale(series, units, wanted)
    factor = _on_slices(ds, series, scale.factors)
    attrs = {
        "units": wanted.units,
        "long_name": f"standardized uptake value, {wanted.meaning}",
        "SUVType": wanted.suv_type,
        "factor": factor.ravel().tolist() if factor.size > 1 else float(factor),
        "decay_reference": scale.reference,
        model.FINDINGS_ATTR: model.findings_to_json(scale.findings + _unused(series)),
    }
    variable = _multiplied(array, factor)
    variable.attrs = attrs
    return xr.Dataset({"suv": variable}, array.coords)["suv"]


def _scale(series: PetSeries, units: str, kind: Kind) -> _Scale:
    """Factors from the values of a series in some unit to SUV of a kind."""
    if units in _SUV_UNITS:
        return _from_suv(series, units, kind)
    if units == "BQML":
        return _from_activity(series, kind)
    if units == "CNTS":
        return _from_counts(series, kind)
    raise (ConflictingDataError if units else MissingDataError)(
        f"SUV cannot be had from {describe('Units')} {units or '(missing)'}; from BQML, GML, "
        "CM2ML and Philips' CNTS it can. If the values are in one of those: ds.rt.suv(Units='BQML')"
    )


def _from_suv(series: PetSeries, units: str, kind: Kind) -> _Scale:
    """Values that are SUV already: the ratio of two body sizes."""
    stated = series.text("SUVType").upper()
    findings = []
    if not stated:
        message = (
            f"{describe('SUVType')} is not stated; values in {units} were taken for "
            f"{_SUV_UNITS[units]}, as the Standard has it"
        )
        findings.append(Finding("suv-type", "info", message))
    stored = kind_of(stated or _SUV_UNITS[units])
    reference = "as stored"
    if stored is kind:
        return _Scale(np.ones(1), reference, findings)
    ratio = body_size(series, kind) / body_size(series, stored)
    return _Scale(np.array([ratio]), reference, findings)


def _from_activity(series: PetSeries, kind: Kind) -> _Scale:
    """Values in Bq/mL: body size over the dose that is left."""
    findings = _correction_findings(series)
    gone = decay(series)
    dose = np.full(gone.seconds.shape, series.number("RadionuclideTotalDose"))
    if gone.seconds.any():
        dose *= np.exp2(-gone.seconds / series.number("RadionuclideHalfLife"))
    size = body_size(series, kind)
    return _Scale(size / dose, gone.reference, [*findings, *gone.findings])


def _from_counts(series: PetSeries, kind: Kind) -> _Scale:
    """Values in counts: by the factors that Philips adds."""
    factors = _vendor_factors(series, 0x00)
    if factors is not None:
        ratio = 1.0
        if kind.suv_type != "BW":
            ratio = body_size(series, kind) / body_size(series, kind_of("bw"))
        return _Scale(factors * ratio, "SUV factor of the vendor", [])
    factors = _vendor_factors(series, 0x09)
    if factors is None:
        raise MissingDataError(
            f"{describe('Units')} is CNTS, and not every slice has Philips' SUV Scale Factor "
            "(7053,xx00) or Activity Concentration Scale Factor (7053,xx09), without which counts "
            "cannot be turned into SUV"
        )
    scale = _from_activity(series, kind)
    return _Scale(factors * scale.factors, scale.reference, scale.findings)


def _vendor_factors(series: PetSeries, element: int) -> FloatArray | None:
    """A factor of every slice; None where one lacks it."""
    texts = series.private(*_PHILIPS, element)
    factors = np.array([parsing.number(text) or 0.0 for text in texts])
    return factors if (factors > 0).all() else None


def _correction_findings(series: PetSeries) -> list[Finding]:
    """Raise where the values are not activity; a Finding where nothing says that they are."""
    name = describe("CorrectedImage")
    made = {part.strip().upper() for part in series.text("CorrectedImage").split("\\")} - {""}
    if not made:
        message = f"{name} is missing; attenuation was taken to be corrected, and decay as stated"
        return [Finding("suv-corrections", "warning", message)]
    if "ATTN" not in made:
        raise ConflictingDataError(
            f"{name} does not list ATTN: without attenuation correction values are no activity; if "
            "it was made, give CorrectedImage=['ATTN', 'DECY']"
        )
    corrected = bool(made & {"DECY", "DECAY"})
    if corrected == (series.text("DecayCorrection").upper() == "NONE"):
        raise ConflictingDataError(
            f"{name} {'lists' if corrected else 'does not list'} DECY, and "
            f"{describe('DecayCorrection')} says otherwise; give DecayCorrection='START', "
            "'ADMIN' or 'NONE', and CorrectedImage if it is wrong"
        )
    return []


def _unused(series: PetSeries) -> list[Finding]:
    unused = [keyword for keyword in series.given if keyword not in series.asked]
    if not unused:
        return []
    message = (
        f"{', '.join(unused)} played no part: values in {series.text('Units')} with this kind and "
        "these headers do not depend on it"
    )
    return [Finding("suv-element-unused", "warning", message)]


def _on_slices(ds: xr.Dataset, series: PetSeries, factors: FloatArray) -> FloatArray:
    """Factors along the dimensions of the slices' UIDs, or the one that holds for all."""
    if np.ptp(factors) == 0:
        return factors.ravel()[:1].reshape(())
    of = dict(zip((each.record.uid for each in series.headers), factors.tolist(), strict=True))
    uids = slice_uids(ds)
    if not uids or not set(uids) <= of.keys():
        raise MissingDataError(
            "the factor to SUV differs from slice to slice, and the slices of this image are not "
            f"those of its headers (coordinate {model.uid_name(_PET)}): take SUV first, then "
            "resample or combine"
        )
    if not _are_own_planes(ds, series, uids):
        raise ConflictingDataError(
            "the factor to SUV differs from slice to slice, and planes of this image are not where "
            f"{describe('ImagePositionPatient')} of their headers says, as after resampling: "
            "take SUV first and resample then, ds.assign(suv=ds.rt.suv()).rt.resample(...); if it "
            "was opened with on_irregular='resample', open it with on_irregular='keep'"
        )
    return np.array([of[uid] for uid in uids]).reshape(ds[model.uid_name(_PET)].shape)


def _are_own_planes(ds: xr.Dataset, series: PetSeries, uids: Sequence[str]) -> bool:
    """Whether each plane is that of the header of its UID, and of no other plane."""
    headers = {each.record.uid: each for each in series.headers}
    own = [headers[uid] for uid in uids]
    at = np.array([np.resize(each.numbers("ImagePositionPatient"), 3) for each in own])
    normal = slice_normal(own[0].numbers("ImageOrientationPatient"))
    grid, variable = model.grid_of(ds, _PET), ds[model.uid_name(_PET)].variable
    # How much a step along each dimension rises along the normal: 0 within a slice.
    steps = np.abs(normal @ grid.matrix[:3, 2::-1])
    along = int(steps.argmax())
    dim, axis = grid.dims[along], grid.axes[along]
    others = set(grid.dims) - {dim}
    is_other = np.delete(steps, along).max() > _PARALLEL or others & set(variable.dims)
    if len(set(uids)) < len(uids) or is_other or (dim not in variable.dims and len(axis) > 1):
        return False
    shape = [len(axis) if each == dim else 1 for each in variable.dims]
    heights = np.broadcast_to(axis.reshape(shape), variable.shape).ravel()
    apart = (grid.to_own(at)[:, 2 - along] - heights) * steps[along]
    return bool((np.abs(apart) <= ALIGNMENT_TOLERANCE_MM).all())


@dataclass(frozen=True, eq=False)
class _Multiplied:
    """A lazy variable times a factor; satisfies the lazy array's protocol."""

    variable: xr.Variable
    factor: FloatArray
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.variable.shape

    def read(self, indices: tuple[npt.NDArray[np.intp], ...]) -> npt.NDArray[Any]:
        chosen = dict(zip(self.variable.dims, indices, strict=True))
        values = np.asarray(self.variable.isel(chosen).values)
        along = [
            index if length > 1 else np.zeros(1, np.intp)
            for index, length in zip(indices, self.factor.shape, strict=True)
        ]
        product = values * self.factor[np.ix_(*along)]
        return product.astype(self.dtype, copy=False)


def _multiplied(array: xr.DataArray, factor: FloatArray) -> xr.Variable:
    """The image times one factor, or one per slice, without reading what is not read yet."""
    variable = array.variable
    if factor.ndim == 0 and float(factor) == 1 and variable.dtype.kind == "f":
        return variable.copy(deep=False)
    dtype = np.result_type(variable.dtype, np.float32)
    dims = array.coords[model.uid_name(_PET)].dims if factor.ndim else ()
    factor = factor.transpose([dims.index(dim) for dim in variable.dims if dim in dims])
    full = factor.reshape([n if dim in dims else 1 for dim, n in variable.sizes.items()])
    if array.chunks is not None or is_in_memory(array):
        product = variable.data.astype(np.float64) * full
        return variable.copy(data=product.astype(dtype))
    chunks = variable.encoding.get("preferred_chunks")
    source = _Multiplied(variable, full, dtype)
    return lazy_variable(variable.dims, source, preferred_chunks=chunks)
