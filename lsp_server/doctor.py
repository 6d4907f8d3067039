"""Whether a provider answers, how fast, and what to change where it does not.

A few tiny completions are sent, one after the other: the first opens a connection, the rest show
what a keystroke gets. What is printed is measured from the request's departure, on this machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, field

from ghostlap.providers import CompletionRequest, DocumentObserver, Provider, ProviderError
from ghostlap.telemetry import Attempt, AttemptStage, Trace

__all__ = ["Diagnosis", "examine"]

_BETWEEN_S = 0.1
"""From the end of a text to the next probe, as between two keys: the end of the answer is still
read then, and until it is its connection is not free."""

PROBES = 3
"""One on a cold connection, two on a warm one."""
_REQUEST = CompletionRequest(
    prefix="def add(first, second):\n    return first",
    suffix="\n\n\ndef subtract(first, second):\n    return first - second\n",
    language="python",
    path="arithmetic.py",
    max_tokens=12,
)


@dataclass(slots=True)
class Diagnosis:
    """What the probes of one provider showed. Durations are None where they were not measured."""

    provider: str
    model: str = ""
    ok: bool = False
    simulated: bool = False
    error: str = ""
    """What went wrong and what to change, as one sentence."""
    error_kind: str = ""
    """The error's type, for programs."""
    cold_connect_ms: float | None = None
    """To open a connection, TLS included."""
    warm_connect_ms: float | None = None
    """To get one that is open."""
    first_token_ms: float | None = None
    """From the request's departure to the first visible text, the median of the warm probes."""
    tokens_per_s: float | None = None
    """After the first token; of a provider that counts its tokens."""
    queue_ms: float | None = None
    prefill_ms: float | None = None
    decode_ms: float | None = None
    text_arrived: bool = False
    attempts: int = 0
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def examine(
    names: Iterable[str], open_provider: Callable[[str], Awaitable[Provider]]
) -> AsyncIterator[Diagnosis]:
    """Probe the providers one after the other, and yield what was found of each.

    `open_provider` opens them without spare connections, or the first probe would find one.
    """
    for name in names:
        diagnosis = Diagnosis(name)
        try:
            provider = await open_provider(name)
        except ProviderError as error:
            _fail(diagnosis, error)
        else:
            try:
                await _probe(provider, diagnosis)
            finally:
                await provider.aclose()
        yield diagnosis


async def _probe(provider: Provider, diagnosis: Diagnosis) -> None:
    attempts: list[Attempt] = []
    await provider.warm()  # without spares: code and certificates are loaded, nothing is connected
    for number in range(PROBES):
        if number:
            await asyncio.sleep(_BETWEEN_S)
        trace = Trace(number + 1)
        try:
            async with provider.stream(_REQUEST, trace) as stream:
                async for _ in stream:
                    diagnosis.text_arrived = True
        except ProviderError as error:
            _fail(diagnosis, error)
            attempts += trace.attempts
            break
        attempts += trace.attempts
    else:
        diagnosis.ok = True
    _measure(diagnosis, attempts)
    if diagnosis.ok and not diagnosis.text_arrived:
        diagnosis.notes.append(
            "it completes from the open files, and the probe opens none"
            if isinstance(provider, DocumentObserver)
            else "it answered, with no text: try another model or prompt"
        )


def _fail(diagnosis: Diagnosis, error: ProviderError) -> None:
    diagnosis.error = str(error)
    diagnosis.error_kind = type(error).__name__


def _measure(diagnosis: Diagnosis, attempts: list[Attempt]) -> None:
    diagnosis.attempts = len(attempts)
    if not attempts:
        return
    diagnosis.model = attempts[0].model
    diagnosis.simulated = attempts[0].simulated
    diagnosis.cold_connect_ms = _between(attempts[0], AttemptStage.STARTED, AttemptStage.CONNECTED)
    warm = attempts[1:]
    stages = AttemptStage
    diagnosis.warm_connect_ms = _median(
        [_between(each, stages.STARTED, stages.CONNECTED) for each in warm]
    )
    diagnosis.first_token_ms = _median([_first_token(each) for each in warm or attempts])
    diagnosis.tokens_per_s = _median([_speed(each) for each in warm or attempts])
    timings = [each.server_timing for each in warm or attempts]
    diagnosis.queue_ms = _median([_milliseconds(each.queue_s) for each in timings])
    diagnosis.prefill_ms = _median([_milliseconds(each.prefill_s) for each in timings])
    diagnosis.decode_ms = _median([_milliseconds(each.decode_s) for each in timings])
    if any(each.reconnects for each in attempts):
        diagnosis.notes.append("it closes connections that it says it keeps")


def _between(attempt: Attempt, begin: AttemptStage, end: AttemptStage) -> float | None:
    start, stop = attempt.stamps[begin], attempt.stamps[end]
    return (stop - start) / 1e6 if start and stop else None


def _first_token(attempt: Attempt) -> float | None:
    sent = AttemptStage.SENT if attempt.stamps[AttemptStage.SENT] else AttemptStage.STARTED
    return _between(attempt, sent, AttemptStage.FIRST_TOKEN)


def _speed(attempt: Attempt) -> float | None:
    """Tokens per second from the first to the last; the server's own figure where it gives one."""
    tokens = attempt.usage.completion_tokens
    if tokens <= 1:
        return None
    if attempt.server_timing.decode_s:
        return tokens / attempt.server_timing.decode_s
    took_ms = _between(attempt, AttemptStage.FIRST_TOKEN, AttemptStage.LAST_TOKEN)
    return (tokens - 1) / took_ms * 1e3 if took_ms else None


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1e3


def _median(values: list[float | None]) -> float | None:
    known = sorted(value for value in values if value is not None)
    return known[len(known) // 2] if known else None
