"""Several images at one position: stacks of labels that do not fill one dynamic stack.

Files of a phase may be missing, labels may lie at different positions, an image may lack the
attribute, or one label may hold two images of a position. Labels are never mixed: those that are
complete stay together, every other one is a stack of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, product

import numpy as np

from rtxr import model
from rtxr.catalog.dynamic import (
    NAMED,
    TIMES,
    Axis,
    BoolArray,
    Images,
    IntArray,
    Leading,
    Part,
    complete_block,
    dimensions,
    filled,
    in_time,
    label_axis,
    share_grid,
)
from rtxr.errors import Severity
from rtxr.keywords import describe

Decided = tuple[list[Part], str, Severity]

#: What the message says where images are in no stack.
SET_ASIDE = "are set aside"

#: Attributes that are combined, at most.
_AT_ONCE = 3
#: Combinations of labels that may be, for each that is.
_SPARSE = 16
#: Messages name no more stacks, and no more labels of each.
_NAMED_STACKS, _NAMED_LABELS = 6, 12


@dataclass(frozen=True, eq=False)
class _Sorting:
    """Images by their labels: the combinations that occur, and which each image has."""

    axes: tuple[Axis, ...]
    combos: tuple[tuple[int, ...], ...]
    which: IntArray
    labelled: BoolArray

    @property
    def names(self) -> str:
        return _names(self.axes)

    def text(self, combo: tuple[int, ...]) -> str:
        """The labels of a combination."""
        labels = (
            str(axis.leading.labels[code]) if code < len(axis.leading.labels) else "no value"
            for axis, code in zip(self.axes, combo, strict=True)
        )
        return "/".join(labels)


@dataclass(frozen=True, eq=False)
class _Block:
    """One stack, what its labels are and where it lies."""

    images: IntArray
    combos: tuple[tuple[int, ...], ...]
    leading: tuple[Leading, ...]
    places: frozenset[int]


def tell_apart(images: Images) -> Decided:
    """Stacks in which each label has each position once.

    Parameters
    ----------
    images : Images
        Some positions hold several.

    Returns
    -------
    parts : list of Part
        One for a dynamic series; several where labels lie at different positions.
    message : str
        What was decided, in words.
    severity : {"info", "warning"}
        ``"warning"`` where no attribute decided, a label lacks positions that others have, or
        images are set aside.
    """
    axes = {name: axis for name in model.LEADING if (axis := label_axis(images, name)) is not None}
    named = [axes[name] for name in NAMED if name in axes]
    times = [axes[name] for name in TIMES if name in axes]
    for chosen in _that_may_fill(named, times):
        part = filled(images, chosen)
        if part is not None:
            return [part], f"{_names(chosen)} became {dimensions(part.leading)}", "info"
    attempts: tuple[Callable[[], Decided | None], ...] = (
        lambda: _by_label(images, _combined(named)),
        lambda: _in_time(images, named),
        lambda: _by_label(images, _combined(times, 1)),
        lambda: _first_of_each_label(images, named),
    )
    found = next((found for attempt in attempts if (found := attempt()) is not None), None)
    return _first_of_each(images, named, bool(axes)) if found is None else found


def _that_may_fill(named: Sequence[Axis], times: Sequence[Axis]) -> Iterator[tuple[Axis, ...]]:
    """What may fill all positions: attributes that say what images are first, then with a time."""
    named, times = ([axis for axis in axes if axis.is_complete] for axes in (named, times))
    yield from _combined(named)
    yield from ((axis,) for axis in times)
    yield from ((*axes, time) for axes in _combined(named, _AT_ONCE - 1) for time in times)


def _combined(axes: Sequence[Axis], most: int = _AT_ONCE) -> Iterator[tuple[Axis, ...]]:
    return chain.from_iterable(combinations(axes, count) for count in range(1, most + 1))


def _names(axes: Sequence[Axis]) -> str:
    return " and ".join(describe(axis.leading.keyword) for axis in axes)


def _in_time(images: Images, named: Sequence[Axis]) -> Decided | None:
    found = in_time(images, named)
    return None if found is None else ([found[0]], found[1], "warning")


# --- images by their labels -----------------------------------------------------------------------
def _sorting(images: Images, axes: tuple[Axis, ...]) -> _Sorting | None:
    """Images by labels; None where those are no stacks: a number per slice, or per few of them."""
    counts = [len(axis.leading.labels) for axis in axes]
    codes = [np.where(each.codes < 0, n, each.codes) for each, n in zip(axes, counts, strict=True)]
    sizes = [count + 1 for count in counts]
    numbers, which = np.unique(np.ravel_multi_index(codes, sizes), return_inverse=True)
    labelled: BoolArray = np.all([axis.codes >= 0 for axis in axes], axis=0)
    found = len(np.unique(which[labelled]))
    held = int(labelled.sum())
    several = 2 * found <= held or not images.places.any()
    few = found <= 2 * int(np.bincount(images.places).max())
    known = 2 * held >= len(which) and _covers(images, labelled)
    if not (several and few and known) or math.prod(counts) > _SPARSE * found:
        return None
    combos = np.stack(np.unravel_index(numbers, sizes), axis=1).tolist()
    return _Sorting(axes, tuple(tuple(combo) for combo in combos), which, labelled)


def _covers(images: Images, some: BoolArray) -> bool:
    """Whether some images are at every position."""
    return len(np.unique(images.places[some])) == int(images.places.max()) + 1


def _cells(images: Images, sorting: _Sorting) -> IntArray:
    """Number of the combination of labels and position of each image."""
    return np.asarray(sorting.which * (images.places.max() + 1) + images.places, dtype=np.intp)


def _by_label(images: Images, candidates: Iterator[tuple[Axis, ...]]) -> Decided | None:
    """Stacks by the first attributes that can, those that fewest images lack."""
    best: tuple[int, _Sorting, BoolArray] | None = None
    for axes in candidates:
        sorting = _sorting(images, axes)
        kept = None if sorting is None else _told_apart(images, sorting)
        if sorting is None or kept is None:
            continue
        aside = int((~kept).sum())
        if best is None or aside < best[0]:
            best = aside, sorting, kept
        if not aside:
            break
    if best is None:
        return None
    aside, sorting, kept = best
    text = f"; {aside} image(s) without a value {SET_ASIDE}" if aside else ""
    return _separated(images, sorting, kept, text)


def _told_apart(images: Images, sorting: _Sorting) -> BoolArray | None:
    """Images of stacks that have each position once; None where labels hold several.

    Images without a value are one label more if that fills all positions, else nothing says that
    they belong together.
    """
    cells = _cells(images, sorting)
    whole = len(sorting.combos) * (int(images.places.max()) + 1)
    if len(cells) == whole == len(np.unique(cells)):
        return np.ones(len(cells), dtype=bool)
    own = cells[sorting.labelled]
    return sorting.labelled if len(np.unique(own)) == len(own) else None


def _separated(
    images: Images,
    sorting: _Sorting,
    kept: BoolArray,
    aside: str,
    doubled: frozenset[int] = frozenset(),
) -> Decided:
    """Stacks of the images that are kept, and what is told of them."""
    blocks = _blocks(images, sorting, kept, doubled)
    lacking = [_lacking(block, blocks) for block in blocks]
    parts = [Part(tuple(block.images.tolist()), block.leading) for block in blocks]
    severity: Severity = "warning" if aside or any(lacking) else "info"
    if len(blocks) == 1 and blocks[0].leading:
        return parts, f"{sorting.names} became {dimensions(blocks[0].leading)}{aside}", severity
    told = [
        _told(sorting, block, lacks)
        for block, lacks in zip(blocks[:_NAMED_STACKS], lacking, strict=False)
    ]
    more = len(blocks) - len(told)
    text = (
        f"separated by {sorting.names} into {len(blocks)} stacks, each a case of its own: "
        f"{'; '.join(told)}{f'; and {more} more' if more else ''}{aside}"
    )
    return parts, text, severity


def _lacking(block: _Block, blocks: Sequence[_Block]) -> int:
    """How many positions a stack lacks that its like have.

    Its like are stacks that hold at least half of its positions; two that merely overlap, such as
    scans of chest and abdomen, lack nothing.
    """
    own = block.places
    like = [each.places for each in blocks if 2 * len(each.places & own) >= len(own)]
    return len(frozenset().union(*like) - own)


def _told(sorting: _Sorting, block: _Block, lacks: int) -> str:
    """A stack in words: its labels, and what they lack."""
    labels = [sorting.text(combo) for combo in block.combos[:_NAMED_LABELS]]
    text = ", ".join([*labels, *(["..."] if len(block.combos) > _NAMED_LABELS else [])])
    if block.leading:
        text += f" ({dimensions(block.leading)})"
    if lacks:
        text += f" (lacks {lacks} position{'s' * (lacks > 1)} that others have)"
    return text


def _blocks(
    images: Images, sorting: _Sorting, kept: BoolArray, doubled: frozenset[int]
) -> list[_Block]:
    """Stacks of labels at the same positions, dynamic ones first."""
    order = np.lexsort((images.places, sorting.which))
    order = order[kept[order]]
    starts = np.flatnonzero(np.diff(sorting.which[order])) + 1
    groups: dict[Hashable, list[dict[tuple[int, ...], IntArray]]] = {}
    for own in np.split(order, starts):
        number = int(sorting.which[own[0]])
        alone = None if sorting.labelled[own[0]] else number
        key = (images.places[own].tobytes(), number in doubled, alone)
        alike = groups.setdefault(key, [])
        for group in alike:
            if share_grid(images, np.stack([next(iter(group.values())), own])):
                group[sorting.combos[number]] = own
                break
        else:
            alike.append({sorting.combos[number]: own})
    found = [
        block
        for group in chain.from_iterable(groups.values())
        for block in _complete(images, sorting.axes, group)
    ]
    return sorted(found, key=lambda block: not block.leading)


def _complete(
    images: Images, axes: Sequence[Axis], group: dict[tuple[int, ...], IntArray]
) -> Iterator[_Block]:
    """Labels at the same positions as stacks of all combinations, the largest first."""
    while group:
        codes = [sorted(set(each)) for each in zip(*group, strict=True)]
        number = [{code: at for at, code in enumerate(each)} for each in codes]
        fits = np.zeros([len(each) for each in codes], dtype=bool)
        for combo in group:
            fits[tuple(each[code] for each, code in zip(number, combo, strict=True))] = True
        kept = [
            [each[at] for at in np.flatnonzero(stays)]
            for each, stays in zip(codes, complete_block(fits), strict=True)
        ]
        leading = tuple(
            replace(axis.leading, labels=tuple(axis.leading.labels[code] for code in own))
            for axis, own in zip(axes, kept, strict=True)
            if len(own) > 1
        )
        combos = tuple(product(*kept))
        numbers = [group.pop(combo) for combo in combos]
        yield _Block(
            np.concatenate(numbers), combos, leading, frozenset(images.places[numbers[0]].tolist())
        )


# --- images that are not told apart ---------------------------------------------------------------
def _first_of_each_label(images: Images, named: Sequence[Axis]) -> Decided | None:
    """Stacks by the attributes that tell most images apart, the first of each label and position.

    Labels of which images are set aside are stacks apart from those that are sure.
    """
    best, most = None, int(images.places.max()) + 1
    for axes in _combined(named):
        sorting = _sorting(images, axes)
        if sorting is None:
            continue
        found = len(np.unique(_cells(images, sorting)[sorting.labelled]))
        if found > most:
            best, most = sorting, found
    if best is None:
        return None
    labelled = np.flatnonzero(best.labelled)
    _, first = np.unique(_cells(images, best)[labelled], return_index=True)
    kept = np.zeros(len(best.which), dtype=bool)
    kept[labelled[first]] = True
    doubled = frozenset(best.which[best.labelled & ~kept].tolist())
    text = (
        "; of each label and position the first by (0020,0013) InstanceNumber is kept, "
        f"{int((~kept).sum())} {SET_ASIDE} that nothing tells apart"
    )
    return _separated(images, best, kept, text, doubled)


def _first_of_each(images: Images, named: Sequence[Axis], differ: bool) -> Decided:
    """One image of each position: that with the commonest labels, then by Instance Number."""
    common = np.zeros(len(images.places), dtype=np.intp)
    for axis in named:
        common += np.bincount(axis.codes + 1)[axis.codes + 1]
    order = np.lexsort((-common, images.places))
    _, first = np.unique(images.places[order], return_index=True)
    parts = [Part(tuple(order[first].tolist()))]
    why = "no attribute tells them apart; the first by"
    if differ:
        why = (
            "no attribute separates them into stacks; the one with the commonest attributes, then "
            "the first by"
        )
    aside = len(order) - len(first)
    text = f"{why} (0020,0013) InstanceNumber is kept, {aside} {SET_ASIDE}"
    return parts, text, "warning"
