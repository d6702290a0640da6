"""Names, types and colours of structures: what can be written, and what is told of the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import rtxr
from rtxr import model
from rtxr.errors import ConflictingDataError, RTXRError, UnknownNameError


@pytest.fixture(scope="module")
def case(phantom: Path) -> xr.Dataset:
    return rtxr.open_dir(phantom)


@pytest.fixture(scope="module")
def image(phantom: Path) -> xr.Dataset:
    return rtxr.scan(phantom, progress=False).select(Modality="CT").open()


def test_two_structures_of_one_colour_only_when_the_palette_ends(image):
    ds = image
    for at in range(8):
        ds = ds.rt.add_structure(f"S{at}", [])
    assert ds.roi_color.values.tolist() == [*model.PALETTE, model.PALETTE[0]]


@pytest.mark.parametrize(
    ("color", "stored"),
    [("#FF0080", "#ff0080"), ((255, 0, 128), "#ff0080"), ((0, 0, 0), "#000000")],
)
def test_colours_that_are_given(case, color, stored):
    assert case.rt.add_structure("Box", [], color=color).roi_color.values[-1] == stored
    assert case.rt.set_structure("BODY", color=color).roi_color.values[0] == stored


@pytest.mark.parametrize("color", ["", "red", "#12345", (1, 2), (1, 2, 256), (0.5, 0.5, 0.5)])
def test_colours_that_are_none(case, color):
    with pytest.raises(RTXRError, match=r'give "#rrggbb", or red, green and blue'):
        case.rt.add_structure("Box", [], color=color)


@pytest.mark.parametrize(
    ("name", "error", "match"),
    [
        ("", RTXRError, r"1 to 64 characters"),
        ("  ", RTXRError, r"1 to 64 characters"),
        ("x" * 65, RTXRError, r"this one has 65"),
        ("a\\b", RTXRError, r"no backslash"),
        ("a\nb", RTXRError, r"no line breaks"),
        ("PTV_70", ConflictingDataError, r"ds.rt.remove\('PTV_70'\) first"),
        ("ptv_70 ", ConflictingDataError, r"there is a structure 'PTV_70' already"),
    ],
)
def test_names_that_cannot_be(case, name, error, match):
    with pytest.raises(error, match=match):
        case.rt.add_structure(name, [])


def test_swapped_arguments_are_told_without_their_values(case):
    with pytest.raises(RTXRError) as caught:
        case.rt.add_structure(np.zeros((40, 96, 96), bool), "Box")
    assert str(caught.value) == (
        "a name is text, not ndarray; add_structure(name, shape) takes the name first, then the "
        "shape"
    )


def test_the_longest_name_is_kept_whole(case):
    assert case.rt.add_structure("x" * 64, []).roi.values[-1] == "x" * 64


def test_types_are_those_of_the_standard(case):
    with pytest.raises(UnknownNameError, match="did you mean 'ORGAN'"):
        case.rt.add_structure("Box", [], type="ORGANS")
    assert case.rt.add_structure("Box", [], type="dose_region").roi_type.values[-1] == "DOSE_REGION"
