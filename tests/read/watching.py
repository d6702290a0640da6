"""What is read while a test runs: lists that fill as it happens."""

from __future__ import annotations

from typing import Any

import pytest

from rtxr.read import pixels


def bytes_read(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> list[int]:
    """Lengths of what a method that reads gives, call by call."""
    lengths: list[int] = []
    real = getattr(owner, method)

    def counting(self: Any, length: int) -> bytes:
        data: bytes = real(self, length)
        lengths.append(len(data))
        return data

    monkeypatch.setattr(owner, method, counting)
    return lengths


def files_decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the files whose pixels are read, uncompressed ones only."""
    paths: list[str] = []
    real = pixels._native

    def counting(file: Any, frames: Any) -> Any:
        paths.append(file.path)
        return real(file, frames)

    monkeypatch.setattr(pixels, "_native", counting)
    return paths
