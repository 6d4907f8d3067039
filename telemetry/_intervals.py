"""How far a figure may be off because there are few keystrokes: 95 % confidence intervals."""

from __future__ import annotations

from math import ceil, floor, sqrt

from ghostlap.telemetry._columns import Ints

__all__ = ["quantile_interval", "share_interval"]

_Z = 1.96  # the normal distribution's 97.5 % quantile


def quantile_interval(ordered: Ints, permille: int) -> tuple[int, int] | None:
    """The measured values between which the quantile of all such keystrokes lies.

    By the ranks that the binomial distribution gives it, as the normal distribution approximates
    that: no shape is assumed of the latencies. None where there are too few to bound it.
    """
    count, share = len(ordered), permille / 1000
    spread = _Z * sqrt(count * share * (1 - share))
    low, high = floor(count * share - spread), ceil(count * share + spread) + 1
    if low < 1 or high > count:
        return None
    return int(ordered[low - 1]), int(ordered[high - 1])


def share_interval(hits: int, count: int) -> tuple[float, float] | None:
    """Wilson's interval of a share; None of nothing."""
    if not count:
        return None
    share, square = hits / count, _Z * _Z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = _Z / (1 + square / count) * sqrt(share * (1 - share) / count + square / (4 * count**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)
