from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from factories import CORONAL, ct_series, ct_slice, uid, write
from pydicom import uid as sop

from rtxr.errors import GeometryError
from rtxr.read.headers import read_header
from rtxr.read.slices import one_stack, placed_slices


def stack(folder, objects, on_irregular="keep", **how):
    headers = [read_header(path) for path in write(folder / "series", objects, **how)]
    slices, findings = placed_slices(headers)
    kept, more = one_stack(slices, on_irregular)
    return kept, {finding.code: finding for finding in (*findings, *more)}


def heights(kept) -> list[float]:
    return [float(each.position[2]) for each in kept]


def test_slices_are_sorted_by_position_not_by_name_or_number(tmp_path):
    objects = [ct_slice(number, z) for number, z in enumerate([6.0, 0.0, 9.0, 3.0])]
    kept, findings = stack(tmp_path, objects)
    assert heights(kept) == [0, 3, 6, 9]
    assert findings == {}


def test_uneven_steps_keep_true_positions(tmp_path):
    objects = [ct_slice(n, z) for n, z in enumerate([0.0, 3.0, 6.0, 13.0, 16.0])]
    kept, findings = stack(tmp_path, objects)
    assert heights(kept) == [0, 3, 6, 13, 16]
    assert set(findings) == {"irregular-spacing"}
    assert "from 3 to 7 mm (usually 3)" in findings["irregular-spacing"].message


def test_missing_slices_are_counted(tmp_path):
    objects = [ct_slice(n, z) for n, z in enumerate([0.0, 3.0, 6.0, 15.0, 18.0, 24.0])]
    _, findings = stack(tmp_path, objects)
    assert set(findings) == {"irregular-spacing", "missing-slices"}
    assert findings["missing-slices"].message.startswith("3 slice(s) seem to be missing: 2 step(s)")


def test_rounded_positions_are_even(tmp_path):
    objects = [ct_slice(n, round(n * 10 / 3, 2)) for n in range(7)]
    assert stack(tmp_path, objects)[1] == {}


def test_irregular_series_can_be_refused(tmp_path):
    objects = [ct_slice(n, z) for n, z in enumerate([0.0, 3.0, 7.0])]
    with pytest.raises(GeometryError, match=r"not one even stack.*on_irregular='keep'"):
        stack(tmp_path, objects, "raise")


def test_what_is_to_be_resampled_is_not_said_to_stay_where_it_is(tmp_path):
    objects = [ct_slice(n, z) for n, z in enumerate([0.0, 3.0, 6.0, 12.0])]
    for policy, kept in (("keep", True), ("resample", False)):
        slices, findings = stack(tmp_path / policy, objects, policy)
        assert heights(slices) == [0, 3, 6, 12]
        assert set(findings) == {"irregular-spacing", "missing-slices"}
        message = findings["irregular-spacing"].message
        assert message.startswith("steps between slices run from 3 to 6 mm (usually 3)")
        assert ("true position" in message) == kept


def test_scouts_and_second_orientations_are_left_out(tmp_path):
    scout = ct_slice(9, 0.0, size=(6, 8), ImageOrientationPatient=CORONAL)
    kept, findings = stack(tmp_path, [scout, *ct_series(4)])
    assert len(kept) == 4
    assert "of 4, 1 files" in findings["mixed-series"].message


@pytest.mark.parametrize("first", ["native", "lossy"])
def test_of_one_instance_twice_the_lossless_file_is_used(tmp_path, first):
    objects = ct_series(2)
    native = write(tmp_path / ("a" if first == "native" else "z"), objects)
    twin = ct_slice(1, 0.0, SOPInstanceUID=objects[0].SOPInstanceUID)
    twin["PixelData"].is_undefined_length = True
    twin.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0\x04\0\0\0\1\2\3\4"
    lossy = write(tmp_path / "m", twin, syntax=sop.JPEG2000)
    paths = sorted([*native, *lossy])
    slices, _ = placed_slices([read_header(path) for path in paths])
    kept, findings = one_stack(slices, "keep")
    assert [each.header.record.path for each in kept] == [str(path) for path in native]
    (finding,) = findings
    assert finding.code == "duplicate-sop-instance"
    assert finding.uid == objects[0].SOPInstanceUID
    assert finding.path == str(lossy[0])
    assert "losslessly coded one was used" in finding.message


def test_of_two_acquisitions_at_one_place_the_commonest_is_used(tmp_path):
    first = ct_series(3, name="a", AcquisitionNumber=1)
    second = ct_series(5, name="b", AcquisitionNumber=2)
    kept, findings = stack(tmp_path, [*first, *second])
    assert {each.header.integer("AcquisitionNumber") for each in kept} == {2}
    assert findings["duplicate-position"].message.startswith("3 slice(s) lie where")


def test_one_uid_at_several_places_gets_keys_of_its_own(tmp_path):
    same = uid("same")
    kept, _ = stack(tmp_path, ct_series(3, SOPInstanceUID=same))
    assert [each.key for each in kept] == [same, f"{same}#2", f"{same}#3"]


def test_files_that_cannot_be_placed_are_left_out_with_reasons(tmp_path):
    good = ct_series(2)
    bad = [ct_slice(8 + at, 2.0) for at in range(5)]
    del bad[0].ImagePositionPatient
    del bad[1].PixelSpacing
    del bad[2].PixelData
    bad[3].NumberOfFrames = 2
    bad[4].Rows -= 1
    kept, findings = stack(tmp_path, [*good, *bad])
    assert len(kept) == 2
    message = findings["slices-left-out"].message
    for told in (
        "ImagePositionPatient",
        "PixelSpacing",
        "PixelData",
        "several frames",
        "not as long",
    ):
        assert told in message
    with pytest.raises(GeometryError, match="no slice of this series can be placed: 1 file"):
        stack(tmp_path / "bad", bad[:1])


def test_imager_pixel_spacing_stands_in_for_pixel_spacing(tmp_path):
    objects = ct_series(2, ImagerPixelSpacing=[0.5, 0.25])
    for ds in objects:
        del ds.PixelSpacing
    kept, findings = stack(tmp_path, objects)
    np.testing.assert_array_equal(kept[0].pixel_spacing, [0.5, 0.25])
    assert findings["imager-pixel-spacing"].severity == "warning"


@pytest.mark.parametrize("spacing", [b"nan\\2.0 ", b"inf\\2.0 ", b"0.0\\2.0 "])
def test_a_spacing_that_is_no_length_is_none(tmp_path, spacing):
    paths = write(tmp_path, ct_series(3, PixelSpacing=[1.5, 2.25]))
    for path in paths[:2]:
        path.write_bytes(path.read_bytes().replace(b"1.5\\2.25", spacing))
    slices, (finding,) = placed_slices([read_header(path) for path in paths])
    assert len(one_stack(slices, "keep")[0]) == 1
    assert finding.code == "slices-left-out"
    assert "2 file(s) without (0028,0030) PixelSpacing" in finding.message


def test_grouping_ends_whatever_the_numbers_are(tmp_path):
    slices, _ = placed_slices([read_header(path) for path in write(tmp_path, ct_series(3))])
    odd = [replace(each, pixel_spacing=np.array([np.nan, 1.0])) for each in slices]
    kept, (finding,) = one_stack(odd, "keep")
    assert (len(kept), finding.code) == (1, "mixed-series")


@pytest.mark.parametrize(
    ("shift", "told"),
    [(0.04, None), (0.06, "1 slice(s) lie up to 0.06 mm"), (0.3, "1 slice(s) lie up to 0.30 mm")],
)
def test_slices_beside_their_line_are_told(tmp_path, shift, told):
    objects = ct_series(5)
    objects[2].ImagePositionPatient = [-4 + shift, -3, 6]
    kept, findings = stack(tmp_path, objects)
    assert heights(kept) == [0, 3, 6, 9, 12]
    if told is None:
        assert findings == {}
        return
    assert findings["slices-off-line"].message.startswith(told)
    with pytest.raises(GeometryError, match="not one even stack"):
        stack(tmp_path / "refused", objects, "raise")
