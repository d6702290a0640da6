"""Edited cases export what they hold, conformant and linked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rtxr
from rtxr import model


@pytest.fixture(scope="module", params=["phantom", "breast_boost_eclipse"])
def edited(request, tmp_path_factory):
    """The case cut to ten centimetres with its dose doubled, and its export."""
    if request.param == "phantom":
        folder = request.getfixturevalue("phantom")
    else:
        folder = request.getfixturevalue("case_data")(request.param)
    ds = rtxr.open_dir(folder)
    ds = ds.sel(z=slice(-50, 50)).assign(dose=ds.dose * 2)
    return ds, ds.rt.to_dicom(tmp_path_factory.mktemp("edited") / "out")


@pytest.mark.data
def test_what_is_read_back_is_what_was_held(edited):
    ds, written = edited
    back = rtxr.open_dir(Path(written["path"].iloc[0]).parent)
    np.testing.assert_array_equal(back.z, ds.z)
    np.testing.assert_array_equal(back.ct, ds.ct)
    np.testing.assert_allclose(back.dose, ds.dose, rtol=1e-9, atol=1e-6)
    for name in (model.NODE_X, model.NODE_Y, model.NODE_Z, model.NODE_CONTOUR):
        np.testing.assert_array_equal(back[name], ds[name])


@pytest.mark.data
@pytest.mark.validators
def test_validators_find_no_error(edited, validator):
    _, written = edited
    for path, iod in zip(written["path"], written["IOD"], strict=True):
        assert validator.dciodvfy(path) == [], iod
        if iod in {"RT Dose", "RT Structure Set"}:
            assert validator.drtdump(path) == [], iod


@pytest.mark.data
@pytest.mark.validators
def test_every_file_refers_to_the_others(edited, validator):
    ds, written = edited
    errors = validator.dcentvfy(Path(written["path"].iloc[0]).parent)
    # The real plan names four reference images that lie in nobody's folder.
    assert [line for line in errors if "RTPLAN_1.dcm" not in line] == []
    assert len(errors) == (0 if "PTV_70" in ds.roi else 4)
