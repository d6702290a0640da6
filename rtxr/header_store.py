"""The files' own headers inside a Dataset: bytes in, bytes out, keyed by SOPInstanceUID.

Three coordinates on two dimensions of their own, so that no selection along a grid can corrupt
them: ``header_uid`` and ``header_stop`` along ``header``, and ``header_data`` along
``header_byte``. One record is the path of the source file, a zero byte and a DICOM file without
its bulk (PixelData, ContourData). Bytes, not text: no name shows in a repr, netCDF and zarr take
them as they are, and untouched elements are written back as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rtxr.errors import MissingDataError

HEADER, HEADER_BYTE = "header", "header_byte"
HEADER_UID, HEADER_STOP, HEADER_DATA = "header_uid", "header_stop", "header_data"
HEADER_COORDS = (HEADER_UID, HEADER_STOP, HEADER_DATA)


@dataclass(frozen=True)
class Record:
    """One source object without its bulk.

    Parameters
    ----------
    uid : str
        SOP Instance UID (0008,0018), or a made-up key where the file has none.
    path : str
        Source file; empty for objects made in memory.
    data : bytes
        DICOM file (preamble, file meta, data set) without PixelData and ContourData.
    """

    uid: str
    path: str
    data: bytes


def pack(records: Sequence[Record]) -> dict[str, xr.Variable]:
    """Coordinates that hold the records."""
    blobs = [
        record.path.encode("utf-8", "surrogateescape") + b"\0" + record.data for record in records
    ]
    uids = np.array([record.uid for record in records], dtype=np.str_)
    stops = np.cumsum([len(blob) for blob in blobs], dtype=np.int64)
    data = np.frombuffer(b"".join(blobs), dtype=np.uint8)
    attrs = {"long_name": "source headers without bulk data"}
    return {
        HEADER_UID: xr.Variable((HEADER,), uids, {"long_name": "SOPInstanceUID"}),
        HEADER_STOP: xr.Variable(
            (HEADER,), stops, {"long_name": "end of the record in header_data"}
        ),
        HEADER_DATA: xr.Variable((HEADER_BYTE,), data, attrs),
    }


def has_headers(ds: xr.Dataset) -> bool:
    """Whether the Dataset carries source headers."""
    return all(name in ds.coords for name in HEADER_COORDS)


def unpack(ds: xr.Dataset, uids: Iterable[str] | None = None) -> dict[str, Record]:
    """Records by SOPInstanceUID, all of them or those asked for that exist.

    Raises
    ------
    MissingDataError
        The Dataset carries no headers.
    """
    if not has_headers(ds):
        raise MissingDataError(
            "this Dataset carries no source headers (coordinates header_uid, header_stop, "
            "header_data); ds[[...]] drops them, ds.drop_vars(...) keeps them"
        )
    wanted = None if uids is None else {str(uid) for uid in uids}
    stops = np.asarray(ds[HEADER_STOP].values, dtype=np.int64)
    starts = np.concatenate([[0], stops[:-1]])
    data = np.asarray(ds[HEADER_DATA].values, dtype=np.uint8)
    records = {}
    for uid, start, stop in zip(ds[HEADER_UID].values, starts, stops, strict=True):
        if wanted is None or str(uid) in wanted:
            path, _, header = data[start:stop].tobytes().partition(b"\0")
            records[str(uid)] = Record(str(uid), path.decode("utf-8", "surrogateescape"), header)
    return records


def replace(ds: xr.Dataset, records: Iterable[Record]) -> xr.Dataset:
    """A new Dataset in which these records stand for, or are added to, those it carries."""
    kept = unpack(ds) if has_headers(ds) else {}
    kept.update({record.uid: record for record in records})
    bare = ds.drop_vars([name for name in HEADER_COORDS if name in ds.coords])
    return bare.assign_coords(pack(list(kept.values())))
