"""Dose to the volume of one structure: the integral behind DVH tables and metrics.

The slabs of a structure are cut into cells by the planes of the dose grid through its voxel
centres, subdivided until cells are small against the structure, so that no cell reaches over a
kink of the trilinear dose. Each cell counts with the exact area the polygons cover of it, times
its height; its dose is that at the centroid of what is covered. Within a cell the dose is taken
as linear: its volume is spread evenly between its lowest and highest dose, which makes the
cumulative curve second-order accurate instead of a staircase. The curve is kept in at least
40 000 steps between the lowest and the highest dose near the structure (for 70 Gy: 1 mGy), and in
2000 between the lowest and the mean one; minimum, maximum and mean do not go through it.

Where dose grid and contours share no axes (the dose is rotated against the contours) cells are
those of a lattice along the contours' own axes; dose and its slope are looked up cell by cell.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from rtxr.analysis.grids import frames
from rtxr.analysis.grids.resample import Field
from rtxr.analysis.statistics.aligned_cells import AlignedCells, Lattice
from rtxr.analysis.statistics.slab_cells import DoseRange, Samples, ends
from rtxr.analysis.statistics.turned_cells import TurnedCells
from rtxr.analysis.structures import polygons
from rtxr.analysis.structures.planes import Slabs
from rtxr.errors import Finding
from rtxr.geometry import FloatArray

#: About so many cells fill a structure; more where the dose grid is finer than that.
CELLS = 40_000
#: Steps of the cumulative curve between the lowest and the highest dose, or more.
_STEPS = 40_000
#: Steps between the lowest and the mean dose, or more, as far as there are no more than so many.
_STEPS_TO_MEAN, _MOST_STEPS = 2_000, 2_000_000
#: Less than this part of the volume outside the dose grid is rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class RoiDose:
    """Dose to one structure.

    Parameters
    ----------
    label : str
        ROI label.
    doses : ndarray, (k,)
        Ascending doses, Gy (or relative).
    volumes : ndarray, (k,)
        Volume that receives at least that dose, cm3; linear in between.
    volume_cc : float
        Whole volume, cm3; NaN where it is not known.
    outside_cc : float
        Part of it where the dose is not known: outside the dose grid, or NaN in it.
    minimum, maximum, mean : float
        Over the part where the dose is known, NaN where there is none. Minimum and maximum
        include the faces of the slabs and the outlines on them.
    findings : tuple of Finding
        What was noticed.
    """

    label: str
    doses: FloatArray
    volumes: FloatArray
    volume_cc: float
    outside_cc: float
    minimum: float
    maximum: float
    mean: float
    findings: tuple[Finding, ...] = ()

    @property
    def inside_cc(self) -> float:
        """Volume where the dose is known, cm3."""
        return self.volume_cc - self.outside_cc

    @property
    def outside_fraction(self) -> float:
        """Part of the volume where the dose is not known, 0 to 1; NaN without a volume."""
        return self.outside_cc / self.volume_cc if self.volume_cc else float("nan")

    def volume_at(self, dose: npt.ArrayLike) -> FloatArray:
        """Volume that receives at least a dose, cm3; the whole volume at dose 0 or below."""
        asked = np.asarray(dose, dtype=np.float64)
        if not np.isfinite(self.minimum):
            return np.where(asked <= 0, self.volume_cc, 0.0 * self.volume_cc)
        volume = np.interp(asked, self.doses, self.volumes)
        volume = np.where(asked <= self.minimum, self.inside_cc, volume)
        volume = np.where(asked > self.maximum, 0.0 * self.volume_cc, volume)
        return np.where(asked <= min(0.0, self.minimum), self.volume_cc, volume)

    def dose_at(self, volume_cc: float) -> float:
        """Lowest dose to the hottest part of this volume, cm3.

        NaN where the volume is larger than the part whose dose is known.
        """
        inside = self.inside_cc
        if not (0 <= volume_cc <= inside * (1 + 1e-9)) or not np.isfinite(self.minimum):
            return float("nan")
        last = int(np.searchsorted(-self.volumes, -min(volume_cc, inside), side="right")) - 1
        dose = float(self.doses[last])
        if last + 1 < len(self.doses):
            step = self.volumes[last] - self.volumes[last + 1]
            dose += (self.volumes[last] - volume_cc) / step * (self.doses[last + 1] - dose)
        return float(np.clip(dose, self.minimum, self.maximum))


class _Tally:
    """Adds cells up to a cumulative curve and its sums.

    Of each cell one half of the volume lies evenly to both sides of a little less than its dose,
    the other half of a little more. The steps from cell to cell of a lattice add up to an even
    curve where either is spread over the change of dose along one axis in full.

    Parameters
    ----------
    near : DoseRange
        Bounds of the dose of all cells to come, and its mean.
    """

    def __init__(self, near: DoseRange) -> None:
        low, high = near.low, near.high
        # A few very high doses, as next to a source, leave the others as fine as they are.
        raw = min((high - low) / _STEPS, (near.mean - low) / _STEPS_TO_MEAN)
        raw = max(raw, (high - low) / _MOST_STEPS, 1e-6 * max(abs(high), 1.0) / _STEPS)
        decade = 10.0 ** np.floor(np.log10(raw))
        # A round step puts round doses (a uniform 20 Gy) on an edge of the curve.
        self.width = float(decade * max(f for f in (1, 2, 5) if f * decade <= raw * (1 + 1e-9)))
        self.reach = int((high - low) / self.width) + 4
        # A part of a cell may be a little beyond the bounds; it spreads no further than they do.
        margin = 3 * self.reach // 2
        self.start = int(np.floor(low / self.width)) - margin
        self.change = np.zeros(self.reach + 2 * margin)
        self.dose_volume = self.inside = 0.0

    def add(self, cells: Samples) -> None:
        """Add cells; those without a dose are passed over."""
        dose_volume = float(np.einsum("i,i", cells.dose, cells.volume))
        if not np.isfinite(dose_volume):
            known = np.isfinite(cells.dose)
            self.add(Samples(*(getattr(cells, each.name)[known] for each in fields(cells))))
            return
        self.dose_volume += dose_volume
        self.inside += float(cells.volume.sum())
        # Rounded to the nearest edge of the curve; a narrow range fills the step it lies in.
        spread = cells.widest * (2 / self.width) ** 2
        np.rint(np.sqrt(spread, out=spread), out=spread)
        np.clip(spread, 1.0, self.reach, out=spread)
        shift = cells.rest * (1 / (3 * self.width**2))
        np.minimum(np.sqrt(shift, out=shift), self.reach / 2, out=shift)
        begin = cells.dose * (1 / self.width)
        begin += 0.5 + 1e-6 - self.start  # a dose on an edge belongs to the step above it
        slope = spread * 0.5
        begin -= slope
        np.divide(cells.volume, spread, out=slope)
        slope *= 0.5
        steps = spread.astype(np.intp)
        for half in (begin - shift, begin + shift):
            at = half.astype(np.intp)
            np.add.at(self.change, at, slope)
            at += steps
            np.subtract.at(self.change, at, slope)

    def finish(self, whole: RoiDose, volume: float, extremes: FloatArray) -> RoiDose:
        """The cumulative curve, scaled to the exact volume.

        Parameters
        ----------
        whole : RoiDose
            What is known of the structure but for its dose.
        volume : float
            Whole volume in the unit of the cells.
        extremes : ndarray
            Doses among which are the lowest and the highest.
        """
        if not self.inside:
            return whole
        low, high = (float(each) for each in ends(extremes))
        first = int(np.floor(low / self.width)) - self.start - 2
        stop = int(np.ceil(high / self.width)) - self.start + 3
        outside = 1 - self.inside / volume
        outside = outside if outside > _ROUNDING else 0.0
        inside = whole.volume_cc * (1 - outside)
        before, steps = self.change[:first], self.change[first : stop - 1]
        volumes = np.empty(stop - first)
        volumes[0] = np.einsum("i,i", before, np.arange(first, 0.0, -1.0))  # below the first dose
        steps[0] += before.sum()
        per_step = np.cumsum(steps)
        per_step[0] += volumes[0]
        np.cumsum(per_step, out=volumes[1:])
        volumes *= -inside / self.inside
        volumes += inside
        np.clip(volumes, 0.0, inside, out=volumes)
        doses = np.arange(self.start + first, self.start + stop, dtype=np.float64)
        doses *= self.width
        return replace(
            whole,
            doses=doses,
            volumes=volumes,
            outside_cc=whole.volume_cc * outside,
            minimum=low,
            maximum=high,
            mean=min(max(self.dose_volume / self.inside, low), high),
        )


def integrate(part: Slabs, field: Field) -> RoiDose:
    """Dose to the volume of a structure.

    Parameters
    ----------
    part : Slabs
        The structure.
    field : Field
        The dose.

    Returns
    -------
    RoiDose
        All NaN where the structure encloses nothing; a single plane of unknown thickness has
        doses but no volumes.
    """
    signed = polygons.signed_edges(part.edges)
    areas = polygons.plane_areas(signed, len(part.position))
    volume_cc = float((areas * part.thickness).sum()) * part.volume_per_mm3 / 1000
    nan, none = float("nan"), np.empty(0)
    empty = not len(signed.x0) or volume_cc == 0
    outside_cc = 0.0 if empty else volume_cc
    whole = RoiDose(part.label, none, none, volume_cc, outside_cc, nan, nan, nan, part.findings)
    if empty:
        return whole
    solid = part
    if np.isnan(volume_cc):  # the only slab is thin, but nobody knows how thin: doses hardly depend
        solid = replace(part, lower=part.position - 0.5, upper=part.position + 0.5)
    volume = float((areas * solid.thickness).sum())
    size = (volume / CELLS) ** (1 / 3)
    along = frames.axis_map(solid.frame, field.grid.matrix)
    work: AlignedCells | TurnedCells
    if along is None:
        work = TurnedCells(solid, signed, field, size)
    elif lattice := Lattice.of(solid, signed, field, along, size):
        work = AlignedCells(lattice)
    else:
        return _reported(whole)
    tally = _Tally(work.dose_range)
    for cells in work.cells():
        tally.add(cells)
    return _reported(tally.finish(whole, volume, work.extremes()))


def _reported(found: RoiDose) -> RoiDose:
    """With a finding where a part of the volume has no dose."""
    share = found.outside_fraction
    if not share > 1e-6:
        return found
    text = (
        f"ROI {found.label!r}: {100 * share:.3g} % of its volume ({found.outside_cc:.3f} cm3) lies "
        "outside the voxel centres of the dose grid, or where the dose is NaN; it stays in the "
        "whole volume, and doses are those of the rest"
    )
    finding = Finding("outside-dose-grid", "warning", text)
    return replace(found, findings=(*found.findings, finding))
