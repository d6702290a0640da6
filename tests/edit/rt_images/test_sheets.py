"""RT Images and plans as files, folders, archives and open Datasets, in pairs."""

from __future__ import annotations

import zipfile
from itertools import permutations
from pathlib import Path

import numpy as np
import pydicom
import pytest
import xarray as xr
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from rt_image_pairs import measured, pixels, planned, saved, template

import rtxr
from rtxr.edit.rt_images.sheets import natural, plan_header, sheets
from rtxr.errors import ConformanceError, RTXRError

MACHINE = rtxr.Machine("TB1", DeviceSerialNumber="1234")


def written(ds: xr.Dataset, folder: Path) -> list[Dataset]:
    return [pydicom.dcmread(path) for path in ds.rt.to_dicom(folder)["path"]]


def two(folder: Path) -> tuple[list[Path], list[Path], Path]:
    images = saved(folder, "images", [measured(0), measured(1)])
    templates = saved(folder, "templates", [template(0, 1), template(1, 2)])
    return images, templates, saved(folder, "plan", [planned()])[0]


def beams_of(ds: xr.Dataset) -> list[int]:
    return ds.beam_number.values.tolist()


def test_folders_archives_and_datasets_give_the_same(tmp_path):
    images, templates, plan = two(tmp_path)
    archive = tmp_path / "images.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in images:
            file.write(path, path.name)
    opened = rtxr.open_dir(images, progress=False)
    for number, given_images in enumerate([images, images[0].parent, archive, opened]):
        ds = rtxr.rt_image_from_template(
            given_images, templates[0].parent, plan.parent, machine=MACHINE
        )
        files = written(ds, tmp_path / f"out{number}")
        assert [each.RTImageLabel for each in files] == ["dev0", "dev1"]
        assert [each.ReferencedBeamNumber for each in files] == [1, 2]
        assert all((each.pixel_array == pixels()).all() for each in files)


def test_a_file_whose_bytes_are_broken_is_an_error(tmp_path, monkeypatch):
    def broken(record):
        raise BytesLengthException("whatever pydicom meets")

    images = saved(tmp_path, "images", [measured()])
    plan = saved(tmp_path, "plan", [planned()])
    monkeypatch.setattr("rtxr.edit.rt_images.sheets.parse", broken)
    found = [*sheets(images, "images")[1], *plan_header(plan[0])[1]]
    assert [each.severity for each in found] == ["error"] * 2
    assert [each.message.split(":")[0] for each in found] == ["images", "plan"]
    assert all("get it anew" in each.message for each in found)


def test_the_order_is_that_in_which_files_are_given(tmp_path):
    images, templates, plan = two(tmp_path)
    ds = rtxr.rt_image_from_template(images, templates[::-1], plan, machine=MACHINE)
    assert beams_of(ds) == [2, 1]
    mixed = [rtxr.open_dir(templates[1], progress=False), templates[0]]
    ds = rtxr.rt_image_from_template(images, mixed, plan, machine=MACHINE)
    assert beams_of(ds) == [2, 1]


def test_pairs_by_a_function_of_the_headers(tmp_path):
    images, templates, plan = two(tmp_path)

    def crossed(measured_: list[Dataset], meant: list[Dataset]) -> list[tuple[int, int]]:
        assert [each.RTImageLabel for each in measured_] == ["dev0", "dev1"]
        assert [each.ReferencedBeamNumber for each in meant] == [1, 2]
        return [(1, 0), (0, 1)]

    ds = rtxr.rt_image_from_template(images, templates, plan, machine=MACHINE, pairs=crossed)
    assert beams_of(ds) == [2, 1]
    for wrong in ([(0, 0)], [(0, 0), (0, 1)], [(0, 0), (1, 0)], [(0, 0), (1, 2)]):
        with pytest.raises(ConformanceError, match="each of the 2 images"):
            rtxr.rt_image_from_template(
                images, templates, plan, machine=MACHINE, pairs=lambda *_, wrong=wrong: wrong
            )
    wrong_kinds = (lambda *_: ["ab", "c"], lambda *_: None, 7, [0, 1], [(0, 1.0), (1, 0)], ["01"])
    for unusable in wrong_kinds:
        with pytest.raises(RTXRError, match="pairs of integers"):
            rtxr.rt_image_from_template(images, templates, plan, machine=MACHINE, pairs=unusable)
    with pytest.raises(RTXRError, match="pairs='orders'; give 'order', pairs of"):
        rtxr.rt_image_from_template(images, templates, plan, machine=MACHINE, pairs="orders")


@pytest.mark.parametrize("kind", [list, tuple, np.array, iter])
def test_pairs_as_they_are(tmp_path, kind):
    images, templates, plan = two(tmp_path)
    pairs = kind([(1, 0), (0, 1)])
    ds = rtxr.rt_image_from_template(images, templates, plan, machine=MACHINE, pairs=pairs)
    assert beams_of(ds) == [2, 1]


def test_numbers_in_names_are_numbers(tmp_path):
    names = ["a9/1.dcm", "a10/1.dcm", "a10/image_2.dcm", "a10/image_10.dcm", "a10/image_010_b.dcm"]
    assert [sorted(each, key=natural) for each in permutations(names)] == [names] * 120
    images = saved(tmp_path, "images", [measured(number) for number in range(11)])
    for number, path in enumerate(images, start=1):
        path.rename(path.with_name(f"image_{number}.dcm"))
    archive = tmp_path / "images.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in images[0].parent.iterdir():
            file.write(path, path.name)
    for given in (images[0].parent, archive):
        found, errors = sheets(given, "images")
        assert errors == []
        assert [each.dataset.RTImageLabel for each in found] == [f"dev{at}" for at in range(11)]


def test_edited_values_of_an_open_dataset_are_taken(tmp_path):
    images, templates, plan = two(tmp_path)
    opened = rtxr.open_dir(images, progress=False)
    doubled = opened.assign(rt_image=opened.rt_image * 0 + 5.0)
    ds = rtxr.rt_image_from_template(
        doubled, templates, rtxr.open_dir(plan, progress=False), machine=MACHINE
    )
    files = written(ds, tmp_path / "out")
    for each in files:  # slope 0.5, intercept -3
        np.testing.assert_array_equal(each.pixel_array, 16)


def test_an_image_of_edited_values_is_a_derived_one(tmp_path):
    images, templates, plan = two(tmp_path)
    opened = rtxr.open_dir(images, progress=False)
    first = opened.image == 0
    edited = opened.assign(rt_image=opened.rt_image.where(~first, opened.rt_image + 0.5))
    edited = edited.isel(receptor_y=slice(None, None, -1))
    ds = rtxr.rt_image_from_template(edited, templates, plan, machine=MACHINE)
    one, other = written(ds, tmp_path / "edited")
    assert list(one.ImageType) == ["DERIVED", "PRIMARY", "PORTAL"]
    assert one.DerivationDescription == "made of an image with edited pixels, a template and a plan"
    assert list(other.ImageType) == ["ORIGINAL", "PRIMARY", "PORTAL"]
    assert "DerivationDescription" not in other
    opened.load()
    for path in images:
        path.unlink()  # nobody can say any more
    ds = rtxr.rt_image_from_template(opened, templates, plan, machine=MACHINE)
    assert [each.ImageType[0] for each in written(ds, tmp_path / "lost")] == ["ORIGINAL"] * 2


def test_a_dataset_of_another_size_than_its_header_is_refused(tmp_path):
    images, templates, plan = two(tmp_path)
    cut = rtxr.open_dir(images, progress=False).isel(receptor_x=slice(0, 3))
    with pytest.raises(ConformanceError, match="another size"):
        rtxr.rt_image_from_template(cut, templates, plan, machine=MACHINE)


def test_made_images_refuse_other_things_than_paths_and_datasets(tmp_path):
    images, templates, plan = two(tmp_path)
    with pytest.raises(RTXRError, match="images is a int"):
        rtxr.rt_image_from_template(7, templates, plan, machine=MACHINE)  # type: ignore[arg-type]
    with pytest.raises(RTXRError, match="templates holds a int"):
        rtxr.rt_image_from_template(images, [7], plan, machine=MACHINE)  # type: ignore[list-item]
    with pytest.raises(RTXRError, match="plan is a list"):
        rtxr.rt_image_from_template(images, templates, [plan], machine=MACHINE)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        rtxr.rt_image_from_template(tmp_path / "none", templates, plan, machine=MACHINE)
