"""Which ROIs a name stands for, everywhere alike."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest
from analysis.shapes import axial_grid, make_case, square, stack

import rtxr
from rtxr import roi_names, tg263
from rtxr.errors import ConflictingDataError, MissingDataError, RTXRError, UnknownNameError
from rtxr.roi_names import RoiNames

NAMES = RoiNames(
    ("PTV_70", "PTV_60", "Lt Lung", "Lens", "LENS", "/odd/", "Cord"),
    ("PTV", "PTV", "Lung_L", "", "", "", "SpinalCord"),
)


@pytest.fixture(scope="module")
def case(phantom):
    return rtxr.open_dir(phantom)


def boxes(*labels):
    grid = axial_grid((9, 21, 21), (3.0, 2.0, 2.0), (-12.0, -20.0, -20.0))
    box = stack(square(10.0), (-3.0, 0.0, 3.0))
    return make_case(dict.fromkeys(labels, box), grid)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("PTV_70", ["PTV_70"]),
        ("ptv_60", ["PTV_60"]),
        ("Lens", ["Lens"]),
        ("/odd/", ["/odd/"]),
        ("/^ptv/", ["PTV_70", "PTV_60"]),
        ("/7/", ["PTV_70"]),
        (re.compile("l", re.IGNORECASE), ["Lt Lung", "Lens", "LENS"]),
        (re.compile("^ptv"), []),
        ("lung_l", ["Lt Lung"]),
        ("SpinalCord", ["Cord"]),
        ("PTV", ["PTV_70", "PTV_60"]),
        ("Heart", []),
        ("", []),
        ("/", []),
        ("//", []),
        (np.str_("cord"), ["Cord"]),
    ],
)
def test_what_a_name_stands_for(asked, found):
    assert NAMES.find(asked) == found
    if found:
        assert NAMES.require(asked) == found
    else:
        with pytest.raises(UnknownNameError, match="no ROI"):
            NAMES.require(asked)


def test_a_name_for_two_labels_is_an_error_that_names_them():
    with pytest.raises(UnknownNameError, match=r"'lens' may be ROI 'Lens' or 'LENS', which diff"):
        NAMES.find("lens")
    with pytest.raises(UnknownNameError, match=r"one ROI is asked for.* 'PTV_70' or 'PTV_60'"):
        NAMES.one("/ptv/")
    with pytest.raises(UnknownNameError, match="one ROI is asked for"):
        NAMES.one("PTV")
    with pytest.raises(RTXRError, match=r"'/\(/' is no regular expression"):
        NAMES.find("/(/")


def test_unknown_names_show_the_nearest_of_both_kinds():
    for asked, near in (
        ("PTV_7O", "'PTV_70'"),
        ("SpinalChord", "'SpinalCord'"),
        ("/Cort/", "'Cord'"),
    ):
        with pytest.raises(UnknownNameError, match=f"no ROI '{asked}'; .*{near}"):
            NAMES.require(asked)
    with pytest.raises(UnknownNameError, match="no ROI 3; there are 'A', 'B'"):
        roi_names.select(boxes("A", "B"), 3)


def test_each_roi_once_in_the_order_asked_for():
    ds = boxes("A1", "A2", "B")
    assert roi_names.select(ds) == ["A1", "A2", "B"]
    assert roi_names.select(ds, ["b", "/^a/", "A1"]) == ["B", "A1", "A2"]
    assert roi_names.select(ds, re.compile("2$")) == ["A2"]
    assert roi_names.select(ds, []) == []
    assert roi_names.select(ds.isel(roi=1)) == ["A2"]
    with pytest.raises(MissingDataError, match="no structures"):
        roi_names.select(ds[["ct"]])


def test_everything_that_takes_a_roi_takes_every_kind_of_name(phantom, case):
    ds = case.rt.alias({"Target": "/^PTV_70$/", "Cord": ["spinal cord"]})
    mask = ds.rt.mask("PTV_70")
    for name in ("ptv_70", "/^ptv_70$/", re.compile("^PTV_70"), "target"):
        assert (ds.rt.mask(name) == mask).all()
        assert str(ds.rt.mask(name).roi.values) == "PTV_70"
    assert ds.rt.coverage("Cord").roi == "SpinalCord"
    assert ds.rt.volumes("cord").index.tolist() == ["SpinalCord"]
    assert ds.rt.dvh_metrics("mean", ["target", "/spinal/"]).index.tolist() == [
        "PTV_70",
        "SpinalCord",
    ]
    assert list(ds.rt.dvh("target")) == ["PTV_70"]
    assert (ds.rt.labels(["target"]) > 0).sum() == mask.sum()
    assert ds.rt.crop(roi="target").sizes == ds.rt.crop(roi="PTV_70").sizes
    assert "PTV_70" not in ds.rt.remove("target").roi
    assert "High" in ds.rt.rename({"target": "High"}).roi
    assert ds.rt.set_structure("/^lung/", color="#000000").roi_color.values.tolist().count(
        "#000000"
    ) == sum(label.startswith("Lung") for label in ds.roi.values)
    assert ds.rt.margin("target", 3.0, grid="dose").roi.values[-1] == "PTV_70 + 3mm"
    assert ds.rt.structures().loc["PTV_70", "alias"] == "Target"
    with pytest.raises(UnknownNameError, match="one ROI is asked for"):
        ds.rt.mask("/lung/")
    tree = rtxr.open_tree(phantom)
    table = tree.rt.dvh_metrics("mean", rois=[re.compile("^PTV_70$"), "/cord/"])
    assert set(table.index.get_level_values("roi")) == {"PTV_70", "SpinalCord"}
    with pytest.raises(UnknownNameError, match="no case has a ROI '/nowhere/'"):
        tree.rt.dvh_metrics("mean", rois="/nowhere/")


def test_expressions_take_aliases_and_regular_expressions():
    ds = boxes("Lt Lung", "PTV_70", "PTV_60").rt.alias()
    lung = ds.rt.mask("Lt Lung")
    shrunk = ds.rt.combine("Lung_L - 4mm", "small").rt.mask("small")
    assert 0 < shrunk.sum() < lung.sum()
    assert (ds.rt.combine("'/^lt/' & PTV_70", "both").rt.mask("both") == lung).all()
    for text in ("Lung_L | PTV", "'/^ptv/' | Lung_L"):
        with pytest.raises(UnknownNameError, match="stands for 'PTV_70' or 'PTV_60'"):
            ds.rt.combine(text, "no")


# --- the table of standard names ----------------------------------------------------------------
def test_standard_names_by_the_default_table():
    ds = boxes("Lt Lung", "spinal_cord", "PTV_70", "ptv 60", "Ring").rt.alias()
    assert ds.roi_alias.dims == ("roi",)
    assert ds.roi_alias.values.tolist() == ["Lung_L", "SpinalCord", "PTV", "PTV", ""]
    (told,) = [each for each in ds.rt.findings["message"] if "alias" in each]
    assert told == "ROI 'PTV_70', 'ptv 60' have the alias 'PTV'"
    assert len(ds.rt.alias().rt.findings) == len(ds.rt.findings)


def test_a_table_of_ones_own():
    ds = boxes("Lunge links", "X1", "X2", "Lung L")
    own = ds.rt.alias({"Lung_L": ["lunge_LINKS", "Lung L"], "X": re.compile("^X"), "Y": "/2/"})
    assert own.roi_alias.values.tolist() == ["Lung_L", "X", "X", "Lung_L"]
    changed = ds.rt.alias({**tg263.table(), "PTV": "X1"})
    assert changed.roi_alias.values.tolist() == ["Lung_L", "PTV", "", "Lung_L"]
    with pytest.raises(RTXRError, match="'Lung-A' stands for both 'A' and 'B'"):
        ds.rt.alias({"A": "lung a", "B": ["Lung-A"]})
    with pytest.raises(RTXRError, match="no regular expression"):
        ds.rt.alias({"A": "/(/"})
    with pytest.raises(MissingDataError, match="no structures"):
        ds[["ct"]].rt.alias()


def test_labels_that_were_told_apart_keep_the_standard_name_of_their_roi_name():
    ds = boxes("Heart", "Heart (2)")
    ds = ds.assign_coords(roi_name=("roi", ["Heart", "Heart"]))
    assert ds.rt.alias().roi_alias.values.tolist() == ["Heart", "Heart"]


def test_standard_names_go_through_edits(tmp_path):
    ds = boxes("Lt Lung", "Cord", "Ring").rt.alias()
    names = ["Lung_L", "SpinalCord", ""]
    added = ds.rt.add_structure("New", ds.rt.mask("Cord"))
    assert added.roi_alias.values.tolist() == [*names, ""]
    assert added.rt.alias({"A": "New"}).roi_alias.values.tolist() == ["", "", "", "A"]
    assert ds.rt.rename({"Lung_L": "Left"}).roi_alias.values.tolist() == names
    assert ds.rt.remove("Lung_L").roi_alias.values.tolist() == names[1:]
    assert ds.isel(roi=[2, 0]).roi_alias.values.tolist() == ["", "Lung_L"]
    one = ds.isel(roi=1)
    assert roi_names.one(one, "spinalcord") == "Cord"
    assert one.rt.add_structure("New", ds.rt.mask("Cord")).roi_alias.values.tolist() == [
        "SpinalCord",
        "",
    ]
    assert one.rt.alias().roi_alias.item() == "SpinalCord"
    assert ds.rt.remove(["Lung_L", "Cord", "Ring"]).rt.alias().sizes["roi"] == 0
    for again in (pickle.loads(pickle.dumps(ds)), ds.copy(deep=True), ds.chunk()):
        assert again.roi_alias.values.tolist() == names
    for name in ("case.nc", "case.zarr"):
        ds.rt.save(tmp_path / name)
        again = rtxr.load(tmp_path / name)
        assert again.roi_alias.values.tolist() == names
        assert roi_names.select(again, "lung_l") == ["Lt Lung"]
    with pytest.raises(ConflictingDataError):
        ds.rt.rename({"Lung_L": "Cord"})


def test_an_export_writes_what_it_wrote_without(case, tmp_path):
    plain = case.rt.to_dicom(tmp_path / "plain")
    named = case.rt.alias().rt.to_dicom(tmp_path / "named")
    assert not named["changed"].any()
    assert set(named["SOPInstanceUID"]) == set(plain["SOPInstanceUID"])
    codes = [{each["code"] for each in table.attrs["findings"]} for table in (plain, named)]
    assert codes[1] - codes[0] <= {"roi-alias-shared"}
