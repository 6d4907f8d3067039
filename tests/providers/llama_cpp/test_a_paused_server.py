"""Two real llama.cpp servers, one of which stops in the middle of a session."""

from __future__ import annotations

import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ghostlap.providers import CompletionRequest, ProviderSettings, Verdict
from ghostlap.providers._transport import Transport
from ghostlap.providers.policies import (
    AdaptiveDelay,
    Backend,
    Budget,
    Delay,
    FixedDelay,
    Hedge,
    Ledger,
    Limits,
)
from ghostlap.providers.registry import build
from ghostlap.telemetry import AttemptStage, CensorCause, LaunchReason, Trace, monotonic_ns

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP")

BEFORE, PAUSED, AFTER = 80, 40, 20
"""Keystrokes."""


def judge(text: str, finished: bool) -> Verdict:
    complete = finished or "\n" in text
    return Verdict(complete and bool(text.strip()), complete)


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    shared = Transport()
    yield shared
    await shared.aclose()


class Session:
    """Presses keys, and remembers what came of each."""

    def __init__(self, policy: Hedge) -> None:
        self._policy = policy
        self.waited_s: list[float] = []
        self.traces: list[Trace] = []

    async def press(self, keys: int) -> None:
        for _ in range(keys):
            request = CompletionRequest(
                prefix=f"# {len(self.traces)}\ndef add(a, b):\n    return ", judge=judge
            )
            trace = Trace(len(self.traces) + 1)
            begun_ns = monotonic_ns()
            async with self._policy.stream(request, trace) as stream:
                text = "".join([piece async for piece in stream])
                self.waited_s.append((monotonic_ns() - begun_ns) / 1e9)
                stream.attempt.won = True
            assert text.strip() == "a + b"
            self.traces.append(trace)


def answered_s(trace: Trace) -> float:
    """How long the winner took from its own start to its last token."""
    (winner,) = (each for each in trace.attempts if each.won)
    stamps = winner.stamps
    return (stamps[AttemptStage.LAST_TOKEN] - stamps[AttemptStage.STARTED]) / 1e9


@pytest.mark.parametrize("delay", [FixedDelay(0.25), AdaptiveDelay(least_s=0.05)])
async def test_no_key_waits_longer_than_the_delay_and_the_others_answer(
    start_llama: Any, tmp_path: Path, transport: Transport, delay: Delay
) -> None:
    with start_llama(tmp_path / "a") as primary, start_llama(tmp_path / "b") as backup:
        backends = [
            Backend(build(name, ProviderSettings("llama-cpp", server.root), transport))
            for name, server in (("a", primary), ("b", backup))
        ]
        budget = Budget(Limits(), Ledger())
        policy = Hedge(backends, delay, budget, lambda _error: None, chance=Random(1))
        session = Session(policy)
        await session.press(BEFORE)
        primary.process.send_signal(signal.SIGSTOP)
        try:
            await session.press(PAUSED)
        finally:
            primary.process.send_signal(signal.SIGCONT)
        await session.press(AFTER)
        await policy.aclose()

    paused = slice(BEFORE, BEFORE + PAUSED)
    for trace, waited_s in zip(session.traces[paused], session.waited_s[paused], strict=True):
        assert not trace.denied
        delay_s = trace.hedge_delay_ns / 1e9
        # Beside these: what the loop takes to get from one to the other on a busy machine.
        assert waited_s <= delay_s + answered_s(trace) + 0.1
        first = trace.attempts[0]
        assert first.let_run or first.censor_cause is CensorCause.RACE
    late = [trace.attempts[1].launch_reason for trace in session.traces[paused]]
    assert late[0] is LaunchReason.DELAY
    assert late[-1] is LaunchReason.FAILURE, "a primary that is silent for so long has failed"
    assert session.traces[-1].attempts[0].won, "a primary that is back is asked again"
