"""How the parts of the form look: rows, titles and messages, with the classes of ``style.css``."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import ipywidgets as widgets

from rtxr.errors import RTXRError

#: Severity > sign and colour, which is that of all widgets.
_SIGNS: Mapping[str, tuple[str, str]] = {
    "error": ("✕", "#d55e00"),
    "warning": ("▲", "#e69f00"),
    "info": ("●", "#56b4e9"),
}
_NARROW = {"description_width": "110px"}


class Told(Protocol):
    """A message."""

    @property
    def severity(self) -> str:
        """error, warning or info."""

    @property
    def text(self) -> str:
        """What is to be told."""


@dataclass(frozen=True)
class _Failure:
    severity: str
    text: str


def failure(error: Exception) -> Told:
    """An exception as a message; of one that nobody foresaw its kind, since it may quote a file."""
    if isinstance(error, RTXRError | OSError):
        return _Failure("error", str(error))
    text = f"the files led to an unforeseen {type(error).__name__}; nothing was made of them"
    return _Failure("error", text)


def titled(text: str, *parts: widgets.Widget, name: str = "") -> widgets.VBox:
    """Parts below a title."""
    title = widgets.HTML(html.escape(text))
    title.add_class("rtxr-form-title")
    box = widgets.VBox([title, *parts])
    box.add_class("rtxr-form-part")
    if name:
        box.add_class(f"rtxr-form-{name}")
    return box


def row(kind: str, parts: Iterable[widgets.Widget]) -> widgets.HBox:
    """Parts side by side where there is room: of kind ``file``, ``pair``, ``halves`` or ``end``."""
    box = widgets.HBox(list(parts))
    box.add_class(f"rtxr-form-{kind}")
    return box


def label(text: str = "", *, quiet: bool = False) -> widgets.Label:
    """A short text."""
    made = widgets.Label(text)
    if quiet:
        made.add_class("rtxr-form-quiet")
    return made


def text_field(description: str = "", **options: object) -> widgets.Text:
    """A field as wide as what it stands in."""
    return widgets.Text(description=description, style=_NARROW, layout=_wide(), **options)


def choice(options: Sequence[tuple[str, object]], description: str = "") -> widgets.Dropdown:
    """A list to choose from, as wide as what it stands in."""
    return widgets.Dropdown(options=options, description=description, style=_NARROW, layout=_wide())


def message_list(told: Sequence[Told]) -> str:
    """Messages as HTML."""
    rows = []
    for each in told:
        sign, colour = _SIGNS[each.severity]
        rows.append(
            f'<li class="{each.severity}"><span style="color: {colour}">{sign}</span> '
            f"<b>{each.severity}</b>: {html.escape(each.text)}</li>"
        )
    if not rows:
        return "nothing is missing, and nothing was noticed"
    return f"<ul>{''.join(rows)}</ul>"


def _wide() -> widgets.Layout:
    """``100%`` would be beside the margins that ipywidgets gives, and cut off."""
    return widgets.Layout(width="auto")
