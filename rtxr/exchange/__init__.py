"""Arrays to and from volume files of other communities: NIfTI and NRRD."""
