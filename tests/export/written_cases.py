"""What a case that was exported and opened again has in common with what it was."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rtxr import model


def assert_same(back: xr.Dataset, made: xr.Dataset) -> None:
    """A case that was opened is the one that was written."""
    for name in made.data_vars:
        there, here = back.rt.grid(str(name)), made.rt.grid(str(name))
        assert there.dims == here.dims
        assert there.same_as(here, 1e-4)
        step = float(np.abs(made[name]).max()) / (65535 if name == "ct" else 2**32)
        np.testing.assert_allclose(back[name], made[name], atol=step, rtol=0)
    assert list(model.roi_labels(back)) == list(model.roi_labels(made))
    for roi in model.roi_labels(made):
        np.testing.assert_array_equal(back.rt.mask(roi), made.rt.mask(roi))
