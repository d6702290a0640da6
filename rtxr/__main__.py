"""The main job from a shell: ``python -m rtxr [FOLDER] --out OUT``.

Opens the folder (without one, the synthetic patient), prints what it holds, exports the case as
DICOM, prints the DVH metrics and draws a slice, the DVHs and the beams. ``python -m rtxr FOLDER
--validate`` only checks the files against the Standard.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd
import xarray as xr

import rtxr
from rtxr import model

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_EXIT = (
    "Exit status: 0 when it is done (with --validate: the Standard forbids nothing that was found; "
    "warnings do not count), 1 when rtxr had to refuse or --validate found an error, 2 when the "
    "arguments are wrong."
)


def main(arguments: list[str] | None = None) -> int:
    """Run the main job; see :data:`_EXIT` for the exit status."""
    parser = argparse.ArgumentParser(prog="python -m rtxr", description=__doc__, epilog=_EXIT)
    parser.add_argument("folder", nargs="?", type=Path, help="DICOM RT files (default: phantom)")
    parser.add_argument("--case", help="which case, where the folder holds several")
    parser.add_argument("--out", type=Path, default=Path("out"), help="for results (default: out)")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier export")
    parser.add_argument("--validate", action="store_true", help="only check the files of FOLDER")
    options = parser.parse_args(arguments)
    if options.validate:
        return check(options.folder or parser.error("--validate needs a FOLDER (or file)"))
    folder = options.folder or rtxr.tutorial.phantom(options.out / "phantom")
    try:
        run(folder, options.out, case=options.case, overwrite=options.overwrite)
    except (rtxr.RTXRError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        if isinstance(error, rtxr.errors.AmbiguousCaseError):
            print("In a shell: python -m rtxr FOLDER --case 1", file=sys.stderr)
        if isinstance(error, rtxr.errors.ExistingFilesError):
            print("In a shell: --overwrite, or another --out", file=sys.stderr)
        return 1
    return 0


def check(path: Path) -> int:
    """Say what is wrong with DICOM files; the exit status is 1 where the Standard forbids it."""
    try:
        table = rtxr.validate(path)
    except (rtxr.RTXRError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    for row in table.to_dict("records"):
        told = "; ".join(filter(None, (row["message"], row["fix"])))
        print(f"{row['severity']} {row['code']}: {told} [{row['path']}]")
    counts = table["severity"].value_counts()
    print(", ".join(f"{counts.get(each, 0)} {each}(s)" for each in ("error", "warning", "info")))
    return int("error" in counts)


def run(folder: Path, out: Path, *, case: str | None = None, overwrite: bool = False) -> None:
    """Open, show, export, compute and draw one case: what is refused leaves no new pictures."""
    index = rtxr.scan(folder)
    print(index, "\n")
    ds = index.open(case=case)
    print(ds)
    _show_findings("Findings", ds.rt.findings)
    if model.PLAN_UID in ds.coords:
        _show_plan(ds)
    written = ds.rt.to_dicom(out / "dicom", overwrite=overwrite)
    _show_findings("Findings of the export", pd.DataFrame(written.attrs["findings"]))
    pictures = _pictures(ds, out)
    counts = ", ".join(f"{n} {iod}" for iod, n in written["IOD"].value_counts().items())
    print("\nPictures: " + (", ".join(map(str, pictures)) or "none"))
    print(f"DICOM files: {out / 'dicom'} ({counts})")


def _show_plan(ds: xr.Dataset) -> None:
    """Tables of a plan that have rows: beams, or channels, and what is prescribed."""
    columns = ["BeamNumber", "BeamName", "RadiationType", "BeamMeterset", "BeamDose"]
    tables = {
        "Beams": ds.rt.beams().filter(columns),
        "Channels": ds.rt.channels().dropna(axis="columns", how="all"),
        "Prescriptions": ds.rt.prescriptions().dropna(axis="columns", how="all"),
    }
    for title, table in tables.items():
        if len(table):
            _show(title, table)


def _pictures(ds: xr.Dataset, out: Path) -> list[Path]:
    """Structures, DVH metrics and figures, as far as the case holds them."""
    made = []
    if model.image_name(ds) or model.dose_names(ds):
        made.append(_save(ds.rt.plot_slice(**_middle(ds)), out / "slice.png"))
    if model.ROI in ds.coords:
        _show("Structures", ds.rt.structures())
        if model.dose_names(ds):
            metrics = ds.rt.dvh_metrics()
            _show("DVH metrics", metrics.round(3))
            known = {(each.code, each.message) for each in ds.rt.findings.itertuples()}
            found = [
                each
                for each in metrics.attrs["findings"]
                if (each["code"], each["message"]) not in known
            ]
            _show_findings("Findings of the metrics", pd.DataFrame(found))
            made.append(_save(ds.rt.plot_dvh(static=True), out / "dvh.png"))
    beams = ds.rt.beams() if model.PLAN_UID in ds.coords else pd.DataFrame()
    return made + [
        _save(ds.rt.plot_beam(number), out / f"beam_{number}.png")
        for number in beams.get("BeamNumber", [])
    ]


def _middle(ds: xr.Dataset) -> dict[str, float]:
    """The slice through the hottest dose, which is the one to look at first."""
    if not model.dose_names(ds) or not ds.rt.grid(model.DOSE).is_axis_aligned:
        return {}
    dose = ds[model.DOSE]
    hottest = dose.isel(dose.argmax(list(dose.dims)))
    return {"z": float(hottest[ds.rt.grid(model.DOSE).dims[0]])}


def _save(axes: Axes, path: Path) -> Path:
    figure = axes.get_figure(root=True)
    assert figure is not None, "axes just drawn have a figure"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)
    return path


def _show(title: str, table: pd.DataFrame) -> None:
    print(f"\n{title}")
    print(table.to_string(na_rep="-"))


def _show_findings(title: str, table: pd.DataFrame) -> None:
    print(f"\n{title}" + (": none" if table.empty else ""))
    for row in table.itertuples():
        print(f"  {row.severity} {row.code}: {row.message}")


if __name__ == "__main__":
    sys.exit(main())
