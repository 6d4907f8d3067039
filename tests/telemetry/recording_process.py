"""Records keystrokes into a file, for tests that need another process to do so.

usage: recording_process.py FILE COUNT PAUSE_S [LIMIT_BYTES]

After each it prints its sequence number and the monotonic time; when it could end in peace, as the
last line, how many rows were lost and how often a problem was reported.
"""

from __future__ import annotations

# ruff: noqa: T201 - its parent reads what it prints
import sys
import threading
from pathlib import Path

from ghostlap.telemetry import (
    AttemptOutcome,
    Outcome,
    SqliteRecorder,
    Stage,
    StoreError,
    Trace,
    monotonic_ns,
)


def main(file: str, count: str, pause_s: str, limit_bytes: str = "") -> None:
    if limit_bytes:
        limit_file_size(int(limit_bytes))
    problems: list[StoreError] = []
    recorder = SqliteRecorder(Path(file), on_problem=problems.append)
    typing = threading.Event()
    for sequence in range(1, int(count) + 1):
        trace = Trace(sequence, language="python", file_type="py")
        trace.stamp(Stage.CHANGE_RECEIVED)
        trace.attempt("chip").end(AttemptOutcome.COMPLETED)
        trace.stamp(Stage.USABLE)
        trace.end(Outcome.SERVED)
        recorder.record(trace)
        print(sequence, monotonic_ns(), flush=True)
        typing.wait(float(pause_s))
    recorder.close(30)
    print("lost", recorder.lost, "problems", len(problems), flush=True)


def limit_file_size(limit_bytes: int) -> None:
    """Let every write beyond it fail, as on a full disk."""
    import resource  # noqa: PLC0415 - POSIX

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))


if __name__ == "__main__":
    main(*sys.argv[1:])
