"""A figure with a slider: any drawing that depends on a number.

ipywidgets and matplotlib are imported when it is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rtxr.view.png import png

if TYPE_CHECKING:
    from ipywidgets import VBox
    from matplotlib.axes import Axes

_INTERVAL_MS = 200
#: Side of the figure, its pixels per inch, and how wide it is on the page, at most.
_INCHES, _DPI, _WIDTH = 6, 120, "600px"


def player(draw: Callable[[int, Axes], object], count: int, description: str) -> VBox:
    """A widget that draws one of several pictures, with a slider and a play button.

    Parameters
    ----------
    draw : callable
        ``draw(number, ax)`` draws a picture on empty axes.
    count : int
        Number of pictures.
    description : str
        What the slider counts.

    Returns
    -------
    ipywidgets.VBox
        Play button and slider above the figure; ``widget.children[0].children[1].value`` is the
        number shown.
    """
    import ipywidgets  # noqa: PLC0415 (slow)
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow)

    figure = Figure(figsize=(_INCHES, _INCHES), layout="constrained")
    wide = {"width": "100%", "max_width": _WIDTH}  # a picture takes all the page's width otherwise
    picture = ipywidgets.Image(format="png", layout=wide)
    last = max(count - 1, 0)
    play = ipywidgets.Play(min=0, max=last, interval=_INTERVAL_MS)
    whole = {"description_width": "initial"}  # the usual width cuts most descriptions
    slider = ipywidgets.IntSlider(
        min=0, max=last, description=description, style=whole, layout={"flex": "1 1 auto"}
    )
    ipywidgets.jslink((play, "value"), (slider, "value"))

    def show(change: dict[str, Any]) -> None:
        figure.clear()
        draw(int(change["new"]), figure.add_subplot())
        picture.value = png(figure, _DPI)

    slider.observe(show, names="value")
    show({"new": 0})
    return ipywidgets.VBox([ipywidgets.HBox([play, slider], layout=wide), picture])
