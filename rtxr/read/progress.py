"""A progress bar for what may take long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

#: What takes this many seconds shows its progress.
DELAY = 2.0


def bar(
    items: Iterable[T],
    progress: bool | None,
    text: str,
    *,
    total: int | None = None,
    unit: str = "files",
) -> Iterator[T]:
    """Items behind a progress bar.

    Parameters
    ----------
    progress : bool or None
        Always, never, or (None) after :data:`DELAY` seconds.
    """
    if progress is False:
        return iter(items)
    from tqdm.auto import tqdm  # noqa: PLC0415 (brings widgets along in a notebook)

    delay = 0.0 if progress else DELAY
    return iter(tqdm(items, desc=text, total=total, unit=f" {unit}", delay=delay, leave=False))
