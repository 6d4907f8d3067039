from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ghostlap.telemetry import (
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    EditorTimes,
    Feedback,
    FeedbackKind,
    LaunchReason,
    Outcome,
    ProviderFacts,
    Role,
    ServerTiming,
    Session,
    Source,
    Stage,
    StoreUnavailable,
    Trace,
    Usage,
    wall_clock_offset_ns,
)
from ghostlap.telemetry._store import Store

MakeTrace = Callable[..., Trace]
Query = Callable[..., list[tuple[Any, ...]]]

MS = 1_000_000
START_NS = 10**15


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(Store(path, Session("1.2", "Neovim", "0.12"))) as store:
        yield store


def row(query: Query, table: str) -> dict[str, Any]:
    """Return the one row of `table`, with the labels spelled out."""
    columns = [name for (_, name, *_) in query(f"PRAGMA table_info({table})")]
    labels: dict[int, str] = dict(query("SELECT id, text FROM label"))
    foreign = {
        column
        for (_, _, other, column, *_) in query(f"PRAGMA foreign_key_list({table})")
        if other == "label"
    }
    (values,) = query(f"SELECT * FROM {table}")
    return {
        name: labels.get(value) if name in foreign else value
        for name, value in zip(columns, values, strict=True)
    }


def test_a_keystroke_is_stored_with_its_stages_from_its_arrival_on(
    store: Store, query: Query
) -> None:
    trace = Trace(5, language="python", file_type="py")
    trace.document, trace.trigger, trace.text_length = 1 << 40, 1, 17
    for stage in Stage:
        trace.stamp(stage, START_NS + stage * MS)
    trace.source = Source.PROVIDER
    trace.policy, trace.hedge_delay_ns, trace.denied = "hedge", 250 * MS, "bucket"
    trace.end(Outcome.SERVED)
    store.write([trace])
    stored = row(query, "keystroke")
    at_unix_ns = stored.pop("at_unix_ns")
    assert abs(at_unix_ns - START_NS - wall_clock_offset_ns()) < 10**9
    assert stored == {
        "session": 1,
        "sequence": 5,
        "origin": Stage.KEYSTROKE,
        "language": "python",
        "file_type": "py",
        "document": 1 << 40,
        "trigger": 1,
        "outcome": "served",
        "source": "provider",
        "text_length": 17,
        "provider": None,
        "model": None,
        "simulated": 0,
        "text_from": None,
        "hardware": None,
        "cold": None,
        "accepted": 0,
        "cost_low_nusd": None,
        "cost_high_nusd": None,
        "policy": "hedge",
        "hedge_delay_ns": 250 * MS,
        "denied": "bucket",
        **{f"{stage.name.lower()}_ns": stage * MS for stage in Stage},
    }


def test_an_attempt_is_stored_with_its_stages_from_the_keystrokes_arrival_on(
    store: Store, query: Query
) -> None:
    trace = Trace(5)
    trace.stamp(Stage.REQUEST_RECEIVED, START_NS)
    attempt = trace.attempt(
        "chip", "coder", role=Role.BACKUP, launch_reason=LaunchReason.DELAY, simulated=True
    )
    for stage in AttemptStage:
        attempt.stamps[stage] = START_NS + (stage + 1) * MS
    attempt.won = attempt.cold_connection = True
    attempt.finish_reason, attempt.reconnects, attempt.text_length = "stop", 2, 30
    attempt.usage = Usage(1200, 24, 1024)
    attempt.delay_ns, attempt.prompt_length = 250 * MS, 4000
    attempt.asked_tokens, attempt.let_run = 64, True
    attempt.server_timing = ServerTiming(queue_s=0.001, total_s=0.25)
    attempt.end(AttemptOutcome.CENSORED, cause=CensorCause.RACE, error="Overloaded", status=503)
    store.write([trace])
    assert row(query, "attempt") == {
        "session": 1,
        "sequence": 5,
        "ordinal": 0,
        "provider": "chip",
        "model": "coder",
        "role": "backup",
        "launch_reason": "delay",
        "outcome": "censored",
        "censor_cause": "race",
        "won": 1,
        "simulated": 1,
        "error": "Overloaded",
        "status": 503,
        "finish_reason": "stop",
        "cold_connection": 1,
        "reconnects": 2,
        "text_length": 30,
        "prompt_tokens": 1200,
        "completion_tokens": 24,
        "cached_tokens": 1024,
        "reasoning_tokens": None,
        "server_queue_ns": MS,
        "server_prefill_ns": None,
        "server_decode_ns": None,
        "server_total_ns": 250 * MS,
        "hardware": None,
        "cost_low_nusd": None,
        "cost_high_nusd": None,
        "delay_ns": 250 * MS,
        "prompt_length": 4000,
        "asked_tokens": 64,
        "let_run": 1,
        **{f"{stage.name.lower()}_ns": (stage + 1) * MS for stage in AttemptStage},
    }


def test_the_session_is_stored_once_with_who_asked(store: Store, query: Query) -> None:
    store.write([Trace(1)])
    store.write([Trace(2)])
    stored = row(query, "session")
    assert (stored["version"], stored["client"], stored["client_version"]) == (
        "1.2",
        "Neovim",
        "0.12",
    )
    assert len(stored["uuid"]) == 32


def test_feedback_is_stored_once_however_often_it_comes(store: Store, query: Query) -> None:
    event = Feedback(5, FeedbackKind.ACCEPTED_PARTLY, START_NS, 4)
    store.write([], [event, event])
    store.write([], [event])
    stored = row(query, "feedback")
    assert (stored["sequence"], stored["kind"], stored["length"]) == (5, "accepted_partly", 4)


def test_feedback_and_keystroke_of_a_session_are_on_one_clock(store: Store, query: Query) -> None:
    trace = Trace(5)
    trace.stamp(Stage.CHANGE_RECEIVED, START_NS)
    store.write([trace])
    store.write([], [Feedback(5, FeedbackKind.SHOWN, START_NS + 1234)])
    lag = "SELECT f.at_unix_ns - k.at_unix_ns FROM feedback f JOIN keystroke k USING (sequence)"
    assert query(lag) == [(1234,)]


@pytest.mark.parametrize(
    ("stamps", "origin"),
    [
        ({Stage.CHANGE_RECEIVED: 5, Stage.REQUEST_RECEIVED: 7}, Stage.CHANGE_RECEIVED),
        ({Stage.REQUEST_RECEIVED: 7, Stage.HANDLER_STARTED: 8}, Stage.REQUEST_RECEIVED),
        # The editor's clock runs ahead of ours, by the error of matching them.
        ({Stage.KEYSTROKE: 6, Stage.CHANGE_RECEIVED: 5}, Stage.CHANGE_RECEIVED),
        ({Stage.HANDLER_STARTED: 8, Stage.USABLE: 9}, Stage.HANDLER_STARTED),
        ({}, None),
    ],
)
def test_stages_count_from_the_earliest_arrival(
    store: Store, query: Query, stamps: dict[Stage, int], origin: Stage | None
) -> None:
    trace = Trace(1)
    for stage, at_ms in stamps.items():
        trace.stamp(stage, START_NS + at_ms * MS)
    store.write([trace])
    stored = row(query, "keystroke")
    start_ms = 0 if origin is None else stamps[origin]
    assert stored["origin"] == origin
    for stage in Stage:
        expected = (stamps[stage] - start_ms) * MS if stage in stamps else None
        assert stored[f"{stage.name.lower()}_ns"] == expected


def test_recording_again_replaces_what_was_stored(
    store: Store, query: Query, make_trace: MakeTrace
) -> None:
    trace = make_trace(1)
    trace.stamps[Stage.RENDERED] = 0
    store.write([trace])
    trace.stamp(Stage.RENDERED)
    trace.attempt("backup")
    store.write([trace])
    assert row(query, "keystroke")["rendered_ns"] is not None
    assert query("SELECT count(*) FROM attempt") == [(2,)]


def test_a_keystroke_counts_under_its_winner_and_else_under_its_primary_attempt(
    store: Store, query: Query
) -> None:
    won, lost, unasked = Trace(1), Trace(2), Trace(3)
    for trace in (won, lost):
        trace.attempt("backup", role=Role.BACKUP, simulated=True)
        trace.attempt("primary")
    won.attempts[0].won = True
    store.write([won, lost, unasked])
    counted = """
        SELECT sequence, text, simulated FROM keystroke LEFT JOIN label ON label.id = provider
        ORDER BY sequence
    """
    assert query(counted) == [(1, "backup", 1), (2, "primary", 0), (3, None, 0)]


def test_what_only_measures_or_asks_ahead_decides_nothing(store: Store, query: Query) -> None:
    trace = Trace(1)
    trace.attempt("ahead", role=Role.SPECULATIVE)
    trace.attempt("watcher", role=Role.SHADOW).won = True
    store.write([trace])
    assert query("SELECT provider FROM keystroke") == [(None,)]


@pytest.mark.parametrize("late", [False, True])
def test_a_text_of_another_keystroke_counts_under_who_said_it(
    store: Store, query: Query, make_trace: MakeTrace, late: bool
) -> None:
    asked, cached = make_trace(1, provider="chip", model="coder"), make_trace(2, provider="")
    cached.text_from = 1
    for trace in (cached, asked) if late else (asked, cached):
        store.write([trace])
    counted = """
        SELECT sequence, p.text, m.text, text_from FROM keystroke
        JOIN label p ON p.id = provider JOIN label m ON m.id = model ORDER BY 1
    """
    assert query(counted) == [(1, "chip", "coder", None), (2, "chip", "coder", 1)]


def test_hardware_and_cost_are_stored_as_they_were_then(
    path: Path, query: Query, make_trace: MakeTrace
) -> None:
    facts = {"chip": ProviderFacts("on-chip SRAM", 0.5, 2.0, "full")}
    trace = make_trace(1)
    trace.attempts[0].usage = Usage(1000, 20)
    backup = trace.attempt("backup", role=Role.BACKUP)
    backup.usage = Usage(1000, 20)
    with closing(Store(path, Session(), facts=facts.get)) as store:
        store.write([trace])
    cost = 1000 * 500 + 20 * 2000
    columns = "text, cost_low_nusd, cost_high_nusd"
    stored = query(f"SELECT {columns} FROM keystroke JOIN label ON label.id = hardware")
    assert stored == [("on-chip SRAM", cost, cost)]
    stored = query(f"SELECT {columns} FROM attempt LEFT JOIN label ON label.id = hardware")
    assert stored == [("on-chip SRAM", cost, cost), (None, None, None)]


def test_facts_that_fail_cost_no_row(path: Path, query: Query, make_trace: MakeTrace) -> None:
    def fail(_provider: str) -> ProviderFacts | None:
        raise KeyError

    with closing(Store(path, Session(), facts=fail)) as store:
        store.write([make_trace(1)])
    assert query("SELECT sequence, hardware FROM keystroke") == [(1, None)]


@pytest.mark.parametrize("early", [False, True])
def test_the_editors_times_become_stages_of_their_keystroke(
    store: Store, query: Query, early: bool
) -> None:
    trace = Trace(1)
    trace.stamp(Stage.CHANGE_RECEIVED, START_NS)
    trace.stamp(Stage.USABLE, START_NS + 40 * MS)
    times = EditorTimes(1, START_NS - 3 * MS, START_NS + 42 * MS, START_NS + 50 * MS)
    if early:
        store.write([], [], [times])
        store.write([trace])
    else:
        store.write([trace])
        store.write([], [], [times])
    stored = row(query, "keystroke")
    assert stored["origin"] == Stage.KEYSTROKE
    assert stored["keystroke_ns"] == 0
    assert stored["usable_ns"] == 43 * MS
    assert (stored["response_received_ns"], stored["rendered_ns"]) == (45 * MS, 53 * MS)
    assert stored["hidden_ns"] is None


@pytest.mark.parametrize("late", [False, True])
def test_an_accepted_suggestion_marks_its_keystroke(
    store: Store, query: Query, make_trace: MakeTrace, late: bool
) -> None:
    event = Feedback(1, FeedbackKind.ACCEPTED_WORD, START_NS, 4)
    for batch in ([], [event]) if late else ([event], []):
        store.write([make_trace(1), make_trace(2)], batch)
    assert query("SELECT sequence, accepted FROM keystroke") == [(1, 1), (2, 0)]


def test_a_look_at_accepted_text_is_stored_with_its_delay(store: Store, query: Query) -> None:
    store.write([], [Feedback(5, FeedbackKind.PERSISTED, START_NS, 4, 30)])
    assert row(query, "feedback")["after_s"] == 30


def test_a_trace_that_never_ended_has_no_outcome(store: Store, query: Query) -> None:
    store.write([Trace(1)])
    assert row(query, "keystroke")["outcome"] is None


@pytest.mark.parametrize(
    ("model", "stored"),
    [
        ("/home/marker/models/coder.gguf", "coder.gguf"),
        ("~/marker/coder.gguf", "coder.gguf"),
        (r"C:\Users\marker\coder.gguf", "coder.gguf"),
        ("C:/Users/marker/coder.gguf", "coder.gguf"),
        (r"\\marker\share\coder.gguf", "coder.gguf"),
        ("file:///marker/coder.gguf", "coder.gguf"),
        ("qwen/qwen2.5-coder:7b", "qwen/qwen2.5-coder:7b"),
        ("m" * 300, "m" * 80),
    ],
)
def test_no_path_gets_into_the_file_by_way_of_a_name(
    path: Path, store: Store, query: Query, make_trace: MakeTrace, model: str, stored: str
) -> None:
    store.write([make_trace(1, model=model)])
    assert row(query, "attempt")["model"] == stored
    assert all(b"marker" not in file.read_bytes() for file in path.parent.iterdir())


def test_the_days_of_rows_follow_the_wall_clock_when_it_jumps(path: Path, query: Query) -> None:
    # A drift of half a second is none; then the lid was closed for an hour.
    offsets_ns = [START_NS, START_NS, START_NS + 500 * MS, START_NS + 3_600_000 * MS]
    clock = iter(offsets_ns)
    trace = Trace(1)
    trace.stamp(Stage.CHANGE_RECEIVED, 1)
    stored = []
    with closing(Store(path, Session(), wall_offset_ns=lambda: next(clock))) as store:
        for _ in offsets_ns[1:]:
            store.write([trace])
            stored.append(row(query, "keystroke")["at_unix_ns"] - 1 - START_NS)
    assert stored == [0, 0, 3_600_000 * MS]


def test_a_full_disk_keeps_what_was_there_and_says_so(
    store: Store, query: Query, make_trace: MakeTrace
) -> None:
    store.write([make_trace(1)])
    pages = store.open().execute("PRAGMA page_count").fetchone()[0]
    store.open().execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailable, match="full"):
        store.write([make_trace(sequence, language=f"l{sequence}") for sequence in range(2, 500)])
    assert query("SELECT sequence FROM keystroke") == [(1,)]
    # The limit was the connection's: as if somebody had made room.
    store.write([make_trace(2, language="l2")])
    assert query("SELECT sequence FROM keystroke") == [(1,), (2,)]
    assert query("SELECT count(*) FROM label WHERE text = 'l2'") == [(1,)]


def test_a_batch_is_written_whole_or_not_at_all(store: Store, query: Query) -> None:
    too_large = Trace(2)
    too_large.text_length = 1 << 70
    with pytest.raises(OverflowError):
        store.write([Trace(1), too_large])
    store.write([Trace(3)])
    assert query("SELECT sequence FROM keystroke") == [(3,)]


def test_a_file_that_is_locked_is_unavailable(path: Path, store: Store) -> None:
    store.write([Trace(1)])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            store.write([Trace(2)])
    store.write([Trace(3)])


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="nothing is forbidden to root"
)
def test_a_file_that_cannot_be_written_to_is_unavailable(path: Path, store: Store) -> None:
    store.write([Trace(1)])
    store.close()
    path.chmod(0o400)
    with pytest.raises(StoreUnavailable, match="readonly"):
        store.write([Trace(2)])


def test_a_keystroke_with_its_attempt_takes_about_200_bytes(
    path: Path, store: Store, make_trace: MakeTrace
) -> None:
    stamps_ms = {stage: 0.3 * stage for stage in list(Stage)[1:10]}
    traces = [make_trace(sequence, stamps_ms=stamps_ms) for sequence in range(2000)]
    for trace in traces:
        trace.document = 1 << 46
        for stage in list(AttemptStage)[:8]:
            trace.attempts[0].stamp(stage, trace.stamps[1] + 1_000_000 + stage * 20_000_000)
        trace.attempts[0].usage = Usage(1200, 24)
    for start in range(0, 2000, 200):
        store.write(traces[start : start + 200])
    store.close()
    assert path.stat().st_size / 2000 < 240
