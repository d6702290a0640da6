"""JupyterLab, Notebook and Voilà on this machine, and a Chromium to look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

import rtxr
from browser import servers
from browser.bare import Bare
from browser.planes import drawn
from browser.servers import PATIENCE, MissingProgramError, Server

#: What pages say that has nothing to do with widgets: Voilà asks a CDN for icons of its own,
#: Notebook for settings that are not there yet, on empty pages too, JupyterLab gives up asking a
#: busy kernel for its debugger.
HARMLESS = (
    "cdn.jsdelivr.net",
    "font-awesome",
    "fontawesome",
    "ERR_NAME_NOT_RESOLVED",
    "(reading 'schema')",
    "restore the debugger state",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def _or_skip(wanted: AbstractContextManager[Any]) -> Iterator[Any]:
    """What a test needs, or a skip that says what is missing."""
    try:
        made = wanted.__enter__()
    except MissingProgramError as error:
        pytest.skip(str(error))
    yield made
    wanted.__exit__(None, None, None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser; skips where there is none."""
    yield from _or_skip(servers.chromium())


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page that must not have said any error by the end of the test."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE * 1000)
    errors: list[str] = []

    def told(text: str) -> None:
        if not any(each in text for each in HARMLESS):
            errors.append(text)

    def heard(message: Any) -> None:
        if message.type == "error":
            told(f"{message.text} {message.location.get('url', '')}")

    opened.on("console", heard)
    opened.on("pageerror", lambda error: told(str(error)))
    yield opened
    context.close()
    assert errors == []


@pytest.fixture
def shown(page: Any, tmp_path: Path) -> Callable[..., Bare]:
    """``shown(widget)``: a widget on a bare page, all of it drawn."""

    def show(widget: Any, style: str = "") -> Bare:
        bare = Bare(page, widget, tmp_path, style)
        drawn(bare)
        return bare

    return show


@pytest.fixture(scope="session")
def patient(phantom: Path) -> xr.Dataset:
    """The synthetic patient, in memory."""
    return rtxr.open_dir(phantom).load()


@pytest.fixture(scope="session")
def lab(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab; notebooks are opened, not run."""
    yield from _or_skip(_served("jupyterlab", tmp_path_factory))


@pytest.fixture(scope="session")
def classic(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Jupyter Notebook; notebooks are opened, not run."""
    yield from _or_skip(_served("notebook", tmp_path_factory))


@pytest.fixture(scope="session")
def voila(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Voilà; notebooks are run when they are opened."""
    yield from _or_skip(_served("voila", tmp_path_factory))


def _served(module: str, folders: pytest.TempPathFactory) -> AbstractContextManager[Server]:
    return servers.served(module, folders.mktemp(module), folders.mktemp("jupyter"))
