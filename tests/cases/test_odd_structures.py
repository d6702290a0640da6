"""Structure sets as planning systems leave them, from file to table, mask and file again."""

import re

import factories as make
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from analysis.shapes import shoelace
from factories import item
from pydicom.dataset import Dataset

import rtxr
from rtxr.contour_points import contours_of

IMAGES = make.ct_series(6, size=(16, 20))  # z 0 to 15; x -4 to 34 by 2; y -3 to 19.5 by 1.5
VOXEL = 3 * 1.5 * 2 / 1000
RECTANGLE = (0, 0, 10, 9)  # 5 columns of 6 rows
HEIGHTS = (3, 6, 9)


def rectangle(x0, y0, x1, y1, z):
    return [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]


def stack(*rectangles, heights=HEIGHTS):
    return [rectangle(*each, z) for z in heights for each in rectangles]


def contour(points, kind="CLOSED_PLANAR"):
    ds = item(ContourGeometricType=kind, NumberOfContourPoints=len(points))
    ds.ContourData = [float(value) for point in points for value in point]
    return ds


def structure_set(rois: dict[str, list[Dataset]]) -> Dataset:
    ds = make.structure_set(IMAGES)
    frame = IMAGES[0].FrameOfReferenceUID
    ds.StructureSetROISequence = [
        item(ROINumber=number, ReferencedFrameOfReferenceUID=frame, ROIName=name)
        for number, name in enumerate(rois, 1)
    ]
    ds.ROIContourSequence = [
        item(ReferencedROINumber=number, ContourSequence=contours)
        for number, contours in enumerate(rois.values(), 1)
    ]
    return ds


# Contours, voxels of the mask slice by slice, cm3, what the table says of them.
SHAPES = {
    "drawn twice": (
        stack(RECTANGLE, RECTANGLE),
        [0, 30, 30, 30, 0, 0],
        0.81,
        "3 contours repeat another one",
    ),
    "partly crossing": (
        stack(RECTANGLE, (6, 3, 16, 12)),
        [0, 44, 44, 44, 0, 0],
        1.188,
        "by XOR the volume is 1.188 cm3, by union 1.404 cm3",
    ),
    "partly crossing on purpose": (
        [contour(each, "CLOSEDPLANAR_XOR") for each in stack(RECTANGLE, (6, 3, 16, 12))],
        [0, 44, 44, 44, 0, 0],
        1.188,
        "",
    ),
    "nested three times": (
        stack((0, 0, 16, 12), (2, 1.5, 14, 10.5), (4, 3, 8, 9)),
        [0, 36, 36, 36, 0, 0],
        0.972,
        "",
    ),
    "a hole wound the other way": (
        [*stack((0, 0, 16, 12)), *(each[::-1] for each in stack((4, 3, 8, 9)))],
        [0, 56, 56, 56, 0, 0],
        1.512,
        "",
    ),
    "between slices": (stack(RECTANGLE, heights=(4.5, 7.5, 10.5)), [0, 30, 30, 30, 0, 0], 0.81, ""),
    "a little off the slices": (
        stack(RECTANGLE, heights=(0.134, 2.866, 6.134, 9.134)),
        [30, 30, 30, 30, 0, 0],
        1.06794,  # slabs from -1.232 to 10.634
        "",
    ),
    "finer than slices": (
        stack(RECTANGLE, heights=np.arange(3, 9.5, 1)),
        [0, 30, 30, 30, 0, 0],
        0.63,
        "4 of its 7 planes are nearest to no slice",
    ),
    "at two spacings": (
        stack(RECTANGLE, heights=(0, 1, 2, 3, 6, 9, 12, 15)),
        [30] * 6,
        1.53,
        "2 of its 8 planes",
    ),
    "on all slices": (stack(RECTANGLE, heights=range(0, 16, 3)), [30] * 6, 1.62, ""),
    "across the edge": (
        stack((-20, -20, 10, 9)),
        [0, 56, 56, 56, 0, 0],
        7.83,
        "6.109 of its 7.830 cm3 lie outside the image",
    ),
    "beside the image": (stack((500, 0, 510, 9)), [0] * 6, 0.81, "0.810 of its 0.810 cm3 lie"),
    "longer than the image": (
        stack(RECTANGLE, heights=range(-6, 25, 3)),
        [30] * 6,
        2.97,
        "1.350 of its 2.970 cm3 lie outside the image",
    ),
    "a speck beside a contour": (
        stack(RECTANGLE, (21.0, 4.0, 21.12, 4.12)),
        [0, 30, 30, 30, 0, 0],
        0.8101296,
        "",
    ),
    "one and two points": (
        [[(0, 0, 6)], [(0, 0, 6), (5, 5, 6)], *stack(RECTANGLE)],
        [0, 30, 30, 30, 0, 0],
        0.81,
        "2 contour(s) are closed and have fewer than three points; they enclose nothing",
    ),
    "leaving its plane": (
        [[(0, 0, 5.7), (10, 0, 6.3), (10, 9, 6), (0, 9, 6)], *stack(RECTANGLE, heights=(3, 9))],
        [0, 30, 30, 30, 0, 0],
        0.81,
        "1 contours leave their plane by up to 0.60 mm",
    ),
    "sagittal": (
        [[(x, 0, 1.5), (x, 9, 1.5), (x, 9, 10.5), (x, 0, 10.5)] for x in (2.0, 4.0, 6.0)],
        [0, 18, 18, 18, 0, 0],
        0.486,
        "",
    ),
    "a needle": (
        [contour([(0, 0, 0), (4, 4, 8), (8, 8, 15)], "OPEN_NONPLANAR")],
        [0] * 6,
        0.0,
        "1 contour(s) are open lines or points and enclose nothing",
    ),
    "isodose 1200[cgy] / 50%": (
        stack((0, 0, 10, 9), (20, 0, 30, 9)),
        [0, 60, 60, 60, 0, 0],
        1.62,
        "",
    ),
}


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> xr.Dataset:
    folder = tmp_path_factory.mktemp("odd")
    rois = {
        name: [each if isinstance(each, Dataset) else contour(each) for each in contours]
        for name, (contours, *_) in SHAPES.items()
    }
    make.write(folder, [*IMAGES, structure_set(rois)])
    return rtxr.open_dir(folder, progress=False)


@pytest.fixture(scope="module")
def table(case) -> pd.DataFrame:
    return case.rt.structures()


@pytest.mark.parametrize("name", SHAPES)
def test_the_table_tells_volume_and_oddities(table, name):
    _, _, volume, told = SHAPES[name]
    assert table.loc[name, "volume_cc"] == pytest.approx(volume)
    assert told in table.loc[name, "findings"]
    assert bool(told) == bool(table.loc[name, "findings"])


@pytest.mark.parametrize("name", SHAPES)
def test_masks_hold_the_centres_that_are_inside(case, name):
    mask = case.rt.mask(name)
    assert mask.sum(["y", "x"]).values.tolist() == SHAPES[name][1]
    assert (case.mask.sel(roi=name) == mask).all()


@pytest.mark.parametrize("name", SHAPES)
def test_coverage_holds_the_volume_within_the_image(case, table, name):
    outside = re.search(r"([\d.]+) of its [\d.]+ cm3 lie outside", table.loc[name, "findings"])
    expected = SHAPES[name][2] - (float(outside[1]) if outside else 0)
    assert case.rt.coverage(name).sum().item() * VOXEL == pytest.approx(expected, abs=6e-4)


def test_what_is_written_is_drawn_the_same(case, tmp_path):
    case.assign(ct=case.ct + 1).rt.to_dicom(tmp_path)
    again = rtxr.open_dir(tmp_path, progress=False)
    assert again.roi.values.tolist() == list(SHAPES)
    assert (again.mask == case.mask).all()
    assert again.rt.structures()["findings"].tolist() == case.rt.structures()["findings"].tolist()


def test_a_structure_set_that_names_as_little_as_it_can(tmp_path):
    bare = structure_set({"A": [contour(each) for each in stack(RECTANGLE)], "": [], "A ": []})
    del bare.ReferencedFrameOfReferenceSequence
    del bare.ROIContourSequence[2]
    for named in bare.StructureSetROISequence[1:]:
        del named.ReferencedFrameOfReferenceUID
    for drawn in bare.ROIContourSequence[0].ContourSequence:
        del drawn.ContourGeometricType, drawn.NumberOfContourPoints
    make.write(tmp_path, [*IMAGES, bare])
    ds = rtxr.open_dir(tmp_path, progress=False)
    assert ds.rt.mask("A").sum().item() == 90
    assert ds.rt.structures()["contours"].tolist() == [3, 0, 0]
    assert {"contour-type", "contour-images-missing", "roi-without-name"} <= set(
        ds.rt.findings["code"]
    )


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "case", "noticed"),
    [
        ("oncentra_phantom/simple_phantom_contours", 1, set()),
        ("oncentra_phantom/single_struct", 1, {"open-contours"}),
        ("pymedphys/rtstruct_monaco", 1, set()),
        ("brachy_hdr_robustbrachy", 1, {"open-contours"}),
        ("rt_utils/mock_data", 1, {"outside-image"}),
        ("ibsi_sts003", 3, set()),
    ],
)
def test_volumes_of_published_structures(case_data, name, case, noticed):
    index = rtxr.scan(case_data(name), progress=False)
    ds = index.open(case=case)
    table = ds.rt.structures()
    assert {finding["code"] for finding in table.attrs["findings"]} == noticed
    for roi in table.index[table["volume_cc"] > 0]:
        # Contours of these lie beside, not in one another, on planes one step apart.
        closed = [points for kind, points in contours_of(ds, roi) if len(points) > 2]
        areas = sum(shoelace(points[:, :2]) for points in closed)
        heights = np.unique([points[0, 2] for points in closed])
        step = np.diff(heights).mean() if len(heights) > 1 else 5.0
        assert table.loc[roi, "volume_cc"] == pytest.approx(areas * step / 1000, rel=1e-9)
