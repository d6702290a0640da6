"""The labels of a dynamic series that make one array: complete ones, on one grid.

The catalog decided what the labels are and which file has which. Files that turn out unreadable,
or not to be where the others are, must not shift or mix anything: a label that lacks a slice is
left out as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rtxr.catalog.dynamic import SAME_PLACE_MM, Leading, complete_block
from rtxr.errors import Finding
from rtxr.read.slices import OnIrregular, Slice, one_stack, refuse, unique_keys

BoolArray = npt.NDArray[np.bool_]

#: Direction cosines and pixel spacings (mm) of labels on one grid differ by no more than this.
SAME_TURN = 1e-3


def labelled_stacks(
    slices: Sequence[Slice], leading: Sequence[Leading], on_irregular: OnIrregular
) -> tuple[list[Slice], tuple[Leading, ...], list[Finding]]:
    """Slices label by label, each label sorted along the normal and at the same positions.

    Parameters
    ----------
    slices : sequence of Slice
        At least one; ``label`` numbers the combinations of labels, the last one varying fastest.
    leading : sequence of Leading
        Dimensions and their labels, outermost first; none for a plain series.
    on_irregular : {"keep", "raise", "resample"}
        Whether a series that is not complete and even is read with Findings or refused.

    Returns
    -------
    slices : list of Slice
        As many for each label.
    leading : tuple of Leading
        With the labels that are left.
    findings : list of Finding
        ``incomplete-label`` where labels were left out.

    Raises
    ------
    GeometryError
        The series is not one even stack and ``on_irregular`` is ``"raise"``.
    """
    if not leading:
        stack, findings = one_stack(slices, on_irregular)
        return stack, (), findings
    files: dict[int, list[Slice]] = {}
    for each in slices:
        files.setdefault(each.label, []).append(each)
    stacks: dict[int, list[Slice]] = {}
    noticed: dict[int, list[Finding]] = {}
    later: OnIrregular = "keep" if on_irregular == "raise" else on_irregular  # when all are known
    for label, own in sorted(files.items()):
        stacks[label], noticed[label] = one_stack(own, later)
    shape = [len(each.labels) for each in leading]
    fits = np.zeros(int(np.prod(shape)), dtype=bool)
    fits[_alike(stacks)] = True
    kept = complete_block(fits.reshape(shape))
    chosen = np.ix_(*(np.flatnonzero(each) for each in kept))
    numbers = np.ravel_multi_index(chosen, shape).ravel().tolist()
    findings = [*dict.fromkeys(each for n in numbers for each in noticed[n])]
    findings += _incomplete(kept, leading)
    refuse(findings, on_irregular)
    left = tuple(
        replace(dim, labels=tuple(np.array(dim.labels, dtype=object)[own]))
        for dim, own in zip(leading, kept, strict=True)
    )
    return unique_keys([each for n in numbers for each in stacks[n]]), left, findings


def _alike(stacks: dict[int, list[Slice]]) -> list[int]:
    """Labels at one set of positions: of those sets, the one that holds most files, then slices."""
    groups: list[list[int]] = []
    for label, stack in stacks.items():
        for group in groups:
            if _same_places(stacks[group[0]], stack):
                group.append(label)
                break
        else:
            groups.append([label])
    slices = {label: len(stack) for label, stack in stacks.items()}
    return max(groups, key=lambda group: (len(group) * slices[group[0]], slices[group[0]]))


def _same_places(one: Sequence[Slice], other: Sequence[Slice]) -> bool:
    """Whether two sorted stacks lie on one grid."""
    if len(one) != len(other) or one[0].shape != other[0].shape:
        return False
    places = np.array([[each.position for each in stack] for stack in (one, other)])
    turns = [(each.orientation, each.pixel_spacing) for each in (one[0], other[0])]
    same = all(np.allclose(a, b, rtol=0, atol=SAME_TURN) for a, b in zip(*turns, strict=True))
    return same and bool(np.abs(places[0] - places[1]).max() <= SAME_PLACE_MM)


def _incomplete(kept: Sequence[BoolArray], leading: Sequence[Leading]) -> list[Finding]:
    """What was left out, by dimension."""
    return [
        Finding(
            "incomplete-label",
            "warning",
            f"{int((~chosen).sum())} of {len(chosen)} label(s) of {each.name!r} were left out: "
            "files are missing or not where those of the others are: "
            + ", ".join(
                str(label) for label, there in zip(each.labels, chosen, strict=True) if not there
            ),
        )
        for each, chosen in zip(leading, kept, strict=True)
        if not chosen.all()
    ]
