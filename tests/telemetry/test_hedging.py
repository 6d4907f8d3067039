from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ghostlap.telemetry import (
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    LaunchReason,
    Outcome,
    ProviderFacts,
    Role,
    Session,
    Stage,
    Trace,
    Usage,
)
from ghostlap.telemetry._store import Store
from ghostlap.telemetry.hedging import HedgingSummary, summarise_hedging

MS = 1_000_000
START_NS = 10**15
FACTS = {"slow": ProviderFacts("HBM", 1.0, 1.0), "fast": ProviderFacts("on-chip SRAM", 2.0, 2.0)}


def hedged(
    sequence: int,
    slow_ms: float | None,
    fast_ms: float | None,
    *,
    reason: LaunchReason = LaunchReason.DELAY,
    delay_ms: float = 100,
    let_run: bool = False,
    simulated: bool = False,
) -> Trace:
    """Return a keystroke whose backup began behind `delay_ms`; None: cut short, unmeasured."""
    trace = Trace(sequence)
    trace.policy, trace.hedge_delay_ns = "hedge", round(delay_ms * MS)
    trace.stamp(Stage.CHANGE_RECEIVED, START_NS)
    primary = trace.attempt("slow", simulated=simulated)
    backup = trace.attempt("fast", role=Role.BACKUP, launch_reason=reason, simulated=simulated)
    begins_ms = 0.0 if reason in (LaunchReason.SHADOW, LaunchReason.RACE) else delay_ms
    usable = [slow_ms, None if fast_ms is None else begins_ms + fast_ms]
    known = [each for each in usable if each is not None]
    for attempt, from_ms, usable_ms in zip(
        (primary, backup), (0.0, begins_ms), usable, strict=True
    ):
        attempt.stamps[AttemptStage.STARTED] = START_NS + round(from_ms * MS)
        attempt.usage = Usage(900, 100)
        if usable_ms is None:
            attempt.stamp(AttemptStage.ENDED, START_NS + round((min(known) + 2) * MS))
            attempt.end(AttemptOutcome.CENSORED, cause=CensorCause.RACE)
        else:
            attempt.stamp(AttemptStage.FIRST_USABLE, START_NS + round(usable_ms * MS))
            attempt.end(AttemptOutcome.COMPLETED)
            attempt.won = usable_ms == min(known)
        attempt.let_run = let_run and not attempt.won
    trace.end(Outcome.SERVED)
    return trace


def summed(path: Path, *traces: Trace) -> HedgingSummary:
    with closing(Store(path, Session(), facts=FACTS.get)) as store:
        store.write(traces)
    return summarise_hedging(path)


def test_who_won_and_by_how_much_and_what_is_only_known_to_be_more(path: Path) -> None:
    found = summed(path, hedged(1, 300, 50), hedged(2, None, 60), hedged(3, 120, 90))
    fast, slow = found.winners["fast"], found.winners["slow"]
    assert (fast.races, fast.won, fast.margins_ms, fast.at_least_ms) == (3, 2, [150], [2])
    assert (slow.races, slow.won, slow.margins_ms, slow.at_least_ms) == (3, 1, [70], [])
    assert (found.backups_won, found.launched, found.policies) == (
        2,
        {"delay": 3},
        {"hedge": 3},
    )


def test_waste_is_what_the_beaten_received_and_may_cost(path: Path) -> None:
    found = summed(path, hedged(1, 300, 50), hedged(2, 120, 90))
    assert found.wasted_tokens == 200
    assert found.wasted_usd == pytest.approx((0.003, 0.003))
    assert (found.requests, found.extra_requests, found.extra_share) == (2, 2, 1.0)


def test_nothing_is_said_of_costs_that_are_not_known(path: Path) -> None:
    found = summed(path, hedged(1, 300, 50, simulated=True))
    assert (found.wasted_tokens, found.wasted_usd) == (100, None)


def test_denials_are_counted_by_reason(path: Path) -> None:
    traces = [Trace(1), Trace(2), Trace(3)]
    for trace, denied in zip(traces, ("bucket", "bucket", ""), strict=True):
        trace.policy, trace.denied = "hedge", denied
        trace.attempt("slow")
    found = summed(path, *traces)
    assert found.denied == {"bucket": 2}
    assert (found.requests, found.extra_requests) == (3, 0)


def test_only_pairs_that_chance_chose_compare_hedging_with_the_primary_alone(path: Path) -> None:
    found = summed(
        path,
        hedged(1, 300, 50, reason=LaunchReason.SHADOW),
        hedged(2, 80, 50, reason=LaunchReason.SHADOW),
        hedged(3, 300, 50, reason=LaunchReason.RACE, delay_ms=0, let_run=True),
        hedged(4, 300, 50, reason=LaunchReason.RACE, delay_ms=0),  # both measured, by accident
        hedged(5, 300, 50, let_run=True),  # a backup there was because the primary was slow
    )
    assert found.pairs.primary_ms == [300, 80, 300]
    assert found.pairs.hedged_ms == [150, 80, 50]


def test_who_is_only_measured_takes_part_in_no_race(path: Path) -> None:
    trace = hedged(1, 300, 50)
    trace.policy = "hedge+shadow"
    only = trace.attempt("only", role=Role.SHADOW, launch_reason=LaunchReason.MEASURE)
    only.stamp(AttemptStage.FIRST_USABLE, START_NS + 10 * MS)
    trace.attempts.insert(1, trace.attempts.pop())  # it began before the backup did
    alone = Trace(2)
    alone.policy = "off+shadow"
    alone.attempt("slow").won = True
    alone.attempt("only", role=Role.SHADOW, launch_reason=LaunchReason.MEASURE)
    found = summed(path, trace, alone)
    assert found.launched == {"delay": 1, "measure": 2}
    assert (found.extra_requests, found.backups) == (3, 1)
    assert set(found.winners) == {"slow", "fast"}
    assert found.pairs.primary_ms == []


def test_no_percentile_is_told_of_too_few_pairs(path: Path) -> None:
    pairs = summed(
        path, *(hedged(n, 100 + n, 900, reason=LaunchReason.SHADOW) for n in range(20))
    ).pairs
    assert pairs.quantile_ms(pairs.primary_ms, 500) == 109
    assert pairs.quantile_ms(pairs.primary_ms, 950) == 118
    assert pairs.quantile_ms(pairs.primary_ms, 990) is None


def test_simulated_providers_are_told_of_only_where_there_are_no_others(path: Path) -> None:
    found = summed(path, hedged(1, 300, 50, simulated=True), hedged(2, 300, 50, simulated=True))
    assert (found.simulated, found.requests, found.policies) == (True, 2, {"hedge": 2})
    found = summed(path, hedged(1, 300, 50))
    assert (found.simulated, found.requests, found.policies) == (False, 1, {"hedge": 1})


def test_keystrokes_without_a_policy_are_not_counted(path: Path) -> None:
    trace = Trace(1)
    trace.attempt("slow")
    found = summed(path, trace)
    assert (found.policies, found.requests) == ({}, 0)
