from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine.schedule import INVOKED, AdaptiveDebounce, Rhythm
from ghostlap.telemetry import Stage, Trace, monotonic_ns

AtCursor: TypeAlias = Callable[..., Snapshot]
NOISE_S = 0.02
"""What may pass between the making of a trace and the reading of the clock."""


def requested() -> Trace:
    trace = Trace(1)
    trace.stamps[Stage.REQUEST_RECEIVED] = monotonic_ns()
    return trace


def typing(gap_s: float, keys: int = 200) -> Rhythm:
    rhythm = Rhythm()
    for number in range(keys):
        rhythm.typed(int(number * gap_s * 1e9) + 1)
    return rhythm


@pytest.mark.parametrize(
    ("gap_s", "usable_s", "wait_s"),
    [
        (0.2, None, 0.2),
        (0.2, 0.05, 0.15),
        (0.2, 0.5, 0.0),
        (0.1, 0.02, 0.08),
    ],
)
def test_the_wait_and_the_answer_together_take_as_long_as_a_gap(
    at_cursor: AtCursor, gap_s: float, usable_s: float | None, wait_s: float
) -> None:
    schedule = AdaptiveDebounce(typing(gap_s), 0.0, 1.0)
    if usable_s is not None:
        schedule.answered(usable_s)
    assert schedule.delay_s(at_cursor("x = a█"), requested()) == pytest.approx(wait_s, abs=NOISE_S)


def test_a_key_of_a_burst_is_waited_out_and_no_more(at_cursor: AtCursor) -> None:
    rhythm = Rhythm()
    at_s = 0.0
    for number in range(200):
        at_s += 0.05 if number % 3 == 0 else 0.25
        rhythm.typed(int(at_s * 1e9))
    delay_s = AdaptiveDebounce(rhythm, 0.0, 1.0).delay_s(at_cursor("x = a█"), requested())
    assert delay_s == pytest.approx(rhythm.burst_s, abs=NOISE_S)
    assert delay_s < 0.1


def test_a_pause_is_no_gap_between_keys() -> None:
    rhythm = typing(0.1)
    before = rhythm.median_s
    for number in range(50):
        rhythm.typed((1000 + 10 * number) * 1_000_000_000)
    assert rhythm.median_s == before


@pytest.mark.parametrize("text", ["foo(█", "x = [█", "x = {█", "x\n█", "x\n    █"])
def test_nobody_waits_after_a_line_end_or_an_opening_bracket(
    at_cursor: AtCursor, text: str
) -> None:
    assert AdaptiveDebounce(Rhythm(), 0.1, 1.0).delay_s(at_cursor(text), requested()) == 0


def test_the_bounds_hold(at_cursor: AtCursor) -> None:
    place = at_cursor("x = a█")
    at_most = AdaptiveDebounce(typing(0.5), 0.0, 0.05).delay_s(place, requested())
    at_least = AdaptiveDebounce(typing(0.02), 0.3, 1.0).delay_s(place, requested())
    assert at_most == pytest.approx(0.05, abs=NOISE_S)
    assert at_least == pytest.approx(0.3, abs=NOISE_S)
    assert AdaptiveDebounce(typing(0.5), 0.0, 0.0).delay_s(place, requested()) == 0


def test_who_asks_for_it_does_not_wait(at_cursor: AtCursor) -> None:
    trace = requested()
    trace.trigger = INVOKED
    assert AdaptiveDebounce(typing(0.5), 0.1, 1.0).delay_s(at_cursor("x█"), trace) == 0


def test_a_provider_is_known_by_its_answers_of_late() -> None:
    schedule = AdaptiveDebounce(Rhythm(), 0.0, 1.0)
    for usable_s in [5.0] * 3 + [0.1] * 32:
        schedule.answered(usable_s)
    assert schedule.usable_s == pytest.approx(0.1)
