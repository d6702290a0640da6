"""Make the picture of the form: ``python docs/images/rt_image_form.py`` (Voilà and Chromium)."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

import rtxr

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "rt_image_form.ipynb"
MACHINES = '[[machine]]\nRadiationMachineName = "TB2"\nDeviceSerialNumber = "1234"\n'
PATIENCE = 120


def main() -> None:
    """Upload the tutorial's files; another machine than that of the templates."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = rtxr.tutorial.portal_images(Path(scratch) / "portal")
        (Path(scratch) / "machines.toml").write_text(MACHINES)
        os.environ["RTXR_MACHINES"] = str(Path(scratch) / "machines.toml")
        with _served() as address, sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu"]
            program = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=program, args=flags)
            page = browser.new_page(viewport={"width": 1000, "height": 900})
            page.set_default_timeout(PATIENCE * 1000)
            page.goto(address)
            _fill(page, folder)
            picture = page.locator(".rtxr-form").screenshot()
            browser.close()
        few = Image.open(io.BytesIO(picture)).quantize(64)  # a third of the bytes
        few.save(Path(__file__).with_suffix(".png"), optimize=True)


@contextmanager
def _served() -> Iterator[str]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, "-m", "voila", str(NOTEBOOK), "--no-browser"]
    command += ["--Voila.ip=127.0.0.1", f"--port={port}"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        address = f"http://127.0.0.1:{port}"
        _wait(address + "/voila/static/none")
        yield address
        process.terminate()


def _wait(address: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)


def _fill(page: Page, folder: Path) -> None:
    for role in ("images", "templates", "plan"):
        paths = [str(path) for path in sorted((folder / role).iterdir())]
        with page.expect_file_chooser() as chosen:
            page.locator(f".rtxr-upload-{role}").get_by_role("button").click()
        chosen.value.set_files(paths)
    page.locator(".rtxr-messages").get_by_text("another machine").first.wait_for()
    page.locator("img.rtxr-preview, .rtxr-preview img").first.wait_for()
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_text("2 file(s) created").wait_for()


if __name__ == "__main__":
    main()
