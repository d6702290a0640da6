"""New objects that users make for an export, on the way that all objects go."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import xarray as xr

from rtxr import model
from rtxr.errors import RTXRError, UnknownNameError, did_you_mean
from rtxr.export.objects import MADE_IN_MEMORY, PLAN, STRUCTURE_SET, Outgoing, made_up
from rtxr.export.overrides import writable
from rtxr.iod.encoding.raw import text_of, values_of
from rtxr.iod.tables import IOD, IODS, OVERLAY_TAGS

#: What the export gives to every object, and what follows from its pixels.
IDENTITY = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "Modality")
SIZES = (
    *("Rows", "Columns", "NumberOfFrames", "BitsAllocated", "BitsStored", "HighBit"),
    *("PixelRepresentation", "PixelData", "SamplesPerPixel"),
)
#: What a copy cannot say of itself: its identity, and what holds for the pixels of another.
_NOT_COPIED = frozenset(
    {
        *(*IDENTITY, *SIZES, *OVERLAY_TAGS, "InstanceNumber", "IconImageSequence"),
        *("DigitalSignaturesSequence", "MACParametersSequence", "EncryptedAttributesSequence"),
    }
)
_OF_ANOTHER = ("General Equipment", "SOP Common")
_DTYPES = ("uint8", "uint16", "int16", "uint32", "int32")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}\.dcm")


@dataclass(frozen=True)
class NewObject:
    """An object that a user's function adds to an export; see :func:`rtxr.register_iod`.

    Parameters
    ----------
    values : mapping
        Values by DICOM keyword, or by the name of a private row. The items of a sequence are
        mappings or pydicom data sets. Identity, and what follows from the pixels, is not given;
        references name the UIDs that the objects have in the Dataset, and follow to the new ones.
    pixels : array_like, optional
        Stored values, (rows, columns) or (frames, rows, columns), integers of 8, 16 or 32 bits.
    header : pydicom.Dataset, optional
        An object to copy from, such as ``ds.rt.header("image")``: of the same SOP class all
        standard elements, of another one those that this IOD has too. ``values`` come first. In any
        case patient and study are those of the case where nothing else is said.
    file_name : str, optional
        Name of the file; ``"SC_1.dcm"`` and so on by default, with numbers that are free.
    variable : str, optional
        By which it is named in ``to_dicom(attributes=...)`` and to ``before_save``; the short name
        of the IOD in lower case by default.
    why : str, optional
        What it was made of, for the table of written files.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    pixels: npt.ArrayLike | None = None
    header: pydicom.Dataset | None = None
    file_name: str = ""
    variable: str = ""
    why: str = MADE_IN_MEMORY

    @property
    def uid(self) -> str:
        """UID by which the values of other new objects name this one; written is another one.

        Raises
        ------
        RTXRError
            It has no file name of its own to be known by.
        """
        if not self.file_name:
            raise RTXRError("give the object a file_name, by which others can refer to it")
        return made_up(self.file_name)


def outgoing(
    new: NewObject, key: str, number: int, ds: xr.Dataset, others: Sequence[Outgoing]
) -> Outgoing:
    """A new object on its way out.

    Parameters
    ----------
    new : NewObject
        As the user made it.
    key : str
        Short name of its IOD.
    number : int
        Of this object among those of one function, from 1.
    ds : Dataset
        The case: its frame of reference is that of the object, where it says none.
    others : sequence of Outgoing
        What is written beside it.

    Raises
    ------
    UnknownNameError
        A keyword that the IOD does not have, or that is not the user's to give.
    RTXRError
        Pixels or a name that cannot be written.
    """
    iod = IODS[key]
    _require(new, key)
    name = _file_name(new.file_name or _next_name(key, number, others), key, others)
    pixels = None if new.pixels is None else _stored(np.asarray(new.pixels), key)
    values = {} if new.header is None else copied(new.header, iod)
    values |= {keyword: _given(iod, keyword, value) for keyword, value in new.values.items()}
    values |= {} if pixels is None else _sizes(pixels, iod, values)
    variable = _variable(new.variable or key.lower(), key)
    if pixels is None:
        _require_no_pixels(iod, key)
    return Outgoing(
        variable=variable,
        iod=iod,
        file_name=name,
        record=None,
        header=None,
        values=values,
        derived={"InstanceNumber": number, **_frame_of_reference(ds, iod)},
        pixels=pixels,
        own_uid=False,
        changes=(new.why or MADE_IN_MEMORY,),
    )


def _require(new: NewObject, key: str) -> None:
    """Raise RTXRError where header or values are of another kind."""
    if not isinstance(new.header, pydicom.Dataset | None):
        raise RTXRError(
            f"header of a new {key} object is a {type(new.header).__name__}; give a pydicom data "
            'set, such as ds.rt.header("image")'
        )
    if not isinstance(new.values, Mapping):
        raise RTXRError(
            f"values of a new {key} object are a {type(new.values).__name__}; give a mapping of "
            'DICOM keywords: {"SeriesDescription": ...}'
        )


def _require_no_pixels(iod: IOD, key: str) -> None:
    """Raise RTXRError for an IOD all of whose objects have pixels."""
    always = (use.module for use in iod.modules if use.usage == "M")
    if any(row.keyword == "Rows" and row.type == "1" for m in always for row in m.attributes):
        raise RTXRError(
            f"a new {key} object has no pixels, and {iod.name} needs them: NewObject(pixels=...), "
            f"whole numbers, {', '.join(_DTYPES)}"
        )


def copied(header: pydicom.Dataset, iod: IOD) -> dict[str, Any]:
    """What an object of an IOD takes from another one, by keyword.

    Of the same SOP class all standard elements but identity; of another one those that this IOD has
    too, without what says by what that one was made. Nothing of pixels, signatures or icons.
    """
    same = text_of(header, "SOPClassUID") == iod.sop_class_uid
    foreign = {
        row.keyword
        for use in iod.modules
        for row in use.module.attributes
        if use.module.name in _OF_ANOTHER
    }
    return {
        keyword: value
        for keyword, value in values_of(header).items()
        if keyword not in _NOT_COPIED and (same or keyword in iod.keywords - foreign)
    }


def _given(iod: IOD, keyword: str, value: Any) -> Any:
    """A value as the tables want it, the items of sequences as data sets."""
    if keyword in (*IDENTITY, *SIZES):
        raise UnknownNameError(f"{keyword} of a new object is given by the export; leave it out")
    if keyword not in iod.keywords:
        raise UnknownNameError(
            f"{keyword!r} is no attribute of {iod.name}; {did_you_mean(keyword, iod.keywords)}"
        )
    return writable(iod, keyword, value)


def _stored(pixels: npt.NDArray[Any], key: str) -> npt.NDArray[Any]:
    if pixels.dtype.name not in _DTYPES:
        raise RTXRError(
            f"pixels of a new {key} object are {pixels.dtype.name}; store {', '.join(_DTYPES)}"
        )
    if pixels.ndim == 3 and pixels.shape[-1] in (3, 4) and pixels.shape[0] > 4:
        raise RTXRError(
            f"pixels of a new {key} object have the shape {pixels.shape}: colour is not supported; "
            "give (rows, columns) or (frames, rows, columns) of grey values"
        )
    if pixels.ndim not in (2, 3) or not pixels.size:
        raise RTXRError(
            f"pixels of a new {key} object have the shape {pixels.shape}; give (rows, columns) or "
            "(frames, rows, columns)"
        )
    return pixels


def _sizes(pixels: npt.NDArray[Any], iod: IOD, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the pixels say of themselves."""
    bits = pixels.dtype.itemsize * 8
    found: dict[str, Any] = {
        "SamplesPerPixel": 1,
        "Rows": pixels.shape[-2],
        "Columns": pixels.shape[-1],
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
    }
    if "PhotometricInterpretation" not in values:
        found["PhotometricInterpretation"] = "MONOCHROME2"
    if pixels.ndim == 3:
        if "NumberOfFrames" not in iod.keywords:
            raise RTXRError(f"{iod.name} has no frames; give pixels of the shape (rows, columns)")
        found["NumberOfFrames"] = len(pixels)
    missing = [keyword for keyword in found if keyword not in iod.keywords]
    if missing:
        raise RTXRError(f"{iod.name} has no pixels: no module of it has {missing[0]}")
    return found


def _next_name(key: str, first: int, others: Sequence[Outgoing]) -> str:
    """Name of a file that was given none: its number, or the next one that is free."""
    taken = {each.file_name.casefold() for each in others}
    names = (f"{key}_{number}.dcm" for number in count(first))
    return next(name for name in names if name.casefold() not in taken)


def _file_name(name: str, key: str, others: Sequence[Outgoing]) -> str:
    if not _FILE_NAME.fullmatch(name):
        raise RTXRError(
            f"file_name={name!r} of a new {key} object: letters, digits, - and _, and .dcm at the "
            "end; no folder"
        )
    if name.casefold() in {each.file_name.casefold() for each in others}:
        raise RTXRError(f"file_name={name!r} of a new {key} object: the export has such a file")
    return name


def _variable(name: str, key: str) -> str:
    """The name of a variable that is none of a case's own."""
    taken = name in (*model.IMAGE_NAMES.values(), STRUCTURE_SET, PLAN)
    if taken or model.DOSE_NAME.fullmatch(name) or model.RT_IMAGE_NAME.fullmatch(name):
        if name != key.lower():
            raise RTXRError(f"variable={name!r} of a new {key} object is one of the case's own")
        return f"new_{name}"
    return name


def _frame_of_reference(ds: xr.Dataset, iod: IOD) -> dict[str, str]:
    if "FrameOfReferenceUID" not in iod.keywords or model.image_name(ds) is None:
        return {}
    return {"FrameOfReferenceUID": model.grid_of(ds).frame_of_reference_uid}
