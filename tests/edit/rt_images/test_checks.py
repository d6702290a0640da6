"""What stops RT Images from being made, all at once, and what is only told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from factories import ct_slice, uid
from pydicom.dataset import Dataset
from rt_image_pairs import measured, pixels, planned, saved, template

import rtxr
from rtxr.errors import ConformanceError, Finding
from rtxr.model import findings_of

MACHINE = rtxr.Machine("TB1", DeviceSerialNumber="1234")


def tried(
    folder: Path,
    images: list[Dataset],
    templates: list[Dataset],
    plans: list[Dataset] | None = None,
    **options: Any,
) -> list[Finding]:
    """All errors, or the findings of what was made."""
    ways = [
        saved(folder, name, some)[0].parent if some else empty(folder / name)
        for name, some in (
            ("images", images),
            ("templates", templates),
            ("plan", [planned()] if plans is None else plans),
        )
    ]
    try:
        return findings_of(rtxr.rt_image_from_template(*ways, **{"machine": MACHINE, **options}))
    except ConformanceError as error:
        return list(error.findings)


def empty(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def fitting(number: int = 0, beam: int = 1, **elements: Any) -> Dataset:
    """A template about which nothing is odd."""
    own = {
        "RadiationMachineName": "TB1",
        "DeviceSerialNumber": "1234",
        "PatientID": "PLAN",
        "PatientName": "Plan^P",
        "Rows": 4,
        "Columns": 6,
        "ImagePlanePixelSpacing": ["2.0", "1.5"],
        "PixelData": pixels().tobytes(),
    }
    return template(number, beam, **{**own, **elements})


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    """Codes and severities, but for what the reader says of any image."""
    return [(each.code, each.severity) for each in findings if "value-missing" not in each.code]


def test_nothing_is_told_of_what_fits(tmp_path):
    assert tried(tmp_path, [measured()], [fitting()]) == []


def test_unequal_numbers(tmp_path):
    (error,) = tried(tmp_path, [measured(0), measured(1)], [fitting()])
    assert error.code == "rt-image-pairs"
    assert "2 image(s) and 1 template(s)" in error.message


def test_a_plan_without_the_beam(tmp_path):
    errors = tried(tmp_path, [measured(0), measured(1)], [fitting(0, 1), fitting(1, 9)])
    assert told(errors) == [("beam-not-in-plan", "error")]
    assert "templates_01.dcm is of beam 9" in errors[0].message
    assert "beams: 1, 2, 3" in errors[0].message
    assert errors[0].path.endswith("templates_01.dcm")


def test_a_plan_with_two_such_beams(tmp_path):
    errors = tried(tmp_path, [measured()], [fitting(0, 2)], [planned((1, 2, 2))])
    assert told(errors) == [("beam-number-repeated", "error")]
    assert "2 beams of the plan have that (300A,00C0) BeamNumber" in errors[0].message


def test_templates_of_several_studies(tmp_path):
    other = fitting(1, StudyInstanceUID=uid("another study"))
    errors = tried(tmp_path, [measured(0), measured(1)], [fitting(0), other])
    assert told(errors) == [("templates-of-several-studies", "error")]
    assert "of 2 studies" in errors[0].message


@pytest.mark.parametrize(
    ("lost", "needed"),
    [
        ("ContentDate", "(0008,0023) ContentDate"),
        ("ContentTime", "(0008,0033) ContentTime"),
        ("ImagePlanePixelSpacing", "(3002,0011) ImagePlanePixelSpacing"),
        ("RTImageLabel", "(3002,0002) RTImageLabel"),
        ("RTImagePlane", "(3002,000C) RTImagePlane"),
        ("PhotometricInterpretation", "(0028,0004) PhotometricInterpretation"),
        ("PixelData", "(7FE0,0010) PixelData"),
    ],
)
def test_values_that_the_image_owes(tmp_path, lost, needed):
    image = measured()
    del image[lost]
    errors = tried(tmp_path, [image], [fitting()])
    assert told(errors) == [("missing-required-value", "error")]
    assert "images_00.dcm" in errors[0].message
    assert needed in errors[0].message


@pytest.mark.parametrize("lost", ["StudyInstanceUID", "ReferencedBeamNumber", "ImageType"])
def test_values_that_the_template_owes(tmp_path, lost):
    source = fitting()
    del source[lost]
    errors = tried(tmp_path, [measured()], [source])
    assert {each.code for each in errors} == {"missing-required-value"}
    assert len(errors) == 1
    assert "the template templates_00.dcm" in errors[0].message
    assert lost in errors[0].message


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    wrong = [
        measured(0, ContentDate=None, RTImageLabel=None),
        measured(1, ImagePlanePixelSpacing=["0", "1"]),
    ]
    meant = [fitting(0, 9), fitting(1, ImageType=None, StudyInstanceUID=uid("other")), fitting(2)]
    errors = tried(tmp_path, wrong, meant, PatientID="x" * 65)
    assert sorted(told(errors)) == [
        ("bad-value", "error"),
        ("beam-not-in-plan", "error"),
        *[("missing-required-value", "error")] * 4,
        ("rt-image-pairs", "error"),
        ("templates-of-several-studies", "error"),
    ]
    assert not any("xxx" in str(each) for each in errors)


def test_nothing_and_other_things_than_rt_images(tmp_path):
    errors = tried(tmp_path, [], [ct_slice(1, 0.0)], [planned(), planned(SOPInstanceUID="1.2")])
    assert told(errors) == [("rt-image-source", "error")] * 3
    messages = " ".join(each.message for each in errors)
    assert "images: " in messages
    assert "templates: " in messages
    assert "holds 2 plans (plan_00.dcm, plan_01.dcm)" in messages


def test_a_dataset_without_images_and_one_without_a_plan(tmp_path):
    plan = rtxr.open_dir(saved(tmp_path, "plan", [planned()]), progress=False)
    images = rtxr.open_dir(saved(tmp_path, "images", [measured()]), progress=False)
    with pytest.raises(ConformanceError) as caught:
        rtxr.rt_image_from_template(plan, [], images, machine=MACHINE)
    assert [each.code for each in caught.value.findings] == ["rt-image-source"] * 3
    assert "the Dataset has no RT Image" in str(caught.value)
    assert "templates: there is none" in str(caught.value)
    assert "has no plan" in str(caught.value)


def test_an_image_that_cannot_be_read(tmp_path):
    colours = measured(0, SamplesPerPixel=3, PhotometricInterpretation="RGB")
    errors = tried(tmp_path, [colours], [fitting()])
    assert told(errors) == [("rt-image-not-opened", "error")]


def test_an_image_of_several_frames(tmp_path):
    frames = measured(0, NumberOfFrames=2, PixelData=pixels().tobytes() * 2)
    assert told(tried(tmp_path, [frames], [fitting()])) == [("rt-image-source", "error")]


@pytest.mark.parametrize(
    ("elements", "code", "severity", "word"),
    [
        ({"Rows": 2, "PixelData": pixels(2).tobytes()}, "template-size-differs", "info", "Rows"),
        ({"ImagePlanePixelSpacing": ["2", "1"]}, "template-size-differs", "info", "Spacing"),
        ({"RadiationMachineName": "X"}, "template-machine-differs", "warning", "MachineName"),
        ({"DeviceSerialNumber": "X"}, "template-machine-differs", "warning", "SerialNumber"),
        ({"StudyDate": None}, "study-date-unknown", "warning", "StudyDate"),
        ({"PatientID": "T1"}, "patient-mismatch", "warning", "2 different (0010,0020)"),
        ({"PatientName": "T^T"}, "patient-mismatch", "warning", "2 different (0010,0010)"),
    ],
)
def test_what_is_only_told(tmp_path, elements, code, severity, word):
    (finding,) = tried(tmp_path, [measured()], [fitting(**elements)])
    assert (finding.code, finding.severity) == (code, severity)
    assert word in finding.message


@pytest.mark.parametrize("name", ["PLAN^P", "Plan^P^^^ ", "Plan^P=計画"])
def test_names_that_are_spelt_another_way_are_one(tmp_path, name):
    images = [measured(PatientName=name, SpecificCharacterSet="ISO_IR 192")]
    assert tried(tmp_path, images, [fitting()]) == []


def test_name_and_id_are_silenced_by_the_users_own_only(tmp_path):
    def mismatches(number: int, **user: str) -> list[str]:
        folder = tmp_path / str(number)
        found = tried(folder, [measured()], [fitting(PatientID="T1", PatientName="T^T")], **user)
        assert not any("T1" in each.message or "T^T" in each.message for each in found)
        texts = [each.message for each in found if each.code == "patient-mismatch"]
        return [each.split(" different ")[1][:11] for each in texts]

    name, number = "(0010,0010)", "(0010,0020)"
    assert mismatches(0) == [name, number]
    assert mismatches(1, PatientID="QA") == [name]
    assert mismatches(2, PatientName="QA") == [number]
    assert mismatches(3, PatientName="QA", PatientID="QA") == []


def test_what_stays_of_a_patient_whose_id_is_given(tmp_path):
    source = {"PatientBirthDate": "19600101", "PatientSex": None, "IssuerOfPatientID": "HOSPITAL"}
    meant = [fitting(**source)]
    plan = planned(PatientSex="", PatientBirthDate="")
    (found,) = tried(tmp_path / "a", [measured()], meant, [plan], PatientID="QA")
    assert (found.code, found.severity) == ("patient-partly-given", "warning")
    assert "(0010,0021) IssuerOfPatientID, (0010,0030) PatientBirthDate;" in found.message
    assert not any(each in found.message for each in ("1960", "HOSPITAL", "QA"))
    assert tried(tmp_path / "b", [measured()], meant, [plan], PatientID="PLAN") == []
    bare = [fitting(PatientBirthDate=None, PatientSex=None)]
    assert tried(tmp_path / "c", [measured()], bare, [plan], PatientID="QA") == []


def test_a_beam_number_that_is_no_number(tmp_path):
    beam = fitting(0, 77)
    image, plan = saved(tmp_path, "i", [measured()])[0], saved(tmp_path, "p", [planned()])[0]
    path = saved(tmp_path, "t", [beam])[0]
    start = bytes.fromhex("0c300600") + b"IS\2\0"
    for wrong in (b"xx", b"1\\"):
        path.write_bytes(path.read_bytes().replace(start + b"77", start + wrong))
        with pytest.raises(ConformanceError) as caught:
            rtxr.rt_image_from_template(image, path, plan, machine=MACHINE)
        assert told(caught.value.findings) == [("beam-not-in-plan", "error")]
        assert "is of no readable beam number" in str(caught.value)
        path.write_bytes(path.read_bytes().replace(start + wrong, start + b"77"))


@pytest.mark.parametrize(
    ("angle", "beam", "unlike"),
    [("90", 1, False), ("450", 1, False), ("92", 1, True), ("90.5", 2, True)],
)
def test_an_image_of_another_beam_than_its_template(tmp_path, angle, beam, unlike):
    image = measured(GantryAngle=angle, ReferencedBeamNumber=beam)
    expected = [("template-beam-differs", "warning")] if unlike else []
    assert told(tried(tmp_path, [image], [fitting()])) == expected


def test_a_template_of_another_plan(tmp_path):
    reference = Dataset()
    reference.ReferencedSOPInstanceUID = "1.2.3"
    findings = tried(tmp_path, [measured()], [fitting(ReferencedRTPlanSequence=[reference])])
    assert told(findings) == [("template-plan-differs", "warning")]


def test_the_earliest_image_is_not_of_the_first_beam(tmp_path):
    images = [measured(0), measured(1, ContentTime="080000")]
    findings = tried(tmp_path, images, [fitting(0, 1), fitting(1, 2)])
    assert told(findings) == [("series-not-from-first-beam", "warning")]
    assert "images_01.dcm, is of beam 2" in findings[0].message


def test_a_turned_image(tmp_path):
    image = measured(RTImageOrientation=["-1", "0", "0", "0", "1", "0"])
    assert ("rt-image-turned", "warning") in told(tried(tmp_path, [image], [fitting()]))
