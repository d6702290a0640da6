"""Headers of source files with other values: all that is not touched stays byte for byte.

The record keeps the path of its file, so that an export finds that it differs from it.
"""

from __future__ import annotations

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from rtxr.errors import RTXRError
from rtxr.header_store import Record
from rtxr.iod.encoding.data_set_bytes import data_set_bytes
from rtxr.iod.encoding.raw import elements_of, make, put, text_of, value_of
from rtxr.iod.values import charset
from rtxr.read.sources import source_of

#: What an approval says beside its status (PS3.3 C.8.8.16).
_REVIEW = ("ReviewDate", "ReviewTime", "ReviewerName")


def edited(record: Record, dataset: Dataset) -> Record:
    """The record with what has become of its data set.

    Parameters
    ----------
    record : Record
        Of the source.
    dataset : pydicom.Dataset
        It, parsed and changed.

    Raises
    ------
    RTXRError
        Texts that the source's character set does not have, and that cannot be joined with it.
    """
    texts = [each for each in elements_of(dataset) if isinstance(each, DataElement)]
    if charset.needs_more(dataset, texts):
        declared = value_of(dataset, "SpecificCharacterSet")
        if not charset.to_unicode(dataset, declared):
            raise RTXRError(
                "a text has characters that (0008,0005) SpecificCharacterSet does not have, and "
                "the texts of the source cannot be written in another one: use characters it has"
            )
    source = source_of(record.data, complete=True, name=record.path)
    implicit = not source.encoding.explicit
    front = record.data[: source.start]
    return Record(
        record.uid, record.path, data_set_bytes(dataset, implicit_vr=implicit, front=front)
    )


def unapproved(dataset: Dataset) -> bool:
    """Take an approval or a rejection back, in place; whether there was one."""
    if text_of(dataset, "ApprovalStatus") in ("", "UNAPPROVED"):
        return False
    put(dataset, make("ApprovalStatus", "UNAPPROVED"))
    for keyword in _REVIEW:
        if keyword in dataset:
            del dataset[keyword]
    return True
