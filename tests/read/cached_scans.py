"""Scans with a cache, and what they are compared by."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from rtxr.read.scanning import scan

#: When the files of these tests were written: long ago.
OLD = 1_500_000_000_000_000_000


def age(folder: Path, at: int = OLD) -> None:
    """Give all files a time at which nothing changes any more."""
    for path in [folder, *folder.rglob("*")]:
        if path.is_file():
            os.utime(path, ns=(at, at))


def scanned(path: Any, cache: Path | None = None) -> tuple[list[str], list[Any]]:
    """Rows as text, since NaN is unlike itself, and findings."""
    rows, findings = scan.scan_headers(path, cache=cache, progress=False)
    return [repr(row) for row in rows], findings


def about_cache(findings: list[Any]) -> list[str]:
    return [finding.code for finding in findings if finding.code.startswith("cache-")]


def count(cache: Path) -> int:
    """Number of records."""
    with closing(sqlite3.connect(cache)) as db:
        return int(db.execute("SELECT count(*) FROM records").fetchone()[0])
