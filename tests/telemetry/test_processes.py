"""What becomes of the file when processes share it, die, or run out of disk."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ghostlap.telemetry import NothingRecorded, summarise
from ghostlap.telemetry._database import open_for_reading, open_for_writing

Query = Callable[..., list[tuple[Any, ...]]]

PROGRAM = Path(__file__).with_name("recording_process.py")
MAY_BE_LOST_NS = 250_000_000


@contextmanager
def recording(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    return (line.strip() for line in process.stdout if line.endswith("\n"))


def stored_sequences(path: Path) -> set[int]:
    try:
        with closing(open_for_reading(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return {number for (number,) in connection.execute("SELECT sequence FROM keystroke")}
    except NothingRecorded:
        return set()


def kill_at_random(path: Path, seed: int) -> tuple[set[int], set[int]]:
    """Kill a recording process; return what it must have stored by then, and what is stored."""
    reported: list[tuple[int, int]] = []
    until = random.Random(seed).randrange(1, 400)  # at about 2 ms each
    with recording(path, 100_000, 0.002) as process:
        for line in lines(process):
            sequence, at_ns = map(int, line.split())
            reported.append((sequence, at_ns))
            if len(reported) == until:
                process.kill()
    killed_ns = reported[-1][1]  # at the earliest
    safe = {sequence for sequence, at_ns in reported if at_ns < killed_ns - MAY_BE_LOST_NS}
    stored = stored_sequences(path)
    open_for_writing(path).close()  # a server can go on with it
    return safe, stored


@pytest.mark.parametrize("seed", range(10))
def test_a_process_that_is_killed_loses_at_most_the_last_250_ms(path: Path, seed: int) -> None:
    safe, stored = kill_at_random(path, seed)
    assert safe <= stored


def test_two_processes_write_to_one_file_at_once(path: Path, query: Query) -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(recording(path, 1500, 0)) for _ in range(2)]
        endings = [list(lines(process))[-1] for process in processes]
    assert endings == ["lost 0 problems 0"] * 2
    assert query("SELECT count(*) FROM keystroke GROUP BY session") == [(1500,), (1500,)]
    assert query("SELECT count(*) FROM session") == [(2,)]


def test_first_starts_at_once_lose_nothing(path: Path, query: Query) -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(recording(path, 1, 0)) for _ in range(6)]
        endings = [list(lines(process))[-1] for process in processes]
    assert endings == ["lost 0 problems 0"] * 6
    assert query("SELECT count(DISTINCT session) FROM keystroke") == [(6,)]


def test_it_can_be_summed_up_while_a_process_writes(path: Path) -> None:
    seen = 0
    with recording(path, 100_000, 0.001) as process:
        for line in lines(process):
            assert line
            if path.exists():
                try:
                    seen = sum(row.served for row in summarise(path))
                except NothingRecorded:
                    continue
            if seen >= 200:
                break
    assert seen >= 200


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_disk_that_fills_up_costs_rows_and_is_reported_once(path: Path) -> None:
    with recording(path, 2000, 0, 150_000) as process:
        *recorded, ending = lines(process)
    assert len(recorded) == 2000
    _, lost, _, problems = ending.split()
    assert int(problems) == 1
    assert int(lost) > 0
    assert len(stored_sequences(path)) == 2000 - int(lost)
