"""The pruning widget without a browser: traits, value, steps, and what it lets go of."""

from __future__ import annotations

import gc
import sys
import weakref
from pathlib import Path

import many_series
import numpy as np
import pytest
from ipywidgets import Label, dlink

from rtxr.errors import EmptySelectionError, MissingExtraError, RTXRError, UnknownNameError
from rtxr.index import Index, scan


@pytest.fixture
def index() -> Index:
    return many_series.index(40)


def bits(*flags: int) -> memoryview:
    """Check boxes as a browser sends them."""
    return memoryview(np.packbits(flags, bitorder="little").tobytes())


def test_all_is_checked_at_first(index):
    widget = index.prune()
    assert widget.value is index
    assert widget.steps == index.steps
    assert widget.selected == tuple(index.table["SeriesInstanceUID"])


def test_value_follows_the_boxes_and_steps_do_the_same(index):
    widget = index.prune()
    widget.set_state({"_kept": bits(*[0, 1] * 20)})
    assert widget.selected == tuple(index.table["SeriesInstanceUID"][1::2])
    assert widget.value.table["path"].tolist() == index.table["path"][1::2].tolist()
    assert index.replay(widget.steps).table.equals(widget.value.table)
    assert widget.value is widget.value


def test_selected_can_be_set_and_undone(index):
    widget = index.prune()
    first = index.table["SeriesInstanceUID"][0]
    widget.selected = [first]
    assert widget._kept == bytes(bits(1, *[0] * 39))
    assert widget.steps[-1].criteria == {"SeriesInstanceUID": first}
    widget.selected = index.table["SeriesInstanceUID"][:1].unique()
    widget.selected = first  # each names the same
    assert widget._undoable == 1
    widget.selected = []
    with pytest.raises(EmptySelectionError, match="leaves none of 40 series: check at least one"):
        _ = widget.value
    widget.undo()
    assert widget.selected == (first,)
    widget._handle_custom_msg({"ask": "undo"}, [])
    assert (widget.value, widget._undoable) == (index, 0)
    widget.undo()
    assert widget.value is index


def test_a_wrong_name_changes_nothing(index):
    widget = index.prune()
    with pytest.raises(UnknownNameError, match="no series 'x'"):
        widget.selected = ["x"]
    assert widget.value is index


def test_the_filter_says_what_is_shown(index):
    widget = index.prune()
    widget.filter = "P00001 scout"
    shown = np.unpackbits(np.frombuffer(widget._shown, np.uint8), count=40, bitorder="little")
    assert np.flatnonzero(shown).tolist() == [22, 26, 30, 34, 38]
    assert widget.value is index


def test_traits_can_be_linked(index):
    widget, label = index.prune(), Label()
    dlink((widget, "selected"), (label, "value"), lambda names: f"{len(names)} series")
    widget.set_state({"_kept": bits(*[1] * 3, *[0] * 37)})
    assert label.value == "3 series"


def test_findings_come_when_a_page_asks(tmp_path: Path, phantom: Path):
    (tmp_path / "case").symlink_to(phantom)
    copied = next(phantom.glob("CT*"))
    (tmp_path / "copy").write_bytes(copied.read_bytes())
    widget = scan(tmp_path, progress=False).prune()
    assert widget._badges is None
    widget._handle_custom_msg({"ask": "findings"}, [])
    assert [badge[3] for badge in widget._badges.values()] == ["info duplicate-sop-instance"]


def test_renderers_without_widgets_show_the_index(index):
    before = index.prune()._repr_mimebundle_()[0]["text/html"]
    assert "P00001" in before
    assert "Cases (" not in before  # they are not formed for the sake of a fallback
    shown = index._repr_html_()
    assert index.prune()._repr_mimebundle_()[0]["text/html"] == shown


def test_closing_lets_go_of_the_index():
    index = many_series.index(40)
    widget = index.prune()
    widget.selected = widget.selected[:2]
    kept = weakref.ref(widget.value)
    gone = weakref.ref(index)
    widget.close()
    del index
    gc.collect()
    assert (kept(), gone()) == (None, None)
    with pytest.raises(RTXRError, match="was closed"):
        _ = widget.value
    widget.close()


def test_a_missing_extra_is_named(index, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(MissingExtraError, match=r"anywidget; pip install 'rtxr\[view\]'"):
        index.prune()
