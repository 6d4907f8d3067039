"""The store's schema, as numbered steps from an empty file. A step that has shipped never changes.

`PRAGMA user_version` counts the steps that a file has been through; `application_id` says that the
file is ours.

Times are nanoseconds. A keystroke's stages are stored relative to its origin, the earliest stamp
that marks its arrival, so that `usable_ns` is its availability latency. NULL: the stage was not
reached, or the provider did not say. Names and enumerations are numbers in `label`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

__all__ = ["APPLICATION_ID", "MIGRATIONS", "migrate", "read_as_latest"]

APPLICATION_ID = 0x474C4150  # "GLAP"; none of those listed in SQLite's magic.txt

Migration = Callable[[sqlite3.Connection], None]


def _001_sessions_and_keystrokes(connection: sqlite3.Connection) -> None:
    connection.execute("""
        CREATE TABLE label (
            id INTEGER PRIMARY KEY,
            text TEXT NOT NULL UNIQUE
        )
    """)
    connection.execute("""
        CREATE TABLE session (
            id INTEGER PRIMARY KEY,
            uuid TEXT NOT NULL UNIQUE,
            started_unix_ns INTEGER NOT NULL,
            wall_offset_ns INTEGER NOT NULL,  -- Unix time minus the monotonic clock, at the start
            version TEXT NOT NULL,
            client TEXT NOT NULL,
            client_version TEXT NOT NULL
        )
    """)
    connection.execute("""
        CREATE TABLE keystroke (
            session INTEGER NOT NULL REFERENCES session (id),
            sequence INTEGER NOT NULL,
            at_unix_ns INTEGER NOT NULL,      -- the origin
            origin INTEGER,                   -- which stage the origin is, as in telemetry.Stage
            language INTEGER REFERENCES label (id),
            file_type INTEGER REFERENCES label (id),
            document INTEGER NOT NULL,        -- a salted hash
            trigger INTEGER NOT NULL,
            outcome INTEGER REFERENCES label (id),
            source INTEGER REFERENCES label (id),
            text_length INTEGER NOT NULL,
            provider INTEGER REFERENCES label (id),  -- of the attempt that won, else of the primary
            model INTEGER REFERENCES label (id),
            simulated INTEGER NOT NULL,
            keystroke_ns INTEGER,
            change_received_ns INTEGER,
            request_received_ns INTEGER,
            handler_started_ns INTEGER,
            debounced_ns INTEGER,
            cache_checked_ns INTEGER,
            context_ready_ns INTEGER,
            dispatched_ns INTEGER,
            usable_ns INTEGER,
            response_sent_ns INTEGER,
            response_received_ns INTEGER,
            rendered_ns INTEGER,
            hidden_ns INTEGER,
            PRIMARY KEY (session, sequence)
        ) WITHOUT ROWID
    """)
    connection.execute("""
        CREATE TABLE attempt (
            session INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            ordinal INTEGER NOT NULL,
            provider INTEGER REFERENCES label (id),
            model INTEGER REFERENCES label (id),
            role INTEGER REFERENCES label (id),
            launch_reason INTEGER REFERENCES label (id),
            outcome INTEGER REFERENCES label (id),
            censor_cause INTEGER REFERENCES label (id),
            won INTEGER NOT NULL,
            simulated INTEGER NOT NULL,
            error INTEGER REFERENCES label (id),     -- a class name
            status INTEGER NOT NULL,
            finish_reason INTEGER REFERENCES label (id),
            cold_connection INTEGER NOT NULL,
            reconnects INTEGER NOT NULL,
            text_length INTEGER NOT NULL,
            prompt_tokens INTEGER,
            completion_tokens INTEGER,
            cached_tokens INTEGER,
            reasoning_tokens INTEGER,
            server_queue_ns INTEGER,
            server_prefill_ns INTEGER,
            server_decode_ns INTEGER,
            server_total_ns INTEGER,
            started_ns INTEGER,
            connected_ns INTEGER,
            sent_ns INTEGER,
            headers_ns INTEGER,
            first_byte_ns INTEGER,
            first_reasoning_ns INTEGER,
            first_token_ns INTEGER,
            first_usable_ns INTEGER,
            last_token_ns INTEGER,
            ended_ns INTEGER,
            PRIMARY KEY (session, sequence, ordinal)
        ) WITHOUT ROWID
    """)
    connection.execute("""
        CREATE TABLE feedback (
            session INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            kind INTEGER NOT NULL REFERENCES label (id),
            at_unix_ns INTEGER NOT NULL,
            length INTEGER NOT NULL,
            PRIMARY KEY (session, sequence, kind, at_unix_ns)
        ) WITHOUT ROWID
    """)


_ADDED_BY_002 = (
    ("keystroke", "text_from INTEGER"),  # whose answer was served; NULL: its own
    ("keystroke", "hardware INTEGER REFERENCES label (id)"),  # where the weights lie
    ("keystroke", "cold INTEGER"),  # whether the deciding attempt had to connect first
    ("keystroke", "accepted INTEGER NOT NULL DEFAULT 0"),  # wholly or partly
    ("keystroke", "cost_low_nusd INTEGER"),  # of all its attempts, in 1e-9 USD; NULL: unknown
    ("keystroke", "cost_high_nusd INTEGER"),
    ("keystroke", "policy INTEGER REFERENCES label (id)"),
    ("keystroke", "hedge_delay_ns INTEGER"),  # after which a backup was due; NULL: never by time
    ("keystroke", "denied INTEGER REFERENCES label (id)"),  # why one that was due was not started
    ("attempt", "hardware INTEGER REFERENCES label (id)"),
    ("attempt", "cost_low_nusd INTEGER"),
    ("attempt", "cost_high_nusd INTEGER"),
    ("attempt", "delay_ns INTEGER NOT NULL DEFAULT 0"),  # behind its keystroke's first attempt
    ("attempt", "prompt_length INTEGER NOT NULL DEFAULT 0"),
    ("attempt", "asked_tokens INTEGER NOT NULL DEFAULT 0"),
    ("attempt", "let_run INTEGER NOT NULL DEFAULT 0"),  # lost, and measured to its end all the same
    ("feedback", "after_s INTEGER NOT NULL DEFAULT 0"),
)

_ROLLUP = """
    TABLE rollup (
        hour INTEGER NOT NULL,            -- since 1970
        provider INTEGER NOT NULL,        -- a label, as the four below; 0: none
        model INTEGER NOT NULL,
        hardware INTEGER NOT NULL,
        language INTEGER NOT NULL,
        file_type INTEGER NOT NULL,
        simulated INTEGER NOT NULL,
        tally TEXT NOT NULL,              -- counts and histograms, as JSON: see telemetry._tally
        PRIMARY KEY (hour, provider, model, hardware, language, file_type, simulated)
    ) WITHOUT ROWID
"""
"""An hour of keystrokes of one kind, in place of their rows, which go when they are old."""

_ACCEPTED_IN_001 = """
    SELECT session, sequence FROM main.feedback WHERE kind IN (
        SELECT id FROM main.label WHERE text IN ('accepted', 'accepted_partly')
    )
"""


def _002_hardware_cost_and_rollups(connection: sqlite3.Connection) -> None:
    for table, column in _ADDED_BY_002:
        connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    connection.execute(f"CREATE {_ROLLUP}")
    connection.execute(
        f"UPDATE keystroke SET accepted = 1 WHERE (session, sequence) IN ({_ACCEPTED_IN_001})"  # noqa: S608 - the text above
    )


MIGRATIONS: tuple[Migration, ...] = (
    _001_sessions_and_keystrokes,
    _002_hardware_cost_and_rollups,
)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Take the file through the steps it lacks: all of them or none.

    Safe to call from several processes at once: one of them does it, the others find it done.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        (done,) = connection.execute("PRAGMA user_version").fetchone()
        for step in migrations[done:]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {max(done, len(migrations))}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def read_as_latest(connection: sqlite3.Connection, version: int) -> None:
    """Let queries of the latest schema read an older file, which may not be ours to migrate.

    By views of this connection's own, which stand in front of the file's tables.
    """
    if version >= len(MIGRATIONS):
        return
    assert version == 1, "there are views for every version there was"
    connection.execute(f"CREATE TEMP {_ROLLUP}")
    for table in dict.fromkeys(table for table, _ in _ADDED_BY_002):
        added = (column.split()[0] for name, column in _ADDED_BY_002 if name == table)
        values = ", ".join(f"{_VALUES_IN_001.get(name, 'NULL')} AS {name}" for name in added)
        connection.execute(f"CREATE TEMP VIEW {table} AS SELECT *, {values} FROM main.{table}")  # noqa: S608 - as above


_VALUES_IN_001 = {
    "accepted": f"(session, sequence) IN ({_ACCEPTED_IN_001})",
    "after_s": "0",
    "delay_ns": "0",
    "prompt_length": "0",
    "asked_tokens": "0",
    "let_run": "0",
}
