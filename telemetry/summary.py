"""What was recorded, in groups: how many keystrokes were served, and how fast.

Latency here is *availability* latency: from the arrival of a keystroke, by its earliest stamp (the
editor's own, the edit, or the request), until a text worth showing existed in the server. It is
taken of the keystrokes whose own request got so far: one that was answered with a text that was
there already has none worth averaging, and counts in the shares. One that was superseded or
cancelled before is no fast and no slow one: its latency was cut short, and is counted as censored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from ghostlap.telemetry._columns import GROUPINGS, GroupKey, Ints
from ghostlap.telemetry._database import open_for_reading, store_errors
from ghostlap.telemetry._intervals import quantile_interval, share_interval
from ghostlap.telemetry._quantiles import quantile
from ghostlap.telemetry._tally import Tally, read_tallies
from ghostlap.telemetry._twin import twin_of_large
from ghostlap.telemetry.histogram import Histogram

__all__ = ["GROUPINGS", "MeasuredFrom", "SummaryRow", "summarise"]

_PERMILLES = {"p50_ms": 500, "p90_ms": 900, "p95_ms": 950, "p99_ms": 990}


class MeasuredFrom(StrEnum):
    """Which stamp the latencies of a group start from."""

    NOTHING = ""
    """There are none."""
    KEYSTROKE = "keystroke"
    """The key going down, by the editor's report."""
    ARRIVAL = "arrival"
    """The arrival of the edit, or of the request, at the server."""
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One group of keystrokes. What there is nothing to say of is None."""

    key: str
    """The provider whose text it was, the model (after its provider and a slash), where its weights
    lie, the language, extension or day (local time, as 2026-01-31). Empty for keystrokes that have
    none, so when no provider was asked; `cache` where nobody remembers whose text it was."""
    simulated: bool
    """Whether the provider only plays one: such keystrokes are never mixed with real ones."""
    keystrokes: int
    eligible: int
    """All but those that no provider was asked for by rule."""
    served: int
    share_served: float | None
    """Of the eligible."""
    share_served_interval: tuple[float, float] | None
    """95 % confidence, as all intervals here."""
    from_cache: int
    """Served with a text that was asked for another keystroke: cached, recycled or speculated."""
    share_from_cache: float | None
    """Of the served."""
    superseded: int
    cancelled: int
    empty: int
    errors: int
    accepted: int
    """Suggestions that were taken over, wholly or partly, as far as the editor tells."""
    latencies: int
    """How many keystrokes the percentiles are taken from."""
    censored: int
    """How many were superseded or cancelled before their latency was known."""
    measured_from: MeasuredFrom
    exact: bool
    """False when older rows are rolled up: the percentiles are off by 1.1 % at most."""
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p50_ms_interval: tuple[float, float] | None
    p95_ms_interval: tuple[float, float] | None
    cold: int
    """Of the latencies, those whose request had to wait for a connection."""
    p50_ms_cold: float | None
    p50_ms_warm: float | None
    share_within_100_ms: float | None
    """Served within it, of all the eligible; so the other two."""
    share_within_200_ms: float | None
    share_within_500_ms: float | None
    priced: int
    """Keystrokes whose cost is known: the price, and the tokens."""
    cost_usd: tuple[float, float] | None
    """By list price, all attempts for these keystrokes; an interval, for a cancelled stream may be
    billed beyond what was received."""
    cost_per_accepted_usd: tuple[float, float] | None


def summarise(
    path: Path | Sequence[Path],
    since_unix_ms: int | None = None,
    by: str = "provider",
    session: str | None = None,
    *,
    hardware: Mapping[str, str] | None = None,
) -> list[SummaryRow]:
    """Read the store, or several as one, and sum it up; servers may be writing to it.

    Days are in order, other groups by their number of keystrokes. `session` is a recorder's: only
    what that one wrote is counted. `hardware` says where a provider's weights lie, for old rows
    that do not. From every row, of which a million take about 150 MB, and from rollups.

    :raises StoreError: `NothingRecorded` when a file is missing or was never written to.
    """
    tallies: dict[GroupKey, Tally] = {}
    for file in [path] if isinstance(path, Path) else path:
        with (
            store_errors(file),
            closing(open_for_reading(file)) as connection,
            twin_of_large(file) as helper,
        ):
            read_tallies(
                connection,
                tallies,
                by=by,
                since_unix_ms=since_unix_ms,
                session=session,
                hardware=hardware or {},
                helper=helper,
            )
    rows = [_row(key, group) for key, group in tallies.items()]
    if by == "day":
        return sorted(rows, key=lambda row: (row.key, row.simulated))
    return sorted(rows, key=lambda row: (-row.keystrokes, row.key, row.simulated))


def _row(key: GroupKey, group: Tally) -> SummaryRow:
    counts, ordered = group.counts, group.latencies_ns()
    eligible = counts["keystrokes"] - counts["ineligible"]
    histogram = None if group.exact else group.histogram()
    latencies = len(ordered) if histogram is None else histogram.count

    def share(count: str, of: int = eligible) -> float | None:
        return counts[count] / of if of else None

    def percentile_ms(permille: int) -> float | None:
        if histogram is not None:
            return _ms(histogram.quantile_ns(permille))
        return _ms(quantile(ordered, permille)) if latencies else None

    def interval_ms(permille: int) -> tuple[float, float] | None:
        found = quantile_interval(ordered, permille) if histogram is None else None
        return None if found is None else (found[0] / 1e6, found[1] / 1e6)

    return SummaryRow(
        key=key.name,
        simulated=key.simulated,
        keystrokes=counts["keystrokes"],
        eligible=eligible,
        served=counts["served"],
        share_served=share("served"),
        share_served_interval=share_interval(counts["served"], eligible),
        from_cache=counts["from_cache"],
        share_from_cache=share("from_cache", counts["served"]),
        superseded=counts["superseded"],
        cancelled=counts["cancelled"],
        empty=counts["empty"],
        errors=counts["errors"],
        accepted=counts["accepted"],
        latencies=latencies,
        censored=counts["censored"],
        measured_from=_measured_from(counts["from_keystroke"], latencies),
        exact=group.exact,
        **{name: percentile_ms(permille) for name, permille in _PERMILLES.items()},
        p50_ms_interval=interval_ms(500),
        p95_ms_interval=interval_ms(950),
        cold=len(group.cold_ns) + group.old_cold.count,
        p50_ms_cold=_median_ms(group.cold_ns, group.old_cold),
        p50_ms_warm=_median_ms(group.warm_ns, group.old_warm),
        share_within_100_ms=share("within_100_ms"),
        share_within_200_ms=share("within_200_ms"),
        share_within_500_ms=share("within_500_ms"),
        priced=counts["priced"],
        cost_usd=_cost_usd(counts, 1) if counts["priced"] else None,
        cost_per_accepted_usd=_cost_usd(counts, counts["accepted"]) if counts["priced"] else None,
    )


def _ms(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / 1e6


def _median_ms(exact: Ints, old: Histogram) -> float | None:
    if not old.count:
        return _ms(quantile(np.sort(exact), 500)) if len(exact) else None
    merged = Histogram()
    merged.merge(old)
    merged.add_all(exact)
    return _ms(merged.quantile_ns(500))


def _cost_usd(counts: Mapping[str, int], of: int) -> tuple[float, float] | None:
    if not of:
        return None
    return counts["cost_low_nusd"] / 1e9 / of, counts["cost_high_nusd"] / 1e9 / of


def _measured_from(from_keystroke: int, latencies: int) -> MeasuredFrom:
    if not latencies:
        return MeasuredFrom.NOTHING
    if not from_keystroke:
        return MeasuredFrom.ARRIVAL
    return MeasuredFrom.KEYSTROKE if from_keystroke == latencies else MeasuredFrom.MIXED
