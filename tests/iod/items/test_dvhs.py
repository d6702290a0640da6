"""Items of DVH Sequence from plain arrays, and which ROIs they refer to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from rtxr.iod.encoding.raw import item
from rtxr.iod.items import dvhs as dvh_items
from rtxr.iod.items.dvhs import DVHData


def data_of(made: Dataset) -> np.ndarray:
    return np.array(made.DVHData, dtype=float).reshape(-1, 2)


def test_a_histogram_as_the_standard_asks_for():
    curve = DVHData(3, "CUMULATIVE", 0.02, np.array([12.5, 7.25, 0]), statistics=(0.5, 2, np.nan))
    values = dvh_items.values([curve], "1.2.3")
    (reference,) = values["ReferencedStructureSetSequence"]
    assert reference.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.481.3"
    assert reference.ReferencedSOPInstanceUID == "1.2.3"
    (made,) = values["DVHSequence"]
    (roi,) = made.DVHReferencedROISequence
    assert (roi.ReferencedROINumber, roi.DVHROIContributionType) == (3, "INCLUDED")
    assert (made.DVHType, made.DoseUnits, made.DoseType) == ("CUMULATIVE", "GY", "PHYSICAL")
    assert (made.DVHDoseScaling, made.DVHVolumeUnits, made.DVHNumberOfBins) == (1, "CM3", 3)
    assert data_of(made).tolist() == [[0.02, 12.5], [0.02, 7.25], [0.02, 0]]
    assert (made.DVHMinimumDose, made.DVHMaximumDose) == (0.5, 2)
    assert "DVHMeanDose" not in made


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=20),
    st.floats(1e-6, 10),
)
def test_volumes_keep_eight_digits_of_the_largest(volumes, width):
    made = dvh_items.values([DVHData(1, "CUMULATIVE", width, np.array(volumes))], "1")
    data = data_of(made["DVHSequence"][0])
    np.testing.assert_allclose(data[:, 1], volumes, rtol=0, atol=5.1e-8 * max(volumes) + 1e-20)
    np.testing.assert_allclose(data[:, 0], width, rtol=1e-9)
    assert all(len(str(each.original_string)) <= 16 for each in made["DVHSequence"][0].DVHData)


@pytest.mark.parametrize(
    ("numbers", "kept", "gone"), [([], 3, 0), ([1], 1, 2), ([2], 2, 1), ([1, 3], 1, 2), ([9], 3, 0)]
)
def test_items_of_removed_rois_are_told_from_the_others(numbers, kept, gone):
    def dvh(*rois):
        return item(DVHReferencedROISequence=[item(ReferencedROINumber=roi) for roi in rois])

    header = Dataset()
    header.DVHSequence = [dvh(1), dvh(1, 2), dvh()]
    left, count = dvh_items.without_rois(header, numbers)
    assert (len(left), count) == (kept, gone)
    assert all(any(each is old for old in header.DVHSequence) for each in left)
