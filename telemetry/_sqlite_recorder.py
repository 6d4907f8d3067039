"""The recorder that writes to the telemetry's file, from a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

from ghostlap.telemetry._clock import monotonic_ns
from ghostlap.telemetry._errors import StoreError
from ghostlap.telemetry._facts import FactsOf
from ghostlap.telemetry._feedback import EditorTimes, Feedback, FeedbackKind
from ghostlap.telemetry._recorder import NullRecorder, Recorder
from ghostlap.telemetry._session import Session
from ghostlap.telemetry._store import Store
from ghostlap.telemetry._trace import Trace

__all__ = ["Sink", "SqliteRecorder", "open_recorder"]

_BATCH_ROWS = 200
_BATCH_AGE_S = 0.15
"""A crash may lose 250 ms of rows, and the commit, 1 to 10 ms here, has to fit in."""
_CAPACITY = 4096
"""Rows that wait while the file cannot be written: eight minutes of fast typing, about 8 MB."""
_RETRY_S = 1.0

_log = logging.getLogger("ghostlap.telemetry")

Item = Trace | Feedback | EditorTimes


class Sink(Protocol):
    """Gets what was recorded, also what could not be written, in the writer's thread."""

    def written(self, session: str, traces: Sequence[Trace]) -> None:
        """Must not wait. The traces may still get the editor's times."""
        ...

    def close(self) -> None: ...


def open_recorder(  # noqa: PLR0913 - what is told of a session, by name
    path: Path,
    *,
    enabled: bool = True,
    version: str = "",
    client: str = "",
    client_version: str = "",
    facts: FactsOf | None = None,
    sinks: Sequence[Sink] = (),
    on_problem: Callable[[StoreError], None] | None = None,
) -> Recorder:
    """A recorder that writes to `path`, or one that keeps nothing if not `enabled`.

    Returns at once and never fails: the file is made and opened by the writer's thread. See
    `SqliteRecorder` for `on_problem`. `facts` tells what is stored of a provider's hardware and
    prices; it is called in the writer's thread, as `sinks` are.
    """
    if not enabled:
        return NullRecorder()
    session = Session(version=version, client=client, client_version=client_version)
    return SqliteRecorder(path, session, facts=facts, sinks=sinks, on_problem=on_problem)


class SqliteRecorder:
    """Hands copies of traces to one writer thread, which commits them within 250 ms.

    While the file cannot be written (locked, read-only, disk full) rows wait, up to a limit, and
    the write is tried again every second. A file that will not do at all (of a newer ghostlap,
    damaged) is given up. `on_problem` is called once, from the writer's thread, with the first
    problem there is; without it the problem is logged. Use `record` from one thread alone.
    """

    def __init__(
        self,
        path: Path,
        session: Session | None = None,
        *,
        facts: FactsOf | None = None,
        sinks: Sequence[Sink] = (),
        on_problem: Callable[[StoreError], None] | None = None,
    ) -> None:
        self._session = session or Session()
        self._store = Store(path, self._session, facts=facts)
        self._sinks = sinks
        self._on_problem = on_problem or _log_problem
        self._queue: SimpleQueue[Item | None] = SimpleQueue()
        self._hurry = threading.Event()
        self._closing = threading.Event()
        self._problem: StoreError | None = None
        self._refused = False
        self._overflowed = 0  # counted by the caller's thread
        self._unwritten = 0  # counted by the writer's
        self._thread = threading.Thread(target=self._run, name="ghostlap-telemetry", daemon=True)
        self._thread.start()

    @property
    def session(self) -> str:
        return self._session.uuid

    @property
    def lost(self) -> int:
        return self._overflowed + self._unwritten

    @property
    def problem(self) -> StoreError | None:
        """The first thing that went wrong with the file; None while nothing has."""
        return self._problem

    def record(self, trace: Trace) -> None:
        self._put(trace.copy())

    def record_feedback(
        self,
        sequence: int,
        kind: FeedbackKind,
        *,
        at_ns: int = 0,
        length: int = 0,
        after_s: int = 0,
    ) -> None:
        self._put(Feedback(sequence, kind, at_ns or monotonic_ns(), length, after_s))

    def record_editor_times(
        self,
        sequence: int,
        *,
        keystroke_ns: int = 0,
        received_ns: int = 0,
        rendered_ns: int = 0,
        hidden_ns: int = 0,
    ) -> None:
        self._put(EditorTimes(sequence, keystroke_ns, received_ns, rendered_ns, hidden_ns))

    def close(self, timeout_s: float = 2.0) -> bool:
        if not self._closing.is_set():
            self._closing.set()
            self._queue.put(None)
            self._hurry.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _put(self, item: Item) -> None:
        waiting = self._queue.qsize()
        if self._refused or waiting >= _CAPACITY or self._closing.is_set():
            self._overflowed += 1
            return
        self._queue.put(item)
        if waiting >= _BATCH_ROWS:
            self._hurry.set()

    # From here on: the writer's thread.

    def _run(self) -> None:
        try:
            self._try(self._store.open)
            more = True
            while more:
                batch, more = self._gather()
                self._write(batch)
                self._hand_on(batch)
        finally:
            self._store.close()
            for sink in self._sinks:
                sink.close()

    def _hand_on(self, batch: Sequence[Item]) -> None:
        traces = [item for item in batch if isinstance(item, Trace)]
        for sink in self._sinks if traces else ():
            try:
                sink.written(self._session.uuid, traces)
            except Exception:  # noqa: BLE001 - the thread outlives an exporter
                _log.exception("an exporter failed")

    def _gather(self) -> tuple[list[Item], bool]:
        """Wait for rows, and a little for more of them; also tells whether others may follow."""
        batch = [self._queue.get()]
        self._hurry.wait(_BATCH_AGE_S)
        if not self._closing.is_set():
            self._hurry.clear()
        while True:
            try:
                batch.append(self._queue.get_nowait())
            except Empty:
                break
        items = [item for item in batch if item is not None]
        return items, len(items) == len(batch)

    def _write(self, batch: list[Item]) -> None:
        """Write `batch`, for as long as it takes; what cannot be written is counted."""
        try:
            written = self._write_patiently(batch)
        except Exception:  # noqa: BLE001 - whatever it is, the other rows shall be kept
            # Not the file's fault but a row's, a number beyond 64 bits perhaps: find it.
            if len(batch) == 1:
                _log.exception("a row of telemetry cannot be stored")
                self._unwritten += 1
                return
            for item in batch:
                self._write([item])
        else:
            self._unwritten += 0 if written else len(batch)

    def _write_patiently(self, batch: list[Item]) -> bool:
        traces = [item for item in batch if isinstance(item, Trace)]
        feedback = [item for item in batch if isinstance(item, Feedback)]
        times = [item for item in batch if isinstance(item, EditorTimes)]
        last = self._closing.is_set()
        while not self._try(lambda: self._store.write(traces, feedback, times)):
            if self._refused or last:
                return False
            last = self._closing.wait(_RETRY_S)
        return True

    def _try(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except StoreError as error:
            self._refused = not error.retryable
            if self._problem is None:
                self._problem = error
                self._tell(error)
            return False
        return True

    def _tell(self, problem: StoreError) -> None:
        try:
            self._on_problem(problem)
        except Exception:  # noqa: BLE001 - the thread outlives a callback
            _log.exception("telemetry: %s", problem)


def _log_problem(problem: StoreError) -> None:
    _log.warning("%s", problem)
