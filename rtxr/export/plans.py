"""The plan as an object to write."""

from __future__ import annotations

from typing import Any

import pydicom
import xarray as xr

from rtxr import model
from rtxr.errors import RTXRError
from rtxr.export.objects import PLAN, Outgoing, Records, source_of
from rtxr.header_store import Record
from rtxr.iod.build import DELETE
from rtxr.iod.encoding.raw import element_at, elements_of, items_of, value_of, vr_of
from rtxr.iod.tables import iod_for
from rtxr.read import headers


def plan_objects(ds: xr.Dataset, records: Records) -> list[Outgoing]:
    """The plan, which is its header; nothing where the Dataset has none."""
    if model.PLAN_UID not in ds.coords:
        return []
    record, header = source_of(records, model.plan_uid(ds))
    if record is None or header is None:
        return []
    iod = iod_for(str(header.SOPClassUID))
    source, values = _edits(record, header)
    return [Outgoing(PLAN, iod, "RTPLAN_1.dcm", record, source, values)]


def _edits(record: Record, header: pydicom.Dataset) -> tuple[pydicom.Dataset, dict[str, Any]]:
    """Header of the source, and what was edited of it, so that flaws of an edit are not its own.

    Where its file is out of reach, or its texts were recoded, the header is all there is.
    """
    if not record.path:
        return header, {}
    try:
        file = headers.read_header(record.path, record.uid).record
    except (OSError, RTXRError):
        return header, {}
    if file.data == record.data:
        return header, {}
    source = headers.parse(file)
    tags = {each.tag for dataset in (source, header) for each in elements_of(dataset)}
    edited = [tag for tag in tags if element_at(source, tag) != element_at(header, tag)]
    keywords = {tag: pydicom.datadict.keyword_for_tag(tag) for tag in edited}
    if not all(keywords.values()) or "SpecificCharacterSet" in keywords.values():
        return header, {}
    return source, {keyword: _value(header, tag) for tag, keyword in keywords.items()}


def _value(header: pydicom.Dataset, tag: pydicom.tag.BaseTag) -> Any:
    element = element_at(header, tag)
    if element is None:
        return DELETE
    return items_of(header, tag) if vr_of(element) == "SQ" else value_of(header, tag)
