from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from ghostlap.telemetry import GROUPINGS, Session, Stage, Trace
from ghostlap.telemetry._columns import GroupKey, read_columns
from ghostlap.telemetry._database import open_for_reading
from ghostlap.telemetry._store import Store
from ghostlap.telemetry._tally import Tally, read_tallies
from ghostlap.telemetry._twin import Twin, twin_of_large

MakeTrace = Callable[..., Trace]
T = TypeVar("T")


def write(path: Path, *traces: Trace) -> None:
    with closing(Store(path, Session())) as store:
        store.write(traces)


@pytest.fixture
def filled(path: Path, make_trace: MakeTrace) -> Path:
    for session in range(5):
        stamps = {Stage.CHANGE_RECEIVED: 0, Stage.USABLE: 10 * session + 2**21}
        write(path, *(make_trace(n, stamps_ms=stamps) for n in range(session + 1)))
    return path


@pytest.fixture
def connection(filled: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_for_reading(filled)) as opened:
        yield opened


class Hurried(Twin):
    """Is never quick enough: a server writes whenever something was begun."""

    def __init__(
        self, thread: ThreadPoolExecutor, connection: sqlite3.Connection, write: Callable[[], None]
    ) -> None:
        super().__init__(thread, connection)
        self._write = write

    def start(self, query: Callable[[sqlite3.Connection], T]) -> Future[T]:
        found = super().start(query)
        found.result()
        self._write()
        return found


def count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM keystroke").fetchone()[0])


@pytest.mark.parametrize("by", GROUPINGS)
def test_two_halves_are_the_whole(filled: Path, connection: sqlite3.Connection, by: str) -> None:
    alone = read_columns(connection, by)
    with twin_of_large(filled, large_bytes=0) as twin:
        assert twin is not None
        assert twin.begin_with(connection)
        together = read_columns(connection, by, helper=twin)
    assert len(together) == len(alone) == 15
    for field in ("key", "latency_ns", "cost_low", "cost_high", "origin", "cached"):
        assert np.array_equal(getattr(together, field), getattr(alone, field))


def test_numbers_beyond_those_a_float_holds_are_read_exactly(
    path: Path, make_trace: MakeTrace
) -> None:
    write(path, make_trace(1))
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("UPDATE keystroke SET usable_ns = ?", (2**62 + 1,))
    with closing(open_for_reading(path)) as reader:
        assert read_columns(reader, "provider").latency_ns.tolist() == [2**62 + 1]


def test_a_file_without_keystrokes_is_no_rows_to_a_twin_either(path: Path) -> None:
    write(path)
    with closing(open_for_reading(path)) as reader, twin_of_large(path, large_bytes=0) as twin:
        assert twin is not None
        assert twin.begin_with(reader)
        assert len(read_columns(reader, "provider", helper=twin)) == 0


def test_a_small_file_has_no_twin(filled: Path) -> None:
    with twin_of_large(filled) as twin:
        assert twin is None


def test_both_see_the_same_while_others_write(
    filled: Path, connection: sqlite3.Connection, make_trace: MakeTrace
) -> None:
    with twin_of_large(filled, large_bytes=0) as twin:
        assert twin is not None
        assert twin.begin_with(connection)
        write(filled, make_trace(1))
        assert twin.start(count).result() == count(connection) == 15


def test_a_twin_that_never_saw_the_same_is_done_without(
    filled: Path, connection: sqlite3.Connection, make_trace: MakeTrace
) -> None:
    with ThreadPoolExecutor(max_workers=1) as thread:
        second = thread.submit(open_for_reading, filled).result()
        try:
            hurried = Hurried(thread, second, lambda: write(filled, make_trace(1)))
            assert not hurried.begin_with(connection)
            assert not connection.in_transaction
            assert not thread.submit(lambda: second.in_transaction).result()
            tallies: dict[GroupKey, Tally] = {}
            read_tallies(connection, tallies, by="provider", hardware={}, helper=hurried)
        finally:
            thread.submit(second.close).result()
    (tally,) = tallies.values()
    assert tally.counts["keystrokes"] == count(connection)
