"""What differs from the sources: found by comparing with their files, or set by keyword."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from rtxr.errors import RTXRError
from rtxr.export.objects import MADE_IN_MEMORY, OUT_OF_REACH, PIXELS_CHANGED, Outgoing
from rtxr.iod.encoding import pixels
from rtxr.iod.values.saying import element_for, says
from rtxr.read import headers
from rtxr.read.pixels import pixel_file, read_frames


def judge(each: Outgoing) -> Outgoing:
    """Add to ``changes`` what a comparison with the source file shows.

    A source out of reach counts as changed: nobody can say that it is not.
    """
    reason = _difference(each) if each.own_uid else ""
    changes = tuple(dict.fromkeys([*each.changes, *([reason] if reason else [])]))
    edited = each.edited or reason == PIXELS_CHANGED
    if not edited or each.pixels is None:
        return replace(each, changes=changes, edited=edited)
    extremes = pixels.extremes(each.pixels, each.header)
    return replace(each, changes=changes, edited=edited, values={**each.values, **extremes})


def set_values(each: Outgoing, values: Mapping[str, object], why: str) -> Outgoing:
    """Set attributes by keyword; those that say what the object says already are no change.

    Parameters
    ----------
    each : Outgoing
        The object.
    values : mapping
        Keyword, or the name of a private row, > value.
    why : str
        How the note on the change begins; the keywords follow.
    """
    new = {keyword: value for keyword, value in values.items() if not _says(each, keyword, value)}
    if not new:
        return each
    note = why + ", ".join(new)
    return replace(each, values={**each.values, **new}, changes=(*each.changes, note))


def _says(each: Outgoing, keyword: str, value: object) -> bool:
    """Whether the header says this already, as it would be written."""
    row = each.iod.row(keyword)
    if row is None or each.header is None or keyword in each.values:
        return False
    wanted = element_for(each.header, row.placed(each.header), value)
    return wanted is not None and says(each.header, wanted)


def _difference(each: Outgoing) -> str:
    """What differs from the source file, or an empty string."""
    record = each.record
    if record is None:
        return ""
    if each.is_made:
        return MADE_IN_MEMORY
    try:
        source = headers.read_header(record.path, record.uid)
        if source.record.data != record.data:
            return "its header changed"
        if each.pixels is None or each.as_read:
            return ""
        frames = each.pixels.reshape(-1, *each.pixels.shape[-2:])
        same = np.array_equal(read_frames(pixel_file(source), range(len(frames))), frames)
    except (OSError, RTXRError):
        return OUT_OF_REACH
    return "" if same else PIXELS_CHANGED
