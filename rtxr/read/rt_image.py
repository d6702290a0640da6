"""RT Images as lazy variables: one per receptor grid, with a dimension of the images.

Every frame of a file is an image. Images of one size and one receptor grid make one variable,
others one of their own: ``rt_image``, ``rt_image_2``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.errors import Finding, PixelDecodeError, merged
from rtxr.geometry import FloatArray
from rtxr.read.headers import Header
from rtxr.read.lazy import lazy_variable
from rtxr.read.part import Part
from rtxr.read.pixels import PixelFile, pixel_file
from rtxr.read.planes import PlaneStack, rescaled_dtype
from rtxr.read.rt_images.facts import FrameFacts, frame_facts
from rtxr.read.rt_images.receptor_plane import ReceptorPlane, receptor_plane

#: Coordinate > unit and long name.
_ATTRS = {
    **{name: ("degrees", name.replace("_", " ")) for name in model.IMAGE_ANGLES},
    model.RECEPTOR_ANGLE: ("degrees", "image receptor angle in the IEC GANTRY system"),
    model.SID: ("mm", "source to image distance"),
    model.SAD: ("mm", "source to axis distance"),
    **{
        name: ("mm", f"origin of the receptor in the IEC GANTRY system, {name[-1]}")
        for name in model.TRANSLATION
    },
    **{name: ("1", name.replace("_", " ")) for name in model.IMAGE_NUMBERS},
    model.METERSET: ("1", "meterset of the exposure, in its PrimaryDosimeterUnit"),
    model.KVP: ("kV", "peak voltage"),
}
#: By whether the axes are those of the receptor: what y and x are.
_AXES = {
    True: ("y of the image receptor, up", "x of the image receptor"),
    False: ("against the columns of the image", "along the rows of the image"),
}


@dataclass(frozen=True)
class _Opened:
    """One file that can be read."""

    header: Header
    file: PixelFile
    plane: ReceptorPlane
    facts: list[FrameFacts]
    rescale: tuple[float, float]


def read_rt_images(headers: Sequence[Header], *, cache: bool = True) -> Part:
    """Variables of some RT Images; no pixels are read.

    Elements read, besides those of :class:`rtxr.read.pixels.PixelFile`:

    =========== ============================= ====
    Tag         Keyword                       Type
    =========== ============================= ====
    (0018,0060) KVP                           2C
    (0028,1052) RescaleIntercept              1
    (0028,1053) RescaleSlope                  1
    (0028,1054) RescaleType                   1
    (3002,000C) RTImagePlane                  1
    (3002,000D) XRayImageReceptorTranslation  3
    (3002,000E) XRayImageReceptorAngle        2
    (3002,0010) RTImageOrientation            2C
    (3002,0011) ImagePlanePixelSpacing        2
    (3002,0012) RTImagePosition               2
    (3002,0022) RadiationMachineSAD           2
    (3002,0026) RTImageSID                    2
    (3002,0029) FractionNumber                3
    (3002,0030) ExposureSequence              3
    (3002,0032) MetersetExposure              2C
    (300A,011E) GantryAngle                   3
    (300A,0120) BeamLimitingDeviceAngle       3
    (300A,0122) PatientSupportAngle           3
    (300C,0006) ReferencedBeamNumber          3
    (300C,0022) ReferencedFractionGroupNumber 3
    =========== ============================= ====

    Parameters
    ----------
    headers : sequence of Header
        One per file, in the order of the images.
    cache : bool
        Keep values in memory once a whole variable was loaded.

    Returns
    -------
    Part
        ``rt_image`` (image, receptor_y, receptor_x): stored value x slope + intercept, signed
        integers where both are integers. ``receptor_y`` and ``receptor_x`` are mm of pixel centres
        in the IEC X-RAY IMAGE RECEPTOR system, at the receptor, both ascending. Along ``image``:
        ``rt_image_uid``, angles, distances, numbers, meterset and voltage (see
        :mod:`rtxr.read.rt_images.facts`).
        Images on another receptor grid are in ``rt_image_2`` (image_2, receptor_2_y, receptor_2_x)
        with coordinates that end in ``_2``, and so on.
    """
    findings: list[Finding] = []
    groups: dict[tuple[object, ...], list[_Opened]] = {}
    for header in headers:
        opened, told = _opened(header)
        uid, path = header.record.uid, header.record.path
        findings += [replace(each, uid=uid, path=path) for each in told]
        if opened is not None:
            groups.setdefault(opened.plane.key, []).append(opened)
    part = Part(records=[header.record for header in headers], findings=merged(findings))
    for number, images in enumerate(groups.values(), start=1):
        name = model.RT_IMAGE if number == 1 else f"{model.RT_IMAGE}_{number}"
        part.data_vars[name] = _variable(name, images, cache)
        part.coords |= _coords(name, images)
    return part


def _opened(header: Header) -> tuple[_Opened | None, list[Finding]]:
    """A file with what its images are, or the finding that says why it is left out."""
    try:
        file = pixel_file(header)
        if file.samples != 1:
            raise PixelDecodeError(
                f"{file.path}: (0028,0002) SamplesPerPixel is {file.samples}; only grey values are "
                "opened"
            )
    except PixelDecodeError as error:
        return None, [Finding("rt-image-not-opened", "error", str(error))]
    file, findings = _frames(file)
    shape = (file.rows, file.columns)
    plane, placed = receptor_plane(header.numbers, header.text("RTImagePlane"), shape)
    facts, told = frame_facts(header.record, file.frames)
    rescale, scaled = _rescale(header)
    findings += [*placed, *told, *scaled]
    return _Opened(header, file, plane, facts, rescale), findings


def _frames(file: PixelFile) -> tuple[PixelFile, list[Finding]]:
    """The file with the frames that are there."""
    held = file.span.length // file.frame_bytes
    if file.span.encapsulated or held in (0, file.frames):
        return file, []
    frames = min(file.frames, held)
    text = (
        f"(0028,0008) NumberOfFrames says {file.frames} and (7FE0,0010) PixelData holds {held} "
        f"frame(s); the first {frames} were used"
    )
    return replace(file, frames=frames), [Finding("frame-count-mismatch", "warning", text)]


def _rescale(header: Header) -> tuple[tuple[float, float], list[Finding]]:
    """Slope and intercept; 1 and 0 where there are none, as most RT Images have none."""
    slope, intercept = header.number("RescaleSlope"), header.number("RescaleIntercept")
    findings = []
    if (slope is None) != (intercept is None) or slope == 0:
        text = (
            "(0028,1053) RescaleSlope or (0028,1052) RescaleIntercept is not usable; 1 or 0 was "
            "used instead, so values may be stored ones"
        )
        findings.append(Finding("rescale-missing", "warning", text))
    if header.value("ModalityLUTSequence") is not None:
        text = "(0028,3000) ModalityLUTSequence was not applied"
        findings.append(Finding("modality-lut-ignored", "warning", text))
    return (slope or 1.0, intercept or 0.0), findings


def _variable(name: str, images: Sequence[_Opened], cache: bool) -> xr.Variable:
    files = tuple(each.file for each in images)
    counts = [file.frames for file in files]
    of = np.repeat(np.arange(len(files)), counts)
    scale = np.array([each.rescale for each in images], dtype=np.float64)
    source = PlaneStack(
        files=files,
        file_of=of,
        frame_of=np.concatenate([np.arange(count) for count in counts]),
        slopes=scale[of, 0],
        intercepts=scale[of, 1],
        dtype=_signed(rescaled_dtype(files, scale[:, 0], scale[:, 1])),
        layout=images[0].plane.layout,
    )
    attrs = {"units": model.UNITS[model.RT_IMAGE], "long_name": model.LONG_NAMES[model.RT_IMAGE]}
    types = {each.header.text("RescaleType") for each in images}
    if len(types) == 1 and types != {""}:
        attrs["RescaleType"] = types.pop()
    dims = model.rt_image_dims(name)
    return lazy_variable(dims, source, attrs, cache=cache, preferred_chunks={dims[0]: 1})


def _signed(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The next signed type for an unsigned one: images are subtracted, and must not wrap around."""
    return np.dtype(f"i{2 * dtype.itemsize}") if dtype.kind == "u" else dtype


def _coords(name: str, images: Sequence[_Opened]) -> dict[str, xr.Variable]:
    along, dim_y, dim_x = model.rt_image_dims(name)
    facts = [each for image in images for each in image.facts]
    uids = [image.header.record.uid for image in images for _ in image.facts]
    coords = {
        model.uid_name(name): xr.Variable(
            (along,), np.array(uids, np.str_), {"long_name": "SOPInstanceUID of each image"}
        )
    }
    for fact, (units, long_name) in _ATTRS.items():
        values = np.array([each[fact] for each in facts], dtype=np.float64)
        whole = fact in model.IMAGE_NUMBERS
        attrs = {"units": units, "long_name": long_name}
        coords[model.rt_image_coord(name, fact)] = xr.Variable(
            (along,), values.astype(np.int64) if whole else values, attrs
        )
    plane = images[0].plane
    long_names = _AXES[plane.is_receptor]
    axes: tuple[FloatArray, FloatArray] = (plane.y, plane.x)
    for dim, axis, long_name in zip((dim_y, dim_x), axes, long_names, strict=True):
        system = "receptor" if plane.is_receptor else "image"
        attrs = {"units": plane.unit, "long_name": long_name, model.AXES_OF: system}
        coords[dim] = xr.Variable((dim,), axis, attrs)
    return coords
