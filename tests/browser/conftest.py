"""JupyterLab and Voilà on this machine, and Debian's or Playwright's Chromium to look at them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4

#: Programs that Playwright can drive, first those of the system.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TOKEN = "test"
#: What pages say that has nothing to do with widgets: Voilà asks a CDN for icons of its own.
HARMLESS = ("cdn.jsdelivr.net", "font-awesome", "fontawesome", "ERR_NAME_NOT_RESOLVED")
#: Seconds until a server, a page or a kernel counts as broken; the tests measure nothing.
PATIENCE = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser; skips where there is none."""
    for name in ("playwright", "anywidget"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed (pip install 'rtxr[browser]')")
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip("no Chromium (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page that must not have said any error by the end of the test."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE * 1000)
    errors: list[str] = []

    def heard(message: Any) -> None:
        text = f"{message.text} {message.location.get('url', '')}"
        if message.type == "error" and not any(each in text for each in HARMLESS):
            errors.append(text)

    opened.on("console", heard)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


class Server:
    """A notebook server with a folder of its own.

    Parameters
    ----------
    folder : path
        What it serves.
    address : str
        Of a notebook, with ``{name}`` for its name.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address

    def open(self, page: Any, name: str, *cells: str) -> None:
        """Show a new notebook."""
        notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, self.folder / f"{name}.ipynb")
        page.goto(self.address.format(name=f"{name}.ipynb"))


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """``started("voila", arguments, address)``: a server, stopped at the end."""
    running: list[subprocess.Popen[bytes]] = []

    def start(module: str, arguments: list[str], address: str, probe: str) -> Server:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed (pip install 'rtxr[browser]')")
        folder, port = tmp_path_factory.mktemp(module), _free_port()
        home = tmp_path_factory.mktemp("jupyter")
        values = {"port": port, "folder": folder}
        command = [sys.executable, "-m", module, *(each.format(**values) for each in arguments)]
        log = (home / "log").open("wb")
        running.append(
            subprocess.Popen(command, env=_environment(home), stdout=log, stderr=log, cwd=folder)
        )
        root = f"http://127.0.0.1:{port}"
        _wait(root + probe, running[-1], home / "log")
        return Server(folder, root + address)

    yield start
    for process in running:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture(scope="session")
def lab(chromium: Any, started: Callable[..., Server]) -> Server:
    """JupyterLab; notebooks are opened, not run."""
    arguments = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        "--port={port}",
        f"--IdentityProvider.token={TOKEN}",
        "--ServerApp.root_dir={folder}",
    ]
    return started("jupyterlab", arguments, f"/doc/tree/{{name}}?token={TOKEN}", "/api")


@pytest.fixture(scope="session")
def voila(chromium: Any, started: Callable[..., Server]) -> Server:
    """Voilà; notebooks are run when they are opened."""
    arguments = ["{folder}", "--no-browser", "--Voila.ip=127.0.0.1", "--port={port}"]
    return started("voila", arguments, "/voila/render/{name}", "/voila/tree")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _environment(home: Path) -> dict[str, str]:
    """Environment in which nothing of the user's own settings is read or written."""
    names = {
        "HOME": "home",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    folders = {name: home / folder for name, folder in names.items()}
    for folder in folders.values():
        folder.mkdir()
    settings = folders["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = '{"fetchNews": "false", "checkForUpdates": false}'  # or it asks whether to call home
    (settings / "notification.jupyterlab-settings").write_text(quiet)
    return {**os.environ, **{name: str(folder) for name, folder in folders.items()}}


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until a server answers."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5)
        except urllib.error.HTTPError:
            return  # it answers, whatever it thinks of this
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"{address} did not answer: {log.read_text(errors='replace')[-2000:]}")
