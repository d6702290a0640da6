"""What a changed object says about itself: what it was made from, by what, when, and unapproved.

The source's Manufacturer and model stay, since they say what acquired or planned; rtxr is added as
contributing equipment (PS3.3 C.12.1) and to Software Versions. An object without source has rtxr as
its manufacturer.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rtxr.iod.build import DELETE
from rtxr.iod.encoding.raw import elements_of, has_value, item, items_of, text_of, value_of
from rtxr.iod.modules import patient
from rtxr.iod.tables import IOD

NAME = "rtxr"
_APPROVAL = ("ReviewDate", "ReviewTime", "ReviewerName")
#: Dates and times of the last change of what an object says (PS3.3 C.8.8.5, C.8.8.9).
_CHANGED_AT = (("StructureSetDate", "StructureSetTime"), ("RTPlanDate", "RTPlanTime"))
_LONGEST_DESCRIPTION, _LONGEST_VERSION = 1024, 64
_PATIENT_AND_STUDY = (
    patient.PATIENT,
    patient.CLINICAL_TRIAL_SUBJECT,
    patient.GENERAL_STUDY,
    patient.PATIENT_STUDY,
    patient.CLINICAL_TRIAL_STUDY,
)


def changed_values(
    iod: IOD,
    header: Dataset | None,
    description: str,
    *,
    derived: bool = True,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Values that every changed object takes, besides those that changed.

    Parameters
    ----------
    iod : IOD
        Of the object.
    header : pydicom.Dataset or None
        Its source, None for an object made from scratch.
    description : str
        What was done, in one sentence.
    derived : bool, default: True
        Whether pixels or geometry are other than the source's, in any slice of a series, which
        makes an image a derived one.
    now : datetime, optional
        Time of the change.

    Returns
    -------
    dict
        By keyword, for :func:`rtxr.iod.build.build`.
    """
    at = now or datetime.now()
    date, time = at.strftime("%Y%m%d"), at.strftime("%H%M%S.%f")
    values: dict[str, Any] = {"InstanceCreationDate": date, "InstanceCreationTime": time}
    values |= _equipment(header, description, at)
    for day, hour in _CHANGED_AT:
        if day in iod.keywords:
            values |= {day: date, hour: time}
    if header is not None and "ContentDate" in header:
        values |= {"ContentDate": date, "ContentTime": time}
    if header is not None and "ApprovalStatus" in header:
        values["ApprovalStatus"] = "UNAPPROVED"
        values |= {keyword: DELETE for keyword in _APPROVAL if keyword in header}
    planes = {"ImageOrientationPatient", "RTImagePlane"}
    if derived and planes & iod.keywords and "DerivationDescription" in iod.keywords:
        values |= _image(header, description)
    return values


def same_patient_and_study(header: Dataset) -> Dataset:
    """What one object says of patient and study, as the start of another one of that study.

    Its elements are the very ones, with the character set they are in.
    """
    wanted = {row.tag for module in _PATIENT_AND_STUDY for row in module.attributes}
    wanted.add(Tag("SpecificCharacterSet"))
    made = Dataset({each.tag: each for each in elements_of(header) if each.tag in wanted})
    implicit, little = header.original_encoding
    made.set_original_encoding(implicit, little, header.original_character_set)
    made._parent_encoding = header._parent_encoding
    return made


def says_its_making(header: Dataset | None) -> bool:
    """Whether an object names rtxr among what contributed to it."""
    items = [] if header is None else items_of(header, "ContributingEquipmentSequence")
    return any(text_of(each, "Manufacturer") == NAME for each in items)


@cache  # which reads a file
def software_version() -> str:
    """Name and version of this package."""
    try:
        return f"{NAME} {version(NAME)}"[:_LONGEST_VERSION]
    except PackageNotFoundError:  # run from a source tree that was not installed
        return NAME


def _equipment(header: Dataset | None, description: str, at: datetime) -> dict[str, Any]:
    own = software_version()
    if header is None:
        return {"Manufacturer": NAME, "ManufacturerModelName": NAME, "SoftwareVersions": own}
    contribution = item(
        Manufacturer=NAME,
        ManufacturerModelName=NAME,
        SoftwareVersions=own,
        ContributionDateTime=at.strftime("%Y%m%d%H%M%S.%f"),
        ContributionDescription=description[:_LONGEST_DESCRIPTION],
        PurposeOfReferenceCodeSequence=[
            item(
                CodeValue="109103", CodingSchemeDesignator="DCM", CodeMeaning="Modifying Equipment"
            )
        ],
    )
    before = value_of(header, "SoftwareVersions") if has_value(header, "SoftwareVersions") else []
    versions = [before] if isinstance(before, str) else list(before or [])
    return {
        "SoftwareVersions": versions if own in versions else [*versions, own],
        "ContributingEquipmentSequence": [
            *items_of(header, "ContributingEquipmentSequence"),
            contribution,
        ],
    }


def _image(header: Dataset | None, description: str) -> dict[str, Any]:
    """An image that is derived says so, and how (PS3.3 C.7.6.1.1.2)."""
    before = text_of(header, "DerivationDescription")
    text = f"{before}; {description}" if before else description
    values: dict[str, Any] = {"DerivationDescription": text[:_LONGEST_DESCRIPTION]}
    if header is not None:
        kinds = value_of(header, "ImageType") or []
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        if kinds:
            values["ImageType"] = ["DERIVED", *kinds[1:]]
    return values
