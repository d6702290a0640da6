"""Stored integers: the source's scaling where it fits, else the one that loses least."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from rtxr.iod.build import DELETE
from rtxr.iod.encoding.pixels import encode_dose, encode_image, extremes


def image_header(slope="1", intercept="-1024", bits=12, signed=0, **more) -> Dataset:
    ds = Dataset()
    ds.RescaleSlope, ds.RescaleIntercept = slope, intercept
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, bits, bits - 1
    ds.PixelRepresentation = signed
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def dose_header(scaling="0.001", bits=16, **more) -> Dataset:
    ds = Dataset()
    ds.DoseGridScaling = scaling
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit, ds.PixelRepresentation = bits - 1, 0
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def decoded(coded, header, slope="RescaleSlope", intercept="RescaleIntercept"):
    def of(keyword, without):
        value = coded.attributes.get(keyword, None if header is None else header.get(keyword))
        return without if value is None else float(value)

    return coded.stored.astype(float) * of(slope, 1.0) + of(intercept, 0.0)


# --- images ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
def test_values_of_the_source_keep_its_coding(dtype):
    hu = np.array([[-1024, 0], [40, 3071]], dtype=dtype)
    coded = encode_image(hu, image_header())
    assert coded.attributes == {}
    assert coded.stored.dtype == np.uint16
    assert coded.stored.tolist() == [[0, 1024], [1064, 4095]]


def test_values_beyond_the_bits_widen_them():
    hu = np.array([[-1024, 6000]])
    coded = encode_image(hu, image_header())
    assert coded.attributes == {"BitsStored": 16, "HighBit": 15}
    assert decoded(coded, image_header()).tolist() == hu.tolist()


def test_values_below_the_intercept_get_a_signed_coding():
    hu = np.array([[-3000, 50]])
    header = image_header(PixelPaddingValue=0)
    coded = encode_image(hu, header)
    assert coded.stored.dtype == np.int16
    assert coded.attributes["RescaleIntercept"] == "0"
    assert coded.attributes["PixelRepresentation"] == 1
    assert coded.attributes["PixelPaddingValue"] == -1024  # the value that padding stood for
    assert decoded(coded, header).tolist() == hu.tolist()


def test_padding_that_has_no_place_in_the_new_coding_is_removed():
    header = image_header(intercept="-60000", PixelPaddingValue=0)
    assert encode_image(np.array([[-3.5, 50]]), header).attributes["PixelPaddingValue"] is DELETE


def test_integers_that_span_16_bits_are_exact():
    hu = np.array([[-1000, 64000]])
    coded = encode_image(hu, None)
    assert coded.stored.dtype == np.uint16
    assert decoded(coded, None).tolist() == hu.tolist()


@given(st.floats(-1e5, 1e5), st.floats(1e-3, 1e5))
def test_other_values_lose_at_most_half_a_step(low, span):
    values = np.linspace(low, low + span, 257).reshape(1, -1)
    coded = encode_image(values, None)
    step = float(coded.attributes["RescaleSlope"])
    assert len(coded.attributes["RescaleSlope"]) <= 16
    assert np.abs(decoded(coded, None) - values).max() <= step * 0.501


def test_pet_keeps_its_intercept_of_zero():
    coded = encode_image(np.array([[0.0, 0.37, 12.5]]), None, modality="PT")
    assert coded.attributes["RescaleIntercept"] == "0"
    np.testing.assert_allclose(decoded(coded, None), [[0, 0.37, 12.5]], atol=12.5 / 65535)


def test_a_constant_image_is_exact():
    assert decoded(encode_image(np.full((2, 2), 0.25), None), None).tolist() == [[0.25] * 2] * 2


def test_nan_is_a_violation():
    coded = encode_image(np.array([[np.nan, 1.0, np.inf]]), image_header())
    (finding,) = coded.findings
    assert (finding.code, finding.severity) == ("nan-in-image", "error")
    assert "voxels without a number" in finding.message


def test_extremes_are_those_the_header_has():
    stored = np.array([[3, 9]], dtype=np.uint16)
    assert extremes(stored, image_header(SmallestImagePixelValue=1)) == {
        "SmallestImagePixelValue": 3
    }
    assert extremes(stored, None) == {}


# --- dose -----------------------------------------------------------------------------------------
def test_doses_of_the_source_keep_its_scaling():
    gray = np.array([0, 1, 30_000, 65_535]).reshape(1, 2, 2) * 0.001
    coded = encode_dose(gray, dose_header())
    assert coded.attributes == {}
    assert coded.stored.ravel().tolist() == [0, 1, 30_000, 65_535]


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("scaling", ["0.1", "0.0123456789"])
def test_gray_go_back_to_the_centigray_of_the_source(scaling, kind):
    stored = np.array([0, 1, 30_000, 65_535]).reshape(1, 2, 2)
    gray = (stored * (float(scaling) / 100)).astype(kind)
    coded = encode_dose(gray, dose_header(scaling, DoseUnits="CGY"))
    assert coded.attributes == {}
    assert coded.stored.tolist() == stored.tolist()
    relative = encode_dose(stored * float(scaling), dose_header(scaling, DoseUnits="RELATIVE"))
    assert relative.stored.tolist() == stored.tolist()


def test_doubled_doses_stay_exact_with_more_bits():
    gray = np.array([0, 1, 30_000, 65_535]).reshape(1, 2, 2) * 0.002
    coded = encode_dose(gray, dose_header())
    assert coded.attributes == {"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}
    assert coded.stored.ravel().tolist() == [0, 2, 60_000, 131_070]


def test_doubled_doses_of_32_bits_get_a_doubled_scaling():
    stored = np.array([0, 7, 2**32 - 1], dtype=np.uint64).reshape(1, 1, 3)
    coded = encode_dose(stored * 2.0 * 1e-8, dose_header("1e-8", 32))
    assert float(coded.attributes["DoseGridScaling"]) == 2e-8
    assert (coded.stored == stored).all()


@given(st.floats(1e-6, 1e4))
def test_new_doses_are_exact_to_half_a_step_the_largest_too(largest):
    gray = np.linspace(0, largest, 60).reshape(3, 4, 5)
    for header in (None, dose_header("0.00123")):
        coded = encode_dose(gray, header)
        scaling = str(coded.attributes.get("DoseGridScaling", header and header.DoseGridScaling))
        assert len(scaling) <= 16
        assert np.abs(coded.stored * float(scaling) - gray).max() <= 0.501 * float(scaling)
        assert coded.stored.dtype in (np.uint16, np.uint32)


def test_a_dose_of_nothing_is_stored():
    assert encode_dose(np.zeros((1, 2, 2))).stored.tolist() == [[[0, 0], [0, 0]]]


def test_negative_doses_are_a_violation_unless_they_are_errors():
    gray = np.array([[[-0.5, 0.0, 1.0]]])
    (finding,) = encode_dose(gray, None).findings
    assert (finding.code, finding.severity) == ("negative-dose", "error")
    coded = encode_dose(gray, dose_header(DoseType="ERROR"))
    assert coded.findings == ()
    assert coded.stored.dtype == np.int32
    assert coded.attributes["PixelRepresentation"] == 1
    scaling = float(coded.attributes["DoseGridScaling"])
    np.testing.assert_allclose(coded.stored * scaling, gray, atol=scaling / 2)


def test_nan_doses_are_a_violation():
    (finding,) = encode_dose(np.array([[[np.nan, 1.0]]]), dose_header()).findings
    assert finding.code == "nan-in-dose"


def test_single_precision_of_16_bits_is_recognised():
    stored = np.arange(65536).reshape(1, 256, 256)
    gray = (stored * 0.00107).astype(np.float32)
    coded = encode_dose(gray, dose_header("0.00107"))
    assert coded.attributes == {}
    assert (coded.stored == stored).all()
