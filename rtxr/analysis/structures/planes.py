"""Contours of one ROI as planes and slabs: grouping, duplicates, orientation, thickness.

A structure is read as a pile of slabs. The closed contours of one plane combine by even-odd
(:mod:`rtxr.analysis.structures.polygons`), after identical duplicates are dropped, and stand for
the slab that reaches half way to the neighbouring planes. Beyond the outermost planes the slab
goes on for half the local spacing (``end_cap="half"``) or ends at the plane (``end_cap="none"``).

- Planes that are missing (more than 1.5 times the ROI's median spacing apart) are bridged by the
  same rule, with a finding; a step that comes three times in a row is a spacing, not a gap.
  Planes further apart than :data:`PART_GAP` times the median are not
  neighbours: the ROI has separate parts there (two metastases under one name), each with its own
  end caps, and nothing is put between them; that is a finding too.
- Planes closer than a tenth of the spacing (between 0.01 and 0.2 mm) are one plane.
- A single plane is as thick as a slice of the image there: it reaches half a slice to either side,
  each as far as slices are apart there. Without an image its volume is NaN.
- Contours with fewer than three points, POINT and open contours enclose nothing.
- Slabs are along the axes of the dose where the contours are flat in them (to 0.1 mm, and no less
  flat than in those of the image), else along those of the image: of a dose that is turned against
  the contours, by a degree or by 0.05, slabs stay parallel to the contours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from rtxr.analysis.grids import frames
from rtxr.analysis.structures import polygons
from rtxr.analysis.structures.repeats import first_of_repeats
from rtxr.analysis.structures.slice_cells import UNKNOWN, slice_cell
from rtxr.analysis.structures.sweep import Edges, closed_edges
from rtxr.errors import Finding, UnknownNameError, did_you_mean
from rtxr.geometry import FloatArray, Grid

EndCap = Literal["half", "none"]
#: What a structure is between its planes: slabs, or outlines that go from one to the next.
Between = Literal["slab", "shape"]
IntArray = npt.NDArray[np.int64]

XOR_TYPE = "CLOSEDPLANAR_XOR"
#: Contour Geometric Type (3006,0042) of what encloses an area; empty where the file has none.
CLOSED_TYPES = ("CLOSED_PLANAR", XOR_TYPE, "INTERPOLATED_PLANAR", "")
#: A step between planes above this many times the median is a gap worth a finding.
GAP = 1.5
#: Above this many times the median, planes are not neighbours but belong to separate parts.
PART_GAP = 3.5
#: A contour whose points leave its plane by more is not planar, mm.
PLANAR_MM = 0.1
#: ... and by more than this it cannot be read as a plane at all, mm.
_FLATTEN_MM = 2.0
#: Contours that leave their plane by no more lie in it but for rounding, mm; where they do not, a
#: frame in which they do by less than this part is theirs.
_FLAT_MM, _FLATTER = 1e-3, 0.5
#: Rounding of a plane's position must not decide on which side of a face it is, mm.
FACE_TOLERANCE = 1e-6
_SAME_PLANE_MM = (0.01, 0.2)
#: A step that comes as often in a row is a spacing of the ROI, however large.
_REGULAR = 3


@dataclass(frozen=True)
class RoiContours:
    """Contours of one ROI as they are in the Dataset.

    Parameters
    ----------
    label : str
        ROI label.
    types : ndarray of str, (m,)
        Contour Geometric Type (3006,0042) of each contour.
    points : ndarray, (n, 3)
        Patient (x, y, z), mm, contour after contour.
    starts : ndarray of int, (m + 1,)
        Where each contour begins, and the end.
    """

    label: str
    types: npt.NDArray[np.str_]
    points: FloatArray
    starts: IntArray


@dataclass(frozen=True)
class Slabs:
    """A structure as slabs: polygons on parallel planes, each standing for a range of w.

    Parameters
    ----------
    label : str
        ROI label.
    frame : ndarray, (4, 4)
        Own (u, v, w, 1) to patient millimetres; polygons are planar in (u, v).
    position, lower, upper : ndarray, (p,)
        w of each plane, ascending, and of the faces of its slab, mm; faces are NaN for a single
        plane of unknown thickness.
    points : ndarray, (n, 2)
        Vertices of all polygons, (u, v), mm.
    point_plane : ndarray of int, (n,)
        Their plane.
    starts : ndarray of int, (m + 1,)
        Where each polygon begins among them, and the end.
    edges : Edges
        Of all polygons, with their plane.
    findings : tuple of Finding
        What was noticed on the way.
    """

    label: str
    frame: FloatArray
    position: FloatArray
    lower: FloatArray
    upper: FloatArray
    points: FloatArray
    point_plane: IntArray
    starts: IntArray
    edges: Edges
    findings: tuple[Finding, ...] = ()

    @property
    def thickness(self) -> FloatArray:
        """Thickness of each slab along w, mm."""
        return self.upper - self.lower

    @property
    def volume_per_mm3(self) -> float:
        """Patient volume of a unit of own volume: 1, less where the frame is sheared."""
        return float(abs(np.linalg.det(self.frame[:3, :3])))

    def areas(self, combine: polygons.Combine = "xor") -> FloatArray:
        """Area of each plane, (p,), mm2."""
        signed = polygons.signed_edges(self.edges, combine)
        return polygons.plane_areas(signed, len(self.position))

    def volume_cc(self, combine: polygons.Combine = "xor") -> float:
        """Volume, cm3; 0 where nothing is enclosed, NaN where the thickness is unknown."""
        areas = self.areas(combine)
        return float((areas * self.thickness).sum() * self.volume_per_mm3 / 1000)


def roi_slabs(
    roi: RoiContours, candidates: Sequence[FloatArray], end_cap: EndCap, image: Grid | None = None
) -> Slabs:
    """One structure as slabs, in the first frame in which its contours are planar.

    Parameters
    ----------
    roi : RoiContours
        Contours of the ROI.
    candidates : sequence of ndarray, (4, 4)
        Frames to try, best first.
    end_cap : {"half", "none"}
        See :func:`slabs`.
    image : Grid, optional
        Its slices say how thick a single plane is.
    """
    if end_cap not in get_args(EndCap):
        raise UnknownNameError(f"end_cap={end_cap!r}; {did_you_mean(end_cap, get_args(EndCap))}")
    closed, findings = _closed(roi)
    if not len(closed.types):
        frame = np.asarray(candidates[0])
        return _empty_slabs(roi.label, frame, tuple(findings))
    frame, closed, more = _planar(closed, candidates)
    findings += more
    own = frames.to_frame(frame, closed.points)
    height = np.add.reduceat(own[:, 2], closed.starts[:-1]) / np.diff(closed.starts)
    position, plane = _group_planes(height)
    keep = first_of_repeats(own[:, :2], closed.starts, plane)
    if not keep.all():
        text = f"{int((~keep).sum())} contours repeat another one of their plane and are dropped"
        findings.append(roi_finding("duplicate-contours", "info", roi.label, text))
    kept, own = (closed, own) if keep.all() else _keep(closed, keep, own)
    plane = plane[keep]
    group = np.where(kept.types == XOR_TYPE, -1 - plane, np.arange(len(plane)))
    group = np.unique(group, return_inverse=True)[1]
    edges = closed_edges(own[:, :2], kept.starts, plane, group)
    cell = slice_cell(frame, image, own.mean(axis=0)) if len(position) == 1 else UNKNOWN
    lower, upper, more = _faces(roi.label, position, end_cap, cell)
    vertex_plane = np.repeat(plane, np.diff(kept.starts))
    return Slabs(
        roi.label,
        frame,
        position,
        lower,
        upper,
        own[:, :2],
        vertex_plane,
        kept.starts,
        edges,
        tuple(findings + more),
    )


def _empty_slabs(label: str, frame: FloatArray, findings: tuple[Finding, ...]) -> Slabs:
    """A structure that encloses nothing."""
    none, nobody, points = np.empty(0), np.empty(0, dtype=np.int64), np.empty((0, 2))
    starts = np.zeros(1, dtype=np.int64)
    edges = closed_edges(points, starts, nobody, nobody)
    return Slabs(label, frame, none, none, none, points, nobody, starts, edges, findings)


def roi_finding(
    code: str, severity: Literal["info", "warning", "error"], label: str, text: str
) -> Finding:
    """A finding about one ROI."""
    return Finding(code, severity, about(label) + text)


def about(label: str) -> str:
    """How a message of a computation about one ROI begins."""
    return f"ROI {label!r}: "


def _closed(roi: RoiContours) -> tuple[RoiContours, list[Finding]]:
    """The contours that can enclose an area, and findings about the others."""
    findings = []
    is_closed = np.isin(roi.types, CLOSED_TYPES)
    if not is_closed.all():
        kinds = ", ".join(sorted({str(kind) for kind in roi.types[~is_closed]}))
        text = f"{int((~is_closed).sum())} contours of type {kinds} enclose no area"
        findings.append(roi_finding("open-contours", "info", roi.label, text))
    counts = np.diff(roi.starts)
    finite = np.isfinite(roi.points @ np.ones(3))  # sums of what is finite are
    whole = np.ones(len(counts), dtype=bool)
    if not finite.all():
        whole[np.repeat(np.arange(len(counts)), counts)[~finite]] = False
    usable = is_closed & (counts >= 3) & whole
    if (is_closed & ~usable).any():
        text = (
            f"{int((is_closed & ~usable).sum())} closed contours have fewer than three points, "
            "or points that are no numbers, and enclose no area"
        )
        findings.append(roi_finding("degenerate-contours", "warning", roi.label, text))
    if not len(counts):
        findings.append(roi_finding("no-contours", "info", roi.label, "it has no contours"))
    return (roi if usable.all() else _keep(roi, usable, roi.points)[0]), findings


def _keep(
    roi: RoiContours, keep: npt.NDArray[np.bool_], own: FloatArray
) -> tuple[RoiContours, FloatArray]:
    """Only these contours, and the rows of ``own`` that are theirs."""
    counts = np.diff(roi.starts)
    rows = np.repeat(keep, counts)
    starts = np.concatenate([[0], np.cumsum(counts[keep])])
    return RoiContours(roi.label, roi.types[keep], roi.points[rows], starts), own[rows]


def _planar(
    roi: RoiContours, candidates: Sequence[FloatArray]
) -> tuple[FloatArray, RoiContours, list[Finding]]:
    """Frame in which most contours are planar, the contours that can be read in it, findings."""
    best, spread = _best_frame(roi, candidates)
    if spread.max() > PLANAR_MM:
        largest = int(np.diff(roi.starts).argmax())
        fitted = frames.fitted_frame(roi.points[roi.starts[largest] : roi.starts[largest + 1]])
        if fitted is not None:
            best, spread = _best_frame(roi, [best, fitted])
    findings = []
    bent = (spread > PLANAR_MM) & (spread <= _FLATTEN_MM)
    lost = spread > _FLATTEN_MM
    if bent.any():
        text = (
            f"{int(bent.sum())} contours leave their plane by up to {spread[bent].max():.2f} mm; "
            "they are taken as planar"
        )
        findings.append(roi_finding("non-planar-contours", "warning", roi.label, text))
    if lost.any():
        text = (
            f"{int(lost.sum())} of {len(spread)} contours are not parallel to the others, or not "
            "planar, and are left out"
        )
        findings.append(roi_finding("mixed-orientation", "error", roi.label, text))
        roi = _keep(roi, ~lost, roi.points)[0]
    return best, roi, findings


def _best_frame(
    roi: RoiContours, candidates: Sequence[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """First frame in which every contour is planar, else the one with most planar contours.

    Small contours are planar enough in the frame of a dose that is turned by a degree too, where
    those of one plane are at unlike heights: a frame in which they are clearly flatter is taken.
    """
    best, best_spread, most = candidates[0], np.empty(0), -1
    for frame in candidates:
        w = frames.to_frame(frame, roi.points)[:, 2]
        low = np.minimum.reduceat(w, roi.starts[:-1])
        spread = np.maximum.reduceat(w, roi.starts[:-1]) - low
        planar = int((spread <= PLANAR_MM).sum())
        flatter = planar == most and spread.max() < _FLATTER * best_spread.max()
        if planar > most or flatter:
            best, best_spread, most = frame, spread, planar
        if planar == len(spread) and spread.max() <= _FLAT_MM:
            break
    return best, best_spread


def _group_planes(height: FloatArray) -> tuple[FloatArray, IntArray]:
    """Ascending positions of planes, and the plane of each contour, from contours' positions."""
    order = np.argsort(height, kind="stable")
    ascending = height[order]
    steps = np.diff(ascending)
    finest, coarsest = _SAME_PLANE_MM
    # The spacing is judged from steps that cannot be one plane drawn twice, where there are any.
    clear = steps[steps > coarsest]
    between = clear if len(clear) else steps[steps > finest]
    tolerance = float(np.clip(0.1 * np.median(between), finest, coarsest)) if len(between) else 0.01
    rank = np.concatenate([[0], np.cumsum(steps > tolerance)])
    plane = np.empty(len(height), dtype=np.int64)
    plane[order] = rank
    first = np.flatnonzero(np.concatenate([[True], np.diff(rank) > 0]))
    last = np.concatenate([first[1:], [len(rank)]]) - 1
    return (ascending[first] + ascending[last]) / 2, plane


def _faces(
    label: str, position: FloatArray, end_cap: EndCap, cell: tuple[float, float]
) -> tuple[FloatArray, FloatArray, list[Finding]]:
    """Lower and upper face of each slab; ``cell`` is how far a single one reaches down and up."""
    if len(position) == 1:
        return _single_plane(label, position, end_cap, cell)
    steps = np.diff(position)
    median = float(np.median(steps))
    regular = _in_runs(steps)
    bridged = (steps <= PART_GAP * median) | regular
    half = np.where(bridged, steps, median) / 2
    below, above = np.concatenate([half[:1], half]), np.concatenate([half, half[-1:]])
    if end_cap == "none":
        above[np.concatenate([~bridged, [True]])] = 0.0
        below[np.concatenate([[True], ~bridged])] = 0.0
    findings = []
    gaps = bridged & (steps > GAP * median) & ~regular
    if gaps.any():
        text = (
            f"planes seem to be missing in {int(gaps.sum())} places (up to {steps[gaps].max():.2f} "
            f"mm between planes, usually {median:.2f}); the contours beside stand for the gap"
        )
        findings.append(roi_finding("contour-gap", "warning", label, text))
    if not bridged.all():
        text = (
            f"it has {int((~bridged).sum()) + 1} separate parts, up to {steps.max():.2f} mm apart "
            f"(planes are usually {median:.2f} mm apart); nothing is put between them"
        )
        findings.append(roi_finding("separate-parts", "info", label, text))
    return position - below, position + above, findings


def _in_runs(steps: FloatArray) -> npt.NDArray[np.bool_]:
    """Steps that come several times in a row: the ROI was drawn at that spacing there."""
    begins = np.abs(np.diff(steps, prepend=np.inf)) > 0.01 * steps
    run = np.cumsum(begins) - 1
    return np.asarray(np.bincount(run)[run] >= _REGULAR, dtype=np.bool_)


def _single_plane(
    label: str, position: FloatArray, end_cap: EndCap, cell: tuple[float, float]
) -> tuple[FloatArray, FloatArray, list[Finding]]:
    """Faces of the only slab, as thick as a slice of the image."""
    known = bool(np.isfinite(cell).all())
    down, up = (0.0, 0.0) if known and end_cap == "none" else cell
    text = "its only plane stands for " + (
        f"{down + up:.2f} mm ({'end_cap is none' if end_cap == 'none' else 'a slice of the image'})"
        if known
        else "an unknown thickness: there is no image to take it from; its volume is NaN"
    )
    finding = roi_finding("single-plane", "info" if known else "warning", label, text)
    return position - down, position + up, [finding]
