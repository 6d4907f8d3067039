from __future__ import annotations

from datetime import date
from typing import Any

from ghostlap.providers.catalog import Price
from ghostlap.providers.policies import Budget, Ledger, Limits, Spent
from ghostlap.providers.policies.breaker import Breaker
from ghostlap.providers.policies.bucket import Bucket
from ghostlap.providers.policies.cost import cost_usd
from ghostlap.telemetry import Attempt, AttemptOutcome, AttemptStage, CensorCause, Usage

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
PRICE = Price(input_usd=1.0, output_usd=4.0, as_of=MONDAY)


def test_a_bucket_starts_half_full_and_gives_one_for_ten_at_a_tenth() -> None:
    bucket = Bucket(0.1)
    assert [bucket.spend() for _ in range(6)] == [True] * 5 + [False]
    for _ in range(9):
        bucket.earn()
    assert not bucket.spend()
    for _ in range(2):  # ten times a tenth is less than one, by a hair
        bucket.earn()
    assert bucket.spend()


def test_a_bucket_holds_ten_and_keeps_them_for_as_long_as_it_takes() -> None:
    bucket = Bucket(0.5)
    for _ in range(1000):
        bucket.earn()
    assert sum(bucket.spend() for _ in range(100)) == 10


def test_in_the_long_run_there_are_no_more_hedges_than_the_share() -> None:
    budget = Budget(Limits(extra_percent=6), Ledger())
    hedged = 0
    for _ in range(10_000):
        budget.earn()
        hedged += not budget.hedge()
    assert 600 <= hedged <= 605


def test_whoever_pays_for_each_is_not_denied() -> None:
    budget = Budget(Limits(extra_percent=100), Ledger())
    assert not any(budget.hedge() for _ in range(100))


def test_failovers_have_a_bucket_of_their_own() -> None:
    budget = Budget(Limits(extra_percent=0), Ledger())
    assert budget.hedge() == "bucket"
    for _ in range(100):
        budget.earn()
        assert budget.failover() == ""
    assert [budget.failover() for _ in range(6)][-1] == "failover bucket"


def test_what_can_be_done_without_leaves_half_of_the_bucket() -> None:
    budget = Budget(Limits(extra_percent=10), Ledger())
    assert budget.spare() == ""
    assert budget.spare() == "bucket"
    assert budget.hedge() == ""


def test_a_days_requests_are_limited_and_a_new_day_begins_at_none() -> None:
    today = [MONDAY]
    budget = Budget(Limits(extra_percent=100, daily_requests=2), Ledger(lambda: today[0]))
    assert [budget.hedge(), budget.measure(), budget.hedge()] == ["", "", "daily requests"]
    assert budget.failover() == "daily requests"
    today[0] = TUESDAY
    assert budget.hedge() == ""


def test_a_days_money_is_limited() -> None:
    budget = Budget(Limits(extra_percent=100, daily_usd=0.01), Ledger())
    assert budget.hedge() == ""
    budget.charge(0.0101)
    assert budget.hedge() == "daily money"


def test_what_other_processes_spend_counts_too() -> None:
    ledger = Ledger(lambda: MONDAY)
    ledger.add(requests=3, usd=0.5)
    assert ledger.take_unsaved() == Spent(MONDAY, 3, 0.5)
    assert ledger.take_unsaved() == Spent(MONDAY)
    ledger.set_others(Spent(MONDAY, 10, 2.0))
    ledger.add(requests=1)
    assert ledger.spent() == Spent(MONDAY, 11, 2.0)


def test_what_was_kept_of_another_day_does_not_count() -> None:
    ledger = Ledger(lambda: TUESDAY)
    ledger.set_others(Spent(MONDAY, 10, 2.0))
    assert ledger.spent() == Spent(TUESDAY)


def test_a_breaker_opens_at_ten_failures_of_fifty_and_tries_again_later(clock: Any) -> None:
    breaker = Breaker(clock)
    for _ in range(40):
        breaker.succeeded()
    for _ in range(9):
        breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    clock.pass_s(30.1)
    assert breaker.allows()
    breaker.asked()
    assert not breaker.allows(), "one try is enough"
    breaker.failed()
    clock.pass_s(29)
    assert not breaker.allows()
    clock.pass_s(2)
    breaker.succeeded()
    assert breaker.allows()


def test_failures_that_are_fifty_answers_old_are_forgotten(clock: Any) -> None:
    breaker = Breaker(clock)
    for _ in range(100):
        for _ in range(6):
            breaker.succeeded()
        breaker.failed()
    assert breaker.allows()


def attempt(outcome: AttemptOutcome, *, sent: bool = True, said: int = 0) -> Attempt:
    made = Attempt("a")
    made.prompt_length = 1000
    made.asked_tokens = 64
    made.text_length = said
    if sent:
        made.stamp(AttemptStage.SENT)
    cause = CensorCause.RACE if outcome is AttemptOutcome.CENSORED else CensorCause.NONE
    made.end(outcome, cause=cause)
    return made


def test_what_the_provider_counted_is_what_it_costs() -> None:
    made = attempt(AttemptOutcome.COMPLETED)
    made.usage = Usage(prompt_tokens=1_000_000, completion_tokens=500_000)
    assert cost_usd(made, PRICE, "unknown") == (3.0, 3.0)


def test_a_cancelled_stream_costs_between_what_came_and_the_cap() -> None:
    made = attempt(AttemptOutcome.CENSORED, said=40)
    low, high = cost_usd(made, PRICE, "unknown")
    assert low == (250 + 10 * 4) / 1e6
    assert high == (400 + 64 * 4) / 1e6
    low, high = cost_usd(made, PRICE, "generated")
    assert (low, high) == ((250 + 10 * 4) / 1e6, (400 + 16 * 4) / 1e6)
    low, high = cost_usd(made, PRICE, "full")
    assert (low, high) == ((250 + 64 * 4) / 1e6, (400 + 64 * 4) / 1e6)
    assert cost_usd(made, PRICE, "nothing") == (0.0, 0.0)


def test_a_winner_that_was_closed_behind_its_first_line_was_cut_too() -> None:
    made = attempt(AttemptOutcome.COMPLETED, said=40)
    assert cost_usd(made, PRICE, "full").low == (250 + 64 * 4) / 1e6
    made.finish_reason = "stop"
    assert cost_usd(made, PRICE, "full").high == (400 + 16 * 4) / 1e6


def test_what_never_left_or_was_refused_costs_nothing() -> None:
    assert cost_usd(attempt(AttemptOutcome.CENSORED, sent=False), PRICE, "full") == (0, 0)
    assert cost_usd(attempt(AttemptOutcome.ERROR), PRICE, "full") == (0, 0)
