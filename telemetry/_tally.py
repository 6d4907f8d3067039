"""Counting the keystrokes of a store by group. What is counted as what stands here."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from ghostlap.telemetry._feedback import FeedbackKind
from ghostlap.telemetry._trace import Outcome, Source, Stage

__all__ = ["GROUPINGS", "Tally", "tally"]

_CACHED, _UNUSED = -1, -2  # no label has these numbers

_KEYS = {
    # What was answered without asking a provider is no provider's: a group of its own.
    "provider": "CASE WHEN source IN (:cache, :recycled) THEN -1 ELSE provider END, NULL",
    "model": (
        "CASE WHEN source IN (:cache, :recycled) THEN -1 ELSE provider END,"
        " CASE WHEN source NOT IN (:cache, :recycled) THEN model END"
    ),
    "language": "language, NULL",
    "file-type": "file_type, NULL",
    "day": "date(at_unix_ns / 1000000000, 'unixepoch', 'localtime'), NULL",
}

GROUPINGS = tuple(_KEYS)
"""What keystrokes can be grouped by."""

_KEYSTROKES = """
    WITH keystrokes (key, subkey, simulated, outcome, source, origin, latency_ns, was_accepted) AS (
        SELECT
            {key},
            simulated,
            outcome,
            source,
            origin,
            CASE WHEN origin <= :last_arrival THEN usable_ns END,
            outcome = :served AND EXISTS (
                SELECT 1 FROM feedback
                WHERE feedback.session = keystroke.session
                AND feedback.sequence = keystroke.sequence
                AND feedback.kind IN (:accepted, :accepted_partly)
            )
        FROM keystroke
        WHERE at_unix_ns >= :since_unix_ns
        AND (:session IS NULL OR session = (SELECT id FROM session WHERE uuid = :session))
    )
"""

_COUNTS = {
    "keystrokes": "TRUE",
    "ineligible": "outcome = :ineligible",
    "served": "outcome = :served",
    "from_cache": "outcome = :served AND source IN (:cache, :recycled)",
    "superseded": "outcome = :superseded",
    "cancelled": "outcome = :cancelled",
    "empty": "outcome = :empty",
    "errors": "outcome = :error",
    "accepted": "was_accepted",
    "censored": "outcome IN (:superseded, :cancelled) AND latency_ns IS NULL",
    "from_keystroke": "latency_ns IS NOT NULL AND origin = :keystroke",
    "within_100_ms": "outcome = :served AND latency_ns <= 100000000",
    "within_200_ms": "outcome = :served AND latency_ns <= 200000000",
    "within_500_ms": "outcome = :served AND latency_ns <= 500000000",
}

_COUNT_COLUMNS = ", ".join(f"count(*) FILTER (WHERE {rule})" for rule in _COUNTS.values())
_COUNT = f"""
    SELECT key, subkey, simulated, {_COUNT_COLUMNS} FROM keystrokes GROUP BY 1, 2, 3
"""  # noqa: S608 - made of the text above
_LATENCIES = """
    SELECT key, subkey, simulated, latency_ns FROM keystrokes WHERE latency_ns IS NOT NULL
"""


@dataclass(slots=True)
class Tally:
    """What is added up of one group."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    latencies_ns: array[int] = field(default_factory=lambda: array("q"))


def tally(
    connection: sqlite3.Connection,
    tallies: dict[tuple[str, bool], Tally],
    *,
    by: str,
    since_unix_ms: int | None = None,
    session: str | None = None,
) -> None:
    """Add a store's keystrokes to `tallies`, by their key and whether their provider is simulated.

    A million rows take about three seconds, which is why SQL does the counting.
    """
    connection.execute("BEGIN")  # both queries shall see the same rows
    texts: dict[object, str] = dict(connection.execute("SELECT id, text FROM label"))
    values = {
        **_numbers(texts),
        "since_unix_ns": min((since_unix_ms or 0) * 1_000_000, (1 << 63) - 1),
        "session": session,
    }
    keystrokes = _KEYSTROKES.format(key=_KEYS[by])
    groups: dict[tuple[object, ...], Tally] = {}
    for key, subkey, simulated, *counts in connection.execute(keystrokes + _COUNT, values):
        name = _name(key, subkey, texts)
        group = tallies.setdefault((name, bool(simulated)), Tally())
        groups[key, subkey, simulated] = group
        for what, count in zip(_COUNTS, counts, strict=True):
            group.counts[what] += count
    for *group_key, latency_ns in connection.execute(keystrokes + _LATENCIES, values):
        groups[tuple(group_key)].latencies_ns.append(latency_ns)
    connection.execute("COMMIT")


def _numbers(texts: Mapping[object, str]) -> dict[str, object]:
    """The numbers that this store has given to the words in the queries."""
    numbers = {text: number for number, text in texts.items()}
    words = (*Outcome, *Source, *FeedbackKind)
    return {
        **{word.name.lower(): numbers.get(word, _UNUSED) for word in words},
        "keystroke": Stage.KEYSTROKE,
        "last_arrival": Stage.REQUEST_RECEIVED,
    }


def _name(key: object, subkey: object, texts: Mapping[object, str]) -> str:
    if key is None:
        return ""
    if key == _CACHED:
        return "cache"
    name = texts.get(key, str(key))  # a day is its own name
    return f"{name}/{texts[subkey]}" if subkey is not None else name
