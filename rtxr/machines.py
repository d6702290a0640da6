"""Treatment machines by name: a small TOML file that says what RT Images made here come from.

The file is that of the environment variable ``RTXR_MACHINES``, else ``rtxr/machines.toml`` in the
user's folder of settings: ``%APPDATA%`` on Windows, ``~/Library/Application Support`` on macOS,
``$XDG_CONFIG_HOME`` or ``~/.config`` elsewhere (XDG Base Directory Specification). It may be edited
by hand; comments are lost when :func:`add` or :func:`remove` write it anew.

>>> import rtxr
>>> rtxr.machines.add(
...     rtxr.Machine("TB1", DeviceSerialNumber="1234", imager="aS1200")
... )  # doctest: +SKIP
>>> rtxr.machines.get("TB1").DeviceSerialNumber  # doctest: +SKIP
'1234'
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from rtxr.errors import ConflictingDataError, RTXRError, UnknownNameError, did_you_mean

VARIABLE = "RTXR_MACHINES"
_TABLE = "machine"
#: What PS3.5 Table 6.2-1 allows in SH and LO, and what may be empty.
_LONGEST = {"RadiationMachineName": 16, "DeviceSerialNumber": 64, "imager": 64}
_OPTIONAL = frozenset({"imager"})
_HEAD = "# Treatment machines of rtxr; see rtxr.machines. Comments are not kept.\n"


@dataclass(frozen=True)
class Machine:
    """A treatment machine, as RT Images name it.

    Parameters
    ----------
    RadiationMachineName : str
        (3002,0020), VR SH: up to 16 characters. Station Name (0008,1010) says the same.
    DeviceSerialNumber : str
        (0018,1000), VR LO: up to 64 characters.
    imager : str, optional
        Its portal imager, for people; nothing is written of it.

    Raises
    ------
    RTXRError
        A value is no text, is empty or too long, or has a backslash or control characters.
    """

    RadiationMachineName: str
    DeviceSerialNumber: str
    imager: str = ""

    def __post_init__(self) -> None:
        wrong = [text for name in _LONGEST if (text := _flaw(name, getattr(self, name)))]
        if wrong:
            raise RTXRError("; ".join(wrong))


def path() -> Path:
    """Where the machines are kept; the file need not exist."""
    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser()
    home = Path.home()
    if sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        stated = Path(os.environ.get("XDG_CONFIG_HOME") or "")
        folder = stated if stated.is_absolute() else home / ".config"
    return folder / "rtxr" / "machines.toml"


def list() -> pd.DataFrame:  # noqa: A001 (rtxr.machines.list says what it does)
    """All machines.

    Returns
    -------
    DataFrame
        Columns RadiationMachineName, DeviceSerialNumber, imager; by name.

    Raises
    ------
    RTXRError
        The file is no list of machines; the message says where and why.
    """
    rows = [asdict(each) for each in _read(path()).values()]
    return pd.DataFrame(rows, columns=[each.name for each in fields(Machine)], dtype=object)


def get(name: str) -> Machine:
    """The machine of a RadiationMachineName.

    Raises
    ------
    UnknownNameError
        There is none; the message names those that exist, nearest first.
    RTXRError
        The file is no list of machines.
    """
    known = _read(path())
    if name not in known:
        raise UnknownNameError(
            f"no machine {name!r} in {path()}; {did_you_mean(name, known)}"
            f"{'' if known else ': rtxr.machines.add(rtxr.Machine(...)) adds one'}"
        )
    return known[name]


def add(machine: Machine, *, replace: bool = False) -> None:
    """Add a machine to the file.

    Parameters
    ----------
    machine : Machine
        Known by its RadiationMachineName.
    replace : bool, default: False
        Let it stand for one of the same name.

    Raises
    ------
    ConflictingDataError
        There is another one of this name.
    RTXRError
        The file that is there is no list of machines.
    OSError
        No room, or no permission to write; the file is as it was.
    """
    known = _read(path())
    name = machine.RadiationMachineName
    if not replace and known.get(name, machine) != machine:
        raise ConflictingDataError(
            f"{path()} has another machine {name!r}; pass replace=True, or remove it first"
        )
    _write(path(), {**known, name: machine}.values())


def remove(name: str) -> None:
    """Take a machine out of the file. Raises as :func:`get` and :func:`add` do."""
    gone = get(name)
    _write(path(), (each for each in _read(path()).values() if each != gone))


def find(machine: str | Machine) -> Machine:
    """A machine as it is, or the one of that name; raises as :func:`get` does."""
    if isinstance(machine, Machine):
        return machine
    if not isinstance(machine, str):
        raise RTXRError(
            f"machine is a {type(machine).__name__}; give the name of one of rtxr.machines.list(), "
            "or a rtxr.Machine"
        )
    return get(machine)


def _flaw(name: str, value: object) -> str:
    """What is wrong with a value of a machine; never the value."""
    if not isinstance(value, str):
        return f"{name} is a {type(value).__name__}; give text"
    if not value.strip() and name not in _OPTIONAL:
        return f"{name} is empty"
    if len(value) > _LONGEST[name]:
        return f"{name} has {len(value)} characters; up to {_LONGEST[name]} can be written"
    if "\\" in value or any(unicodedata.category(each) in {"Cc", "Cs"} for each in value):
        return f"{name} has a backslash or control characters, which cannot be written"
    if value != value.strip():
        return f"{name} begins or ends with a space, which a file does not keep"
    return ""


def _read(file: Path) -> dict[str, Machine]:
    """Machines by name, in the order of their names; none where there is no file."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RTXRError(f"{file} is no TOML file in UTF-8: {error}") from error
    wrong = [f"{key!r} is not known here" for key in tables if key != _TABLE]
    machines: dict[str, Machine] = {}
    rows = tables.get(_TABLE, ())
    if not isinstance(rows, Iterable) or isinstance(rows, str | Mapping):
        wrong.append(f"begin each machine with [[{_TABLE}]]")
        rows = ()
    for number, row in enumerate(rows, start=1):
        try:
            machine = _machine(row)
        except RTXRError as error:
            wrong.append(f"machine {number}: {error}")
            continue
        if machine.RadiationMachineName in machines:
            wrong.append(f"machine {number}: its RadiationMachineName stands there twice")
        machines[machine.RadiationMachineName] = machine
    if wrong:
        raise RTXRError(f"{file}: " + "; ".join(wrong))
    return dict(sorted(machines.items()))


def _machine(row: Any) -> Machine:
    if not isinstance(row, Mapping):
        raise RTXRError(f"no table; begin each machine with [[{_TABLE}]]")
    if unknown := [str(key) for key in row if key not in _LONGEST]:
        raise RTXRError(f"{unknown[0]!r} is not known; {did_you_mean(unknown[0], _LONGEST)}")
    lacking = [key for key in _LONGEST if key not in row and key not in _OPTIONAL]
    if lacking:
        raise RTXRError(f"{' and '.join(lacking)} missing")
    return Machine(**row)


def _write(file: Path, machines: Iterable[Machine]) -> None:
    """Write the file aside and move it into place, where a link leads too."""
    rows = sorted(machines, key=lambda each: each.RadiationMachineName)
    file = file.resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(prefix=file.name, suffix=".new", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(_HEAD + "".join(map(_toml, rows)))
            out.flush()
            os.fsync(out.fileno())
        os.replace(aside, file)
    except BaseException:
        os.unlink(aside)
        raise


def _toml(machine: Machine) -> str:
    """A machine as TOML, whose strings are those of JSON where no character is escaped twice."""
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in asdict(machine).items()
        if value or key not in _OPTIONAL
    ]
    return "\n".join([f"\n[[{_TABLE}]]", *lines, ""])
