from __future__ import annotations

from random import Random
from typing import Any

import pytest

from ghostlap.providers import CompletionRequest, Snippet
from ghostlap.providers.policies import AdaptiveDelay, Backend
from ghostlap.providers.policies.estimator import ENOUGH, WINDOW, Cut, Estimator, size_class
from ghostlap.providers.policies.survival import estimate
from ghostlap.providers.scripted import ScriptedProvider


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * len(values))]


def heavy_tailed(chance: Random) -> float:
    return chance.lognormvariate(-1.6, 0.4) * (6 if chance.random() < 0.06 else 1)


def test_without_cuts_it_is_the_empirical_distribution() -> None:
    survival = estimate([0.3, 0.1, 0.2, 0.4, 0.2])
    assert survival.quantile_s(0.2) == 0.1
    assert survival.quantile_s(0.6) == 0.2
    assert survival.quantile_s(1.0) == 0.4
    assert survival.beyond(0.05) == 1.0
    assert survival.beyond(0.2) == pytest.approx(0.4)
    assert survival.beyond(9.0) == 0.0


def test_kaplan_and_meier_hold_where_keystrokes_cut() -> None:
    """Worked by hand: 1-1/5, then ·(1-1/3), then ·(1-1/1)."""
    survival = estimate([1.0, 3.0, 5.0], [2.0, 4.0])
    assert survival.beyond(1.0) == pytest.approx(4 / 5)
    assert survival.beyond(3.0) == pytest.approx(4 / 5 * 2 / 3)
    assert survival.beyond(5.0) == pytest.approx(0.0)


def test_a_quantile_that_nobody_lived_to_see_is_unknown() -> None:
    assert estimate([1.0], [2.0] * 9).quantile_s(0.9) is None


def test_keystrokes_that_cut_do_not_bias_the_quantile() -> None:
    chance = Random(3)
    times = [heavy_tailed(chance) for _ in range(20_000)]
    cuts = [chance.expovariate(1 / 0.4) for _ in times]
    seen = [time for time, cut in zip(times, cuts, strict=True) if time <= cut]
    cut = [cut for time, cut in zip(times, cuts, strict=True) if time > cut]
    truth = quantile(times, 0.9)
    assert estimate(seen, cut).quantile_s(0.9) == pytest.approx(truth, rel=0.03)
    assert quantile(seen, 0.9) < 0.9 * truth, "dropping them would have biased it"


@pytest.mark.parametrize("correlated", [False, True])
def test_a_race_is_estimated_without_bias_by_the_losers_that_were_let_run(
    correlated: bool,
) -> None:
    chance = Random(4)
    seen, lost, let_run, times = [], [], [], []
    for _ in range(20_000):
        busy = 3.0 if correlated and chance.random() < 0.1 else 1.0
        x = busy * chance.lognormvariate(-1.6, 0.4)
        y = busy * chance.lognormvariate(-1.6, 0.4)
        times.append(x)
        if x <= y:
            seen.append(x)
        elif chance.random() < 0.05:
            seen.append(x)
            let_run.append((y, x))
        else:
            lost.append(y)
    truth = quantile(times, 0.9)
    assert estimate(seen, [], lost, let_run).quantile_s(0.9) == pytest.approx(truth, rel=0.05)
    assert quantile(seen, 0.9) < 0.92 * truth, "winners only would have been too quick"
    if correlated:
        naive = estimate(seen, lost).quantile_s(0.9)
        assert naive is not None
        assert naive > 1.1 * truth, "Kaplan-Meier alone would have been too slow"


def test_an_estimator_keeps_the_last_500_and_knows_nothing_before_50() -> None:
    times = Estimator()
    for _ in range(ENOUGH - 1):
        times.observe(0.1)
    assert times.quantile_s(0.9) is None
    assert times.beyond(9.9) == 1.0
    for _ in range(20):
        times.observe(0.1)
    assert times.quantile_s(0.9) == 0.1
    for _ in range(WINDOW):
        times.observe(0.3)
    assert times.quantile_s(0.1) == 0.3
    assert len(times) == WINDOW


def test_the_memory_of_an_estimator_is_bounded() -> None:
    times = Estimator()
    for at in range(3000):
        times.observe_let_run(0.1, 0.2 + at / 1e6)
        times.observe(0.1, Cut.DEFEAT)
        times.observe(0.1, Cut.KEYSTROKE)
    assert len(times._observed) == len(times._let_run) == WINDOW


def test_requests_of_different_size_are_kept_apart() -> None:
    backend = Backend(ScriptedProvider())
    small = CompletionRequest(prefix="x")
    large = CompletionRequest(prefix="x" * 9000)
    block = CompletionRequest(prefix="x", single_line=False)
    snippets = CompletionRequest(prefix="x", snippets=(Snippet("p", "y" * 3000),))
    assert len({size_class(each) for each in (small, large, block, snippets)}) == 4
    for _ in range(100):
        backend.times(large).observe(0.7)
    delay = AdaptiveDelay()
    assert delay.delay_s(backend, large) == 0.7
    assert delay.delay_s(backend, small) == 0.25


@pytest.mark.parametrize(("seen_s", "delay_s"), [(0.01, 0.03), (0.2, 0.2), (3.0, 0.8)])
def test_the_adaptive_delay_keeps_within_its_bounds(seen_s: float, delay_s: float) -> None:
    backend, request = Backend(ScriptedProvider()), CompletionRequest(prefix="x")
    for _ in range(100):
        backend.times(request).observe(seen_s)
    assert AdaptiveDelay().delay_s(backend, request) == delay_s


def test_a_backend_that_is_silent_beyond_all_likelihood_is_stalled(clock: Any) -> None:
    backend, request = Backend(ScriptedProvider(), clock=clock), CompletionRequest(prefix="x")
    for _ in range(10):
        backend.silent(request, 5.0)
    assert not backend.is_stalled, "nothing is known of how long it takes"
    for at in range(100):
        backend.times(request).observe(0.1 + at / 1000)
    backend.silent(request, 0.05)
    assert not backend.is_stalled, "it never answers so soon"
    backend.silent(request, 0.5)
    backend.silent(request, 0.5)
    assert backend.is_stalled
    backend.heard()
    assert not backend.is_stalled
