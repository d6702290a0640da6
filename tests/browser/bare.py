"""A widget on a page of its own, without a server: its model there is answered by the widget here.

Quick, and all that a page does can be looked at; that notebooks do the same is for other tests.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

#: The model has what anywidget gives a module, as far as the widgets use it.
PAGE = """<!doctype html><meta charset="utf-8">
<style>body {{ margin: 8px; {style} }} {css}</style>
<div id="here"></div>
<script type="module">
const bits = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const alive = (value) => (value?.bytes === undefined ? value : bits(value.bytes));
const state = {{}};
const acts = new Map();
const tell = (name, ...given) => acts.get(name)?.forEach((act) => act(...given));
const take = (values) => {{
  for (const [name, value] of Object.entries(values)) state[name] = alive(value);
  for (const name of Object.keys(values)) tell(`change:${{name}}`);
}};
let changed = {{}};
const model = {{
  get: (name) => state[name],
  set(name, value) {{
    if (JSON.stringify(state[name]) === JSON.stringify(value)) return;
    state[name] = changed[name] = value;
    tell(`change:${{name}}`);
  }},
  save_changes() {{
    window.save(changed).then(take);
    changed = {{}};
  }},
  on: (name, act) => acts.set(name, (acts.get(name) ?? new Set()).add(act)),
  off: (name, act) => acts.get(name)?.delete(act),
  send: (content) => window.ask(content).then(({{ answers, values }}) => {{
    for (const [told, buffers] of answers) tell("msg:custom", told, buffers.map(bits));
    take(values);
  }}),
}};
take({state});
const module = await import(URL.createObjectURL(new Blob([{esm}], {{ type: "text/javascript" }})));
const stop = module.default.render({{ model, el: document.getElementById("here") }});
Object.assign(window, {{ take, stop, saved: () => !Object.keys(changed).length }});
</script>
"""


class Bare:
    """A widget on a page.

    Parameters
    ----------
    page : Page
        Of Playwright.
    widget : AnyWidget
        Its traits of ipywidgets stay here.
    folder : path
        For the page.
    style : str, optional
        CSS of the body.
    """

    def __init__(self, page: Any, widget: Any, folder: Path, style: str = "") -> None:
        self.page, self.widget = page, widget
        self._answers: list[Any] = []
        self._values: dict[str, Any] = {}
        inherited = set(type(widget).__mro__[-1].__dict__) | {"layout", "tabbable", "tooltip"}
        names = [
            name
            for name in widget.traits(sync=True)
            if name not in inherited and not name.startswith(("_model", "_view", "_dom", "_anyw"))
        ]
        names = [name for name in names if name not in ("_esm", "_css")]
        widget.send = self._send
        widget.observe(self._note, names)
        page.expose_function("ask", self._ask)
        page.expose_function("save", self._save)
        state = {name: _coded(getattr(widget, name)) for name in names}
        esm = json.dumps(widget._esm).replace("</", "<\\/")
        text = PAGE.format(css=widget._css, esm=esm, state=json.dumps(state), style=style)
        path = folder / "widget.html"
        path.write_text(text, encoding="utf-8")
        page.goto(path.as_uri())

    def set(self, **values: Any) -> None:
        """Set traits here; the page hears of it."""
        self._values = {}
        for name, value in values.items():
            setattr(self.widget, name, value)
        self.page.evaluate("values => take(values)", self._values)

    def _send(self, content: Any, buffers: Any = None) -> None:
        self._answers.append((content, [base64.b64encode(each).decode() for each in buffers or []]))

    def _note(self, change: Any) -> None:
        self._values[change["name"]] = _coded(change["new"])

    def _ask(self, content: Any) -> dict[str, Any]:
        self._answers, self._values = [], {}
        self.widget._handle_custom_msg(content, [])
        return {"answers": self._answers, "values": self._values}

    def _save(self, changed: dict[str, Any]) -> dict[str, Any]:
        self._values = {}
        self.widget.set_state(changed)
        plain = json.loads(json.dumps(self._values))
        return {name: value for name, value in plain.items() if changed.get(name) != value}


def _coded(value: Any) -> Any:
    return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def pixels(canvas: Any) -> np.ndarray:
    """What a canvas shows, (y, x, red green blue)."""
    script = """(canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let text = "";
      for (let at = 0; at < data.length; at += 8192)
        text += String.fromCharCode(...data.subarray(at, at + 8192));
      return [canvas.width, canvas.height, btoa(text)]; }"""
    width, height, text = canvas.evaluate(script)
    found = np.frombuffer(base64.b64decode(text), np.uint8)
    return found.reshape(height, width, 4)[..., :3].astype(int)
