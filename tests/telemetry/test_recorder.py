from __future__ import annotations

import logging
import queue
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

from ghostlap.telemetry import (
    AttemptOutcome,
    FeedbackKind,
    MemoryRecorder,
    NewerStore,
    NullRecorder,
    Outcome,
    Recorder,
    SqliteRecorder,
    Stage,
    StoreError,
    StoreUnavailable,
    Trace,
    default_path,
    open_recorder,
)
from ghostlap.telemetry._database import open_for_writing

MakeTrace = Callable[..., Trace]
Query = Callable[..., list[tuple[Any, ...]]]
OpenRecorder = Callable[..., SqliteRecorder]


@pytest.fixture
def problems() -> queue.SimpleQueue[StoreError]:
    return queue.SimpleQueue()


@pytest.fixture
def recorder(path: Path, problems: queue.SimpleQueue[StoreError]) -> Iterator[SqliteRecorder]:
    recorder = SqliteRecorder(path, on_problem=problems.put)
    yield recorder
    recorder.close(10)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep everybody else from writing."""
    open_for_writing(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_what_was_recorded_is_in_the_file_after_closing(
    recorder: SqliteRecorder, query: Query, make_trace: MakeTrace
) -> None:
    for sequence in range(1, 501):
        recorder.record(make_trace(sequence))
    recorder.record_feedback(7, FeedbackKind.ACCEPTED, length=12)
    assert recorder.close(10)
    assert query("SELECT count(*), min(sequence), max(sequence) FROM keystroke") == [(500, 1, 500)]
    assert query("SELECT count(*) FROM attempt") == [(500,)]
    assert query("SELECT sequence, length FROM feedback") == [(7, 12)]
    assert query("SELECT uuid FROM session") == [(recorder.session,)]
    assert (recorder.lost, recorder.problem) == (0, None)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_keystroke_is_recorded_however_it_ended(
    recorder: SqliteRecorder, query: Query, make_trace: MakeTrace, outcome: Outcome
) -> None:
    recorder.record(make_trace(1, outcome=outcome))
    assert recorder.close(10)
    stored = "SELECT text FROM keystroke JOIN label ON label.id = outcome"
    assert query(stored) == [(outcome.value,)]


def test_a_trace_is_recorded_as_it_stood_then(recorder: SqliteRecorder, query: Query) -> None:
    trace = Trace(1)
    recorder.record(trace)
    trace.stamp(Stage.USABLE)
    trace.end(Outcome.SERVED)
    assert recorder.close(10)
    assert query("SELECT outcome, usable_ns FROM keystroke") == [(None, None)]


def test_closing_twice_is_closing_once(recorder: SqliteRecorder) -> None:
    assert recorder.close(10)
    assert recorder.close(10)


def test_what_is_recorded_after_closing_is_lost(recorder: SqliteRecorder) -> None:
    recorder.close(10)
    recorder.record(Trace(1))
    recorder.record_feedback(1, FeedbackKind.SHOWN)
    assert recorder.lost == 2


def test_a_file_that_is_locked_for_a_while_costs_nothing(
    recorder: SqliteRecorder,
    path: Path,
    query: Query,
    make_trace: MakeTrace,
    problems: queue.SimpleQueue[StoreError],
) -> None:
    with locked(path):
        recorder.record(make_trace(1))
        problem = problems.get(timeout=30)
        recorder.record(make_trace(2))
    assert isinstance(problem, StoreUnavailable)
    assert str(path) in str(problem)
    assert recorder.close(10)
    assert query("SELECT sequence FROM keystroke") == [(1,), (2,)]
    assert recorder.lost == 0
    assert problems.empty()


def test_a_file_that_stays_locked_costs_the_rows_and_is_reported_once(
    recorder: SqliteRecorder,
    path: Path,
    query: Query,
    make_trace: MakeTrace,
    problems: queue.SimpleQueue[StoreError],
) -> None:
    with locked(path):
        for sequence in range(3):
            recorder.record(make_trace(sequence))
        assert recorder.close(30)
        assert recorder.lost == 3
    assert query("SELECT count(*) FROM keystroke") == [(0,)]
    assert isinstance(problems.get(), StoreUnavailable)
    assert problems.empty()


def test_closing_gives_up_after_its_timeout(
    recorder: SqliteRecorder, path: Path, make_trace: MakeTrace
) -> None:
    with locked(path):
        recorder.record(make_trace(1))
        assert not recorder.close(0.01)


def test_only_so_many_rows_wait_for_a_locked_file(
    recorder: SqliteRecorder, path: Path, query: Query, make_trace: MakeTrace
) -> None:
    with locked(path):
        recorded = 0
        while not recorder.lost:
            recorder.record(make_trace(recorded))
            recorded += 1
            assert recorded < 10_000
    assert recorder.close(30)
    assert query("SELECT count(*) FROM keystroke") == [(recorded - recorder.lost,)]


async def test_recording_never_blocks_the_event_loop(
    recorder: SqliteRecorder, path: Path, make_trace: MakeTrace
) -> None:
    traces = [make_trace(sequence) for sequence in range(300)]
    with locked(path), blockbuster_ctx():
        for trace in traces:
            recorder.record(trace)
        recorder.record_feedback(1, FeedbackKind.SHOWN)


def test_a_database_of_a_newer_version_gets_nothing_and_is_reported_once(
    path: Path, make_trace: MakeTrace, problems: queue.SimpleQueue[StoreError]
) -> None:
    open_for_writing(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    recorder = SqliteRecorder(path, on_problem=problems.put)
    for sequence in range(3):
        recorder.record(make_trace(sequence))
    assert recorder.close(10)
    assert recorder.lost == 3
    assert isinstance(problems.get(), NewerStore)
    assert problems.empty()
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_stops_no_suggestion(
    tmp_path: Path, make_trace: MakeTrace, problems: queue.SimpleQueue[StoreError]
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    recorder = SqliteRecorder(tmp_path / "data" / "telemetry.sqlite3", on_problem=problems.put)
    recorder.record(make_trace(1))
    assert recorder.close(10)
    assert recorder.lost == 1
    assert isinstance(problems.get(), StoreUnavailable)


def test_a_row_that_cannot_be_stored_takes_no_other_with_it(
    recorder: SqliteRecorder,
    query: Query,
    make_trace: MakeTrace,
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorder.record(make_trace(1))
    recorder.record_feedback(1 << 70, FeedbackKind.ACCEPTED)
    recorder.record(make_trace(2))
    assert recorder.close(10)
    assert query("SELECT sequence FROM keystroke") == [(1,), (2,)]
    assert recorder.lost == 1
    assert "cannot be stored" in caplog.text


def test_a_callback_that_fails_takes_no_row_with_it(
    path: Path, query: Query, make_trace: MakeTrace, caplog: pytest.LogCaptureFixture
) -> None:
    called = queue.SimpleQueue[StoreError]()

    def fail(problem: StoreError) -> None:
        called.put(problem)
        raise RuntimeError("the event loop is closed")

    recorder = SqliteRecorder(path, on_problem=fail)
    with locked(path):
        recorder.record(make_trace(1))
        called.get(timeout=30)
    assert recorder.close(10)
    assert query("SELECT sequence FROM keystroke") == [(1,)]
    assert "locked" in caplog.text


def test_without_a_callback_the_problem_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING, "ghostlap.telemetry"):
        SqliteRecorder(tmp_path / "data" / "telemetry.sqlite3").close(10)
    assert "telemetry.path" in caplog.text


def test_opening_a_recorder_notes_who_asks(path: Path, query: Query) -> None:
    recorder = open_recorder(path, version="1.2", client="Neovim", client_version="0.12")
    recorder.record(Trace(1))
    assert recorder.close(10)
    assert query("SELECT uuid, version, client, client_version FROM session") == [
        (recorder.session, "1.2", "Neovim", "0.12")
    ]


def test_telemetry_that_is_switched_off_makes_no_file(path: Path) -> None:
    recorder = open_recorder(path, enabled=False)
    recorder.record(Trace(1))
    recorder.record_feedback(1, FeedbackKind.SHOWN)
    assert recorder.close()
    assert (recorder.lost, recorder.session) == (0, "")
    assert not path.parent.exists()


def test_the_memory_recorder_keeps_the_latest_state_of_each_keystroke() -> None:
    recorder = MemoryRecorder()
    first, second = Trace(1), Trace(2)
    recorder.record(first)
    recorder.record(second)
    first.attempt("chip").end(AttemptOutcome.COMPLETED)
    recorder.record(first)
    first.end(Outcome.SERVED)
    kept = recorder.traces
    assert [(trace.sequence, trace.outcome, len(trace.attempts)) for trace in kept] == [
        (1, None, 1),
        (2, None, 0),
    ]


def test_the_memory_recorder_keeps_feedback_until_it_is_closed() -> None:
    recorder = MemoryRecorder()
    recorder.record_feedback(1, FeedbackKind.ACCEPTED, at_ns=5, length=3)
    assert recorder.close()
    recorder.record_feedback(2, FeedbackKind.ACCEPTED)
    recorder.record(Trace(3))
    (event,) = recorder.feedback
    assert (event.sequence, event.kind, event.at_ns, event.length) == (1, "accepted", 5, 3)
    assert (recorder.traces, recorder.lost) == ([], 2)


def test_all_recorders_satisfy_the_protocol(recorder: SqliteRecorder) -> None:
    recorders: list[Recorder] = [recorder, MemoryRecorder(), NullRecorder()]
    assert [len(each.session) for each in recorders] == [32, 32, 0]


def test_the_file_is_in_the_folder_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GHOSTLAP_DATA_DIR", str(tmp_path))
    assert default_path() == tmp_path / "telemetry.sqlite3"


def test_the_file_is_in_the_users_data_folder_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GHOSTLAP_DATA_DIR", raising=False)
    path = default_path()
    assert path.is_absolute()
    assert (path.name, path.parent.name) == ("telemetry.sqlite3", "ghostlap")
