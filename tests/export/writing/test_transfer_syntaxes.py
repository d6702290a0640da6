"""The transfer syntax can be chosen; what is written reads back as the same numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames, parse_basic_offsets
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    AllTransferSyntaxes,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

import rtxr
from rtxr.errors import MissingExtraError, RTXRError, UnknownNameError
from rtxr.export.writing import encapsulated, files, transfer_syntaxes
from rtxr.export.writing.transfer_syntaxes import (
    OTHER_SYNTAX,
    SYNTAXES,
    transfer_syntax_of,
    written_in,
)
from rtxr.iod.encoding.raw import item

NAMED = {
    "implicit": ImplicitVRLittleEndian,
    "explicit": ExplicitVRLittleEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "RLE": RLELossless,
    "JPEG-LS": JPEGLSLossless,
    "JPEG 2000": JPEG2000Lossless,
}
COMPRESSED = {"RLE", "JPEG-LS", "JPEG 2000"}


@pytest.fixture(scope="module")
def case(phantom, tmp_path_factory):
    """Two slices, a dose of 16 bits in several frames, plan and structures."""
    folder = tmp_path_factory.mktemp("source")
    rtxr.open_dir(phantom).isel(z=slice(10, 12)).drop_vars("mask").rt.to_dicom(folder)
    dose = pydicom.dcmread(folder / "RTDOSE_1.dcm")
    stored = np.frombuffer(dose.PixelData, "<u4").astype(np.float64)
    dose.PixelData = np.rint(stored / stored.max() * 65535).astype("<u2").tobytes()
    dose.DoseGridScaling = f"{float(dose.DoseGridScaling) * stored.max() / 65535:.9g}"
    dose.BitsAllocated = dose.BitsStored = 16
    dose.HighBit = 15
    dose.save_as(folder / "RTDOSE_1.dcm")
    return rtxr.open_dir(folder)


@pytest.fixture(scope="module", params=NAMED)
def written(case, request, tmp_path_factory):
    out = tmp_path_factory.mktemp("syntax") / "out"
    return request.param, case.rt.to_dicom(out, transfer_syntax=request.param), out


@pytest.fixture(scope="module")
def plain(case, tmp_path_factory):
    out = tmp_path_factory.mktemp("plain") / "out"
    return case.rt.to_dicom(out), rtxr.open_dir(out)


def syntax_of(path) -> UID:
    return pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID


@pytest.mark.parametrize(("name", "uid"), NAMED.items())
def test_names_and_uids(name, uid):
    for asked in (name, name.upper(), name.replace(" ", "").replace("-", "_"), uid, str(uid)):
        assert transfer_syntax_of(asked).uid == uid
    assert transfer_syntax_of(uid.name).uid == transfer_syntax_of(uid.keyword).uid == uid
    assert transfer_syntax_of(None) is None


def test_each_object_is_in_what_was_asked_for(written):
    name, table, _ = written
    found = dict(zip(table["IOD"], map(syntax_of, table["path"]), strict=True))
    plain = ExplicitVRLittleEndian if name in COMPRESSED else NAMED[name]
    assert found["RT Plan"] == found["RT Structure Set"] == plain
    assert found["CT Image"] == NAMED[name]
    assert found["RT Dose"] == NAMED[name]
    assert OTHER_SYNTAX not in {each["code"] for each in table.attrs["findings"]}


def test_recoding_changes_nothing_but_bytes(written, plain):
    _, table, out = written
    asked_nothing, other = plain
    assert list(table["SOPInstanceUID"]) == list(asked_nothing["SOPInstanceUID"])
    assert list(table["changed"]) == list(asked_nothing["changed"])
    one = rtxr.open_dir(out)
    assert one.ct.dtype == other.ct.dtype
    for variable in ("ct", "dose", "node_x", "contour_image_uid"):
        np.testing.assert_array_equal(one[variable], other[variable])
    assert one.rt.beams().equals(other.rt.beams())
    for path, alike in zip(table["path"], asked_nothing["path"], strict=True):
        old, new = pydicom.dcmread(alike), pydicom.dcmread(path)
        for each in (old, new):
            each.pop("PixelData", None)
        assert old == new


def test_compressed_frames_have_an_offset_table_and_deflated_files_are_smaller(written):
    name, table, _ = written
    paths = dict(zip(table["IOD"], table["path"], strict=True))
    dose = pydicom.dcmread(paths["RT Dose"])
    element, count = dose["PixelData"], int(dose.NumberOfFrames)
    assert dose.PhotometricInterpretation == "MONOCHROME2"
    if name in COMPRESSED:
        frames = list(generate_frames(element.value, number_of_frames=count))
        assert (element.VR, element.is_undefined_length) == ("OB", True)
        starts = np.cumsum([0, *(8 + len(frame) for frame in frames[:-1])])
        assert parse_basic_offsets(element.value) == starts.tolist()
    else:
        assert len(element.value) == 2 * count * dose.Rows * dose.Columns
    if name == "deflated":
        assert Path(paths["RT Dose"]).stat().st_size < len(element.value)


def test_lossy_sources_keep_their_history(case, tmp_path):
    table = case.rt.to_dicom(
        tmp_path, transfer_syntax="JPEG-LS", LossyImageCompression="01", overwrite=True
    )
    assert pydicom.dcmread(table["path"][0]).LossyImageCompression == "01"


def test_validate_says_the_same_and_refuses_the_same(case):
    wide = case.assign(dose=case.dose * np.pi)  # takes 32 bits
    wide.dose.attrs = case.dose.attrs
    found = wide.rt.validate(transfer_syntax="RLE")
    (message,) = found.message[found.code == OTHER_SYNTAX]
    assert message == (
        "written in Explicit VR Little Endian, not in RLE Lossless: pixels have 32 of 32 bits, and "
        "it holds 1 to 16 of 8 or 16"
    )
    assert OTHER_SYNTAX not in set(wide.rt.validate(transfer_syntax="deflated").code)
    with pytest.raises(UnknownNameError):
        case.rt.validate(transfer_syntax="explict")


def test_a_dose_of_32_bits_is_written_as_it_is(case, tmp_path):
    wide = case.assign(dose=case.dose * np.pi)
    wide.dose.attrs = case.dose.attrs
    table = wide.rt.to_dicom(tmp_path / "out", transfer_syntax="JPEG 2000")
    found = dict(zip(table["IOD"], map(syntax_of, table["path"]), strict=True))
    assert found["RT Dose"] == ExplicitVRLittleEndian
    assert found["CT Image"] == JPEG2000Lossless
    said = [each for each in table.attrs["findings"] if each["code"] == OTHER_SYNTAX]
    assert [each["uid"] for each in said] == [
        table["SOPInstanceUID"][list(table["IOD"]).index("RT Dose")]
    ]
    back = rtxr.open_dir(tmp_path / "out").dose
    np.testing.assert_allclose(back, wide.dose, rtol=0, atol=float(wide.dose.max()) / 2**32)


@pytest.mark.parametrize("uid", [uid for uid in AllTransferSyntaxes if uid not in NAMED.values()])
def test_every_other_syntax_is_refused(uid):
    for asked in (uid, uid.name, uid.keyword):
        if asked == "JPEG2000":  # as a word it is the lossless one
            continue
        with pytest.raises(RTXRError, match="'JPEG-LS', 'JPEG 2000'") as caught:
            transfer_syntax_of(asked)
        lossless = "ossless" in uid.name and "Near" not in uid.name
        assert not (lossless and "lose values" in str(caught.value))


@pytest.mark.parametrize("asked", ["JPEG", "jpeg baseline", "JPEG 2000 lossy", "JPEG-LS lossy"])
def test_lossy_ones_are_refused_with_the_reason(asked, case, tmp_path):
    with pytest.raises(RTXRError, match="may lose values"):
        case.rt.to_dicom(tmp_path / "out", transfer_syntax=asked)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("asked", "near"), [("explict", "'explicit'"), ("JPEGLS2", "'JPEG-LS'"), ("zip", "'implicit'")]
)
def test_unknown_names_show_the_nearest(asked, near):
    with pytest.raises(UnknownNameError, match=near):
        transfer_syntax_of(asked)


@pytest.mark.parametrize("asked", ["JPEG-LS", "JPEG 2000"])
def test_an_encoder_that_is_not_there_names_the_extra(asked, monkeypatch, case, tmp_path):
    class Bare:
        available_plugins = ("gdcm",)

    monkeypatch.setattr(transfer_syntaxes, "get_encoder", lambda _: Bare)
    with pytest.raises(MissingExtraError, match=r"rtxr\[codecs\]"):
        case.rt.to_dicom(tmp_path / "out", transfer_syntax=asked)


def test_an_encoder_that_fails_leaves_the_pixels_as_they_are(case, tmp_path, monkeypatch):
    monkeypatch.setattr(encapsulated, "_encoded", lambda *_: None)
    table = case.rt.to_dicom(tmp_path / "out", transfer_syntax="RLE")
    assert set(map(syntax_of, table["path"])) == {ExplicitVRLittleEndian}
    said = [each["message"] for each in table.attrs["findings"] if each["code"] == OTHER_SYNTAX]
    text = "not in RLE Lossless: the encoder does not take its pixels"
    assert said == [f"written in Explicit VR Little Endian, {text} [3 objects]"]
    np.testing.assert_array_equal(rtxr.open_dir(tmp_path / "out").ct, case.ct)


def test_what_an_encoder_spoils_is_not_delivered(case, tmp_path, monkeypatch):
    encode = files.encapsulated

    def spoilt(frames, *args, **kwargs):
        return encode(frames ^ 1, *args, **kwargs)

    monkeypatch.setattr(files, "encapsulated", spoilt)
    with pytest.raises(RTXRError, match="PixelData did not read back"):
        case.rt.to_dicom(tmp_path / "out", transfer_syntax="JPEG-LS")
    assert list(tmp_path.iterdir()) == []


def long_contour() -> Dataset:
    tag, text = Tag("ContourData"), b"1\\2\\3" + b"\\4" * 33_000
    contour = Dataset()
    contour[tag] = RawDataElement(tag, "DS", len(text), text, 0, True, True)
    return item(ROIContourSequence=[item(ContourSequence=[contour])])


@pytest.mark.parametrize("asked", [*NAMED, None])
def test_a_long_contour_is_in_implicit_vr(asked):
    uid, finding = written_in(long_contour(), None, transfer_syntax_of(asked))
    assert uid == ImplicitVRLittleEndian
    assert (finding is None) == (asked in ("implicit", None))
    assert finding is None or "a contour has more than 65534 bytes" in finding.message


PIXELS = st.tuples(
    st.sampled_from(["u1", "i1", "u2", "i2", "u4", "i4"]),
    st.integers(1, 32),
    st.integers(1, 3),
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)


@pytest.mark.parametrize("name", sorted(COMPRESSED))
@settings(max_examples=40, deadline=None)
@given(PIXELS)
def test_whatever_fits_comes_back(tmp_path_factory, name, drawn):
    kind, bits, count, rows, columns, seed, flat = drawn
    dtype = np.dtype(kind)
    bits = min(bits, 8 * dtype.itemsize)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if kind[0] == "i" else (0, (1 << bits) - 1)
    rng = np.random.default_rng(seed)
    pixels = rng.integers(low, high, (count, rows, columns), dtype, endpoint=True)
    pixels[..., : columns // 2] = low
    pixels = np.full_like(pixels, high) if flat else pixels
    dataset = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.2",
        SOPInstanceUID="1.2.3",
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        NumberOfFrames=str(count),
        Rows=rows,
        Columns=columns,
        BitsAllocated=8 * dtype.itemsize,
        BitsStored=bits,
        HighBit=bits - 1,
        PixelRepresentation=int(kind[0] == "i"),
    )
    asked = transfer_syntax_of(name)
    ready, findings = files.in_syntax([files.Ready("x.dcm", "", dataset, pixels, "")], asked)
    assert (ready[0].compressed is asked) == (not findings)
    out = tmp_path_factory.mktemp("fits") / "out"
    files.write(ready, out, overwrite=False)  # raises what does not read back
    np.testing.assert_array_equal(
        pydicom.dcmread(out / "x.dcm").pixel_array.reshape(pixels.shape), pixels
    )


def test_every_syntax_has_a_name_of_its_own():
    names = [name.casefold() for syntax in SYNTAXES for name in syntax.names]
    assert len(names) == len(set(names))
