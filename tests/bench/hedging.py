"""What each hedging policy makes of slow and failing providers, over real sockets.

Two scripted providers take the times that are drawn for each keystroke: a lognormal body of which
three in a hundred are ten times as slow, once independent, once with a common cause. Every policy
gets the same draws. From `stream(request)` to the first complete line; beside it the ideal of the
same draws and delays, min(X, d + Y). Then a primary that fails in some way, and last, without
sockets, how near the adaptive delay comes to the true quantile when races cut its observations.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from statistics import median

from rich.console import Console

from ghostlap.providers.policies import AdaptiveDelay, Delay, FixedDelay, NoDelay
from ghostlap.providers.policies.estimator import WINDOW, Cut, Estimator
from ghostlap.providers.scripted_dialects import Answer, Pace, Reply, json_reply
from tests.bench._figures import Figure, figures_table, percentile, table
from tests.bench._hedging_draws import DISTRIBUTIONS, Draw, Draws, independent
from tests.bench._hedging_runs import FIRST_LINE, PIECES, Fault, Key, Run, play

PERCENTILE = 95.0
EXTRA_PERCENT = 5.2
"""The bucket starts with five tokens: with these that makes 6 % of 700 keystrokes."""
FIXED_S = 0.45
"""About the 95th percentile of the primary."""
LEARNING = 100
"""Keystrokes left out at the beginning: an adaptive delay needs fifty to be one."""

ADAPTIVE = AdaptiveDelay(PERCENTILE)
POLICIES: dict[str, tuple[Delay | None, float]] = {
    "off": (None, 0.0),
    "hedge, 450 ms": (FixedDelay(FIXED_S), EXTRA_PERCENT),
    "adaptive, p95": (ADAPTIVE, EXTRA_PERCENT),
    "race": (FixedDelay(0.0), 100.0),
}
"""Delay, and extra requests that are allowed in percent."""


def draws_of(draws: Draws, count: int, seed: int) -> list[Draw]:
    chance = Random(seed)
    return [draws(chance) for _ in range(count)]


def ideal_s(key: Key) -> float:
    return min(key.draw.x_s, key.delay_s + key.draw.y_s)


def three(times_s: Sequence[float]) -> list[str]:
    return [f"{1000 * percentile(times_s, percent):.0f}" for percent in (50, 95, 99)]


def row(name: str, run: Run) -> tuple[str, ...]:
    keys = run.keys[LEARNING:]
    wasted = run.tokens - run.needed_tokens
    late = [key.usable_s - key.draw.x_s for key in keys if key.usable_s]
    return (
        name,
        *three([key.usable_s for key in keys if key.usable_s]),
        *three([ideal_s(key) for key in keys]),
        f"{run.extra_percent:.1f} %",
        f"{wasted / len(run.keys):.1f}",
        f"{1000 * percentile(late, 95):.1f}",
        str(sum(bool(key.denied) for key in run.keys)),
    )


HEADER = (
    "",
    *(f"p{percent} ms" for percent in (50, 95, 99)),
    *(f"ideal p{percent}" for percent in (50, 95, 99)),
    "extra requests",
    "wasted tokens a key",
    "later than the primary, p95 ms",
    "denied",
)


def nearness(run: Run, share: float) -> float:
    """The adaptive delay in parts of the quantile of the draws it could have seen: the median."""
    seen: deque[float] = deque(maxlen=WINDOW)
    ratios = []
    for number, key in enumerate(run.keys):
        if number > WINDOW // 2:
            ratios.append(key.delay_s / percentile_of(seen, share))
        seen.append(key.draw.x_s)
    return median(ratios)


def percentile_of(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def targets(kind: str, runs: dict[str, Run]) -> list[Figure]:
    """What the runs of one distribution are held to."""

    def p(name: str, percent: int, of: Callable[[Key], float]) -> float:
        return percentile([of(key) for key in runs[name].keys[LEARNING:] if key.usable_s], percent)

    def usable_s(key: Key) -> float:
        return key.usable_s

    def late_s(key: Key) -> float:
        return key.usable_s - key.draw.x_s

    figures = []
    for name in ("hedge, 450 ms", "adaptive, p95"):
        if kind == "independent":  # of common causes no policy can know better
            share = 100 * p(name, 99, usable_s) / p("off", 99, usable_s)
            figures.append(Figure(f"{name}: p99 of that of off", share, "%", 50))
        figures.append(Figure(f"{name}: extra requests", runs[name].extra_percent, "%", 6))
    for name in ("hedge, 450 ms", "adaptive, p95", "race"):
        worst = max(p(name, at, usable_s) / p(name, at, ideal_s) for at in (50, 95, 99))
        figures.append(Figure(f"{name}: above the ideal, at the worst", 100 * worst - 100, "%", 5))
        more_ms = 1000 * (p(name, 95, late_s) - p("off", 95, late_s))
        figures.append(Figure(f"{name}: later than the primary alone, p95", more_ms, "ms", 3))
    off = 100 * abs(nearness(runs["adaptive, p95"], PERCENTILE / 100) - 1)
    figures.append(Figure("adaptive delay off the draws' own quantile", off, "%", 5))
    return figures


# A primary that fails.


def _sometimes(share: float, fault: Callable[[Answer], Answer | Reply]) -> Fault:
    return lambda chance, answer: fault(answer) if chance.random() < share else answer


def _stall(answer: Answer) -> Answer:
    return Answer(answer.pieces, pace=Pace(answer.pace.head_delay_s, stall_after=1))


FAULTS: dict[str, Fault] = {
    "one in five fails (500)": _sometimes(
        0.2, lambda _: json_reply(500, {"error": {"message": "no", "type": "server_error"}})
    ),
    "one in twenty stalls": _sometimes(0.05, _stall),
    "one in twenty is refused (429)": _sometimes(
        0.05, lambda _: json_reply(429, {"error": {"message": "slow down"}}, {"retry-after": "1"})
    ),
    "three in ten are empty": _sometimes(
        0.3, lambda answer: Answer(("\n",), pace=Pace(first_delay_s=answer.pace.first_delay_s))
    ),
    "one in ten: 200 and an error inside": _sometimes(
        0.1, lambda _: Answer((), error={"message": "overloaded", "type": "overloaded_error"})
    ),
    "hangs up each time": _sometimes(
        1.0, lambda answer: Answer(answer.pieces, pace=Pace(hang_up=True))
    ),
}
FAULT_PER_SECOND = 15.0
FAULT_POLICIES: dict[str, Delay | None] = {
    "off": None,
    "failover": NoDelay(),
    "adaptive, p95": ADAPTIVE,
}


def fault_row(name: str, run: Run) -> tuple[str, ...]:
    keys = run.keys[LEARNING:]
    times_s = [key.usable_s for key in keys if key.usable_s]
    times = three(times_s) if len(times_s) > 1 else ["—"] * 3
    return (
        f"  {name}",
        f"{100 * len(times_s) / len(keys):.0f} %",
        f"{100 * sum(key.failed for key in keys) / len(keys):.0f} %",
        *times,
        f"{run.extra_percent:.1f} %",
    )


# The estimator by itself.


def estimated(draws: Draws, *, delay_s: float | None, count: int = 30_000) -> tuple[float, float]:
    """The median estimate of p95 and the truth, where a backup is asked after `delay_s`; None: when
    the estimate says so."""
    chance, times, truth, found = Random(11), Estimator(), [], []
    for number in range(count):
        x_s, y_s = draws(chance)
        truth.append(x_s)
        quantile_s = times.quantile_s(PERCENTILE / 100)
        after_s = (quantile_s or 0.25) if delay_s is None else delay_s
        lost_s = after_s + y_s
        if x_s <= lost_s:
            times.observe(x_s)
        elif chance.random() < 0.05:
            times.observe_let_run(lost_s, x_s)
        else:
            times.observe(lost_s, Cut.DEFEAT)
        if quantile_s is not None and number > count // 10:
            found.append(quantile_s)
    return median(found), percentile(truth, int(PERCENTILE))


async def run_all(console: Console, count: int) -> list[Figure]:
    figures: list[Figure] = []
    for kind, draws in DISTRIBUTIONS.items():
        drawn = draws_of(draws, count, seed=5)
        runs = {
            name: await play(drawn, delay, extra_percent=extra)
            for name, (delay, extra) in POLICIES.items()
        }
        table(
            console,
            f"{kind}: {count} keystrokes",
            HEADER,
            [row(name, run) for name, run in runs.items()],
        )
        figures += [
            Figure(f"{kind}, {each.name}", each.value, each.unit, each.limit)
            for each in targets(kind, runs)
        ]
    await run_faults(console, max(LEARNING * 2, count // 3))
    return figures


async def run_faults(console: Console, count: int) -> None:
    """All of them at once, each at a slower pace."""
    drawn = draws_of(independent, count, seed=6)
    plays = [
        play(drawn, delay, extra_percent=10.0, fault=fault, per_second=FAULT_PER_SECOND)
        for fault in FAULTS.values()
        for delay in FAULT_POLICIES.values()
    ]
    runs = iter(await asyncio.gather(*plays))
    rows: list[tuple[str, ...]] = []
    for title in FAULTS:
        rows.append((title, "", "", "", "", "", ""))
        rows += [fault_row(name, next(runs)) for name in FAULT_POLICIES]
    header = ("the primary", "served", "errors", "p50 ms", "p95 ms", "p99 ms", "extra requests")
    table(console, f"a primary that fails: {count} keystrokes", header, rows)


def estimator_figures() -> list[Figure]:
    figures = []
    for kind, draws in DISTRIBUTIONS.items():
        for name, delay_s in (("race", 0.0), ("adaptive", None)):
            found_s, truth_s = estimated(draws, delay_s=delay_s)
            off = 100 * abs(found_s / truth_s - 1)
            note = f"{1000 * found_s:.0f} of {1000 * truth_s:.0f} ms; 30,000 draws, no sockets"
            figures.append(Figure(f"{kind}, {name}: estimate of p95 off", off, "%", 5, note))
    return figures


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hedging", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    parser.add_argument("--keys", type=int, default=700, help="keystrokes for each policy")
    arguments = parser.parse_args(argv)
    if arguments.keys < WINDOW:
        parser.error(f"--keys: an adaptive delay is judged from {WINDOW // 2} keystrokes on")
    console = Console(width=130)
    figures = asyncio.run(run_all(console, arguments.keys)) + estimator_figures()
    console.print(
        f"An answer is {len(PIECES)} tokens, the first {FIRST_LINE} of which are the line shown.\n"
    )
    figures_table(console, "targets", figures)
    return int(arguments.strict and any(figure.missed for figure in figures))
