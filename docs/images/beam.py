"""Make the picture of the beam's-eye view: ``python docs/images/beam.py``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt

import rtxr


def main() -> None:
    """A beam of the synthetic patient with structures, and with its RT Image."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        patient = rtxr.tutorial.phantom(folder / "phantom")
        images = rtxr.tutorial.portal_images(folder / "portal") / "templates"
        ds = rtxr.scan([patient, images], progress=False).open()
        figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5.8), layout="constrained")
        ds.rt.plot_beam("AP static", rt_image=False, ax=left)
        ds.rt.plot_beam("AP static", rois="PTV_70", ax=right)
        figure.savefig(Path(__file__).with_suffix(".png"), dpi=80)


if __name__ == "__main__":
    main()
