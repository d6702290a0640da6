"""The grammar of metrics, and metrics that users add."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rtxr
from analysis.shapes import axial_grid, make_case, square, stack
from rtxr.analysis.statistics import metric_names
from rtxr.analysis.statistics.metric_names import kinds, parse_metric
from rtxr.errors import RTXRError, UnknownNameError


@pytest.fixture
def registry(monkeypatch):
    """What is registered in a test is gone after it."""
    monkeypatch.setattr(metric_names, "_REGISTRY", dict(metric_names._REGISTRY))


@pytest.fixture
def box():
    grid = axial_grid((31, 31, 31), (2.0,) * 3, (-30.0,) * 3, "dose_")
    dose = np.broadcast_to(20 + grid.axes[2], grid.shape).copy()
    return make_case({"Box": stack(square(10.0), np.arange(-9.0, 10.0, 3.0))}, None, (grid, dose))


def test_every_kind_says_what_it_means():
    spellings = [kind.spelling for kind in kinds()]
    assert len(set(map(str.casefold, spellings))) == len(spellings)
    assert all(kind.meaning for kind in kinds())


@given(st.integers(0, 10_000), st.integers(0, 99), st.sampled_from(["", "[cc]", "[%]", "[CM3]"]))
def test_numbers_are_read_as_they_are_written(whole, part, unit):
    for head in ("V", "CV"):
        metric = parse_metric(f" {head} {whole}.{part:02d} gY {unit}")
        assert metric.kind.spelling == f"{head}#Gy"
        assert metric.numbers == (float(f"{whole}.{part:02d}"),)
        assert metric.unit == {"": "%", "[%]": "%"}.get(unit, "cc")


@pytest.mark.parametrize(
    ("name", "spelling", "number"),
    [
        ("D.03cc", "D#cc", 0.03),
        ("D5.%", "D#%", 5.0),
        ("DC10cc", "DC#cc", 10.0),
        ("geud(A=-10)", "gEUD(a=#)", -10.0),
        ("gEUD( a = +8.5 )", "gEUD(a=#)", 8.5),
    ],
)
def test_names_that_are_metrics(name, spelling, number):
    metric = parse_metric(name)
    assert (metric.name, metric.kind.spelling, metric.numbers) == (name, spelling, (number,))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("D-5%", "D5%"),
        ("D95", "D95%"),
        ("gEUD", "gEUD(a=2)"),
        ("gEUD(8)", "gEUD(a=8)"),
        ("DC95", "DC95%"),
        ("paddik", "Paddick"),
        ("V20Gy[", "V20Gy"),
        ("", "D2%"),
        ("D95%[cc]", "it is a dose, whose unit is Gy or cGy or %"),
        ("V20Gy[Gy]", "it is a volume, whose unit is cc or %"),
        ("HI[%]", "it is a number without a unit, whose unit is none"),
    ],
)
def test_names_that_are_none_show_the_nearest(name, near):
    with pytest.raises(UnknownNameError) as caught:
        parse_metric(name)
    assert near in str(caught.value)


def test_a_metric_of_ones_own(box, registry):
    @rtxr.register_metric("spread#%", meaning="D#% - D(100-#)%", unit="Gy")
    def spread(given):
        volume = given.roi.volume_cc
        low, high = given.number / 100 * volume, (1 - given.number / 100) * volume
        return given.roi.dose_at(low) - given.roi.dose_at(high)

    assert spread.__name__ == "spread"
    table = box.rt.dvh_metrics(["Spread10%", "spread10%[%]"], prescription=20)
    assert table.loc["Box"].tolist() == pytest.approx([16, 80], abs=0.003)
    goals = box.rt.goals("Box: spread2% < 20 Gy")
    assert goals["passed"].tolist() == [True]


def test_several_numbers_prescription_and_isodose(box, registry):
    def given_back(given):
        assert given.isodose(1000.0) == 0
        return sum(given.numbers) + given.prescription + given.isodose_cc

    rtxr.register_metric("NTCP(TD50=#,m=#)", given_back, meaning="a test", needs_prescription=True)
    table = box.rt.dvh_metrics("ntcp(td50=24.5, m=-0.5)", prescription=20)
    assert table.iloc[0, 0] == pytest.approx(24 + 20 + 108)
    with pytest.raises(rtxr.errors.MissingDataError, match="plan"):
        box.rt.dvh_metrics("NTCP(TD50=24.5,m=0.18)")


def test_nothing_is_overwritten_silently(registry):
    rtxr.register_metric("mine", lambda _: 1.0, meaning="one")
    for spelling, hint in (
        ("MINE", "overwrite=True"),
        ("D#%", "overwrite=True"),
        ("Dmean", "overwrite=True"),
        ("D5%", "another spelling"),
        ("gEUD(a=8)", "another spelling"),
    ):
        with pytest.raises(RTXRError, match=hint):
            rtxr.register_metric(spelling, lambda _: 2.0, meaning="two")
    rtxr.register_metric("Mine", lambda _: 2.0, meaning="two", overwrite=True)
    assert parse_metric("mine").kind.meaning == "two"
    with pytest.raises(RTXRError, match="another spelling"):
        rtxr.register_metric("D5%", lambda _: 2.0, meaning="two", overwrite=True)


@pytest.mark.parametrize("spelling", ["", "#%", "a b", "PTV:x", "a<b", "V#[cc]"])
def test_spellings_that_goals_could_not_read_are_refused(spelling, registry):
    with pytest.raises(RTXRError, match="a letter in its name"):
        rtxr.register_metric(spelling, lambda _: 1.0, meaning="none")


def test_a_unit_that_is_none(registry):
    with pytest.raises(UnknownNameError, match="unit='ml'"):
        rtxr.register_metric("mine", lambda _: 1.0, meaning="one", unit="ml")
