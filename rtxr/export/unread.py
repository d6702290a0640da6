"""Pixels that nobody has read: written as the integers of their files, which never become values.

What was read, computed with or loaded is encoded and held against the file instead.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pydicom
import xarray as xr

from rtxr.geometry import Layout
from rtxr.header_store import Record
from rtxr.iod.encoding import pixels
from rtxr.read.lazy import unread
from rtxr.read.pixels import read_frames
from rtxr.read.planes import PlaneStack


@dataclass(frozen=True, eq=False)
class UnreadPlanes:
    """Slices of a stack that are whole planes of their files.

    Parameters
    ----------
    stack : PlaneStack
        The files.
    planes : ndarray, (slice,)
        Number of the stored plane of each slice.
    """

    stack: PlaneStack
    planes: npt.NDArray[np.intp]

    def encoded(
        self, at: int, record: Record | None, header: pydicom.Dataset | None
    ) -> pixels.Encoded | None:
        """The integers of a slice; None where they are not those that its header describes.

        Raises
        ------
        PixelDecodeError
            They cannot be read.
        """
        plane = self.planes[at]
        file = self.stack.files[self.stack.file_of[plane]]
        if record is None or header is None or file.path != os.path.abspath(record.path):
            return None
        rescale = float(self.stack.slopes[plane]), float(self.stack.intercepts[plane])
        stored = read_frames(file, [int(self.stack.frame_of[plane])])[0]
        return pixels.image_as_read(stored, header, rescale=rescale, limits=file.stored_range)


def unread_planes(array: xr.DataArray, layout: Layout) -> UnreadPlanes | None:
    """The planes of a stack that nobody has read; None where it is something else.

    Parameters
    ----------
    array : DataArray, (3 dimensions)
        Ascending.
    layout : Layout
        How it is going to be stored.
    """
    stack, indices = unread(array) or (None, ())
    if not isinstance(stack, PlaneStack):
        return None
    planes = stack.whole_planes(indices, layout)
    return None if planes is None else UnreadPlanes(stack, planes)
