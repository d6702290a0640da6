"""The tables of docs/published-cases.md: what rtxr makes of folders of published DICOM files.

The first says what a scan finds, the second how masks agree with those that another program drew of
the same structure sets. Run with the folder of the cases: ``python docs/published_cases.py
path/to/data``. The tables hold counts, codes and volumes only, nothing else of the contents.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import rtxr

PAGE = Path(__file__).parent / "published-cases.md"
#: Folder below the data > where it was published.
FOLDERS = {
    "breast_boost_eclipse": "nroduit/demo-archive, dicompyler-core",
    "oncentra_phantom/simple_phantom_case": "dicom/rtkit",
    "oncentra_phantom/simple_phantom_contours": "dicom/rtkit",
    "oncentra_phantom/single_empty_dose": "dicom/rtkit",
    "oncentra_phantom/single_struct": "dicom/rtkit",
    "proton_dcpt/raystation_plan03": "APTG/2022_DCPT_LET",
    "proton_dcpt/eclipse_plan01": "APTG/2022_DCPT_LET",
    "brachy_hdr_robustbrachy": "DrAndrewKennedy/RobustBrachy",
    "matrad_tg119": "e0404/matRad",
    "ibsi_sts003": "theibsi/data_sets",
    "pymedphys/dicomorient_rtdose_headers": "pymedphys/pymedphys",
    "pymedphys/gamma_agnew_mcgarry_1mm": "pymedphys/pymedphys",
    "pymedphys/pinnacle_rp_rd": "pymedphys/pymedphys",
    "pymedphys/rtdose_wedge_raystation": "pymedphys/pymedphys",
    "pymedphys/rtstruct_monaco": "pymedphys/pymedphys",
    "pymedphys/tiny_vmat": "pymedphys/pymedphys",
    "pylinac/no_preamble": "qatrackplus/pylinac",
    "pylinac/picket_fence_with_plan": "qatrackplus/pylinac",
    "pylinac/plans_rapidarc_qa": "qatrackplus/pylinac",
    "pylinac/reg_winston_lutz": "joey5656/pylinac",
    "pylinac/vmat_epid_as500": "qatrackplus/pylinac",
    "rt_utils/mock_data": "qurit/rt-utils",
    "rt_utils/oriented_data": "qurit/rt-utils",
    "geometry/ct_gantry_tilt_ge": "neurolabusc/dcm_qa_ct",
    "geometry/dicom2nifti_failing/gantrytilting": "icometrix/dicom2nifti",
    "geometry/dicom2nifti_failing/notavolume": "icometrix/dicom2nifti",
    "geometry/dicom2nifti_failing/slicecount": "icometrix/dicom2nifti",
    "geometry/dicom2nifti_failing/sliceincrement/001": "icometrix/dicom2nifti",
    "geometry/dicom2nifti_failing/sliceincrement/002": "icometrix/dicom2nifti",
    "geometry/dicom2nifti_failing/sliceorientation": "icometrix/dicom2nifti",
    "geometry/dicom2nifti_compressed": "icometrix/dicom2nifti",
    "quirks/eyeplan_single_frame_gfov": "bastula/eyeplantodicom",
    "quirks/monaco_no_preamble": "a-mariano/QA-RTplan-Editor",
    "quirks/opentps_small_phantom": "engerlab/OpenTPS-brachyutils",
    "quirks/topas_odd_length_vr": "topasmc/dicom-interface",
    "quirks/viewray_coronal_rtdose": "mwgeurts/viewray_mlc",
    ".": "all of them in one scan",
}
_HEAD = """# Published cases

What rtxr makes of folders of DICOM files that others have published: the cases that a scan forms,
what it notices on the way, and what opening them adds. `docs/published_cases.py` writes this table
from the files, which are not part of rtxr; [Findings](findings.md) says what each code means.

| folder | published by | objects | cases | findings of the scan | findings of opening |
|---|---|---|---|---|---|
"""


#: Folder of images with one structure set each > their masks by MIRP, as published beside them.
DRAWN = {
    f"ibsi_sts003/dicom/{name}": f"ibsi_sts003/nifti/{name}_mask.nii.gz"
    for name in ("CT", "PET", "MR_T1")
}
_DRAWN_HEAD = """
## Masks that another program drew

The masks that the Image Biomarker Standardisation Initiative published beside these structure sets
were drawn by MIRP. Of a grid of larger voxels, a mask holds another volume than the contours
enclose; `coverage` sums to that.

| folder | voxels | theirs | differ | Dice | volume of the mask | difference | of the contours |
|---|---|---|---|---|---|---|---|
"""


def page(data: Path) -> str:
    """The whole page, from the folder that holds the cases."""
    found = "".join(f"| {' | '.join(_row(data, folder))} |\n" for folder in FOLDERS)
    drawn = "".join(f"| {' | '.join(_compared(data, folder))} |\n" for folder in DRAWN)
    return _HEAD + found + _DRAWN_HEAD + drawn


def _compared(data: Path, folder: str) -> tuple[str, ...]:
    """The mask of the one ROI of a case beside the one that was published with it."""
    ds = rtxr.open_dir(data / folder, progress=False)
    roi = ds.roi.item()
    ours, theirs = ds.rt.mask(roi), rtxr.read_nifti(data / DRAWN[folder])
    grid = ours.rt.grid()
    for one, other in zip(grid.axes, theirs.rt.grid().axes, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)
    mine, other = ours.values, theirs.values > 0
    cc = float(np.prod(grid.spacing)) / 1000
    counts = int(mine.sum()), int(other.sum()), int((mine ^ other).sum())
    return (
        f"`{folder}`",
        *map(str, counts),
        f"{2 * int((mine & other).sum()) / (counts[0] + counts[1]):.4f}",
        f"{counts[0] * cc:.3f} cm³",
        f"{100 * (counts[0] / counts[1] - 1):.3f} %",
        f"{ds.rt.volumes()[roi]:.3f} cm³",
    )


def _row(data: Path, folder: str) -> tuple[str, ...]:
    index = rtxr.scan(data / folder, progress=False)
    cases, found = index.cases, index.findings
    texts = Counter(_case(row) for row in cases.to_dict("records"))
    held = "; ".join(text if n == 1 else f"{n} x ({text})" for text, n in texts.items())
    total = folder == "."
    opened = found[:0]
    if len(cases) and not total:
        opened = index.open_tree(progress=False).rt.findings
        opened = opened.merge(found, how="left", indicator=True).query("_merge == 'left_only'")
    return (
        "everything" if total else f"`{folder}`",
        FOLDERS[folder],
        str(len(index)),
        f"{len(cases)} cases" if total else held or "none",
        _codes(found["code"]),
        _codes(opened["code"]),
    )


def _case(row: Mapping[Hashable, Any]) -> str:
    """What one case holds, without its labels."""
    first = row["DoseSummationType"] or "untyped"
    doses = f"dose ({first})" if row["doses"] == 1 else f"{row['doses']} doses ({first} first)"
    varies = f" ({row['varies']})" if row["varies"] else ""
    rt_images = "1 RT image" if row["rt_images"] == 1 else f"{row['rt_images']} RT images"
    parts = {
        f"{row['image']} of {row['slices']} slices{varies}": row["slices"],
        "structure set": pd.notna(row["StructureSetLabel"]),
        "plan": pd.notna(row["RTPlanLabel"]),
        doses: row["doses"],
        rt_images: row["rt_images"],
    }
    return ", ".join(text for text, there in parts.items() if there)


def _codes(codes: Iterable[str]) -> str:
    counts = sorted(Counter(codes).items())
    return ", ".join(code if n == 1 else f"{code} x {n}" for code, n in counts)


if __name__ == "__main__":
    PAGE.write_text(page(Path(sys.argv[1])), encoding="utf-8")
