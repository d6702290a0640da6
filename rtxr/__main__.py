"""The main job from a shell: ``python -m rtxr [FOLDER] --out OUT``.

Opens the folder (without one, the synthetic patient), prints what it holds and the DVH metrics,
draws a slice and the DVHs, and exports the case as DICOM.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd
import xarray as xr

import rtxr
from rtxr import model


def main(arguments: list[str] | None = None) -> int:
    """Run the main job; the exit status is 1 where rtxr had to refuse."""
    parser = argparse.ArgumentParser(prog="python -m rtxr", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="DICOM RT files (default: phantom)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="results go here")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier export")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    folder = options.folder or rtxr.tutorial.phantom(options.out / "phantom")
    try:
        run(folder, options.out, overwrite=options.overwrite)
    except rtxr.RTXRError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def run(folder: Path, out: Path, *, overwrite: bool = False) -> None:
    """Open, show, compute, draw and export one case."""
    index = rtxr.scan(folder)
    print(index)
    ds = index.open()
    print(ds)
    _show("Findings", ds.rt.findings.drop(columns=["path"]))
    for path in [*_plan_tables(ds), *_numbers(ds, out)]:
        print(path)
    written = ds.rt.to_dicom(out / "dicom", overwrite=overwrite)
    _show("Export findings", pd.DataFrame(written.attrs["findings"]).drop(columns=["path"]))
    counts = written.groupby("IOD").size()
    print(
        f"\nDICOM files in {out / 'dicom'}: " + ", ".join(f"{n} {iod}" for iod, n in counts.items())
    )


def _plan_tables(ds: xr.Dataset) -> list[str]:
    if model.PLAN_UID not in ds.coords:
        return []
    columns = ["BeamNumber", "BeamName", "RadiationType", "BeamMeterset"]
    _show("Beams", ds.rt.beams().filter(columns))
    _show("Prescriptions", ds.rt.prescriptions())
    return []


def _numbers(ds: xr.Dataset, out: Path) -> list[str]:
    """Structures, DVH metrics and figures, as far as the case holds them."""
    made = []
    if model.image_name(ds) or model.dose_names(ds):
        made.append(_save(ds.rt.plot_slice(), out / "slice.png"))
    if model.ROI in ds.coords:
        _show("Structures", ds.rt.structures())
        if model.dose_names(ds):
            _show("DVH metrics", ds.rt.dvh_metrics().round(3))
            made.append(_save(ds.rt.plot_dvh(static=True), out / "dvh.png"))
    return [f"Picture: {path}" for path in made]


def _save(axes: object, path: Path) -> Path:
    figure = axes.figure  # type: ignore[attr-defined]
    figure.savefig(path, dpi=120, bbox_inches="tight")
    return path


def _show(title: str, table: pd.DataFrame) -> None:
    with pd.option_context(
        "display.width", 160, "display.max_columns", 20, "display.max_colwidth", 90
    ):
        print(f"\n{title}\n{table}")


if __name__ == "__main__":
    sys.exit(main())
