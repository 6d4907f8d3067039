"""A trace as rows of the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ghostlap.telemetry._costs import Cost, cost_of_all
from ghostlap.telemetry._facts import FactsOf
from ghostlap.telemetry._labels import Labeller
from ghostlap.telemetry._trace import Attempt, AttemptStage, ServerTiming, Stage, Trace

__all__ = [
    "ATTEMPT_COLUMNS",
    "KEYSTROKE_COLUMNS",
    "Frame",
    "attempt_row",
    "keystroke_row",
    "origin_of",
]

Value = int | None

_ARRIVALS = (Stage.KEYSTROKE, Stage.CHANGE_RECEIVED, Stage.REQUEST_RECEIVED)
_INT64 = (1 << 63) - 1

KEYSTROKE_COLUMNS = (
    "session",
    "sequence",
    "at_unix_ns",
    "origin",
    "language",
    "file_type",
    "document",
    "trigger",
    "outcome",
    "source",
    "text_length",
    "provider",
    "model",
    "simulated",
    "text_from",
    "hardware",
    "cold",
    "accepted",
    "cost_low_nusd",
    "cost_high_nusd",
    "policy",
    "hedge_delay_ns",
    "denied",
    *(f"{stage.name.lower()}_ns" for stage in Stage),
)

ATTEMPT_COLUMNS = (
    "session",
    "sequence",
    "ordinal",
    "provider",
    "model",
    "role",
    "launch_reason",
    "outcome",
    "censor_cause",
    "won",
    "simulated",
    "error",
    "status",
    "finish_reason",
    "cold_connection",
    "reconnects",
    "text_length",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "server_queue_ns",
    "server_prefill_ns",
    "server_decode_ns",
    "server_total_ns",
    "hardware",
    "cost_low_nusd",
    "cost_high_nusd",
    "delay_ns",
    "prompt_length",
    "asked_tokens",
    "let_run",
    *(f"{stage.name.lower()}_ns" for stage in AttemptStage),
)


def origin_of(trace: Trace) -> Stage | None:
    """The stage that times are counted from: the earliest that marks an arrival.

    Earliest by the clock, for the editor's clock is matched to ours only roughly. A trace without
    an arrival counts from its earliest stage; one without stamps has no origin.
    """
    for stages in (_ARRIVALS, tuple(Stage)):
        reached = [stage for stage in stages if trace.stamps[stage]]
        if reached:
            return min(reached, key=trace.stamps.__getitem__)
    return None


@dataclass(frozen=True, slots=True)
class Frame:
    """What a keystroke's rows have in common."""

    session: int
    origin: Stage | None
    origin_ns: int
    wall_offset_ns: int
    facts: FactsOf
    label: Labeller


def keystroke_row(
    trace: Trace, frame: Frame, *, author: Attempt | None, accepted: bool, costs: Sequence[Cost]
) -> tuple[Value, ...]:
    """`author` is the attempt that the keystroke counts under, `costs` those of its own ones."""
    label = frame.label
    cost_low, cost_high = cost_of_all(costs)
    return (
        frame.session,
        trace.sequence,
        frame.origin_ns + frame.wall_offset_ns,
        frame.origin,
        label(trace.language),
        label(trace.file_type),
        trace.document & _INT64,
        trace.trigger,
        label(trace.outcome or ""),
        label(trace.source),
        trace.text_length,
        label(author.provider) if author else None,
        label(author.model) if author else None,
        bool(author and author.simulated),
        trace.text_from or None,
        _hardware(author, frame),
        author.cold_connection if author else None,
        accepted,
        cost_low,
        cost_high,
        label(trace.policy),
        trace.hedge_delay_ns if trace.hedge_delay_ns >= 0 else None,
        label(trace.denied),
        *_offsets(trace.stamps, frame.origin_ns),
    )


def attempt_row(
    attempt: Attempt, frame: Frame, *, sequence: int, ordinal: int, cost: Cost
) -> tuple[Value, ...]:
    label = frame.label
    usage = attempt.usage
    return (
        frame.session,
        sequence,
        ordinal,
        label(attempt.provider),
        label(attempt.model),
        label(attempt.role),
        label(attempt.launch_reason),
        label(attempt.outcome),
        label(attempt.censor_cause),
        attempt.won,
        attempt.simulated,
        label(attempt.error),
        attempt.status,
        label(attempt.finish_reason),
        attempt.cold_connection,
        attempt.reconnects,
        attempt.text_length,
        _counted(usage.prompt_tokens),
        _counted(usage.completion_tokens),
        _counted(usage.cached_tokens),
        _counted(usage.reasoning_tokens),
        *_server_timing(attempt.server_timing),
        _hardware(attempt, frame),
        *cost,
        attempt.delay_ns,
        attempt.prompt_length,
        attempt.asked_tokens,
        attempt.let_run,
        *_offsets(attempt.stamps, frame.origin_ns),
    )


def _hardware(attempt: Attempt | None, frame: Frame) -> Value:
    known = frame.facts(attempt.provider) if attempt else None
    return frame.label(known.memory) if known else None


def _offsets(stamps: Sequence[int], origin_ns: int) -> list[Value]:
    return [stamp - origin_ns if stamp else None for stamp in stamps]


def _counted(tokens: int) -> Value:
    return tokens if tokens >= 0 else None


def _server_timing(timing: ServerTiming) -> list[Value]:
    seconds = (timing.queue_s, timing.prefill_s, timing.decode_s, timing.total_s)
    return [None if value is None else round(value * 1e9) for value in seconds]
