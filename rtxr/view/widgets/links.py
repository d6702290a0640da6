"""Widgets that follow each other: a viewer and a DVH plot."""

from __future__ import annotations

from typing import Any

from rtxr.errors import RTXRError, UnknownNameError


class Link:
    """A viewer and a DVH plot that follow each other, from :func:`link`.

    Parameters
    ----------
    viewer : ViewerWidget
        Its ``roi`` and ``dose_at`` are followed.
    dvh : DVHWidget
        Its ``roi`` follows and is followed, its ``dose`` follows.
    """

    def __init__(self, viewer: Any, dvh: Any) -> None:
        self._viewer, self._dvh = viewer, dvh
        self._following = False
        self._follow_roi({"owner": viewer, "new": viewer.roi or dvh.roi})
        self._follow_roi({"owner": dvh, "new": viewer.roi or dvh.roi})
        self._follow_dose({"new": viewer.dose_at})
        viewer.observe(self._follow_roi, "roi")
        dvh.observe(self._follow_roi, "roi")
        viewer.observe(self._follow_dose, "dose_at")

    def _follow_roi(self, change: Any) -> None:
        """Highlight a ROI in the other one, if it has such a ROI."""
        if self._following:
            return
        other = self._dvh if change["owner"] is self._viewer else self._viewer
        self._following = True
        try:
            other.roi = change["new"]
        except UnknownNameError:
            other.roi = ""
        finally:
            self._following = False

    def _follow_dose(self, change: Any) -> None:
        self._dvh.dose = change["new"]

    def unlink(self) -> None:
        """Let each go its own way again."""
        self._viewer.unobserve(self._follow_roi, "roi")
        self._dvh.unobserve(self._follow_roi, "roi")
        self._viewer.unobserve(self._follow_dose, "dose_at")


def link(viewer: Any, dvh: Any) -> Link:
    """Make a viewer and a DVH plot follow each other.

    A click on a curve highlights its ROI in the viewer and the other way round; the dose at the
    viewer's cross-hair is marked on the axis of the plot.

    Parameters
    ----------
    viewer : ViewerWidget
        From ``ds.rt.view()``.
    dvh : DVHWidget
        From ``ds.rt.plot_dvh()``.

    Returns
    -------
    Link
        Its ``unlink()`` takes it back.

    Raises
    ------
    RTXRError
        What was given is not a viewer and a DVH plot, in this order.
    """
    for given, trait, wanted in ((viewer, "dose_at", "viewer"), (dvh, "dose", "DVH plot")):
        if not hasattr(given, trait):
            name = type(given).__name__
            raise RTXRError(f"no {wanted}: {name}; call rtxr.link(ds.rt.view(), ds.rt.plot_dvh())")
    return Link(viewer, dvh)
