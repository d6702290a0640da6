"""Transfer syntaxes that can be chosen for an export, and which of them an object can be in.

Nothing lossy is among them: what is written reads back as the same integers. What a syntax can hold
is that of PS3.5 8.2 and of the encoders that are there; an object that it cannot hold is written in
Explicit VR Little Endian, or Implicit where a value is too long for that, with a Finding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import Dataset
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from rtxr.errors import (
    Finding,
    MissingExtraError,
    RTXRError,
    UnknownNameError,
    did_you_mean,
    pip_install,
)
from rtxr.iod.encoding.raw import numbers_of, text_of
from rtxr.iod.encoding.writable import EXPLICIT_LIMIT, has_long_text

OTHER_SYNTAX = "other-transfer-syntax"


@dataclass(frozen=True)
class TransferSyntax:
    """A transfer syntax that can be chosen.

    Parameters
    ----------
    uid : UID
        As in PS3.6.
    names : tuple of str
        What it may be called; the first one is what messages call it.
    encoders : tuple of str
        Of those of pydicom the ones that may be used, quickest first; empty where pixels stay as
        they are.
    bits_allocated, least_bits, most_bits : int
        What pixels may have (PS3.5 8.2).
    least_side : int
        Least rows and columns that the encoder takes.
    """

    uid: UID
    names: tuple[str, ...]
    encoders: tuple[str, ...] = ()
    bits_allocated: tuple[int, ...] = (8, 16)
    least_bits: int = 1
    most_bits: int = 16
    least_side: int = 1


#: pydicom has more encoders: gdcm's of RLE ends the process where it fails.
SYNTAXES = (
    TransferSyntax(ImplicitVRLittleEndian, ("implicit", "implicit little endian")),
    TransferSyntax(ExplicitVRLittleEndian, ("explicit", "explicit little endian")),
    TransferSyntax(DeflatedExplicitVRLittleEndian, ("deflated", "deflate")),
    TransferSyntax(RLELossless, ("RLE",), ("pylibjpeg", "pydicom")),
    TransferSyntax(JPEGLSLossless, ("JPEG-LS", "JPEG-LS lossless"), ("pyjpegls",), least_bits=2),
    TransferSyntax(
        JPEG2000Lossless,
        ("JPEG 2000", "JPEG 2000 lossless", "J2K"),
        ("pylibjpeg",),
        (8, 16, 32),
        most_bits=24,
        least_side=32,
    ),
)
_NAMES = tuple(syntax.names[0] for syntax in SYNTAXES)
_OFFERED = "there are " + ", ".join(map(repr, _NAMES))
#: Begin the UIDs of what is lossy, or may be: JPEG, near-lossless JPEG-LS, JPEG 2000, video.
_LOSSY = re.compile(r"1\.2\.840\.10008\.1\.2\.4\.(5[0-6]|59|6[0-4]|81|91|93|203|10[0-8](\.1)?)")
#: What the lossy ones are called, beside their names in PS3.6.
_LOSSY_NAMES = {
    "JPEG": "1.2.840.10008.1.2.4.50",
    "JPEG baseline": "1.2.840.10008.1.2.4.50",
    "JPEG lossy": "1.2.840.10008.1.2.4.50",
    "JPEG-LS lossy": "1.2.840.10008.1.2.4.81",
    "JPEG-LS near-lossless": "1.2.840.10008.1.2.4.81",
    "JPEG 2000 lossy": "1.2.840.10008.1.2.4.91",
}


def transfer_syntax_of(asked: str | None) -> TransferSyntax | None:
    """The transfer syntax of a name or UID; None where none was asked for.

    Raises
    ------
    UnknownNameError
        Nothing is called that; the nearest name is named.
    RTXRError
        It is lossy, or one that nothing here can write.
    MissingExtraError
        Its encoder is not installed.
    """
    if asked is None:
        return None
    known = {_squeezed(name): syntax for syntax in SYNTAXES for name in _called(syntax)}
    found = known.get(_squeezed(asked))
    if found is None:
        raise _refused(asked)
    if found.encoders and not _usable(found):
        raise MissingExtraError(
            f"transfer_syntax={str(asked)!r}: no encoder for it is installed; "
            f"{pip_install('codecs')}"
        )
    return found


def written_in(
    dataset: Dataset, pixels: npt.NDArray[Any] | None, asked: TransferSyntax | None
) -> tuple[UID, Finding | None]:
    """Transfer syntax of an object, and what is to be said where it is not the one asked for.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Finished, without its pixels.
    pixels : ndarray or None
        Its stored values, (rows, columns) or (frames, rows, columns).
    asked : TransferSyntax or None
        None: Implicit VR where the source was, so that untouched bytes stay, or where a text needs
        it; else Explicit VR.
    """
    if asked is None:
        source = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
        implicit = source == ImplicitVRLittleEndian or has_long_text(dataset)
        return (ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian), None
    taken, reason = asked.uid, ""
    if taken != ImplicitVRLittleEndian and has_long_text(dataset):
        taken = ImplicitVRLittleEndian
        reason = f"a contour has more than {EXPLICIT_LIMIT} bytes, too many for Explicit VR"
    elif asked.encoders:
        reason = "" if pixels is None else unfit(dataset, pixels, asked)
        taken = ExplicitVRLittleEndian if pixels is None or reason else taken
    return taken, _other(dataset, asked, taken, reason) if reason else None


def unfit(dataset: Dataset, pixels: npt.NDArray[Any], asked: TransferSyntax) -> str:
    """Why pixels cannot be in a compressed syntax; empty where they can."""
    stored = numbers_of(dataset, "BitsStored") or [8 * pixels.dtype.itemsize]
    bits, allocated = int(stored[0]), 8 * pixels.dtype.itemsize
    if allocated not in asked.bits_allocated or not asked.least_bits <= bits <= asked.most_bits:
        widths = " or ".join(map(str, asked.bits_allocated))
        return (
            f"pixels have {bits} of {allocated} bits, and it holds {asked.least_bits} to "
            f"{asked.most_bits} of {widths}"
        )
    if min(pixels.shape[-2:]) < asked.least_side:
        return f"frames have fewer than {asked.least_side} rows or columns"
    photometric = text_of(dataset, "PhotometricInterpretation")
    return "" if photometric.startswith("MONOCHROME") else "its pixels are not grey values"


def not_encoded(dataset: Dataset, asked: TransferSyntax) -> Finding:
    """What is to be said of pixels that should have fitted, and that no encoder took."""
    return _other(dataset, asked, ExplicitVRLittleEndian, "the encoder does not take its pixels")


def _other(dataset: Dataset, asked: TransferSyntax, taken: UID, reason: str) -> Finding:
    text = f"written in {taken.name}, not in {asked.uid.name}: {reason}"
    return Finding(OTHER_SYNTAX, "info", text, text_of(dataset, "SOPInstanceUID"))


def _called(syntax: TransferSyntax) -> tuple[str, ...]:
    return (str(syntax.uid), syntax.uid.name, syntax.uid.keyword, *syntax.names)


def _squeezed(name: object) -> str:
    """A UID as it is; any other name without case, spaces and hyphens."""
    text = str(name)
    return text if text[:1].isdigit() else re.sub(r"[^a-z0-9]", "", text.casefold())


def _usable(syntax: TransferSyntax) -> list[str]:
    """Encoders of a syntax that are installed."""
    there = get_encoder(syntax.uid).available_plugins
    return [name for name in syntax.encoders if name in there]


def _refused(asked: object) -> RTXRError:
    """Why a name or UID cannot be written."""
    said = f"transfer_syntax={str(asked)!r}"
    others = {
        **{_squeezed(name): uid for name, uid in _LOSSY_NAMES.items()},
        **{
            _squeezed(name): uid
            for uid, (title, kind, _, _, keyword) in UID_dictionary.items()
            if kind == "Transfer Syntax"
            for name in (uid, title, keyword)
        },
    }
    uid = others.get(_squeezed(asked))
    if uid is None:
        names = [*_NAMES, *(name for syntax in SYNTAXES for name in syntax.names)]
        return UnknownNameError(f"{said} is no transfer syntax; {did_you_mean(asked, names)}")
    title = UID(uid).name
    if _LOSSY.fullmatch(uid):
        return RTXRError(
            f"{said} is {title}, which loses or may lose values: nothing here is written so that "
            f"it reads back as other numbers; {_OFFERED}"
        )
    return RTXRError(f"{said} is {title}, which cannot be written here; {_OFFERED}")
