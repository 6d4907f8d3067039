"""What a way of asking two backends would have given, and what it would have cost.

X and Y are the two backends' times. Hedged at d the text is there at T(d) = min(X, d + Y), which
pairs give without any assumption of how X and Y hang together. What a keystroke cut short is
censored. A backup is asked where neither a text nor the next key had come by d.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from ghostlap.telemetry.what_if._clusters import Floats, interval, resampled
from ghostlap.telemetry.what_if._pairs import Pair
from ghostlap.telemetry.what_if._survival import Flags, quantiles, share_within

__all__ = ["Estimate", "Option", "Sample"]

_WITHIN_MS = 200.0
_FEW_SESSIONS = 10
_STRETCH = 50
"""Pairs of one session that are drawn together where there are too few sessions to draw."""


@dataclass(frozen=True, slots=True)
class Estimate:
    value: float | None
    interval: tuple[float, float] | None
    """95 %; None where there is too little to bound it."""


@dataclass(frozen=True, slots=True)
class Option:
    """Times in ms from the request."""

    name: str
    delay_ms: float | None
    """After which the backup is asked; None: it is no hedge."""
    p50_ms: Estimate
    p95_ms: Estimate
    p99_ms: Estimate
    within_200_ms: Estimate
    """The share of all requests that had a text by then, and before the next key."""
    extra: Estimate
    """Requests beyond one for each keystroke, as a share of these."""
    extra_usd_per_1000: float | None
    """What the extra requests of 1,000 keystrokes cost at most, by list price."""


class Sample:
    """Pairs, ready for many questions with the same resampling, so that answers compare."""

    def __init__(self, pairs: Sequence[Pair], *, seed: int = 1) -> None:
        self.x = np.array([each.primary_ms for each in pairs], dtype=np.float64)
        self.x_seen = np.array([each.primary_seen for each in pairs], dtype=bool)
        self.y = np.array([each.backup_ms for each in pairs], dtype=np.float64)
        self.y_seen = np.array([each.backup_seen for each in pairs], dtype=bool)
        clusters = _clusters(pairs)
        self.clusters = len(set(clusters))
        self.weights = resampled(clusters, seed)
        costs = [each.backup_usd for each in pairs if each.backup_usd is not None]
        self._usd = sum(costs) / len(costs) if costs else None

    def __len__(self) -> int:
        return len(self.x)

    def hedged(self, delay_ms: float) -> Option:
        """The backup asked after `delay_ms`; 0: a race; infinite: never."""
        name = "off" if delay_ms == inf else f"{delay_ms:.0f} ms" if delay_ms else "race"
        times, seen = self.times(delay_ms)
        return self._option(name, delay_ms, times, seen, self.launched(delay_ms))

    def switched(self, share: float, name: str) -> Option:
        """A `share` of the requests goes to the backup instead, all others as ever."""
        times = np.concatenate([self.x, self.y])
        seen = np.concatenate([self.x_seen, self.y_seen])
        weights = np.hstack([self.weights * (1 - share), self.weights * share])
        none = np.zeros(len(times))
        return self._option(name, None, times, seen, none, weights)

    def times(self, delay_ms: float) -> tuple[Floats, Flags]:
        """T(d) of each pair, and whether it was seen; a cut of the earlier one cuts it."""
        later = self.y + delay_ms
        first = self.x <= later
        return np.where(first, self.x, later), np.where(first, self.x_seen, self.y_seen)

    def launched(self, delay_ms: float) -> Floats:
        """1 for each pair whose backup would have been asked; a failure asks it at once."""
        if delay_ms == inf:
            return np.zeros(len(self.x))
        return np.asarray(self.x > delay_ms, dtype=np.float64)

    def p95_rounds(self, delay_ms: float) -> Floats:
        """The p95 of T(d), in each round."""
        return quantiles(*self.times(delay_ms), self.weights, (0.95,))[:, 0]

    def estimate(self, rounds: Floats) -> Estimate:
        value = float(rounds[0])
        if not np.isfinite(value):
            return Estimate(None, None)
        return Estimate(value, interval(rounds, self.clusters))

    def _option(
        self,
        name: str,
        delay_ms: float | None,
        times: Floats,
        seen: Flags,
        extra: Floats,
        weights: Floats | None = None,
    ) -> Option:
        weights = self.weights if weights is None else weights
        found = quantiles(times, seen, weights, (0.5, 0.95, 0.99))
        asked = weights @ extra / weights.sum(axis=1)
        share = self.estimate(asked)
        return Option(
            name,
            delay_ms,
            self.estimate(found[:, 0]),
            self.estimate(found[:, 1]),
            self.estimate(found[:, 2]),
            self.estimate(share_within(times, seen, weights, _WITHIN_MS)),
            share,
            None if self._usd is None or share.value is None else 1000 * self._usd * share.value,
        )


def _clusters(pairs: Sequence[Pair]) -> list[tuple[str, int]]:
    """Sessions, or stretches of them where there are few: a day at one desk is one session."""
    if len({each.session for each in pairs}) >= _FEW_SESSIONS:
        return [(each.session, 0) for each in pairs]
    return [(each.session, number // _STRETCH) for number, each in enumerate(pairs)]
