"""The main job from a shell: ``python -m rtxr [FOLDER] --out OUT``.

Opens the folder (without one, the synthetic patient), prints what it holds and the DVH metrics,
draws a slice and the DVHs, and exports the case as DICOM. ``python -m rtxr FOLDER --validate`` only
checks the files against the Standard.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

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
    parser.add_argument("--out", type=Path, default=Path("out"), help="results go here")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier export")
    parser.add_argument("--validate", action="store_true", help="only check the files of FOLDER")
    options = parser.parse_args(arguments)
    if options.validate:
        return check(options.folder or parser.error("--validate needs a FOLDER (or file)"))
    options.out.mkdir(parents=True, exist_ok=True)
    folder = options.folder or rtxr.tutorial.phantom(options.out / "phantom")
    try:
        run(folder, options.out, case=options.case, overwrite=options.overwrite)
    except (rtxr.RTXRError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        if isinstance(error, rtxr.errors.AmbiguousCaseError):
            print("In a shell: python -m rtxr FOLDER --case 1", file=sys.stderr)
        return 1
    return 0


def check(path: Path) -> int:
    """Say what is wrong with DICOM files; the exit status is 1 where the Standard forbids it."""
    try:
        table = rtxr.validate(path)
    except (rtxr.RTXRError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    for row in table.itertuples():
        print(f"{row.severity} {row.code}: {row.message}; {row.fix} [{row.path}]")
    counts = table["severity"].value_counts()
    print(", ".join(f"{counts.get(each, 0)} {each}(s)" for each in ("error", "warning", "info")))
    return int("error" in counts)


def run(folder: Path, out: Path, *, case: str | None = None, overwrite: bool = False) -> None:
    """Open, show, compute, draw and export one case."""
    index = rtxr.scan(folder)
    print(index, "\n")
    ds = index.open(case=case)
    print(ds)
    _show_findings("Findings", ds.rt.findings)
    if model.PLAN_UID in ds.coords:
        columns = ["BeamNumber", "BeamName", "RadiationType", "BeamMeterset", "BeamDose"]
        _show("Beams", ds.rt.beams().filter(columns))
        _show("Prescriptions", ds.rt.prescriptions().dropna(axis="columns", how="all"))
    pictures = _pictures(ds, out)
    written = ds.rt.to_dicom(out / "dicom", overwrite=overwrite)
    _show_findings("Findings of the export", pd.DataFrame(written.attrs["findings"]))
    counts = ", ".join(f"{n} {iod}" for iod, n in written["IOD"].value_counts().items())
    print("\nPictures: " + ", ".join(map(str, pictures)))
    print(f"DICOM files: {out / 'dicom'} ({counts})")


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
            _show_findings("Findings of the metrics", pd.DataFrame(metrics.attrs["findings"]))
            made.append(_save(ds.rt.plot_dvh(static=True), out / "dvh.png"))
    return made


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
    figure.savefig(path, dpi=120, bbox_inches="tight")
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
