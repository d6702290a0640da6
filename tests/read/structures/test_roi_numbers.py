"""ROI numbers found in headers: explicit or implicit, however deep, whichever object says them."""

from __future__ import annotations

import factories as make
import pytest
import xarray as xr
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

import rtxr
from rtxr.read.structures.roi_numbers import numbers_in_headers


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_numbers_of_every_object(tmp_path, syntax):
    series = make.ct_series(2)
    structures = make.structure_set(series)
    structures.StructureSetROISequence[0].ROINumber = 12
    structures.ROIContourSequence[0].ReferencedROINumber = 12
    planned = make.plan(structures)
    target = make.item(DoseReferenceNumber=1, ReferencedROINumber=345)
    planned.DoseReferenceSequence = [target]
    dosed = make.dose(planned)
    dosed.DVHSequence = [
        make.item(DVHReferencedROISequence=[make.item(ReferencedROINumber=number)])
        for number in (7, 1234567890)
    ]
    make.write(tmp_path, [*series, structures, planned, dosed], syntax=syntax)
    ds = rtxr.open_dir(tmp_path)
    assert numbers_in_headers(ds) == {12, 345, 7, 1234567890}
    assert numbers_in_headers(ds.drop_vars("dose")) == numbers_in_headers(ds)


def test_no_headers_no_numbers():
    assert numbers_in_headers(xr.Dataset()) == set()


def test_a_number_that_is_none(tmp_path):
    series = make.ct_series(2)
    structures = make.structure_set(series)
    structures.StructureSetROISequence[0]["ROINumber"]._value = "1x"
    make.write(tmp_path, [*series, structures])
    assert numbers_in_headers(rtxr.open_dir(tmp_path)) == {1}
