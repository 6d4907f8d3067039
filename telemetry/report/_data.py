"""What the report's figures are drawn from, read in a few passes over the store."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ghostlap.telemetry._columns import Columns, Ints, label_numbers, read_columns
from ghostlap.telemetry._database import open_for_reading, store_errors
from ghostlap.telemetry._trace import AttemptStage, Outcome, Stage
from ghostlap.telemetry.acceptance import AcceptanceRow, summarise_acceptance
from ghostlap.telemetry.hedging import HedgingSummary, summarise_hedging
from ghostlap.telemetry.summary import SummaryRow, summarise
from ghostlap.telemetry.waterfall import path_of

__all__ = ["EDGES_MS", "Group", "ReportData", "collect"]

EDGES_MS = (0, 5, 10, 20, 40, 70, 100, 150, 200, 300, 500, 800, 1300, 2000, 5000)
"""Of the rows of the heat map, and of the bars of acceptance; the last one is open."""

_STAGE_SAMPLE = 20_000
"""Keystrokes of which the stages are broken down: the latest ones. Medians need no more."""

_CENSORED = """
    SELECT coalesce(hardware, 0), coalesce(provider, 0), simulated, response_sent_ns FROM keystroke
    WHERE usable_ns IS NULL AND response_sent_ns IS NOT NULL AND at_unix_ns >= ?
    AND outcome IN (SELECT id FROM label WHERE text IN ('superseded', 'cancelled'))
"""
_ERRORS = """
    SELECT provider.text, error.text, count(*) FROM attempt a
    JOIN keystroke k ON k.session = a.session AND k.sequence = a.sequence
    JOIN label error ON error.id = a.error
    LEFT JOIN label provider ON provider.id = a.provider
    WHERE a.error IS NOT NULL AND k.at_unix_ns >= ? GROUP BY 1, 2
"""


@dataclass(slots=True)
class Group:
    """The keystrokes of one provider, or of one kind of hardware."""

    name: str
    eligible: int = 0
    served_ns: list[Ints] = field(default_factory=list)
    """Until a text was there, of all that were served, whoever had been asked for it."""
    own_ns: list[Ints] = field(default_factory=list)
    """The same, of those whose own request got one."""
    censored_ns: list[int] = field(default_factory=list)
    """How long those waited that were given up before."""


@dataclass(slots=True)
class ReportData:
    files: int
    rows: list[SummaryRow]
    hedging: HedgingSummary
    acceptance: list[AcceptanceRow]
    providers: dict[str, Group] = field(default_factory=dict)
    hardware: dict[str, Group] = field(default_factory=dict)
    heat: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict)
    """By day since 1970 (UTC), how many latencies lie within each of EDGES_MS."""
    stages: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    """By provider and stage, how long it took."""
    stage_keystrokes: int = 0
    shown: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(len(EDGES_MS), dtype=np.int64)
    )
    """Served keystrokes by latency, within each of EDGES_MS."""
    accepted: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(len(EDGES_MS), dtype=np.int64)
    )
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By provider and what went wrong."""
    keystrokes: int = 0
    from_editor: int = 0
    """Keystrokes whose time the editor told."""
    first_unix_ns: int = 0
    last_unix_ns: int = 0

    @property
    def simulated(self) -> bool:
        """Whether only simulated providers served: the figures of all of them are of these then,
        and else of the real ones alone.
        """
        served = [row for row in self.rows if row.latencies]
        return bool(served) and all(row.simulated for row in served)


def collect(
    path: Path | Sequence[Path],
    since_unix_ms: int | None = None,
    *,
    hardware: Mapping[str, str] | None = None,
) -> ReportData:
    """Read the store, or several as one.

    :raises StoreError: as `summarise`.
    """
    files = [path] if isinstance(path, Path) else list(path)
    data = ReportData(
        len(files),
        summarise(files, since_unix_ms, hardware=hardware),
        summarise_hedging(files, since_unix_ms),
        summarise_acceptance(files, since_unix_ms),
    )
    for file in files:
        with closing(open_for_reading(file)) as connection, store_errors(file):
            connection.execute("BEGIN")
            _add_groups(data, connection, since_unix_ms, hardware or {})
            _add_time(data, connection, since_unix_ms)
            _add_stages(data, connection, since_unix_ms)
            for provider, error, count in connection.execute(_ERRORS, (_ns(since_unix_ms),)):
                data.errors[provider or "", error] += count
            connection.execute("COMMIT")
    return data


def _ns(since_unix_ms: int | None) -> int:
    return min((since_unix_ms or 0) * 1_000_000, (1 << 63) - 1)


def _add_groups(
    data: ReportData,
    connection: sqlite3.Connection,
    since_unix_ms: int | None,
    hardware: Mapping[str, str],
) -> None:
    texts = {number: text for text, number in label_numbers(connection).items()}
    columns = read_columns(connection, "hardware", since_unix_ms=since_unix_ms)
    data.keystrokes += len(columns)
    data.from_editor += int((columns.origin == Stage.KEYSTROKE).sum())
    served = columns.ended(Outcome.SERVED) & (columns.latency_ns >= 0)
    own = served & ~columns.cached
    eligible = ~columns.ended(Outcome.INELIGIBLE)
    codes = (columns.key << 1) | columns.simulated
    for code in np.unique(codes):
        here = codes == code
        for group in _groups(data, int(code), texts, hardware):
            group.eligible += int((here & eligible).sum())
            group.served_ns.append(columns.latency_ns[here & served])
            group.own_ns.append(columns.latency_ns[here & own])
    for memory, provider, simulated, waited in connection.execute(_CENSORED, (_ns(since_unix_ms),)):
        code = (((memory << 31) | provider) << 1) | simulated
        for group in _groups(data, code, texts, hardware):
            group.censored_ns.append(waited)
    _add_acceptance(data, columns, served & (columns.simulated == data.simulated))


def _groups(
    data: ReportData, code: int, texts: Mapping[int, str], hardware: Mapping[str, str]
) -> list[Group]:
    provider = texts.get((code >> 1) & 0x7FFFFFFF, "")
    if not provider:
        return []
    memory = texts.get(code >> 32) or hardware.get(provider, "")
    mark = " (simulated)" if code & 1 else ""
    found = [data.providers.setdefault(provider + mark, Group(provider + mark))]
    if memory:
        found.append(data.hardware.setdefault(memory + mark, Group(memory + mark)))
    return found


def _add_acceptance(data: ReportData, columns: Columns, served: npt.NDArray[np.bool_]) -> None:
    places = _places(columns.latency_ns)
    data.shown += np.bincount(places[served], minlength=len(EDGES_MS))
    data.accepted += np.bincount(places[served & columns.accepted], minlength=len(EDGES_MS))


def _places(latency_ns: Ints) -> Ints:
    edges = np.array(EDGES_MS, dtype=np.int64) * 1_000_000
    return np.maximum(np.searchsorted(edges, latency_ns, side="right") - 1, 0)


def _add_time(data: ReportData, connection: sqlite3.Connection, since_unix_ms: int | None) -> None:
    columns = read_columns(connection, "day", since_unix_ms=since_unix_ms)
    known = (columns.latency_ns >= 0) & ~columns.cached & (columns.simulated == data.simulated)
    days = (columns.key >> 31) // 96
    if len(days):
        first, last = int(days.min()) * 86_400_000_000_000, (int(days.max())) * 86_400_000_000_000
        data.first_unix_ns = min(data.first_unix_ns or first, first)
        data.last_unix_ns = max(data.last_unix_ns, last)
    places = _places(columns.latency_ns)
    for day in np.unique(days):
        counts = np.bincount(places[known & (days == day)], minlength=len(EDGES_MS))
        data.heat[int(day)] = data.heat.get(int(day), np.zeros(len(EDGES_MS), np.int64)) + counts


def _add_stages(
    data: ReportData, connection: sqlite3.Connection, since_unix_ms: int | None
) -> None:
    keystroke = [f"k.{stage.name.lower()}_ns" for stage in Stage]
    attempt = [f"a.{stage.name.lower()}_ns" for stage in AttemptStage]
    columns = ", ".join([*keystroke, *attempt, "a.server_queue_ns", "a.server_prefill_ns"])
    rows = connection.execute(
        f"SELECT p.text, {columns} FROM attempt a"  # noqa: S608 - the names above
        " JOIN keystroke k ON k.session = a.session AND k.sequence = a.sequence"
        " JOIN label p ON p.id = a.provider WHERE a.won AND k.text_from IS NULL"
        " AND k.at_unix_ns >= ? AND a.simulated = ?"
        " ORDER BY a.session DESC, a.sequence DESC LIMIT ?",
        (_ns(since_unix_ms), data.simulated, _STAGE_SAMPLE),
    )
    for provider, *values in rows:
        mine, theirs = values[: len(Stage)], values[len(Stage) : -2]
        stamps = {stage: at for stage, at in zip(Stage, mine, strict=True) if at is not None}
        stamps.pop(Stage.HIDDEN, None)
        bars = {stage: at for stage, at in zip(AttemptStage, theirs, strict=True) if at is not None}
        found = data.stages.setdefault(provider, {})
        for each in path_of(stamps, bars, (values[-2], values[-1])):
            found.setdefault(each.name, []).append(each.duration_ns)
        found.setdefault("", []).append(1)  # so many keystrokes
        data.stage_keystrokes += 1
