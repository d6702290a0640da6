"""DICOM RT in xarray."""
