"""Servers of notebooks and a Chromium on this machine: for tests, and for benchmarks."""

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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
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
#: Seconds until a server, a page or a kernel counts as broken; the tests measure nothing.
PATIENCE = 60
#: Module > its arguments, the address of a notebook, and one that answers once it is up.
_JUPYTER = (
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--port={port}",
    f"--IdentityProvider.token={TOKEN}",
    "--ServerApp.root_dir={folder}",
)
SERVERS = {
    "jupyterlab": (_JUPYTER, f"/doc/tree/{{name}}?token={TOKEN}", "/api"),
    "notebook": (_JUPYTER, f"/notebooks/{{name}}?token={TOKEN}", "/api"),
    "voila": (
        (
            "{folder}",
            "--no-browser",
            "--Voila.ip=127.0.0.1",
            "--port={port}",
            # Voila loads extensions of JupyterLab; that of Notebook needs what only Notebook has.
            "--VoilaConfiguration.extension_denylist=@jupyter-notebook/lab-extension",
        ),
        "/voila/render/{name}",
        "/voila/tree",
    ),
}


class MissingProgramError(Exception):
    """Something that is needed to look at a page is not installed; the message says what."""


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


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser.

    Raises
    ------
    MissingProgramError
        There is none.
    """
    for name in ("playwright", "anywidget"):
        if importlib.util.find_spec(name) is None:
            raise MissingProgramError(f"{name} is not installed (pip install 'rtxr[browser]')")
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        raise MissingProgramError("no Chromium (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def served(module: str, folder: Path, home: Path) -> Iterator[Server]:
    """A server of :data:`SERVERS`: the folder that it serves, and an empty one for its settings.

    Raises
    ------
    MissingProgramError
        It is not installed.
    """
    if importlib.util.find_spec(module) is None:
        raise MissingProgramError(f"{module} is not installed (pip install 'rtxr[browser]')")
    arguments, address, probe = SERVERS[module]
    port = _free_port()
    given = [each.format(port=port, folder=folder) for each in arguments]
    command = [sys.executable, "-m", module, *given]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=_environment(home), stdout=log, stderr=log, cwd=folder
        )
        try:
            root = f"http://127.0.0.1:{port}"
            _wait(root + probe, process, home / "log")
            yield Server(folder, root + address)
        finally:
            process.terminate()
            process.wait(PATIENCE)


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
    raise RuntimeError(f"{address} did not answer: {log.read_text(errors='replace')[-2000:]}")
