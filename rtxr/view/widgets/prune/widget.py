"""The pruning tree as a widget: a thin shell around a tree and the choice made in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, Self

import anywidget
import numpy as np
import pandas as pd
import traitlets

from rtxr.errors import EmptySelectionError, RTXRError
from rtxr.view.widgets.pieces import script, style
from rtxr.view.widgets.prune.series_choice import SeriesChoice
from rtxr.view.widgets.prune.series_tree import BoolArray, SeriesTree


class Prunable(Protocol):
    """What a pruning needs of an index; :class:`rtxr.Index` has it."""

    @property
    def table(self) -> pd.DataFrame:
        """A row per file."""

    @property
    def findings(self) -> pd.DataFrame:
        """What was noticed; takes a while where cases are yet to be formed."""

    @property
    def steps(self) -> Any:
        """What was done since the scan."""

    def select(self, **columns: Any) -> Self:
        """The objects that meet every criterion."""

    def drop(self, **columns: Any) -> Self:
        """All objects but those."""


def _as_bytes(value: Any, _: Any) -> bytes:
    """Bits as they come from a browser, which is a memoryview."""
    return bytes(value)


class PruneWidget(anywidget.AnyWidget):
    """Tree patient > study > series of an index with check boxes; from ``index.prune()``.

    The state is traits, so it can be set, observed and linked with other widgets.

    Parameters
    ----------
    index : Prunable
        The index. It is kept until :meth:`close`, since ipywidgets keep every open widget.
    fallback : callable
        Gives the HTML that is shown where there are no widgets.

    Attributes
    ----------
    selected : tuple of str
        SeriesInstanceUIDs of the checked series; set it to one or several. A UID that comes again
        in another study or modality has ``#2`` behind it.
    filter : str
        Words that a series, its study or its patient must have to be shown. Check boxes of
        patients and studies, and the buttons, are about what is shown.

    See Also
    --------
    rtxr.Index.select, rtxr.Index.drop : the same without a widget.
    """

    _esm = script("prune", "rows", "widget")
    _css = style("prune")

    selected = traitlets.Any(())  # set to any iterable of names, it becomes a tuple
    filter = traitlets.Unicode("").tag(sync=True)
    _tree = traitlets.Dict().tag(sync=True)
    _badges = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)
    _kept = traitlets.Bytes().tag(sync=True, from_json=_as_bytes)
    _shown = traitlets.Bytes().tag(sync=True)
    _undoable = traitlets.Int(0).tag(sync=True)

    def __init__(self, index: Prunable, fallback: Callable[[], str]) -> None:
        tree = SeriesTree(index.table)
        self._held: tuple[Prunable, Callable[[], str]] | None = (index, fallback)
        self._choice = SeriesChoice(tree)
        self._pruned: Any = None
        every = _bits(self._choice.kept)
        super().__init__(
            selected=self._choice.selected, _tree=tree.columns(), _kept=every, _shown=every
        )
        self.on_msg(PruneWidget._asked)

    @property
    def value(self) -> Any:
        """The pruned index: what :attr:`steps` leave of the one that was shown.

        Returns
        -------
        Index

        Raises
        ------
        EmptySelectionError
            No series is checked.
        RTXRError
            The widget was closed.
        """
        if self._held is None:
            raise RTXRError("this pruning was closed and let go of its index; keep .value before")
        if not self._choice.kept.any():
            count = len(self._choice.tree)
            message = f"prune() leaves none of {count} series: check at least one, or undo()"
            raise EmptySelectionError(message)
        if self._pruned is None:
            index = self._held[0]
            for method, criteria in self._choice.calls():
                index = getattr(index, method)(**criteria)
            self._pruned = index
        return self._pruned

    @property
    def steps(self) -> Any:
        """What was done since the scan, this pruning included, as code that does the same.

        Returns
        -------
        Steps

        Raises
        ------
        EmptySelectionError, RTXRError
            As of :attr:`value`.
        """
        return self.value.steps

    def undo(self) -> None:
        """Take the last change of the check boxes back; nothing, where there is none."""
        self._choice.undo()
        self._publish()

    def close(self) -> None:
        """Take the widget off every page and let go of the index."""
        super().close()
        self._held = self._pruned = None

    # --- traits that follow one another ---------------------------------------------------------
    @traitlets.validate("selected")
    def _known(self, proposal: Any) -> tuple[str, ...]:
        """Names in the order of the tree, each of which exists."""
        wanted = self._choice.named(proposal["value"])
        return tuple(np.array(self._choice.tree.names, dtype=object)[wanted])

    @traitlets.observe("selected")
    def _select(self, change: Any) -> None:
        self._change(self._choice.named(change["new"]))

    @traitlets.observe("_kept")
    def _check(self, change: Any) -> None:
        self._change(_flags(change["new"], len(self._choice.tree)))

    @traitlets.observe("filter")
    def _narrow(self, change: Any) -> None:
        self._shown = _bits(self._choice.tree.matching(change["new"]))

    def _change(self, kept: BoolArray) -> None:
        if self._choice.change(kept):
            self._publish()

    def _publish(self) -> None:
        """Bring the traits up to the choice."""
        self._pruned = None
        with self.hold_sync():
            self._kept = _bits(self._choice.kept)
            self._undoable = self._choice.undoable
            self.selected = self._choice.selected

    # --- what a page asks -----------------------------------------------------------------------
    def _asked(self, content: Any, buffers: Any) -> None:  # noqa: ARG002 (ipywidgets calls so)
        """Answer ``{"ask": ...}``: an undo, or findings, which come after the tree is shown."""
        if content.get("ask") == "undo":
            self.undo()
        elif content.get("ask") == "findings" and self._held is not None:
            self._badges = self._choice.tree.badges(self._held[0].findings)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and for renderers without widgets the index itself."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None and self._held is not None:
            bundle[0]["text/html"] = self._held[1]()
        return bundle


def _bits(flags: BoolArray) -> bytes:
    return np.packbits(flags, bitorder="little").tobytes()


def _flags(bits: bytes, count: int) -> BoolArray:
    packed = np.frombuffer(bits, dtype=np.uint8)
    return np.unpackbits(packed, count=count, bitorder="little").astype(bool)
