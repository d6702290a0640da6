"""The viewer without a browser: traits, what a page asks, and what it lets go of."""

from __future__ import annotations

import gc
import sys
import weakref

import numpy as np
import pytest
import xarray as xr
from ipywidgets import FloatText, jslink, link
from traitlets import TraitError

from rtxr.errors import MissingDataError, MissingExtraError, RTXRError, UnknownNameError
from rtxr.view.widgets.viewer.levels import FullDose
from rtxr.view.widgets.viewer.widget import ViewerWidget
from view.cases import image_values, make_case, square, structures
from view.widgets.viewer.test_scene import case, rt_images


@pytest.fixture
def view():
    made = ViewerWidget(case(), full=FullDose(40.0, "plan"))
    yield made
    made.close()


def asked(view: ViewerWidget, **content) -> list[tuple[dict, list[bytes]]]:
    """What the widget answers to a page."""
    answers = []
    view.send = lambda told, buffers=None: answers.append((told, buffers))
    view._handle_custom_msg(content, [])
    return answers


# --- state --------------------------------------------------------------------------------------
def test_it_begins_in_the_middle_with_all_on(view):
    assert view.position == {"x": 0.75, "y": 1.0, "z": 0.0}
    assert view.center == view.position
    assert view.window == (400.0, 40.0)
    assert view.rois == view.labels == ("A", "B")
    assert (view.dose, view.prescription, view._full) == ("dose", 40.0, "plan")


def test_a_part_of_a_position_can_be_set(view):
    view.position = {"z": 12.5}  # beyond the voxels
    assert view.position == {"x": 0.75, "y": 1.0, "z": 6.0}
    view.center = {"x": -50}
    assert view.center == {"x": -50.0, "y": 1.0, "z": 0.0}


@pytest.mark.parametrize(
    ("trait", "value", "error", "said"),
    [
        ("position", {"w": 1}, UnknownNameError, "position has no 'w'"),
        ("position", {"z": "high"}, RTXRError, "give numbers, in mm"),
        ("position", {"z": float("nan")}, RTXRError, "give numbers, in mm"),
        ("window", (0, 40), RTXRError, "a width above 0"),
        ("window", None, RTXRError, "give \\(width, level\\)"),
        ("window", 400, RTXRError, "give \\(width, level\\)"),
        ("other_window", (1, float("inf")), RTXRError, "give \\(width, level\\)"),
        ("roi", "C", UnknownNameError, "no ROI 'C'"),
        ("rois", ["A", "C"], UnknownNameError, "no ROI 'C'"),
        ("colors", {"A": "reddish"}, RTXRError, "'#rrggbb' or a name"),
        ("colors", {"C": "#ff0000"}, UnknownNameError, "no ROI 'C'"),
        ("dose", "dose_2", UnknownNameError, "no dose 'dose_2'"),
        ("isodoses", ["95%", "much"], RTXRError, "'much' is no dose"),
        ("threshold", "low", RTXRError, "'low' is no dose"),
        ("threshold", None, RTXRError, "None is no dose"),
        ("prescription", float("nan"), RTXRError, "give a dose in Gy"),
        ("only", "axail", UnknownNameError, "axial"),
        ("opacity", 1.1, TraitError, "opacity"),
        ("compare", "over", TraitError, "compare"),
        ("zoom", 0, TraitError, "zoom"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(view, trait, value, error, said):
    before = getattr(view, trait)
    with pytest.raises(error, match=said):
        setattr(view, trait, value)
    assert getattr(view, trait) == before


def test_nothing_is_all_rois_and_no_isodoses(view):
    view.rois = []
    view.rois, view.isodoses = None, None
    assert (view.rois, view.isodoses) == (view.labels, ())
    view.isodoses, view.threshold = np.int64(20), 1e-5
    assert (view.isodoses, view.threshold) == ((20,), 1e-5)


def test_a_misspelt_trait_is_told():
    with pytest.raises(UnknownNameError, match="no 'isodose'; did you mean 'isodoses'"):
        make_case().rt.view(isodose=["95%"])


def test_traits_take_what_a_person_writes(view):
    view.rois = "B"
    assert view.rois == ("B",)
    view.rois = {"B", "A"}
    assert view.rois == ("A", "B")
    view.window = [80, 40]
    assert view.window == (80.0, 40.0)
    view.isodoses = 20
    assert view.isodoses == (20,)
    for given, taken in (("#123456", "#123456"), ("red", "#ff0000"), ("C0", "#1f77b4")):
        view.colors = {"B": given}
        assert view.colors["B"] == taken
    assert set(view.colors) == {"A", "B"}


def test_other_colours_of_doses_go_to_the_page(view):
    before = view._palette
    view.dose_colors = "viridis"
    assert view._palette[:3] == bytes([68, 1, 84])
    assert before != view._palette
    with pytest.raises(UnknownNameError, match="nosuch"):
        view.dose_colors = "nosuch"


def test_values_at_the_cross_hair_follow(view):
    view.position = {"x": 2.25, "y": -3.0, "z": 3.0}
    assert view.value_at == image_values()[3, 4, 6]
    assert view.dose_at == pytest.approx(30 + 2.25 - 6 + 1.5)
    view.position = {"y": 11}
    assert np.isnan(view.dose_at)  # beyond the dose
    view.position = {"y": 0}
    view.dose = ""
    assert np.isnan(view.dose_at)
    with pytest.raises(TraitError):
        view.dose_at = 1.0


def test_traits_can_be_linked(view):
    text = FloatText()
    link((view, "opacity"), (text, "value"))
    text.value = 0.25
    assert view.opacity == 0.25
    other = ViewerWidget(case())
    joined = link((view, "position"), (other, "position"))
    view.position = {"z": 3.0}
    assert other.position["z"] == 3.0
    joined.unlink()
    jslink((view, "zoom"), (other, "zoom"))
    other.close()


def test_a_given_prescription_is_said_to_be_given(view):
    view.prescription = 50
    assert view._full == "given"
    assert view.full_dose.level("50%") == 25.0


def test_without_a_prescription_the_highest_dose_is_all(view):
    other = ViewerWidget(case())
    assert (other.prescription, other._full) == (pytest.approx(30 + 6 + 18 + 3), "maximum")
    assert ViewerWidget(make_case(dose=None)).prescription == 0.0


def test_images_without_a_usual_window_get_their_own():
    view = ViewerWidget(rt_images())
    width, level = view.window
    assert (width, level) == (10.8, 5.5)  # of the 12 values of the first image
    flat = ViewerWidget(make_case(dose=None, name="mr").map(lambda array: array * 0))
    assert flat.window[0] > 0


def test_jump_goes_to_the_middle_of_a_roi(view):
    view.jump("B")
    assert view.roi == "B"
    assert view.position == view.center == {"x": 0.0, "y": 0.0, "z": 3.0}
    with pytest.raises(UnknownNameError, match="no ROI 'C'"):
        view.jump("C")


# --- two datasets -------------------------------------------------------------------------------
def test_two_datasets_have_the_rois_of_both():
    second = make_case(**structures({"C": [("CLOSED_PLANAR", square(3.0, -3.0))]}, [""]))
    view = ViewerWidget(case(), second, rois=["A", "C"])
    assert view.labels == ("A", "C")
    view.jump("C")
    assert view.position["z"] == -3.0
    want = {"source": 1, "pane": "axial", "index": 1, "dose": "dose"}
    ((told, buffers),) = asked(view, ask="pictures", pictures=[want], whole=True)
    assert told["picture"] == want
    found = np.frombuffer(buffers[told["lines"]["first"] + 2], np.uint16)
    assert found.tolist() == [0]


def test_a_dose_that_only_the_second_dataset_has_can_be_shown():
    names = case().variables.keys()
    second = case().rename(
        {name: name.replace("dose", "dose_2") for name in names if "dose" in name}
    )
    assert "dose_2" in second
    view = ViewerWidget(case(dose=None), second)
    assert (view.dose, list(view._scene["doses"])) == ("dose_2", ["dose_2"])
    assert view.dose_at == ViewerWidget(case()).dose_at
    view = ViewerWidget(case(), second, dose="dose_2")
    assert [each["isOther"] for each in view._scene["doses"].values()] == [False, True]
    with pytest.raises(UnknownNameError, match="no dose 'dose_3'"):
        view.dose = "dose_3"


# --- what a page asks -----------------------------------------------------------------------------
def test_pictures_are_answered_one_by_one(view):
    wanted = [
        {"source": 0, "pane": pane, "index": 2, "dose": "dose"} for pane in ("coronal", "axial")
    ]
    answers = asked(view, ask="pictures", pictures=wanted, whole=False)
    assert [told["picture"] for told, _ in answers] == wanted
    told, buffers = answers[1]
    assert told["lines"] is None
    kind = f"<{told['image']['kind']}"
    np.testing.assert_array_equal(
        np.frombuffer(buffers[0], kind).reshape(12, 10), image_values()[2]
    )


def test_a_plane_that_cannot_be_read_is_answered_too(view, monkeypatch):
    def gone(*_, **__):
        raise FileNotFoundError("17.dcm is gone")

    monkeypatch.setattr(view._scenes[0], "picture", gone)
    want = {"source": 0, "pane": "axial", "index": 2, "dose": ""}
    assert asked(view, ask="pictures", pictures=[want], whole=True) == [
        ({"picture": want, "failed": "17.dcm is gone"}, [])
    ]


def test_a_page_can_jump(view):
    asked(view, ask="jump", roi="B")
    assert view.position["z"] == 3.0


def test_what_a_page_sets_is_checked(view):
    view.set_state({"position": {"x": 0, "y": 0, "z": -99}, "window": [100, 50]})
    assert view.position["z"] == -6.0
    assert view.window == (100.0, 50.0)


# --- pictures -------------------------------------------------------------------------------------
def test_renderers_without_widgets_get_a_picture(view):
    bundle, _ = view._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_the_picture_is_of_what_is_shown_now(view):
    first = view._repr_mimebundle_()[0]["image/png"]
    assert view._still == first
    view.position = {"z": 3.0}
    second = view._repr_mimebundle_()[0]["image/png"]
    assert view._still == second != first
    assert view._repr_mimebundle_()[0]["image/png"] == second


def test_what_cannot_be_drawn_is_left_to_the_page(view, monkeypatch):
    monkeypatch.setattr("rtxr.view.widgets.viewer.figure.figure", lambda *_, **__: 1 / 0)
    bundle, _ = view._repr_mimebundle_()
    assert "image/png" not in bundle
    assert "application/vnd.jupyter.widget-view+json" in bundle


@pytest.mark.parametrize("dim", ["x", "y", "z"])
def test_one_voxel_across_is_enough(dim):
    thin = make_case().isel({dim: [1]}).rt.view()
    assert thin.snapshot().axes
    with pytest.raises(MissingDataError, match="'ct' has no voxels left"):
        make_case().isel({dim: []}).rt.view()


def test_nothing_else_is_kept_of_a_closed_viewer():
    ds = case()
    reference = weakref.ref(ds)
    view = ViewerWidget(ds)
    view.jump("A")
    view.snapshot()
    view._repr_mimebundle_()
    asked(view, ask="pictures", pictures=[], whole=True)
    view.close()
    del ds
    gc.collect()
    assert reference() is None
    with pytest.raises(RTXRError, match=r"was closed .* ds.rt.view\(\) opens one"):
        view.snapshot()
    assert asked(view, ask="pictures", pictures=[{}], whole=True) == []
    view.position = {"z": 99}  # no longer anything to be inside of


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(MissingExtraError, match=r"rtxr\[view\]"):
        xr.Dataset().rt.view()
