"""What the images of a series share: dates of one object each, and the plan's first beam."""

from __future__ import annotations

from pydicom.dataset import Dataset
from rt_image_pairs import measured, planned, template

from rtxr.iod.encoding.raw import item
from rtxr.iod.rt_image_series import beam_of, earliest, first_beam, series_values


def test_the_earliest_is_so_by_date_and_time_together():
    times = [("20240102", "0700"), ("20240101", "0900"), ("20240101", "083000.5"), ("", "0100")]
    objects = [item(StudyDate=date, StudyTime=time) for date, time in times]
    assert earliest(objects, "StudyDate", "StudyTime") == 2
    assert earliest([*objects, item(StudyDate="2023.12.31")], "StudyDate", "StudyTime") == 4
    assert earliest([item(StudyDate="20240101"), objects[1]], "StudyDate", "StudyTime") == 1
    assert earliest([Dataset()], "StudyDate", "StudyTime") is None


def test_dates_of_the_series_come_from_one_object_each():
    images = [measured(1, ContentDate="20240306", ContentTime="01"), measured(0, ContentTime="23")]
    templates = [template(0), template(1, StudyDate="20231231", StudyTime=None)]
    values = series_values(images, templates, planned())
    assert (values["SeriesDate"], values["SeriesTime"]) == ("20240305", "23")
    assert (values["StudyDate"], values["StudyTime"]) == ("20231231", "")
    assert (values["PatientName"], values["PatientID"]) == ("T^T", "T1")


def test_the_first_beam_is_no_setup_field():
    plan = planned((4, 2, 3))
    plan.BeamSequence[0].TreatmentDeliveryType = "SETUP"
    assert first_beam(plan) == 2
    for beam in plan.BeamSequence:
        beam.TreatmentDeliveryType = "SETUP"
    assert first_beam(plan) == 4
    assert first_beam(Dataset()) is None


def test_a_beam_is_found_by_its_number():
    plan = planned((4, 2))
    assert beam_of(plan, 2) is plan.BeamSequence[1]
    assert beam_of(plan, 1) is None
    assert beam_of(plan, None) is None
