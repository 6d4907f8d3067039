"""The last keystrokes of the last sessions, for whoever follows them as they come."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ghostlap.telemetry._columns import label_numbers
from ghostlap.telemetry._database import open_for_reading, store_errors
from ghostlap.telemetry._quantiles import quantile
from ghostlap.telemetry._trace import Outcome, Stage

__all__ = ["Latest", "Recent", "Rolling", "read_latest"]

_SESSIONS = 8
"""More servers than one person has open."""
_PER_SESSION = 2000

_NEWEST = """
    SELECT session, sequence, at_unix_ns, origin, outcome, source, provider, model, language,
        simulated, usable_ns, response_sent_ns, accepted, policy, denied
    FROM keystroke WHERE session = ? ORDER BY sequence DESC LIMIT ?
"""
_ERRORS = """
    SELECT sequence, provider, error FROM attempt
    WHERE session = ? AND sequence >= ? AND error IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Recent:
    session: int
    sequence: int
    at_unix_ns: int
    outcome: str
    source: str
    provider: str
    model: str
    language: str
    simulated: bool
    latency_ns: int | None
    """Until a usable text was there; None: there was none."""
    waited_ns: int | None
    """Until the answer, whatever it was."""
    accepted: bool
    denied: str


@dataclass(frozen=True, slots=True)
class Rolling:
    """One provider, over the keystrokes of the last minutes."""

    provider: str
    simulated: bool
    keystrokes: int
    served: int
    superseded: int
    errors: int
    accepted: int
    latencies: int
    p50_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class Latest:
    keystrokes: tuple[Recent, ...]
    """The newest first."""
    rolling: tuple[Rolling, ...]
    errors: tuple[tuple[str, str, int], ...]
    """Provider, what went wrong, how often."""


def read_latest(path: Path, *, count: int, since_unix_ns: int) -> Latest:
    """The last `count` keystrokes, and sums over those since then. Milliseconds, however long the
    history is.

    :raises StoreError: as `summarise`.
    """
    with closing(open_for_reading(path)) as connection, store_errors(path):
        connection.execute("BEGIN")
        texts = {number: text for text, number in label_numbers(connection).items()}
        query = "SELECT id FROM session ORDER BY id DESC LIMIT ?"
        found: list[Recent] = []
        errors: dict[tuple[str, str], int] = {}
        for (session,) in connection.execute(query, (_SESSIONS,)).fetchall():
            rows = connection.execute(_NEWEST, (session, _PER_SESSION)).fetchall()
            tail = [_recent(row, texts) for row in rows]
            within = [each.sequence for each in tail if each.at_unix_ns >= since_unix_ns]
            found += tail
            if within:
                for _, provider, error in connection.execute(_ERRORS, (session, min(within))):
                    key = texts.get(provider, ""), texts.get(error, "")
                    errors[key] = errors.get(key, 0) + 1
        connection.execute("COMMIT")
    found.sort(key=lambda each: -each.at_unix_ns)
    return Latest(
        tuple(found[:count]),
        _rolling([each for each in found if each.at_unix_ns >= since_unix_ns]),
        tuple((*key, number) for key, number in sorted(errors.items(), key=lambda i: -i[1])),
    )


def _recent(row: Sequence[int | None], texts: dict[int, str]) -> Recent:
    (session, sequence, at, origin, outcome, source, provider, model, language) = row[:9]
    simulated, usable_ns, sent_ns, accepted, _, denied = row[9:]

    def text(number: int | None) -> str:
        return "" if number is None else texts.get(number, "")

    arrived = origin is not None and origin <= Stage.REQUEST_RECEIVED
    return Recent(
        session=session or 0,
        sequence=sequence or 0,
        at_unix_ns=at or 0,
        outcome=text(outcome),
        source=text(source),
        provider=text(provider),
        model=text(model),
        language=text(language),
        simulated=bool(simulated),
        latency_ns=usable_ns if arrived else None,
        waited_ns=sent_ns if arrived else None,
        accepted=bool(accepted),
        denied=text(denied),
    )


def _rolling(keystrokes: Sequence[Recent]) -> tuple[Rolling, ...]:
    groups: dict[tuple[str, bool], list[Recent]] = {}
    for each in keystrokes:
        groups.setdefault((each.provider, each.simulated), []).append(each)
    rows = [_sum(*key, group) for key, group in groups.items()]
    return tuple(sorted(rows, key=lambda row: -row.keystrokes))


def _sum(provider: str, simulated: bool, group: Sequence[Recent]) -> Rolling:
    latencies = sorted(
        each.latency_ns
        for each in group
        if each.latency_ns is not None and each.source in ("", "none", "provider")
    )

    def ended(outcome: Outcome) -> int:
        return sum(each.outcome == outcome for each in group)

    return Rolling(
        provider=provider,
        simulated=simulated,
        keystrokes=len(group),
        served=ended(Outcome.SERVED),
        superseded=ended(Outcome.SUPERSEDED),
        errors=ended(Outcome.ERROR),
        accepted=sum(each.accepted for each in group),
        latencies=len(latencies),
        p50_ms=quantile(latencies, 500) / 1e6 if latencies else None,
        p95_ms=quantile(latencies, 950) / 1e6 if latencies else None,
    )
