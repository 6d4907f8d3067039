from __future__ import annotations

import pytest

from ghostlap.telemetry import Attempt, AttemptOutcome, ProviderFacts, Usage
from ghostlap.telemetry._costs import cost_of, cost_of_all

PRICES = (0.5, 2.0)


def facts(bills_cancelled: str = "unknown") -> ProviderFacts:
    return ProviderFacts("HBM", *PRICES, bills_cancelled)


def test_counted_tokens_give_one_price() -> None:
    attempt = Attempt("chip")
    attempt.usage = Usage(1000, 20)
    attempt.end(AttemptOutcome.COMPLETED)
    assert cost_of(attempt, facts()) == (540_000, 540_000)


@pytest.mark.parametrize(
    ("bills", "low", "high"),
    [
        ("generated", 1000 * 500 + 10 * 2000, 1333.333 * 500 + 13.333 * 2000),
        ("full", 1000 * 500 + 10 * 2000, 1333.333 * 500 + 64 * 2000),
        ("unknown", 1000 * 500 + 10 * 2000, 1333.333 * 500 + 64 * 2000),
        ("nothing", 0, 1333.333 * 500 + 13.333 * 2000),
    ],
)
def test_a_cancelled_stream_costs_between_the_least_and_the_most_that_may_be_billed(
    bills: str, low: float, high: float
) -> None:
    attempt = Attempt("chip")
    attempt.prompt_length, attempt.text_length, attempt.asked_tokens = 4000, 40, 64
    attempt.end(AttemptOutcome.CENSORED)
    assert cost_of(attempt, facts(bills)) == pytest.approx((low, high), rel=1e-3)


def test_a_refused_request_costs_nothing() -> None:
    attempt = Attempt("chip")
    attempt.prompt_length = 4000
    attempt.end(AttemptOutcome.ERROR, error="Overloaded", status=503)
    assert cost_of(attempt, facts()) == (0, 0)


@pytest.mark.parametrize("known", [None, ProviderFacts("HBM"), ProviderFacts("HBM", 1.0, None)])
def test_without_a_price_nothing_is_said(known: ProviderFacts | None) -> None:
    attempt = Attempt("chip")
    attempt.usage = Usage(1000, 20)
    assert cost_of(attempt, known) == (None, None)


def test_a_simulated_provider_costs_nothing_that_could_be_said() -> None:
    attempt = Attempt("chip", simulated=True)
    attempt.usage = Usage(1000, 20)
    assert cost_of(attempt, facts()) == (None, None)


def test_costs_add_up_as_far_as_they_are_known() -> None:
    assert cost_of_all([(1, 2), (None, None), (3, 5)]) == (4, 7)
    assert cost_of_all([(None, None)]) == (None, None)
    assert cost_of_all([]) == (None, None)
