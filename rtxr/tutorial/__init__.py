"""A synthetic patient with analytic answers: feeds the notebooks, the tests and Binder.

>>> from rtxr import tutorial
>>> folder = tutorial.phantom("phantom")  # doctest: +SKIP
>>> round(tutorial.answers().volumes_cc["PTV_70"], 3)
33.51
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path

from rtxr.errors import ExistingFilesError, GeometryError
from rtxr.tutorial import objects, plan, portal
from rtxr.tutorial.shapes import DOSE, ROIS, Answers, answers

__all__ = ["DOSE", "ROIS", "Answers", "answers", "phantom", "portal_images"]


def phantom(
    folder: str | os.PathLike[str],
    *,
    spacing: Sequence[float] = (3.0, 2.0, 2.0),
    dose_spacing: Sequence[float] = (3.0, 2.5, 2.5),
) -> Path:
    """Write a complete synthetic planning case as DICOM files.

    An axial CT, a structure set, a plan and a dose, linked to each other (dose > plan > structure
    set > CT images) in one frame of reference. Everything is an analytic shape: a body and a spine
    that are cylinders, two ellipsoid lungs, a spherical target, a tube with a hole, a point, an
    ROI without contours, and a dose that is a Gaussian about the target's centre. The numbers are
    in :func:`answers`. The same arguments give the same files, byte for byte and UID for UID.

    Parameters
    ----------
    folder : path
        Made where it does not exist. Files of an earlier phantom of the same slices, or fewer,
        are replaced.
    spacing : (float, float, float), default: (3.0, 2.0, 2.0)
        Distance of the CT's voxel centres along z, y, x, mm. The field of view stays 192 mm
        square and 120 mm high: by default 40 slices of 96 x 96 pixels.
    dose_spacing : (float, float, float), default: (3.0, 2.5, 2.5)
        The same of the dose grid, which lies between the CT's voxels.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    GeometryError
        A spacing is not three millimetre distances from 0.1 to 20.
    ExistingFilesError
        The folder holds other DICOM files (``*.dcm``), which would be taken for the same case:
        also the further slices of an earlier phantom that was finer, since nothing is deleted.
    """
    case = objects.Case(_spacing(spacing, "spacing"), _spacing(dose_spacing, "dose_spacing"))
    made = {
        f"CT_{at + 1:03d}.dcm": objects.ct_image(case, at) for at in range(len(case.image_axes[0]))
    }
    made["RTSTRUCT.dcm"] = objects.rt_structure_set(case)
    made["RTPLAN.dcm"] = plan.rt_plan(case)
    made["RTDOSE.dcm"] = objects.rt_dose(case)
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    others = sorted(path.name for path in out.glob("*.dcm") if path.name not in made)
    if others:
        slices = all(re.fullmatch(r"CT_\d+\.dcm", name) for name in others)
        kind = "slices more, as of an earlier phantom of finer spacing" if slices else "other files"
        raise ExistingFilesError(
            f"the phantom has {len(made) - 3} slices, and its folder {out} holds {len(others)} "
            f"{kind} ({', '.join(others[:3])}{', …' if len(others) > 3 else ''}), which would be "
            "taken for the same case; name an empty folder, or delete them first"
        )
    for name, dataset in made.items():
        dataset.save_as(out / name, enforce_file_format=True)
    return out


def portal_images(folder: str | os.PathLike[str]) -> Path:
    """Write synthetic portal images of the phantom's beams, to make new RT Images of.

    Parameters
    ----------
    folder : path
        Gets the folders ``images`` (as an imager in development mode writes them: pixels, and what
        was measured), ``templates`` (as in production mode: beam, angles, exposure, patient) and
        ``plan`` (that of :func:`phantom`), with one image and template per beam. Files of an
        earlier call are replaced.

    Returns
    -------
    Path
        The folder.

    Notes
    -----
    160 x 192 pixels of 0.784 mm at 1500 mm from the source, centred on the beam axis. Inside the
    leaves 1000, outside 20, with a penumbra that is 50 % in their shadow (``portal.signal``).
    """
    case = objects.Case((3.0, 2.0, 2.0), (3.0, 2.5, 2.5))
    made = {"plan/RTPLAN.dcm": plan.rt_plan(case)}
    for number in portal.BEAMS:
        made[f"images/image_{number}.dcm"] = portal.image(case, number)
        made[f"templates/template_{number}.dcm"] = portal.template(case, number)
    out = Path(folder)
    for name, dataset in made.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(out / name, enforce_file_format=True)
    return out


def _spacing(values: Sequence[float], name: str) -> tuple[float, float, float]:
    """Three distances, checked."""
    numbers = tuple(float(value) for value in values)
    if len(numbers) != 3 or not all(math.isfinite(n) and 0.1 <= n <= 20 for n in numbers):
        raise GeometryError(
            f"{name} must be three distances from 0.1 to 20 mm along z, y, x, not {numbers}"
        )
    return numbers[0], numbers[1], numbers[2]
