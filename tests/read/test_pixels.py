from __future__ import annotations

import threading
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pydicom
import pytest
from factories import ct_slice, dose, save
from pydicom import uid as sop
from pydicom.encaps import encapsulate

from rtxr.errors import PixelDecodeError
from rtxr.read import pixels
from rtxr.read.headers import read_header
from rtxr.read.pixels import padding_findings, pixel_file, read_frames

NATIVE = [
    sop.ImplicitVRLittleEndian,
    sop.ExplicitVRLittleEndian,
    sop.ExplicitVRBigEndian,
    sop.DeflatedExplicitVRLittleEndian,
]

CODECS = ("gdcm", "jpeg_ls", "openjpeg", "pylibjpeg", "rle")
needs_codecs = pytest.mark.skipif(
    any(find_spec(name) is None for name in CODECS), reason="pip install rtxr[codecs]"
)
#: Grey files that come with pydicom and that no decoder reads, or that are cut off.
UNDECODABLE = {
    "JPEG-lossy.dcm",  # 12 bit
    "JPGExtended.dcm",  # 12 bit
    "JPEG2000-embedded-sequence-delimiter.dcm",  # broken on purpose
    "MR_truncated.dcm",
    "MR_small_padded.dcm",  # by as many bytes as a row has
}


def with_values(values: np.ndarray, syntax: str = sop.ExplicitVRLittleEndian, **elements):
    ds = dose(**elements)
    ds.NumberOfFrames, ds.Rows, ds.Columns = values.shape
    bits = values.dtype.itemsize * 8
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit, ds.PixelRepresentation = bits - 1, int(values.dtype.kind == "i")
    order = ">" if syntax == sop.ExplicitVRBigEndian else "<"
    ds.PixelData = values.astype(values.dtype.newbyteorder(order)).tobytes()
    ds["PixelData"].VR = "OW"
    return ds


@pytest.fixture(params=["u1", "i2", "u2", "i4", "u4"])
def stored(request) -> np.ndarray:
    info = np.iinfo(request.param)
    rng = np.random.default_rng(1)
    return rng.integers(info.min, info.max, (4, 3, 5), dtype=request.param, endpoint=True)


@pytest.mark.parametrize("syntax", NATIVE)
def test_native_frames_one_by_one_and_in_any_order(tmp_path, stored, syntax):
    if stored.dtype.itemsize == 1 and syntax == sop.ExplicitVRBigEndian:
        stored = stored[:, :, :4]  # whole 16-bit words
        swapped = stored.reshape(-1).view(">u2").byteswap().view("u1").reshape(stored.shape)
        path = save(tmp_path / "x", with_values(swapped, syntax), syntax=syntax)
    else:
        path = save(tmp_path / "x", with_values(stored, syntax), syntax=syntax)
    file = pixel_file(read_header(path))
    for frames in ([2], [0, 1, 2, 3], [3, 1], [1, 1, 0], [0, 2, 3]):
        values = read_frames(file, frames)
        np.testing.assert_array_equal(values, stored[frames])
        assert values.dtype.isnative


def test_files_without_preamble_and_file_meta(tmp_path):
    ds = ct_slice(7, 0.0)
    path = save(tmp_path / "x", ds, syntax=sop.ImplicitVRLittleEndian, preamble=False)
    assert (read_frames(pixel_file(read_header(path)), [0]) == 1007).all()


@needs_codecs
@pytest.mark.parametrize(
    "syntax",
    [sop.RLELossless, sop.JPEGLSLossless, sop.JPEG2000Lossless],
    ids=["RLE", "JPEG-LS", "JPEG 2000"],
)
@pytest.mark.parametrize("kind", ["u2", "i2"])
def test_compressed_frames(tmp_path, syntax, kind):
    rng = np.random.default_rng(2)
    values = (rng.normal(0, 500, (3, 64, 48)) + (0 if kind == "i2" else 3000)).astype(kind)
    ds = with_values(values)
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = sop.ExplicitVRLittleEndian
    ds.compress(syntax, generate_instance_uid=False)
    path = save(tmp_path / "x", ds, syntax=syntax)
    file = pixel_file(read_header(path))
    assert file.span.encapsulated
    np.testing.assert_array_equal(read_frames(file, [0, 1, 2]), values)
    np.testing.assert_array_equal(read_frames(file, [2, 0]), values[[2, 0]])


def test_unused_bits_are_ignored(tmp_path):
    ds = ct_slice(1, 0.0)
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 12, 11, 1
    values = np.array([[0x0FFF, 0xF001], [0x7800, 0x0000]], dtype="<u2")
    ds.Rows, ds.Columns, ds.PixelData = 2, 2, values.tobytes()
    signed = read_frames(pixel_file(read_header(save(tmp_path / "x", ds))), [0])
    assert signed.tolist() == [[[-1, 1], [-2048, 0]]]
    ds.PixelRepresentation = 0
    file = pixel_file(read_header(save(tmp_path / "x", ds)))
    assert read_frames(file, [0]).tolist() == [[[4095, 1], [2048, 0]]]
    assert file.stored_range == (0, 4095)


def test_only_the_bytes_of_the_frames_asked_for_are_read(tmp_path, monkeypatch):
    path = save(tmp_path / "x", with_values(np.zeros((50, 8, 8), "u2")))
    file = pixel_file(read_header(path))
    asked = []
    real = pixels._fill
    monkeypatch.setattr(pixels, "_fill", lambda h, b: (asked.append(len(b)), real(h, b)))
    read_frames(file, [3, 4, 9])
    assert asked == [2 * 128, 128]


def test_missing_decoder_names_element_syntax_and_extra(tmp_path, monkeypatch):
    ds = ct_slice(1, 0.0)
    ds.PixelData = encapsulate([b"\0" * 10])
    ds["PixelData"].is_undefined_length = True
    path = save(tmp_path / "x", ds, syntax=sop.JPEGLosslessSV1)
    monkeypatch.setattr(
        "pydicom.pixels.decoders.base.Decoder.is_available", property(lambda _: False)
    )
    with pytest.raises(PixelDecodeError) as caught:
        read_frames(pixel_file(read_header(path)), [0])
    message = str(caught.value)
    assert "(7FE0,0010) PixelData" in message
    assert "JPEG Lossless" in message
    assert "pip install 'rtxr[codecs]'" in message


def test_unknown_syntax_and_broken_frames_are_decode_errors(tmp_path):
    ds = ct_slice(1, 0.0)
    ds.PixelData = encapsulate([b"\0" * 10])
    ds["PixelData"].is_undefined_length = True
    for syntax, told in ((sop.MPEG2MPML, "no decoder exists"), (sop.RLELossless, "cannot be dec")):
        path = save(tmp_path / "x", ds, syntax=syntax)
        with pytest.raises(PixelDecodeError, match=told):
            read_frames(pixel_file(read_header(path)), [0])


def test_truncated_changed_and_missing_files_are_decode_errors(tmp_path):
    path = save(tmp_path / "x", ct_slice(1, 0.0))
    whole = path.read_bytes()
    file = pixel_file(read_header(path))
    path.write_bytes(whole[:-2])
    with pytest.raises(PixelDecodeError, match="has changed since it was opened"):
        read_frames(file, [0])
    with pytest.raises(PixelDecodeError, match=r"has 38 bytes, .* are 40"):
        read_frames(pixel_file(read_header(path)), [0])
    path.unlink()
    with pytest.raises(PixelDecodeError, match="must stay where it was"):
        read_frames(file, [0])


def test_colour_and_missing_elements(tmp_path):
    ds = ct_slice(1, 0.0)
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 3, "RGB"
    file = pixel_file(read_header(save(tmp_path / "x", ds)))
    with pytest.raises(PixelDecodeError, match=r"3 samples per pixel \(RGB\)"):
        read_frames(file, [0])
    del ds.Rows
    with pytest.raises(PixelDecodeError, match="cannot be read without Rows"):
        pixel_file(read_header(save(tmp_path / "x", ds)))
    del ds.PixelData
    with pytest.raises(PixelDecodeError, match="absent or empty"):
        pixel_file(read_header(save(tmp_path / "x", ds)))


def test_silence_ends_with_the_last_of_several_threads():
    before = list(warnings.filters)
    together = threading.Barrier(4)

    def use() -> None:
        with pixels._quiet():
            together.wait()
            warnings.warn("must not be seen", UserWarning, stacklevel=1)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert warnings.filters[0][0] == "error"
    assert list(warnings.filters) == before


@needs_codecs
@pytest.mark.filterwarnings("ignore")  # of pydicom
def test_bundled_files_have_the_values_that_pydicom_reads():
    folder = Path(pydicom.data.__file__).parent / "test_files"
    refused = set()
    decoded = 0
    for path in sorted(folder.glob("*.dcm")):
        ds = pydicom.dcmread(path, force=True)
        if ds.get("SamplesPerPixel") != 1 or not ds.get("Rows") or "PixelData" not in ds:
            continue
        try:
            file = pixel_file(read_header(path))
            values = read_frames(file, range(file.frames))
        except PixelDecodeError:
            refused.add(path.name)
            continue
        decoded += 1
        if path.name != "badVR.dcm":  # whose Number of Frames pydicom refuses
            expected = ds.pixel_array.reshape(values.shape)
            np.testing.assert_array_equal(values, expected, err_msg=path.name)
    assert refused <= UNDECODABLE
    assert decoded >= 20


# --- pixels that are not as many as the header says -----------------------------------------------
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"Rows": 2}, "Rows 2"),
        ({"Rows": 5}, "Rows 5"),
        ({"Columns": 4}, "Columns 4"),
        ({"BitsAllocated": 8}, "BitsAllocated 8"),
        ({"NumberOfFrames": 2}, r"2 frame\(s\)"),
        ({"Rows": 1}, "Rows 1"),  # a whole number of frames all the same
    ],
)
def test_pixels_that_contradict_their_description_are_not_read(tmp_path, changed, told):
    values = np.zeros((4, 3, 5), np.uint16)
    source = with_values(values)
    source.GridFrameOffsetVector = [0, 1]
    for keyword, value in changed.items():
        setattr(source, keyword, value)
    path = save(tmp_path / "x", source)
    with pytest.raises(PixelDecodeError, match=rf"has 120 bytes, .*{told}.* one of them is wrong"):
        pixel_file(read_header(path))


@pytest.mark.parametrize("extra", [0, 2, 4])
def test_bytes_behind_the_last_frame_are_padding_while_they_are_no_row(tmp_path, extra):
    values = np.arange(60, dtype=np.uint16).reshape(4, 3, 5)
    source = with_values(values)
    source.PixelData += bytes(extra)
    file = pixel_file(read_header(save(tmp_path / "x", source)))
    assert file.padding == extra
    assert [each.code for each in padding_findings([file])] == ["pixel-padding"] * (extra > 0)
    np.testing.assert_array_equal(read_frames(file, range(4)), values)


def test_whole_frames_that_are_missing_move_no_voxel(tmp_path):
    values = np.arange(60, dtype=np.uint16).reshape(4, 3, 5)
    source = with_values(values)
    source.NumberOfFrames = 6
    file = pixel_file(read_header(save(tmp_path / "x", source)))
    np.testing.assert_array_equal(read_frames(file, range(4)), values)
