"""One file, opened for checking: its bytes without pixels, and its elements."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from rtxr.iod.encoding.raw import numbers_of, text_of
from rtxr.read.elements import EXPLICIT, Encoding, first_element
from rtxr.read.scanning.starts import starts_of
from rtxr.read.sources import PixelSpan, read_cut
from rtxr.validation.checks import WANTED
from rtxr.validation.subject import Subject
from rtxr.validation.walk import Item, Walk


@dataclass(frozen=True)
class Opened:
    """A DICOM file as far as checks look at it.

    Parameters
    ----------
    subject : Subject
        Which object it is.
    has_preamble : bool
        Whether it begins as PS3.10 7.1 says.
    meta, walk : Walk
        Its file meta, and its data set without pixels.
    encoding : Encoding
        Of the data set, as its bytes show.
    transfer_syntax : str
        As its file meta says; empty without one.
    pixels : PixelSpan or None
        Where its pixels are.
    dataset : pydicom.Dataset
        The data set, raw.
    """

    subject: Subject
    has_preamble: bool
    meta: Walk
    walk: Walk
    encoding: Encoding
    transfer_syntax: str
    pixels: PixelSpan | None
    dataset: Dataset

    @property
    def top(self) -> Item:
        """The wanted values of the data set itself."""
        return self.walk.items[0]

    def text(self, keyword: str) -> str:
        """An outermost value as text, empty where there is none."""
        return text_of(self.dataset, keyword)

    def numbers(self, keyword: str) -> list[float]:
        """Outermost numbers, empty where there are none."""
        return numbers_of(self.dataset, keyword)

    def number(self, keyword: str, default: float = 0) -> float:
        """First of some outermost numbers."""
        return next(iter(self.numbers(keyword)), default)


def open_object(path: str) -> Opened:
    """Open a file.

    Raises
    ------
    NotDicomError
        Its bytes are no data elements.
    OSError
        It cannot be read.
    """
    source, cut = read_cut(path)
    start = first_element(source.data) or 0
    meta = Walk(source.data[start : source.start], EXPLICIT, WANTED).run()
    data = source.data[source.start : cut.stop] + cut.tail
    dataset = _parsed(data, source.encoding)
    walk = Walk(data, source.encoding, WANTED).run()
    subject = Subject(path, text_of(dataset, "SOPInstanceUID"), text_of(dataset, "SOPClassUID"))
    return Opened(
        subject=subject,
        has_preamble=start > 0,
        meta=meta,
        walk=walk,
        encoding=source.encoding,
        transfer_syntax=source.transfer_syntax,
        pixels=cut.pixels,
        dataset=dataset,
    )


def _parsed(data: bytes, encoding: Encoding) -> Dataset:
    """A data set, raw; of a broken one what comes before the break, of which the walk tells."""
    implicit, little = not encoding.explicit, encoding.little
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read_dataset(io.BytesIO(data), implicit, little)
        except (OSError, EOFError, ValueError):
            whole = data[: starts_of(data, 0, encoding).end]
            return read_dataset(io.BytesIO(whole), implicit, little)
