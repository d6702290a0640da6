"""The rows of the recipe, and what the rules that compute something give."""

from __future__ import annotations

import pytest
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from rt_image_pairs import BOUNDARIES, NESTED, device, exposure, planned, rows, template

from rtxr.iod import rt_image_template as recipe
from rtxr.iod.encoding.raw import item, put
from rtxr.iod.rt_image import RT_IMAGE
from rtxr.iod.rules import NEW_UID, constant, copied

RENAMED = {
    "AcquisitionDate": copied("image", keyword="ContentDate"),
    "AcquisitionTime": copied("image", keyword="ContentTime"),
    "InstanceCreationDate": copied("image", keyword="ContentDate"),
    "InstanceCreationTime": copied("image", keyword="ContentTime"),
    "StationName": copied("machine", keyword="RadiationMachineName"),
    "SOPInstanceUID": NEW_UID,
    "FrameOfReferenceUID": NEW_UID,
    "StudyInstanceUID": copied("template"),
    "InstitutionName": copied("image"),
    "PatientName": copied("user"),
    "PatientID": copied("user"),
    "DeviceSerialNumber": copied("machine"),
    "RadiationMachineName": copied("machine"),
}


def public(heading: str) -> list[tuple[int, str]]:
    return [(tag, keyword) for tag, keyword in rows(heading) if tag >> 16 not in (0x0002, 0x3273)]


@pytest.mark.parametrize("heading", ["miscellaneous", "uids", "dates", "user", "image", "template"])
def test_every_row_names_its_attribute(heading):
    assert [keyword_for_tag(tag) for tag, _ in public(heading)] == [k for _, k in public(heading)]


@pytest.mark.parametrize(
    ("table", "heading", "more"),
    [
        (recipe.MISCELLANEOUS, "miscellaneous", set()),
        (recipe.UIDS, "uids", set()),
        (recipe.DATES, "dates", set()),
        (recipe.CHOSEN, "user", set()),
        (recipe.FROM_IMAGE, "image", set()),
        (recipe.FROM_TEMPLATE, "template", {"ExposureSequence"}),
    ],
)
def test_the_tables_are_the_rows(table, heading, more):
    assert set(table) == {keyword for _, keyword in public(heading)} | more


def test_rows_of_image_and_template_say_so():
    for _, keyword in public("image"):
        assert recipe.RULES[keyword] == copied("image")
    for _, keyword in public("template"):
        assert recipe.RULES[keyword] == copied("template")
    for keyword, rule in RENAMED.items():
        assert recipe.RULES[keyword] == rule
    for keyword in ("StudyDate", "StudyTime", "SeriesDate", "SeriesTime", "SeriesInstanceUID"):
        assert recipe.RULES[keyword] == copied("series")
    assert next(tag >> 16 for tag, _ in rows("template") if tag >> 16 & 1) == recipe.PRIVATE_GROUP


def test_what_no_row_names_is_the_constant_else_the_templates_else_the_plans():
    named = {keyword for heading in recipe_headings() for _, keyword in public(heading)}
    assert recipe.RULES["SOPClassUID"] == constant(RT_IMAGE.sop_class_uid)
    assert recipe.RULES["Modality"] == constant("RTIMAGE")
    for keyword in ("ImageType", "ConversionType", "Manufacturer", "InstanceNumber"):
        assert keyword not in named
        assert recipe.RULES[keyword] == copied("template")
    for keyword in ("SeriesNumber", "SeriesDescription", "OperatorsName"):
        assert keyword not in named
        assert recipe.RULES[keyword] == copied("earliest template")
    for keyword in ("PatientSex", "PatientBirthDate", "StudyID", "AccessionNumber"):
        assert keyword not in named
        assert recipe.RULES[keyword] == copied("earliest template", "plan")


def recipe_headings() -> tuple[str, ...]:
    return ("miscellaneous", "uids", "dates", "user", "image", "template")


@pytest.mark.parametrize(
    "keyword",
    [
        *(
            "ApprovalStatus",
            "DigitalSignaturesSequence",
            "IconImageSequence",
            "SourceImageSequence",
        ),
        *("NumberOfFrames", "ContributingEquipmentSequence", "IrradiationEventUID", "DeviceUID"),
    ],
)
def test_what_holds_for_the_template_only_is_left_out(keyword):
    assert keyword in RT_IMAGE.keywords
    assert keyword not in recipe.RULES


def test_what_describes_pixels_is_the_images():
    for keyword in ("PixelIntensityRelationship", "RTImageOrientation", "LossyImageCompression"):
        assert recipe.RULES[keyword] == copied("image")


@pytest.mark.parametrize(
    ("rows_", "columns", "spacing", "expected"),
    [
        (1190, 1190, ["0.336", "0.336"], [-199.752, 199.752]),
        (384, 512, ["7.84e-1", "0.784"], [-200.312, 150.136]),
        (768, 1024, ["0.388", "0.388"], [-198.462, 148.798]),
        (4, 6, ["2", "1.5"], [-3.75, 3.0]),
        (1, 1, ["1", "1"], [0.0, 0.0]),
    ],
)
def test_position_is_the_centre_of_the_upper_left_pixel(rows_, columns, spacing, expected):
    image = item(Rows=rows_, Columns=columns, ImagePlanePixelSpacing=spacing)
    assert recipe.image_position({"image": image}) == expected


@pytest.mark.parametrize("spacing", [None, ["1"], ["0", "1"], ["-1", "1"]])
def test_position_without_a_spacing_is_not_known(spacing):
    image = item(Rows=2, Columns=2, ImagePlanePixelSpacing=spacing)
    assert recipe.image_position({"image": image}) is None


def test_the_plan_is_referred_to_as_what_it_is():
    plan = planned()
    (made,) = recipe.plan_reference({"plan": plan})
    assert made.ReferencedSOPClassUID == plan.SOPClassUID
    assert made.ReferencedSOPInstanceUID == plan.SOPInstanceUID


def test_patient_position_is_that_of_the_template_else_of_the_beams_setup():
    plan = planned()
    sources = {"template": template(), "plan": plan, "beam": plan.BeamSequence[0]}
    assert recipe.patient_position(sources) == "FFS"
    assert recipe.patient_position({**sources, "beam": Dataset()}) is None
    sources["template"].PatientPosition = "HFDR"
    assert recipe.patient_position(sources) == "HFDR"


def test_leaf_boundaries_are_added_where_the_leaves_are_the_same():
    plan = planned()
    source = template()
    sources = {"template": source, "beam": plan.BeamSequence[0]}
    (found,) = recipe.exposures(sources)
    jaws, leaves = found.BeamLimitingDeviceSequence
    assert leaves.LeafPositionBoundaries == BOUNDARIES
    assert "LeafPositionBoundaries" not in jaws
    assert "LeafPositionBoundaries" not in source.ExposureSequence[0].BeamLimitingDeviceSequence[1]
    del leaves.LeafPositionBoundaries
    assert found == source.ExposureSequence[0]


@pytest.mark.parametrize("pairs", [2, 3])
def test_leaf_boundaries_of_the_template_and_of_other_leaves_stay(pairs):
    known = {"LeafPositionBoundaries": ["-1", "0", "1"]} if pairs == 2 else {}
    leaves = device("MLCX", pairs, ["0"] * 2 * pairs, **known)
    source = template(ExposureSequence=[exposure(BeamLimitingDeviceSequence=[leaves])])
    assert recipe.exposures({"template": source, "beam": planned().BeamSequence[0]}) is None


@pytest.mark.parametrize("broken", [b"-20.0\\0.0\\xx.0", b"-20.0\\\\20.0", b"nan\\0\\1 ", b""])
def test_leaf_boundaries_that_are_no_numbers_are_left_out(broken):
    beam = planned().BeamSequence[0]
    put(
        beam.BeamLimitingDeviceSequence[1],
        RawDataElement(Tag(0x300A00BE), "DS", len(broken), broken, 0, False, True),
    )
    assert recipe.exposures({"template": template(), "beam": beam}) is None


def test_nested_rows_are_in_the_items():
    assert set(NESTED) < {keyword for _, keyword in public("template")}
    names = {each.keyword for each in exposure().iterall() if each.keyword}
    assert set(NESTED) < names
