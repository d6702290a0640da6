"""A figure with a slider: any drawing that depends on a number.

ipywidgets and matplotlib are imported when it is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rtxr.view.widgets.player import Player


def player(draw: Callable[[int, Axes], object], count: int, description: str) -> Player:
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
    Player
        An ``ipywidgets.VBox``: play button and slider above the figure;
        ``widget.children[0].children[1].value`` is the number shown, ``widget.snapshot()`` its
        figure.
    """
    from rtxr.view.widgets.player import Player  # noqa: PLC0415 (slow)

    return Player(draw, count, description)
