"""What does not fit together where RT Images are made of images, templates and a plan.

Errors stop; findings are what the recipe allows and a person should know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pydicom

from rtxr.edit.rt_images.sheets import Sheet
from rtxr.errors import Finding, Severity
from rtxr.iod import rt_image_template as recipe
from rtxr.iod.encoding.raw import has_value, numbers_of, text_of
from rtxr.iod.modules import patient
from rtxr.iod.rt_image_series import beams, earliest, first_beam, of_study, whole
from rtxr.keywords import describe
from rtxr.machines import Machine
from rtxr.read.rt_images.receptor_plane import UPRIGHT

#: What else the files say of the patient, which the user does not set.
_REST = sorted({row.keyword for row in patient.PATIENT.attributes} - {"PatientName", "PatientID"})
_BEAM, _STUDY = "ReferencedBeamNumber", "StudyInstanceUID"


@dataclass(frozen=True)
class Pair:
    """An image and the template that says the rest of it."""

    image: Sheet
    template: Sheet

    @property
    def beam(self) -> int | None:
        """Number of the beam that the template is of."""
        return whole(self.template.dataset, _BEAM)


def errors_of(
    images: Sequence[Sheet], templates: Sequence[Sheet], plan: pydicom.Dataset | None
) -> Iterator[Finding]:
    """What keeps RT Images from being made, however images and templates are paired."""
    for each in images:
        yield from _image_errors(each)
    for each in templates:
        yield from _owed(each, recipe.TEMPLATE)
        yield from _beam_errors(each, plan)
    studies = {text_of(each.dataset, _STUDY) for each in templates} - {""}
    if len(studies) > 1:
        text = (
            f"the templates are of {len(studies)} studies ({describe(_STUDY)}); the new series is "
            "in one: make a series of each"
        )
        yield Finding("templates-of-several-studies", "error", text)
    for lost in ("SOPClassUID", "SOPInstanceUID"):
        if plan is not None and not has_value(plan, lost):
            yield _missing(f"the plan has no {describe(lost)}, by which images refer to it")


def _image_errors(image: Sheet) -> Iterator[Finding]:
    yield from _owed(image, recipe.IMAGE)
    if image.header.pixels is None:
        yield _missing(f"the image {image.name} has no (7FE0,0010) PixelData", image.path)
    if recipe.image_position({recipe.IMAGE: image.dataset}) is None:
        text = (
            f"the image {image.name} has no usable (3002,0011) ImagePlanePixelSpacing, Rows or "
            "Columns, from which (3002,0012) RTImagePosition follows"
        )
        yield _missing(text, image.path)
    if recipe.has_frames(image.dataset):
        text = f"the image {image.name} has several frames; the recipe is for images of one frame"
        yield Finding("rt-image-source", "error", text, path=image.path)


def _owed(sheet: Sheet, role: str) -> Iterator[Finding]:
    """Values that a new image needs and that only this one can give."""
    for keyword in recipe.OWED[role]:
        if not has_value(sheet.dataset, keyword):
            yield _missing(f"the {role} {sheet.name} has no {describe(keyword)}", sheet.path)


def findings_of(
    pairs: Sequence[Pair],
    plan: pydicom.Dataset,
    machine: Machine,
    user: Mapping[str, str | None],
) -> list[Finding]:
    """What the recipe allows, of all pairs; ``user`` is what the user says of the patient."""
    found = [each for pair in pairs for each in _pair_findings(pair, plan, machine)]
    found += _first_beam(pairs, plan)
    if earliest([each.template.dataset for each in pairs], "StudyDate", "StudyTime") is None:
        text = "no template has a (0008,0020) StudyDate; it is written empty"
        found.append(Finding("study-date-unknown", "warning", text))
    found += _templates_differ([each.template for each in pairs])
    return [*found, *_patient_findings(pairs, plan, user)]


def _patient_findings(
    pairs: Sequence[Pair], plan: pydicom.Dataset, user: Mapping[str, str | None]
) -> Iterator[Finding]:
    """Files of several patients, and what of theirs stays beside what the user says."""
    known = [*(sheet.dataset for each in pairs for sheet in (each.image, each.template)), plan]
    for keyword in ("PatientName", "PatientID"):
        said = {_person(each, keyword) for each in known} - {""}
        if len(said) > 1 and user.get(keyword) is None:
            text = (
                f"images, templates and plan name {len(said)} different {describe(keyword)}; that "
                f"of the first image that has one is taken, {keyword}=... sets another"
            )
            yield Finding("patient-mismatch", "warning", text)
    given = user.get("PatientID")
    sources = [*(each.template.dataset for each in pairs), plan]
    stay = [key for key in _REST if any(has_value(each, key) for each in sources)]
    ids = {text_of(each, "PatientID") for each in sources} - {""}
    if given is not None and stay and ids != {given}:
        text = (
            "PatientID=... was given, and the rest of the patient is still that of the template, "
            f"else of the plan: {', '.join(map(describe, stay))}; to_dicom(..., {stay[0]}=...) "
            "sets another"
        )
        yield Finding("patient-partly-given", "warning", text)


def _templates_differ(templates: Sequence[Sheet]) -> Iterator[Finding]:
    """What the templates say of patient, study or series that is not alike."""
    said = [each.dataset for each in templates]
    unlike = [key for key in recipe.SHARED if len({text_of(each, key) for each in said}) > 1]
    if unlike:
        source = next(each for each in templates if each.dataset is of_study(said))
        text = (
            f"the templates differ in {', '.join(map(describe, unlike))}; a series is of one "
            f"patient and study: all is taken from {source.name}, the earliest by StudyDate"
        )
        severity: Severity = "warning" if set(unlike) & set(_REST) else "info"
        yield Finding("templates-differ", severity, text, path=source.path)


def _person(dataset: pydicom.Dataset, keyword: str) -> str:
    """A name or an ID as they compare: without empty components at the end, and in one case."""
    return text_of(dataset, keyword).split("=")[0].rstrip("^ ").casefold()


def _missing(text: str, path: str = "") -> Finding:
    return Finding("missing-required-value", "error", text, path=path)


def _beam_errors(template: Sheet, plan: pydicom.Dataset | None) -> Iterator[Finding]:
    """A template of a beam that the plan does not have, or has twice."""
    number = whole(template.dataset, _BEAM)
    if number is None and has_value(template.dataset, _BEAM):
        text = f"the template {template.name} is of no readable beam number ({describe(_BEAM)})"
        yield Finding("beam-not-in-plan", "error", text, path=template.path)
    if plan is None or number is None:
        return
    numbers = [whole(each, "BeamNumber") for each in beams(plan)]
    if (count := numbers.count(number)) > 1:
        text = (
            f"the template {template.name} is of beam {number}, and {count} beams of the plan have "
            f"that {describe('BeamNumber')}; which is meant cannot be known"
        )
        yield Finding("beam-number-repeated", "error", text, path=template.path)
    if count:
        return
    there = ", ".join(map(str, numbers)) or "none"
    text = (
        f"the template {template.name} is of beam {number} ({describe(_BEAM)}), which the "
        f"plan does not have (beams: {there}); choose the plan that it is of"
    )
    yield Finding("beam-not-in-plan", "error", text, path=template.path)


#: What image and template should say alike > code, severity and what happens where they do not.
_ALIKE: tuple[tuple[tuple[str, ...], str, Severity, str], ...] = (
    (
        ("Rows", "Columns", "ImagePlanePixelSpacing"),
        "template-size-differs",
        "info",
        "those of the image are taken",
    ),
    (
        (_BEAM, "GantryAngle"),
        "template-beam-differs",
        "warning",
        "check that they were paired as meant: those of the template are taken",
    ),
)
_SAME_ANGLE = 1.0


def _pair_findings(pair: Pair, plan: pydicom.Dataset, machine: Machine) -> Iterator[Finding]:
    image, template = pair.image, pair.template
    for keywords, code, severity, what in _ALIKE:
        unlike = [each for each in keywords if _differ(each, image.dataset, template.dataset)]
        if unlike:
            names = ", ".join(map(describe, unlike))
            text = f"the image {image.name} and its template {template.name} differ in {names}; "
            yield Finding(code, severity, text + what, path=image.path)
    yield from _other_machine(template, machine)
    plans = template.dataset.get("ReferencedRTPlanSequence") or []
    named = {text_of(each, "ReferencedSOPInstanceUID") for each in plans} - {""}
    if named and text_of(plan, "SOPInstanceUID") not in named:
        text = f"the template {template.name} is of another plan than the one chosen"
        yield Finding("template-plan-differs", "warning", text, path=template.path)
    orientation = numbers_of(image.dataset, "RTImageOrientation")
    if orientation and not np.allclose(orientation, UPRIGHT, atol=1e-3):
        text = (
            f"the image {image.name} is turned ((3002,0010) RTImageOrientation); (3002,0012) "
            "RTImagePosition is that of an upright one all the same"
        )
        yield Finding("rt-image-turned", "warning", text, path=image.path)


def _other_machine(template: Sheet, machine: Machine) -> Iterator[Finding]:
    names = ("RadiationMachineName", "DeviceSerialNumber")
    unlike = [
        each
        for each in names
        if has_value(template.dataset, each)
        and text_of(template.dataset, each) != getattr(machine, each)
    ]
    if unlike:
        text = (
            f"the template {template.name} was taken on another machine than the one chosen "
            f"({', '.join(map(describe, unlike))})"
        )
        yield Finding("template-machine-differs", "warning", text, path=template.path)


def _first_beam(pairs: Sequence[Pair], plan: pydicom.Dataset) -> list[Finding]:
    """A finding where the image that gives the series its time is not of the plan's first beam."""
    at = earliest([each.image.dataset for each in pairs], "ContentDate", "ContentTime")
    first = first_beam(plan)
    if at is None or pairs[at].beam == first:
        return []
    text = (
        f"the image that is earliest, {pairs[at].image.name}, is of beam {pairs[at].beam} and not "
        f"of the plan's first beam {first}; (0008,0021) SeriesDate and (0008,0031) SeriesTime are "
        "its ContentDate and ContentTime"
    )
    return [Finding("series-not-from-first-beam", "warning", text, path=pairs[at].image.path)]


def _differ(keyword: str, one: pydicom.Dataset, other: pydicom.Dataset) -> bool:
    """Whether both have numbers there that are not the same; angles to a degree, around 360."""
    first, second = numbers_of(one, keyword), numbers_of(other, keyword)
    if not first or not second:
        return False
    if len(first) != len(second):
        return True
    apart = np.abs(np.subtract(first, second))
    if keyword == "GantryAngle":
        return bool((np.minimum(apart, 360 - apart) > _SAME_ANGLE).any())
    return bool((apart > 1e-6).any())
