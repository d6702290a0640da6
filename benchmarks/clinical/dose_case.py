"""The clinical case with a plan and a dose: the files of the case are linked, not made again.

``python -m clinical.dose_case FOLDER CASE`` makes it unless the folder is there.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pydicom
from clinical import doses
from clinical.protocol import CT, DOSE, PLAN, STRUCTURES
from index_scan import base, encoded, item, reference
from pydicom import uid as sop
from pydicom.dataset import Dataset

PRESCRIBED_GY, FRACTIONS = 60.0, 30


def plan(structures: Dataset) -> Dataset:
    """A prescription to a site, and two beams."""
    ds = base(sop.RTPlanStorage, "RTPLAN", 3)
    ds.update(item(RTPlanLabel="Clinical", RTPlanGeometry="PATIENT"))
    ds.ReferencedStructureSetSequence = [reference(structures)]
    ds.DoseReferenceSequence = [
        item(
            DoseReferenceNumber=1,
            DoseReferenceStructureType="SITE",
            DoseReferenceType="TARGET",
            TargetPrescriptionDose=PRESCRIBED_GY,
        )
    ]
    beams = [item(ReferencedBeamNumber=each, BeamDose=1.0) for each in (1, 2)]
    ds.FractionGroupSequence = [
        item(
            FractionGroupNumber=1,
            NumberOfFractionsPlanned=FRACTIONS,
            NumberOfBeams=2,
            NumberOfBrachyApplicationSetups=0,
            ReferencedBeamSequence=beams,
        )
    ]
    ds.BeamSequence = [item(BeamNumber=each, BeamName=f"B{each}") for each in (1, 2)]
    return ds


def dose(of: Dataset) -> Dataset:
    """The dose of a plan, 32 bits a voxel."""
    values = doses.of_case()
    scaling = float(f"{values.max() / 2**31:.9g}")
    z, y, x = doses.ORIGIN
    ds = base(sop.RTDoseStorage, "RTDOSE", 4)
    ds.update(
        item(
            DoseUnits="GY",
            DoseType="PHYSICAL",
            DoseSummationType="PLAN",
            DoseGridScaling=scaling,
            ReferencedRTPlanSequence=[reference(of)],
            ImagePositionPatient=[x, y, z],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            PixelSpacing=list(doses.SPACING[1:]),
            SliceThickness=doses.SPACING[0],
            FrameIncrementPointer=pydicom.tag.Tag("GridFrameOffsetVector"),
            GridFrameOffsetVector=[doses.SPACING[0] * k for k in range(doses.SHAPE[0])],
            NumberOfFrames=doses.SHAPE[0],
            Rows=doses.SHAPE[1],
            Columns=doses.SHAPE[2],
            SamplesPerPixel=1,
            PhotometricInterpretation="MONOCHROME2",
            BitsAllocated=32,
            BitsStored=32,
            HighBit=31,
            PixelRepresentation=0,
            PixelData=np.round(values / scaling).astype("<u4").tobytes(),
        )
    )
    return ds


def make(folder: Path, case: Path) -> None:
    """Write the case into a folder, unless that is there."""
    if folder.exists():
        return
    aside = folder.with_name(folder.name + ".part")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(case / CT, aside / CT, copy_function=os.link)
    os.link(case / STRUCTURES, aside / STRUCTURES)
    made = plan(pydicom.dcmread(case / STRUCTURES, stop_before_pixels=True))
    (aside / PLAN).write_bytes(encoded(made, sop.ExplicitVRLittleEndian))
    (aside / DOSE).write_bytes(encoded(dose(made), sop.ExplicitVRLittleEndian))
    aside.rename(folder)


if __name__ == "__main__":
    make(*map(Path, sys.argv[1:]))
