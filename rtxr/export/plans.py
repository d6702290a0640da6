"""The plan as an object to write."""

from __future__ import annotations

import xarray as xr

from rtxr import model
from rtxr.export.objects import PLAN, Outgoing, Records, source_of
from rtxr.iod.tables import iod_for


def plan_objects(ds: xr.Dataset, records: Records) -> list[Outgoing]:
    """The plan, which is its header; nothing where the Dataset has none."""
    if model.PLAN_UID not in ds.coords:
        return []
    record, header = source_of(records, str(ds[model.PLAN_UID].values))
    if header is None:
        return []
    iod = iod_for(str(header.SOPClassUID))
    return [Outgoing(PLAN, iod, "RTPLAN_1.dcm", record, header)]
