"""Dataset to Dataset: structures added, renamed and combined, grids cropped and resampled."""
