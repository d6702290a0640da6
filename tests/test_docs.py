"""The pages that list facts of the source or of published cases list what is true."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from rtxr.errors import Severity

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "findings.md"
REAL_FILES = ROOT / "docs" / "real-files.md"
TREES = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob("rtxr/**/*.py"))]
KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
ROW = re.compile(r"^\| `([^`]+)` \| ([a-z, ]+) \|", re.MULTILINE)
NAMED_TEST = re.compile(r"`([a-z0-9_/]+\.py::test_\w+)`")


def code_places() -> dict[str, int]:
    """Functions and classes that take a ``code`` > its place among their arguments."""
    places = {}
    for node in (node for tree in TREES for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in node.args.args if each.arg not in {"self", "cls"}]
        elif isinstance(node, ast.ClassDef):
            names = [ast.unparse(each.target) for each in node.body if hasattr(each, "annotation")]
            for base in set(map(ast.unparse, node.bases)) & set(places):
                places[node.name] = places[base]
        else:
            continue
        if "code" in names:
            places[node.name] = names.index("code")
    return places


def code_expressions(tree: ast.Module, places: dict[str, int]) -> Iterator[ast.expr]:
    """What a module gives as code: in calls, and in rows of the form (code, severity, ...)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in places and len(node.args) > places[name]:
                yield node.args[places[name]]
            if name in places:
                yield from (each.value for each in node.keywords if each.arg == "code")
        elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
            second = node.elts[1]
            if isinstance(second, ast.Constant) and second.value in get_args(Severity):
                yield node.elts[0]


def patterns() -> set[str]:
    """Codes of the source as regular expressions; ``.+`` stands for what an f-string puts in."""
    places, found = code_places(), set()
    for tree in TREES:
        waiting, seen = list(code_expressions(tree, places)), set()
        while waiting:
            for node in ast.walk(waiting.pop()):
                if isinstance(node, ast.Constant) and KEBAB.fullmatch(str(node.value)):
                    found.add(re.escape(node.value))
                elif isinstance(node, ast.JoinedStr):
                    parts = (getattr(each, "value", None) for each in node.values)
                    text = "".join(re.escape(p) if isinstance(p, str) else ".+" for p in parts)
                    found |= {text} if "_" not in text else set()  # variables are named so
                elif isinstance(node, ast.Name) and node.id not in seen:
                    seen.add(node.id)
                    waiting += assigned(tree, node.id)
    return found


def assigned(tree: ast.Module, name: str) -> Iterator[ast.expr]:
    """What a module assigns to a name; all of them where several names share one line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            targets = {ast.unparse(each) for each in node.targets}
            several = any(isinstance(each, ast.Tuple) for each in node.targets)
            if name in targets or (several and name in names):
                yield node.value


def test_codes_are_found_in_every_form_the_source_uses():
    forms = {"missing-uid", "not-dicom", "image-chosen", "contour-empty", "single-plane"}
    forms |= {"missing-type-2", "inherited-value", "added-empty", "no-source-headers"}
    assert {re.escape(form) for form in forms} | {r"nan\-in\-.+"} <= patterns()


def test_reference_names_every_code():
    named = {code for code, _ in ROW.findall(REFERENCE.read_text(encoding="utf-8"))}
    missing = [each for each in patterns() if not any(re.fullmatch(each, code) for code in named)]
    assert not missing


def test_reference_names_no_code_that_does_not_exist():
    rows = ROW.findall(REFERENCE.read_text(encoding="utf-8"))
    known = patterns()
    assert not [code for code, _ in rows if not any(re.fullmatch(each, code) for each in known)]


def test_reference_gives_severities_that_exist():
    rows = ROW.findall(REFERENCE.read_text(encoding="utf-8"))
    assert {each for _, told in rows for each in told.split(", ")} <= set(get_args(Severity))


# --- what real files do ---------------------------------------------------------------------------
def oddities() -> Iterator[tuple[str, list[str]]]:
    """What rtxr does with each oddity of docs/real-files.md, and the tests that hold it."""
    for line in REAL_FILES.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.endswith("| held by |"):
            *_, done, held, end = line.split("|")
            assert end == ""
            yield done, NAMED_TEST.findall(held)


def test_every_test_that_holds_an_oddity_exists():
    named = {each for _, tests in oddities() for each in tests}
    assert len(named) > 200
    known = {
        f"{path}::{node.name}"
        for path in {each.partition("::")[0] for each in named}
        for node in ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert named - known == set()


def test_every_oddity_is_held_by_a_test_that_names_its_codes():
    codes = {code for code, _ in ROW.findall(REFERENCE.read_text(encoding="utf-8"))}
    for done, tests in oddities():
        assert tests, done
        paths = {ROOT / "tests" / each.partition("::")[0] for each in tests}
        text = "".join(path.read_text(encoding="utf-8") for path in paths)
        told = {each for each in re.findall("`([^`]+)`", done) if KEBAB.fullmatch(each)}
        assert told <= codes, done
        assert [each for each in told if each not in text] == [], done


@pytest.mark.data
def test_the_tables_of_published_cases_are_true(case_data: Callable[[str], Path]) -> None:
    script = runpy.run_path(str(ROOT / "docs" / "published_cases.py"))
    assert script["page"](case_data(".")) == script["PAGE"].read_text(encoding="utf-8")
