"""xarray to numbers: contours, masks, resampling, DVHs; no files, no pydicom, no widgets."""
