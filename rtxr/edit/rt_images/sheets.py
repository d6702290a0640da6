"""RT Images and plans that were named by a path or opened already, as what new ones are made of."""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pydicom
import xarray as xr

from rtxr import header_store, model
from rtxr.catalog.table import COLUMNS, KINDS, Row, syntax_name
from rtxr.errors import Finding, RTXRError
from rtxr.iod.encoding.raw import numbers_of
from rtxr.read.headers import Header, header_of, parse, read_header
from rtxr.read.plans.plan_records import plan_of
from rtxr.read.scanning.scan import scan_headers
from rtxr.read.sources import PixelSpan, source_of

PathLike = str | os.PathLike[str]
#: A file, folder or zip archive, an open Dataset, or several of them.
Given = PathLike | xr.Dataset | Sequence[PathLike | xr.Dataset]
#: Pairs of places in images and templates, or what makes them of the headers of both.
Pairs = (
    Iterable[tuple[int, int]]
    | Callable[[list[pydicom.Dataset], list[pydicom.Dataset]], Iterable[tuple[int, int]]]
)
#: What ``pairs=`` takes, for messages.
_PAIRS = "'order', pairs of integers [(image, template), ...], or a function that gives such pairs"
NOT_USABLE = "rt-image-source"
_PATH, _SOP_CLASS, _MODALITY = map(list(COLUMNS).index, ("path", "SOPClassUID", "Modality"))


@dataclass(frozen=True)
class Sheet:
    """One RT Image to make another one of.

    Parameters
    ----------
    name : str
        What messages call it: its file, without the folder, or its place.
    header : Header
        Its header, and where its pixels are.
    dataset : pydicom.Dataset
        The same, parsed.
    values : DataArray or None
        Of an open Dataset, (receptor_y, receptor_x), rescaled; None where the file is to be read.
    """

    name: str
    header: Header
    dataset: pydicom.Dataset
    values: xr.DataArray | None = None

    @property
    def path(self) -> str:
        """Its file; empty without one."""
        return self.header.record.path


@dataclass(frozen=True)
class Desk:
    """What RT Images are made of, read once.

    Parameters
    ----------
    images, templates : sequence of Sheet
        In the order in which they were given.
    plan : pydicom.Dataset or None
        None where there is not one.
    errors : sequence of Finding
        What could not be read.
    """

    images: Sequence[Sheet]
    templates: Sequence[Sheet]
    plan: pydicom.Dataset | None
    errors: Sequence[Finding]


def desk(images: Given, templates: Given, plan: PathLike | xr.Dataset) -> Desk:
    """Images, templates and plan, and all that is wrong with them as files."""
    measured, errors = sheets(images, "images")
    meant, more = sheets(templates, "templates")
    treatment, wrong = plan_header(plan)
    return Desk(measured, meant, treatment, [*errors, *more, *wrong])


def sheets(given: Given, role: str) -> tuple[list[Sheet], list[Finding]]:
    """The RT Images of what was given.

    Parameters
    ----------
    given : path, Dataset or sequence of them
        In the order given; those of a folder or archive in the order of their names (see
        :func:`natural`), those of a Dataset in that of its dimension.
    role : str
        What they are for, in messages.

    Returns
    -------
    list of Sheet
        In order.
    list of Finding
        What cannot be used, severity ``"error"``.

    Raises
    ------
    FileNotFoundError
        A path does not exist.
    RTXRError
        Something else than paths and Datasets.
    """
    found: list[Sheet] = []
    errors: list[Finding] = []
    for each in _several(given, role):
        some, wrong = _opened(each, role) if isinstance(each, xr.Dataset) else _read(each, role)
        found += some
        errors += wrong
    if not found and not errors:
        errors.append(Finding(NOT_USABLE, "error", f"{role}: there is none; give at least one"))
    return found, errors


def plan_header(given: PathLike | xr.Dataset) -> tuple[pydicom.Dataset | None, list[Finding]]:
    """The plan of what was given; None with an error where it is not one."""
    if isinstance(given, xr.Dataset):
        try:
            return plan_of(given), []
        except RTXRError as error:
            return None, [Finding(NOT_USABLE, "error", f"plan: {error}")]
    if not isinstance(given, str | os.PathLike):
        raise RTXRError(f"plan is a {type(given).__name__}; give a path or an open Dataset")
    paths = _paths(given, "RTPLAN")
    if len(paths) != 1:
        names = ", ".join(os.path.basename(each) for each in paths[:8]) or "none"
        text = f"plan: {os.fspath(given)} holds {len(paths)} plans ({names}); name the file of one"
        return None, [Finding(NOT_USABLE, "error", text)]
    try:
        return parse(read_header(paths[0]).record), []
    except Exception:  # whatever pydicom meets in broken bytes
        return None, [_broken("plan", paths[0])]


def paired(
    images: Sequence[Sheet], templates: Sequence[Sheet], pairs: str | Pairs
) -> tuple[list[tuple[int, int]], list[Finding]]:
    """Places of the images and of their templates; each of both stands in one pair.

    Raises
    ------
    RTXRError
        ``pairs`` is neither ``"order"`` nor pairs of integers, nor a function that gives such.
    """
    count = len(images)
    if len(templates) != count:
        text = (
            f"there are {count} image(s) and {len(templates)} template(s); each new RT Image is "
            "made of one of each"
        )
        return [], [Finding("rt-image-pairs", "error", text)]
    if isinstance(pairs, str):
        if pairs != "order":
            raise RTXRError(f"pairs={pairs!r}; give {_PAIRS}")
        return [(at, at) for at in range(count)], []
    made: object = pairs
    if callable(pairs):
        made = pairs([each.dataset for each in images], [each.dataset for each in templates])
    chosen = _places(made)
    everything = list(range(count))
    if [a for a, _ in chosen] != everything or sorted(b for _, b in chosen) != everything:
        text = (
            f"pairs= has {len(chosen)} pair(s); each of the {count} images (0 to {count - 1}) and "
            "each template has to stand in one of them"
        )
        return [], [Finding("rt-image-pairs", "error", text)]
    return chosen, []


def _places(made: object) -> list[tuple[int, int]]:
    """Pairs in the order of the images."""
    index = operator.index  # whole numbers only
    try:
        pairs = sorted((index(a), index(b)) for a, b in made)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        raise RTXRError(
            f"pairs= holds something else than pairs of integers; give {_PAIRS}"
        ) from error
    return pairs


def natural(path: str) -> list[list[str | int]]:
    """What paths are put in order by: folder by folder, numbers as numbers, so 2 before 10."""
    return [
        [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]
        for name in re.split(r"[\\/]", path)
    ]


def _several(given: Given, role: str) -> list[PathLike | xr.Dataset]:
    single = isinstance(given, str | os.PathLike | xr.Dataset)
    if not single and (isinstance(given, bytes) or not isinstance(given, Iterable)):
        raise RTXRError(f"{role} is a {type(given).__name__}; give paths or open Datasets")
    several: list[PathLike | xr.Dataset] = [given] if single else list(given)  # type: ignore[list-item,arg-type]
    for each in several:
        if not isinstance(each, str | os.PathLike | xr.Dataset):
            raise RTXRError(f"{role} holds a {type(each).__name__}; give paths or open Datasets")
    return several


def _paths(given: PathLike, kind: str) -> list[str]:
    """Files of one kind below a path, in the order of their names, numbers as numbers."""
    rows, _ = scan_headers(given, progress=False)
    return sorted((str(row[_PATH]) for row in rows if _kind(row) == kind), key=natural)


def _kind(row: Row) -> str:
    """What an object is opened as: by its SOP class, by its modality where that is a vendor's."""
    sop_class = str(row[_SOP_CLASS])
    foreign = syntax_name(sop_class) == sop_class
    return KINDS.get(sop_class, str(row[_MODALITY]) if foreign else "")


def _read(given: PathLike, role: str) -> tuple[list[Sheet], list[Finding]]:
    paths = _paths(given, "RTIMAGE")
    if not paths:
        text = f"{role}: {os.fspath(given)} holds no RT Image"
        return [], [Finding(NOT_USABLE, "error", text, path=os.fspath(given))]
    found, errors = [], []
    for path in paths:
        try:
            header = read_header(path)
            found.append(Sheet(os.path.basename(path), header, parse(header.record)))
        except Exception:  # whatever pydicom meets in broken bytes
            errors.append(_broken(role, path))
    return found, errors


def _broken(role: str, path: str) -> Finding:
    text = f"{role}: {os.path.basename(path)} cannot be read; get it anew"
    return Finding(NOT_USABLE, "error", text, path=path)


def _opened(ds: xr.Dataset, role: str) -> tuple[list[Sheet], list[Finding]]:
    """RT Images of a Dataset, with the values that they have there."""
    records = header_store.unpack(ds) if header_store.has_headers(ds) else {}
    found, errors = [], []
    for name in model.rt_image_names(ds):
        along, dim_y, dim_x = model.rt_image_dims(name)
        array = ds[name].expand_dims([along] if along not in ds[name].dims else [])
        uids = np.atleast_1d(ds[model.uid_name(name)].values) if model.uid_name(name) in ds else ()
        for at, uid in enumerate(map(str, uids)):
            plane = array.isel({along: at}).transpose(dim_y, dim_x)
            label = f"{name}[{at}]"
            if uid in records and (sheet := _sheet(label, records[uid], plane)) is not None:
                found.append(sheet)
                continue
            text = (
                f"{role}: {label} of the Dataset has no header of its own, or another size than "
                "that says; write it with ds.rt.to_dicom(...) and name the file"
            )
            errors.append(Finding(NOT_USABLE, "error", text, uid))
    if not found and not errors:
        text = f"{role}: the Dataset has no RT Image (variable {model.RT_IMAGE!r})"
        errors.append(Finding(NOT_USABLE, "error", text))
    return found, errors


def _sheet(name: str, record: header_store.Record, plane: xr.DataArray) -> Sheet | None:
    """An opened image; None where its values are not those of one frame of its header."""
    dataset = parse(record)
    sizes = [numbers_of(dataset, keyword)[:1] for keyword in ("Rows", "Columns")]
    if sorted(size for some in sizes for size in some) != sorted(plane.shape):
        return None
    source = source_of(record.data, complete=True, name=record.path)
    header = header_of(source, record.path, record.uid)
    size = (header.integer("BitsAllocated") or 16) // 8 * plane.size
    room = PixelSpan(0, size, False, size)  # the record has no pixels, and the values are here
    return Sheet(name, replace(header, pixels=room), dataset, plane)
