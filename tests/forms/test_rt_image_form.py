"""The form without a browser: what its parts show, and what they do to the job."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path

import pydicom
import pytest

import rtxr
from rtxr.errors import MissingExtraError, RTXRError, UnknownNameError

MACHINES = [rtxr.Machine("RTXR-LINAC", DeviceSerialNumber="1"), rtxr.Machine("TB2", "2")]


@pytest.fixture
def form():
    made = rtxr.rt_image_form(machines=MACHINES, most_megabytes=10)
    yield made
    made.close()


def upload(form, role, paths):
    """What a page sends when files are chosen, answering each question."""
    widget = find(form, "Upload", lambda each: f"rtxr-upload-{role}" in each._dom_classes)
    asked = []
    widget.send = asked.append
    data = [Path(path).read_bytes() for path in paths]
    files = [[Path(path).name, len(each)] for path, each in zip(paths, data, strict=True)]
    widget._handle_custom_msg({"tell": "files", "key": "k", "files": files}, [])
    while asked:
        wanted = asked.pop()
        part = data[wanted["file"]][wanted["from"] : wanted["to"]]
        widget._handle_custom_msg({"key": wanted["key"]}, [memoryview(part)])
    return widget


def every(widget):
    yield widget
    for each in getattr(widget, "children", ()):
        yield from every(each)


def find(form, kind, test=lambda _: True):
    return next(each for each in every(form) if type(each).__name__ == kind and test(each))


def field(form, description):
    return next(each for each in every(form) if getattr(each, "description", "") == description)


def fill(form, portal):
    for role in ("images", "templates", "plan"):
        upload(form, role, sorted((portal / role).iterdir()))
    field(form, "Machine").value = "RTXR-LINAC"


def messages(form):
    return find(form, "HTML", lambda each: "rtxr-messages" in each._dom_classes).value


def test_from_upload_to_archive(form, portal):
    fill(form, portal)
    assert "nothing is missing" in messages(form)
    assert field(form, "Patient name").placeholder == "as in the files: Phantom^Tutorial"
    assert bytes(find(form, "Image").value).startswith(b"\x89PNG")
    download = find(form, "Download")
    assert download.size == 0
    field(form, "Create").click()
    assert download.size > 1000
    sent = []
    download.send = lambda content, buffers=None: sent.append((content, *buffers))
    start, parts = 0, b""
    while start < download.size:
        download._handle_custom_msg({"key": "d", "from": start}, [])
        told, part = sent.pop()
        assert (told["from"], told["all"]) == (start, download.size)
        parts, start = parts + part, start + len(part)
    assert parts.startswith(b"PK")
    field(form, "Patient ID").value = "other"  # what was made is not what is asked for now
    assert download.size == 0


def test_nothing_is_created_while_something_is_wrong(form, portal):
    create = field(form, "Create")
    assert create.disabled
    fill(form, portal)
    assert not create.disabled
    field(form, "Patient ID").value = "a\\b"
    assert create.disabled
    assert "PatientID has 2 values" in messages(form)
    assert bytes(find(form, "Image").value) == b""


def test_what_is_typed_is_checked_after_the_last_key(form, portal):
    fill(form, portal)
    told, checked = form.job.messages, []
    form.job.messages = lambda: checked.append(form.job.patient["PatientID"]) or told()

    async def typing() -> None:
        for length in range(1, 66):
            field(form, "Patient ID").value = "x" * length
        while field(form, "Create").disabled is False:
            await asyncio.sleep(0.01)
        field(form, "Patient ID").value = "QA"
        field(form, "Create").disabled = False
        field(form, "Create").click()  # at once
        assert find(form, "Download").size > 0
        await asyncio.sleep(0.4)
        assert find(form, "Download").size > 0
        field(form, "Patient ID").value = "a\\b"
        field(form, "Create").click()
        assert find(form, "Download").size == 0

    asyncio.run(typing())
    assert checked == ["x" * 65, "QA", "a\\b"]
    assert "PatientID has 2 values" in messages(form)


def test_messages_are_text_and_no_html(form, tmp_path):
    odd = tmp_path / "<img src=x onerror=alert(1)>"
    odd.mkdir()
    find(form, "Text", lambda each: "folder" in each.placeholder).value = str(odd)
    assert "&lt;img" in messages(form)
    assert "<img" not in messages(form)


def test_a_template_chosen_twice_is_exchanged(form, portal):
    fill(form, portal)
    lines = [each for each in every(form) if "rtxr-form-pair" in each._dom_classes]
    choices = [find(each, "Dropdown") for each in lines]
    choices[0].value = 1
    assert [each.value for each in choices] == [1, 0]
    assert form.job.order == [1, 0]


def test_uploads_are_bounded(form, tmp_path):
    large = tmp_path / "large.dcm"
    with large.open("wb") as file:
        file.truncate(11 * 10**6)
    widget = upload(form, "images", [large])
    assert widget.status.startswith("11 MB of files; up to 10 MB are taken")
    assert [each for each in form.job.workspace.folder.rglob("*") if each.is_file()] == []


def test_parts_of_another_transfer_are_left_alone(form, portal):
    (path,) = (portal / "plan").iterdir()
    widget = upload(form, "plan", [path])
    widget._handle_custom_msg({"key": "other"}, [b"more"])
    widget._handle_custom_msg({"anything": 1}, [])
    assert (widget.status, form.job.counts["plan"]) == ("", 1)


def test_what_nobody_foresaw_is_one_message(form, portal, monkeypatch):
    fill(form, portal)
    create = field(form, "Create")
    assert not create.disabled

    def fails(*_):
        raise ValueError("Doe^John")

    monkeypatch.setattr(form.job, "create", fails)
    create.click()
    assert not create.disabled
    assert form._done.value.startswith("the files led to an unforeseen ValueError")
    monkeypatch.setattr(form.job, "picture", fails)
    form._shown.index = 1
    assert form._note.value.startswith("the files led to an unforeseen ValueError")
    monkeypatch.setattr(form.job, "messages", fails)
    field(form, "Patient ID").value = "QA"
    assert create.disabled
    assert "an unforeseen ValueError" in messages(form)
    assert "Doe" not in messages(form)


def test_an_interruption_leaves_the_form_usable(form, portal, monkeypatch):
    fill(form, portal)

    def stopped():
        raise KeyboardInterrupt

    monkeypatch.setattr(form.job, "create", stopped)
    with pytest.raises(KeyboardInterrupt):
        form._made()
    assert not field(form, "Create").disabled
    assert form._done.value == "it was stopped, and not all was written"


def test_what_cannot_be_read_is_told(form, tmp_path):
    find(form, "Text", lambda each: "folder" in each.placeholder).value = str(tmp_path / "none")
    assert "error" in messages(form)
    assert str(tmp_path / "none") in messages(form)


def test_a_new_upload_takes_the_place_of_a_folder_and_of_files(form, portal, tmp_path):
    folder = find(form, "Text", lambda each: "folder" in each.placeholder)
    folder.value = str(portal / "images")
    fill(form, portal)
    assert folder.value == ""
    assert form.job.counts["images"] == 2
    picture = find(form, "Image")
    shown = bytes(picture.value)
    upload(form, "images", [portal / "images" / "image_1.dcm"])
    assert (form.job.counts["images"], bytes(picture.value)) == (1, b"")
    for path in (portal / "images").iterdir():  # of the same names and sizes
        image = pydicom.dcmread(path)
        image.PixelData = bytes(len(image.PixelData))
        image.save_as(tmp_path / path.name)
    upload(form, "images", sorted(tmp_path.iterdir()))
    assert bytes(picture.value) not in (b"", shown)


def test_an_upload_that_ends_half_way_leaves_nothing_to_make(form, portal):
    fill(form, portal)
    widget = find(form, "Upload", lambda each: "rtxr-upload-plan" in each._dom_classes)
    widget._handle_custom_msg({"tell": "files", "key": "k", "files": [["plan.dcm", 10]]}, [])
    assert form.job.counts["plan"] == 0
    assert "choose the plan" in messages(form)
    assert field(form, "Create").disabled


def test_a_machine_that_is_not_listed_is_named(form, portal):
    fill(form, portal)
    asked = [field(form, "Its name"), field(form, "Serial number")]
    assert {each.layout.display for each in asked} == {"none"}
    field(form, "Machine").value = field(form, "Machine").options[-1][1]
    assert {each.layout.display for each in asked} == {""}
    assert field(form, "Create").disabled
    for each, value in zip(asked, ("NEW", "7"), strict=True):
        each.value = value
    assert not field(form, "Create").disabled
    assert "taken on another machine" in messages(form)


def test_closing_removes_everything(portal):
    form = rtxr.rt_image_form(machines=MACHINES)
    fill(form, portal)
    folder = form.job.workspace.folder
    assert any(folder.rglob("*.dcm"))
    form.close()
    gc.collect()
    assert not folder.exists()


def test_folders_can_be_forbidden():
    form = rtxr.rt_image_form(machines=MACHINES, folders=False)
    assert not any("folder" in getattr(each, "placeholder", "") for each in every(form))
    form.close()


def test_machines_are_those_of_the_registry(tmp_path, monkeypatch):
    monkeypatch.setenv("RTXR_MACHINES", str(tmp_path / "machines.toml"))
    rtxr.machines.add(MACHINES[1])
    form = rtxr.rt_image_form()
    assert [text for text, _ in field(form, "Machine").options] == ["choose …", "TB2", "another …"]
    assert field(form, "Machine").value == "TB2"
    form.close()


def test_machines_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("RTXR_MACHINES", str(tmp_path / "machines.toml"))
    rtxr.machines.add(MACHINES[1])
    name = MACHINES[1].RadiationMachineName
    for machines in ([name], name, MACHINES[1]):
        form = rtxr.rt_image_form(machines=machines)
        assert form.job.machines == {name: MACHINES[1]}
        form.close()
    with pytest.raises(UnknownNameError, match="no machine 'TB9'"):
        rtxr.rt_image_form(machines=["TB9"])
    for wrong in (7, [7]):
        with pytest.raises(RTXRError, match="is a int; give"):
            rtxr.rt_image_form(machines=wrong)


def test_wrong_arguments_and_a_missing_extra_say_so(monkeypatch):
    with pytest.raises(RTXRError, match="most_megabytes"):
        rtxr.rt_image_form(most_megabytes=0)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(MissingExtraError, match=r"rtxr\[view\]"):
        rtxr.rt_image_form()
