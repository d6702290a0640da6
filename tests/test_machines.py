"""The registry of machines: what is in it, what cannot be, and where it is."""

from __future__ import annotations

import os
import stat
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rtxr
from rtxr import machines
from rtxr.errors import ConflictingDataError, RTXRError, UnknownNameError

FIRST = rtxr.Machine("TB1", DeviceSerialNumber="1234", imager="aS1200")
SECOND = rtxr.Machine("Élan 2", DeviceSerialNumber='5"6')
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\\"),
    min_size=1,
    max_size=16,
).filter(lambda text: text == text.strip())


@pytest.fixture(autouse=True)
def registry(tmp_path, monkeypatch):
    file = tmp_path / "settings" / "machines.toml"
    monkeypatch.setenv(machines.VARIABLE, str(file))
    return file


def test_machines_are_added_listed_got_and_removed(registry):
    assert machines.list().empty
    assert list(machines.list()) == ["RadiationMachineName", "DeviceSerialNumber", "imager"]
    machines.add(SECOND)
    machines.add(FIRST)
    assert machines.list().to_dict("list") == {
        "RadiationMachineName": ["TB1", "Élan 2"],
        "DeviceSerialNumber": ["1234", '5"6'],
        "imager": ["aS1200", ""],
    }
    assert machines.get("TB1") == machines.find("TB1") == machines.find(FIRST) == FIRST
    machines.remove("TB1")
    assert machines.list()["RadiationMachineName"].tolist() == ["Élan 2"]
    assert [each.name for each in registry.parent.iterdir()] == ["machines.toml"]


def test_the_file_is_plain_toml(registry):
    machines.add(FIRST)
    machines.add(SECOND)
    assert registry.read_text(encoding="utf-8") == (
        "# Treatment machines of rtxr; see rtxr.machines. Comments are not kept.\n"
        '\n[[machine]]\nRadiationMachineName = "TB1"\nDeviceSerialNumber = "1234"\n'
        'imager = "aS1200"\n'
        '\n[[machine]]\nRadiationMachineName = "Élan 2"\nDeviceSerialNumber = "5\\"6"\n'
    )


@given(st.lists(st.tuples(NAMES, NAMES, NAMES), max_size=4, unique_by=lambda each: each[0]))
def test_any_text_that_a_file_can_hold_comes_back(rows):
    text = "".join(machines._toml(rtxr.Machine(*row)) for row in rows)
    back = tomllib.loads(text).get("machine", [])
    assert [machines._machine(row) for row in back] == [rtxr.Machine(*row) for row in rows]


def test_a_machine_of_the_same_name_is_replaced_only_on_demand():
    other = rtxr.Machine("TB1", DeviceSerialNumber="9")
    machines.add(FIRST)
    machines.add(FIRST)
    with pytest.raises(ConflictingDataError, match="another machine 'TB1'; pass replace=True"):
        machines.add(other)
    assert machines.get("TB1") == FIRST
    machines.add(other, replace=True)
    assert machines.get("TB1") == other


def test_the_nearest_name_is_told():
    with pytest.raises(UnknownNameError, match=r"there are none: rtxr.machines.add"):
        machines.get("TB2")
    machines.add(FIRST)
    for function in (machines.get, machines.remove, machines.find):
        with pytest.raises(UnknownNameError, match="did you mean 'TB1'"):
            function("TB2")
    with pytest.raises(RTXRError, match="machine is a int"):
        machines.find(1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "serial", "imager", "message"),
    [
        ("x" * 17, "1", "", "RadiationMachineName has 17 characters; up to 16"),
        ("", "1", "", "RadiationMachineName is empty"),
        ("A", " ", "", "DeviceSerialNumber is empty"),
        ("A", "1" * 65, "", "DeviceSerialNumber has 65 characters"),
        ("A\\B", "1", "", "RadiationMachineName has a backslash"),
        ("A", "1\n", "", "DeviceSerialNumber has a backslash or control"),
        ("A ", "1", "", "RadiationMachineName begins or ends with a space"),
        ("A", 1, "", "DeviceSerialNumber is a int; give text"),
        ("A", "1", "\ud800", "imager has a backslash or control"),
    ],
)
def test_what_no_file_can_hold_is_refused(name, serial, imager, message):
    with pytest.raises(RTXRError, match=message):
        rtxr.Machine(name, DeviceSerialNumber=serial, imager=imager)


def test_all_that_is_wrong_with_a_machine_is_told():
    with pytest.raises(RTXRError, match=r"RadiationMachineName is empty; DeviceSerialNumber is em"):
        rtxr.Machine("", DeviceSerialNumber="")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[machine]\n", "is no TOML file in UTF-8"),
        ("machines = 1\n", "'machines' is not known here"),
        ("machine = 1\n", r"begin each machine with \[\[machine\]\]"),
        ("machine = [1]\n", r"machine 1: no table; begin each machine with \[\[machine\]\]"),
        ("[machine]\nRadiationMachineName = 'A'\n", r"begin each machine with \[\[machine\]\]"),
        ("[[machine]]\nRadiationMachineName = 'A'\n", "machine 1: DeviceSerialNumber missing"),
        ("[[machine]]\nserial = 'A'\n", "machine 1: 'serial' is not known"),
        (
            "[[machine]]\nRadiationMachineName = 'A'\nDeviceSerialNumber = 1\n",
            "machine 1: DeviceSerialNumber is a int",
        ),
        (
            "[[machine]]\nRadiationMachineName = 'A'\nDeviceSerialNumber = '1'\n" * 2,
            "machine 2: its RadiationMachineName stands there twice",
        ),
    ],
)
def test_a_file_that_is_no_list_of_machines_is_told_and_kept(registry, text, message):
    registry.parent.mkdir()
    registry.write_text(text)
    for function in (machines.list, lambda: machines.get("A"), lambda: machines.add(FIRST)):
        with pytest.raises(RTXRError, match=message):
            function()
    assert registry.read_text() == text


def test_a_file_that_cannot_be_written_stays_as_it_was(registry, monkeypatch):
    machines.add(FIRST)
    before = registry.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        machines.add(SECOND)
    assert registry.read_bytes() == before
    assert len(list(registry.parent.iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_stays_a_link(registry, tmp_path):
    registry.parent.mkdir()
    real = tmp_path / "shared.toml"
    registry.symlink_to(real)
    machines.add(FIRST)
    assert registry.is_symlink()
    assert stat.S_ISREG(real.lstat().st_mode)
    assert machines.get("TB1") == FIRST


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "home/.config/rtxr/machines.toml"),
        ("linux", {"XDG_CONFIG_HOME": "{home}/own"}, "home/own/rtxr/machines.toml"),
        ("linux", {"XDG_CONFIG_HOME": "relative"}, "home/.config/rtxr/machines.toml"),
        ("darwin", {}, "home/Library/Application Support/rtxr/machines.toml"),
        ("win32", {}, "home/AppData/Roaming/rtxr/machines.toml"),
        ("win32", {"APPDATA": "{home}/roam"}, "home/roam/rtxr/machines.toml"),
    ],
)
def test_where_the_file_is(tmp_path, monkeypatch, platform, variables, expected):
    home = tmp_path / "home"
    for name in (machines.VARIABLE, "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=home))
    monkeypatch.setattr(Path, "home", lambda: home)
    monkeypatch.setattr(sys, "platform", platform)
    assert machines.path() == tmp_path / expected
