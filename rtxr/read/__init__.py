"""DICOM to xarray: one file per kind of object, and the links that make a case."""
