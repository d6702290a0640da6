"""The xarray engine ``"rtxr"``: adapts arguments and calls what ``rtxr.open_dir`` is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import xarray as xr
from xarray.backends import BackendEntrypoint

from rtxr.errors import UnknownNameError, did_you_mean

#: How many files a guess looks at before it gives up.
GUESS_FILES = 32


class RtxrBackendEntrypoint(BackendEntrypoint):
    """Open a folder of DICOM RT files with ``xr.open_dataset(path, engine="rtxr")``.

    ``xr.open_datatree`` and ``xr.open_groups`` take the engine too, for all cases of a folder.
    """

    description = "DICOM radiotherapy: a folder of CT/MR/PET, RTSTRUCT, RTDOSE and RTPLAN files"
    open_dataset_parameters = (
        *("filename_or_obj", "drop_variables", "on_irregular", "case", "dose_grid_scaling"),
    )
    supports_groups = True

    def open_dataset(  # type: ignore[override]
        self,
        filename_or_obj: str | os.PathLike[Any],
        *,
        drop_variables: str | Iterable[str] | None = None,
        on_irregular: str = "keep",
        case: str | int | None = None,
        dose_grid_scaling: float | None = None,
    ) -> xr.Dataset:
        """Open the one case below a folder, or the one named; see :func:`rtxr.open_dir`.

        ``on_irregular`` is ``"keep"``, ``"raise"`` or ``"resample"``: uneven slices stay where they
        are, are refused, or are put on even positions.
        """
        from rtxr.index import open_dir  # noqa: PLC0415 (xarray imports all engines to list them)

        selection: dict[str, Any] = {} if case is None else {"case": case}
        selection["dose_grid_scaling"] = dose_grid_scaling
        ds = open_dir(filename_or_obj, on_irregular=on_irregular, **selection)
        return _without(ds, drop_variables)

    def open_datatree(  # type: ignore[override]
        self,
        filename_or_obj: str | os.PathLike[Any],
        *,
        drop_variables: str | Iterable[str] | None = None,
        on_irregular: str = "keep",
        group: str | None = None,
    ) -> xr.DataTree:
        """Open all cases below a folder, or those below a node; see :func:`rtxr.open_tree`.

        ``group`` is the path of a patient, a study or a case, such as ``"/P1/20190102"``.
        """
        groups = self.open_groups_as_dict(
            filename_or_obj, drop_variables=drop_variables, on_irregular=on_irregular, group=group
        )
        return xr.DataTree.from_dict(groups)

    def open_groups_as_dict(  # type: ignore[override]
        self,
        filename_or_obj: str | os.PathLike[Any],
        *,
        drop_variables: str | Iterable[str] | None = None,
        on_irregular: str = "keep",
        group: str | None = None,
    ) -> dict[str, xr.Dataset]:
        """The nodes of :func:`rtxr.open_tree` by path, from a node on if ``group`` names one."""
        from rtxr.index import open_tree  # noqa: PLC0415 (xarray imports all engines to list them)

        tree = open_tree(filename_or_obj, on_irregular=on_irregular)
        top = tree if group is None else _node(tree, group)
        return {
            "/" if node is top else f"/{node.relative_to(top)}": _without(
                node.to_dataset(), drop_variables
            )
            for node in top.subtree
        }

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether this is a folder in which one of the first files has a DICOM preamble."""
        if not isinstance(filename_or_obj, str | os.PathLike):
            return False
        folder = Path(filename_or_obj)
        if not folder.is_dir():
            return False
        files = (path for path in folder.rglob("*") if path.is_file())
        return any(_has_preamble(path) for path, _ in zip(files, range(GUESS_FILES), strict=False))


def _node(tree: xr.DataTree, group: str) -> xr.DataTree:
    """A node of a tree by its path, with or without a slash at its ends.

    Raises
    ------
    UnknownNameError
        There is none; the message shows the nearest.
    """
    nodes = {node.path.strip("/"): node for node in tree.subtree}
    if str(group).strip("/") not in nodes:
        near = did_you_mean(str(group).strip("/"), filter(None, nodes))
        raise UnknownNameError(f"no group {group!r} (patient/study/case); {near}")
    return nodes[str(group).strip("/")]


def _without(ds: xr.Dataset, names: str | Iterable[str] | None) -> xr.Dataset:
    """The Dataset without some variables, as far as it has them."""
    dropped = [names] if isinstance(names, str) else list(names or ())
    return ds.drop_vars(dropped, errors="ignore")


def _has_preamble(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False
