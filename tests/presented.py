"""One analytic patient as DICOM files, presented in any way scanners and planning systems choose.

The patient is a function of position: CT numbers, dose and structures are given in its own
millimetres (LPS). A :class:`Presentation` says how that is stored: orientation of images and of
dose frames, order of slices and frames, a tilted gantry, the whole patient turned. Where the voxel
centres are the same ones, every answer must be the same too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations, product
from pathlib import Path

import factories as make
import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag

Axes = tuple[np.ndarray, np.ndarray, np.ndarray]
Points = np.ndarray
Turn = Callable[[Points], Points]

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
#: Image Orientation (Patient) of an axial image by Patient Position, as systems export it.
POSITIONS = {
    "HFS": AXIAL,
    "HFP": (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "FFS": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "FFP": (1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "HFDL": (0.0, -1.0, 0.0, 1.0, 0.0, 0.0),
    "HFDR": (0.0, 1.0, 0.0, -1.0, 0.0, 0.0),
    "FFDL": (0.0, 1.0, 0.0, 1.0, 0.0, 0.0),
    "FFDR": (0.0, -1.0, 0.0, -1.0, 0.0, 0.0),
}


def _orientations() -> list[tuple[float, ...]]:
    """All 24 pairs of rows and columns along patient axes: axial, sagittal, coronal, mirrored."""
    found = []
    for (row, column), signs in product(permutations(range(3), 2), product((1.0, -1.0), repeat=2)):
        cosines = np.zeros((2, 3))
        cosines[0, row], cosines[1, column] = signs
        found.append(tuple(cosines.ravel().tolist()))
    return found


ORIENTATIONS = _orientations()


def _axis(first: float, step: float, count: int) -> np.ndarray:
    """Decimal positions, as files hold them."""
    return np.round(first + step * np.arange(count), 6)


#: Voxel centres along x, y, z, mm: different spacings, most of them not exact in binary.
IMAGE_AXES: Axes = (_axis(-14.3, 2.6, 12), _axis(-12.6, 2.3, 12), _axis(-13.2, 3.3, 9))
DOSE_AXES: Axes = (_axis(-16.1, 2.3, 15), _axis(-15.4, 2.9, 12), _axis(-17.5, 3.1, 12))

#: The same where no voxel centre lies on an edge or face, so that rounding decides nothing.
CLEAR_AXES: Axes = tuple(
    axis + shift for axis, shift in zip(IMAGE_AXES, (0.013, 0.017, 0.019), strict=True)
)


def ct_number(at: Points) -> np.ndarray:
    """CT numbers in HU at own points (..., 3), before they are rounded to integers."""
    x, y, z = np.moveaxis(at, -1, 0)
    return 13.37 * x - 7.19 * y + 31.71 * z + 40.3 * np.sin(x / 3) * np.cos(y / 4 - z / 5)


def linear_dose(at: Points) -> np.ndarray:
    """Dose in Gy at own points (..., 3) that interpolation on any grid gives back."""
    x, y, z = np.moveaxis(at, -1, 0)
    return 30 + 0.31 * x - 0.23 * y + 0.17 * z


def trilinear_dose(at: Points) -> np.ndarray:
    """Dose in Gy that interpolation along the patient's axes gives back."""
    x, y, z = np.moveaxis(at, -1, 0)
    return linear_dose(at) + 0.011 * x * y - 0.007 * y * z + 0.0005 * x * y * z


#: Scaling of the stored dose; half of it is the error of rounding.
DOSE_STEP = 2e-8


def _ellipse(u: float, v: float, a: float, b: float, n: int = 18) -> np.ndarray:
    angle = 2 * np.pi * (np.arange(n) + 0.3) / n
    return np.column_stack([u + a * np.cos(angle), v + b * np.sin(angle)])


def _box(u0: float, u1: float, v0: float, v1: float) -> np.ndarray:
    return np.array([[u0, v0], [u1, v0], [u1, v1], [u0, v1]])


def _keyhole(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """One polygon: round the outer one, over a bridge, back round the inner one, and back."""
    return np.concatenate([outer, outer[:1], inner[::-1], inner[-1:]])


#: Name of a ROI > polygons (u, v) of each of its planes.
SHAPES: dict[str, list[np.ndarray]] = {
    "Hole": [_ellipse(0.4, -0.7, 9.3, 8.1), _ellipse(1.1, 0.2, 3.9, 3.1)],
    "Keyhole": [_keyhole(_ellipse(-2.2, 1.3, 8.7, 7.3), _ellipse(-2.2, 1.3, 4.1, 3.2))],
    # Edges through voxel centres, where only the half-open rule decides.
    "Box": [_box(-9.1, 6.5, -8.0, 5.8)],
    "Parts": [_ellipse(-6.1, -4.2, 3.3, 4.4), _ellipse(6.3, 3.1, 4.2, 3.6)],
}
#: Planes of each ROI, as indices along :data:`IMAGE_AXES` across them.
PLANES = {"Hole": range(2, 7), "Keyhole": range(3, 6), "Box": range(2, 6), "Parts": range(3, 6)}
FLAKE = "Flake"  #: One plane only, as thick as the image's spacing.
#: Where (u, v, w) of contours drawn across an axis are among x, y, z.
ACROSS = {"z": (0, 1, 2), "x": (1, 2, 0), "y": (2, 0, 1)}


@dataclass(frozen=True)
class Presentation:
    """How the patient is stored.

    Parameters
    ----------
    image, dose : tuple of 6 floats
        Rows and columns of images and of dose frames in own axes.
    frames : {"up", "down"}
        Whether dose frames are stored along their normal or against it.
    offsets : {"relative", "absolute", "odd", "none"}
        Kind of Grid Frame Offset Vector: from 0, patient z, from another number, or missing.
    across : {"z", "x", "y"}
        Patient axis across which contours are drawn.
    tilt : float
        Degrees by which slices lean against the direction in which they are piled (gantry).
    on_slices : bool
        Whether contours lean with the slices.
    turn, dose_turn : ndarray, (4, 4), optional
        Rigid: own millimetres to patient millimetres of everything; and before that, of the
        lattice of the dose in own millimetres.
    position : str or None
        Patient Position (0018,5100), which must play no part.
    image_axes, dose_axes : tuple of ndarray
        Voxel centres along own x, y, z; even along rows and columns.
    gray : callable
        Dose at own points, Gy.
    """

    image: Sequence[float] = AXIAL
    dose: Sequence[float] = AXIAL
    frames: str = "up"
    offsets: str = "relative"
    across: str = "z"
    tilt: float = 0.0
    on_slices: bool = False
    turn: np.ndarray | None = None
    dose_turn: np.ndarray | None = None
    position: str | None = "HFS"
    image_axes: Axes = IMAGE_AXES
    dose_axes: Axes = DOSE_AXES
    gray: Callable[[Points], np.ndarray] = trilinear_dose


def moved(points: Points, matrix: np.ndarray | None) -> Points:
    """Points through a 4x4 matrix; untouched without one, so that decimals stay decimals."""
    return points if matrix is None else points @ matrix[:3, :3].T + matrix[:3, 3]


def lattice(axes: Axes) -> Points:
    """Own points of a lattice, (x, y, z, 3)."""
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def stored(axes: Axes, orientation: Sequence[float]) -> Points:
    """The same points as slices, rows, columns of an orientation, (slice, row, column, 3)."""
    row, column = np.reshape(orientation, (2, 3))
    directions = np.stack([np.cross(row, column), column, row])
    axis = np.abs(directions).argmax(axis=1)
    flips = tuple(slice(None, None, int(directions[at, of])) for at, of in enumerate(axis))
    return lattice(axes).transpose(*axis, 3)[flips]


def image_points(how: Presentation) -> Points:
    """Own points of the stored voxels of the image, (slice, row, column, 3)."""
    return leaning(how, stored(how.image_axes, how.image))


def leaning(how: Presentation, points: Points) -> Points:
    """Own points as a tilted gantry moves them: along the pile, the more the further down."""
    if not how.tilt:
        return points
    normal, column = np.cross(*np.reshape(how.image, (2, 3))), np.array(how.image[3:])
    return points + (points @ column)[..., None] * np.tan(np.radians(how.tilt)) * normal


def dose_points(how: Presentation) -> Points:
    """Own points of the stored voxels of the dose, (frame, row, column, 3)."""
    at = stored(how.dose_axes, how.dose)
    return moved(at if how.frames == "up" else at[::-1], how.dose_turn)


def plane_positions(across: str, name: str) -> np.ndarray:
    """Where the planes of a ROI are along the axis across them, mm."""
    return IMAGE_AXES[ACROSS[across][2]][list(PLANES.get(name, [4]))]


def contour_points(how: Presentation) -> dict[str, list[Points]]:
    """Contours of every ROI in own points, (n, 3)."""
    u, v, w = ACROSS[how.across]
    found = {}
    for name, polygons in {**SHAPES, FLAKE: SHAPES["Hole"]}.items():
        found[name] = []
        for position, polygon in product(plane_positions(how.across, name), polygons):
            points = np.empty((len(polygon), 3))
            points[:, u], points[:, v] = np.round(polygon, 3).T
            points[:, w] = position
            found[name].append(leaning(how, points) if how.on_slices else points)
    return found


def objects(how: Presentation) -> list[Dataset]:
    """Images, structure set, plan and dose, all linked, in no order."""
    images = _images(how)
    structures = _structures(how, images)
    plan = make.plan(structures)
    found = [*images, structures, plan, dose(how, plan, structures)]
    random.Random(len(str(how))).shuffle(found)
    return found


def write(folder: Path, how: Presentation) -> Path:
    """The files, in a folder of their own."""
    make.write(folder, objects(how))
    return folder


def _plane(ds: Dataset, points: Points, turn: np.ndarray | None) -> None:
    """Image Plane of one slice or first frame, from the own points of its voxels."""
    corner, row, column = moved(points[[0, 0, -1], [0, -1, 0]], turn)
    across, down = np.linalg.norm(row - corner), np.linalg.norm(column - corner)
    rows, columns = points.shape[:2]
    cosines = np.concatenate([(row - corner) / across, (column - corner) / down])
    ds.ImagePositionPatient = _decimals(corner)
    ds.ImageOrientationPatient = _decimals(cosines, 12)
    ds.PixelSpacing = _decimals([down / (rows - 1), across / (columns - 1)])


def _decimals(values: Sequence[float] | np.ndarray, digits: int = 9) -> list[str]:
    return [f"{value:.{digits}f}".rstrip("0").rstrip(".")[:16] for value in values]


def _images(how: Presentation) -> list[Dataset]:
    found = []
    for number, points in enumerate(image_points(how)):
        ds = make.ct_slice(number, 0.0, name=("presented", number))
        _plane(ds, points, how.turn)
        ds.Rows, ds.Columns = points.shape[:2]
        ds.RescaleIntercept, ds.RescaleSlope = -1024, 1
        ds.PixelData = (np.rint(ct_number(points)).astype(np.int16) + 1024).tobytes()
        ds.PatientPosition = how.position
        if how.position is None:
            del ds.PatientPosition
        found.append(ds)
    return found


def _structures(how: Presentation, images: Sequence[Dataset]) -> Dataset:
    ds = make.structure_set(images)
    frame = ds.StructureSetROISequence[0].ReferencedFrameOfReferenceUID
    ds.StructureSetROISequence = [
        make.item(ROINumber=number, ReferencedFrameOfReferenceUID=frame, ROIName=name)
        for number, name in enumerate([*SHAPES, FLAKE], start=1)
    ]
    plain = how.turn is None and not how.on_slices
    ds.ROIContourSequence = _plain_rois(how.across) if plain else _rois(how)
    return ds


@cache
def _plain_rois(across: str) -> list[Dataset]:
    """Most presentations share them, and pydicom takes its time with numbers."""
    return _rois(Presentation(across=across))


def _rois(how: Presentation) -> list[Dataset]:
    found = []
    for number, contours in enumerate(contour_points(how).values(), start=1):
        drawn = [
            make.item(
                ContourGeometricType="CLOSED_PLANAR",
                NumberOfContourPoints=len(points),
                ContourData=_decimals(moved(points, how.turn).ravel()),
            )
            for points in contours
        ]
        found.append(make.item(ReferencedROINumber=number, ContourSequence=drawn))
    return found


def dose(how: Presentation, *of: Dataset) -> Dataset:
    """The dose alone, naming a plan and a structure set if they are given."""
    points = dose_points(how)
    ds = make.dose(*of, SliceThickness="")
    ds.FrameIncrementPointer = Tag("GridFrameOffsetVector")
    _plane(ds, points[0], how.turn)
    ds.NumberOfFrames, ds.Rows, ds.Columns = points.shape[:3]
    steps = moved(points[:, 0, 0], how.turn) - moved(points[0, 0, 0], how.turn)
    offsets = steps @ np.cross(*np.reshape(np.array(ds.ImageOrientationPatient, float), (2, 3)))
    start = {"absolute": float(ds.ImagePositionPatient[2]), "odd": 7.0}.get(how.offsets, 0.0)
    if how.offsets == "absolute":
        offsets = steps[:, 2]
    ds.GridFrameOffsetVector = _decimals(start + offsets)
    if how.offsets == "none":
        ds.SliceThickness = _decimals(offsets[1:2])[0]
        del ds.GridFrameOffsetVector, ds.FrameIncrementPointer
    ds.BitsAllocated = ds.BitsStored = 32
    ds.HighBit, ds.DoseGridScaling = 31, DOSE_STEP
    ds.PixelData = np.rint(how.gray(points) / DOSE_STEP).astype("<u4").tobytes()
    if len(points) == 1:
        del ds.NumberOfFrames, ds.GridFrameOffsetVector, ds.FrameIncrementPointer
    return ds
