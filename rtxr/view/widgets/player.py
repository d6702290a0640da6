"""A figure with a slider: any drawing that depends on a number.

Of ipywidgets only, it has no page of its own.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets

from rtxr.errors import RTXRError
from rtxr.view.png import png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INTERVAL_MS = 200
#: Side of the figure, its pixels per inch, and how wide it is on the page, at most.
_INCHES, _DPI, _WIDTH = 6, 120, "600px"


class Player(ipywidgets.VBox):  # type: ignore[misc]
    """Play button and slider above a picture.

    ``widget.children[0].children[1].value`` is the number shown.

    Parameters
    ----------
    draw : callable
        ``draw(number, ax)`` draws a picture on empty axes.
    count : int
        Number of pictures.
    description : str
        What the slider counts.
    """

    def __init__(self, draw: Callable[[int, Axes], object], count: int, description: str) -> None:
        wide = {"width": "100%", "max_width": _WIDTH}  # it takes all the page's width otherwise
        last = max(count - 1, 0)
        play = ipywidgets.Play(min=0, max=last, interval=_INTERVAL_MS)
        whole = {"description_width": "initial"}  # the usual width cuts most descriptions
        self._slider = ipywidgets.IntSlider(
            min=0, max=last, description=description, style=whole, layout={"flex": "1 1 auto"}
        )
        self._picture = ipywidgets.Image(format="png", layout=wide)
        self._draw: Callable[[int, Axes], object] | None = draw
        linked = ipywidgets.jslink((play, "value"), (self._slider, "value"))
        self._slider.observe(self._show, names="value")
        buttons = ipywidgets.HBox([play, self._slider], layout=wide)
        self._parts = (linked, play, self._slider, buttons, self._picture)
        self._show()
        super().__init__([buttons, self._picture])

    def snapshot(self) -> Figure:
        """The picture that is shown now as a matplotlib figure, not registered with pyplot.

        Raises
        ------
        RTXRError
            The widget was closed.
        """
        from matplotlib.figure import Figure  # noqa: PLC0415 (slow)

        if self._draw is None:
            raise RTXRError("this player was closed and let go of its data; make another")
        figure = Figure(figsize=(_INCHES, _INCHES), layout="constrained")
        self._draw(int(self._slider.value), figure.add_subplot())
        return figure

    def close(self) -> None:
        """Take the widget off every page and let go of what it draws."""
        super().close()
        self._slider.unobserve_all()
        for part in self._parts:
            part.close()
        self._draw = None

    def _show(self, _: Any = None) -> None:
        self._picture.value = png(self.snapshot(), _DPI)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and for renderers without widgets its picture."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle["image/png"] = base64.b64encode(self._picture.value).decode()
        return bundle
