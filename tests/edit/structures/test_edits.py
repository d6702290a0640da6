"""Structures added, renamed, removed, recoloured: what a Dataset holds afterwards, and what not."""

from __future__ import annotations

from pathlib import Path

import factories as make
import numpy as np
import pytest
import xarray as xr

import rtxr
from rtxr import header_store, model
from rtxr.contour_points import contours_of
from rtxr.errors import (
    ConflictingDataError,
    GeometryError,
    MissingDataError,
    RTXRError,
    UnknownNameError,
)
from rtxr.export.structures import structure_data
from rtxr.read.lazy import is_in_memory


@pytest.fixture(scope="module")
def phantom_case(phantom: Path) -> xr.Dataset:
    return rtxr.open_dir(phantom)


@pytest.fixture
def case(phantom_case: xr.Dataset) -> xr.Dataset:
    return phantom_case.copy()


@pytest.fixture(scope="module")
def image(phantom: Path) -> xr.Dataset:
    return rtxr.scan(phantom, progress=False).select(Modality="CT").open()


def square(z: float, half: float = 10.0) -> np.ndarray:
    """A square around x = 0, y = 0."""
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.array([(half * x, half * y, z) for x, y in corners])


def codes(ds: xr.Dataset) -> list[str]:
    return ds.rt.findings["code"].tolist()


def facts(ds: xr.Dataset) -> dict[str, tuple[object, ...]]:
    table = ds.rt.structures()[["number", "name", "type", "color", "contours", "nodes"]]
    return {str(label): tuple(row) for label, row in zip(table.index, table.values, strict=True)}


# --- add ------------------------------------------------------------------------------------------
def test_contours_become_a_structure(case):
    before = case.copy(deep=False)
    new = case.rt.add_structure("Box", [square(z) for z in (10.5, 13.5)], type="ptv")
    assert facts(new)["Box"] == (9, "Box", "PTV", model.PALETTE[0], 2, 8)
    assert {name: facts(new)[name] for name in facts(case)} == facts(case)
    assert new.rt.volumes("Box").item() == pytest.approx(20 * 20 * 6 / 1000)
    planes = new.mask.sel(roi="Box").any(("y", "x"))
    assert planes.z[planes].values.tolist() == [10.5, 13.5]
    xr.testing.assert_identical(case, before)
    assert not any(is_in_memory(new[name]) for name in ("ct", "dose", "mask"))


def test_old_masks_and_contours_are_what_they_were(case):
    new = case.rt.add_structure("A long name that the labels have no room for", [square(10.5)])
    assert new.roi.values[-1] == "A long name that the labels have no room for"
    old = structure_data(new.isel(roi=slice(0, 8)))
    for one, other in zip(old.points, structure_data(case).points, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(
        new.mask.sel(roi="Ring_Hole").values, case.mask.sel(roi="Ring_Hole").values
    )


def test_contours_name_the_image_in_whose_plane_they_lie(case):
    heights = (10.5, 10.509, 10.511, 12.0)
    new = case.rt.add_structure("Box", [square(z, half) for half, z in enumerate(heights, 5)])
    at = str(case.ct_uid.sel(z=10.5).values)
    assert new.contour_image_uid.values[-4:].tolist() == [at, at, "", ""]
    told = new.rt.structures()["findings"]["Box"]
    assert told.startswith("2 of 4 contours lie in the plane of no image and name none")


def test_a_tilted_contour_names_no_image(case):
    points = square(10.5) + np.outer([1, -1, -1, 1], [0, 0, 0.3])
    new = case.rt.add_structure("Tilted", [points])
    assert new.contour_image_uid.values[-1] == ""


def test_one_point_is_a_point(case):
    new = case.rt.add_structure("Seed", [[(1.0, 2.0, 3.0)]], type="MARKER")
    assert new.contour_type.values[-1] == "POINT"
    table = new.rt.points().set_index("name")
    assert table.loc["Seed", ["x", "y", "z"]].tolist() == [1.0, 2.0, 3.0]
    assert not new.mask.sel(roi="Seed").values.any()


def test_a_structure_without_contours_says_so(case):
    new = case.rt.add_structure("Later", [])
    assert facts(new)["Later"][4:] == (0, 0)
    assert new.rt.structures()["findings"]["Later"] == "it has no contours"


def test_an_image_alone_gets_structures(image):
    assert model.ROI not in image.coords
    new = image.rt.add_structure("Box", [square(10.5)]).rt.add_structure("Other", [square(13.5)])
    assert new.roi_number.values.tolist() == [1, 2]
    assert new.roi_color.values.tolist() == list(model.PALETTE[:2])
    assert new.mask.dims == ("roi", "z", "y", "x")
    assert all(name in new.coords for name in model.STRUCTURE_COORDS)
    assert not is_in_memory(new.ct)


def test_a_dose_alone_gets_structures(phantom):
    dose = rtxr.scan(phantom, progress=False).select(Modality="RTDOSE").open()
    new = dose.rt.add_structure("Box", [square(10.5), square(13.5)])
    assert new.contour_image_uid.values.tolist() == ["", ""]
    assert "mask" not in new.coords
    assert new.rt.mask("Box", grid="dose").values.sum() > 0
    assert "contour-images-missing" not in codes(new)


def test_several_edits_keep_keys_and_numbers_apart(case):
    one = case.rt.add_structure("One", [square(10.5)])
    two = one.rt.add_structure("Two", [square(13.5), square(16.5)])
    keys = two.contour.values
    assert len(set(keys.tolist())) == len(keys)
    assert (keys[-3:] == model.FIRST_NEW_CONTOUR + np.arange(3)).all()
    assert two.roi_number.values[-2:].tolist() == [9, 10]
    again = two.rt.remove(["One", "Empty"]).rt.add_structure("Three", [square(10.5)])
    assert again.roi_number.values[-2:].tolist() == [10, 11]
    np.testing.assert_array_equal(contours_of(again, "Two")[1][1], square(16.5))


def test_a_number_that_a_header_speaks_of_is_never_given_again(case):
    """The plan names ROI 2 as its target: no new ROI may become that one."""
    bare = case.rt.remove(list(case.roi.values))
    assert bare.rt.add_structure("Box", [square(10.5)]).roi_number.values.tolist() == [9]
    plan_only = header_store.unpack(case, [str(case.plan_uid.values)])
    bare = bare.drop_vars(header_store.HEADER_COORDS).assign_coords(
        header_store.pack(list(plan_only.values()))
    )
    assert bare.rt.add_structure("Box", [square(10.5)]).roi_number.item() > 2


def test_a_selection_of_structures_grows_too(case):
    one = case.sel(roi="PTV_70")
    new = one.rt.add_structure("Box", [square(10.5)])
    assert new.roi.values.tolist() == ["PTV_70", "Box"]
    assert new.mask.dims == ("roi", "z", "y", "x")
    np.testing.assert_array_equal(new.mask.sel(roi="PTV_70"), case.mask.sel(roi="PTV_70"))
    some = case.sel(roi=["PTV_70", "BODY"]).rt.add_structure("Box", [square(10.5)])
    assert some.roi_number.values.tolist() == [2, 1, 9]


def test_one_slice_is_a_case_too(case):
    new = case.sel(z=10.5).rt.add_structure("Box", [square(10.5)])
    assert new.mask.dims == ("roi", "y", "x")
    assert int(new.mask.sel(roi="Box").sum()) == 100
    assert new.contour_image_uid.values[-1] == str(case.ct_uid.sel(z=10.5).values)


def test_a_chunked_mask_stays_chunked(phantom):
    chunked = rtxr.open_dir(phantom, chunks={})
    new = chunked.rt.add_structure("Box", [square(10.5)])
    assert new.mask.chunks[0] == (1,) * 9
    assert int(new.mask.sel(roi="Box").sum()) == 100


def test_contours_of_a_dynamic_series_name_the_first_label(tmp_path):
    labels = [{"TemporalPositionIdentifier": n} for n in (1, 2, 3)]
    make.write(tmp_path, make.dynamic_series(labels))
    ds = rtxr.open_dir(tmp_path)
    new = ds.rt.add_structure("Box", [square(3.0, 2)])
    assert new.contour_image_uid.values.tolist() == [str(ds.ct_uid[0, 1].values)]
    assert new.mask.dims == ("roi", "z", "y", "x")


def test_several_at_once_are_what_they_are_one_by_one(case):
    shapes = {
        "Bone": case.ct.values > 300,
        " Hot ": case.dose > 40,
        "Nothing": [],
        "Beside": [square(10.5) + np.array([900.0, 0, 0]), square(11.2)],
    }
    types, colors = {"Bone": "organ", " Hot ": "DOSE_REGION"}, {"Nothing": (1, 2, 3)}
    one_by_one = case
    for name, shape in shapes.items():
        kind, color = types.get(name, ""), colors.get(name)
        one_by_one = one_by_one.rt.add_structure(name, shape, type=kind, color=color)
    at_once = case.rt.add_structures(shapes, type=types, color=colors)
    xr.testing.assert_identical(at_once.drop_vars("mask"), one_by_one.drop_vars("mask"))
    assert at_once.rt.findings.equals(one_by_one.rt.findings)
    assert np.array_equal(at_once.mask.sel(roi="Bone").values, shapes["Bone"])
    assert case.rt.add_structures({"A": [], "B": []}, type="PTV").roi_type.values[-2:].tolist() == [
        "PTV",
        "PTV",
    ]
    xr.testing.assert_identical(
        case.rt.add_structures({}).drop_vars("mask"), case.drop_vars("mask")
    )


def test_several_at_once_are_added_or_none_is(case):
    with pytest.raises(UnknownNameError, match=r"type= speaks of 'Bos'.*did you mean 'Box'"):
        case.rt.add_structures({"Box": []}, type={"Bos": "PTV"})
    with pytest.raises(UnknownNameError, match="color= speaks of 'Other'"):
        case.rt.add_structures({"Box": []}, color={"Other": "#000000"})
    with pytest.raises(ConflictingDataError, match="a structure 'Box' already"):
        case.rt.add_structures({"Box": [], "box ": []})


@pytest.mark.parametrize(
    ("contour", "match"),
    [
        ([(0, 0), (1, 0), (1, 1)], r"contour 0 has shape \(3, 2\)"),
        ([], r"contour 0 has shape \(0,\)"),
        ([(0, 0, 0), (1, 0, 0)], "two points"),
        ([(0, 0, 0), (1, 0, 0), (1, np.nan, 0)], "NaN or infinite"),
        (["a", "b"], "not made of numbers"),
        ([(0, 0, 0), (9, 0, 0), (9, 9, 3), (0, 9, 0)], "leaves its plane by"),
    ],
)
def test_contours_that_are_none(case, contour, match):
    with pytest.raises(GeometryError, match=match):
        case.rt.add_structure("Box", [contour])


def test_variables_along_the_rois_are_in_the_way(case):
    mine = case.assign_coords(priority=("roi", np.arange(8)))
    with pytest.raises(ConflictingDataError, match=r"'priority' has a value per ROI"):
        mine.rt.add_structure("Box", [])
    assert mine.rt.remove("BODY").priority.values.tolist() == list(range(1, 8))


# --- rename ---------------------------------------------------------------------------------------
def test_new_names_are_labels_and_names(case):
    new = case.rt.rename({"ptv_70": "GTV with a longer name", "Lung_L": "Left"})
    assert new.roi.values[[1, 4]].tolist() == ["GTV with a longer name", "Left"]
    assert new.roi_name.values[[1, 4]].tolist() == ["GTV with a longer name", "Left"]
    assert facts(new)["Left"][2:] == facts(case)["Lung_L"][2:]
    assert structure_data(new).roi_names[1] == "GTV with a longer name"
    assert case.roi.values[1] == "PTV_70"
    assert not is_in_memory(new.mask)


def test_names_may_be_swapped(case):
    new = case.rt.rename({"Lung_L": "Lung_R", "Lung_R": "Lung_L"})
    assert new.roi.values[4:6].tolist() == ["Lung_R", "Lung_L"]
    np.testing.assert_array_equal(new.mask.sel(roi="Lung_R"), case.mask.sel(roi="Lung_L"))


def test_only_the_case_of_a_name_may_change(case):
    assert case.rt.rename({"BODY": "Body"}).roi.values[0] == "Body"


def test_a_renamed_structure_keeps_its_findings(case):
    new = case.rt.rename({"Empty": "Nothing"})
    assert new.rt.structures()["findings"]["Nothing"] == "has no contours"


def test_a_scalar_structure_is_renamed(case):
    new = case.sel(roi="PTV_70").rt.rename({"PTV_70": "A name with many letters"})
    assert new.roi.item() == new.roi_name.item() == "A name with many letters"


def test_labels_of_names_that_were_there_twice(phantom_case):
    names = ["PTV", "PTV (2)"]
    ds = phantom_case.isel(roi=[1, 4]).assign_coords(
        roi=names, roi_name=("roi", np.array(["PTV", "PTV"]))
    )
    new = ds.rt.rename({"PTV": "GTV"})
    assert structure_data(new).roi_names == ["GTV", "PTV"]
    with pytest.raises(ConflictingDataError, match=r"'PTV \(2\)' already"):
        new.rt.rename({"GTV": "ptv"})
    assert structure_data(ds.rt.rename({"PTV (2)": "PTV (3)"})).roi_names == ["PTV", "PTV (3)"]


@pytest.mark.parametrize(
    ("names", "error", "match"),
    [
        ({"PTV": "x"}, UnknownNameError, "did you mean 'PTV_70'"),
        ({"PTV_70": "body"}, ConflictingDataError, "'BODY' already"),
        ({"PTV_70": "x", "BODY": "X"}, ConflictingDataError, "'x' already"),
        ({"PTV_70": "x", "ptv_70": "y"}, ConflictingDataError, "the same structure"),
        ({"PTV_70": " "}, RTXRError, "1 to 64 characters"),
    ],
)
def test_names_that_cannot_be_given(case, names, error, match):
    with pytest.raises(error, match=match):
        case.rt.rename(names)


# --- remove ---------------------------------------------------------------------------------------
def test_a_removed_structure_takes_its_contours_along(case):
    new = case.rt.remove(["body", "Empty"])
    assert new.roi.values.tolist() == [*case.roi.values[1:-1]]
    assert 1 not in new.contour_roi_number.values
    np.testing.assert_array_equal(np.unique(new.node_contour), np.unique(new.contour))
    assert len(new.node_x) == case.rt.structures()["nodes"].drop("BODY").sum()
    np.testing.assert_array_equal(new.mask.sel(roi="Lung_L"), case.mask.sel(roi="Lung_L"))
    assert not new.rt.findings["message"].str.contains("Empty").any()
    assert len(case.roi) == 8


def test_nothing_is_left_of_all(case):
    new = case.rt.remove(list(case.roi.values))
    assert new.sizes["roi"] == new.sizes["contour"] == new.sizes["node"] == 0
    assert len(new.rt.structures()) == 0
    assert str(new.structure_set_uid.values) == str(case.structure_set_uid.values)
    scalar = case.sel(roi="PTV_70").rt.remove("PTV_70")
    assert scalar.sizes["roi"] == 0
    assert scalar.rt.add_structure("Box", [square(10.5)]).roi.values.tolist() == ["Box"]


def test_an_unknown_structure_cannot_be_removed(case):
    with pytest.raises(UnknownNameError, match="did you mean 'Lung_L'"):
        case.rt.remove("Lung_LL")
    with pytest.raises(MissingDataError, match="no structures"):
        case[["ct"]].drop_vars(model.STRUCTURE_COORDS, errors="ignore").rt.remove("x")


# --- set ------------------------------------------------------------------------------------------
def test_colour_and_type_of_several(case):
    new = case.rt.set_structure(["Lung_L", "lung_r"], color="#010203", type="AVOIDANCE")
    assert [facts(new)[name][2:4] for name in ("Lung_L", "Lung_R")] == [
        ("AVOIDANCE", "#010203"),
        ("AVOIDANCE", "#010203"),
    ]
    only = case.rt.set_structure("BODY", type="")
    assert facts(only)["BODY"][2:4] == ("", facts(case)["BODY"][3])
    assert facts(case)["BODY"][2] == "EXTERNAL"


def test_nothing_to_set_is_a_mistake(case):
    with pytest.raises(RTXRError, match="give color= or type="):
        case.rt.set_structure("BODY")
    with pytest.raises(UnknownNameError, match="no ROI 'Bod'"):
        case.rt.set_structure("Bod", color="#000000")


# --- stores ---------------------------------------------------------------------------------------
def test_edits_survive_a_store(case, tmp_path):
    new = case.rt.add_structure("Box", [square(10.5)]).rt.rename({"BODY": "Outside"})
    new.rt.save(tmp_path / "case.nc")
    back = rtxr.load(tmp_path / "case.nc")
    assert facts(back) == facts(new)
    assert facts(back.rt.add_structure("More", [square(13.5)]))["More"][0] == 10
    np.testing.assert_array_equal(back.mask.sel(roi="Box"), new.mask.sel(roi="Box"))
