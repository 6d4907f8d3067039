"""`make soak`: what `advise` says on day one, against what the next day brings at that delay."""

from math import inf, log
from random import Random

import numpy as np
import pytest

from ghostlap.telemetry.what_if import Pair, PairedHistory, Sample, advise

DAYS = 20
PAIRS = 3000
OFF_BY = 0.10


def day(kind: str, number: int, random: Random, pairs: int = PAIRS) -> list[Pair]:
    """One day's pairs, in sessions of a hundred; keystrokes cut about a third of them short."""
    found = []
    for index in range(pairs):
        at = number + index / pairs
        speed = 1 + 0.06 * at if kind == "drifting" else 1.0
        both = random.gauss(0, 0.35) if kind == "correlated" else 0.0
        own = 0.25 if kind == "correlated" else 0.4
        x = speed * 180 * np.exp(both + random.gauss(0, own)) * (4 if random.random() < 0.08 else 1)
        y = 150 * np.exp(both + random.gauss(0, own)) * (4 if random.random() < 0.08 else 1)
        until = random.lognormvariate(log(500), 0.8)
        found.append(
            Pair(
                f"{number}-{index // 100}",
                min(x, until),
                bool(x <= until),
                min(y, until),
                bool(y <= until),
                2e-5,
            )
        )
    return found


def realised_p95(kind: str, delay_ms: float, random: Random) -> float:
    """What the second day brings with a backup asked after `delay_ms`: many keystrokes."""
    sample = Sample(day(kind, 1, random, 20_000))
    return float(sample.p95_rounds(delay_ms)[0])


@pytest.mark.parametrize("kind", ["independent", "correlated", "drifting"])
def test_day_one_predicts_the_p95_of_day_two(kind: str) -> None:
    errors = []
    for seed in range(DAYS):
        random = Random(f"{kind}:{seed}")
        advice = advise(PairedHistory("a", "b", day(kind, 0, random), 100_000, 1.0), budget=0.25)
        assert advice.best is not None, advice.reason
        assert advice.best.delay_ms is not None
        assert advice.best.p95_ms.value is not None
        assert advice.best.delay_ms < inf
        realised = realised_p95(kind, advice.best.delay_ms, random)
        errors.append(advice.best.p95_ms.value / realised - 1)
    off = sorted(map(abs, errors))
    within = sum(each <= OFF_BY for each in off)
    print(  # noqa: T201 - for whoever runs it
        f"{kind}: off by {off[len(off) // 2]:.1%} in the median, {off[-1]:.1%} at most; "
        f"within {OFF_BY:.0%} on {within} of {DAYS} days"
    )
    assert sum(each <= OFF_BY for each in off) >= 0.9 * DAYS
