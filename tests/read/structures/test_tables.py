from __future__ import annotations

import numpy as np
import pytest
from factories import case, ct_series, dose

from read.conftest import boxes
from rtxr.errors import MissingDataError
from rtxr.read.case import open_case
from rtxr.read.structures.tables import structures, with_mask


def test_mask_is_a_lazy_coordinate_that_is_never_cached(make_case):
    ds = with_mask(open_case(make_case(case())), boxes)
    assert ds.mask.dims == ("roi", "z", "y", "x")
    assert ds.mask.encoding["preferred_chunks"] == {"roi": 1}
    assert int(ds.mask.sel(roi="Square").isel(z=1).sum()) == 20
    ds.mask.load()
    assert not ds.mask.variable._in_memory or isinstance(ds.mask.values, np.ndarray)
    assert set(ds.data_vars) == {"ct", "dose"}


def test_mask_made_anew_replaces_the_old_one(make_case):
    ds = with_mask(open_case(make_case(case())), boxes)
    again = with_mask(ds.isel(z=[0]), boxes)
    assert again.mask.shape == (1, 1, 4, 5)


def test_mask_needs_structures_and_an_image(make_case):
    with pytest.raises(MissingDataError, match="no structures"):
        with_mask(open_case(make_case(ct_series(2))), boxes)
    ds = open_case(make_case([*case(name="b")][3:]))
    with pytest.raises(MissingDataError, match="has no image"):
        with_mask(ds, boxes)


def test_table_follows_what_the_dataset_holds_now(make_case):
    ds = open_case(make_case(case()))
    assert structures(ds).loc["Square", ["contours", "nodes", "slices"]].tolist() == [3, 12, 3]
    fewer = ds.isel(contour=[0, 2])
    assert structures(fewer).loc["Square", ["contours", "nodes", "slices"]].tolist() == [2, 8, 2]
    one = ds.isel(roi=0)
    assert structures(one).index.tolist() == ["Square"]
    with pytest.raises(MissingDataError, match="no structures"):
        structures(open_case(make_case([dose()])))
