"""Which hedge delay pays: the lowest p95 under the budget, if the evidence carries it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf

import numpy as np

from ghostlap.telemetry.what_if._options import Estimate, Option, Sample
from ghostlap.telemetry.what_if._pairs import PairedHistory

__all__ = ["ENOUGH_PAIRS", "Advice", "advise"]

ENOUGH_PAIRS = 300
ENOUGH_FOR_P99 = 1000
_DELAYS_MS = (0, 25, 50, 75, 100, 125, 150, 175, 200, 250, 300, 350, 400, 500, 600, 800)
_AS_GOOD = 1.02
"""A p95 within 2 % of the best is as good, and takes fewer requests."""


@dataclass(frozen=True, slots=True)
class Advice:
    primary: str
    backup: str
    pairs: int
    used: int
    """Of the pairs: the later half where the primary has drifted."""
    drift_ms: Estimate | None
    """How much later the primary's p95 is in the later half; None: not looked at."""
    options: Sequence[Option]
    """Off first."""
    others: Sequence[Option]
    """All to the backup, and a tenth of them."""
    best: Option | None
    gain_ms: Estimate | None
    """By how much it lowers the p95."""
    reason: str
    """One sentence."""
    more_pairs: int = 0
    """How many more it takes, where there are too few."""


def advise(
    history: PairedHistory, *, budget: float, usd_per_1000: float = inf, seed: int = 1
) -> Advice:
    """Recommend a delay with at most `budget` extra requests, as a share of all.

    `usd_per_1000` is what the extra requests of 1,000 keystrokes may cost.
    """
    count = len(history.pairs)
    if count < ENOUGH_PAIRS:
        return _too_few(history)
    sample, drift = _recent(history, seed)
    options = [sample.hedged(delay) for delay in (inf, *map(float, reversed(_DELAYS_MS)))]
    if len(sample) < ENOUGH_FOR_P99:
        options = [_without_p99(each) for each in options]
    others = [sample.switched(1.0, f"all to {history.backup}")]
    others.append(sample.switched(0.1, f"10% to {history.backup}"))
    best = _best(options, budget, usd_per_1000)
    used = len(sample)
    common = (history.primary, history.backup, count, used, drift, options, others)
    if best is None:
        why = "No recommendation: no delay lowers the p95 within the budget."
        return Advice(*common, None, None, why)
    assert best.delay_ms is not None, "only hedges are recommended"
    rounds = sample.p95_rounds(inf) - sample.p95_rounds(best.delay_ms)
    gain = sample.estimate(rounds)
    if gain.value is None or gain.interval is None or gain.interval[0] <= 0:
        more = _more(gain, used)
        why = (
            f"No recommendation: after {used} pairs the p95 may be no lower at {best.name} than "
            f"without a backup; about {more} more pairs would tell."
        )
        return Advice(*common, None, gain, why, more)
    low, high = gain.interval
    extra = best.extra.value or 0.0
    why = (
        f"Ask {history.backup} {_after(best)}: the p95 falls by {gain.value:.0f} ms "
        f"(95% CI {low:.0f} to {high:.0f}) to {best.p95_ms.value:.0f} ms, for {extra:.1%} more "
        "requests."
    )
    return Advice(*common, best, gain, why)


def _after(option: Option) -> str:
    return f"after {option.name}" if option.delay_ms else "at once"


def _too_few(history: PairedHistory) -> Advice:
    count = len(history.pairs)
    more = ENOUGH_PAIRS - count
    per_day = count / history.days if history.days >= 0.5 else 0.0
    when = f", {ceil(more / per_day)} days at this rate" if per_day > 0 else ""
    why = (
        f"No recommendation: {count} pairs are too few, it takes {more} more{when}; a larger share "
        "in `shadow` brings them sooner."
    )
    return Advice(history.primary, history.backup, count, 0, None, [], [], None, None, why, more)


def _recent(history: PairedHistory, seed: int) -> tuple[Sample, Estimate]:
    """The later half alone where the primary's p95 is another one there than before."""
    pairs, middle = history.pairs, len(history.pairs) // 2
    early, late = Sample(pairs[:middle], seed=seed), Sample(pairs[middle:], seed=seed + 1)
    drift = late.estimate(late.p95_rounds(inf) - early.p95_rounds(inf))
    differs = drift.interval is not None and not drift.interval[0] <= 0 <= drift.interval[1]
    if differs and len(late) >= ENOUGH_PAIRS:
        return late, drift
    return Sample(pairs, seed=seed), drift


def _best(options: Sequence[Option], budget: float, usd_per_1000: float) -> Option | None:
    off = options[0].p95_ms.value
    affordable = [
        each
        for each in options[1:]
        if each.p95_ms.value is not None
        and (each.extra.value or 0.0) <= budget
        and (each.extra_usd_per_1000 or 0.0) <= usd_per_1000
        and (off is None or each.p95_ms.value < off)
    ]
    if not affordable:
        return None
    least = min(each.p95_ms.value or inf for each in affordable)
    as_good = [each for each in affordable if (each.p95_ms.value or inf) <= _AS_GOOD * least]
    return min(as_good, key=lambda each: each.extra.value or 0.0)


def _more(gain: Estimate, used: int) -> int:
    """How many more pairs bring an interval's low end above zero: its width goes by 1 / sqrt(n)."""
    if gain.value is None or gain.interval is None or gain.value <= 0:
        return used
    needed = used * ((gain.value - gain.interval[0]) / gain.value) ** 2
    return max(50, int(np.ceil((needed - used) / 50) * 50))


def _without_p99(option: Option) -> Option:
    return replace(option, p99_ms=Estimate(None, None))
