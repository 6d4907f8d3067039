"""`make soak`: known distributions in, known answers out, on virtual time.

The typist, the blocks, the figures and their intervals are those of `ghostlap bench`; what they
drive is no process but two backends whose every draw is known.
"""

import asyncio
from bisect import bisect_left
from dataclasses import dataclass
from math import erf, log, sqrt
from pathlib import Path
from random import Random

import pytest

from ghostlap.lsp_server.harness.blocks import blocks, order
from ghostlap.lsp_server.harness.figures import CURVE_MS, Figures, figures
from ghostlap.lsp_server.harness.target import Answered, Reply
from ghostlap.lsp_server.harness.typist import Stroke, Typist
from ghostlap.lsp_server.harness.virtual import run_virtually
from ghostlap.telemetry.workload import Document, Edit, Place, synthesise, take_out

RUNS, NEEDED = 100, 93
KEYS = 600
SOURCE = Path(__file__).parents[3] / "lsp_server/hedging/switchboard.py"


@dataclass(frozen=True)
class Speed:
    """Log-normal, with a share of requests that take four times as long."""

    median_ms: float
    spread: float = 0.4
    tail: float = 0.06

    def draw_ms(self, random: Random) -> float:
        drawn = random.lognormvariate(log(self.median_ms), self.spread)
        return drawn * (4 if random.random() < self.tail else 1)

    def within(self, limit_ms: float) -> float:
        """How likely it is to take no longer."""
        if limit_ms <= 0:
            return 0.0
        both = ((1, 1 - self.tail), (4, self.tail))
        return sum(
            share * (1 + erf(log(limit_ms / times / self.median_ms) / self.spread / sqrt(2))) / 2
            for times, share in both
        )


class Backend:
    """Answers each key after a draw, however many newer ones there are."""

    def __init__(self, speed: Speed, random: Random) -> None:
        self._speed, self._random = speed, random

    def open(self, number: int, document: Document) -> None:
        """Nothing is kept of it."""

    def edit(self, number: int, start: Place, end: Place, text: str, answered: Answered) -> None:
        del number, start, end, text
        answer_in(self._speed.draw_ms(self._random) / 1000, answered)

    def accepted(self, reply: Reply) -> None:
        """Nobody tells."""


class Frozen(Backend):
    """Stands still for two seconds of every thirty, and answers all that had come then at once."""

    def edit(self, number: int, start: Place, end: Place, text: str, answered: Answered) -> None:
        del number, start, end, text
        into_s = asyncio.get_running_loop().time() % 30
        held_s = max(0.0, 2.0 - into_s) if into_s < 2 else 0.0
        answer_in(held_s + 0.03, answered)


def answer_in(delay_s: float, answered: Answered) -> None:
    loop = asyncio.get_running_loop()
    at_ns = round((loop.time() + delay_s) * 1e9)
    loop.call_later(delay_s, lambda: answered(Reply("a text", at_ns)))


def edits(keys: int) -> list[Edit]:
    text = SOURCE.read_text(encoding="utf-8") * 4
    manuscript = take_out(SOURCE.name, "python", text, keys, seed=5)
    assert manuscript is not None
    return [*synthesise([manuscript], keys=keys).edits]


def typed(targets: list[Backend], typed_edits: list[Edit], seed: int) -> list[list[Stroke]]:
    async def play() -> list[list[Stroke]]:
        loop = asyncio.get_running_loop()
        cut = blocks(typed_edits, 20)
        strokes: list[list[Stroke]] = [[] for _ in targets]
        typists = [
            Typist(each, accepts=False, clock_ns=lambda: round(loop.time() * 1e9))
            for each in targets
        ]
        for block, arms in zip(cut, order(len(cut), len(targets), seed), strict=True):
            for arm in arms:
                await typists[arm].type_block(
                    block.edits,
                    first=block.first,
                    block=block.number,
                    then_ms=block.then_ms,
                    into=strokes[arm],
                )
        return strokes

    return run_virtually(play())


def truth(speed: Speed, strokes: list[Stroke], limit_ms: float) -> float:
    """The expected share, given how long each key was current."""
    current = [(each.until_ns - each.pressed_ns) / 1e6 for each in strokes]
    return sum(speed.within(min(limit_ms, each)) for each in current) / len(current)


def is_recovered(speed: Speed, strokes: list[Stroke], found: Figures) -> bool:
    for limit in CURVE_MS:
        interval = found.served_by[limit].interval
        assert interval is not None
        if not interval[0] <= truth(speed, strokes, limit) <= interval[1]:
            return False
    return True


def test_the_true_served_by_curves_lie_within_their_intervals() -> None:
    speeds = (Speed(120), Speed(220, 0.5))
    script = edits(KEYS)
    recovered = widest = 0.0
    for seed in range(RUNS):
        random = Random(seed)
        strokes = typed([Backend(each, random) for each in speeds], script, seed)
        found = [figures(each, seed, arms=2) for each in strokes]
        recovered += all(map(is_recovered, speeds, strokes, found))
        widest = max(widest, *(width(each) for each in found))
    print(  # noqa: T201 - for whoever runs it
        f"recovered in {recovered:.0f} of {RUNS} runs; intervals up to {widest:.3f} wide"
    )
    assert recovered >= NEEDED
    assert widest < 0.2, "an interval that holds anything is no recovery"


def width(found: Figures) -> float:
    """Of the widest interval of the curve."""
    intervals = [each.interval or (0.0, 1.0) for each in found.served_by.values()]
    return max(high - low for low, high in intervals)


def test_a_server_that_freezes_is_reported_in_full() -> None:
    """Two seconds of thirty are a fifteenth: so many keys are not served, and one waited 2 s."""
    script = edits(1200)
    (frozen,) = typed([Frozen(Speed(30), Random(1))], script, 1)
    (steady,) = typed([Steady(Speed(30), Random(1))], script, 1)
    found, other = figures(frozen, 1), figures(steady, 1)
    caught = [each for each in frozen if (each.pressed_ns / 1e9) % 30 < 1.9]
    assert len(caught) > 0.03 * len(frozen)
    assert found.answered_max_ms is not None
    assert found.answered_max_ms == pytest.approx(2030, abs=150)
    assert found.answered_p99_ms is not None
    assert found.answered_p99_ms > 1000, "a closed loop would have seen one slow request"
    assert other.answered_max_ms == pytest.approx(30, abs=2)
    lost = (other.share_served.value or 0) - (found.share_served.value or 0)
    current = [(each.until_ns - each.pressed_ns) / 1e6 for each in caught]
    due = sum(1 for each in current if each < 500) / len(frozen)
    assert lost == pytest.approx(due, abs=0.02)
    assert sorted(each.index for each in frozen) == [*range(1200)], "no key waited for it"
    assert bisect_left(sorted(each.lag_ms for each in frozen), 2.0) == len(frozen)


class Steady(Backend):
    def edit(self, number: int, start: Place, end: Place, text: str, answered: Answered) -> None:
        del number, start, end, text
        answer_in(0.03, answered)
