"""What was recorded, in groups: how many keystrokes were served, and how fast.

Latency here is *availability* latency: from the arrival of a keystroke, by its earliest stamp (the
editor's own, the edit, or the request), until a text worth showing existed in the server. It is
known of the keystrokes that got so far. One that was superseded or cancelled before it did is no
fast and no slow one: its latency was cut short, and is counted as censored.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ghostlap.telemetry._database import open_for_reading, store_errors
from ghostlap.telemetry._quantiles import quantile
from ghostlap.telemetry._tally import GROUPINGS, Tally, tally

__all__ = ["GROUPINGS", "MeasuredFrom", "SummaryRow", "summarise"]


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
    """One group of keystrokes. A share, or a percentile, of nothing is None."""

    key: str
    """The provider, model (after its provider and a slash), language, extension or day (local
    time, as 2026-01-31); empty for keystrokes that have none, so when no provider was asked."""
    simulated: bool
    """Whether the provider only plays one: such keystrokes are never mixed with real ones."""
    keystrokes: int
    eligible: int
    """All but those that no provider was asked for by rule."""
    served: int
    share_served: float | None
    """Of the eligible."""
    from_cache: int
    """Served, without a provider being asked anew."""
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
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    share_within_100_ms: float | None
    """Served within it, of all the eligible; so the other two."""
    share_within_200_ms: float | None
    share_within_500_ms: float | None


def summarise(
    path: Path | Sequence[Path],
    since_unix_ms: int | None = None,
    by: str = "provider",
    session: str | None = None,
) -> list[SummaryRow]:
    """Read the store, or several as one, and sum it up; servers may be writing to it.

    Days are in order, other groups by their number of keystrokes. `session` is a recorder's:
    only what that one wrote is counted. Exact, from every row: 8 bytes of memory for each.

    :raises StoreError: `NothingRecorded` when a file is missing or was never written to.
    """
    tallies: dict[tuple[str, bool], Tally] = {}
    for file in [path] if isinstance(path, Path) else path:
        with closing(open_for_reading(file)) as connection, store_errors(file):
            tally(connection, tallies, by=by, since_unix_ms=since_unix_ms, session=session)
    rows = [_row(key, simulated, group) for (key, simulated), group in tallies.items()]
    if by == "day":
        return sorted(rows, key=lambda row: (row.key, row.simulated))
    return sorted(rows, key=lambda row: (-row.keystrokes, row.key, row.simulated))


def _row(key: str, simulated: bool, group: Tally) -> SummaryRow:
    counts, ordered = group.counts, sorted(group.latencies_ns)
    eligible = counts["keystrokes"] - counts["ineligible"]

    def share(count: str) -> float | None:
        return counts[count] / eligible if eligible else None

    def percentile_ms(permille: int) -> float | None:
        return quantile(ordered, permille) / 1e6 if ordered else None

    return SummaryRow(
        key=key,
        simulated=simulated,
        keystrokes=counts["keystrokes"],
        eligible=eligible,
        served=counts["served"],
        share_served=share("served"),
        from_cache=counts["from_cache"],
        superseded=counts["superseded"],
        cancelled=counts["cancelled"],
        empty=counts["empty"],
        errors=counts["errors"],
        accepted=counts["accepted"],
        latencies=len(ordered),
        censored=counts["censored"],
        measured_from=_measured_from(counts["from_keystroke"], len(ordered)),
        p50_ms=percentile_ms(500),
        p90_ms=percentile_ms(900),
        p95_ms=percentile_ms(950),
        p99_ms=percentile_ms(990),
        share_within_100_ms=share("within_100_ms"),
        share_within_200_ms=share("within_200_ms"),
        share_within_500_ms=share("within_500_ms"),
    )


def _measured_from(from_keystroke: int, latencies: int) -> MeasuredFrom:
    if not latencies:
        return MeasuredFrom.NOTHING
    if not from_keystroke:
        return MeasuredFrom.ARRIVAL
    return MeasuredFrom.KEYSTROKE if from_keystroke == latencies else MeasuredFrom.MIXED
