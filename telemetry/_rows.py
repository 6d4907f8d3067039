"""A trace as rows of the store."""

from __future__ import annotations

from collections.abc import Sequence

from ghostlap.telemetry._labels import Labeller
from ghostlap.telemetry._trace import Attempt, AttemptStage, Role, ServerTiming, Stage, Trace

__all__ = [
    "ATTEMPT_COLUMNS",
    "KEYSTROKE_COLUMNS",
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


def keystroke_row(
    trace: Trace,
    session: int,
    *,
    origin: Stage | None,
    origin_ns: int,
    wall_offset_ns: int,
    label: Labeller,
) -> tuple[Value, ...]:
    decisive = _decisive_attempt(trace.attempts)
    return (
        session,
        trace.sequence,
        origin_ns + wall_offset_ns,
        origin,
        label(trace.language),
        label(trace.file_type),
        trace.document & _INT64,
        trace.trigger,
        label(trace.outcome or ""),
        label(trace.source),
        trace.text_length,
        label(decisive.provider) if decisive else None,
        label(decisive.model) if decisive else None,
        bool(decisive and decisive.simulated),
        *_offsets(trace.stamps, origin_ns),
    )


def attempt_row(
    attempt: Attempt,
    session: int,
    sequence: int,
    ordinal: int,
    *,
    origin_ns: int,
    label: Labeller,
) -> tuple[Value, ...]:
    usage = attempt.usage
    return (
        session,
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
        *_offsets(attempt.stamps, origin_ns),
    )


def _decisive_attempt(attempts: Sequence[Attempt]) -> Attempt | None:
    """The attempt that a keystroke is counted under: the winner, else the primary one."""
    if not attempts:
        return None
    return max(attempts, key=lambda attempt: (attempt.won, attempt.role is Role.PRIMARY))


def _offsets(stamps: Sequence[int], origin_ns: int) -> list[Value]:
    return [stamp - origin_ns if stamp else None for stamp in stamps]


def _counted(tokens: int) -> Value:
    return tokens if tokens >= 0 else None


def _server_timing(timing: ServerTiming) -> list[Value]:
    seconds = (timing.queue_s, timing.prefill_s, timing.decode_s, timing.total_s)
    return [None if value is None else round(value * 1e9) for value in seconds]
