"""Planes of the viewer on a bare page: their canvases, and where the pixels of those are."""

from __future__ import annotations

from typing import Any

import numpy as np

from browser.bare import Bare
from rtxr.geometry import Grid, cell_edges


def drawn(bare: Bare) -> None:
    """Wait until the page has nothing left to ask, to tell or to draw."""
    bare.page.wait_for_function("() => window.saved?.()")
    bare.page.wait_for_timeout(300)
    bare.page.wait_for_function("() => saved()")


def canvas(bare: Bare, pane: str = "axial", source: int = 0) -> Any:
    return bare.page.locator(f"canvas[data-pane={pane}][data-source='{source}']")


class Places:
    """Where the pixels of a plane are, from what the widget says only."""

    def __init__(self, view: Any, pane: str, shape: tuple[int, ...]) -> None:
        self.plane = view._scenes[0].panes[pane]
        grid: Grid = self.plane.grid
        edges = [cell_edges(self.plane.axis(own)) for own in (self.plane.across, self.plane.up)]
        high, wide = shape[:2]
        scale = view.zoom * min(wide / np.ptp(edges[0]), high / np.ptp(edges[1]))
        middle = grid.to_own([view.center[axis] for axis in "xyz"])
        self.scale = np.array(
            [-scale if self.plane.flip_across else scale, scale if self.plane.flip_up else -scale]
        )
        self.middle = middle[[self.plane.across, self.plane.up]]
        self.half = np.array([wide, high]) / 2
        self.shape = (high, wide)

    def own(self) -> tuple[np.ndarray, np.ndarray]:
        """(across, up) of the centres of all pixels, mm."""
        y, x = (np.arange(size) + 0.5 for size in self.shape)
        across = self.middle[0] + (x - self.half[0]) / self.scale[0]
        up = self.middle[1] + (y - self.half[1]) / self.scale[1]
        return across, up

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Pixels (x, y) of places (across, up)."""
        return self.half + self.scale * (points - self.middle)
