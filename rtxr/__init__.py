"""DICOM RT in xarray."""

__version__ = "0.1.0"
