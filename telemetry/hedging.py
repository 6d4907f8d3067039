"""What hedging brought and what it cost: who won and by how much, what was launched and denied.

Counted over the keystrokes that a policy handled. A loser that was cut short when the other had won
has no time of its own: its margin is a lower bound, and is counted as one. Latency with hedging and
of the primary alone is compared over unbiased pairs only: keystrokes whose two attempts were both
measured to their first usable text, whichever won (a shadow start, or a loser that was let run).
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ghostlap.telemetry._columns import first_of_the_latest, label_numbers
from ghostlap.telemetry._database import open_for_reading, store_errors
from ghostlap.telemetry._trace import LaunchReason, Role

__all__ = ["LATEST", "HedgingSummary", "Pairing", "Winner", "summarise_hedging"]

_HANDLED = """
    k.session >= :first AND k.policy IS NOT NULL AND k.at_unix_ns >= :since
    AND k.simulated = :simulated
"""
_POLICY = f"SELECT k.policy, k.denied, count(*) FROM keystroke k WHERE {_HANDLED} GROUP BY 1, 2"  # noqa: S608 - the text above
_REQUESTS = f"""
    SELECT count(*) FROM keystroke k WHERE {_HANDLED} AND EXISTS (
        SELECT 1 FROM attempt a
        WHERE a.session = k.session AND a.sequence = k.sequence AND a.role IS NOT :speculative
    )
"""  # noqa: S608 - as above
# Most keystrokes have one attempt, of which there is no more to say than that it was made.
_ATTEMPTS = f"""
    SELECT
        k.session, k.sequence, a.provider, a.role, a.launch_reason, a.won, a.started_ns,
        a.first_usable_ns, a.ended_ns, a.text_length, a.completion_tokens, a.cost_low_nusd,
        a.cost_high_nusd, a.let_run, k.hedge_delay_ns
    FROM keystroke k
    JOIN attempt a ON a.session = k.session AND a.sequence = k.sequence
    WHERE {_HANDLED} AND EXISTS (
        SELECT 1 FROM attempt b
        WHERE b.session = k.session AND b.sequence = k.sequence AND b.ordinal > 0
    )
    ORDER BY k.session, k.sequence, a.ordinal
"""  # noqa: S608 - as above
_CHARS_PER_TOKEN = 4
LATEST = 50_000
"""Keystrokes, policy or not, that are looked at one by one; of a longer history the latest."""


@dataclass(slots=True)
class Winner:
    """A provider's races: keystrokes for which another was asked as well, and one of them won."""

    provider: str
    races: int = 0
    won: int = 0
    margins_ms: list[float] = field(default_factory=list)
    """By which it won, where the loser was measured."""
    at_least_ms: list[float] = field(default_factory=list)
    """By at least which it won, where the loser was cut short."""


@dataclass(slots=True)
class Pairing:
    """Unbiased pairs, in ms from the start of the primary; infinite where nothing usable came."""

    primary_ms: list[float] = field(default_factory=list)
    hedged_ms: list[float] = field(default_factory=list)
    """The primary, or the backup behind its delay, whichever came first."""

    def quantile_ms(self, which: Sequence[float], permille: int) -> float | None:
        """None below 1000 / (1000 - permille) pairs, or when it was never reached."""
        if len(which) * (1000 - permille) < 1000:
            return None
        rank = -(-permille * len(which) // 1000)
        value = float(np.partition(np.asarray(which), rank - 1)[rank - 1])
        return value if np.isfinite(value) else None


@dataclass(slots=True)
class HedgingSummary:
    """Sums over the keystrokes that a policy handled, of the `LATEST` in each file."""

    simulated: bool = False
    """Whether these are the keystrokes that simulated providers were asked for, or the others."""
    policies: Counter[str] = field(default_factory=Counter)
    """Keystrokes by policy."""
    denied: Counter[str] = field(default_factory=Counter)
    """Backups that were due and not started, by why."""
    launched: Counter[str] = field(default_factory=Counter)
    """Attempts beside the first, by why."""
    backups_won: int = 0
    winners: dict[str, Winner] = field(default_factory=dict)
    requests: int = 0
    """Keystrokes for which somebody was asked."""
    extra_requests: int = 0
    """Attempts beyond the first of their keystroke, all told."""
    wasted_tokens: int = 0
    """That were received of attempts that another beat; those the provider counted, else a
    quarter of the characters."""
    wasted_usd: tuple[float, float] | None = None
    """What the list price of these is, at least and at most; None: no price is known."""
    pairs: Pairing = field(default_factory=Pairing)

    @property
    def extra_share(self) -> float | None:
        return self.extra_requests / self.requests if self.requests else None

    @property
    def backups(self) -> int:
        measured = self.launched[LaunchReason.SHADOW] + self.launched[LaunchReason.MEASURE]
        return sum(self.launched.values()) - measured


class _Attempt(NamedTuple):
    provider: str
    role: str
    reason: str
    won: bool
    started_ns: int | None
    usable_ns: int | None
    ended_ns: int | None
    tokens: int
    cost_nusd: tuple[int, int] | None
    let_run: bool
    hedge_delay_ns: int | None


def summarise_hedging(
    path: Path | Sequence[Path], since_unix_ms: int | None = None
) -> HedgingSummary:
    """Read the store, or several as one.

    Simulated providers are never counted together with real ones, and are told of only where no
    policy has asked any real one.

    :raises StoreError: as `summarise`.
    """
    files = [path] if isinstance(path, Path) else path
    found = _summarise(files, since_unix_ms, simulated=False)
    if not found.policies:
        simulated = _summarise(files, since_unix_ms, simulated=True)
        return simulated if simulated.policies else found
    return found


def _summarise(
    files: Sequence[Path], since_unix_ms: int | None, *, simulated: bool
) -> HedgingSummary:
    found = HedgingSummary(simulated)
    values = {
        "since": min((since_unix_ms or 0) * 1_000_000, (1 << 63) - 1),
        "simulated": simulated,
    }
    for file in files:
        with closing(open_for_reading(file)) as connection, store_errors(file):
            connection.execute("BEGIN")
            numbers = label_numbers(connection)
            texts = {number: text for text, number in numbers.items()}
            values["first"] = first_of_the_latest(connection, LATEST)
            values["speculative"] = numbers.get(Role.SPECULATIVE, -1)
            for policy, denied, count in connection.execute(_POLICY, values):
                found.policies[texts[policy]] += count
                if denied is not None:
                    found.denied[texts[denied]] += count
            found.requests += connection.execute(_REQUESTS, values).fetchone()[0]
            _add_attempts(found, connection, values, texts)
            connection.execute("COMMIT")
    return found


def _add_attempts(
    found: HedgingSummary,
    connection: sqlite3.Connection,
    values: dict[str, int],
    texts: Mapping[int, str],
) -> None:
    attempts: list[_Attempt] = []
    present: tuple[int, int] | None = None
    for session, sequence, *rest in connection.execute(_ATTEMPTS, values):
        if (session, sequence) != present:
            _add(found, attempts)
            attempts, present = [], (session, sequence)
        attempts.append(_attempt(rest, texts))
    _add(found, attempts)


def _attempt(row: Sequence[int | None], texts: Mapping[int, str]) -> _Attempt:
    (provider, role, reason, won, started, usable, ended, length, tokens, low, high, run, delay) = (
        row
    )
    received = (length or 0) // _CHARS_PER_TOKEN if tokens is None else tokens
    return _Attempt(
        texts.get(provider or 0, ""),
        texts.get(role or 0, ""),
        texts.get(reason or 0, ""),
        bool(won),
        started,
        usable,
        ended,
        received,
        None if low is None or high is None else (low, high),
        bool(run),
        delay,
    )


def _add(found: HedgingSummary, attempts: Sequence[_Attempt]) -> None:
    asked = [each for each in attempts if each.role != Role.SPECULATIVE]
    if len(asked) <= 1:
        return
    found.extra_requests += len(asked) - 1
    for each in asked[1:]:
        found.launched[each.reason] += 1
    asked = [each for each in asked if each.reason != LaunchReason.MEASURE]
    if len(asked) == 1:
        return
    found.backups_won += any(each.won for each in asked[1:])
    _add_waste(found, asked)
    _add_race(found, asked)
    _add_pair(found.pairs, asked)


def _add_waste(found: HedgingSummary, asked: Sequence[_Attempt]) -> None:
    lost = [each for each in asked if not each.won]
    if len(lost) == len(asked):  # nobody won: the first was to be asked anyway
        lost = lost[1:]
    found.wasted_tokens += sum(each.tokens for each in lost)
    for low, high in (each.cost_nusd for each in lost if each.cost_nusd is not None):
        before = found.wasted_usd or (0.0, 0.0)
        found.wasted_usd = (before[0] + low / 1e9, before[1] + high / 1e9)


def _add_race(found: HedgingSummary, asked: Sequence[_Attempt]) -> None:
    winner = next((each for each in asked if each.won), None)
    if winner is None or winner.usable_ns is None:
        return
    for each in asked:
        found.winners.setdefault(each.provider, Winner(each.provider)).races += 1
    mine = found.winners[winner.provider]
    mine.won += 1
    for loser in asked:
        if loser is winner:
            continue
        if loser.usable_ns is not None:
            mine.margins_ms.append((loser.usable_ns - winner.usable_ns) / 1e6)
        elif loser.ended_ns is not None:
            mine.at_least_ms.append(max(loser.ended_ns - winner.usable_ns, 0) / 1e6)


def _add_pair(pairs: Pairing, asked: Sequence[_Attempt]) -> None:
    """Add a pair if chance alone chose it, and nobody's being first kept the other from a measure.

    Not a loser of a delayed backup that was let run: there was one because the primary was slow.
    """
    primary, backup = asked[0], asked[1]
    race = backup.reason == LaunchReason.RACE and (primary.let_run or backup.let_run)
    chosen = backup.reason == LaunchReason.SHADOW or race
    if not chosen or primary.started_ns is None or backup.started_ns is None:
        return
    alone_ms = _after_ms(primary)
    delay_ms = 0.0 if backup.hedge_delay_ns is None else backup.hedge_delay_ns / 1e6
    pairs.primary_ms.append(alone_ms)
    pairs.hedged_ms.append(min(alone_ms, delay_ms + _after_ms(backup)))


def _after_ms(attempt: _Attempt) -> float:
    if attempt.usable_ns is None or attempt.started_ns is None:
        return float("inf")
    return (attempt.usable_ns - attempt.started_ns) / 1e6
