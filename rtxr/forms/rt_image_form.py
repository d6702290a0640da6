"""The form that makes RT Images, opened in a notebook or served by Voilà."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rtxr import machines as registry
from rtxr.errors import RTXRError
from rtxr.forms.rt_image_job import ANOTHER, RTImageJob
from rtxr.forms.workspace import Workspace
from rtxr.machines import Machine
from rtxr.view.widgets.pieces import widget_class

if TYPE_CHECKING:
    from rtxr.view.widgets.rt_image_form.widget import RTImageForm


def rt_image_form(
    *,
    machines: str | Machine | Sequence[str | Machine] | None = None,
    most_megabytes: float = 500,
    folders: bool = True,
) -> RTImageForm:
    """A form that makes RT Images of images, templates and a plan.

    Files are uploaded or named by their folder, paired, checked with every change, looked at with
    the aperture of their beam, written and downloaded as a zip archive. The work is that of
    :func:`rtxr.rt_image_from_template`.

    Parameters
    ----------
    machines : str, Machine or sequence of them, optional
        Those to choose from, names being those of :mod:`rtxr.machines`; by default all of these.
    most_megabytes : float, default: 500
        How much all uploads together may hold, unpacked (1 MB is 1e6 bytes).
    folders : bool, default: True
        Let folders and files of the computer that runs Python be named. Where others reach the
        form through a web server, they could name any file that the server may read: pass False.

    Returns
    -------
    RTImageForm
        An ipywidgets ``VBox``. Uploads and what is made are in a temporary folder that only this
        user can read; :meth:`close` removes it, and so does the end of Python, even a sudden one.

    Raises
    ------
    UnknownNameError
        No machine has this name.
    MissingExtraError
        anywidget is not installed (extra ``view``).
    RTXRError
        The list of machines cannot be read, ``machines`` holds something else, or
        ``most_megabytes`` is not above 0.

    Examples
    --------
    >>> import rtxr
    >>> form = rtxr.rt_image_form()  # doctest: +SKIP
    >>> form  # doctest: +SKIP
    """
    if not most_megabytes > 0:
        raise RTXRError("most_megabytes has to be above 0")
    form = widget_class("rt_image_form", "RTImageForm")
    chosen: Any = registry.list()["RadiationMachineName"] if machines is None else machines
    single = isinstance(chosen, str) or not isinstance(chosen, Iterable)
    several = [chosen] if single else chosen
    job = RTImageJob(
        [registry.find(each) for each in several], Workspace(round(most_megabytes * 1e6))
    )
    made: RTImageForm = form(job, folders=folders, another=ANOTHER)
    return made
