"""The DVH widget without a browser: traits, readings, snapshot, and what it lets go of."""

from __future__ import annotations

import base64
import gc
import math
import sys
import weakref

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from ipywidgets import Label, dlink
from matplotlib import pyplot as plt
from traitlets import TraitError

import rtxr
from rtxr.errors import MissingDataError, MissingExtraError, RTXRError
from rtxr.view import dvh_curves
from rtxr.view.widgets.dvh.widget import DVHWidget

DOSE_GY = np.linspace(0.0, 40.0, 5)
CURVES = {"PTV": [4.0, 4.0, 3.0, 1.0, 0.0], "Lung": [50.0, 20.0, 5.0, 0.0, 0.0]}


def table(curves=CURVES):
    return pd.DataFrame(curves, index=pd.Index(DOSE_GY, name="dose_gy"))


def widget(prescription=None, **options):
    dvhs = dvh_curves.gathered({"": table()}, prescriptions={"": prescription})
    return DVHWidget(dvhs, **options)


def test_readings_follow_the_cursors_and_what_is_seen():
    made = widget()
    assert made.readings["V"].isna().all()
    made.dose, made.volume = 15, 50
    found = made.readings
    assert found.loc[("PTV", "computed"), "V"] == pytest.approx(100 * 3.5 / 4)
    assert found.loc[("Lung", "computed"), "V"] == pytest.approx(100 * 12.5 / 50)
    assert found["D"].tolist() == pytest.approx([25.0, 10 * 25 / 30])
    made.hidden = ["Lung"]
    assert made.readings.index.get_level_values("roi").tolist() == ["PTV"]
    made.hidden_sources = ("computed",)
    assert made.readings.empty


def test_another_unit_of_volume_takes_the_cursor_away():
    made = widget()
    made.volume = 50
    made.relative_volume = False
    assert math.isnan(made.volume)
    made.volume = 3
    assert made.readings["D"].tolist() == pytest.approx([20.0, 24.0])


def test_no_cursor_is_null_on_a_page():
    made = widget()
    state = made.get_state(["dose", "volume", "roi", "hidden"])
    assert (state["dose"], state["volume"], state["roi"], list(state["hidden"])) == (
        None,
        None,
        "",
        [],
    )
    made.set_state({"dose": 12.5, "hidden": ["PTV"]})
    assert (made.dose, made.hidden) == (12.5, ("PTV",))
    assert made.get_state("dose") == {"dose": 12.5}
    made.set_state({"dose": None})
    assert math.isnan(made.dose)
    made.volume = 50
    made.volume = None
    assert math.isnan(made.volume)


def test_traits_can_be_linked_with_widgets_that_know_other_rois():
    made, label = widget(), Label()
    dlink((made, "roi"), (label, "value"))
    made.set_state({"roi": "Lung"})
    assert label.value == "Lung"
    made.roi = "of a viewer only"
    assert made.snapshot().axes[0].lines[0].get_alpha() == 1


def test_percent_of_a_prescription_that_nobody_has_said():
    with pytest.raises(MissingDataError, match="prescription=70"):
        widget().relative_dose = True
    made = widget(prescription=20.0)
    made.relative_dose = True
    assert made.snapshot().axes[0].get_xlabel() == "Dose (% of prescription)"


def test_a_snapshot_is_what_is_seen():
    made = widget(dose_max=35)
    made.hidden = ("PTV",)
    made.roi, made.dose, made.volume = "Lung", 15, 40
    figure = made.snapshot()
    (axes,) = figure.axes
    line, *marks = axes.lines
    assert axes.get_xlim() == (0, 35)
    np.testing.assert_allclose(line.get_xydata(), [[0, 100], [10, 40], [20, 10], [30, 0]])
    points = [tuple(each.get_xydata()[0]) for each in marks if each.get_marker() == "o"]
    assert points == [pytest.approx((15, 25)), pytest.approx((10, 40))]
    assert {tuple(each.get_xdata()) for each in marks} >= {(15, 15)}
    assert not plt.get_fignums()  # shown once, by whoever asked for it


def test_a_snapshot_has_the_axes_of_the_page():
    made = widget(prescription=50.0)
    made.hidden = ("PTV",)  # the axis stays while curves come and go
    assert made.snapshot().axes[0].get_xlim() == (0, pytest.approx(1.02 * 30))
    made.relative_dose = True
    assert made.snapshot().axes[0].get_xlim() == (0, pytest.approx(1.02 * 60))


def test_the_end_of_the_axis_is_in_what_it_shows_at_first():
    made = widget(prescription=50.0, relative_dose=True, dose_max=110)
    assert made.snapshot().axes[0].get_xlim() == (0, 110)
    made.relative_dose = False
    assert made.snapshot().axes[0].get_xlim() == (0, 55)


def test_renderers_without_widgets_show_the_picture():
    made = widget()
    data, _ = made._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    made.hidden = tuple(CURVES)
    assert "image/png" not in made._repr_mimebundle_()[0]


def test_the_case_can_be_freed_while_the_widget_is_shown(phantom):
    ds = rtxr.open_dir(phantom)
    made = ds.rt.plot_dvh(["PTV_70", "Lung_L"], goals="PTV_70: D95% >= 60 Gy")
    gone = weakref.ref(ds)
    del ds
    gc.collect()
    assert gone() is None
    assert len(made.readings) == 2


def test_closing_lets_go_of_the_curves():
    made = widget()
    gone = weakref.ref(made.curves)
    made.close()
    gc.collect()
    assert gone() is None
    for ask in (lambda: made.curves, lambda: made.readings, made.snapshot):
        with pytest.raises(RTXRError, match="was closed"):
            ask()
    made.close()


def test_wrong_values_change_nothing():
    made = widget()
    for name, value in {"dose": "much", "roi": 3, "hidden": 1}.items():
        with pytest.raises(TraitError):
            setattr(made, name, value)
    assert (made.roi, made.hidden) == ("", ())
    with pytest.raises(RTXRError, match="dose_max=0"):
        widget(dose_max=0)


def test_bins_have_no_cursor():
    bins = table()
    bins.attrs["kind"] = "differential"
    with pytest.raises(RTXRError, match="static=True"):
        DVHWidget(dvh_curves.gathered({"": bins}))


def test_a_missing_extra_is_named(phantom, monkeypatch):
    ds: xr.Dataset = rtxr.open_dir(phantom)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(MissingExtraError, match=r"anywidget; pip install 'rtxr\[view\]'"):
        ds.rt.plot_dvh("PTV_70")
    assert ds.rt.plot_dvh("PTV_70", static=True).get_ylabel() == "Volume (%)"
