"""One policy over two scripted providers on real sockets: keystrokes, and what came of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from ghostlap.providers import CompletionRequest, Provider, ProviderError, Verdict
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers._transport import Transport
from ghostlap.providers.policies import Backend, Budget, Delay, Hedge, Ledger, Limits
from ghostlap.providers.registry import build
from ghostlap.providers.scripted_dialects import Answer, Pace, Reply
from ghostlap.providers.scripted_server import ScriptedServer, SeenRequest
from ghostlap.telemetry import AttemptStage, Trace, monotonic_ns
from tests.bench._hedging_draws import Draw

__all__ = ["FIRST_LINE", "PIECES", "Fault", "Key", "Run", "play"]

PIECES = ("alpha", "(beta", ")\n", " + gamma", " + delta", " + epsilon")
"""Six tokens, of which the first three are a line."""
FIRST_LINE = 3
TOKEN_S = 0.002
PER_SECOND = 60.0
"""As many keystrokes as a dozen typists make: about a third of one CPU is busy with them. A machine
that is busy with other things shows in the figures at once."""

Fault = Callable[[Random, Answer], Answer | Reply]
"""What becomes of one of the primary's answers."""


@dataclass(slots=True)
class Key:
    """One keystroke."""

    draw: Draw
    delay_s: float = 0.0
    """After which a backup was to be asked."""
    usable_s: float = 0.0
    """Until its first line was there; 0: it got none."""
    failed: bool = False
    denied: str = ""


@dataclass(slots=True)
class Run:
    keys: list[Key]
    requests: int = 0
    """That reached either server."""
    tokens: int = 0
    """That either server wrote."""
    needed_tokens: int = 0
    """Of the answers that were shown, up to their first line."""

    @property
    def extra_percent(self) -> float:
        return 100 * (self.requests / len(self.keys) - 1)


def judge(text: str, finished: bool) -> Verdict:
    complete = finished or "\n" in text
    return Verdict(complete and bool(text.partition("\n")[0].strip()), complete)


def _script(
    place: int, chance: Random, fault: Fault | None
) -> Callable[[SeenRequest], Answer | Reply]:
    def script(request: SeenRequest) -> Answer | Reply:
        told = request.json()["prompt"].split()
        first_s = max(0.0, float(told[1 + place]) - (FIRST_LINE - 1) * TOKEN_S)
        answer = Answer(pieces=PIECES, pace=Pace(first_delay_s=first_s, delay_s=TOKEN_S))
        return fault(chance, answer) if fault is not None else answer

    return script


@asynccontextmanager
async def _backends(
    fault: Fault | None,
) -> AsyncIterator[tuple[list[ScriptedServer], list[Backend]]]:
    transport = Transport()
    async with (
        ScriptedServer(_script(0, Random(1), fault)) as primary,
        ScriptedServer(_script(1, Random(2), None)) as backup,
    ):
        servers = [primary, backup]
        providers = [
            build(
                name,
                ProviderSettings(
                    base_url=server.url,
                    model="bench",
                    prompt="suffix",
                    warm_connections=8,
                    stall_timeout_s=2.0,
                ),
                transport,
            )
            for name, server in zip(("primary", "backup"), servers, strict=True)
        ]
        try:
            for provider in providers:
                await provider.warm()
            yield servers, [Backend(provider) for provider in providers]
        finally:
            await transport.aclose()


async def _press(policy: Provider, number: int, key: Key) -> None:
    x_s, y_s = key.draw
    request = CompletionRequest(prefix=f"{number} {x_s:.5f} {y_s:.5f} = ", judge=judge)
    trace = Trace(number)
    begun_ns = monotonic_ns()
    text = ""
    try:
        async with policy.stream(request, trace) as stream:
            async for piece in stream:
                text += piece
                if "\n" in text:
                    key.usable_s = (monotonic_ns() - begun_ns) / 1e9
                    stream.attempt.won = True
                    stream.attempt.stamp(AttemptStage.FIRST_USABLE)
                    break
    except ProviderError:
        key.failed = True
    key.delay_s = trace.hedge_delay_ns / 1e9 if trace.hedge_delay_ns >= 0 else float("inf")
    key.denied = trace.denied


async def play(
    draws: Sequence[Draw],
    delay: Delay | None,
    *,
    extra_percent: float = 100.0,
    fault: Fault | None = None,
    per_second: float = PER_SECOND,
) -> Run:
    """Press a key for each draw, by the clock; `delay` of None: the primary alone is asked."""
    loop = asyncio.get_running_loop()
    keys = [Key(draw) for draw in draws]
    async with _backends(fault) as (servers, backends):
        policy: Provider = backends[0].provider
        if delay is not None:
            budget = Budget(Limits(extra_percent), Ledger())
            policy = Hedge(backends, delay, budget, lambda _error: None, chance=Random(3))
        begun_s = loop.time()
        async with asyncio.TaskGroup() as tasks:
            for number, key in enumerate(keys):
                await asyncio.sleep(begun_s + number / per_second - loop.time())
                tasks.create_task(_press(policy, number, key))
        if isinstance(policy, Hedge):
            await policy.aclose()
        return Run(
            keys,
            requests=sum(len(server.requests) for server in servers),
            tokens=sum(
                min(len(request.chunk_sent_ns), len(PIECES))
                for server in servers
                for request in server.requests
            ),
            needed_tokens=FIRST_LINE * sum(bool(key.usable_s) for key in keys),
        )
