"""What a scan notes of one file, and how a cache of scans stores it.

A record is JSON, which cannot run anything when it is read, and every value is checked against
the kind of its column. What the slices of a series have in common is most of a row: it is stored
once, in a part that many records share.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from operator import itemgetter
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
_PATH = _PLACES["path"]
_decoder = json.JSONDecoder()

#: Value of a column as the table holds it; raises MisfitError.
Check = Callable[[Any, dict[str, str]], Any]


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


class Record(NamedTuple):
    """A reading as JSON: the parts that other files may share, and what is its own."""

    shared: bytes
    own: bytes


#: The part of a row that many files share, in the order of the columns.
Part = tuple[Any, ...]


class MisfitError(ValueError):
    """A record is not one that this version wrote."""


def pack(path: str, reading: Reading, parts: dict[tuple[Part, ...], bytes]) -> Record:
    """Record of a reading.

    Parameters
    ----------
    path : str
        Of the file; members of an archive have it in front of theirs.
    reading : Reading
        What the file gave.
    parts : dict
        The JSON of shared parts seen before; added to.

    Raises
    ------
    MisfitError
        Something else than the file or its members is named.
    """
    numbers: dict[Part, int] = {}
    rows = [
        [
            numbers.setdefault(_take_shared(row), len(numbers)),
            _member(row[_PATH], path),
            _take_own(row),
        ]
        for row in reading.rows
    ]
    findings = [
        [*astuple(finding)[:4], _member(finding.path, path)] for finding in reading.findings
    ]
    key = tuple(numbers)
    if key not in parts:
        parts[key] = _as_json(key)
    return Record(parts[key], _as_json([rows, findings]))


def unpack_parts(data: bytes, keep: dict[str, str]) -> list[Part]:
    """Shared parts of a record.

    Raises
    ------
    MisfitError
        The data is not what :func:`pack` makes.
    """
    try:
        return [_part(values, keep) for values in _from_json(data)]
    except (ValueError, TypeError, RecursionError) as error:
        raise MisfitError from error


def unpack(path: str, own: bytes, parts: Sequence[Part], keep: dict[str, str]) -> Reading:
    """What :func:`pack` stored.

    Parameters
    ----------
    path : str
        Of the file.
    own : bytes
        The record's own JSON.
    parts : sequence of tuple
        From :func:`unpack_parts`.
    keep : dict of str to str
        Strings seen before: those that repeat from file to file are held once.

    Raises
    ------
    MisfitError
        The data is not what :func:`pack` makes.
    """
    try:
        rows, findings = _from_json(own)
        return Reading(
            tuple([_row(path, parts, keep, *row) for row in rows]),
            tuple([_finding(path, *values) for values in findings]),
        )
    except (ValueError, TypeError, IndexError, RecursionError) as error:
        raise MisfitError from error


def _as_json(values: Any) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode("ascii")


def _from_json(data: bytes) -> Any:
    return _decoder.raw_decode(data.decode("ascii"))[0]


def _member(named: str, path: str) -> str:
    """What a path has behind that of the file."""
    if not named.startswith(path):
        raise MisfitError
    return named[len(path) :]


def _finding(path: str, code: str, severity: str, message: str, uid: str, member: Any) -> Finding:
    if severity not in get_args(Severity):
        raise MisfitError
    return Finding(_text(code), severity, _text(message), _text(uid), path + _text(member))  # type: ignore[arg-type]


def _text(value: Any) -> str:
    if type(value) is not str:
        raise MisfitError
    return value


def _row(
    path: str, parts: Sequence[Part], keep: dict[str, str], number: int, member: str, own: Any
) -> Row:
    row = list(parts[number])
    for (place, check), value in zip(_OWN_CHECKS, own, strict=True):
        row[place] = check(value, keep)
    row[_PATH] = path + _text(member)
    return tuple(row)


def _part(values: Any, keep: dict[str, str]) -> Part:
    """Shared values in a row that lacks the others."""
    row: list[Any] = [None] * len(COLUMNS)
    for (place, check), value in zip(_SHARED_CHECKS, values, strict=True):
        row[place] = check(value, keep)
    return tuple(row)


def _kept(value: Any, keep: dict[str, str]) -> str:
    if type(value) is not str:
        raise MisfitError
    return keep.setdefault(value, value)


def _texts(value: Any, keep: dict[str, str]) -> tuple[str, ...]:
    return tuple([_kept(each, keep) for each in _listed(value)])


def _numbers(*types: type) -> Check:
    """Check of a tuple of numbers."""

    def check(value: Any, _: dict[str, str]) -> tuple[Any, ...] | None:
        if value is None:
            return None
        if any(type(each) not in types for each in _listed(value)):
            raise MisfitError
        return tuple(value)

    return check


def _one(*types: type) -> Check:
    """Check of a single value."""

    def check(value: Any, _: dict[str, str]) -> Any:
        if type(value) not in types:
            raise MisfitError
        return value

    return check


def _listed(value: Any) -> list[Any]:
    if type(value) is not list:
        raise MisfitError
    return value


_CHECKS: Mapping[Kind, Check] = {
    "text": _kept,
    "texts": _texts,
    "uids": _texts,
    "numbers": _numbers(float, int),
    "integers": _numbers(int),
    "integer": _one(int, type(None)),
    "number": _one(float, int),
    "flag": _one(bool),
}
_SHARED_CHECKS = [(_PLACES[name], _CHECKS[COLUMNS[name]]) for name in _SHARED]
_OWN_CHECKS = [(_PLACES[name], _CHECKS[COLUMNS[name]]) for name in OWN]
