"""Files of every earlier schema: brought to the latest one, or read as they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ghostlap.telemetry import Session, Trace, summarise
from ghostlap.telemetry._database import open_for_reading, open_for_writing
from ghostlap.telemetry._migrations import MIGRATIONS, migrate
from ghostlap.telemetry._store import Store

MakeTrace = Callable[..., Trace]

MS = 1_000_000
LABELS = ("python", "served", "provider", "chip", "coder", "accepted", "superseded", "cache")


@pytest.fixture
def first(path: Path) -> Path:
    """Return a file of schema 1: two keystrokes served, one of them accepted, one superseded."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection, MIGRATIONS[:1])
        connection.execute("BEGIN")
        for number, text in enumerate(LABELS, 1):
            connection.execute("INSERT INTO label VALUES (?, ?)", (number, text))
        connection.execute("INSERT INTO session VALUES (1, 'ab', 1, 1, '0.1', 'Neovim', '0.12')")
        for sequence, outcome, usable_ns in ((1, 2, 40 * MS), (2, 2, 60 * MS), (3, 7, None)):
            connection.execute(
                "INSERT INTO keystroke (session, sequence, at_unix_ns, origin, language, document,"
                " trigger, outcome, source, text_length, provider, model, simulated,"
                " change_received_ns, usable_ns) VALUES (1, ?, 1, 1, 1, 0, 2, ?, 3, 9, 4, 5, 0,"
                " 0, ?)",
                (sequence, outcome, usable_ns),
            )
            connection.execute(
                "INSERT INTO attempt (session, sequence, ordinal, provider, model, won, simulated,"
                " status, cold_connection, reconnects, text_length) VALUES (1, ?, 0, 4, 5, 1, 0,"
                " 200, 0, 0, 9)",
                (sequence,),
            )
        connection.execute("INSERT INTO feedback VALUES (1, 2, 6, 5, 9)")
        connection.execute("COMMIT")
    return path


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_a_file_of_the_first_schema_keeps_its_rows_and_gets_the_new_columns(
    first: Path, make_trace: MakeTrace
) -> None:
    with closing(Store(first, Session())) as store:
        store.write([make_trace(1, provider="chip", model="coder")])
    assert version_of(first) == len(MIGRATIONS)
    (row,) = summarise(first, by="model")
    assert (row.key, row.keystrokes, row.served, row.accepted) == ("chip/coder", 4, 3, 1)


def test_a_file_of_the_first_schema_can_be_read_without_being_changed(first: Path) -> None:
    before = first.read_bytes()
    (row,) = summarise(first, by="hardware", hardware={"chip": "HBM"})
    assert (row.key, row.keystrokes, row.accepted, row.cost_usd) == ("HBM", 3, 1, None)
    assert (row.p50_ms, row.cold) == (40, 0)
    assert first.read_bytes() == before
    assert version_of(first) == 1


def test_what_is_read_of_an_older_file_is_what_it_holds_once_it_is_migrated(first: Path) -> None:
    def everything() -> list[list[tuple[object, ...]]]:
        with closing(open_for_reading(first)) as connection:
            return [
                connection.execute(f"SELECT * FROM {table}").fetchall()
                for table in ("keystroke", "attempt", "feedback", "rollup", "session")
            ]

    before = everything()
    open_for_writing(first).close()
    assert everything() == before
