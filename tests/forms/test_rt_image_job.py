"""The job behind the form: what is chosen, what is told, what is made."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import matplotlib.image
import numpy as np
import pydicom
import pytest
from rt_image_pairs import measured, planned, saved, template

import rtxr
from rtxr.errors import MissingDataError, RTXRError
from rtxr.forms.rt_image_job import ANOTHER, ROLES, RTImageJob
from rtxr.forms.workspace import Workspace

MACHINES = [
    rtxr.Machine("RTXR-LINAC", DeviceSerialNumber="1"),
    rtxr.Machine("TB2", DeviceSerialNumber="22"),
]


@pytest.fixture
def job():
    made = RTImageJob(MACHINES, Workspace(10**8))
    yield made
    made.close()


@pytest.fixture
def filled(job, portal):
    for role in ROLES:
        job.take(role, [str(portal / role)])
    job.choose("RTXR-LINAC")
    return job


def told(job):
    return [(each.severity, each.text) for each in job.messages()]


def test_it_says_what_is_yet_to_be_chosen(job, portal):
    texts = [text for _, text in told(job)]
    assert texts == [*(f"choose the {role}" for role in ROLES), "choose a machine"]
    job.take("images", [str(portal / "images")])
    assert ("info", "choose the images") not in told(job)
    with pytest.raises(MissingDataError):
        job.made()


def test_one_machine_needs_no_choice_and_where_there_is_none_it_is_named(job):
    assert RTImageJob(MACHINES[:1], Workspace(1)).machine == "RTXR-LINAC"
    assert RTImageJob([], Workspace(1)).machine == ANOTHER
    with pytest.raises(RTXRError, match="no machine 'X'"):
        job.choose("X")


def test_a_machine_that_is_not_listed(filled):
    filled.choose(ANOTHER)
    assert told(filled) == [("info", "name the machine and its serial number")]
    assert not filled.ready
    filled.another |= {"RadiationMachineName": "x" * 17, "DeviceSerialNumber": "7"}
    ((severity, text),) = told(filled)
    assert (severity, "16" in text, filled.ready) == ("error", True, False)
    filled.another["RadiationMachineName"] = "NEW"
    files = [pydicom.dcmread(io.BytesIO(data)) for data in unpacked(filled)]
    assert {(each.StationName, each.DeviceSerialNumber) for each in files} == {("NEW", "7")}


def test_tables_name_files_and_beams_and_no_patient(filled):
    assert filled.images == ["image_1.dcm · 160 x 192", "image_2.dcm · 160 x 192"]
    assert filled.templates == [
        "template_1.dcm · 160 x 192 · beam 1 (AP static) · gantry 0°",
        "template_2.dcm · 160 x 192 · beam 2 (Arc) · gantry 120°",
    ]
    assert told(filled) == []


def test_long_names_of_files_leave_room(job, portal, tmp_path):
    name = "RI1.3.6.1.4.1.2452.6.2101074594.1310358496.1108690583.272421029.dcm"
    shutil.copy(portal / "images" / "image_1.dcm", tmp_path / name)
    job.take("images", [str(tmp_path)])
    assert job.images == ["RI1.3.6.1.4.…108690583.272421029.dcm · 160 x 192"]


def test_defaults_are_those_of_the_files(filled):
    assert filled.default("PatientName") == "Phantom^Tutorial"
    assert filled.default("PatientID") == "RTXR-PHANTOM"


def test_what_is_typed_is_checked(filled):
    filled.patient["PatientID"] = "x" * 65
    assert told(filled) == [
        ("error", "(0010,0020) PatientID has 65 characters, and VR LO allows 64")
    ]
    filled.patient["PatientID"] = " QA 1 "
    ((severity, text),) = told(filled)
    assert (severity, "(0010,0040) PatientSex;" in text) == ("warning", True)
    assert pydicom.dcmread(io.BytesIO(unpacked(filled)[0])).PatientID == "QA 1"


def test_errors_are_told_before_a_machine_is_chosen(job, tmp_path):
    for role, objects in {"images": [measured()], "templates": [template(beam=9)]}.items():
        job.take(role, [str(saved(tmp_path, role, objects)[0])])
    job.take("plan", [str(saved(tmp_path, "plan", [planned()])[0])])
    (error, hint) = told(job)
    assert error[0] == "error"
    assert "is of beam 9" in error[1]
    assert hint == ("info", "choose a machine")


def test_another_machine_is_a_warning(filled):
    filled.choose("TB2")
    assert [severity for severity, _ in told(filled)] == ["warning"] * 2


def test_pairs_are_exchanged(filled):
    before = filled.revision
    filled.pair(0, 1)
    assert filled.revision != before
    assert filled.order == [1, 0]
    made = filled.made()
    assert made.beam_number.values.tolist() == [2, 1]
    filled.take("plan", [str(Path(filled.inbox("plan")._workspace.folder))])
    assert filled.order == [1, 0]


def test_pairs_that_contradict_their_times_are_told_until_they_are_exchanged(job, tmp_path):
    images = saved(tmp_path, "images", [measured(0), measured(1)])
    late_first = [template(at, 1, ContentTime=f"080{9 - at}00") for at in (0, 1)]
    templates = saved(tmp_path, "templates", late_first)
    job.take("images", list(map(str, images)))
    job.take("templates", list(map(str, templates)))
    job.take("plan", [str(saved(tmp_path, "plan", [planned()])[0])])
    job.choose("TB2")
    assert any("not taken in one order" in text for _, text in told(job))
    job.pair(0, 1)
    assert not any("not taken in one order" in text for _, text in told(job))


def test_unlike_numbers_are_an_error(filled, portal):
    filled.take("templates", [str(portal / "templates" / "template_1.dcm")])
    filled.pair(1, 0)
    assert ("error", "there are 2 image(s) and 1 template(s); each new RT Image is made of one of "
            "each") in told(filled)  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_files_that_are_no_rt_objects_are_told(filled, tmp_path, role):
    (tmp_path / "a.txt").write_text("no DICOM")
    filled.take(role, [str(tmp_path)])
    assert filled.counts[role] == 0
    assert [severity for severity, _ in told(filled)] == ["error"]
    filled.take(role, [])
    assert told(filled) == [("info", f"choose the {role}")]


def test_messages_name_an_upload_and_not_where_it_is_kept(filled):
    for role in ROLES:
        inbox = filled.inbox(role)
        inbox.begin([("notes.txt", 1)])
        inbox.write(0, b"1")
        filled.take(role, inbox.finish())
    assert [text for _, text in told(filled)] == [
        "images: notes.txt holds no RT Image",
        "templates: notes.txt holds no RT Image",
        "plan: notes.txt holds 0 plans (none); name the file of one",
    ]


def test_an_element_of_no_known_kind_does_not_stop_the_preview(filled, portal, tmp_path):
    (source,) = (portal / "plan").iterdir()
    data = source.read_bytes()
    assert data.count(b"\x0a\x30\x02\0SH") == 1  # RTPlanLabel
    (tmp_path / "plan.dcm").write_bytes(data.replace(b"\x0a\x30\x02\0SH", b"\x0a\x30\x02\0S\xc9"))
    filled.take("plan", [str(tmp_path / "plan.dcm")])
    assert filled.picture(0).startswith(b"\x89PNG")


def test_a_path_that_is_not_there_empties_its_role(filled, tmp_path):
    filled.take("images", [str(tmp_path / "none")])
    assert filled.counts["images"] == 0
    ((severity, text),) = told(filled)
    assert severity == "error"
    assert text.startswith("images: ")
    assert "none" in text


def unpacked(job):
    with zipfile.ZipFile(job.create()) as archive:
        return [archive.read(name) for name in archive.namelist()]


def test_the_archive_holds_what_was_made(filled, portal):
    filled.patient["PatientName"] = "QA^Name"
    files = [pydicom.dcmread(io.BytesIO(data)) for data in unpacked(filled)]
    assert [str(each.PatientName) for each in files] == ["QA^Name"] * 2
    assert [each.ReferencedBeamNumber for each in files] == [1, 2]
    for number, each in enumerate(files, start=1):
        source = pydicom.dcmread(portal / "images" / f"image_{number}.dcm")
        assert each.PixelData == source.PixelData
    again = [pydicom.dcmread(io.BytesIO(data)) for data in unpacked(filled)]
    assert again[0].SOPInstanceUID != files[0].SOPInstanceUID  # created anew


@pytest.mark.parametrize("image", [0, 1])
def test_the_preview_is_a_picture(filled, image):
    shown = matplotlib.image.imread(io.BytesIO(filled.picture(image)))
    assert shown.shape[:2] == (486, 486)
    assert np.ptp(shown[..., :3]) > 0.9


def test_without_an_aperture_the_image_is_shown_alone(job, tmp_path):
    job.take("images", [str(saved(tmp_path, "images", [measured()])[0])])
    job.take("templates", [str(saved(tmp_path, "templates", [template()])[0])])
    job.take("plan", [str(saved(tmp_path, "plan", [planned()])[0])])
    job.choose("TB2")
    assert job.picture(0).startswith(b"\x89PNG")


def test_what_has_not_changed_is_made_once(filled):
    made = filled.made()
    assert filled.made() is made
    filled.patient["PatientID"] = "QA"
    renamed = filled.made()
    assert renamed is not made
    filled.pair(0, 1)
    assert filled.made() is not renamed
