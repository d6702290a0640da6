"""Points of contours in a case."""

from __future__ import annotations

from test_model import case

from rtxr.contour_points import contours_of


def test_contours_are_joined_by_number_and_key():
    ds = case()
    for shuffled in (ds, ds.isel(contour=[2, 0, 1]), ds.isel(roi=[1, 0]), ds.sel(roi=["Cord"])):
        kinds = dict(contours_of(shuffled, "Cord"))
        assert kinds["POINT"].tolist() == [[1, 2, 3]]
        assert kinds["CLOSED_PLANAR"][:, 0].tolist() == [1, 11, 11, 1]
    (kind, points), *rest = contours_of(ds, "PTV")
    assert (kind, len(points), rest) == ("CLOSED_PLANAR", 4, [])
