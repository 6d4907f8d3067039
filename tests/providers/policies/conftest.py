"""Backends that play scripts, and one keystroke sent through a policy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias

import pytest

from ghostlap.providers import CompletionRequest, Provider, Verdict
from ghostlap.providers.policies import (
    Backend,
    Budget,
    Delay,
    FixedDelay,
    Hedge,
    Ledger,
    Limits,
)
from ghostlap.providers.scripted import Script, ScriptedProvider
from ghostlap.telemetry import Attempt, AttemptStage, Trace

Ask: TypeAlias = Callable[[Provider], Awaitable[tuple[str, Trace]]]


@dataclass
class Clock:
    """A monotonic clock that stands still until it is moved."""

    now_ns: int = 1_000_000_000

    def __call__(self) -> int:
        return self.now_ns

    def pass_s(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


@dataclass
class Line:
    """Some backends, and what the policy over them has said."""

    backends: list[Backend]
    providers: list[ScriptedProvider]
    failures: list[Exception] = field(default_factory=list)
    budget: Budget = field(default_factory=lambda: Budget(Limits(100), Ledger()))

    def hedge(self, delay: Delay | None = None, **options: Any) -> Hedge:
        options = {"let_run_share": 0.0, "shadow_share": 0.0, "chance": Random(1), **options}
        budget = options.pop("budget", self.budget)
        return Hedge(
            self.backends, delay or FixedDelay(0.02), budget, self.failures.append, **options
        )

    def asked(self) -> list[int]:
        return [len(provider.requests) for provider in self.providers]


async def settled(trace: Trace) -> None:
    """Wait until nothing goes on behind the answer."""
    if trace.unsettled:
        done = asyncio.Event()
        trace.when_settled = done.set
        await done.wait()


@pytest.fixture
def line() -> Callable[..., Line]:
    """A line of backends, each playing one script, or several in turn."""

    def build(*scripts: Script | Sequence[Script], **options: Any) -> Line:
        names = "abcdef"
        providers = [
            ScriptedProvider(names[at], [each] if isinstance(each, Script) else each)
            for at, each in enumerate(scripts)
        ]
        return Line([Backend(each, **options) for each in providers], providers)

    return build


def judge(text: str, finished: bool) -> Verdict:
    """One line is wanted."""
    complete = finished or "\n" in text
    return Verdict(complete and bool(text.partition("\n")[0].strip()), complete)


@pytest.fixture
def request_() -> CompletionRequest:
    return CompletionRequest(prefix="x = ", judge=judge)


@pytest.fixture
def ask(request_: CompletionRequest) -> Ask:
    """Asks once, takes the first line as the engine does, and waits for the losers to be gone."""

    async def once(provider: Provider) -> tuple[str, Trace]:
        trace = Trace(1)
        text = ""
        try:
            async with provider.stream(request_, trace) as stream:
                async for piece in stream:
                    text += piece
                    if "\n" in text:
                        break
                if text:
                    stream.attempt.won = True
        finally:
            await settled(trace)
        return text, trace

    return once


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wait_for_settled() -> Callable[[Trace], Awaitable[None]]:
    return settled


@pytest.fixture
def usable_ms() -> Callable[[Attempt], float]:
    def of(attempt: Attempt) -> float:
        stamps = attempt.stamps
        return (stamps[AttemptStage.FIRST_USABLE] - stamps[AttemptStage.STARTED]) / 1e6

    return of
