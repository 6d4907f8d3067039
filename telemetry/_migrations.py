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

__all__ = ["APPLICATION_ID", "MIGRATIONS", "migrate"]

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


MIGRATIONS: tuple[Migration, ...] = (_001_sessions_and_keystrokes,)


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
