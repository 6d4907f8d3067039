"""What can go wrong with the telemetry's file, as types.

StoreError
├── NothingRecorded     there is no file, or nothing in it yet
├── StoreUnavailable    locked, read-only, disk full, no permission: may well pass
├── NewerStore          written by a later version of ghostlap
├── ForeignStore        another program's database
└── CorruptStore        damaged, or no database at all
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "CorruptStore",
    "ForeignStore",
    "NewerStore",
    "NothingRecorded",
    "StoreError",
    "StoreUnavailable",
]


class StoreError(Exception):
    """The store cannot be used as asked. `str()` is one sentence for the user.

    Whatever the error, the file is left as it was found.
    """

    retryable = False
    """Whether the same call may succeed later without anybody changing a setting."""

    def __init__(self, path: Path, problem: str, remedy: str = "") -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"telemetry {path}: {problem}" + (f" — {remedy}" if remedy else ""))


class NothingRecorded(StoreError):
    def __init__(self, path: Path) -> None:
        super().__init__(path, "nothing is recorded yet")


class StoreUnavailable(StoreError):
    retryable = True

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            path, problem, "free the file or its disk, or set telemetry.path to another file"
        )


class NewerStore(StoreError):
    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__(
            path,
            f"written by a later ghostlap (schema {version}, this one knows {known})",
            "upgrade ghostlap, or set telemetry.path to another file",
        )


class ForeignStore(StoreError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            "is a database, but not ghostlap's",
            "set telemetry.path to another file",
        )


class CorruptStore(StoreError):
    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            path,
            f"cannot be read as a database ({detail})",
            "move the file away, and a fresh one is begun at the next start",
        )
