"""A backend that asked to be left alone is left alone, and nobody waits for it."""

from __future__ import annotations

import pytest

from ghostlap.providers import (
    AuthenticationFailed,
    Overloaded,
    ProviderError,
    RateLimited,
    StreamStalled,
)
from ghostlap.providers._circuit import LONGEST_S, PERMANENT_S, RATE_LIMIT_S, Circuit


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ns = 10**15

    def __call__(self) -> int:
        return self.now_ns

    def pass_s(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


def test_a_new_circuit_lets_everything_through() -> None:
    circuit = Circuit(Clock())
    assert circuit.open_error() is None
    assert circuit.not_before_ns == 0


@pytest.mark.parametrize(
    ("error", "held_s"),
    [
        (RateLimited("p", "no", retry_after_s=7.5), 7.5),
        (Overloaded("p", "no", retry_after_s=0.25), 0.25),
        (RateLimited("p", "no", retry_after_s=33011.4), LONGEST_S),
        (RateLimited("p", "no"), RATE_LIMIT_S),
        (AuthenticationFailed("p", "no"), PERMANENT_S),
    ],
)
def test_it_gives_the_same_error_for_as_long_as_was_asked(
    error: ProviderError, held_s: float
) -> None:
    clock = Clock()
    circuit = Circuit(clock)
    circuit.failed(error)
    clock.pass_s(held_s - 0.001)
    assert circuit.open_error() is error
    assert circuit.not_before_ns == clock.now_ns + 1_000_000
    clock.pass_s(0.001)
    assert circuit.open_error() is None


@pytest.mark.parametrize("error", [Overloaded("p", "no"), StreamStalled("p", "no")])
def test_an_error_that_asks_for_nothing_leaves_the_way_open(error: ProviderError) -> None:
    circuit = Circuit(Clock())
    circuit.failed(error)
    assert circuit.open_error() is None


def test_keystrokes_that_were_refused_meanwhile_do_not_prolong_it() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    circuit.failed(RateLimited("p", "no", retry_after_s=1.0))
    clock.pass_s(0.9)
    refused = circuit.open_error()
    assert refused is not None
    circuit.failed(refused)
    clock.pass_s(0.1)
    assert circuit.open_error() is None


def test_an_answer_closes_it() -> None:
    circuit = Circuit(Clock())
    circuit.failed(RateLimited("p", "no", retry_after_s=60.0))
    circuit.succeeded()
    assert circuit.open_error() is None
