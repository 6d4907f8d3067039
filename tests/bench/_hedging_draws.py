"""Latency distributions for the hedging benchmark, drawn from a seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import NamedTuple, TypeAlias

__all__ = ["DISTRIBUTIONS", "Draw", "Draws", "correlated", "independent"]

MEDIAN_S = 0.2
SIGMA = 0.4
SLOW_SHARE = 0.03
SLOW_TIMES = 10
"""Three in a hundred are ten times as slow: a queue, a cold start, a retransmission."""


class Draw(NamedTuple):
    x_s: float
    """The primary's time to first usable text, as its server is told to take."""
    y_s: float
    """The backup's."""


Draws: TypeAlias = Callable[[Random], Draw]


def _time_s(normal: float, slow: bool) -> float:
    return MEDIAN_S * math.exp(SIGMA * normal) * (SLOW_TIMES if slow else 1)


def independent(chance: Random) -> Draw:
    times = [_time_s(chance.gauss(), chance.random() < SLOW_SHARE) for _ in range(2)]
    return Draw(*times)


def correlated(chance: Random) -> Draw:
    """Half of the body's variance and a third of the slow moments are common: the same network."""
    common = chance.gauss()
    both_slow = chance.random() < SLOW_SHARE / 3
    own_share = SLOW_SHARE * 2 / 3
    times = [
        _time_s(
            math.sqrt(0.5) * (common + chance.gauss()), both_slow or chance.random() < own_share
        )
        for _ in range(2)
    ]
    return Draw(*times)


DISTRIBUTIONS: dict[str, Draws] = {"independent": independent, "correlated": correlated}
