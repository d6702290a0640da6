"""Private elements that are known to be safe (PS3.15 E.3.10): numbers without which others lie.

Of those that the Standard lists, the ones that images of radiotherapy are read with. All others go,
whatever their creator says of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from rtxr.iod.encoding.raw import text_of

#: By private creator and group: elements within the block.
SAFE: Mapping[tuple[str, int], frozenset[int]] = {
    # SUV Scale Factor, Activity Concentration Scale Factor
    ("Philips PET Private Group", 0x7053): frozenset({0x00, 0x09}),
    # B Value, Diffusion Directionality, Diffusion Gradient Direction, B Matrix
    ("SIEMENS MR HEADER", 0x0019): frozenset({0x0C, 0x0D, 0x0E, 0x27}),
    # Diffusion B-Factor, Diffusion Direction
    ("Philips Imaging DD 001", 0x2001): frozenset({0x03, 0x04}),
}


def is_safe(dataset: Dataset, tag: BaseTag) -> bool:
    """Whether a private element of a data set is a safe one, or the creator of a block with some.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Holds the element and the creator of its block.
    tag : BaseTag
        Of the element.
    """
    if tag.element < 0x100:
        return (text_of(dataset, tag), tag.group) in SAFE
    creator = text_of(dataset, Tag(tag.group, tag.element >> 8))
    return tag.element & 0xFF in SAFE.get((creator, tag.group), frozenset())
