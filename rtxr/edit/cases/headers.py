"""Headers of objects that were never files: what a caller says of them, as records of a Dataset.

Such a record has no path. It holds identifiers and facts and nothing that arrays tell, and an
export takes them as given by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import xarray as xr
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_file_meta_info
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from rtxr import header_store
from rtxr.errors import RTXRError, UnknownNameError, did_you_mean
from rtxr.header_store import Record
from rtxr.iod import provenance
from rtxr.iod.encoding.data_set_bytes import data_set_bytes
from rtxr.iod.encoding.raw import elements_of, make, put
from rtxr.iod.owned import OWNED
from rtxr.iod.tables import IOD, IODS
from rtxr.iod.values import charset
from rtxr.read.headers import parse


def new_uid() -> str:
    """A new UID."""
    return str(generate_uid(prefix=None))


def check_facts(facts: Mapping[str, object], iods: Iterable[IOD] = IODS.values()) -> None:
    """Raise where a fact is no attribute of these IODs, or not the caller's to give.

    Raises
    ------
    UnknownNameError
        Names the keyword, and the nearest that exist.
    """
    known = sorted({keyword for iod in iods for keyword in iod.keywords})
    for keyword in facts:
        if keyword not in known:
            raise UnknownNameError(
                f"{keyword!r} is no attribute of the objects made here; "
                f"{did_you_mean(keyword, known)}"
            )
        if keyword in OWNED and OWNED[keyword].new:
            raise UnknownNameError(
                f"{keyword} follows from what the case is made of and cannot be given; give "
                f"{OWNED[keyword].new}"
            )


def facts_of_case(ds: xr.Dataset) -> dict[str, Any]:
    """Patient and study of the first object of a case that has a header; else a new study."""
    records = header_store.unpack(ds) if header_store.has_headers(ds) else {}
    if not records:
        return {"StudyInstanceUID": new_uid()}
    theirs = provenance.same_patient_and_study(parse(next(iter(records.values()))))
    theirs.decode()
    found = {each.keyword: theirs[each.tag].value for each in list(theirs)}
    found.pop("SpecificCharacterSet", None)
    return {"StudyInstanceUID": new_uid(), **found}


def record_of(iod: IOD, values: Mapping[str, Any], uid: str = "") -> Record:
    """A record of an object that was never a file.

    Parameters
    ----------
    iod : IOD
        Its own. Values of attributes that it does not have are left out.
    values : mapping
        By keyword.
    uid : str, optional
        SOP Instance UID (0008,0018); a new one by default.

    Raises
    ------
    RTXRError
        A value does not fit its attribute.
    """
    uid = uid or new_uid()
    made = Dataset()
    own = {"SOPClassUID": iod.sop_class_uid, "SOPInstanceUID": uid, "Modality": iod.modality}
    for keyword, value in {**values, **own}.items():
        if keyword in iod.keywords:
            put(made, _element(keyword, value))
    texts = [each for each in elements_of(made) if isinstance(each, DataElement)]
    if charset.needs_more(made, texts):
        charset.to_unicode(made)
    return encoded(made)


def encoded(made: Dataset) -> Record:
    """A record of a data set that is no file's."""
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    front = DicomBytesIO()
    front.is_little_endian, front.is_implicit_VR = True, False
    front.write(bytes(128) + b"DICM")
    write_file_meta_info(front, made.file_meta, enforce_standard=True)
    data = data_set_bytes(made, implicit_vr=False, front=front.getvalue())
    return Record(str(made.SOPInstanceUID), "", data)


def _element(keyword: str, value: Any) -> DataElement:
    try:
        element = make(keyword, value)
        if element.VR != "SQ":
            buffer = DicomBytesIO()
            buffer.is_little_endian = buffer.is_implicit_VR = True
            write_data_element(buffer, element, ["utf8"])
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise RTXRError(f"{keyword}: a value of VR {dictionary_VR(keyword)} is needed") from error
    return element
