from contextlib import closing
from math import inf
from pathlib import Path
from random import Random

import numpy as np
import pytest

from ghostlap.telemetry import (
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    LaunchReason,
    Outcome,
    Role,
    Session,
    Stage,
    Trace,
    monotonic_ns,
)
from ghostlap.telemetry._store import Store
from ghostlap.telemetry.what_if import (
    ENOUGH_PAIRS,
    Pair,
    PairedHistory,
    Sample,
    advise,
    band,
    interval,
    quantiles,
    read_pairs,
    resampled,
    survival,
)

MS = 1_000_000


def test_survival_is_that_of_the_textbook() -> None:
    """Freireich's 6-MP arm, as Kaplan-Meier estimates of it are printed everywhere."""
    seen = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    cut = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    times = np.array([*seen, *cut], dtype=np.float64)
    observed = np.array([True] * len(seen) + [False] * len(cut))
    ordered, left = survival(times, observed, np.ones((1, len(times))))
    at = {int(time): float(share) for time, share in zip(ordered, left[0], strict=True)}
    assert at[7] == pytest.approx(0.807, abs=5e-4)
    assert at[16] == pytest.approx(0.627, abs=5e-4)
    assert at[23] == pytest.approx(0.448, abs=5e-4)
    assert quantiles(times, observed, np.ones((1, len(times))), (0.5,))[0, 0] == 23


def test_a_weight_counts_as_so_many_observations() -> None:
    times = np.array([3.0, 1.0, 2.0])
    observed = np.array([True, True, False])
    twice = np.repeat(times, 2)
    _, weighted = survival(times, observed, np.full((1, 3), 2.0))
    _, repeated = survival(twice, np.repeat(observed, 2), np.ones((1, 6)))
    assert weighted[0, -1] == pytest.approx(repeated[0, -1])
    assert weighted[0, 0] == pytest.approx(repeated[0, 1])


def test_a_quantile_that_was_never_reached_is_no_number() -> None:
    found = quantiles(np.array([1.0, 2.0]), np.array([True, False]), np.ones((1, 2)), (0.5, 0.95))
    assert found[0, 0] == 1.0
    assert np.isnan(found[0, 1])


def test_clusters_are_drawn_whole() -> None:
    weights = resampled(["a", "a", "b", "b"], seed=1)
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights.sum(axis=1) == 4).all()


def test_one_cluster_bounds_nothing() -> None:
    assert interval(np.ones(501), clusters=1) is None
    assert band(np.ones((501, 2)), clusters=1, count=10, level=0.95) is None


def test_a_band_is_no_narrower_where_nothing_was_hit() -> None:
    found = band(np.zeros((501, 1)), clusters=20, count=200, level=0.95)
    assert found is not None
    assert found[0][1] > 0.005


def pairs(count: int, *, backup_ms: float = 100.0, seed: int = 1) -> list[Pair]:
    """The primary is sometimes ten times as late, the backup never."""
    random = Random(seed)
    return [
        Pair(
            f"{number // 20}",
            random.gauss(100, 5) * (10 if random.random() < 0.1 else 1),
            True,
            random.gauss(backup_ms, 5),
            True,
            1e-4,
        )
        for number in range(count)
    ]


def history(found: list[Pair]) -> PairedHistory:
    return PairedHistory("a", "b", found, 10 * len(found), 2.0)


def test_hedged_times_are_those_of_the_pairs() -> None:
    sample = Sample([Pair("s", 300, True, 100, True), Pair("s", 90, True, 500, True)])
    times, seen = sample.times(120.0)
    assert times.tolist() == [220, 90]
    assert seen.all()
    assert sample.launched(120.0).tolist() == [1, 0]
    assert sample.launched(inf).tolist() == [0, 0]


def test_a_cut_that_came_first_cuts_the_hedged_time() -> None:
    sample = Sample([Pair("s", 150, False, 100, True), Pair("s", 150, False, 20, True)])
    times, seen = sample.times(120.0)
    assert times.tolist() == [150, 140]
    assert seen.tolist() == [False, True]


def test_a_primary_with_a_tail_is_worth_a_backup() -> None:
    advice = advise(history(pairs(1200)), budget=0.15)
    assert advice.best is not None
    assert advice.best.delay_ms is not None
    assert 100 < advice.best.delay_ms <= 300
    assert advice.gain_ms is not None
    assert advice.gain_ms.value == pytest.approx(700, rel=0.2)
    assert advice.best.extra.value == pytest.approx(0.1, abs=0.03)
    assert advice.best.extra_usd_per_1000 == pytest.approx(0.01, abs=0.003)
    assert advice.reason.startswith("Ask b after ")


def test_the_budget_is_kept() -> None:
    advice = advise(history(pairs(1200)), budget=0.02)
    assert advice.best is None
    assert "within the budget" in advice.reason
    assert advise(history(pairs(1200)), budget=1.0, usd_per_1000=0.001).best is None


def test_too_few_pairs_are_said_so_with_how_many_more_it_takes() -> None:
    advice = advise(history(pairs(60)), budget=0.1)
    assert advice.best is None
    assert advice.more_pairs == ENOUGH_PAIRS - 60
    assert "60 pairs are too few, it takes 240 more, 8 days at this rate" in advice.reason
    assert not advice.options


def test_a_backup_that_is_never_faster_is_not_recommended() -> None:
    advice = advise(history(pairs(800, backup_ms=5000)), budget=1.0)
    assert advice.best is None


def test_the_p99_is_not_told_of_few_pairs() -> None:
    few, many = advise(history(pairs(400)), budget=0.2), advise(history(pairs(1200)), budget=0.2)
    assert few.options[0].p99_ms.value is None
    assert many.options[0].p99_ms.value is not None


def test_after_a_drift_the_later_half_speaks() -> None:
    early, late = pairs(800, seed=1), pairs(800, seed=2)
    slower = [
        Pair("d" + each.session, 2 * each.primary_ms, True, each.backup_ms, True) for each in late
    ]
    advice = advise(history(early + slower), budget=1.0)
    assert advice.used == 800
    assert advise(history(early + late), budget=1.0).used == 1600


def test_switching_a_share_mixes_the_two() -> None:
    sample = Sample([Pair(f"{n}", 100, True, 300, True) for n in range(50)])
    assert sample.switched(0.1, "a tenth").p50_ms.value == 100
    assert sample.switched(0.1, "a tenth").p95_ms.value == 300
    assert sample.switched(1.0, "all").p50_ms.value == 300


def keystroke(sequence: int, reason: LaunchReason, *, usable_ms: float, let_run: bool) -> Trace:
    trace = Trace(sequence, language="python")
    start_ns = monotonic_ns()
    trace.stamps[Stage.REQUEST_RECEIVED] = start_ns
    for name, role, why, after_ms in (
        ("a", Role.PRIMARY, LaunchReason.REQUEST, 250.0),
        ("b", Role.BACKUP, reason, usable_ms),
    ):
        attempt = trace.attempt(name, role=role, launch_reason=why)
        attempt.stamps[AttemptStage.STARTED] = start_ns
        attempt.stamps[AttemptStage.FIRST_USABLE] = start_ns + round(after_ms * MS)
        attempt.stamps[AttemptStage.ENDED] = start_ns + round(after_ms * MS)
        attempt.outcome = AttemptOutcome.COMPLETED
    trace.attempts[1].let_run = let_run
    trace.end(Outcome.SERVED)
    return trace


def test_only_pairs_that_chance_chose_are_read(tmp_path: Path) -> None:
    chosen = keystroke(1, LaunchReason.SHADOW, usable_ms=100, let_run=False)
    late = keystroke(2, LaunchReason.DELAY, usable_ms=100, let_run=True)
    race = keystroke(3, LaunchReason.RACE, usable_ms=100, let_run=True)
    lost = keystroke(4, LaunchReason.RACE, usable_ms=100, let_run=False)
    cut = keystroke(5, LaunchReason.SHADOW, usable_ms=100, let_run=False)
    cut.attempts[0].stamps[AttemptStage.FIRST_USABLE] = 0
    cut.attempts[0].outcome = AttemptOutcome.CENSORED
    cut.attempts[0].censor_cause = CensorCause.KEYSTROKE
    failed = keystroke(6, LaunchReason.SHADOW, usable_ms=100, let_run=False)
    failed.attempts[0].stamps[AttemptStage.FIRST_USABLE] = 0
    failed.attempts[0].outcome = AttemptOutcome.ERROR
    measured = keystroke(7, LaunchReason.MEASURE, usable_ms=100, let_run=False)
    path = tmp_path / "telemetry.db"
    with closing(Store(path, Session("0", "test", "0"))) as store:
        store.write([chosen, late, race, lost, cut, failed, measured], [])
    found = read_pairs([path])
    assert (found.primary, found.backup, found.requests) == ("a", "b", 7)
    assert [(each.primary_ms, each.primary_seen) for each in found.pairs] == [
        (250, True),
        (250, True),
        (250, False),
        (inf, False),
        (250, True),
    ]
    assert read_pairs([path], primary="b").pairs == []
