"""Intervals for figures of things that come in clusters: keys of one block, pairs of one session.

Keys near one another share a network, a provider's mood and a piece of code: taken singly they
would promise more than they know. So whole clusters are drawn again (Field and Welsh, J. R.
Statist. Soc. B 69, 2007), and the percentiles of what comes out are taken a little further apart
where there are few clusters (Hesterberg, Amer. Statistician 69, 2015, "expanded percentile").
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

__all__ = ["ROUNDS", "Floats", "band", "interval", "resampled"]

Floats = npt.NDArray[np.float64]

ROUNDS = 500
"""Enough for 95 % intervals: their ends are the 12th value from either side."""
_Z = NormalDist().inv_cdf(0.975)
_MOST_UNKNOWN = 0.025
"""Of the rounds: where more of them have no value, neither has the interval."""


def resampled(clusters: Sequence[Hashable], seed: int, rounds: int = ROUNDS) -> Floats:
    """Weights: a row of ones, and for each round a row of how often each one's cluster was drawn.

    The seed alone decides.
    """
    numbers = {name: number for number, name in enumerate(dict.fromkeys(clusters))}
    member = np.array([numbers[name] for name in clusters], dtype=np.int64)
    count = max(1, len(numbers))
    drawn = np.random.default_rng(seed).multinomial(count, [1 / count] * count, size=rounds)
    weights = np.ones((rounds + 1, len(clusters)))
    weights[1:] = drawn[:, member]
    return weights


def interval(values: Floats, clusters: int) -> tuple[float, float] | None:
    """The 95 % interval from the values of all rounds, the first being the estimate's own."""
    drawn = values[1:]
    known = np.sort(drawn[np.isfinite(drawn)])
    if clusters < 2 or len(known) < len(drawn) * (1 - _MOST_UNKNOWN):
        return None
    tail = NormalDist().cdf(-sqrt(clusters / (clusters - 1)) * _student(clusters - 1))
    return float(np.quantile(known, tail)), float(np.quantile(known, 1 - tail))


def band(
    shares: Floats, clusters: int, count: int, level: float
) -> list[tuple[float, float]] | None:
    """Intervals around shares, a column each, that hold for all columns at once.

    By the largest deviation of each round, in standard errors (the "max-t" of the bootstrap). A
    standard error is at least that of `count` independent trials with two more hits and misses
    (Agresti and Coull, 1998): where nothing was hit, drawing again tells of no error at all.
    """
    if clusters < 2:
        return None
    value = shares[0]
    eased = (value * count + 2) / (count + 4)
    least = np.sqrt(eased * (1 - eased) / (count + 4))
    spread = np.maximum(np.nanstd(shares[1:], axis=0), least)
    furthest = np.nanmax(np.abs(shares[1:] - value) / spread, axis=1)
    widened = _student(clusters - 1) / _Z * sqrt(clusters / (clusters - 1))
    least_reach = NormalDist().inv_cdf((1 + level) / 2)  # that of a single column
    reach = max(float(np.quantile(furthest, level)), least_reach) * widened * spread
    lows, highs = np.clip(value - reach, 0, 1), np.clip(value + reach, 0, 1)
    return [(float(low), float(high)) for low, high in zip(lows, highs, strict=True)]


def _student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t (Abramowitz and Stegun, 26.7.5); within 2 % from 4 on."""
    z, n = _Z, max(freedom, 4)
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )
