"""The tables of docs/published-cases.md: what rtxr makes of folders of published DICOM files.

The first says what a scan finds, the second how masks agree with those that another program drew of
the same structure sets, the others how DVHs agree with those that came with the doses. Run with the
folder of the cases: ``python docs/published_cases.py path/to/data``. The tables hold counts, codes,
labels of ROIs, volumes and doses only, nothing else of the contents.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import rtxr
from rtxr.contour_points import contours_of
from rtxr.geometry import FloatArray

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

#: Folder below the data > whose DVHs came with its dose.
WITH_DVHS = {"breast_boost_eclipse": "breast", "brachy_hdr_robustbrachy": "prostate"}
_POINTS = ("volume", "mean", "D98%", "D50%", "D2%", "V7Gy")
_DVHS_HEAD = """
## DVHs that came with the doses

Two doses carry DVHs. `ds.rt.dvh_compare()` gives what is stored and, in brackets, by how much the
computed values differ: without end caps (`end_cap="none"`), and with those of half a spacing
(`"half"`, the default). Volumes in cm³ and differences in %; doses in Gy; V7Gy in % of the volume.

| case | ROI | volume | mean | D98% | D50% | D2% | V7Gy |
|---|---|---|---|---|---|---|---|
"""
_PARTS_HEAD = """
Volumes without end caps are the closer ones: the program that stored them ends a structure at its
outermost contours. Those of the prostate case agree to the last digit that is stored. Its first
stored DVH says that the urethra is excluded, and holds the whole prostate. Of its doses nothing
follows: its dose grid ends within the structures (a quarter of each is outside), and the stored
curves do not.

The stored minima, means and maxima of the breast case are percent of 14 Gy although they say GY,
and its volumes belong to the centres of their bins, which the means show. What the volumes are made
of (without end caps; the width is that of contours as strips):

| ROI | stored | computed | with 0.005 Gy or more | inside BODY | planes | width |
|---|---|---|---|---|---|---|
"""
_PARTS_FOOT = """
- **BODY**: the stored curve begins at 0.005 Gy, the centre of its first bin, and what has less
  dose, 5 % of the volume, is not in it. From there on the computed volume is 0.07 % smaller; D98%,
  D50% and D2% refer to another whole. The dose grid ends at the outermost contours, so that end
  caps reach beyond it by 1 % of the volume.
- **Scar**: a strip in six planes, about as wide as a voxel of the dose (2.5 mm). A fifth of it
  lies outside BODY; the stored doses, 1.23 to 11.55 Gy, lack those of its rim (0.84 to 12.43 Gy).
- **Borders, Nodes**: two and four planes, so that end caps add a whole spacing to one or three.
- The other five differ by less than 0.8 % in volume, their mean doses by less than 0.006 Gy, for
  which no cause was found.
"""


def page(data: Path) -> str:
    """The whole page, from the folder that holds the cases."""
    found = "".join(f"| {' | '.join(_row(data, folder))} |\n" for folder in FOLDERS)
    drawn = "".join(f"| {' | '.join(_compared(data, folder))} |\n" for folder in DRAWN)
    cases = {folder: rtxr.open_dir(data / folder, progress=False) for folder in WITH_DVHS}
    stored = "".join(
        f"| {WITH_DVHS[folder]} | {' | '.join(row)} |\n"
        for folder, ds in cases.items()
        for row in _beside(ds)
    )
    parts = "".join(f"| {' | '.join(row)} |\n" for row in _parts(cases["breast_boost_eclipse"]))
    dvhs = _DVHS_HEAD + stored + _PARTS_HEAD + parts + _PARTS_FOOT
    return _HEAD + found + _DRAWN_HEAD + drawn + dvhs


def _beside(ds: xr.Dataset) -> Iterable[tuple[str, ...]]:
    """Stored metrics, and how computed ones differ without and with end caps."""
    none, half = (ds.rt.dvh_compare(names=_POINTS, end_cap=cap) for cap in ("none", "half"))
    for roi in none.index:
        cells = []
        for name in _POINTS:
            stored = none.loc[roi, (name, "stored")]
            off = [table.loc[roi, (name, "difference")] for table in (none, half)]
            if name == "volume":
                apart = ", ".join(f"{100 * each / stored:+.2f} %" for each in off)
            else:
                apart = ", ".join(_signed(each) for each in off)
            cells.append(f"{stored:.3f} ({apart})" if np.isfinite(stored) else "–")
        yield (roi, *cells)


def _signed(value: float) -> str:
    return f"{value:+.3f}" if np.isfinite(value) else "–"


def _parts(ds: xr.Dataset) -> Iterable[tuple[str, ...]]:
    """What the volume of each ROI with a stored DVH is made of."""
    stored = ds.rt.dvh_stored()
    own = ds.rt.dvh(list(stored.columns), end_cap="none", bin_width=0.005)
    body = ds.rt.coverage("BODY")
    for roi in stored.columns:
        covered = ds.rt.coverage(roi)
        inside = float((covered * body).sum() / covered.sum())
        contours = [points for _, points in contours_of(ds, roi)]
        widths = [_width(points) for points in contours]
        yield (
            roi,
            f"{stored[roi].iloc[0]:.3f} cm³",
            f"{own[roi].iloc[0]:.3f} cm³",
            f"{own[roi].iloc[1]:.3f} cm³",
            f"{100 * inside:.0f} %",
            str(len({float(points[0, 2]) for points in contours})),
            f"{min(widths):.1f} to {max(widths):.1f} mm",
        )


def _width(points: FloatArray) -> float:
    """Twice the area of a contour by its length, mm: the width of a strip."""
    x, y = points[:, 0], points[:, 1]
    following = np.roll(points, -1, axis=0)
    length = float(np.linalg.norm(following - points, axis=1).sum())
    return abs(float((x * following[:, 1] - following[:, 0] * y).sum())) / length


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
