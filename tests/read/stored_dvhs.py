"""Items of DVH Sequence, and cases that carry them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from factories import dose, item, save

from rtxr import header_store, model
from rtxr.read.headers import read_header


def dvh_item(volumes, width=0.5, roi=1, kind="CUMULATIVE", **elements):
    """An item as the Standard asks for; an element given as None is left out."""
    data = np.column_stack([np.broadcast_to(width, len(volumes)), volumes]).ravel()
    facts = {
        "DVHType": kind,
        "DoseUnits": "GY",
        "DoseType": "PHYSICAL",
        "DVHDoseScaling": 1,
        "DVHVolumeUnits": "CM3",
        "DVHNumberOfBins": len(volumes),
        "DVHData": [float(value) for value in data],
        "DVHReferencedROISequence": [
            item(ReferencedROINumber=roi, DVHROIContributionType="INCLUDED")
        ],
        **elements,
    }
    return item(**{keyword: value for keyword, value in facts.items() if value is not None})


def case_with(folder, *dvhs, **elements) -> xr.Dataset:
    """A case with the ROIs PTV (1) and Heart (2), and a dose with these DVHs."""
    source = dose(**elements)
    source.DVHSequence = list(dvhs)
    record = read_header(save(folder / "dose", source)).record
    coords = {
        **header_store.pack([record]),
        "dose_uid": ((), source.SOPInstanceUID),
        model.ROI: (model.ROI, ["PTV", "Heart"]),
        model.ROI_NUMBER: (model.ROI, [1, 2]),
    }
    ds = xr.Dataset(coords=coords)
    return ds.assign_coords(
        {name: ("none", []) for name in model.STRUCTURE_COORDS if name not in ds.coords}
    )


def codes(table: pd.DataFrame) -> set[str]:
    """Codes of the findings of a table."""
    return {finding["code"] for finding in table.attrs["findings"]}


def messages(table: pd.DataFrame, code: str) -> list[str]:
    """Messages of the findings of one code."""
    return [each["message"] for each in table.attrs["findings"] if each["code"] == code]
