"""What a scan notes of one file, and how a cache of scans stores it.

A record is JSON, which cannot run anything when it is read, and every value is checked against
the kind of its column. It holds many neighbouring files column by column, which is faster to
read than file by file; what the slices of a series have in common is most of a row and is stored
once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import astuple
from itertools import chain, islice
from operator import itemgetter
from types import NoneType
from typing import Any, NamedTuple, get_args

from rtxr.catalog.table import COLUMNS, Kind, Row
from rtxr.errors import Finding, Severity

#: Columns that differ from slice to slice. Any choice is right; this one makes records small.
OWN = (
    "AcquisitionTime",
    "ContentTime",
    "ImagePositionPatient",
    "InstanceNumber",
    "SOPInstanceUID",
    "bytes",
)
_SHARED = tuple(name for name in COLUMNS if name not in {*OWN, "path"})
_PLACES = {name: place for place, name in enumerate(COLUMNS)}
_take_shared = itemgetter(*(_PLACES[name] for name in _SHARED))
_take_own = itemgetter(*(_PLACES[name] for name in OWN))
_in_order = itemgetter(*map([*_SHARED, *OWN, "path"].index, COLUMNS))
_OWN_PLACES = tuple(_PLACES[name] for name in (*OWN, "path"))
_PATH = _PLACES["path"]
_decoder = json.JSONDecoder()


class Reading(NamedTuple):
    """What one file on disk gave.

    Parameters
    ----------
    rows : tuple of Row
        One for a DICOM file, one per member for an archive of them.
    findings : tuple of Finding
        What was noticed; their paths are that of the file or of its members.
    lasting : bool, default: True
        Whether reading the unchanged file again would give the same.
    """

    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()
    lasting: bool = True


#: What tells a changed file from an unchanged one: its size and time.
Stamp = tuple[int, int]
#: Files of one folder > what they were when they were read, and what they gave.
Batch = dict[str, tuple[Stamp, Reading]]


class MisfitError(ValueError):
    """A record is not one that this version wrote."""


def pack(folder: str, batch: Batch) -> bytes:
    """Record of some files.

    Parameters
    ----------
    folder : str
        What the paths of all the files begin with, up to their names.
    batch : dict
        The files; those whose readings name something else than the file or its members are left
        out.
    """
    batch = {file: (stamp, told) for file, (stamp, told) in batch.items() if _is_about(file, told)}
    rows = [(file, row) for file, (_, reading) in batch.items() for row in reading.rows]
    parts: dict[Row, int] = {}
    contents = [
        [file[len(folder) :] for file in batch],
        [size for (size, _), _ in batch.values()],
        [mtime_ns for (_, mtime_ns), _ in batch.values()],
        [len(reading.rows) for _, reading in batch.values()],
        [row[_PATH][len(file) :] for file, row in rows],
        [parts.setdefault(_take_shared(row), len(parts)) for _, row in rows],
        _columns([_take_own(row) for _, row in rows], OWN),
        _columns(list(parts), _SHARED),
        [
            [number, *astuple(finding)[:-1], finding.path[len(file) :]]
            for number, (file, (_, reading)) in enumerate(batch.items())
            for finding in reading.findings
        ],
    ]
    return json.dumps(contents, separators=(",", ":")).encode("ascii")


def unpack(folder: str, data: bytes, keep: dict[str, str]) -> Batch:
    """What :func:`pack` stored.

    Parameters
    ----------
    folder : str
        As it was given to :func:`pack`.
    data : bytes
        The record.
    keep : dict of str to str
        Strings seen before: those that repeat from file to file are held once.

    Raises
    ------
    MisfitError
        The data is not what :func:`pack` makes.
    """
    try:
        return _unpacked(folder, _decoder.raw_decode(data.decode("ascii"))[0], keep)
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise MisfitError from error


def _unpacked(folder: str, contents: Any, keep: dict[str, str]) -> Batch:
    names, sizes, times, counts, members, numbers, own, shared, notes = contents
    files = [folder + name for name in _of_types(names, _TEXT)]
    stamps = zip(_of_types(sizes, _INTEGER), _of_types(times, _INTEGER), strict=True)
    inside = (file for file, count in zip(files, counts, strict=True) for _ in range(count))
    paths = [file + more for file, more in zip(inside, _of_types(members, _TEXT), strict=True)]
    parts = zip(*_checked(shared, _SHARED, keep), strict=True)
    forms = {number: [*_in_order((*part, *_OWN_PLACES))] for number, part in enumerate(parts)}
    filling = zip(*_checked(own, OWN, keep), paths, strict=True)
    rows = iter([*_filled(forms, zip(numbers, filling, strict=True))])
    findings: dict[int, tuple[Finding, ...]] = {}
    for number, *values in notes:
        findings[number] = (*findings.get(number, ()), _finding(files[number], *values))
    readings = [
        Reading(tuple(islice(rows, count)), findings.get(number, ()))
        for number, count in enumerate(counts)
    ]
    return dict(zip(files, zip(stamps, readings, strict=True), strict=True))


def _filled(forms: Mapping[int, list[Any]], values: Iterable[tuple[int, Row]]) -> Iterator[Row]:
    """Rows of shared parts, by their numbers, with what is their own put in place."""
    for number, own in values:
        row = forms[number]
        for place, value in zip(_OWN_PLACES, own):  # noqa: B905
            row[place] = value
        yield tuple(row)


def _is_about(file: str, reading: Reading) -> bool:
    named = chain((row[_PATH] for row in reading.rows), (each.path for each in reading.findings))
    return all(path.startswith(file) for path in named)


def _columns(rows: Iterable[Row], names: Sequence[str]) -> list[Any]:
    return list(zip(*rows, strict=True)) or [()] * len(names)


def _checked(columns: Any, names: Sequence[str], keep: dict[str, str]) -> list[list[Any]]:
    """Columns as the table holds them."""
    return [
        _values(column, COLUMNS[name], keep) for column, name in zip(columns, names, strict=True)
    ]


def _values(column: Any, kind: Kind, keep: dict[str, str]) -> list[Any]:
    """Values of a column as the table holds them."""
    types, types_within = _KINDS[kind]
    _of_types(column, types)
    if types is _TEXT:
        return list(map(keep.setdefault, column, column))
    if types_within is None:
        return column  # type: ignore[no-any-return]
    values = list(chain.from_iterable(filter(None, column)))
    _of_types(values, types_within)
    if types_within is _TEXT:
        return [tuple(map(keep.setdefault, each, each)) for each in column]
    return [each if each is None else tuple(each) for each in column]


def _of_types(values: Any, types: Set[type]) -> list[Any]:
    """The same list, if it has values of some types only."""
    if type(values) is not list or not types >= set(map(type, values)):
        raise MisfitError
    return values


def _finding(file: str, code: str, severity: str, message: str, uid: str, member: str) -> Finding:
    _of_types([code, message, uid, member], _TEXT)
    if severity not in get_args(Severity):
        raise MisfitError
    return Finding(code, severity, message, uid, file + member)  # type: ignore[arg-type]


_TEXT, _INTEGER = frozenset({str}), frozenset({int})
_NUMBER = frozenset({float, int})
#: Types of the values of a column, and of what they hold.
_KINDS: Mapping[Kind, tuple[Set[type], Set[type] | None]] = {
    "text": (_TEXT, None),
    "texts": ({list}, _TEXT),
    "uids": ({list}, _TEXT),
    "numbers": ({list, NoneType}, _NUMBER),
    "integers": ({list}, _INTEGER),
    "integer": ({int, NoneType}, None),
    "number": (_NUMBER, None),
    "flag": ({bool}, None),
}
