from __future__ import annotations

import struct

import numpy as np
import pytest
import xarray as xr
from factories import ct_slice, item, save, structure_set
from pydicom import uid as sop
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from rtxr import model
from rtxr.errors import MissingDataError, NotDicomError
from rtxr.read import rt_structure_set
from rtxr.read.headers import parse

SQUARE = [0, 0, 5, 4, 0, 5, 4, 4, 5, 0, 4, 5]


def contour(data, kind="CLOSED_PLANAR", image="1.2.3", count=None, **elements):
    ds = item(ContourGeometricType=kind, NumberOfContourPoints=count or len(data) // 3)
    if image:
        ds.ContourImageSequence = [item(ReferencedSOPInstanceUID=image)]
    if isinstance(data, bytes):
        tag = Tag("ContourData")
        ds[tag] = RawDataElement(tag, "DS", len(data), data, 0, False, True)
    else:
        ds.ContourData = data
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def roi(number, name, *contours, color=(255, 0, 16), frame="1.2.9", kind="PTV"):
    named = item(ROINumber=number, ROIName=name, ReferencedFrameOfReferenceUID=frame)
    drawn = item(ReferencedROINumber=number)
    if color is not None:
        drawn.ROIDisplayColor = list(color)
    if contours:
        drawn.ContourSequence = list(contours)
    seen = item(ReferencedROINumber=number, RTROIInterpretedType=kind)
    return named, drawn, seen


def built(*rois):
    ds = structure_set()
    named, drawn, seen = zip(*rois, strict=True) if rois else ((), (), ())
    ds.StructureSetROISequence = list(named)
    ds.ROIContourSequence = list(drawn)
    ds.RTROIObservationsSequence = list(seen)
    return ds


def opened(folder, ds, syntax=sop.ExplicitVRLittleEndian, **how):
    part = rt_structure_set.read_structure_set(save(folder / "ss", ds, syntax=syntax), **how)
    case = xr.Dataset(coords=part.coords)
    case.attrs[model.FINDINGS_ATTR] = model.findings_to_json(part.findings)
    return case, {finding.code: finding for finding in part.findings}


@pytest.mark.parametrize(
    "syntax",
    [
        sop.ImplicitVRLittleEndian,
        sop.ExplicitVRLittleEndian,
        sop.ExplicitVRBigEndian,
        sop.DeflatedExplicitVRLittleEndian,
    ],
)
def test_coordinates_of_rois_contours_and_nodes(tmp_path, syntax):
    source = built(
        roi(3, "PTV 70", contour(SQUARE), contour([1, 2, 3], "POINT")),
        roi(7, "Ünïque", contour(SQUARE[:9], image="1.2.4"), color=None, kind="ORGAN"),
    )
    source.SpecificCharacterSet = "ISO_IR 192"
    ds, findings = opened(tmp_path, source, syntax)
    assert findings == {}
    assert ds.roi.values.tolist() == ["PTV 70", "Ünïque"]
    assert ds.roi_number.values.tolist() == [3, 7]
    assert ds.roi_name.values.tolist() == ["PTV 70", "Ünïque"]
    assert ds.roi_type.values.tolist() == ["PTV", "ORGAN"]
    assert ds.roi_color.values.tolist() == ["#ff0010", ""]
    assert ds.contour.values.tolist() == [0, 1, 2]
    assert ds.contour_roi_number.values.tolist() == [3, 3, 7]
    assert ds.contour_type.values.tolist() == ["CLOSED_PLANAR", "POINT", "CLOSED_PLANAR"]
    assert ds.contour_image_uid.values.tolist() == ["1.2.3", "1.2.3", "1.2.4"]
    assert ds.node_contour.values.tolist() == [0, 0, 0, 0, 1, 2, 2, 2]
    assert ds.node_x.values.tolist() == [0, 4, 4, 0, 1, 0, 4, 4]
    assert ds.node_z.values.tolist() == [5, 5, 5, 5, 3, 5, 5, 5]
    assert ds.node_y.attrs["units"] == "mm"
    assert str(ds.structure_set_uid.values) == source.SOPInstanceUID
    for name in (model.ROI, model.ROI_COLOR, model.CONTOUR_TYPE):
        assert ds[name].dtype.kind == "U"


def test_roi_without_contours_and_empty_contours_keep_their_keys(tmp_path):
    source = built(
        roi(1, "None"), roi(2, "Some", contour(b""), contour(SQUARE)), roi(3, "Empty", contour(b""))
    )
    source.ROIContourSequence[2].ContourSequence = []
    ds, findings = opened(tmp_path, source)
    assert ds.contour.values.tolist() == [0, 1]
    assert ds.node_contour.values.tolist() == [1] * 4
    assert "ROI 1 ('None') has no contours" in findings["roi-without-contours"].message or (
        "ROI 3 ('Empty')" in findings["roi-without-contours"].message
    )
    assert "1 contour(s) have no (3006,0050)" in findings["contour-empty"].message
    table = rt_structure_set.structures(ds)
    assert table.loc["None", "findings"] == "has no contours"
    assert table.loc["Some", "slices"] == 1


def test_structure_set_without_anything(tmp_path):
    source = structure_set()
    del source.ROIContourSequence, source.StructureSetROISequence
    ds, findings = opened(tmp_path, source)
    assert dict(ds.sizes) == {"roi": 0, "contour": 0, "node": 0}
    assert findings == {}
    assert len(rt_structure_set.structures(ds)) == 0


def test_contour_data_that_is_not_right(tmp_path):
    source = built(
        roi(1, "A", contour(b"1\\2\\3\\4"), contour(b"1\\x\\3\\4\\5\\6"), contour(SQUARE, count=9)),
        roi(2, "B", contour([1, 2, 3, 4, 5, 6]), contour(SQUARE, kind="INTERPOLATED")),
        roi(3, "C", contour(b"1\\2\\3\\7\\8", kind=""), contour(SQUARE, image="")),
    )
    ds, findings = opened(tmp_path, source)
    points = np.stack([ds.node_x, ds.node_y, ds.node_z], -1)
    keys = ds.node_contour.values
    assert points[keys == 0].tolist() == [[1, 2, 3]]
    assert points[keys == 1].tolist() == [[4, 5, 6]]
    assert points[keys == 5].tolist() == [[1, 2, 3]]
    assert ds.contour_type.values[5] == "POINT"
    for code in (
        "contour-not-triples",
        "contour-unreadable",
        "contour-point-count",
        "contour-too-short",
        "contour-type",
        "contour-images-missing",
    ):
        assert code in findings
    assert ds.contour_type.values[4] == "INTERPOLATED"


@pytest.mark.filterwarnings("ignore:.*VR (CS|IS|LO)")  # pydicom, when writing
@pytest.mark.parametrize(
    ("stored", "taken", "severity"),
    [
        ("CLOSED_PLANAR", "CLOSED_PLANAR", None),
        ("closed planar ", "CLOSED_PLANAR", "info"),
        ("CLOSED_PLANAR_XOR", "CLOSEDPLANAR_XOR", "info"),
        ("INTERPOLATED_PLANAR", "INTERPOLATED_PLANAR", "info"),
        ("", "CLOSED_PLANAR", "info"),
        ("CLOSED_NONPLANAR", "CLOSED_NONPLANAR", "warning"),
    ],
)
def test_geometric_types_are_known_by_their_letters(tmp_path, stored, taken, severity):
    ds, findings = opened(tmp_path, built(roi(1, "A", contour(SQUARE, stored))))
    assert ds.contour_type.values.tolist() == [taken]
    assert [each.severity for each in findings.values()] == ([severity] if severity else [])
    if severity:
        assert taken in findings["contour-type"].message


@pytest.mark.filterwarnings("ignore:.*VR (CS|IS|LO)")  # pydicom, when writing
@pytest.mark.parametrize(
    ("stored", "color"),
    [
        (b"255\\0\\16", "#ff0010"),
        (b"255/0/16", "#ff0010"),
        (b"255, 0, 16", "#ff0010"),
        (b"300\\-5\\7.0", "#ff0007"),
        (b"255\\0", ""),
        (b"None", ""),
        (b"", ""),
    ],
)
def test_colours_of_any_spelling(tmp_path, stored, color):
    source = built(roi(1, "A", contour(SQUARE), color=None))
    tag = Tag("ROIDisplayColor")
    source.ROIContourSequence[0][tag] = RawDataElement(
        tag, "IS", len(stored), stored, 0, False, True
    )
    ds, findings = opened(tmp_path, source)
    assert ds.roi_color.values.tolist() == [color]
    assert findings == {}


@pytest.mark.filterwarnings("ignore:.*VR (CS|IS|LO)")  # pydicom, when writing
def test_values_longer_than_the_standard_allows(tmp_path):
    long = "\\".join(f"{value + 1 / 3:.20f}" for value in SQUARE).encode()
    named = "L" * 80
    source = built(roi(1, named, contour(long, count=4)), roi(2, "a/b\\c [1] dose 1200[cgy]"))
    ds, _ = opened(tmp_path, source)
    assert ds.roi.values.tolist() == [named, "a/b\\c [1] dose 1200[cgy]"]
    assert ds.node_x.values.tolist() == [1 / 3, 4 + 1 / 3, 4 + 1 / 3, 1 / 3]


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 192", "Lunge li. Größe 肺"),
        ("ISO_IR 100", "Größe / Länge"),
        ("GB18030", "左肺"),
        ("ISO_IR 144", "Лёгкое"),
    ],
)
def test_names_are_read_in_their_character_set(tmp_path, charset, name):
    source = built(roi(1, name, contour(SQUARE)))
    source.SpecificCharacterSet = charset
    ds, findings = opened(tmp_path, source)
    assert ds.roi.values.tolist() == ds.roi_name.values.tolist() == [name]
    assert findings == {}


def test_observations_of_rois_that_are_not_there(tmp_path):
    source = built(roi(1, "A", contour(SQUARE)), roi(2, "B", contour(SQUARE)))
    source.RTROIObservationsSequence[0].ReferencedROINumber = 9
    ds, findings = opened(tmp_path, source)
    assert ds.roi_type.values.tolist() == ["", "PTV"]
    assert list(findings) == ["observation-without-roi"]
    assert findings["observation-without-roi"].message.startswith("1 item(s)")


def test_labels_are_unique_and_names_are_kept(tmp_path):
    names = ["PTV", "PTV", "PTV (2)", "", "PTV"]
    source = built(*(roi(n, name, contour(SQUARE)) for n, name in enumerate(names)))
    ds, findings = opened(tmp_path, source)
    assert ds.roi.values.tolist() == ["PTV", "PTV (3)", "PTV (2)", "ROI 3", "PTV (4)"]
    assert ds.roi_name.values.tolist() == names
    assert "roi-duplicate-name" in findings
    assert "roi-without-name" in findings


def test_sequences_that_do_not_match(tmp_path):
    source = built(roi(1, "A", contour(SQUARE)), roi(2, "B", contour(SQUARE)))
    del source.StructureSetROISequence[1]
    del source.RTROIObservationsSequence
    source.ROIContourSequence.append(item(ContourSequence=[contour(SQUARE)]))
    source.StructureSetROISequence.append(item(ROINumber=1, ROIName="again"))
    ds, findings = opened(tmp_path, source)
    assert ds.roi.values.tolist() == ["A", "ROI 2"]
    assert ds.roi_type.values.tolist() == ["", ""]
    assert ds.contour.values.tolist() == [0, 1]
    assert findings["contours-without-roi"].severity == "warning"
    assert "roi-duplicate-number" in findings


def test_contours_on_an_image_of_another_frame_of_reference_are_left_out(tmp_path):
    source = built(roi(1, "A", contour(SQUARE)), roi(2, "B", contour(SQUARE), frame="1.2.8"))
    ds, findings = opened(tmp_path, source, frame_of_reference_uid="1.2.9")
    assert ds.sizes["roi"] == 2
    assert ds.contour_roi_number.values.tolist() == [1]
    message = findings["roi-frame-of-reference"].message
    assert message.startswith("ROI 2 ('B') is drawn in another")
    assert message.endswith("belong on another image and are left out")


def test_rois_are_kept_where_none_is_in_the_frame_of_reference_of_the_image(tmp_path):
    rois = (roi(number, "AB", contour(SQUARE), frame="1.2.8") for number in (1, 2))
    ds, findings = opened(tmp_path, built(*rois), frame_of_reference_uid="1.2.9")
    assert ds.sizes["contour"] == 2
    assert findings["roi-frame-of-reference"].message.endswith("may be in another place")


def test_contour_data_is_the_stored_bytes_by_key(tmp_path):
    source = built(
        roi(1, "A", contour(b"1.50\\2\\3"), contour(b"")), roi(2, "B", contour(b"7\\8\\9 "))
    )
    path = save(tmp_path / "ss", source)
    assert rt_structure_set.stored_contours(path).contours.data == [b"1.50\\2\\3", b"", b"7\\8\\9 "]


def test_header_record_keeps_everything_but_contour_data(tmp_path):
    source = built(roi(1, "A", contour(SQUARE, ContourNumber=5)))
    part = rt_structure_set.read_structure_set(save(tmp_path / "ss", source))
    (stored,) = parse(part.records[0]).ROIContourSequence[0].ContourSequence
    assert stored.ContourNumber == 5
    assert "ContourData" not in stored


def test_broken_sequences_say_so(tmp_path):
    path = save(tmp_path / "ss", built(roi(1, "A", contour(SQUARE))))
    data = path.read_bytes()
    at = data.index(b"\x06\x30\x39\x00SQ") + 12
    path.write_bytes(data[:at] + b"\x01\x02\x03\x04" + data[at + 4 :])
    with pytest.raises(NotDicomError, match=r"\(3006,0039\) ROIContourSequence cannot be followed"):
        rt_structure_set.read_structure_set(path)


def encoded(tag: int, value: bytes) -> bytes:
    """An element in Implicit VR Little Endian."""
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value)) + value


def encoded_sequence(tag: int, contents: list[bytes]) -> bytes:
    return encoded(tag, b"".join(encoded(0xFFFEE000, content) for content in contents))


def test_the_header_of_a_structure_set_keeps_no_points():
    points = "\\".join(f"{value:.2f}" for value in np.random.default_rng(0).normal(0, 100, 300))
    one = encoded(0x30060042, b"CLOSED_PLANAR ") + encoded(0x30060050, points.encode())
    drawn = encoded_sequence(0x30060040, [one] * 40) + encoded(0x30060084, b"1 ")
    kind = encoded(0x00080016, sop.RTStructureSetStorage.encode() + b"\0")
    data = kind + encoded_sequence(0x30060039, [drawn])
    part = rt_structure_set.structure_set_from_bytes(data)
    assert part.coords["node_x"].size == 40 * 100
    assert len(part.records[0].data) == len(data) - 40 * len(encoded(0x30060050, points.encode()))


def test_table_of_structures(tmp_path):
    lower = [x + (5 if n % 3 == 2 else 0) for n, x in enumerate(SQUARE)]
    sagittal = [x for point in ((1, 0, 0), (1, 4, 0), (1, 4, 4)) for x in point]
    source = built(
        roi(1, "A", contour(SQUARE), contour(SQUARE), contour(lower)),
        roi(2, "S", contour(sagittal), contour([x + 2 for x in sagittal])),
        roi(3, "N", contour([0, 0, 0, 1, 1, 9], "OPEN_NONPLANAR")),
    )
    ds, _ = opened(tmp_path, source)
    table = rt_structure_set.structures(ds)
    assert table.index.tolist() == ["A", "S", "N"]
    assert table.contours.tolist() == [3, 2, 1]
    assert table.nodes.tolist() == [12, 6, 2]
    assert table.slices.tolist() == [2, 2, 1]
    assert "open lines or points" in table.loc["N", "findings"]
    assert table.loc["A", "findings"] == ""
    turned = rt_structure_set.structures(ds.isel(roi=[2, 0], node=slice(None, None, -1)))
    assert turned.slices.tolist() == [1, 2]


def test_points_are_contours_of_type_point(tmp_path):
    source = built(
        roi(1, "Marks", contour([1, 2, 3], "POINT"), contour([4, 5, 6], "POINT")),
        roi(2, "A", contour(SQUARE)),
    )
    table = rt_structure_set.points(opened(tmp_path, source)[0])
    assert table.values.tolist() == [
        ["Marks", "ROI", 1, 2, 3, 1],
        ["Marks", "ROI", 4, 5, 6, 1],
    ]
    with pytest.raises(MissingDataError, match="no structures"):
        rt_structure_set.points(xr.Dataset())


def test_mask_needs_an_image(tmp_path):
    ds, _ = opened(tmp_path, structure_set([ct_slice(1, 0.0)]))
    with pytest.raises(MissingDataError, match="this Dataset has no image"):
        rt_structure_set.with_mask(ds, lambda _: None)
