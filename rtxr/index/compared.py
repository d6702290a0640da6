"""Content hashes of files that claim to be one object: copies, or not."""

from __future__ import annotations

import pandas as pd

from rtxr.read.scanning.listing import PathLike
from rtxr.read.scanning.scan import digests


def with_digests(table: pd.DataFrame, cache: PathLike | None = None) -> pd.DataFrame:
    """The table with hashes of the files that share a SOPInstanceUID, which are read whole.

    Parameters
    ----------
    table : DataFrame
        As from :func:`rtxr.catalog.build_table`.
    cache : path, optional
        Of the scan: what has been hashed before is looked up there.
    """
    uids = table["SOPInstanceUID"]
    alike = table.duplicated(["SOPInstanceUID", "bytes"], keep=False)  # others differ anyway
    asked = alike & (uids != "") & (table["digest"] == "")
    if not asked.any():
        return table
    table = table.copy()
    table.loc[asked, "digest"] = digests(table.loc[asked, "path"].tolist(), cache)
    return table
