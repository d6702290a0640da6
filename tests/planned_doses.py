"""A plan with fraction groups and the doses of its parts, as files: all of nobody."""

from __future__ import annotations

from pathlib import Path

import factories as make
import numpy as np
import xarray as xr
from pydicom.dataset import Dataset
from pydicom.tag import Tag

import rtxr

#: Gy of each beam, everywhere.
BEAM_GRAY = {1: 10.0, 2: 20.0, 3: 5.0}


def plan(groups: dict[int, tuple[int, tuple[int, ...]]], name: str = "plan") -> Dataset:
    """A plan of fraction groups: number > (fractions, beams); beam 9 is a setup beam."""
    ds = make.plan(name=name)
    beams = sorted({beam for _, some in groups.values() for beam in some})
    kinds = {beam: "SETUP" if beam == 9 else "TREATMENT" for beam in beams}
    ds.BeamSequence = [
        make.item(BeamNumber=beam, BeamName=f"B{beam}", TreatmentDeliveryType=kinds[beam])
        for beam in beams
    ]
    ds.FractionGroupSequence = [
        make.item(
            FractionGroupNumber=number,
            NumberOfFractionsPlanned=fractions,
            ReferencedBeamSequence=[
                make.item(ReferencedBeamNumber=beam, BeamMeterset=100) for beam in some
            ],
        )
        for number, (fractions, some) in groups.items()
    ]
    return ds


def dose(of: Dataset, kind: str, gray: float, group: int = 0, beams=(), **elements) -> Dataset:
    """A dose of the same value everywhere, of some part of a plan."""
    ds = make.dose(of, name=(kind, gray, group, beams), DoseSummationType=kind)
    if group:
        part = make.item(ReferencedFractionGroupNumber=group)
        if beams:
            part.ReferencedBeamSequence = [make.item(ReferencedBeamNumber=beam) for beam in beams]
        ds.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = [part]
    ds.FrameIncrementPointer = Tag("GridFrameOffsetVector")
    ds.PixelData = np.full((2, 3, 3), round(gray / ds.DoseGridScaling), np.uint16).tobytes()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def beam_doses(of: Dataset, group: int = 1, beams=(1, 2), kind: str = "BEAM") -> list[Dataset]:
    return [dose(of, kind, BEAM_GRAY[beam], group, (beam,)) for beam in beams]


def opened(folder: Path, *objects: Dataset, **how) -> xr.Dataset:
    make.write(folder, objects)
    return rtxr.open_dir(folder, progress=False, **how)
