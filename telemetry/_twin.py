"""A second connection to a file, in a thread of its own, which sees the very same rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ghostlap.telemetry._database import open_for_reading

__all__ = ["Twin", "twin_of_large"]

T = TypeVar("T")

_LARGE_BYTES = 32 * 1024 * 1024
"""Over a hundred thousand keystrokes, which take one thread a tenth of a second."""

_ATTEMPTS = 20
"""To begin between two writes: a server writes four times a second, and beginning takes no 1 ms."""


class Twin:
    """Runs queries beside those of another connection. SQLite lets go of Python's lock meanwhile.

    A connection belongs to the thread that opened it, so everything is done in that one.
    """

    def __init__(self, thread: ThreadPoolExecutor, connection: sqlite3.Connection) -> None:
        self._thread = thread
        self._connection = connection

    def start(self, query: Callable[[sqlite3.Connection], T]) -> Future[T]:
        return self._thread.submit(query, self._connection)

    def begin_with(self, other: sqlite3.Connection) -> bool:
        """Begin a transaction in both that sees the same; False: neither, too much was written.

        `data_version` changes when others have written. This one begins between two looks at it.
        """
        for _ in range(_ATTEMPTS):
            before = _data_version(other)
            self.start(_begin).result()
            _begin(other)
            if _data_version(other) == before:
                return True
            other.execute("COMMIT")
            self.start(_commit).result()
        return False


@contextmanager
def twin_of_large(path: Path, large_bytes: int = _LARGE_BYTES) -> Iterator[Twin | None]:
    """A twin for a file that is large enough to gain by it.

    :raises StoreError:
    """
    if path.stat().st_size < large_bytes:
        yield None
        return
    with ThreadPoolExecutor(max_workers=1) as thread:
        connection = thread.submit(open_for_reading, path).result()
        try:
            yield Twin(thread, connection)
        finally:
            thread.submit(connection.close).result()


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _begin(connection: sqlite3.Connection) -> None:
    """What is seen is settled by the first read, not by BEGIN."""
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _commit(connection: sqlite3.Connection) -> None:
    connection.execute("COMMIT")
