"""What an RT Image says of each of its frames: angles, distances, numbers, exposure (C.8.8.2).

A value stands at the top level or in the Exposure Sequence. Of a file with one frame the top level
counts first, of one with several the item of the frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pydicom

from rtxr import model
from rtxr.errors import Finding, Severity
from rtxr.header_store import Record
from rtxr.keywords import describe
from rtxr.read.headers import excerpt
from rtxr.read.item_values import integer, items, number, numbers

_GANTRY, _COLLIMATOR, _COUCH = model.IMAGE_ANGLES
_BEAM, _FRACTION, _GROUP, FRAME = model.IMAGE_NUMBERS
#: Coordinate > element with its value.
KEYWORDS: Mapping[str, str] = {
    _GANTRY: "GantryAngle",
    _COLLIMATOR: "BeamLimitingDeviceAngle",
    _COUCH: "PatientSupportAngle",
    model.RECEPTOR_ANGLE: "XRayImageReceptorAngle",
    model.SID: "RTImageSID",
    model.SAD: "RadiationMachineSAD",
    _BEAM: "ReferencedBeamNumber",
    _FRACTION: "FractionNumber",
    _GROUP: "ReferencedFractionGroupNumber",
    model.METERSET: "MetersetExposure",
    model.KVP: "KVP",
}
TRANSLATION, EXPOSURES = "XRayImageReceptorTranslation", "ExposureSequence"
FRAME_NUMBER = "ReferencedFrameNumber"
#: Added up where several exposures made one frame.
_ADDED = frozenset({model.METERSET})


@dataclass(frozen=True)
class FrameFacts:
    """Values of one frame by coordinate; NaN where the file does not say, -1 for a number."""

    values: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    def says(self, name: str) -> bool:
        """Whether the file has the value."""
        absent = self[name] == -1 if name in model.IMAGE_NUMBERS else np.isnan(self[name])
        return not absent


def frame_facts(record: Record, frames: int) -> tuple[list[FrameFacts], list[Finding]]:
    """Facts of every frame of a file, in order, and what the file does not say.

    Parameters
    ----------
    record : Record
        Its header. Elements read: those of :data:`KEYWORDS`, XRayImageReceptorTranslation, and
        ReferencedFrameNumber in the ExposureSequence.
    frames : int
        How many frames the file holds.
    """
    top = excerpt(record, [*KEYWORDS.values(), TRANSLATION, EXPOSURES])
    exposures, findings = _by_frame(items(top, EXPOSURES), frames)
    facts = []
    for frame in range(frames):
        found = {name: _value(name, top, exposures[frame], frames) for name in KEYWORDS}
        found |= _translation(top)
        if np.isnan(found[model.SID]):  # the receptor is at z = SAD - SID below the isocentre
            found[model.SID] = found[model.SAD] - found[model.TRANSLATION[2]]
            if np.isfinite(found[model.SID]):
                findings.append(_SID_COMPUTED)
        whole = {
            name: -1.0 if np.isnan(value) else float(round(value))
            for name, value in found.items()
            if name in model.IMAGE_NUMBERS
        }
        facts.append(FrameFacts({**found, **whole, FRAME: frame + 1.0}))
    return facts, [*dict.fromkeys(findings), *_missing(facts)]


_SID_COMPUTED = Finding(
    "rt-image-sid-missing",
    "warning",
    "(3002,0026) RTImageSID is absent or no number; it was taken from (3002,0022) "
    "RadiationMachineSAD and the z of (3002,000D) XRayImageReceptorTranslation",
)


def _by_frame(
    exposures: Sequence[pydicom.Dataset], frames: int
) -> tuple[list[list[pydicom.Dataset]], list[Finding]]:
    """Exposures of each frame: by Referenced Frame Number; without any, of all or in order."""
    numbered = [integer(each, FRAME_NUMBER) for each in exposures]
    if frames == 1 or (len(exposures) == 1 and numbered[0] is None):
        return [list(exposures)] * frames, []
    if any(number is None for number in numbered) and len(exposures) == frames:
        text = (
            f"{describe(EXPOSURES)} has an item for each of the {frames} frames and not each has "
            f"a {describe(FRAME_NUMBER)}; they were taken in order"
        )
        finding = Finding("rt-image-exposures-in-order", "warning", text)
        return [[each] for each in exposures], [finding]
    found = [
        [each for each, of in zip(exposures, numbered, strict=True) if of == frame + 1]
        for frame in range(frames)
    ]
    return found, []


def _value(
    name: str, top: pydicom.Dataset, exposures: Sequence[pydicom.Dataset], frames: int
) -> float:
    """Value of a frame, NaN where nothing or nothing definite is said."""
    keyword = KEYWORDS[name]
    outer = number(top, keyword)
    inner = [value for each in exposures if (value := number(each, keyword)) is not None]
    if outer is not None and not (inner and frames > 1):
        return outer
    if name in _ADDED and inner:
        return sum(inner)
    return inner[0] if len(set(inner)) == 1 else np.nan


def _translation(top: pydicom.Dataset) -> dict[str, float]:
    """Origin of the receptor in the IEC GANTRY system, mm."""
    stated = numbers(top, TRANSLATION)
    found = stated if len(stated) == len(model.TRANSLATION) else np.full(3, np.nan)
    return dict(zip(model.TRANSLATION, found.tolist(), strict=True))


#: What findings say of values that are not there: code, severity, coordinates, what follows.
_ABSENT: tuple[tuple[str, Severity, tuple[str, ...], str], ...] = (
    (
        "rt-image-angle-missing",
        "warning",
        model.IMAGE_ANGLES,
        "NaN stands for it",
    ),
    (
        "rt-image-distance-missing",
        "warning",
        (model.SID, model.SAD),
        "NaN stands for it; the image cannot be scaled to the isocentre",
    ),
    (
        "rt-image-value-missing",
        "info",
        (
            *(*model.IMAGE_NUMBERS[:3], model.METERSET, model.KVP, model.RECEPTOR_ANGLE),
            model.TRANSLATION[0],
        ),
        "NaN stands for it, -1 for a whole number; the receptor is taken to be on the beam axis "
        "and not turned",
    ),
)


def _missing(facts: Sequence[FrameFacts]) -> list[Finding]:
    """What a file does not say, or not definitely, of some of its frames."""
    findings = []
    for code, severity, names, consequence in _ABSENT:
        lacking = [name for name in names if any(not each.says(name) for each in facts)]
        if lacking:
            elements = ", ".join(describe(KEYWORDS.get(name, TRANSLATION)) for name in lacking)
            text = f"the RT Image does not say {elements}; {consequence}"
            findings.append(Finding(code, severity, text))
    return findings
