"""Opening the telemetry's file, to write or to read, and saying what is wrong with it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from ghostlap.telemetry._clock import monotonic_ns
from ghostlap.telemetry._errors import (
    CorruptStore,
    ForeignStore,
    NewerStore,
    NothingRecorded,
    StoreUnavailable,
)
from ghostlap.telemetry._migrations import (
    APPLICATION_ID,
    MIGRATIONS,
    migrate,
    read_as_latest,
)

__all__ = ["open_for_reading", "open_for_writing", "sqlite_uri", "store_errors"]

_BUSY_S = 1.0
"""How long a statement waits for another process's transaction; ours last a few milliseconds."""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection in write-ahead mode to a file that is made, and migrated, where need be.

    Transactions are the caller's: nothing begins one behind its back. For the calling thread alone.

    :raises StoreError: and the file is left as it was.
    """
    with store_errors(path):
        _create(path)
        connection = _connect(path, "rw")
        try:
            version = _check(connection, path)
            # NORMAL: a crash of this process loses nothing that was committed; only a crash of the
            # whole machine may take the last transactions with it.
            connection.execute("PRAGMA synchronous = NORMAL")
            _write_ahead(connection)
            if version < len(MIGRATIONS):
                migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; servers may go on writing beside it.

    :raises StoreError: `NothingRecorded` when there is no file, or an empty one.
    """
    with store_errors(path):
        if not path.exists():
            raise NothingRecorded(path)
        try:
            return _tidy(path, _connect_to_filled(path, "ro"))
        except sqlite3.OperationalError as error:
            # A file in write-ahead mode in a folder that we may not write to: SQLite wants to put
            # its index there. Without a log beside it nobody is writing, and none is needed.
            denied = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
            if _primary_code(error) not in denied or Path(f"{path}-wal").exists():
                raise
            return _connect_to_filled(path, "ro&immutable=1")


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Say what SQLite and the system say as a `StoreError`."""
    try:
        yield
    except sqlite3.OperationalError as error:  # busy, full, read-only, I/O, cannot open
        raise StoreUnavailable(path, str(error)) from error
    except sqlite3.DatabaseError as error:
        if _primary_code(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        raise CorruptStore(path, str(error)) from error
    except OSError as error:
        raise StoreUnavailable(path, error.strerror or str(error)) from error


def _create(path: Path) -> None:
    """Make the file, for its owner alone. SQLite gives its two companions the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        # Not to be opened here: closing any descriptor of a file lets go of all the locks that
        # this process holds on it (POSIX), those of an open database as well.
        return
    os.close(descriptor)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{sqlite_uri(path.absolute())}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)


def sqlite_uri(path: PurePath) -> str:
    """An absolute path as SQLite wants it: a Windows share is no authority there."""
    host, slash, rest = path.as_uri().removeprefix("file://").partition("/")
    return f"file:////{host}/{rest}" if host else f"file://{slash}{rest}"


def _connect_to_filled(path: Path, mode: str) -> sqlite3.Connection:
    connection = _connect(path, mode)
    try:
        version = _check(connection, path)
        if version == 0:
            raise NothingRecorded(path)  # noqa: TRY301 - so that the connection is closed
        read_as_latest(connection, version)
    except BaseException:
        connection.close()
        raise
    return connection


def _tidy(path: Path, reader: sqlite3.Connection) -> sqlite3.Connection:
    """In place of `reader` a connection that takes SQLite's companions of the file away at the end.

    Whoever is the last to close a file in write-ahead mode deletes its log and its index, but for a
    connection that may not write: it makes them, and leaves them. This one may, and is told not to.
    """
    if not Path(f"{path}-wal").exists():
        return reader
    try:
        made = _connect_to_filled(path, "rw")
    except sqlite3.OperationalError:
        return reader
    made.execute("PRAGMA query_only = TRUE")
    reader.close()
    return made


def _primary_code(error: sqlite3.Error) -> int:
    """What went wrong, without the particulars that the higher bytes tell."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _check(connection: sqlite3.Connection, path: Path) -> int:
    """The file's schema version, 0 for an empty file. Changes nothing in the file."""
    connection.execute("BEGIN")  # another server may be migrating it: see all of that, or nothing
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    connection.execute("COMMIT")
    if application != APPLICATION_ID and (application or version or tables):
        raise ForeignStore(path)
    if version > len(MIGRATIONS):
        raise NewerStore(path, version, len(MIGRATIONS))
    return int(version)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead mode, where the file system has it.

    The switch needs the file for itself for a moment, and does not heed the busy timeout: two
    servers that start at once have to take turns.
    """
    deadline_ns = monotonic_ns() + int(_BUSY_S * 1e9)
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError:
            if monotonic_ns() > deadline_ns:
                raise
            time.sleep(0.005)
        else:
            return
