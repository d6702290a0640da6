"""Values longer than the Standard allows, from file to table and to file again."""

from __future__ import annotations

import factories as make
import pydicom
import pytest

import rtxr

pytestmark = pytest.mark.filterwarnings("ignore:The value length")  # pydicom

LONG_UID = "1.2." + "9" * 62
LONG_LABEL = "a label of more than sixteen characters"
NAME = "b" * 70


@pytest.fixture
def folder(tmp_path):
    """A case in which a slice and the structure set have UIDs of 66 characters, and long names."""
    images = make.ct_series()
    images[1].SOPInstanceUID = LONG_UID
    structures = make.structure_set(images, SOPInstanceUID="1.3." + "8" * 62, name="long")
    structures.StructureSetLabel = LONG_LABEL
    structures.StructureSetROISequence[0].ROIName = NAME
    structures.RTROIObservationsSequence = [
        make.item(ObservationNumber=1, ReferencedROINumber=1, ROIObservationLabel=LONG_LABEL)
    ]
    planned = make.plan(structures)
    make.write(tmp_path / "in", [*images, structures, planned, make.dose(planned, structures)])
    return tmp_path / "in"


def test_they_are_kept_link_and_are_told_when_written(folder, tmp_path):
    index = rtxr.scan(folder, progress=False)
    assert len(index.findings) == 0
    assert index.cases[["slices", "doses", "lacks"]].to_numpy().tolist() == [[3, 1, ""]]
    ds = index.open()
    assert ds.ct_uid.values[1] == LONG_UID
    assert ds.roi.values.tolist() == [NAME]
    table = ds.rt.to_dicom(tmp_path / "out")
    assert not table["changed"].any()
    back = {path: pydicom.dcmread(path) for path in table["path"]}
    (structures,) = (each for each in back.values() if each.Modality == "RTSTRUCT")
    assert structures.StructureSetLabel == LONG_LABEL
    assert structures.RTROIObservationsSequence[0].ROIObservationLabel == LONG_LABEL
    assert LONG_UID in {each.SOPInstanceUID for each in back.values()}
    told = {
        each["attribute"].split(")")[1].split()[0]
        for each in table.attrs["findings"]
        if each["code"] == "inherited-value" and each["severity"] == "warning"
    }
    assert {"SOPInstanceUID", "StructureSetLabel", "ROIName", "ROIObservationLabel"} <= told


def test_validation_says_how_long_they_are(folder):
    rows = rtxr.validate(folder).query("code == 'bad-value'")
    texts = " ".join(rows["message"])
    for told in ("66 characters", f"{len(LONG_LABEL)} characters", "70 characters"):
        assert told in texts
    assert set(rows["severity"]) == {"error"}
