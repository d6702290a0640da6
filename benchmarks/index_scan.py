"""Scan of a generated archive against a loop of pydicom over the same files, in turn.

Every measurement is a process of its own, so that peak memory is that of one scan. The files are
in the cache of the operating system: on a disk or a share, both wait for it too.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pydicom
from pydicom import uid as sop
from pydicom.dataset import Dataset, FileMetaDataset

import rtxr

SIZES, LARGE = (1_000, 10_000), 100_000
RUNS = 2
MILLION = 1_000_000
#: What is asked of rtxr.
SCAN_RATIO, CACHED_RATIO, LARGE_MB = 3, 30, 400

ROOT = "1.2.826.0.1.3680043.10.9"
SLICES, SPACING_MM, SIDE = 97, 3, 16
#: Per patient: the slices, and the structure set, plan and dose.
FILES = SLICES + 3
CORNERS = ((-248, -248), (-240, -248), (-240, -240), (-248, -240))
#: Stands for the number of a patient in files that are made once.
ANY_PATIENT, FIRST_PATIENT = "999999", 100_000
PATIENT_ROOT = f"{ROOT}.{ANY_PATIENT}"
IMPLICIT = sop.ImplicitVRLittleEndian

#: A CT header as scanners write it: some hundred elements, private ones and sequences.
EQUIPMENT = {
    "AccessionNumber": "12345",
    "Manufacturer": "ACME",
    "InstitutionName": "Hospital",
    "InstitutionAddress": "Street",
    "ReferringPhysicianName": "Doe^J",
    "StationName": "CT01",
    "OperatorsName": "Operator",
    "ManufacturerModelName": "Model 1",
    "DeviceSerialNumber": "1",
    "SoftwareVersions": "1.0",
    "StudyDescription": "Thorax",
    "SeriesDescription": "Thorax 3.0",
    "ProtocolName": "Thorax",
    "BodyPartExamined": "CHEST",
    "ScanOptions": "HELICAL",
    "FilterType": "W",
    "ConvolutionKernel": "B30",
    "RotationDirection": "CW",
    "PatientPosition": "HFS",
    "PositionReferenceIndicator": "",
    "RequestedProcedureDescription": "CT",
    "PerformedProcedureStepID": "1",
    "StudyID": "1",
    "SpecificCharacterSet": "ISO_IR 100",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "PatientSex": "F",
    "PatientAge": "070Y",
    "RescaleType": "HU",
    "PhotometricInterpretation": "MONOCHROME2",
    **dict.fromkeys(
        (
            *("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "InstanceCreationDate"),
            *("PatientBirthDate", "DateOfLastCalibration", "PerformedProcedureStepStartDate"),
        ),
        "20200101",
    ),
    **dict.fromkeys(
        (
            *("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime", "InstanceCreationTime"),
            *("TimeOfLastCalibration", "PerformedProcedureStepStartTime"),
        ),
        f"101010.{ANY_PATIENT}",
    ),
}
NUMBERS = {
    "PatientWeight": 70,
    "SliceThickness": SPACING_MM,
    "KVP": 120,
    "DataCollectionDiameter": 500,
    "ReconstructionDiameter": 500,
    "DistanceSourceToDetector": 1000,
    "DistanceSourceToPatient": 500,
    "GantryDetectorTilt": 0,
    "TableHeight": 150,
    "ExposureTime": 500,
    "XRayTubeCurrent": 200,
    "Exposure": 100,
    "GeneratorPower": 20,
    "FocalSpots": 1.2,
    "SeriesNumber": 2,
    "AcquisitionNumber": 1,
    "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
    "SamplesPerPixel": 1,
    "Rows": SIDE,
    "Columns": SIDE,
    "PixelSpacing": [0.9765625, 0.9765625],
    "BitsAllocated": 16,
    "BitsStored": 12,
    "HighBit": 11,
    "PixelRepresentation": 0,
    "WindowCenter": [40, -600],
    "WindowWidth": [400, 1200],
    "RescaleIntercept": -1024,
    "RescaleSlope": 1,
}


def item(**elements: object) -> Dataset:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def reference(ds: Dataset) -> Dataset:
    return item(ReferencedSOPClassUID=ds.SOPClassUID, ReferencedSOPInstanceUID=ds.SOPInstanceUID)


def base(sop_class: str, modality: str, *uid: int) -> Dataset:
    """Patient, study, series and frame of reference; a UID ends with the numbers given."""
    return item(
        SOPClassUID=sop_class,
        SOPInstanceUID=".".join(map(str, (PATIENT_ROOT, 1, *uid))),
        Modality=modality,
        PatientName=f"Test^P{ANY_PATIENT}",
        PatientID=f"P{ANY_PATIENT}",
        StudyInstanceUID=f"{PATIENT_ROOT}.2",
        SeriesInstanceUID=f"{PATIENT_ROOT}.3.{uid[0]}",
        FrameOfReferenceUID=f"{PATIENT_ROOT}.4",
        StudyDate="20200101",
    )


def ct_slice(number: int) -> Dataset:
    ds = base(sop.CTImageStorage, "CT", 1, number + 1)
    ds.update(item(**EQUIPMENT, **NUMBERS, InstanceNumber=number + 1))
    # Values differ from patient to patient as they do in an archive: none is held only once.
    ds.ImagePositionPatient = [f"{mm}.{ANY_PATIENT}" for mm in (-250, -250, SPACING_MM * number)]
    ds.AcquisitionTime = ds.ContentTime = f"1010{number % 60:02d}.{ANY_PATIENT}"
    code = item(CodeValue="CTTHX", CodingSchemeDesignator="L", CodeMeaning="Thorax")
    ds.ProcedureCodeSequence = [code]
    ds.RequestAttributesSequence = [
        item(ScheduledProcedureStepDescription="CT", ScheduledProcedureStepID="1")
    ]
    block = ds.private_block(0x0019, "ACME CT", create=True)
    for offset in range(24):
        block.add_new(offset, "DS", str(1.5 * offset))
    ds.private_block(0x0029, "ACME HEADER", create=True).add_new(0x10, "OB", bytes(1200))
    ds.PixelData = bytes(2 * SIDE * SIDE)
    return ds


def structure_set(images: list[Dataset]) -> Dataset:
    """One square on every slice."""
    ds = base(sop.RTStructureSetStorage, "RTSTRUCT", 2)
    ds.StructureSetLabel = "Organs"
    series = item(
        SeriesInstanceUID=images[0].SeriesInstanceUID,
        ContourImageSequence=[reference(image) for image in images],
    )
    study = item(RTReferencedSeriesSequence=[series])
    frame = ds.FrameOfReferenceUID
    ds.ReferencedFrameOfReferenceSequence = [
        item(FrameOfReferenceUID=frame, RTReferencedStudySequence=[study])
    ]
    ds.StructureSetROISequence = [
        item(ROINumber=1, ROIName="Square", ReferencedFrameOfReferenceUID=frame)
    ]
    contours = [
        item(
            ContourImageSequence=[reference(image)],
            ContourGeometricType="CLOSED_PLANAR",
            NumberOfContourPoints=len(CORNERS),
            ContourData=[each for x, y in CORNERS for each in (x, y, SPACING_MM * number)],
        )
        for number, image in enumerate(images)
    ]
    ds.ROIContourSequence = [item(ReferencedROINumber=1, ContourSequence=contours)]
    return ds


def plan_of(structures: Dataset) -> Dataset:
    ds = base(sop.RTPlanStorage, "RTPLAN", 3)
    ds.RTPlanLabel = "Plan"
    ds.ReferencedStructureSetSequence = [reference(structures)]
    ds.BeamSequence = [item(BeamNumber=number, BeamName=f"B{number}") for number in (1, 2)]
    return ds


def dose_of(plan: Dataset) -> Dataset:
    ds = base(sop.RTDoseStorage, "RTDOSE", 4)
    ds.update(item(**NUMBERS, DoseUnits="GY", DoseType="PHYSICAL", DoseSummationType="PLAN"))
    ds.ReferencedRTPlanSequence = [reference(plan)]
    ds.ImagePositionPatient = [-250, -250, 0]
    ds.NumberOfFrames, ds.GridFrameOffsetVector, ds.DoseGridScaling = 2, [0, SPACING_MM], 0.001
    ds.PixelData = bytes(4 * SIDE * SIDE)
    return ds


def encoded(ds: Dataset, syntax: str) -> bytes:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    with io.BytesIO() as file:
        ds.save_as(file, enforce_file_format=True)
        return file.getvalue()


def patient_files(syntax: str) -> list[bytes]:
    """A CT series, its structure set, plan and dose, of any patient."""
    images = [ct_slice(number) for number in range(SLICES)]
    structures = structure_set(images)
    plan = plan_of(structures)
    return [encoded(ds, syntax) for ds in (*images, structures, plan, dose_of(plan))]


def make_tree(root: Path, files: int) -> None:
    """Write a folder per patient, every third in implicit VR."""
    explicit, implicit = map(patient_files, (sop.ExplicitVRLittleEndian, IMPLICIT))
    for number in range(files // FILES):
        patient = str(FIRST_PATIENT + number).encode()
        folder = root / f"patient{number}"
        folder.mkdir(parents=True)
        for name, data in enumerate(implicit if number % 3 == 0 else explicit):
            (folder / str(name)).write_bytes(data.replace(ANY_PATIENT.encode(), patient))


class Measured(NamedTuple):
    """What one process took: its task and finding cases (seconds), peak memory (MB)."""

    seconds: float
    peak_mb: float
    cases_seconds: float = 0


def peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def pydicom_loop(folder: str, _: str) -> None:
    for parent, _folders, names in os.walk(folder):
        for name in names:
            pydicom.dcmread(os.path.join(parent, name), stop_before_pixels=True)


TASKS: dict[str, Callable[[str, str], rtxr.Index | None]] = {
    "nothing": lambda *_: None,
    "pydicom": pydicom_loop,
    "scan": lambda folder, _: rtxr.scan(folder, progress=False),
    "cached": lambda folder, cache: rtxr.scan(folder, cache=cache, progress=False),
}


def run_task(name: str, folder: str, cache: str) -> None:
    """Do one task in this process and print what it took."""
    assert callable(rtxr.scan)  # imports what a scan needs
    start = time.perf_counter()
    index = TASKS[name](folder, cache)
    taken, peak = time.perf_counter() - start, peak_mb()
    start = time.perf_counter()
    if index is not None:
        assert len(index.cases)
    print(json.dumps(Measured(taken, peak, time.perf_counter() - start)))


def measured(name: str, folder: Path) -> Measured:
    """Do one task in a fresh process."""
    command = [sys.executable, __file__, "--task", name, str(folder), str(folder) + ".cache"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Measured(*json.loads(done.stdout))


def compare(folder: Path, runs: int) -> dict[str, list[Measured]]:
    """Every task in turn, some times; the first cached scan fills the cache."""
    measured("cached", folder)
    each: dict[str, list[Measured]] = {name: [] for name in ("pydicom", "scan", "cached")}
    for _ in range(runs):
        for name, results in each.items():
            results.append(measured(name, folder))
    return each


def ratio(each: dict[str, list[Measured]], name: str) -> float:
    """How much faster than the loop of pydicom: median over the runs."""
    pairs = zip(each["pydicom"], each[name], strict=True)
    return statistics.median(slow.seconds / fast.seconds for slow, fast in pairs)


def main(sizes: list[int]) -> None:
    """Print a row per size, and what grows per file."""
    base_mb = measured("nothing", Path()).peak_mb
    print(f"peak memory of a process that only imports what a scan needs: {base_mb:.0f} MB")
    print("    files   pydicom      scan   ratio    cached   ratio     cases      peak")
    best: dict[int, dict[str, Measured]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "archive"
            make_tree(folder, size)
            each = compare(folder, RUNS if size < LARGE else 1)
        best[size] = {name: min(results) for name, results in each.items()}
        slow, scan, cached = best[size].values()
        print(
            f"{size:9,d} {slow.seconds:7.2f} s {scan.seconds:7.2f} s {ratio(each, 'scan'):7.1f} "
            f"{cached.seconds:7.2f} s {ratio(each, 'cached'):7.1f} "
            f"{scan.cases_seconds:7.2f} s {scan.peak_mb:6.0f} MB"
        )
    print(f"asked for: scan at least {SCAN_RATIO} times, cached at least {CACHED_RATIO} times as")
    print(f"fast as the loop, less than {LARGE_MB} MB at {LARGE:,d} files")
    print_growth(best)


def print_growth(best: dict[int, dict[str, Measured]]) -> None:
    """Slopes between the two largest sizes, and what they would come to."""
    less, more = sorted(best)[-2:]
    for name in ("scan", "cached"):
        first, second = best[less][name], best[more][name]
        seconds = (second.seconds - first.seconds) / (more - less)
        mb = (second.peak_mb - first.peak_mb) / (more - less)
        far = MILLION - more
        print(
            f"{name}: {1e6 * seconds:.0f} us and {1e3 * mb:.2f} kB per file from {less:,d} to "
            f"{more:,d} files; extrapolated to {MILLION:,d} files: "
            f"{second.seconds + far * seconds:.0f} s, {second.peak_mb + far * mb:.0f} MB"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help=f"also {LARGE:,d} files (1.5 GB)")
    parser.add_argument("--task", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        run_task(*given.task)
    else:
        main([*SIZES, LARGE] if given.large else list(SIZES))
