from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ghostlap.telemetry import GROUPINGS, Session, Stage, Trace, summarise
from ghostlap.telemetry._store import Store

MakeTrace = Callable[..., Trace]


@pytest.mark.parametrize("by", GROUPINGS)
def test_a_store_of_more_labels_than_fit_into_one_number_says_the_same(
    path: Path, make_trace: MakeTrace, by: str
) -> None:
    stamps = {Stage.CHANGE_RECEIVED: 0, Stage.USABLE: 80}
    traces = [make_trace(number, stamps_ms=stamps) for number in range(3)]
    with closing(Store(path, Session())) as store:
        store.write(traces)
    before = summarise(path, by=by)
    assert before[0].latencies == 3
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.executemany("INSERT INTO label (text) VALUES (?)", [(f"x{n}",) for n in range(1100)])
        for column in ("provider", "model", "hardware", "language", "file_type", "source"):
            # The same texts, by numbers that are too large.
            writer.execute(
                f"UPDATE label SET id = id + 5000 WHERE id IN (SELECT {column} FROM keystroke)"
            )
            writer.execute(f"UPDATE keystroke SET {column} = {column} + 5000 WHERE {column} < 5000")
        writer.execute(
            "UPDATE keystroke SET outcome = (SELECT id FROM label WHERE text = 'served')"
        )
    assert summarise(path, by=by) == before


def test_any_clocks_day_is_read(path: Path, make_trace: MakeTrace) -> None:
    with closing(Store(path, Session())) as store:
        store.write([make_trace(1)])
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("UPDATE keystroke SET at_unix_ns = ?", ((1 << 63) - 1,))
    (row,) = summarise(path, by="day")
    assert (row.keystrokes, row.served, row.key[:4]) == (1, 1, "2262")
