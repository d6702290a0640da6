"""What one reader hands to the case: variables, coordinates, header records, findings."""

from __future__ import annotations

from dataclasses import dataclass, field

import xarray as xr

from rtxr.errors import Finding
from rtxr.header_store import Record


@dataclass
class Part:
    """Contribution of one object (an image series, a structure set, a dose, a plan) to a case.

    Parameters
    ----------
    data_vars, coords : dict
        By name, as they go into the Dataset.
    records : list of Record
        Headers of the files.
    findings : list of Finding
        What the reader noticed.
    """

    data_vars: dict[str, xr.Variable] = field(default_factory=dict)
    coords: dict[str, xr.Variable] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
