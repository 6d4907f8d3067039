"""Old rows: added up by the hour, and deleted. The sums stay for ever, in histograms that merge."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ghostlap.telemetry._columns import Columns, label_numbers, read_rollable
from ghostlap.telemetry._database import open_for_writing, store_errors
from ghostlap.telemetry._tally import Tally, tally_columns

__all__ = ["Pruned", "prune"]

_HOUR_NS = 3_600_000_000_000
_ROLLUP_KEY = "hour, provider, model, hardware, language, file_type, simulated"


@dataclass(frozen=True, slots=True)
class Pruned:
    keystrokes: int
    """Rows that were added up and deleted."""
    rollups: int
    """Hours of one kind that they were added to."""


def prune(path: Path, before_unix_ms: int, *, vacuum: bool = False) -> Pruned:
    """Roll up and delete the keystrokes of the whole hours before then, one session at a time.

    Servers may be writing to the file: each session is a transaction of its own, of some tens of
    milliseconds. `vacuum` gives the room back to the disk, which takes as much again meanwhile.

    :raises StoreError: what was done by then stays done.
    """
    before_ns = min(before_unix_ms * 1_000_000, (1 << 63) - 1) // _HOUR_NS * _HOUR_NS
    with closing(open_for_writing(path)) as connection, store_errors(path):
        total = Pruned(0, 0)
        for (session,) in connection.execute(
            "SELECT id FROM session WHERE started_unix_ns < ?", (before_ns,)
        ).fetchall():
            done = _prune_session(connection, session, before_ns)
            total = Pruned(total.keystrokes + done.keystrokes, total.rollups + done.rollups)
        if vacuum:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return total


def _prune_session(connection: sqlite3.Connection, session: int, before_ns: int) -> Pruned:
    connection.execute("BEGIN IMMEDIATE")
    try:
        rows = read_rollable(connection, session, before_ns)
        rollups = 0
        if len(rows):
            for key, tally in _tallies(rows, Columns(rows, label_numbers(connection))):
                _add(connection, key, tally)
                rollups += 1
            _delete(connection, session, before_ns)
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    return Pruned(len(rows), rollups)


def _tallies(
    rows: npt.NDArray[np.void], columns: Columns
) -> Iterator[tuple[tuple[int, ...], Tally]]:
    names = ("hour", "provider", "model", "hardware", "language", "file_type", "simulated")
    keys = np.stack([rows[name] for name in names], axis=1)
    distinct, places = np.unique(keys, axis=0, return_inverse=True)
    tallies = tally_columns(columns, places.reshape(-1), len(distinct))
    for key, tally in zip(distinct, tallies, strict=True):
        yield tuple(int(each) for each in key), tally


def _add(connection: sqlite3.Connection, key: tuple[int, ...], tally: Tally) -> None:
    where = " AND ".join(f"{name} = ?" for name in _ROLLUP_KEY.split(", "))
    present = connection.execute(f"SELECT tally FROM rollup WHERE {where}", key).fetchone()  # noqa: S608 - the names above
    if present is not None:
        tally.merge(Tally.from_json(present[0]))
    connection.execute(
        f"INSERT OR REPLACE INTO rollup ({_ROLLUP_KEY}, tally) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - as above
        (*key, tally.to_json()),
    )


def _delete(connection: sqlite3.Connection, session: int, before_ns: int) -> None:
    old = "SELECT sequence FROM keystroke WHERE session = ? AND at_unix_ns < ?"
    for table in ("attempt", "feedback"):
        connection.execute(
            f"DELETE FROM {table} WHERE session = ? AND sequence IN ({old})",  # noqa: S608 - as above
            (session, session, before_ns),
        )
    connection.execute(
        "DELETE FROM keystroke WHERE session = ? AND at_unix_ns < ?", (session, before_ns)
    )
