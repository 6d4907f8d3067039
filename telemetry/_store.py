"""Writing traces: one session's place in the telemetry's file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ghostlap.telemetry._clock import monotonic_ns, wall_clock_offset_ns
from ghostlap.telemetry._database import open_for_writing, store_errors
from ghostlap.telemetry._feedback import Feedback
from ghostlap.telemetry._labels import Labeller, Labels
from ghostlap.telemetry._rows import (
    ATTEMPT_COLUMNS,
    KEYSTROKE_COLUMNS,
    attempt_row,
    keystroke_row,
    origin_of,
)
from ghostlap.telemetry._session import Session
from ghostlap.telemetry._trace import Trace

__all__ = ["Store"]

_CLOCK_STEP_NS = 1_000_000_000
"""Beyond this the wall clock was set, or the machine slept: no clock drifts that far by itself
between two batches."""


def _insert(verb: str, table: str, columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES ({marks})"


_SESSION_COLUMNS = (
    "uuid",
    "started_unix_ns",
    "wall_offset_ns",
    "version",
    "client",
    "client_version",
)
_INSERT_SESSION = _insert("INSERT OR IGNORE", "session", _SESSION_COLUMNS)
_INSERT_KEYSTROKE = _insert("INSERT OR REPLACE", "keystroke", KEYSTROKE_COLUMNS)
_INSERT_ATTEMPT = _insert("INSERT OR REPLACE", "attempt", ATTEMPT_COLUMNS)
_INSERT_FEEDBACK = _insert(
    "INSERT OR IGNORE", "feedback", ("session", "sequence", "kind", "at_unix_ns", "length")
)


class Store:
    """Writes one session. For one thread; every batch is a transaction of its own."""

    def __init__(
        self,
        path: Path,
        session: Session,
        *,
        wall_offset_ns: Callable[[], int] = wall_clock_offset_ns,
    ) -> None:
        self._path = path
        self._session = session
        self._clock = wall_offset_ns
        self._wall_offset_ns = wall_offset_ns()
        self._started_unix_ns = monotonic_ns() + self._wall_offset_ns
        self._connection: sqlite3.Connection | None = None
        self._labels = Labels()
        self._session_id = 0

    def open(self) -> sqlite3.Connection:
        """Open the file, unless it is open.

        :raises StoreError:
        """
        if self._connection is None:
            self._connection = open_for_writing(self._path)
        return self._connection

    def close(self) -> None:
        """Let go of the file. A later write opens it again."""
        self._labels.forget()
        self._session_id = 0
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def write(self, traces: Sequence[Trace], feedback: Sequence[Feedback] = ()) -> None:
        """Write all of it, or nothing.

        :raises StoreError: nothing was written, and the file is closed.
        """
        connection = self.open()
        self._follow_wall_clock()
        try:
            with store_errors(self._path):
                connection.execute("BEGIN IMMEDIATE")
                self._write(connection, traces, feedback)
                connection.execute("COMMIT")
        except BaseException:
            self.close()  # which rolls back
            raise

    def _write(
        self,
        connection: sqlite3.Connection,
        traces: Sequence[Trace],
        feedback: Sequence[Feedback],
    ) -> None:
        label = partial(self._labels.number, connection)
        if not self._session_id:
            self._session_id = self._find_session(connection)
        for trace in traces:
            self._write_trace(connection, trace, label)
        for event in feedback:
            connection.execute(
                _INSERT_FEEDBACK,
                (
                    self._session_id,
                    event.sequence,
                    label(event.kind),
                    event.at_ns + self._wall_offset_ns,
                    event.length,
                ),
            )

    def _write_trace(self, connection: sqlite3.Connection, trace: Trace, label: Labeller) -> None:
        origin = origin_of(trace)
        origin_ns = monotonic_ns() if origin is None else trace.stamps[origin]
        row = keystroke_row(
            trace,
            self._session_id,
            origin=origin,
            origin_ns=origin_ns,
            wall_offset_ns=self._wall_offset_ns,
            label=label,
        )
        connection.execute(_INSERT_KEYSTROKE, row)
        for ordinal, attempt in enumerate(trace.attempts):
            row = attempt_row(
                attempt,
                self._session_id,
                trace.sequence,
                ordinal,
                origin_ns=origin_ns,
                label=label,
            )
            connection.execute(_INSERT_ATTEMPT, row)

    def _find_session(self, connection: sqlite3.Connection) -> int:
        session = self._session
        connection.execute(
            _INSERT_SESSION,
            (
                session.uuid,
                self._started_unix_ns,
                self._wall_offset_ns,
                session.version,
                session.client,
                session.client_version,
            ),
        )
        query = "SELECT id FROM session WHERE uuid = ?"
        (number,) = connection.execute(query, (session.uuid,)).fetchone()
        return int(number)

    def _follow_wall_clock(self) -> None:
        """Take the wall clock's offset anew if it jumped: the monotonic clock may stand still
        while the machine sleeps, and the days of later rows would be wrong.
        """
        offset_ns = self._clock()
        if abs(offset_ns - self._wall_offset_ns) > _CLOCK_STEP_NS:
            self._wall_offset_ns = offset_ns
