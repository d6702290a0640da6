"""Pixels compressed without loss: a fragment per frame, and a Basic Offset Table (PS3.5 A.4)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy.typing as npt
from pydicom import config
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import Encoder, get_encoder
from pydicom.uid import RLELossless

from rtxr.export.writing.transfer_syntaxes import TransferSyntax

#: Offsets have 32 bits, and pydicom takes 31.
_MOST_WITH_OFFSETS = 2**31 - 1


def encapsulated(
    frames: npt.NDArray[Any], syntax: TransferSyntax, *, bits_stored: int
) -> bytes | None:
    """The value of (7FE0,0010) PixelData.

    Parameters
    ----------
    frames : ndarray, (frames, rows, columns)
        Stored values, little endian.
    syntax : TransferSyntax
        A compressed one that can hold them.
    bits_stored : int
        Bits of a value that are used.

    Returns
    -------
    bytes or None
        None where no encoder takes the pixels: some cannot make noise or a few pixels smaller.
    """
    encoder = get_encoder(syntax.uid)
    allocated = 8 * frames.dtype.itemsize
    options: dict[str, Any] = {
        "rows": frames.shape[1],
        "columns": frames.shape[2],
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",  # of no effect on grey values
        "bits_allocated": allocated,
        # Run lengths are of all bytes; pydicom would leave out those that are not used.
        "bits_stored": allocated if syntax.uid == RLELossless else bits_stored,
        "pixel_representation": int(frames.dtype.kind == "i"),
    }
    usable = [name for name in syntax.encoders if name in encoder.available_plugins]
    encoded = []
    for frame in frames:
        one = _encoded(encoder, usable, frame, options)
        if one is None:
            return None
        encoded.append(one)
    return encapsulate(encoded, has_bot=sum(map(len, encoded)) < _MOST_WITH_OFFSETS)


def _encoded(
    encoder: Encoder, usable: list[str], frame: npt.NDArray[Any], options: dict[str, Any]
) -> bytes | None:
    """A frame by the first encoder that takes it, one at a time: that of JPEG 2000 is not safe."""
    for name in usable:
        try:
            with _unlogged():
                return bytes(encoder.encode(frame, encoding_plugin=name, **options))
        except Exception:  # encoders raise whatever their libraries raise
            continue
    return None


@contextmanager
def _unlogged() -> Iterator[None]:
    """Without what pydicom logs of an encoder that fails: another is asked, or a Finding made."""
    level = config.logger.level
    config.logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        config.logger.setLevel(level)
