"""An edited plan is written as a new one, and says the same when it is opened again."""

from __future__ import annotations

import pandas as pd
import pydicom
from hypothesis import given, settings
from hypothesis import strategies as st

import rtxr
from rtxr.edit.plans.edits import with_beams, with_control_points
from tests.edit.plan_case import FOLLOW, assert_same, changed_elements
from tests.lossless import differences


def test_an_edited_plan_is_a_new_one(plan_case, plan_folder, tmp_path):
    table = plan_case.rt.control_points()
    table.loc[table["BeamNumber"] == 1, "GantryAngle"] = 80.0
    written = with_control_points(plan_case, table).rt.to_dicom(tmp_path / "out")
    assert written.set_index("IOD")["changed"].ne("")["RT Plan"]
    new = pydicom.dcmread(tmp_path / "out" / "RTPLAN_1.dcm")
    old = pydicom.dcmread(plan_folder / "RTPLAN_1.dcm")
    assert new.SOPInstanceUID != old.SOPInstanceUID
    assert new.SeriesInstanceUID != old.SeriesInstanceUID
    assert new.ApprovalStatus == "UNAPPROVED"
    assert new[0x3287, 0x1001].value == b"\x01\x02\x03\x04"
    of_beams = [each for each in differences(new, old) if each.startswith("(300A,00B0)")]
    assert of_beams == ["(300A,00B0)[0](300A,0111)[0](300A,011E): another value"]
    back = rtxr.open_dir(tmp_path / "out")
    assert_same(back.rt.control_points(), table)
    assert_same(
        back.rt.beams().drop(columns=["gantry_start", "gantry_stop"]),
        plan_case.rt.beams().drop(columns=["gantry_start", "gantry_stop"]),
    )


def test_back_to_what_it_was_is_no_change(plan_case, tmp_path):
    table = plan_case.rt.beams()
    there = with_beams(plan_case, table.assign(BeamMeterset=[1.0, 2.0]))
    back = with_beams(there, table)
    differing = changed_elements(back, plan_case)
    assert {each.removeprefix("new ")[:11] for each in differing} <= {
        "(300A,0070)",
        "(300E,0002)",
        "(300E,0004)",
        "(300E,0005)",
        "(300E,0008)",
    }


degrees = st.integers(0, 3599).map(lambda tenth: tenth / 10)
mm = st.integers(0, 2000).map(lambda tenth: tenth / 10)


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[int, dict[str, object]]]:
    """Rows of the table of control points, and what they are to say."""
    return [
        (
            place,
            {
                "Y1": -draw(mm),
                "Y2": draw(mm),
                "MLCX": (-1.0, -draw(mm), draw(mm), draw(mm)),
                "isocenter_y": draw(mm),
                "NominalBeamEnergy": draw(mm),
                **({"GantryAngle": draw(degrees)} if place > 1 else {}),
            },
        )
        for place in draw(st.sets(st.integers(0, 4), min_size=1))
    ]


def _edited(table: pd.DataFrame, changes: list[tuple[int, dict[str, object]]]) -> pd.DataFrame:
    table = table.copy()
    for place, values in changes:
        for column, value in values.items():
            table.at[place, column] = value
    return table


@settings(max_examples=10)
@given(edits(), edits())
def test_the_plan_says_what_the_table_says(plan_case, first, second):
    table = _edited(plan_case.rt.control_points().drop(columns=FOLLOW), first)
    changed = with_control_points(plan_case, table)
    assert_same(changed.rt.control_points(), table)
    table = _edited(table, second)
    again = with_control_points(changed, table)
    assert_same(again.rt.control_points(), table)
    back = with_control_points(again, plan_case.rt.control_points().drop(columns=FOLLOW))
    assert_same(back.rt.control_points(), plan_case.rt.control_points())


@settings(max_examples=3)
@given(changes=edits(), metersets=st.tuples(mm, mm))
def test_edit_export_reopen(plan_case, tmp_path_factory, changes, metersets):
    table = _edited(plan_case.rt.control_points(), changes)
    beams = pd.DataFrame({"BeamNumber": [1, 2], "BeamMeterset": [each + 1 for each in metersets]})
    changed = with_beams(with_control_points(plan_case, table), beams)
    out = tmp_path_factory.mktemp("edited") / "out"
    changed.rt.to_dicom(out)
    back = rtxr.open_dir(out)
    assert_same(back.rt.control_points(), table)
    assert back.rt.beams()["BeamMeterset"].tolist() == beams["BeamMeterset"].tolist()
