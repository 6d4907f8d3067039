"""The report's figures: each with its n, what it measures, and from which stage to which."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median

import numpy as np
import numpy.typing as npt

from ghostlap.telemetry._columns import Ints
from ghostlap.telemetry.hedging import Winner
from ghostlap.telemetry.report._data import EDGES_MS, Group, ReportData
from ghostlap.telemetry.report._svg import Bar, Series, bars, heat_map, lines, stacked

__all__ = ["Figure", "figures", "kaplan_meier"]

_TICKS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_POINTS = 160
_LEAST = 20
"""Of fewer keystrokes no curve is drawn: it would show its own noise."""
_STAGES = (
    "sync",
    "editor",
    "queue",
    "cache",
    "debounce",
    "context",
    "dispatch",
    "hedge delay",
    "connect",
    "send",
    "network",
    "provider queue",
    "prefill",
    "first token",
    "decode",
    "shaping",
    "reply",
    "delivery",
    "render",
)


@dataclass(frozen=True, slots=True)
class Figure:
    title: str
    measures: str
    """What it shows, from which stage to which, of how many."""
    svg: str
    legend: tuple[tuple[str, str], ...] = ()
    """A name, and what is to be said of it; in the order of the colours."""


def figures(data: ReportData) -> Iterator[Figure]:
    start = _start(data)
    for groups, what in ((data.providers, "provider"), (data.hardware, "hardware")):
        shown = _largest(group for group in groups.values() if group.eligible >= _LEAST)
        if shown:
            yield _served_by(shown, what, start)
    for groups, what in ((data.providers, "provider"), (data.hardware, "hardware")):
        shown = _largest(group for group in groups.values() if _count(group.own_ns) >= _LEAST)
        if shown:
            yield _cumulative(shown, what, start)
    if data.heat:
        yield _marked(_heat(data.heat, start), data.simulated)
    if data.stages:
        found = _stage_breakdown(data.stages, data.stage_keystrokes, start)
        yield _marked(found, data.simulated)
    if data.hedging.winners:
        yield _marked(_races(data), data.hedging.simulated)
    if data.accepted.sum():
        yield _marked(_acceptance(data, start), data.simulated)


def _marked(figure: Figure, simulated: bool) -> Figure:
    """Say in the title of a figure of all providers together that they are simulated."""
    return replace(figure, title=f"{figure.title} (simulated providers)") if simulated else figure


def _largest(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: -group.eligible)


def _start(data: ReportData) -> str:
    if not data.from_editor:
        return "the arrival of the edit"
    if data.from_editor == data.keystrokes:
        return "the editor's keystroke"
    return "the editor's keystroke where it is known, else the arrival of the edit,"


def _served_by(groups: Sequence[Group], what: str, start: str) -> Figure:
    series, legend = [], []
    for group in groups:
        ordered = np.sort(np.concatenate(group.served_ns)) / 1e6
        scale = len(ordered) / group.eligible
        points = [(ms, share * scale) for ms, share in _steps(ordered)]
        if points:
            points.append((_TICKS_MS[-1], points[-1][1]))
        series.append(Series(group.name, points))
        within = np.searchsorted(ordered, [100, 200, 500], side="right") / group.eligible
        shares = ", ".join(
            f"{share:.0%} ≤ {limit} ms"
            for share, limit in zip(within, (100, 200, 500), strict=True)
        )
        legend.append((group.name, f"{group.eligible:,} eligible, {shares}"))
    return Figure(
        f"Served by, per {what}",
        f"The share of all eligible keystrokes that had a usable text within so many milliseconds"
        f" and before the next edit. From {start} to a usable text in the server; cached texts"
        f" included. n = {sum(group.eligible for group in groups):,} keystrokes.",
        lines(series, x_label="ms after the keystroke", x_ticks=_TICKS_MS),
        tuple(legend),
    )


def _cumulative(groups: Sequence[Group], what: str, start: str) -> Figure:
    series, legend = [], []
    for group in groups:
        known = np.concatenate(group.own_ns)
        series.append(Series(group.name, kaplan_meier(known, np.array(group.censored_ns))))
        p50, p95 = np.quantile(known, [0.5, 0.95], method="inverted_cdf") / 1e6
        legend.append(
            (
                group.name,
                (
                    f"n = {len(known):,}, {len(group.censored_ns):,} cut short;"
                    f" of those that came: p50 {p50:.0f} ms, p95 {p95:.0f} ms"
                ),
            )
        )
    return Figure(
        f"Latency, per {what}",
        f"The share of requests that would have brought a usable text within so many milliseconds,"
        f" had nobody typed on: Kaplan–Meier, those that a keystroke cut short counting as not"  # noqa: RUF001 - two names
        f" known from then on. From {start} to a usable text in the server; no cached texts."
        f" n = {sum(_count(group.own_ns) for group in groups):,} keystrokes.",
        lines(series, x_label="ms after the keystroke", x_ticks=_ticks_from(series)),
        tuple(legend),
    )


def _ticks_from(series: Sequence[Series]) -> tuple[float, ...]:
    """Begin the axis where the first curve does."""
    first = min(each.points[0][0] for each in series)
    place = max((n for n, tick in enumerate(_TICKS_MS[:-2]) if tick <= first), default=0)
    return _TICKS_MS[place:]


def kaplan_meier(known_ns: Ints, censored_ns: Ints) -> list[tuple[float, float]]:
    """The share that has come by so many ms, with those that were cut short counted out."""
    times = np.concatenate([known_ns, censored_ns])
    came = np.concatenate([np.ones(len(known_ns)), np.zeros(len(censored_ns))])
    order = np.lexsort((-came, times))
    times, came = times[order], came[order]
    at_risk = len(times) - np.arange(len(times))
    share = 1 - np.cumprod(1 - came / at_risk)
    step = max(len(times) // _POINTS, 1)
    chosen = np.unique(np.append(np.arange(0, len(times), step), len(times) - 1))
    return [(float(times[each]) / 1e6, float(share[each])) for each in chosen]


def _heat(heat: Mapping[int, Ints], start: str) -> Figure:
    days = sorted(heat)
    if len(days) > 120:
        days = days[-120:]
    labels = [f"{datetime.fromtimestamp(day * 86400, UTC):%m-%d}" for day in days]
    totals = [max(int(heat[day].sum()), 1) for day in days]
    rows = [*(f"{a}–{b}" for a, b in itertools.pairwise(EDGES_MS))]  # noqa: RUF001 - a range
    rows.append(f"≥ {EDGES_MS[-1]}")
    used = np.flatnonzero(sum(heat[day] for day in days))
    low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, len(rows))

    def tell(place: int, row: int) -> str:
        count = int(heat[days[place]][low + row])
        return f"{labels[place]}, {rows[low + row]} ms: {count:,} of {totals[place]:,}"

    return Figure(
        "Latency over time",
        f"Each column is a day (UTC), the fuller its colour the more of its latencies lie in"
        f" that range of ms. From {start} to a usable text in the server; no cached texts."
        f" n = {sum(int(heat[day].sum()) for day in days):,} keystrokes.",
        heat_map(
            [
                (label, [float(count) / total for count in heat[day][low:high]])
                for label, total, day in zip(labels, totals, days, strict=True)
            ],
            rows[low:high],
            tell=tell,
        ),
    )


def _stage_breakdown(
    stages: Mapping[str, Mapping[str, Sequence[int]]], keystrokes: int, start: str
) -> Figure:
    means: dict[str, dict[str, float]] = {}
    for provider, durations in stages.items():
        count = len(durations[""])
        means[provider] = {
            name: sum(durations[name]) / count / 1e6 for name in _STAGES if name in durations
        }
    longest = {name: max(each.get(name, 0.0) for each in means.values()) for name in _STAGES}
    names = [name for name in _STAGES if longest[name] >= 0.5]
    rows = []
    for provider, found in means.items():
        small = sum(value for name, value in found.items() if name not in names)
        parts = [(name, found.get(name, 0.0)) for name in names]
        rows.append((provider, [*parts, ("the rest", small)]))
    names.append("the rest")
    return Figure(
        "Where the time goes",
        f"Mean milliseconds in each stage, of served keystrokes whose own request got the text."
        f" From {start} to the last stage that is known: reply sent, or rendered where the editor"
        f" says so. The latest {keystrokes:,} keystrokes.",
        stacked(rows, names=names, unit="ms"),
        tuple((name, "") for name in names),
    )


def _races(data: ReportData) -> Figure:
    winners = sorted(data.hedging.winners.values(), key=lambda each: -each.won)
    shown = [
        Bar(each.provider, each.won / each.races if each.races else 0, _race_note(each))
        for each in winners
    ]
    legend = tuple((each.provider, _margins(each.margins_ms, each.at_least_ms)) for each in winners)
    return Figure(
        "Who wins the races",
        "Of the keystrokes for which more than one provider was asked and one was served, the"
        " share that each won. Margins are from the winner's first usable text to the loser's; a"
        " loser that was cut short gives only a lower bound."
        f" n = {sum(each.won for each in winners):,} keystrokes.",
        bars(shown, x_label="provider"),
        legend,
    )


def _race_note(winner: Winner) -> str:
    return f"{winner.won:,} of {winner.races:,}"


def _margins(margins_ms: Sequence[float], at_least_ms: Sequence[float]) -> str:
    parts = []
    if margins_ms:
        parts.append(f"margin p50 {median(margins_ms):.0f} ms (n = {len(margins_ms):,})")
    if at_least_ms:
        parts.append(f"at least {median(at_least_ms):.0f} ms (n = {len(at_least_ms):,})")
    return ", ".join(parts) or "no margins are known"


def _acceptance(data: ReportData, start: str) -> Figure:
    shown = []
    for place, low in enumerate(EDGES_MS):
        count, accepted = int(data.shown[place]), int(data.accepted[place])
        if count >= _LEAST:
            label = f"{low}–{EDGES_MS[place + 1]}" if place + 1 < len(EDGES_MS) else f"≥ {low}"  # noqa: RUF001 - a range
            shown.append(Bar(label, accepted / count, f"{accepted / count:.0%} of {count:,}"))
    return Figure(
        "Acceptance against latency",
        f"The share of served suggestions that were taken over, wholly or partly, by their latency"
        f" from {start} to a usable text in the server; ranges with fewer than {_LEAST} are left"
        f" out. n = {int(data.shown.sum()):,} suggestions.",
        bars(shown, x_label="ms"),
    )


def _steps(ordered: npt.NDArray[np.float64]) -> list[tuple[float, float]]:
    if not len(ordered):
        return []
    step = max(len(ordered) // _POINTS, 1)
    chosen = np.unique(np.append(np.arange(0, len(ordered), step), len(ordered) - 1))
    return [(float(ordered[each]), float((each + 1) / len(ordered))) for each in chosen]


def _count(parts: Sequence[Ints]) -> int:
    return sum(len(part) for part in parts)
