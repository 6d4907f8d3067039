"""Writing traces: one session's place in the telemetry's file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ghostlap.telemetry._clock import monotonic_ns, wall_clock_offset_ns
from ghostlap.telemetry._costs import cost_of
from ghostlap.telemetry._database import open_for_writing, store_errors
from ghostlap.telemetry._facts import FactsOf, ProviderFacts
from ghostlap.telemetry._feedback import ACCEPTANCES, EditorTimes, Feedback
from ghostlap.telemetry._labels import Labeller, Labels
from ghostlap.telemetry._recent import Recent
from ghostlap.telemetry._rows import (
    ATTEMPT_COLUMNS,
    KEYSTROKE_COLUMNS,
    Frame,
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
_ACCEPT = "UPDATE keystroke SET accepted = 1 WHERE session = ? AND sequence = ?"
_INSERT_FEEDBACK = _insert(
    "INSERT OR IGNORE",
    "feedback",
    ("session", "sequence", "kind", "at_unix_ns", "length", "after_s"),
)


class Store:
    """Writes one session. For one thread; every batch is a transaction of its own."""

    def __init__(
        self,
        path: Path,
        session: Session,
        *,
        facts: FactsOf | None = None,
        wall_offset_ns: Callable[[], int] = wall_clock_offset_ns,
    ) -> None:
        self._path = path
        self._session = session
        self._clock = wall_offset_ns
        self._wall_offset_ns = wall_offset_ns()
        self._started_unix_ns = monotonic_ns() + self._wall_offset_ns
        self._connection: sqlite3.Connection | None = None
        self._labels = Labels()
        self._recent = Recent()
        self._facts = _remembered(facts)
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

    def write(
        self,
        traces: Sequence[Trace],
        feedback: Sequence[Feedback] = (),
        times: Sequence[EditorTimes] = (),
    ) -> None:
        """Write all of it, or nothing. The traces are kept for a while: nobody else may hold them.

        :raises StoreError: nothing was written, and the file is closed.
        """
        connection = self.open()
        self._follow_wall_clock()
        try:
            with store_errors(self._path):
                connection.execute("BEGIN IMMEDIATE")
                self._write(connection, traces, feedback, times)
                connection.execute("COMMIT")
        except BaseException:
            self.close()  # which rolls back
            raise

    def _write(
        self,
        connection: sqlite3.Connection,
        traces: Sequence[Trace],
        feedback: Sequence[Feedback],
        times: Sequence[EditorTimes],
    ) -> None:
        label = partial(self._labels.number, connection)
        if not self._session_id:
            self._session_id = self._find_session(connection)
        for trace in traces:
            for each in self._recent.add(trace):
                self._write_trace(connection, each, label)
        for report in times:
            if (reported := self._recent.apply(report)) is not None:
                self._write_trace(connection, reported, label)
        for event in feedback:
            if event.kind in ACCEPTANCES:
                self._recent.accept(event.sequence)
                connection.execute(_ACCEPT, (self._session_id, event.sequence))
            connection.execute(
                _INSERT_FEEDBACK,
                (
                    self._session_id,
                    event.sequence,
                    label(event.kind),
                    event.at_ns + self._wall_offset_ns,
                    event.length,
                    event.after_s,
                ),
            )

    def _write_trace(self, connection: sqlite3.Connection, trace: Trace, label: Labeller) -> None:
        origin = origin_of(trace)
        origin_ns = monotonic_ns() if origin is None else trace.stamps[origin]
        costs = [cost_of(each, self._facts(each.provider)) for each in trace.attempts]
        frame = Frame(self._session_id, origin, origin_ns, self._wall_offset_ns, self._facts, label)
        row = keystroke_row(
            trace,
            frame,
            author=self._recent.author(trace),
            accepted=self._recent.accepted(trace),
            costs=costs,
        )
        connection.execute(_INSERT_KEYSTROKE, row)
        for ordinal, (attempt, cost) in enumerate(zip(trace.attempts, costs, strict=True)):
            row = attempt_row(attempt, frame, sequence=trace.sequence, ordinal=ordinal, cost=cost)
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


def _remembered(facts: FactsOf | None) -> FactsOf:
    """`facts`, asked once per name; nothing is known where it fails: rows are worth more."""
    known: dict[str, ProviderFacts | None] = {}

    def remembered(provider: str) -> ProviderFacts | None:
        if facts is None:
            return None
        if provider not in known:
            try:
                known[provider] = facts(provider)
            except Exception:  # noqa: BLE001 - see the docstring
                known[provider] = None
        return known[provider]

    return remembered
