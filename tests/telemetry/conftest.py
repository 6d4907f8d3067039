from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from ghostlap.telemetry import AttemptOutcome, Outcome, Source, Stage, Trace, monotonic_ns

MS = 1_000_000


MakeTrace = Callable[..., Trace]
Query = Callable[..., list[tuple[object, ...]]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "telemetry.sqlite3"


@pytest.fixture
def query(path: Path) -> Query:
    """Ask the file, through a connection that has nothing to do with ghostlap's."""

    def ask(sql: str, *values: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(sql, values).fetchall()

    return ask


@pytest.fixture
def make_trace() -> MakeTrace:
    """Make a keystroke of a moment ago; `stamps_ms` counts from there. No provider: no attempt."""

    def make(
        sequence: int,
        *,
        outcome: Outcome | None = Outcome.SERVED,
        stamps_ms: Mapping[Stage, float] | None = None,
        provider: str = "chip",
        model: str = "",
        simulated: bool = False,
        language: str = "python",
    ) -> Trace:
        trace = Trace(sequence, language=language, file_type="py")
        start_ns = monotonic_ns()
        if stamps_ms is None:
            stamps_ms = {Stage.CHANGE_RECEIVED: 0}
            if outcome is Outcome.SERVED:
                stamps_ms |= {Stage.USABLE: 40, Stage.RESPONSE_SENT: 41}
        for stage, after_ms in stamps_ms.items():
            trace.stamp(stage, start_ns + round(after_ms * MS))
        if provider:
            attempt = trace.attempt(provider, model, simulated=simulated)
            attempt.won = outcome is Outcome.SERVED
            attempt.end(AttemptOutcome.COMPLETED if attempt.won else AttemptOutcome.CENSORED)
        if outcome is not None:
            trace.end(outcome)
        if outcome is Outcome.SERVED:
            trace.source = Source.PROVIDER if provider else Source.CACHE
        return trace

    return make
