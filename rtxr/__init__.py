"""DICOM RT in xarray: open a folder, prune it, look, compute, and write conformant DICOM back.

>>> import rtxr
>>> ds = rtxr.open_dir("data/")  # doctest: +SKIP
>>> ds.rt.dvh_metrics(["D95%", "mean"])  # doctest: +SKIP
>>> ds.rt.to_dicom("out/")  # doctest: +SKIP
"""

from rtxr import accessor as _accessor  # registers ``.rt``
from rtxr import errors, tutorial
from rtxr.errors import Finding, RTXRError
from rtxr.index import Index, load, open_dir, scan
from rtxr.iod.conformance import conformance

__version__ = "0.1.0"

__all__ = [
    "Finding",
    "Index",
    "RTXRError",
    "__version__",
    "conformance",
    "errors",
    "load",
    "open_dir",
    "scan",
    "tutorial",
]

del _accessor
