from __future__ import annotations

from ghostlap.telemetry import (
    Attempt,
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    Outcome,
    Role,
    Source,
    Stage,
    Trace,
    Usage,
)


def state(thing: Trace | Attempt) -> dict[str, object]:
    return {name: getattr(thing, name) for name in type(thing).__slots__}


def full_trace() -> Trace:
    """Return a trace in which no slot holds what it holds from the start."""
    trace = Trace(7, language="python", file_type="py")
    trace.document, trace.trigger, trace.text_length = 99, 1, 12
    trace.source = Source.SPECULATED
    for stage in Stage:
        trace.stamp(stage)
    attempt = trace.attempt("chip", "coder", role=Role.BACKUP, simulated=True)
    for attempt_stage in AttemptStage:
        attempt.stamp(attempt_stage)
    attempt.won = attempt.cold_connection = True
    attempt.finish_reason, attempt.reconnects, attempt.text_length = "stop", 2, 12
    attempt.usage = Usage(1, 2, 3, 4)
    attempt.end(AttemptOutcome.ERROR, cause=CensorCause.RACE, error="Overloaded", status=503)
    trace.end(Outcome.SERVED)
    return trace


def test_a_copy_has_the_same_state_in_every_slot() -> None:
    trace = full_trace()
    twin = trace.copy()
    assert state(twin.attempts[0]) == state(trace.attempts[0])
    assert state(twin) | {"attempts": 0} == state(trace) | {"attempts": 0}
    assert len(twin.attempts) == 1


def test_later_changes_do_not_reach_a_copy() -> None:
    trace = Trace(1)
    attempt = trace.attempt("chip")
    twin = trace.copy()
    trace.stamp(Stage.USABLE)
    trace.attempt("backup")
    attempt.stamp(AttemptStage.SENT)
    attempt.end(AttemptOutcome.COMPLETED)
    trace.end(Outcome.SERVED)
    assert twin.stamps[Stage.USABLE] == 0
    assert twin.outcome is None
    assert [attempt.outcome for attempt in twin.attempts] == [AttemptOutcome.RUNNING]
    assert twin.attempts[0].stamps[AttemptStage.SENT] == 0


def test_a_stage_keeps_its_first_stamp() -> None:
    trace = Trace(1)
    trace.stamp(Stage.USABLE, 5)
    trace.stamp(Stage.USABLE, 9)
    assert trace.stamps[Stage.USABLE] == 5


def test_the_first_outcome_decides() -> None:
    trace = Trace(1)
    trace.end(Outcome.SUPERSEDED)
    trace.end(Outcome.SERVED)
    assert trace.outcome is Outcome.SUPERSEDED


def test_an_attempt_ends_once() -> None:
    attempt = Trace(1).attempt("chip")
    attempt.end(AttemptOutcome.CENSORED, cause=CensorCause.KEYSTROKE)
    attempt.end(AttemptOutcome.ERROR, error="Truncated", status=500)
    assert (attempt.outcome, attempt.censor_cause) == ("censored", "keystroke")
    assert (attempt.error, attempt.status) == ("", 0)
