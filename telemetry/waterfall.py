"""Where one keystroke's time went: its stages, end to end, without gap or overlap.

The way of the text that was served is followed: through the attempt that won, else the first one.
Each stage reaches from where the one before it ended to its own stamp, so that together they are
the whole time, whatever a clock said. A provider's own durations are put inside the stretch between
sending and its first token, as far as they fit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ghostlap.telemetry._database import open_for_reading, store_errors
from ghostlap.telemetry._trace import AttemptStage, Stage

__all__ = ["AttemptBar", "Segment", "Waterfall", "path_of", "read_waterfall"]

# What the stretch that ends with each stamp is called.
_BEFORE: tuple[tuple[str, Stage], ...] = (
    ("sync", Stage.CHANGE_RECEIVED),
    ("editor", Stage.REQUEST_RECEIVED),
    ("queue", Stage.HANDLER_STARTED),
    ("cache", Stage.CACHE_CHECKED),
    ("debounce", Stage.DEBOUNCED),
    ("context", Stage.CONTEXT_READY),
    ("dispatch", Stage.DISPATCHED),
)
_AFTER: tuple[tuple[str, Stage], ...] = (
    ("shaping", Stage.USABLE),
    ("reply", Stage.RESPONSE_SENT),
    ("delivery", Stage.RESPONSE_RECEIVED),
    ("render", Stage.RENDERED),
)

_LAST = """
    SELECT k.*, s.uuid FROM keystroke k JOIN session s ON s.id = k.session
    WHERE k.session > (SELECT max(id) - 20 FROM session)
    ORDER BY k.outcome = (SELECT id FROM label WHERE text = 'served') DESC, k.at_unix_ns DESC
    LIMIT 1
"""
_BY_NUMBER = """
    SELECT k.*, s.uuid FROM keystroke k JOIN session s ON s.id = k.session
    WHERE k.sequence = ? AND s.uuid LIKE ? ORDER BY k.session DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Segment:
    name: str
    start_ns: int
    """From the keystroke's origin on, as `end_ns`."""
    end_ns: int

    @property
    def duration_ns(self) -> int:
        return self.end_ns - self.start_ns


@dataclass(frozen=True, slots=True)
class AttemptBar:
    provider: str
    model: str
    role: str
    launch_reason: str
    outcome: str
    censor_cause: str
    won: bool
    error: str
    cold: bool
    stamps_ns: Mapping[AttemptStage, int]
    """Only those that were reached."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    session: str
    sequence: int
    at_unix_ns: int
    origin: Stage | None
    outcome: str
    source: str
    text_from: int
    language: str
    policy: str
    denied: str
    simulated: bool
    total_ns: int
    """From the origin to the last thing that is known on the way to the user's eye."""
    reaches: Stage | None
    """What that was: `RENDERED`, or `RESPONSE_SENT` where the editor says no more."""
    segments: tuple[Segment, ...]
    attempts: tuple[AttemptBar, ...]
    feedback: tuple[tuple[str, int], ...]
    """What became of it: kinds, and when, from the origin on."""


def path_of(
    stamps_ns: Mapping[Stage, int],
    attempt_ns: Mapping[AttemptStage, int],
    server_ns: tuple[int | None, int | None],
) -> tuple[Segment, ...]:
    """The stages on the way of the text; `server_ns` are the provider's queue and prefill."""
    marks = [(name, stamps_ns[stage]) for name, stage in _BEFORE if stage in stamps_ns]
    marks += _attempt_marks(attempt_ns, server_ns)
    marks += [(name, stamps_ns[stage]) for name, stage in _AFTER if stage in stamps_ns]
    at_ns = min(stamps_ns.values(), default=0)
    found = []
    for name, end_ns in marks:
        if end_ns > at_ns:
            found.append(Segment(name, at_ns, end_ns))
            at_ns = end_ns
    return tuple(found)


def _attempt_marks(
    at_ns: Mapping[AttemptStage, int], server_ns: tuple[int | None, int | None]
) -> Iterator[tuple[str, int]]:
    if AttemptStage.STARTED in at_ns:
        yield "hedge delay", at_ns[AttemptStage.STARTED]
    if AttemptStage.CONNECTED in at_ns:
        yield "connect", at_ns[AttemptStage.CONNECTED]
    if AttemptStage.SENT in at_ns:
        yield "send", at_ns[AttemptStage.SENT]
    first = at_ns.get(AttemptStage.FIRST_TOKEN)
    if first is not None:
        queue, prefill = (each or 0 for each in server_ns)
        if queue or prefill:
            yield "network", first - queue - prefill
            yield "provider queue", first - prefill
            yield "prefill", first
        else:
            yield "first token", first
    if AttemptStage.FIRST_USABLE in at_ns:
        yield "decode", at_ns[AttemptStage.FIRST_USABLE]


def read_waterfall(path: Path, which: str = "last") -> Waterfall | None:
    """`last`: the last keystroke that was served; else its number, in the last session that has it,
    or SESSION:NUMBER with the beginning of a session's name. None when there is no such keystroke.

    :raises StoreError: as `summarise`.
    """
    with closing(open_for_reading(path)) as connection, store_errors(path):
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        row = _find(connection, which)
        found = None if row is None else _read(connection, row)
        connection.execute("COMMIT")
        return found


def _find(connection: sqlite3.Connection, which: str) -> sqlite3.Row | None:
    session, _, number = which.rpartition(":")
    if which == "last":
        query = _LAST
        values: tuple[Any, ...] = ()
    elif number.isascii() and number.isdigit() and len(number) < 19:
        query = _BY_NUMBER
        values = int(number), f"{session}%"
    else:
        return None
    row: sqlite3.Row | None = connection.execute(query, values).fetchone()
    return row


def _read(connection: sqlite3.Connection, row: sqlite3.Row) -> Waterfall:
    texts: dict[int | None, str] = dict(
        tuple(each) for each in connection.execute("SELECT id, text FROM label")
    )
    key = row["session"], row["sequence"]
    attempts = connection.execute(
        "SELECT * FROM attempt WHERE session = ? AND sequence = ? ORDER BY ordinal", key
    ).fetchall()
    feedback = connection.execute(
        "SELECT kind, at_unix_ns FROM feedback WHERE session = ? AND sequence = ? ORDER BY 2", key
    ).fetchall()
    stamps = {stage: row[_column(stage)] for stage in Stage if row[_column(stage)] is not None}
    decisive = _decisive(attempts, texts)
    segments = path_of(
        {stage: at_ns for stage, at_ns in stamps.items() if stage is not Stage.HIDDEN},
        {} if decisive is None else _stamps(decisive),
        (None, None)
        if decisive is None
        else (decisive["server_queue_ns"], decisive["server_prefill_ns"]),
    )
    reaches = next((each for _, each in reversed(_AFTER) if each in stamps), None)
    return Waterfall(
        session=row["uuid"],
        sequence=row["sequence"],
        at_unix_ns=row["at_unix_ns"],
        origin=None if row["origin"] is None else Stage(row["origin"]),
        outcome=texts.get(row["outcome"], ""),
        source=texts.get(row["source"], ""),
        text_from=row["text_from"] or 0,
        language=texts.get(row["language"], ""),
        policy=texts.get(row["policy"], ""),
        denied=texts.get(row["denied"], ""),
        simulated=bool(row["simulated"]),
        total_ns=stamps[reaches] if reaches else max(stamps.values(), default=0),
        reaches=reaches,
        segments=segments,
        attempts=tuple(_bar(each, texts) for each in attempts),
        feedback=tuple((texts[kind], at - row["at_unix_ns"]) for kind, at in feedback),
    )


def _decisive(
    attempts: Sequence[sqlite3.Row], texts: Mapping[int | None, str]
) -> sqlite3.Row | None:
    own = [each for each in attempts if texts.get(each["role"]) not in ("shadow", "speculative")]
    return max(own, key=lambda each: (each["won"], -each["ordinal"]), default=None)


def _bar(row: sqlite3.Row, texts: Mapping[int | None, str]) -> AttemptBar:
    return AttemptBar(
        provider=texts.get(row["provider"], ""),
        model=texts.get(row["model"], ""),
        role=texts.get(row["role"], ""),
        launch_reason=texts.get(row["launch_reason"], ""),
        outcome=texts.get(row["outcome"], ""),
        censor_cause=texts.get(row["censor_cause"], ""),
        won=bool(row["won"]),
        error=texts.get(row["error"], ""),
        cold=bool(row["cold_connection"]),
        stamps_ns=_stamps(row),
    )


def _stamps(row: sqlite3.Row) -> dict[AttemptStage, int]:
    return {stage: row[_column(stage)] for stage in AttemptStage if row[_column(stage)] is not None}


def _column(stage: Stage | AttemptStage) -> str:
    return f"{stage.name.lower()}_ns"
