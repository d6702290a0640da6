"""Programs of other makes read what was written as the same volumes, masks and dose."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import xarray as xr

import rtxr

#: Dimensions that files hold in the order of an axial image.
AXIAL = ("z", "y", "x")
TYPES = {"MET_UCHAR": "u1", "MET_SHORT": "<i2", "MET_FLOAT": "<f4"}
#: plastimatch paints polygons on a lattice of its own: voxels whose centre is this near to an
#: outline, as a part of all voxels of a mask, may differ.
PAINTED_APART = 0.02
#: Its hole is drawn by planning systems as a contour within a contour, which both
#: programs fill; holes of masks are drawn as keyholes, which they read.
FILLED = "Ring_Hole"


def edited(folder: Path) -> xr.Dataset:
    ds = rtxr.open_dir(folder, progress=False).rt.crop(x=(-60, 60), z=(-40, 40))
    ds = ds.assign(dose=ds.dose * 2, ct=ds.ct + 5).rt.rename({"PTV_70": "PTV"})
    return ds.rt.add_structure("Dense", ds.ct > 150)


def from_scratch(folder: Path) -> xr.Dataset:
    """Arrays only, without any file."""
    z, y, x = np.meshgrid(np.arange(8.0), np.arange(30.0), np.arange(40.0), indexing="ij")
    inside = (y - 14) ** 2 + (x - 21) ** 2 < 100
    return rtxr.new_case(
        np.where(inside, 30 + 2 * z, -1000),
        spacing=(3, 2, 2),
        origin=(-10, -30, -40),
        dose=2 + 0.1 * x + 0.05 * y * z,
        masks={"Body": inside, "Half": inside & (x > 20)},
        plan={"fractions": 1},
        PatientID="PHANTOM",
        PatientPosition="HFS",
    )


CASES: dict[str, Callable[[Path], xr.Dataset]] = {
    "phantom": lambda folder: rtxr.open_dir(folder, progress=False),
    "edited": edited,
    "from scratch": from_scratch,
}


@pytest.fixture(scope="module", params=CASES)
def written(request, phantom, tmp_path_factory) -> tuple[xr.Dataset, Path]:
    """A case and the folder of its export."""
    ds = CASES[request.param](phantom)
    out = tmp_path_factory.mktemp("peers") / "out"
    ds.rt.to_dicom(out)
    return ds, out


@pytest.fixture(scope="module")
def images(written, tmp_path_factory) -> list[Path]:
    """The slices in a folder of their own, as some programs want them."""
    _, out = written
    folder = tmp_path_factory.mktemp("slices")
    for path in out.glob("CT_*.dcm"):
        (folder / path.name).symlink_to(path)
    return sorted(folder.iterdir())


def rois(folder: Path) -> dict[str, int]:
    structures = pydicom.dcmread(folder / "RTSTRUCT_1.dcm")
    return {roi.ROIName: int(roi.ROINumber) for roi in structures.StructureSetROISequence}


class TestPlastimatch:
    """A compiled program; it writes MetaImage files."""

    @pytest.fixture(scope="class")
    def convert(self) -> Callable[..., None]:
        pytest.importorskip("plastimatch")
        program = importlib.metadata.distribution("plastimatch").locate_file("plastimatch/bin")

        def run(*arguments: object) -> None:
            command = [str(Path(str(program)) / "plastimatch"), "convert", *map(str, arguments)]
            subprocess.run(command, check=True, capture_output=True)

        return run

    def test_image_and_dose(self, written, images, convert, tmp_path):
        ds, out = written
        convert("--input", images[0].parent, "--output-img", tmp_path / "ct.mha")
        values, axes = meta_image(tmp_path / "ct.mha")
        np.testing.assert_array_equal(values, ds.ct.transpose(*AXIAL))
        convert("--input", out / "RTDOSE_1.dcm", "--output-dose-img", tmp_path / "dose.mha")
        dose, dose_axes = meta_image(tmp_path / "dose.mha")
        np.testing.assert_allclose(dose, ds.dose, rtol=1e-6)
        wanted = [ds[dim] for dim in (*AXIAL, *ds.dose.dims)]
        for found, axis in zip([*axes, *dose_axes], wanted, strict=True):
            np.testing.assert_allclose(found, axis, atol=1e-4)

    def test_masks(self, written, images, convert, tmp_path):
        ds, out = written
        where = ("--referenced-ct", images[0].parent)
        outputs = ("--output-prefix", tmp_path / "masks", "--prefix-format", "mha")
        convert("--input", out / "RTSTRUCT_1.dcm", *where, *outputs)
        found = {path.stem: meta_image(path)[0] > 0 for path in (tmp_path / "masks").iterdir()}
        compared = 0
        for roi in map(str, ds.roi.values):
            mask = ds.mask.sel(roi=roi).transpose(*AXIAL).values
            if roi == FILLED or not mask.any():
                continue
            off = (found[roi] != mask).sum()
            assert off <= PAINTED_APART * mask.sum(), roi
            compared += 1
        assert compared >= 2


class TestPydcm:
    """A compiled toolkit; one mask per call."""

    @pytest.fixture(scope="class")
    def pydcm(self):
        return pytest.importorskip("pydcm")

    def test_image_and_dose(self, written, images, pydcm):
        ds, out = written
        volume = pydcm.load_series(images[0].parent).pixels
        np.testing.assert_array_equal(volume, ds.ct.transpose(*AXIAL))
        dose = pydcm.read_rtdose(out / "RTDOSE_1.dcm")
        np.testing.assert_allclose(dose.dose, ds.dose, rtol=1e-6)
        first = [float(ds[dim][0]) for dim in ds.dose.dims[::-1]]
        np.testing.assert_allclose(dose.origin_lps, first, atol=1e-9)

    def test_masks(self, written, images, pydcm):
        ds, out = written
        compared = 0
        for roi, number in rois(out).items():
            mask = ds.mask.sel(roi=roi).transpose(*AXIAL).values
            if roi != FILLED and mask.any():
                found = pydcm.roi_mask(out / "RTSTRUCT_1.dcm", images[0].parent, number)[0]
                np.testing.assert_array_equal(np.asarray(found), mask, roi)
                compared += 1
        assert compared >= 2


def test_highdicom_reads_the_image(written):
    """Its volumes are in the order of the slices' own normal, values rescaled."""
    highdicom = pytest.importorskip("highdicom")
    ds, out = written
    series = [pydicom.dcmread(path) for path in sorted(out.glob("CT_*.dcm"))]
    volume = highdicom.get_volume_from_series(series, dtype=np.float64)
    ordered = volume.to_patient_orientation("HPL")  # indices upwards, to the back, to the left
    np.testing.assert_array_equal(ordered.array, ds.ct.transpose(*AXIAL))
    first = [float(ds[dim][0]) for dim in AXIAL[::-1]]
    np.testing.assert_allclose(ordered.position, first, atol=1e-9)


def meta_image(path: Path) -> tuple[np.ndarray, list[np.ndarray]]:
    """Values (z, y, x) of an uncompressed MetaImage, and positions along each axis."""
    head, _, values = path.read_bytes().partition(b"ElementDataFile = LOCAL\n")
    found = dict(re.findall(r"(\w+) = (.*)", head.decode()))
    size = [int(each) for each in found["DimSize"].split()]
    numbers = {key: list(map(float, found[key].split())) for key in ("Offset", "ElementSpacing")}
    axes = [
        start + step * np.arange(count)
        for start, step, count in zip(
            numbers["Offset"], numbers["ElementSpacing"], size, strict=True
        )
    ]
    array = np.frombuffer(values, TYPES[found["ElementType"].strip()]).reshape(size[::-1])
    return array, axes[::-1]
