"""Keystrokes for which two backends were timed, and chance alone chose them.

Whoever was started with the primary to be measured, and losers of a race that were let run. A
backup that was started because the primary was late is none: it tells of late primaries only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from math import inf
from pathlib import Path

from ghostlap.telemetry._database import open_for_reading, store_errors
from ghostlap.telemetry._trace import AttemptOutcome, CensorCause, LaunchReason, Role

__all__ = ["Pair", "PairedHistory", "read_pairs"]

_ATTEMPTS = """
    SELECT
        s.uuid AS session, k.sequence, provider.text AS provider, role.text AS role,
        reason.text AS reason, outcome.text AS outcome, cause.text AS cause, a.started_ns,
        a.first_usable_ns, a.ended_ns, a.let_run, a.cost_high_nusd, k.at_unix_ns
    FROM keystroke k
    JOIN attempt a ON a.session = k.session AND a.sequence = k.sequence
    JOIN session s ON s.id = k.session
    LEFT JOIN label provider ON provider.id = a.provider
    LEFT JOIN label role ON role.id = a.role
    LEFT JOIN label reason ON reason.id = a.launch_reason
    LEFT JOIN label outcome ON outcome.id = a.outcome
    LEFT JOIN label cause ON cause.id = a.censor_cause
    WHERE k.at_unix_ns >= :since AND k.simulated = :simulated
    ORDER BY k.at_unix_ns, k.session, k.sequence, a.ordinal
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """What both backends took for one keystroke, in ms from the start of each.

    Where it was not seen, it took longer than that; infinite: nothing usable came at all.
    """

    session: str
    primary_ms: float
    primary_seen: bool
    backup_ms: float
    backup_seen: bool
    backup_usd: float | None = None
    """What the second request costs at most, by list price."""


@dataclass(frozen=True, slots=True)
class PairedHistory:
    """In the order of their times."""

    primary: str
    backup: str
    pairs: Sequence[Pair]
    requests: int
    """Keystrokes for which a provider was asked, paired or not."""
    days: float
    """From the first of them to the last."""


def read_pairs(
    paths: Sequence[Path],
    since_unix_ms: int | None = None,
    *,
    primary: str = "",
    backup: str = "",
    simulated: bool = False,
) -> PairedHistory:
    """Read the pairs of two providers; of the two that have most of them where none are named.

    :raises StoreError: as `summarise`.
    """
    values = {
        "since": min((since_unix_ms or 0) * 1_000_000, (1 << 63) - 1),
        "simulated": simulated,
    }
    found: dict[tuple[str, str], list[tuple[int, Pair]]] = {}
    requests, times = 0, []
    for path in paths:
        with closing(open_for_reading(path)) as connection, store_errors(path):
            connection.row_factory = sqlite3.Row
            for attempts in _keystrokes(connection.execute(_ATTEMPTS, values)):
                requests += 1
                at_ns = attempts[0]["at_unix_ns"]
                times.append(at_ns)
                pair = _pair(attempts)
                if pair is not None:
                    names = attempts[0]["provider"] or "", attempts[1]["provider"] or ""
                    found.setdefault(names, []).append((at_ns, pair))
    days = (max(times) - min(times)) / 86_400e9 if times else 0.0
    fitting = {
        names: pairs
        for names, pairs in found.items()
        if (not primary or names[0] == primary) and (not backup or names[1] == backup)
    }
    if not fitting:
        return PairedHistory(primary, backup, [], requests, days)
    names = max(fitting, key=lambda each: len(fitting[each]))
    ordered = [pair for _, pair in sorted(fitting[names], key=lambda each: each[0])]
    return PairedHistory(*names, ordered, requests, days)


def _keystrokes(rows: Iterable[sqlite3.Row]) -> Iterator[list[sqlite3.Row]]:
    for _, attempts in groupby(rows, key=lambda row: (row["session"], row["sequence"])):
        asked = [each for each in attempts if each["role"] != Role.SPECULATIVE]
        if asked:
            yield asked


def _pair(attempts: Sequence[sqlite3.Row]) -> Pair | None:
    if len(attempts) < 2:
        return None
    primary, backup = attempts[:2]
    race = backup["reason"] == LaunchReason.RACE and (primary["let_run"] or backup["let_run"])
    if backup["reason"] not in (LaunchReason.SHADOW, LaunchReason.MEASURE) and not race:
        return None
    first, second = _time_ms(primary), _time_ms(backup)
    if first is None or second is None:
        return None
    cost = backup["cost_high_nusd"]
    return Pair(primary["session"], *first, *second, None if cost is None else cost / 1e9)


def _time_ms(attempt: sqlite3.Row) -> tuple[float, bool] | None:
    """None: it was cut because another had won, which tells nothing without bias."""
    started_ns = attempt["started_ns"]
    if started_ns is None:
        return None
    if attempt["first_usable_ns"] is not None:
        return (attempt["first_usable_ns"] - started_ns) / 1e6, True
    if attempt["cause"] == CensorCause.RACE:
        return None
    if attempt["outcome"] != AttemptOutcome.CENSORED or attempt["ended_ns"] is None:
        return inf, False
    return (attempt["ended_ns"] - started_ns) / 1e6, False
