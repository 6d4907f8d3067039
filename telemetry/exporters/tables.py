"""Keystrokes as CSV, JSON lines or Parquet.

Times are milliseconds from the keystroke's origin. CSV and Parquet have one row per attempt, and
one for a keystroke without any; JSON lines have one object per keystroke, with its attempts in it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from ghostlap.telemetry._rows import origin_of
from ghostlap.telemetry._trace import Attempt, AttemptStage, Stage, Trace

__all__ = ["COLUMNS", "write_csv", "write_jsonl", "write_parquet"]

Traces = Iterable[tuple[str, Trace]]

_KEYSTROKE = (
    "session", "sequence", "at", "origin", "language", "file_type", "outcome", "source",
    "text_from", "text_length", "policy", "denied", "hedge_delay_ms",
)  # fmt: skip
_ATTEMPT = (
    "provider", "model", "role", "launch_reason", "outcome", "censor_cause", "won", "simulated",
    "error", "status", "finish_reason", "cold_connection", "reconnects", "text_length",
    "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "delay_ms",
    "let_run", "server_queue_ms", "server_prefill_ms", "server_decode_ms", "server_total_ms",
)  # fmt: skip
COLUMNS = (
    *_KEYSTROKE,
    *(f"{stage.name.lower()}_ms" for stage in Stage),
    *(f"attempt_{name}" for name in _ATTEMPT),
    *(f"attempt_{stage.name.lower()}_ms" for stage in AttemptStage),
)
"""Of CSV and Parquet."""


def write_csv(traces: Traces, out: TextIO) -> int:
    """Write them and return how many keystrokes there were."""
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    count = 0
    for session, trace in traces:
        writer.writerows(_flat(session, trace))
        count += 1
    return count


def write_jsonl(traces: Traces, out: TextIO) -> int:
    """As `write_csv`."""
    count = 0
    for session, trace in traces:
        start_ns = _start_ns(trace)
        row = _keystroke(session, trace, start_ns)
        row["attempts"] = [_attempt(each, start_ns) for each in trace.attempts]
        out.write(json.dumps(row, separators=(",", ":")) + "\n")
        count += 1
    return count


def write_parquet(traces: Traces, file: Path) -> int:
    """As `write_csv`. Needs pyarrow, the extra `ghostlap[parquet]`."""
    pa, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")

    schema = pa.schema([(name, _parquet_type(pa, name)) for name in COLUMNS])
    count = 0
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []
        for session, trace in traces:
            rows += _flat(session, trace)
            count += 1
            if len(rows) >= 20_000:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows = []
        writer.write_table(pa.Table.from_pylist(rows, schema))
    return count


def _parquet_type(pa: Any, name: str) -> Any:
    if name.endswith("_ms"):
        return pa.float64()
    if name.removeprefix("attempt_") in ("won", "simulated", "cold_connection", "let_run"):
        return pa.bool_()
    whole = ("sequence", "text_from", "text_length", "status", "reconnects")
    if name.endswith("_tokens") or name.removeprefix("attempt_") in whole:
        return pa.int64()
    return pa.string()


def _flat(session: str, trace: Trace) -> Iterator[dict[str, Any]]:
    start_ns = _start_ns(trace)
    keystroke = _keystroke(session, trace, start_ns)
    for attempt in trace.attempts:
        found = {f"attempt_{name}": value for name, value in _attempt(attempt, start_ns).items()}
        yield dict.fromkeys(COLUMNS) | keystroke | found
    if not trace.attempts:
        yield dict.fromkeys(COLUMNS) | keystroke


def _start_ns(trace: Trace) -> int:
    origin = origin_of(trace)
    return 0 if origin is None else trace.stamps[origin]


def _keystroke(session: str, trace: Trace, start_ns: int) -> dict[str, Any]:
    origin = origin_of(trace)
    at = datetime.fromtimestamp(start_ns / 1e9, UTC).isoformat(timespec="milliseconds")
    return {
        "session": session,
        "sequence": trace.sequence,
        "at": at,
        "origin": None if origin is None else origin.name.lower(),
        "language": trace.language or None,
        "file_type": trace.file_type or None,
        "outcome": trace.outcome,
        "source": trace.source,
        "text_from": trace.text_from or None,
        "text_length": trace.text_length,
        "policy": trace.policy or None,
        "denied": trace.denied or None,
        "hedge_delay_ms": trace.hedge_delay_ns / 1e6 if trace.hedge_delay_ns >= 0 else None,
        **{
            f"{stage.name.lower()}_ms": (at_ns - start_ns) / 1e6 if at_ns else None
            for stage, at_ns in zip(Stage, trace.stamps, strict=True)
        },
    }


def _attempt(attempt: Attempt, start_ns: int) -> dict[str, Any]:
    usage, timing = attempt.usage, attempt.server_timing
    found = {name: getattr(attempt, name) for name in _ATTEMPT if hasattr(attempt, name)}
    found |= {
        "delay_ms": attempt.delay_ns / 1e6,
        **{
            name: getattr(usage, name) if getattr(usage, name) >= 0 else None
            for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")
        },
        **{
            f"server_{name}_ms": None if value is None else value * 1e3
            for name, value in (
                ("queue", timing.queue_s),
                ("prefill", timing.prefill_s),
                ("decode", timing.decode_s),
                ("total", timing.total_s),
            )
        },
        **{
            f"{stage.name.lower()}_ms": (at_ns - start_ns) / 1e6 if at_ns else None
            for stage, at_ns in zip(AttemptStage, attempt.stamps, strict=True)
        },
    }
    return {name: None if value == "" else value for name, value in found.items()}
