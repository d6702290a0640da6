"""RT Images made of an image and a template each: what the imager measured, of which beam.

The rules are rows of :mod:`rtxr.iod.rt_image_template`. What comes out is a case like any other:
new headers that no file has, and pixels that are read from the images when touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pydicom
import xarray as xr

from rtxr import header_store, machines, model
from rtxr.edit.cases.headers import encoded
from rtxr.edit.rt_images.checks import Pair, errors_of, findings_of
from rtxr.edit.rt_images.order import out_of_order
from rtxr.edit.rt_images.sheets import Desk, Given, Pairs, PathLike, Sheet, desk, paired
from rtxr.errors import ConformanceError, Finding, RTXRError, merged
from rtxr.header_store import Record
from rtxr.iod import made_of, provenance
from rtxr.iod import rt_image_template as recipe
from rtxr.iod.build import build
from rtxr.iod.rt_image import RT_IMAGE
from rtxr.iod.rt_image_series import beam_of, of_study, series_values
from rtxr.machines import Machine
from rtxr.read.headers import Header, header_of, read_header
from rtxr.read.part import Part
from rtxr.read.rt_image import read_rt_images
from rtxr.read.sources import source_of

_MADE = "made of an image, a template and a plan"
_MADE_OF_EDITED = "made of an image with edited pixels, a template and a plan"


def rt_image_from_template(
    images: Given,
    templates: Given,
    plan: PathLike | xr.Dataset,
    *,
    machine: str | Machine,
    PatientName: str | None = None,  # noqa: N803 (as DICOM spells it)
    PatientID: str | None = None,  # noqa: N803
    pairs: str | Pairs = "order",
) -> xr.Dataset:
    """Make new RT Images, each of an image and a template.

    An imager in development mode says what it measured, and little about the treatment; a template
    of the same beam, delivered in production mode, says the rest.

    Parameters
    ----------
    images : path, Dataset or sequence of them
        RT Image files, folders, zip archives or open Datasets: pixels, and what was measured.
        Files given one by one are in that order, those of a folder or archive in the natural
        order of their names (``image_2`` before ``image_10``), those of a Dataset in that of its
        dimension ``image``.
    templates : path, Dataset or sequence of them
        As ``images``: treatment context, such as exposure, angles, beam and fraction.
    plan : path or Dataset
        RT Plan or RT Ion Plan that the new images refer to: a file, a folder or archive with one
        plan, or a case that has one.
    machine : str or Machine
        Name of a machine in :mod:`rtxr.machines`, or a machine.
    PatientName, PatientID : str, optional
        By default that of the first image that has one, else of the first template, else of the
        plan.
    pairs : "order", sequence of (int, int) or callable, default: "order"
        Which template goes with which image: by their order, with a finding where their dates and
        times are in another one; or pairs of places, ``(image, template)``, from 0; or a function
        of the headers of all images and those of all templates (lists of pydicom data sets) that
        gives such pairs. Each image and each template stands in one pair.

    Returns
    -------
    Dataset
        ``rt_image`` (image, receptor_y, receptor_x) and its coordinates, as from files, in the
        order of the images; ``ds.rt.to_dicom(out)`` writes one file per pair, in one new series.
        ``ds.rt.findings`` says what is unlike in images, templates, plan and machine.

    Raises
    ------
    ConformanceError
        Images, templates and plan cannot be used together: numbers that differ, a beam that the
        plan does not have, templates of several studies, missing values. ``findings`` holds all
        that is wrong, ``table`` the same as a table.
    FileNotFoundError
        A path does not exist.
    UnknownNameError
        No machine has this name.
    RTXRError
        An argument of another kind.

    Notes
    -----
    RTImagePosition is the centre of the upper left pixel of an image that is centred on the beam
    axis, y pointing up: x = -(Columns - 1) / 2 x column spacing, y = (Rows - 1) / 2 x row spacing.
    SOPInstanceUID, SeriesInstanceUID and FrameOfReferenceUID (one per image) are new, the study is
    that of the templates. StudyDate and StudyTime are those of the template that is earliest,
    SeriesDate and SeriesTime ContentDate and ContentTime of the image that is; AcquisitionDate and
    InstanceCreationDate (and times) are the image's ContentDate. StationName is the name of the
    machine. Sequences of the template are taken with all they hold, and its private block 3273 as
    it is. Patient position and leaf boundaries are the plan's where the template has none. What
    nothing here names is as in the template (of patient, study and series as in the one that is
    earliest), else (patient and study) as in the plan, else empty where the Standard asks for it;
    approval, signatures and references of the template are left out. ImageType says DERIVED where
    an open Dataset has other values than its files; of what is edited after this, say so yourself.
    See :mod:`rtxr.iod.rt_image_template` for every attribute.

    Examples
    --------
    >>> import rtxr
    >>> ds = rtxr.rt_image_from_template(
    ...     "measured/", "templates/", "plan.dcm",
    ...     machine=rtxr.Machine("TB1", DeviceSerialNumber="1234"),
    ...     PatientID="QA",
    ... )  # doctest: +SKIP
    >>> ds.rt.findings  # doctest: +SKIP
    >>> ds.rt.to_dicom("out/")  # doctest: +SKIP
    """
    chosen = machines.find(machine)
    user = {"PatientName": PatientName, "PatientID": PatientID}
    return rt_images_of(desk(images, templates, plan), chosen, user, pairs)


def rt_images_of(
    on: Desk, machine: Machine, user: Mapping[str, str | None], pairs: str | Pairs = "order"
) -> xr.Dataset:
    """New RT Images of what was read already; else as :func:`rt_image_from_template`.

    Parameters
    ----------
    on : Desk
        Images, templates and plan.
    machine : Machine
        Where the images were taken.
    user : mapping of str to str or None
        PatientName and PatientID; None for that of the files.
    pairs : "order", sequence of (int, int) or callable, default: "order"
        Which template goes with which image.
    """
    errors, plan = [*on.errors], on.plan
    places, unpaired = paired(on.images, on.templates, pairs)
    if on.images and on.templates:
        errors += unpaired
    errors += errors_of(on.images, on.templates, plan)
    in_order = zip(on.images, on.templates, strict=False)  # what is wrong is told of these too
    couples = [Pair(on.images[at], on.templates[of]) for at, of in places]
    couples = couples or [Pair(*each) for each in in_order]
    made: list[tuple[Pair, Record]] = []
    if plan is not None:
        made, more = _made(couples, plan, machine, user)
        errors += more
    if errors or plan is None:
        raise _refused(errors)
    part = read_rt_images([_readable(pair.image, record) for pair, record in made])
    if unreadable := [each for each in part.findings if each.severity == "error"]:
        raise _refused(unreadable)
    told = findings_of(couples, plan, machine, user)
    if isinstance(pairs, str):
        told = [*out_of_order(on.images, on.templates), *told]
    return _dataset(part, made, told)


def _refused(errors: Sequence[Finding]) -> ConformanceError:
    found = merged(errors)
    return ConformanceError(f"no RT Image was made: {len(found)} thing(s) are wrong", found)


def _made(
    pairs: Sequence[Pair], plan: pydicom.Dataset, machine: Machine, user: Mapping[str, Any]
) -> tuple[list[tuple[Pair, Record]], list[Finding]]:
    """The header of each new image, and all that is wrong with them."""
    if not pairs:
        return [], []
    series = series_values(
        [each.image.dataset for each in pairs], [each.template.dataset for each in pairs], plan
    )
    said: dict[str, Mapping[str, Any]] = {
        recipe.MACHINE: {
            "RadiationMachineName": machine.RadiationMachineName,
            "DeviceSerialNumber": machine.DeviceSerialNumber,
        },
        recipe.USER: {key: series.get(key) if own is None else own for key, own in user.items()},
        recipe.SERIES: series,
    }
    made, errors = [], []
    common = {recipe.PLAN: plan, recipe.FIRST: of_study([each.template.dataset for each in pairs])}
    for pair in pairs:
        header, wrong = _header(pair, common, said)
        errors += wrong
        if not wrong:
            made.append((pair, encoded(header)))
    return made, errors


def _header(
    pair: Pair,
    common: Mapping[str, pydicom.Dataset],
    said: Mapping[str, Mapping[str, Any]],
) -> tuple[pydicom.Dataset, list[Finding]]:
    """The header of one new image, and what is wrong with it."""
    plan = common[recipe.PLAN]
    files = {**common, recipe.IMAGE: pair.image.dataset, recipe.TEMPLATE: pair.template.dataset}
    sources, unreadable = made_of.in_one_character_set(files)
    if unreadable:
        text = (
            f"{pair.image.name}, {pair.template.name}: the texts of {', '.join(unreadable)} are "
            "not in the (0008,0005) SpecificCharacterSet that is named there"
        )
        return plan, [Finding("character-set", "error", text, path=pair.image.path)]
    sources[recipe.BEAM] = beam_of(plan, pair.beam) or pydicom.Dataset()
    header, values = made_of.by_rules(recipe.RULES, sources, said)
    _, added = made_of.by_rules(recipe.ADDED, sources, {})
    made_of.take_group(header, sources[recipe.TEMPLATE], recipe.PRIVATE_GROUP)
    made_of.name_character_set(header, sources[recipe.TEMPLATE])
    edited = _is_edited(pair.image)
    how = _MADE_OF_EDITED if edited else _MADE
    making = provenance.changed_values(RT_IMAGE, header, how, derived=edited)
    values |= {**added, **{key: making[key] for key in _MAKING if key in making}}
    built = build(RT_IMAGE, header, values)
    return built.dataset, [replace(each, uid="") for each in built.violations]


#: What is said of the making; the last two of an image whose pixels are no measured ones any more.
_MAKING = ("ContributingEquipmentSequence", "ImageType", "DerivationDescription")


def _is_edited(image: Sheet) -> bool:
    """Whether an open image has other values than its file, where that is within reach."""
    if image.values is None or not image.path:
        return False
    try:
        part = read_rt_images([read_header(image.path, image.header.record.uid)])
        (variable,) = part.data_vars.values()
        return not np.array_equal(variable[0].values, _ascending(image.values))
    except (OSError, RTXRError, ValueError):  # moved since, or another one by now
        return False


def _dataset(
    part: Part, made: Sequence[tuple[Pair, Record]], findings: Sequence[Finding]
) -> xr.Dataset:
    """The new images as they would be read, their pixels where the images have them."""
    values = {record.uid: pair.image.values for pair, record in made}
    data_vars = {name: _with_values(name, part, values) for name in part.data_vars}
    told = [replace(each, path="") for each in part.findings]
    attrs = {model.FINDINGS_ATTR: model.findings_to_json([*merged(findings), *told])}
    records = header_store.pack([record for _, record in made])
    return xr.Dataset(data_vars, {**part.coords, **records}, attrs)


def _readable(image: Sheet, record: Record) -> Header:
    """A new header before the pixels of the image."""
    header = header_of(source_of(record.data, complete=True, name=image.path), uid=record.uid)
    return replace(
        header,
        record=replace(record, path=image.path),
        pixels=image.header.pixels,
        transfer_syntax=image.header.transfer_syntax,
        big_endian=image.header.big_endian,
    )


def _with_values(name: str, part: Part, values: Mapping[str, xr.DataArray | None]) -> xr.Variable:
    """A variable, with the values of images that were open already in their places."""
    variable = part.data_vars[name]
    uids = [str(uid) for uid in part.coords[model.uid_name(name)].values]
    if all(values[uid] is None for uid in uids):
        return variable
    planes = [
        variable[at].values if (own := values[uid]) is None else _ascending(own)
        for at, uid in enumerate(uids)
    ]
    return xr.Variable(variable.dims, np.stack(planes), variable.attrs)


def _ascending(plane: xr.DataArray) -> Any:
    return plane.sortby([str(dim) for dim in plane.dims if dim in plane.coords]).values
