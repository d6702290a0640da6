"""The beam's-eye view of a case: its numbers gathered, and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.beams.apertures import Apertures
from rtxr.analysis.beams.collimators import Collimators, collimators_of
from rtxr.analysis.beams.shields import jaw_shields, leaf_shields
from rtxr.analysis.beams.silhouettes import Solid, projected, silhouette, solids
from rtxr.analysis.grids.isocenter_plane import rt_image as at_isocenter
from rtxr.errors import ConflictingDataError, GeometryError, MissingDataError, UnknownNameError
from rtxr.geometry import FloatArray, cell_edges
from rtxr.geometry.beam_frames import BeamPose, patient_axes
from rtxr.read.item_values import items, text
from rtxr.read.plans.accessories import blocks
from rtxr.read.plans.leaf_positions import leaf_positions
from rtxr.read.plans.plan_records import PlannedBeam, chosen_beams, planned
from rtxr.read.rt_images.table import rt_images
from rtxr.summary.beam_poses import beam_poses
from rtxr.summary.beam_spots import BeamSpots, beam_spots
from rtxr.view.beam import BeamPicture, Portal, draw_beam

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rtxr.view.widgets.player import Player

ROIs = roi_names.Rois | Literal[False]
#: How far the view reaches beyond the aperture, as a part of it and in mm; and at least.
_BEYOND, _MARGIN_MM, _LEAST_MM = 1.2, 15.0, 60.0
#: Where nothing is open, mm.
_CLOSED_MM = 200.0


def plot_beam(
    ds: xr.Dataset,
    beam: int | str,
    control_point: int = 0,
    *,
    rois: ROIs = None,
    rt_image: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """A beam as its source sees it: aperture, jaws, leaves, blocks, structures and RT Image.

    Of a scanned ion beam, the spots of the layer are circles, their area by their weight.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str
        BeamNumber or BeamName.
    control_point : int, default: 0
        Its place in the beam; negative ones count from the last.
    rois : str, sequence of str or False, optional
        ROIs whose contours are projected; by default all that are not EXTERNAL, none for False.
    rt_image : bool, default: True
        Draw the RT Image of this beam, of several the one of the nearest gantry angle, below.
    ax : matplotlib Axes, optional
        Draw here instead of on a new figure.

    Returns
    -------
    Axes
        In mm in the plane through the isocentre, x and y of the beam limiting device (IEC 61217),
        as seen from the source: at collimator angle 0 and couch angle 0, the head of a patient in
        position HFS is on top. What could not be drawn stands below.

    Raises
    ------
    ConflictingDataError
        Several beams have this number or name.
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam, control point or ROI; or ROIs are asked for and nothing says how the patient
        lies.
    """
    return draw_beam(_picture(_gathered(ds, beam, rois, rt_image), control_point), ax)


def beam_player(
    ds: xr.Dataset, beam: int | str, *, rois: ROIs = None, rt_image: bool = True
) -> Player:
    """The beam's-eye view with a slider over the control points, and a play button.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam, rois, rt_image
        As in :func:`plot_beam`.

    Returns
    -------
    Player
        An ``ipywidgets.VBox``; ``snapshot()`` gives what it shows as a matplotlib figure.

    Raises
    ------
    ConflictingDataError, MissingDataError, UnknownNameError
        As :func:`plot_beam`.
    """
    from rtxr.view.widgets.player import Player  # noqa: PLC0415 (slow)

    found = _gathered(ds, beam, rois, rt_image)

    def draw(point: int, ax: Axes) -> None:
        draw_beam(_picture(found, point), ax)

    return Player(draw, len(found.poses), "control point")


@dataclass(frozen=True)
class _Gathered:
    """All that is known of a beam, at all its control points."""

    ds: xr.Dataset
    beam: PlannedBeam
    poses: list[BeamPose]
    devices: Collimators
    apertures: Apertures | None
    spots: BeamSpots
    blocks: list[tuple[FloatArray, bool]]
    solids: dict[str, Solid]
    portals: pd.DataFrame
    notes: tuple[str, ...]


def _gathered(ds: xr.Dataset, beam: int | str, rois: ROIs, rt_image: bool) -> _Gathered:
    plan = planned(ds)
    chosen = chosen_beams(plan.beams, beam)
    if len(chosen) > 1:
        raise ConflictingDataError(f"beam={beam!r} is that of {len(chosen)} beams")
    poses = beam_poses(ds, plan, chosen[0])
    notes = []
    devices, found, scanned = Collimators((), None, None), None, beam_spots(ds, chosen[0])
    try:
        devices = collimators_of(leaf_positions(ds, beam), len(poses))
        found = devices.apertures
    except (GeometryError, MissingDataError):
        if not len(scanned.points):
            notes.append("no aperture: its jaws and leaves do not bound it")
    kinds = [text(each, "ApplicatorType") for each in items(chosen[0].item, "ApplicatorSequence")]
    if kinds:
        notes.append(f"not drawn: applicator {', '.join(kinds)}")
    labels, note = _labels(ds, rois, poses)
    portals, missing = _portals(ds, chosen[0]) if rt_image else (pd.DataFrame(), "")
    notes += filter(None, (note, missing))
    return _Gathered(
        ds=ds,
        beam=chosen[0],
        poses=poses,
        devices=devices,
        apertures=found,
        spots=scanned,
        blocks=_blocks(ds, chosen[0]),
        solids=solids(ds, labels),
        portals=portals,
        notes=tuple(notes),
    )


def _labels(ds: xr.Dataset, rois: ROIs, poses: list[BeamPose]) -> tuple[list[str], str]:
    """ROIs to project, and why none can be."""
    if rois is False or (rois is None and model.ROI not in ds.coords):
        return [], ""
    labels = roi_names.select(ds, rois)
    if rois is None:
        kinds = np.atleast_1d(ds[model.ROI_TYPE].values).tolist()
        labels = [each for each, kind in zip(labels, kinds, strict=True) if kind != "EXTERNAL"]
    try:
        patient_axes(poses[0].patient_position if poses else "")
    except UnknownNameError:
        if rois is not None:
            raise
        return [], "no structures: nothing says how the patient lies"
    if not np.isfinite([each for pose in poses for each in pose.isocenter]).all():
        return [], "no structures: the isocentre is not known"
    return labels, ""


def _picture(found: _Gathered, point: int) -> BeamPicture:
    count = len(found.poses)
    if not -count <= point < count:
        raise UnknownNameError(
            f"no control point {point}: beam {found.beam.number} has {count}, from 0"
        )
    point %= count
    pose, reach = found.poses[point], _reach(found.apertures, found.spots)
    portal, note = _portal(found, pose)
    known = model.ROI_COLOR in found.ds.coords
    hues = np.atleast_1d(found.ds[model.ROI_COLOR].values).tolist() if known else []
    openings = np.empty((0, 4)) if found.apertures is None else found.apertures.rectangles(point)
    return BeamPicture(
        title=_title(found.beam, point, count, pose),
        reach=reach,
        openings=openings,
        spots=found.spots.at(float(found.beam.points.index[point]), pose),
        leaves=leaf_shields(found.devices, point, reach),
        jaws=jaw_shields(found.devices, point, reach),
        blocks=found.blocks,
        outlines={label: projected(each, pose) for label, each in found.solids.items()},
        silhouettes={label: silhouette(each, pose) for label, each in found.solids.items()},
        palette=dict(zip(model.roi_labels(found.ds), hues, strict=True)) if hues else {},
        portal=portal,
        note="; ".join([*found.notes, note] if note else found.notes),
    )


def _reach(apertures: Apertures | None, scanned: BeamSpots) -> float:
    """From the middle to the sides of the view, the same at all control points, mm."""
    sides = [scanned.places]
    if apertures is not None:
        some = (apertures.starts, apertures.stops, apertures.low, apertures.high)
        sides += [each[apertures.is_open] for each in some]
    widest = max(float(np.abs(each).max(initial=0.0)) for each in sides)
    if widest == 0:
        return _CLOSED_MM
    return max(_BEYOND * widest + _MARGIN_MM, _LEAST_MM)


def _title(beam: PlannedBeam, point: int, count: int, pose: BeamPose) -> str:
    angles = {"gantry": pose.gantry, "collimator": pose.collimator, "couch": pose.couch}
    told = ", ".join(f"{name} {round(angle, 3) + 0.0:g}°" for name, angle in angles.items())
    return f"Beam {beam.label}, control point {point} of 0 to {count - 1}\n{told}"


def _blocks(ds: xr.Dataset, beam: PlannedBeam) -> list[tuple[FloatArray, bool]]:
    """Corners of the blocks of a beam, and whether their inside is open."""
    table = blocks(ds, beam.number if beam.number is not None else beam.name)
    return [
        (np.array(corners, dtype=np.float64), kind == "APERTURE")
        for corners, kind in zip(table["BlockData"], table["BlockType"], strict=True)
        if len(corners) > 1
    ]


def _portals(ds: xr.Dataset, beam: PlannedBeam) -> tuple[pd.DataFrame, str]:
    """RT Images of a beam, and why there are none."""
    if not model.rt_image_names(ds):
        return pd.DataFrame(), ""
    table = rt_images(ds)
    uid = model.plan_uid(ds)
    own = table["ReferencedRTPlan"].map(lambda plans: not plans or uid in plans.split("\\"))
    table = table[own & (table["beam_number"] == beam.number)]
    return table, "no RT Image of this beam" if table.empty else ""


def _portal(found: _Gathered, pose: BeamPose) -> tuple[Portal | None, str]:
    """The RT Image of the nearest gantry angle, and why there is none."""
    table = found.portals
    if table.empty:
        return None, ""
    off = (table["gantry_angle"] - pose.gantry + 180).mod(360).sub(180).abs().fillna(360)
    row = table.iloc[int(np.argmin(off.to_numpy(np.float64)))]
    try:
        image = at_isocenter(found.ds, str(row["variable"]), int(row["image"]))
    except (MissingDataError, GeometryError):
        return None, "the RT Image cannot be placed at the isocentre"
    image = image.transpose("isocenter_y", "isocenter_x")
    x, y = (cell_edges(image[f"isocenter_{axis}"].values) for axis in "xy")
    turn = float(np.nan_to_num(row["receptor_angle"])) - pose.collimator
    extent = (float(x[0]), float(x[-1]), float(y[0]), float(y[-1]))
    return Portal(np.asarray(image.values, dtype=np.float64), extent, turn), ""
