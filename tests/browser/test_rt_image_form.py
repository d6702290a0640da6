"""The form that makes RT Images, from upload to the files that are downloaded."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pydicom
import pytest

import rtxr
from browser.conftest import Server
from browser.pages import printed, run_cell

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "rt_image_form.ipynb"
ROLES = ("images", "templates", "plan")
SHOW = """
import rtxr
machines = [rtxr.Machine("RTXR-LINAC", "1"), rtxr.Machine("TB2", "22")]
form = rtxr.rt_image_form(machines=machines, most_megabytes={})
form
"""

CLOSE = """
folder = form.job.workspace.folder
there = folder.exists()
form.close()
print(there, folder.exists())
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rtxr.tutorial.portal_images(tmp_path_factory.mktemp("portal"))


def upload(page: Any, role: str, paths: list[Path]) -> None:
    row = page.locator(f".rtxr-upload-{role}")
    with page.expect_file_chooser() as chosen:
        row.get_by_role("button", name="Choose").click()
    chosen.value.set_files([str(path) for path in paths])


def fill(page: Any, portal: Path) -> None:
    for role in ROLES:
        paths = sorted((portal / role).iterdir())
        upload(page, role, paths)
        page.get_by_text(f"✓ {len(paths)} found").nth(ROLES.index(role) % 2).wait_for()


def typed(page: Any, label: str, text: str) -> None:
    page.get_by_label(label).fill(text)


def downloaded(page: Any) -> list[pydicom.Dataset]:
    page.get_by_role("button", name="Create", exact=True).click()
    button = page.get_by_role("button", name=re.compile(r"Download rt_images\.zip \("))
    with page.expect_download() as file:
        button.click()
    with zipfile.ZipFile(file.value.path()) as archive:
        return [pydicom.dcmread(io.BytesIO(archive.read(name))) for name in archive.namelist()]


def check(files: list[pydicom.Dataset], portal: Path, patient: str) -> None:
    assert [each.ReferencedBeamNumber for each in files] == [1, 2]
    for number, each in enumerate(files, start=1):
        image = pydicom.dcmread(portal / "images" / f"image_{number}.dcm")
        assert each.PixelData == image.PixelData
        assert (each.StationName, each.DeviceSerialNumber) == ("TB2", "22")
        assert (each.PatientID, str(each.PatientName)) == (patient, "Phantom^Tutorial")
        assert each.AcquisitionTime == image.ContentTime
        assert each[0x32731001].value == "HFS"
        assert each.pixel_array.shape == (each.Rows, each.Columns)


def test_in_voila(voila: Server, page: Any, portal: Path) -> None:
    """The notebook that ``make web`` serves, with a machine that is not in any list."""
    shutil.copy(NOTEBOOK, voila.folder)
    page.goto(voila.address.format(name=NOTEBOOK.name))
    messages = page.locator(".rtxr-messages")
    messages.get_by_text("choose the images").wait_for()
    create = page.get_by_role("button", name="Create", exact=True)
    assert create.is_disabled()
    fill(page, portal)
    page.get_by_label("Machine").select_option("another …")
    messages.get_by_text("name the machine").wait_for()
    typed(page, "Its name", "TB2")
    typed(page, "Serial number", "22")
    messages.get_by_text("taken on another machine").first.wait_for()
    assert "RTXR-PHANTOM" in page.get_by_label("Patient ID").get_attribute("placeholder")
    page.locator(".rtxr-preview img, img.rtxr-preview").first.wait_for()

    typed(page, "Patient ID", "x" * 65)
    messages.get_by_text("VR LO allows 64").wait_for()
    assert create.is_disabled()
    typed(page, "Patient ID", "QA-7")
    messages.get_by_text("VR LO allows 64").wait_for(state="detached")
    check(downloaded(page), portal, "QA-7")


def test_in_jupyterlab(lab: Server, page: Any, portal: Path) -> None:
    """Keys in a list are the list's own, and closing the form leaves nothing behind."""
    lab.open(page, "rt_image_form", SHOW.format(10), CLOSE)
    run_cell(page, 0)
    page.locator(".rtxr-messages").get_by_text("choose the images").wait_for()
    fill(page, portal)
    page.get_by_label("Machine").select_option("TB2")
    page.get_by_label("Machine").focus()
    for _ in range(2):
        page.keyboard.press("d")  # would delete a cell
    check(downloaded(page), portal, "RTXR-PHANTOM")
    assert printed(page, 1) == ["True False"]
    page.locator(".rtxr-messages").wait_for(state="detached")


def test_what_is_too_large_for_one_message_comes_in_parts(
    voila: Server, page: Any, portal: Path, tmp_path: Path
) -> None:
    """Both ways: 3 files of 5 MB, more than a server takes in a message and lets pass in 3 s."""
    voila.open(page, "large", SHOW.format(40))
    page.locator(".rtxr-messages").get_by_text("choose the images").wait_for()
    paths = [large(portal, tmp_path, number) for number in (1, 2)]
    upload(page, "images", paths)
    page.get_by_text("✓ 2 found").wait_for()
    upload(page, "templates", sorted((portal / "templates").iterdir()))
    page.get_by_text("✓ 2 found").nth(1).wait_for()
    upload(page, "plan", sorted((portal / "plan").iterdir()))
    page.get_by_text("✓ 1 found").wait_for()
    page.get_by_label("Machine").select_option("TB2")
    check_sizes(downloaded(page), paths)

    upload(page, "templates", paths * 2)
    page.get_by_text("up to 40 MB are taken").wait_for()


def large(portal: Path, folder: Path, number: int) -> Path:
    """An image whose pixels cannot be packed any smaller."""
    import numpy as np  # noqa: PLC0415

    image = pydicom.dcmread(portal / "images" / f"image_{number}.dcm")
    values = np.random.default_rng(number).integers(0, 2**16, (2000, 2800), np.uint16)
    image.Rows, image.Columns = values.shape
    image.PixelData = values.tobytes()
    image.save_as(folder / f"large_{number}.dcm")
    return folder / f"large_{number}.dcm"


def check_sizes(files: list[pydicom.Dataset], paths: list[Path]) -> None:
    for each, path in zip(files, paths, strict=True):
        assert each.PixelData == pydicom.dcmread(path).PixelData
