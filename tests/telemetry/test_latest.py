from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ghostlap.telemetry import (
    Feedback,
    FeedbackKind,
    NothingRecorded,
    Outcome,
    Session,
    Source,
    Stage,
    Trace,
    monotonic_ns,
    wall_clock_offset_ns,
)
from ghostlap.telemetry._store import Store
from ghostlap.telemetry.latest import read_latest

MakeTrace = Callable[..., Trace]
MINUTE_NS = 60_000_000_000


def write(path: Path, *traces: Trace, feedback: tuple[Feedback, ...] = ()) -> None:
    with closing(Store(path, Session())) as store:
        store.write(traces, feedback)


def ago_ns(minutes: float) -> int:
    return monotonic_ns() + wall_clock_offset_ns() - round(minutes * MINUTE_NS)


def test_the_newest_come_first_whatever_their_session(path: Path) -> None:
    for session in range(3):
        traces = [Trace(1), Trace(2)]
        for trace in traces:
            at_ns = monotonic_ns() - (10 * trace.sequence + session) * MINUTE_NS
            trace.stamp(Stage.CHANGE_RECEIVED, at_ns)
        write(path, *traces)
    found = read_latest(path, count=4, since_unix_ns=0)
    assert [(each.session, each.sequence) for each in found.keystrokes] == [
        (1, 1),
        (2, 1),
        (3, 1),
        (1, 2),
    ]


def test_figures_are_of_the_last_minutes_and_by_provider(path: Path, make_trace: MakeTrace) -> None:
    old = make_trace(1)
    old.stamps[Stage.CHANGE_RECEIVED] -= 60 * MINUTE_NS
    old.stamps[Stage.USABLE] -= 60 * MINUTE_NS
    cached, failed = make_trace(4), make_trace(5, outcome=Outcome.ERROR)
    cached.source = Source.CACHE
    failed.attempts[0].error = "Overloaded"
    accepted = Feedback(2, FeedbackKind.ACCEPTED, monotonic_ns())
    write(path, old, make_trace(2), make_trace(3), cached, failed, feedback=(accepted,))
    found = read_latest(path, count=10, since_unix_ns=ago_ns(15))
    (row,) = found.rolling
    assert (row.provider, row.keystrokes, row.served, row.errors, row.accepted) == (
        "chip",
        4,
        3,
        1,
        1,
    )
    assert (row.latencies, row.p50_ms, row.p95_ms) == (2, 40, 40)
    assert found.errors == (("chip", "Overloaded", 1),)
    assert len(found.keystrokes) == 5


def test_without_a_file_nothing_is_recorded(path: Path) -> None:
    with pytest.raises(NothingRecorded):
        read_latest(path, count=1, since_unix_ns=0)
