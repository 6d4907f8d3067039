"""Counting keystrokes by group. What is counted as what stands here."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from ghostlap.telemetry._columns import Columns, GroupKey, Ints, label_numbers, read_columns
from ghostlap.telemetry._trace import Outcome, Stage
from ghostlap.telemetry._twin import Twin
from ghostlap.telemetry.histogram import Histogram

__all__ = ["Tally", "read_tallies", "tally_columns"]

_MS_NS = 1_000_000
_LIMITS_MS = (100, 200, 500)
_NO_LATENCY = np.empty(0, dtype=np.int64)

_COUNTS = (
    "keystrokes",
    "ineligible",
    "served",
    "from_cache",
    "superseded",
    "cancelled",
    "empty",
    "errors",
    "accepted",
    "censored",
    "from_keystroke",
    *(f"within_{limit}_ms" for limit in _LIMITS_MS),
    "priced",
    "cost_low_nusd",
    "cost_high_nusd",
)


@dataclass(slots=True)
class Tally:
    """What is added up of one group: exact from rows, in histograms from rollups."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    warm_ns: Ints = field(default_factory=lambda: _NO_LATENCY)
    """Availability latencies of texts that were asked for by the keystroke itself."""
    cold_ns: Ints = field(default_factory=lambda: _NO_LATENCY)
    """The same, of those whose request had to wait for a connection."""
    old_warm: Histogram = field(default_factory=Histogram)
    old_cold: Histogram = field(default_factory=Histogram)

    @property
    def exact(self) -> bool:
        return not self.old_warm.count and not self.old_cold.count

    def latencies_ns(self) -> Ints:
        return np.sort(np.concatenate([self.warm_ns, self.cold_ns]))

    def histogram(self) -> Histogram:
        """All latencies, those of rollups included."""
        made = Histogram()
        made.merge(self.old_warm)
        made.merge(self.old_cold)
        made.add_all(self.warm_ns)
        made.add_all(self.cold_ns)
        return made

    def merge(self, other: Tally) -> None:
        for name, count in other.counts.items():
            self.counts[name] = self.counts.get(name, 0) + count
        self.warm_ns = np.concatenate([self.warm_ns, other.warm_ns])
        self.cold_ns = np.concatenate([self.cold_ns, other.cold_ns])
        self.old_warm.merge(other.old_warm)
        self.old_cold.merge(other.old_cold)

    def to_json(self) -> str:
        """For a rollup: counts, and histograms in place of the latencies."""
        warm, cold = Histogram(), Histogram()
        for made, old, latencies in (
            (warm, self.old_warm, self.warm_ns),
            (cold, self.old_cold, self.cold_ns),
        ):
            made.merge(old)
            made.add_all(latencies)
        data = {"counts": self.counts, "warm": warm.to_json(), "cold": cold.to_json()}
        return json.dumps(data, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Tally:
        data: dict[str, Any] = json.loads(text)
        made = cls(
            old_warm=Histogram.from_json(data["warm"]), old_cold=Histogram.from_json(data["cold"])
        )
        made.counts.update(data["counts"])
        return made


def read_tallies(
    connection: sqlite3.Connection,
    tallies: dict[GroupKey, Tally],
    *,
    by: str,
    since_unix_ms: int | None = None,
    session: str | None = None,
    hardware: Mapping[str, str],
    helper: Twin | None = None,
) -> None:
    """Add a store's keystrokes to `tallies`, the rolled-up ones too where no session is asked for.

    `hardware` says where a provider's weights lie, for rows that do not. A `helper` that sees the
    same rows takes its share of a large file.
    """
    if helper is None or not helper.begin_with(connection):
        helper = None
        connection.execute("BEGIN")  # rows and rollups shall belong together
    texts = {number: text for text, number in label_numbers(connection).items()}
    columns = read_columns(
        connection, by, since_unix_ms=since_unix_ms, session=session, helper=helper
    )
    if len(columns):
        keys, places = columns.groups(by, texts, hardware)
        for key, tally in zip(keys, tally_columns(columns, places, len(keys)), strict=True):
            tallies.setdefault(key, Tally()).merge(tally)
    if session is None:
        for key, tally in _rollups(connection, by, since_unix_ms or 0, texts, hardware):
            tallies.setdefault(key, Tally()).merge(tally)
    connection.execute("COMMIT")


def tally_columns(columns: Columns, places: Ints, groups: int) -> Iterator[Tally]:
    """Count the keystrokes of each group, which are told apart by `places`."""
    served = columns.ended(Outcome.SERVED)
    known = columns.latency_ns >= 0
    own = known & ~columns.cached
    cut = columns.ended(Outcome.SUPERSEDED, Outcome.CANCELLED)
    priced = columns.cost_low >= 0
    rules = {
        "keystrokes": np.ones(len(columns), dtype=bool),
        "ineligible": columns.ended(Outcome.INELIGIBLE),
        "served": served,
        "from_cache": served & columns.cached,
        "superseded": columns.ended(Outcome.SUPERSEDED),
        "cancelled": columns.ended(Outcome.CANCELLED),
        "empty": columns.ended(Outcome.EMPTY),
        "errors": columns.ended(Outcome.ERROR),
        "accepted": served & columns.accepted,
        "censored": cut & ~known,
        "from_keystroke": own & (columns.origin == Stage.KEYSTROKE),
        "priced": priced,
    }
    for limit in _LIMITS_MS:
        rules[f"within_{limit}_ms"] = served & known & (columns.latency_ns <= limit * _MS_NS)
    counts = {name: np.bincount(places[rule], minlength=groups) for name, rule in rules.items()}
    for name, cost in (("cost_low_nusd", columns.cost_low), ("cost_high_nusd", columns.cost_high)):
        counts[name] = np.bincount(places[priced], weights=cost[priced], minlength=groups)
    for group in range(groups):
        here = own & (places == group)
        yield Tally(
            {name: int(counts[name][group]) for name in _COUNTS},
            columns.latency_ns[here & ~columns.cold],
            columns.latency_ns[here & columns.cold],
        )


def _rollups(
    connection: sqlite3.Connection,
    by: str,
    since_unix_ms: int,
    texts: Mapping[int, str],
    hardware: Mapping[str, str],
) -> Iterator[tuple[GroupKey, Tally]]:
    """The hours that began since then. An hour is counted to the day in which it begins."""
    first_hour = -(-since_unix_ms // 3_600_000)
    rows = connection.execute("SELECT * FROM rollup WHERE hour >= ?", (first_hour,))
    for hour, provider, model, memory, language, file_type, simulated, text in rows:
        who = texts.get(provider, "")
        names = {
            "provider": who,
            "model": f"{who}/{texts[model]}" if model else who,
            "hardware": texts.get(memory) or hardware.get(who, ""),
            "language": texts.get(language, ""),
            "file-type": texts.get(file_type, ""),
            "day": f"{datetime.fromtimestamp(hour * 3600):%Y-%m-%d}",  # noqa: DTZ006 - the user's
        }
        yield GroupKey(names[by], bool(simulated)), Tally.from_json(text)
