"""The rows of a store as traces again, for whoever exports them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from ghostlap.telemetry._database import open_for_reading, store_errors
from ghostlap.telemetry._trace import (
    Attempt,
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    LaunchReason,
    Outcome,
    Role,
    ServerTiming,
    Source,
    Stage,
    Trace,
    Usage,
)

__all__ = ["read_traces"]

_KEYSTROKES = "SELECT * FROM keystroke WHERE at_unix_ns >= ? ORDER BY session, sequence"
_ATTEMPTS = """
    SELECT a.* FROM attempt a
    JOIN keystroke k ON k.session = a.session AND k.sequence = a.sequence
    WHERE k.at_unix_ns >= ? ORDER BY a.session, a.sequence, a.ordinal
"""


def read_traces(path: Path, since_unix_ms: int | None = None) -> Iterator[tuple[str, Trace]]:
    """Yield each keystroke with its session's name; its stamps are Unix time, in nanoseconds.

    :raises StoreError: as `summarise`.
    """
    since_ns = min((since_unix_ms or 0) * 1_000_000, (1 << 63) - 1)
    with closing(open_for_reading(path)) as connection, store_errors(path):
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        texts = {row["id"]: row["text"] for row in connection.execute("SELECT * FROM label")}
        sessions = {row["id"]: row["uuid"] for row in connection.execute("SELECT * FROM session")}
        attempts = _Ahead(connection.execute(_ATTEMPTS, (since_ns,)))
        for row in connection.execute(_KEYSTROKES, (since_ns,)):
            trace = _trace(row, texts)
            key = row["session"], row["sequence"]
            trace.attempts = [_attempt(each, row, texts) for each in attempts.of(key)]
            yield sessions[row["session"]], trace
        connection.execute("COMMIT")


class _Ahead:
    """Rows in the order of their keystrokes, handed out keystroke by keystroke."""

    def __init__(self, rows: sqlite3.Cursor) -> None:
        self._rows = rows
        self._next: sqlite3.Row | None = rows.fetchone()

    def of(self, key: tuple[int, int]) -> Iterator[sqlite3.Row]:
        while self._next is not None and (self._next["session"], self._next["sequence"]) == key:
            yield self._next
            self._next = self._rows.fetchone()


def _trace(row: sqlite3.Row, texts: Mapping[int, str]) -> Trace:
    trace = Trace(
        row["sequence"],
        language=texts.get(row["language"], ""),
        file_type=texts.get(row["file_type"], ""),
    )
    trace.document, trace.trigger = row["document"], row["trigger"]
    trace.stamps = _stamps(row, tuple(Stage), row["at_unix_ns"])
    outcome = texts.get(row["outcome"], "")
    trace.outcome = Outcome(outcome) if outcome else None
    trace.source = Source(texts.get(row["source"], Source.NONE))
    trace.text_from, trace.text_length = row["text_from"] or 0, row["text_length"]
    trace.policy, trace.denied = texts.get(row["policy"], ""), texts.get(row["denied"], "")
    delay_ns = row["hedge_delay_ns"]
    trace.hedge_delay_ns = -1 if delay_ns is None else delay_ns
    return trace


def _attempt(row: sqlite3.Row, keystroke: sqlite3.Row, texts: Mapping[int, str]) -> Attempt:
    attempt = Attempt(
        texts.get(row["provider"], ""),
        texts.get(row["model"], ""),
        role=Role(texts.get(row["role"], Role.PRIMARY)),
        launch_reason=LaunchReason(texts.get(row["launch_reason"], LaunchReason.REQUEST)),
        simulated=bool(row["simulated"]),
    )
    attempt.stamps = _stamps(row, tuple(AttemptStage), keystroke["at_unix_ns"])
    attempt.outcome = AttemptOutcome(texts.get(row["outcome"], AttemptOutcome.RUNNING))
    attempt.censor_cause = CensorCause(texts.get(row["censor_cause"], CensorCause.NONE))
    attempt.won, attempt.let_run = bool(row["won"]), bool(row["let_run"])
    attempt.error, attempt.status = texts.get(row["error"], ""), row["status"]
    attempt.finish_reason = texts.get(row["finish_reason"], "")
    attempt.cold_connection = bool(row["cold_connection"])
    attempt.reconnects, attempt.text_length = row["reconnects"], row["text_length"]
    attempt.delay_ns, attempt.prompt_length = row["delay_ns"], row["prompt_length"]
    attempt.asked_tokens = row["asked_tokens"]
    attempt.usage = Usage(
        *(
            -1 if row[name] is None else row[name]
            for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")
        )
    )
    attempt.server_timing = ServerTiming(
        *(
            None if row[f"server_{name}_ns"] is None else row[f"server_{name}_ns"] / 1e9
            for name in ("queue", "prefill", "decode", "total")
        )
    )
    return attempt


def _stamps(
    row: sqlite3.Row, stages: Sequence[Stage] | Sequence[AttemptStage], origin_ns: int
) -> list[int]:
    offsets = (row[f"{stage.name.lower()}_ns"] for stage in stages)
    return [0 if offset is None else origin_ns + offset for offset in offsets]
