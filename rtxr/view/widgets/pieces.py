"""What every widget is made of: its scripts and styles, and the extra that it needs."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from rtxr.errors import MissingExtraError, pip_install


def script(room: str, *names: str) -> str:
    """The ES module of a widget as text: its parts, the last of which exports ``render``."""
    return _joined(["page.js", *(f"{room}/{name}.js" for name in names)])


def style(room: str) -> str:
    """The CSS of a widget, after the colours that all widgets share."""
    return _joined(["theme.css", f"{room}/style.css"])


def _joined(names: Iterable[str]) -> str:
    here = files(__package__)
    return "\n".join(here.joinpath(name).read_text(encoding="utf-8") for name in names)


def widget_class(room: str, name: str) -> Any:
    """The class of a widget, whose module needs the extra ``view``.

    Parameters
    ----------
    room, name : str
        For example ``"prune"``, ``"PruneWidget"``.

    Raises
    ------
    MissingExtraError
        anywidget is not installed.
    """
    try:
        importlib.import_module("anywidget")
    except ImportError as error:
        message = f"widgets need anywidget; {pip_install('view')}"
        raise MissingExtraError(message) from error
    return getattr(importlib.import_module(f"rtxr.view.widgets.{room}.widget"), name)
