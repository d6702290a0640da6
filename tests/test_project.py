"""The project's own files agree with each other (nothing is installed or downloaded here)."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
MODULES = sorted((ROOT / "rtxr").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: Extras that environment.yml says it holds, and conda packages that are no dependency of rtxr.
ENVIRONMENT_EXTRAS = ("codecs", "dask", "io", "view", "nifti", "nrrd")
ENVIRONMENT_TOOLS = {"python", "pip", "jupyterlab"}


def package(requirement: str) -> str:
    return re.split(r"[\s<>=!~\[;]", requirement)[0]


@pytest.fixture(scope="module")
def environment() -> dict[str, list[str]]:
    """Requirements of environment.yml by installer."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (pip,) = [entry["pip"] for entry in entries if isinstance(entry, dict)]
    return {"conda": [entry for entry in entries if isinstance(entry, str)], "pip": pip}


# --- environments -----------------------------------------------------------------------------
def test_conda_packages_are_the_runtime_dependencies(environment):
    ours = [entry for entry in environment["conda"] if package(entry) not in ENVIRONMENT_TOOLS]
    assert sorted(ours) == sorted(PROJECT["dependencies"])
    assert f"python{PROJECT['requires-python']}" in environment["conda"]


def test_pip_packages_are_the_extras_claimed(environment):
    extras = PROJECT["optional-dependencies"]
    wanted = [requirement for name in ENVIRONMENT_EXTRAS for requirement in extras[name]]
    assert sorted(environment["pip"]) == sorted(wanted)


def test_binder_uses_the_same_environment():
    binder = ROOT / "binder"
    assert (binder / "environment.yml").read_text() == (ROOT / "environment.yml").read_text()
    assert os.access(binder / "postBuild", os.X_OK)
    assert "pip install --no-deps" in (binder / "postBuild").read_text()


def test_every_dependency_has_a_floor():
    extras = PROJECT["optional-dependencies"]
    listed = [*PROJECT["dependencies"], *(r for name in ENVIRONMENT_EXTRAS for r in extras[name])]
    assert [requirement for requirement in listed if ">=" not in requirement] == []


def test_no_extra_brings_a_gpl_codec():
    assert "pylibjpeg-libjpeg" not in map(package, PROJECT["optional-dependencies"]["codecs"])


# --- running ------------------------------------------------------------------------------------
def test_ci_runs_make_test():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().rstrip().endswith("make test")
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_makefile_lists_its_targets():
    done = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True)
    targets = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("make ")}
    assert targets >= {"venv", "demo", "web", "test", "lint", "format", "bench", "clean"}


def test_the_form_is_served_to_this_computer_only():
    done = subprocess.run(
        ["make", "-n", "web"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    (line,) = [each for each in done.stdout.splitlines() if "voila notebooks/" in each]
    assert (ROOT / line.split("-m voila ")[1].split()[0]).is_file()
    assert "--Voila.ip=127.0.0.1" in done.stdout


# --- documents ----------------------------------------------------------------------------------
def test_contributing_names_files_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert table[0] == "| What do you want to change | Which file |"
    names = re.findall(r"`((?:rtxr|tests|docs)/[^`]*|[a-z]+\.(?:toml|yml))`", "\n".join(table))
    assert len(names) > 20
    assert [name for name in names if not list(ROOT.glob(name.rstrip("/")))] == []


def test_every_module_is_on_the_contributing_table():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    top = [f"`rtxr/{path.name}`" for path in MODULES if path.parent.name == "rtxr"]
    assert [name for name in top if name not in text] == ["`rtxr/__init__.py`"]


def test_changelog_has_this_version():
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text()


def test_license_is_the_one_declared():
    text = (ROOT / "LICENSE").read_text()
    assert PROJECT["license"] == "BSD-3-Clause"
    assert text.startswith("BSD 3-Clause License")
    assert "The rtxr developers" in text
    assert len(re.findall(r"^\d\. ", text, re.MULTILINE)) == 3


# --- notebooks ------------------------------------------------------------------------------------
def test_notebooks_need_their_extra_only():
    (rtxr,) = [each for each in PROJECT["optional-dependencies"]["notebooks"] if "rtxr" in each]
    extras = set(re.findall(r"\w+", rtxr)) - {"rtxr"}
    assert extras == {"codecs", "io", "nifti", "nrrd", "view"}
    # xarray interpolates with SciPy, which nothing here depends on.
    uses = re.compile(r"(?<!np)\.interp\(|scipy|dask|chunk\(")
    assert [path.name for path in NOTEBOOKS if uses.search(path.read_text())] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_valid_and_stripped(path):
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    ids = [cell["id"] for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell["id"] for cell in code if cell.outputs or cell.execution_count] == []
    for cell in code:
        compile(cell.source, f"{path.name}:{cell['id']}", "exec")


def test_there_is_a_first_notebook():
    assert "01_open_and_export" in [path.stem for path in NOTEBOOKS]


# --- form -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_fits_on_a_desk(path):
    assert len(path.read_text().splitlines()) <= 400
    assert path.stem not in {"utils", "helpers", "misc", "common"}


def test_every_top_module_has_its_layer():
    (layers,) = [
        c["layers"] for c in PYPROJECT["tool"]["importlinter"]["contracts"] if "layers" in c
    ]
    listed = {name.strip() for row in layers for name in row.split("|")}
    names = {
        "rtxr." + path.relative_to(ROOT / "rtxr").parts[0].removesuffix(".py") for path in MODULES
    }
    assert names - {"rtxr.__init__"} == listed
