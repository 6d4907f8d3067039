"""What one arm's strokes come to, and how two arms' strokes at the same keys differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ghostlap.lsp_server.harness.typist import Stroke
from ghostlap.telemetry.what_if import Floats, band, interval, quantiles, resampled, share_within

__all__ = ["CURVE_MS", "HEADLINE_MS", "LATE_MS", "STEP_MS", "Comparison", "Estimate", "Figures"]
__all__ += ["compare", "figures"]

CURVE_MS = (50, 100, 200, 300, 500, 1000)
STEP_MS = 10
HEADLINE_MS = 200
LATE_MS = 2.0
"""Of the keys' lag, p99: beyond it the load was not what the workload says."""


@dataclass(frozen=True, slots=True)
class Estimate:
    value: float | None
    interval: tuple[float, float] | None
    """95 %, by drawing blocks again; None where there are too few."""

    @classmethod
    def of(cls, values: Floats, clusters: int) -> Estimate:
        value = float(values[0])
        if not np.isfinite(value):
            return cls(None, None)
        return cls(value, interval(values, clusters))


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one arm. Times in ms, from the key."""

    keys: int
    served: int
    """A text was there before the next key."""
    censored: int
    """Nothing was there when the next key came: how long it would have taken is not known."""
    empty: int
    """Answered in time, with nothing."""
    errors: int
    accepted: int
    """Characters that suggestions brought."""
    share_served: Estimate
    served_by: dict[int, Estimate]
    """Shares of all keys, by ms: the served-by curve. Its intervals hold all at once."""
    curve: list[float]
    """The same shares each `STEP_MS`, from 0 ms to the last of them, to be drawn."""
    p50_ms: Estimate
    """Of availability; what the next key cut short is censored (Kaplan-Meier), and what was
    answered with nothing is left out."""
    p95_ms: Estimate
    p99_ms: Estimate
    answered_p50_ms: float | None
    """Of any answer, with nothing or too late, too: no key hides that a server stood still."""
    answered_p99_ms: float | None
    answered_max_ms: float | None
    never_answered: int
    lag_p50_ms: float
    lag_p99_ms: float

    @property
    def fell_behind(self) -> bool:
        return self.lag_p99_ms > LATE_MS


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second arm minus the first, at keys that both have typed."""

    pairs: int
    within: Estimate
    """The difference in the share that is served within `HEADLINE_MS`."""
    both_served: int
    latency_ms: Estimate
    """The median difference where both have served."""


def figures(strokes: Sequence[Stroke], seed: int, *, arms: int = 1) -> Figures:
    """Sum up one of `arms` that are compared: all their curves are to hold at once."""
    done = [each for each in strokes if each.until_ns]
    blocks = [each.block for each in done]
    weights = resampled(blocks, seed)
    clusters = len(set(blocks))
    times = np.array([each.waited_ms for each in done], dtype=np.float64)
    served = np.array([each.served for each in done], dtype=bool)
    empty = np.array([_is_empty(each) for each in done], dtype=bool)
    errors = sum(bool(each.error) and _in_time(each) for each in done)
    waited = quantiles(times[~empty], served[~empty], weights[:, ~empty], (0.5, 0.95, 0.99))
    answers = [(each.answered_ns - each.pressed_ns) / 1e6 for each in done if each.answered_ns]
    lags = [each.lag_ms for each in done]

    shares = np.column_stack([share_within(times, served, weights, at) for at in CURVE_MS])
    bands = band(shares, clusters, len(done), 1 - 0.05 / arms) if done else None
    everything = share_within(times, served, weights, float("inf"))

    return Figures(
        keys=len(done),
        served=int(served.sum()),
        censored=int((~served & ~empty).sum()) - errors,
        empty=int(empty.sum()),
        errors=errors,
        accepted=sum(each.accepted for each in done),
        share_served=Estimate.of(everything, clusters),
        served_by={
            limit: Estimate(float(shares[0, column]), None if bands is None else bands[column])
            for column, limit in enumerate(CURVE_MS)
        },
        curve=[
            _share(times[served], limit, len(done))
            for limit in range(0, CURVE_MS[-1] + STEP_MS, STEP_MS)
        ],
        p50_ms=Estimate.of(waited[:, 0], clusters),
        p95_ms=Estimate.of(waited[:, 1], clusters),
        p99_ms=Estimate.of(waited[:, 2], clusters),
        answered_p50_ms=_percentile(answers, 50),
        answered_p99_ms=_percentile(answers, 99),
        answered_max_ms=max(answers, default=None),
        never_answered=len(done) - len(answers),
        lag_p50_ms=_percentile(lags, 50) or 0.0,
        lag_p99_ms=_percentile(lags, 99) or 0.0,
    )


def compare(first: Sequence[Stroke], second: Sequence[Stroke], seed: int) -> Comparison:
    before = {each.index: each for each in first if each.until_ns}
    pairs = [
        (before[each.index], each) for each in second if each.until_ns and each.index in before
    ]
    blocks = [one.block for one, _ in pairs]
    weights = resampled(blocks, seed)
    gains = np.array([_within(other) - _within(one) for one, other in pairs], dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        within = weights @ gains / weights.sum(axis=1)
    both = [(one, other) for one, other in pairs if one.served and other.served]
    times = np.array([other.waited_ms - one.waited_ms for one, other in both], dtype=np.float64)
    is_both = np.array([one.served and other.served for one, other in pairs], dtype=bool)
    seen = np.ones(len(times), dtype=bool)
    medians = quantiles(times, seen, weights[:, is_both], (0.5,))[:, 0]
    clusters = len(set(blocks))
    return Comparison(
        pairs=len(pairs),
        within=Estimate.of(within, clusters) if pairs else Estimate(None, None),
        both_served=len(both),
        latency_ms=Estimate.of(medians, clusters),
    )


def _share(served_ms: Floats, limit_ms: float, keys: int) -> float:
    return round(float((served_ms <= limit_ms).sum()) / max(1, keys), 4)


def _within(stroke: Stroke) -> float:
    return float(stroke.served and stroke.waited_ms <= HEADLINE_MS)


def _in_time(stroke: Stroke) -> bool:
    return 0 < stroke.answered_ns < stroke.until_ns


def _is_empty(stroke: Stroke) -> bool:
    return _in_time(stroke) and not stroke.usable_ns and not stroke.error


def _percentile(values: Sequence[float], percent: int) -> float | None:
    return float(np.percentile(values, percent, method="inverted_cdf")) if values else None
