"""A changed object says what it was made from, by what, when, and that nobody approved it."""

from __future__ import annotations

from datetime import datetime

from pydicom.dataset import Dataset

from rtxr.iod.build import DELETE, build
from rtxr.iod.provenance import changed_values, software_version
from rtxr.iod.tables import IODS

NOW = datetime(2026, 1, 5, 12, 30, 15, 250)


def header(**more) -> Dataset:
    ds = Dataset()
    ds.Manufacturer, ds.SoftwareVersions = "Vendor", ["1.0", "2.0"]
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def test_an_image_is_derived():
    source = header(ImageType=["ORIGINAL", "PRIMARY", "AXIAL"], ContentDate="20200101")
    values = changed_values(IODS["CT"], source, "cropped", now=NOW)
    assert values["ImageType"] == ["DERIVED", "PRIMARY", "AXIAL"]
    assert values["DerivationDescription"] == "cropped"
    assert (values["ContentDate"], values["ContentTime"]) == ("20260105", "123015.000250")
    assert values["InstanceCreationDate"] == "20260105"
    again = changed_values(IODS["CT"], header(DerivationDescription="cropped"), "doubled", now=NOW)
    assert again["DerivationDescription"] == "cropped; doubled"


def test_the_source_stays_the_manufacturer_and_rtxr_contributes():
    values = changed_values(IODS["RTDOSE"], header(), "doubled", now=NOW)
    assert "Manufacturer" not in values
    assert values["SoftwareVersions"] == ["1.0", "2.0", software_version()]
    (step,) = values["ContributingEquipmentSequence"]
    assert (step.Manufacturer, step.ContributionDescription) == ("rtxr", "doubled")
    assert step.PurposeOfReferenceCodeSequence[0].CodeValue == "109103"
    twice = changed_values(IODS["RTDOSE"], header(**values), "again", now=NOW)
    assert twice["SoftwareVersions"] == ["1.0", "2.0", software_version()]
    assert len(twice["ContributingEquipmentSequence"]) == 2
    assert "DerivationDescription" not in values


def test_a_review_does_not_outlive_a_change():
    source = header(ApprovalStatus="APPROVED", ReviewDate="20200101", ReviewerName="A^B")
    values = changed_values(IODS["RTPLAN"], source, "edited", now=NOW)
    assert values["ApprovalStatus"] == "UNAPPROVED"
    assert values["ReviewDate"] is DELETE
    assert values["ReviewerName"] is DELETE
    assert "ReviewTime" not in values
    assert values["RTPlanDate"] == "20260105"
    assert "ApprovalStatus" not in changed_values(IODS["RTPLAN"], header(), "edited", now=NOW)


def test_from_scratch_rtxr_is_the_manufacturer():
    values = changed_values(IODS["RTSTRUCT"], None, "from masks", now=NOW)
    assert values["Manufacturer"] == values["ManufacturerModelName"] == "rtxr"
    assert values["StructureSetTime"] == "123015.000250"
    built = build(IODS["RTSTRUCT"], None, values)
    assert [each for each in built.violations if each.code == "bad-value"] == []


def test_a_long_description_is_cut_to_its_length():
    values = changed_values(IODS["CT"], header(), "x" * 5000, now=NOW)
    assert len(values["DerivationDescription"]) == 1024
