"""What exporters call things: OpenTelemetry's GenAI conventions, and names of our own beside them.

The GenAI conventions are all in development, so every name of theirs stands here and nowhere else.
From https://opentelemetry.io/docs/specs/semconv/gen-ai/, read for their release 1.37.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from ghostlap.telemetry._recent import decisive_attempt
from ghostlap.telemetry._rows import origin_of
from ghostlap.telemetry._trace import (
    Attempt,
    AttemptOutcome,
    AttemptStage,
    Outcome,
    Role,
    Source,
    Stage,
    Trace,
)

__all__ = [
    "METRICS",
    "Attributes",
    "Measurement",
    "Metric",
    "attempt_attributes",
    "measurements",
    "trace_attributes",
]

Attributes: TypeAlias = tuple[tuple[str, str | bool], ...]
"""Sorted, so that equal ones are equal keys."""


class Metric(NamedTuple):
    unit: str
    is_histogram: bool
    description: str


METRICS = {
    "gen_ai.client.operation.duration": Metric("s", True, "From asking a provider to its end"),
    "gen_ai.client.operation.time_to_first_chunk": Metric(
        "s", True, "From asking a provider to its first visible text"
    ),
    "gen_ai.client.token.usage": Metric("{token}", True, "Tokens, as the provider counted them"),
    "ghostlap.suggestion.latency": Metric(
        "s", True, "From a keystroke's arrival to a usable text in the server"
    ),
    "ghostlap.keystrokes": Metric("{keystroke}", False, "Keystrokes, by how they ended"),
    "ghostlap.hedge.launched": Metric("{request}", False, "Attempts beside the first, by why"),
    "ghostlap.hedge.won": Metric("{request}", False, "Of these, those that won"),
    "ghostlap.hedge.denied": Metric("{request}", False, "Backups that were due, not started"),
    "ghostlap.hedge.wasted_tokens": Metric(
        "{token}", False, "Tokens received of attempts that another beat"
    ),
}


class Measurement(NamedTuple):
    metric: str
    value: int
    """Nanoseconds for histograms of time; else a number."""
    attributes: Attributes


def attempt_attributes(attempt: Attempt) -> dict[str, str | bool]:
    found: dict[str, str | bool] = {
        "gen_ai.operation.name": "text_completion",
        "gen_ai.provider.name": attempt.provider,
    }
    if attempt.model:
        found["gen_ai.request.model"] = attempt.model
    if attempt.outcome is AttemptOutcome.ERROR:
        found["error.type"] = attempt.error or "_OTHER"
    return found


def trace_attributes(trace: Trace) -> dict[str, str | bool]:
    author = decisive_attempt(trace.attempts)
    return {
        "gen_ai.provider.name": author.provider if author else "",
        "gen_ai.request.model": author.model if author else "",
        "ghostlap.language": trace.language,
        "ghostlap.outcome": trace.outcome or "",
        "ghostlap.cached": trace.source in (Source.CACHE, Source.RECYCLED, Source.SPECULATED),
        "ghostlap.simulated": bool(author and author.simulated),
    }


def measurements(trace: Trace) -> Iterator[Measurement]:
    """What one keystroke adds to the metrics."""
    about = trace_attributes(trace)
    yield Measurement("ghostlap.keystrokes", 1, _sorted(about))
    usable_ns, origin = trace.stamps[Stage.USABLE], origin_of(trace)
    if usable_ns and origin is not None and origin <= Stage.REQUEST_RECEIVED:
        latency_ns = usable_ns - trace.stamps[origin]
        yield Measurement("ghostlap.suggestion.latency", latency_ns, _sorted(about))
    for attempt in trace.attempts:
        yield from _of_attempt(attempt)
    yield from _of_hedging(trace)


def _of_attempt(attempt: Attempt) -> Iterator[Measurement]:
    about = attempt_attributes(attempt)
    started_ns = attempt.stamps[AttemptStage.STARTED]
    # Cut short by a keystroke or by another's win is no duration, fast or slow.
    if attempt.outcome is not AttemptOutcome.CENSORED and attempt.stamps[AttemptStage.ENDED]:
        duration_ns = attempt.stamps[AttemptStage.ENDED] - started_ns
        yield Measurement("gen_ai.client.operation.duration", duration_ns, _sorted(about))
    if attempt.stamps[AttemptStage.FIRST_TOKEN]:
        first_ns = attempt.stamps[AttemptStage.FIRST_TOKEN] - started_ns
        yield Measurement("gen_ai.client.operation.time_to_first_chunk", first_ns, _sorted(about))
    usage = attempt.usage
    for kind, tokens in (("input", usage.prompt_tokens), ("output", usage.completion_tokens)):
        if tokens >= 0:
            counted = _sorted(about | {"gen_ai.token.type": kind})
            yield Measurement("gen_ai.client.token.usage", tokens, counted)


def _of_hedging(trace: Trace) -> Iterator[Measurement]:
    if trace.denied:
        why: Attributes = (("ghostlap.denied", str(trace.denied)),)
        yield Measurement("ghostlap.hedge.denied", 1, why)
    asked = [each for each in trace.attempts if each.role is not Role.SPECULATIVE]
    for each in asked[1:]:
        about = _sorted(
            {"gen_ai.provider.name": each.provider, "ghostlap.reason": str(each.launch_reason)}
        )
        yield Measurement("ghostlap.hedge.launched", 1, about)
        if each.won:
            yield Measurement("ghostlap.hedge.won", 1, about)
    if len(asked) > 1 and trace.outcome is Outcome.SERVED:
        for each in asked:
            if not each.won:
                tokens = max(each.usage.completion_tokens, each.text_length // 4)
                provider: Attributes = (("gen_ai.provider.name", each.provider),)
                yield Measurement("ghostlap.hedge.wasted_tokens", tokens, provider)


def _sorted(attributes: dict[str, str | bool]) -> Attributes:
    return tuple(sorted((name, value) for name, value in attributes.items() if value != ""))
