from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ghostlap.telemetry import (
    Feedback,
    FeedbackKind,
    Outcome,
    ProviderFacts,
    Session,
    Stage,
    Trace,
    Usage,
    monotonic_ns,
    summarise,
    wall_clock_offset_ns,
)
from ghostlap.telemetry._store import Store
from ghostlap.telemetry.retention import prune

MakeTrace = Callable[..., Trace]
Query = Callable[..., list[tuple[Any, ...]]]

MS = 1_000_000
HOUR_NS = 3_600_000 * MS
FACTS = {"chip": ProviderFacts("on-chip SRAM", 1.0, 1.0)}


def keystrokes(count: int, hours_ago: float, *, first: int = 1) -> list[Trace]:
    made = []
    for sequence in range(first, first + count):
        trace = Trace(sequence, language="python", file_type="py")
        start_ns = monotonic_ns() - round(hours_ago * HOUR_NS) + sequence * MS
        trace.stamp(Stage.CHANGE_RECEIVED, start_ns)
        attempt = trace.attempt("chip", "coder")
        attempt.usage = Usage(100, 10)
        if sequence % 3:
            trace.stamp(Stage.USABLE, start_ns + (20 + sequence) * MS)
            attempt.won = True
        attempt.cold_connection = sequence % 7 == 1
        trace.end(Outcome.SERVED if sequence % 3 else Outcome.SUPERSEDED)
        made.append(trace)
    return made


def now_ms(hours: float = 0) -> int:
    return (monotonic_ns() + wall_clock_offset_ns() + round(hours * HOUR_NS)) // MS


@pytest.fixture
def recorded(path: Path) -> Path:
    for hours_ago in (100, 2):
        with closing(Store(path, Session(), facts=FACTS.get)) as store:
            # A session's start is that of its store; what it holds began earlier.
            store.write(keystrokes(300, hours_ago), [Feedback(1, FeedbackKind.ACCEPTED, 1, 9)])
            store.open().execute(
                "UPDATE session SET started_unix_ns = started_unix_ns - ? WHERE id ="
                " (SELECT max(id) FROM session)",
                (round((hours_ago + 1) * HOUR_NS),),
            )
    return path


def test_pruning_deletes_old_rows_and_keeps_what_they_add_up_to(
    recorded: Path, query: Query
) -> None:
    (before,) = summarise(recorded)
    done = prune(recorded, now_ms(-24))
    assert done.keystrokes == 300
    for table in ("keystroke", "attempt"):
        assert query(f"SELECT count(*) FROM {table}") == [(300,)]
    assert query("SELECT count(*) FROM feedback") == [(1,)]
    (after,) = summarise(recorded)
    for name in ("keystrokes", "eligible", "served", "superseded", "accepted", "latencies"):
        assert getattr(after, name) == getattr(before, name), name
    for name in ("censored", "cold", "priced", "cost_usd", "share_within_100_ms", "measured_from"):
        assert getattr(after, name) == getattr(before, name), name
    assert (before.exact, after.exact) == (True, False)
    for name in ("p50_ms", "p90_ms", "p95_ms", "p99_ms"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=0.011), name


@pytest.mark.parametrize("by", ["model", "hardware", "language", "file-type", "day"])
def test_rollups_are_grouped_as_rows_are(recorded: Path, by: str) -> None:
    before = {row.key: row.keystrokes for row in summarise(recorded, by=by)}
    prune(recorded, now_ms(-24))
    assert {row.key: row.keystrokes for row in summarise(recorded, by=by)} == before


def test_pruning_again_adds_to_what_was_added_up_before(recorded: Path) -> None:
    prune(recorded, now_ms(-24))
    assert prune(recorded, now_ms(-24)).keystrokes == 0
    assert prune(recorded, now_ms(2)).keystrokes == 300
    (row,) = summarise(recorded)
    assert (row.keystrokes, row.latencies) == (600, 400)


def test_since_then_means_rollups_too(recorded: Path) -> None:
    prune(recorded, now_ms(2))
    assert [row.keystrokes for row in summarise(recorded, now_ms(-24))] == [300]
    assert summarise(recorded, now_ms(2)) == []


def test_an_hour_that_is_not_over_before_then_is_kept_whole(recorded: Path, query: Query) -> None:
    hour_ms = 3_600_000
    (first_ms,) = query("SELECT min(at_unix_ns) / 1000000 FROM keystroke")[0]
    prune(recorded, first_ms // hour_ms * hour_ms + hour_ms - 1)
    assert query("SELECT count(*) FROM keystroke") == [(600,)]


def test_vacuum_gives_the_room_back(recorded: Path) -> None:
    size = recorded.stat().st_size
    prune(recorded, now_ms(2), vacuum=True)
    assert recorded.stat().st_size < size / 2
