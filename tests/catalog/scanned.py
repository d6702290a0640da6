"""Tables of written objects, and what their cases hold, in short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from rtxr.catalog import Catalog, build_table
from rtxr.read.scanning.scan import scan_headers


def table_of(folder: Path) -> pd.DataFrame:
    return build_table(scan_headers(folder, progress=False)[0])


def codes(catalog: Catalog) -> list[str]:
    return sorted(finding.code for finding in catalog.findings)


def held(catalog: Catalog) -> list[tuple[Any, ...]]:
    """(image modality, slices, structure set, plan, doses) of each case."""
    return [
        (
            None if case.image is None else case.image["Modality"].iloc[0],
            0 if case.image is None else len(case.image),
            None if case.structure_set is None else case.structure_set["StructureSetLabel"],
            None if case.plan is None else case.plan["RTPlanLabel"],
            [dose["DoseSummationType"] for dose in case.doses],
        )
        for case in catalog.cases
    ]
