"""The xarray engine ``"rtxr"``: adapts arguments and calls what ``rtxr.open_dir`` is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import xarray as xr
from xarray.backends import BackendEntrypoint

#: How many files a guess looks at before it gives up.
GUESS_FILES = 32


class RtxrBackendEntrypoint(BackendEntrypoint):
    """Open a folder of DICOM RT files with ``xr.open_dataset(path, engine="rtxr")``."""

    description = "DICOM radiotherapy: a folder of CT/MR/PET, RTSTRUCT, RTDOSE and RTPLAN files"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", "on_irregular", "case")

    def open_dataset(  # type: ignore[override]
        self,
        filename_or_obj: str | os.PathLike[Any],
        *,
        drop_variables: str | Iterable[str] | None = None,
        on_irregular: str = "keep",
        case: str | int | None = None,
    ) -> xr.Dataset:
        """Open the one case below a folder, or the one named; see :func:`rtxr.open_dir`."""
        from rtxr.index import open_dir  # noqa: PLC0415 (xarray imports all engines to list them)

        selection: dict[str, Any] = {} if case is None else {"case": case}
        ds = open_dir(filename_or_obj, on_irregular=on_irregular, **selection)
        names = [drop_variables] if isinstance(drop_variables, str) else list(drop_variables or ())
        return ds.drop_vars(names, errors="ignore")

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether this is a folder in which one of the first files has a DICOM preamble."""
        if not isinstance(filename_or_obj, str | os.PathLike):
            return False
        folder = Path(filename_or_obj)
        if not folder.is_dir():
            return False
        files = (path for path in folder.rglob("*") if path.is_file())
        return any(_has_preamble(path) for path, _ in zip(files, range(GUESS_FILES), strict=False))


def _has_preamble(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False
