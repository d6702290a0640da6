"""Make the README's picture from the synthetic patient: ``python docs/images/phantom.py``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt

import rtxr


def main() -> None:
    """A slice through the target beside the dose-volume histograms."""
    with tempfile.TemporaryDirectory() as folder:
        ds = rtxr.open_dir(rtxr.tutorial.phantom(Path(folder) / "phantom"))
        figure, (left, right) = plt.subplots(
            1, 2, figsize=(11, 4.4), layout="constrained", width_ratios=(1, 1.1)
        )
        ds.rt.plot_slice(z=21, ax=left)
        ds.rt.plot_dvh(static=True, ax=right)
        figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)


if __name__ == "__main__":
    main()
