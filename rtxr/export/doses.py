"""Dose variables as objects to write."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pydicom
import xarray as xr

from rtxr import model
from rtxr.export.dose_kind import kind_values
from rtxr.export.images import on_grid_only, pixel_spacing, recomputed
from rtxr.export.objects import MADE_IN_MEMORY, Outgoing, Records, coded, source_of
from rtxr.geometry import Grid, Layout, layout_for, own_orientation, slice_normal, slice_origins
from rtxr.iod import rt_dose
from rtxr.iod.encoding import pixels
from rtxr.iod.tables import IODS


def dose_objects(ds: xr.Dataset, records: Records) -> list[Outgoing]:
    """One object per dose variable.

    Raises
    ------
    GeometryError
        Rows or columns unevenly spaced, foreign dimensions, an orientation that does not fit.
    """
    return [
        _dose(ds, name, f"RTDOSE_{number}.dcm", records)
        for number, name in enumerate(model.dose_names(ds), start=1)
    ]


def _dose(ds: xr.Dataset, name: str, file_name: str, records: Records) -> Outgoing:
    array = on_grid_only(ds, name)
    grid = model.grid_of(array)
    record, header = source_of(records, _uid(ds, name))
    own = record is not None
    if not own:  # a dose made in memory says of patient, study and plan what its sisters say
        sisters = [uid for each in model.dose_names(ds) if (uid := _uid(ds, each)) in records]
        record, header = source_of(records, sisters[0] if sisters else "")
    described = coded(record, header)
    layout = _frames_like(layout_for(grid, _orientation(header, grid)), described)
    positions, cosines = slice_origins(grid, layout)
    spacing = pixel_spacing(grid, layout.order, header)
    frames = layout.store(array.values)
    encoded = pixels.encode_dose(frames, described)
    kind, noticed = kind_values(array, header, records)
    values = {
        **kind,
        **rt_dose.grid_values(positions, cosines, spacing, frames.shape[1:], described),
        **encoded.attributes,
    }
    return Outgoing(
        variable=name,
        iod=IODS["RTDOSE"],
        file_name=file_name,
        record=record,
        header=header,
        values=values,
        derived={"FrameOfReferenceUID": grid.frame_of_reference_uid},
        pixels=encoded.stored,
        own_uid=own,
        edited=bool(values) or not own,
        changes=recomputed(values) if own and described is not None else (MADE_IN_MEMORY,),
        findings=(*encoded.findings, *noticed),
    )


def _uid(ds: xr.Dataset, name: str) -> str:
    uid = ds.coords.get(model.uid_name(name))
    return "" if uid is None else str(uid.values)


def _orientation(header: pydicom.Dataset | None, grid: Grid) -> list[float]:
    cosines = None if header is None else header.get("ImageOrientationPatient")
    return [float(value) for value in cosines] if cosines else own_orientation(grid)


def _frames_like(layout: Layout, header: pydicom.Dataset | None) -> Layout:
    """The layout with its frames running the way the source's frame offsets run."""
    offsets = None if header is None else header.get("GridFrameOffsetVector")
    if header is None or not offsets or np.size(offsets) < 2:
        return layout
    along = float(offsets[-1]) - float(offsets[0])
    if rt_dose.has_patient_z(header):
        along *= slice_normal(header.ImageOrientationPatient)[2]
    if along >= 0:
        return layout
    flip = list(layout.flip)
    flip[layout.slice_dim] = not flip[layout.slice_dim]
    return replace(layout, flip=(flip[0], flip[1], flip[2]))
