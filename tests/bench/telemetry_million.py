"""A million keystrokes in the store: what `stats` and `report` take, from a command's start to end.

Wall time and the most memory that the process held, Python's start included. The history is made up
and kept in `.cache/bench`; making it takes some minutes, once.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from rich.console import Console

from tests.bench._driver import BENCH, BenchError
from tests.bench._figures import Figure, figures_table
from tests.bench._history import write_history

KEYSTROKES = 1_000_000
STATS_S, REPORT_S, MEMORY_MB = 2.0, 10.0, 300.0


def measure(arguments: Sequence[str]) -> tuple[float, float]:
    """Seconds, and megabytes, that a command took."""
    start = monotonic()
    process = os.spawnv(
        os.P_NOWAIT, sys.executable, [sys.executable, "-I", "-m", "ghostlap.lsp_server", *arguments]
    )
    _, status, usage = os.wait4(process, 0)
    if status:
        raise BenchError(f"ghostlap {' '.join(arguments)} ended with {status}")
    per_mb = 1e6 if sys.platform == "darwin" else 1e3
    return monotonic() - start, usage.ru_maxrss / per_mb


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="telemetry_million", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    parser.add_argument("--keystrokes", type=int, default=KEYSTROKES)
    arguments = parser.parse_args(argv)
    if os.name != "posix":
        raise BenchError("the memory of a process is read by POSIX means")
    BENCH.mkdir(parents=True, exist_ok=True)
    database = BENCH / f"history-2-{arguments.keystrokes}.sqlite3"
    if not database.exists():
        half_made = database.with_suffix(".new")
        half_made.unlink(missing_ok=True)
        write_history(half_made, arguments.keystrokes)
        half_made.rename(database)
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        page = str(Path(folder, "report.html"))
        for name, limit_s, command in (
            ("stats", STATS_S, ["stats", "--json"]),
            ("stats --by model", STATS_S, ["stats", "--json", "--by", "model"]),
            ("report", REPORT_S, ["report", "-o", page]),
        ):
            sys.stdout.flush()
            seconds, megabytes = _quietly([*command, "--db", str(database)])
            figures.append(Figure(name, seconds, "s", limit_s))
            figures.append(Figure(f"{name}, memory", megabytes, "MB", MEMORY_MB))
    figures_table(Console(width=100), f"{arguments.keystrokes:,} keystrokes", figures)
    return int(arguments.strict and any(figure.missed for figure in figures))


def _quietly(arguments: Sequence[str]) -> tuple[float, float]:
    out, null = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 1)
        return measure(arguments)
    finally:
        os.dup2(out, 1)
        os.close(out)
        os.close(null)
