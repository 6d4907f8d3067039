"""A long history of made-up typing, written by the store's own code."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ghostlap.telemetry import (
    Attempt,
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    Feedback,
    FeedbackKind,
    LaunchReason,
    Outcome,
    ProviderFacts,
    Role,
    Session,
    Source,
    Stage,
    Trace,
    Usage,
    monotonic_ns,
)
from ghostlap.telemetry._store import Store

__all__ = ["FACTS", "history", "write_history"]

MS = 1_000_000
DAY_NS = 86_400 * 1000 * MS
DAYS = 21
PER_SESSION = 10_000
LET_RUN = 0.05

FACTS = {
    "sram-a": ProviderFacts("on-chip SRAM", 0.35, 0.75, "generated"),
    "sram-b": ProviderFacts("on-chip SRAM", 0.15, 0.60, "full"),
    "hbm-a": ProviderFacts("HBM", 0.20, 1.20, "generated"),
    "hbm-own": ProviderFacts("HBM", 0.0, 0.0, "nothing"),
}
_MIDDLE_MS = {"sram-a": 95.0, "sram-b": 130.0, "hbm-a": 310.0, "hbm-own": 180.0}
_LANGUAGES = (("python", "py"), ("typescript", "ts"), ("rust", "rs"))


def write_history(path: Path, keystrokes: int, *, seed: int = 1) -> None:
    """Write `keystrokes` of the last three weeks, in sessions of ten thousand, to a new file."""
    rng = random.Random(seed)
    start_ns = monotonic_ns() - DAYS * DAY_NS
    for first in range(0, keystrokes, PER_SESSION):
        count = min(PER_SESSION, keystrokes - first)
        session_ns = start_ns + first * DAYS * DAY_NS // keystrokes
        with closing(Store(path, Session("0", "bench", "0"), facts=FACTS.get)) as store:
            traces: list[Trace] = []
            feedback: list[Feedback] = []
            for trace, events in history(rng, count, session_ns):
                traces.append(trace)
                feedback += events
                if len(traces) == 1000:
                    store.write(traces, feedback)
                    traces, feedback = [], []
            store.write(traces, feedback)


def history(
    rng: random.Random, count: int, start_ns: int
) -> Iterator[tuple[Trace, list[Feedback]]]:
    at_ns = start_ns
    for sequence in range(1, count + 1):
        at_ns += round(rng.expovariate(1 / 260) * MS) + 40 * MS
        yield _keystroke(rng, sequence, at_ns)


def _keystroke(rng: random.Random, sequence: int, at_ns: int) -> tuple[Trace, list[Feedback]]:
    language, file_type = rng.choice(_LANGUAGES)
    trace = Trace(sequence, language=language, file_type=file_type)
    trace.document = rng.getrandbits(62)
    for stage, after_ms in ((1, 0.0), (2, 0.3), (3, 0.35), (4, 0.36), (5, 75.4), (6, 75.6)):
        trace.stamps[stage] = at_ns + round(after_ms * MS)
    if sequence > 1 and rng.random() < 0.12:
        trace.source, trace.text_from = Source.CACHE, sequence - 1
        trace.stamps[Stage.DEBOUNCED] = trace.stamps[Stage.CONTEXT_READY] = 0
        _serve(trace, at_ns + round(0.5 * MS))
        return trace, []
    trace.stamps[Stage.DISPATCHED] = at_ns + round(75.7 * MS)
    return trace, _ask(rng, trace, at_ns)


def _ask(rng: random.Random, trace: Trace, at_ns: int) -> list[Feedback]:
    provider = rng.choice((*FACTS, "hbm-a"))
    usable_ns = trace.stamps[Stage.DISPATCHED] + round(
        rng.lognormvariate(0, 0.45) * _MIDDLE_MS[provider] * MS
    )
    _attempt(trace, provider, trace.stamps[Stage.DISPATCHED], usable_ns, rng)
    if provider == "hbm-a":
        trace.policy, trace.hedge_delay_ns = "hedge", 150 * MS
    until_ns = at_ns + round(rng.expovariate(1 / 700) * MS) + 80 * MS
    backup_ns = trace.stamps[Stage.DISPATCHED] + 150 * MS
    if provider == "hbm-a" and backup_ns < min(usable_ns, until_ns):
        faster_ns = backup_ns + round(rng.lognormvariate(0, 0.4) * 90 * MS)
        backup = _attempt(trace, "sram-a", backup_ns, faster_ns, rng)
        backup.role = Role.BACKUP
        backup.launch_reason = LaunchReason.SHADOW if rng.random() < 0.02 else LaunchReason.DELAY
        backup.delay_ns = 150 * MS
        usable_ns = min(usable_ns, faster_ns)
    roll = rng.random()
    if until_ns < usable_ns:
        return _end(trace, Outcome.SUPERSEDED, until_ns, CensorCause.KEYSTROKE)
    if roll < 0.01:
        return _end(trace, Outcome.ERROR, usable_ns, CensorCause.NONE)
    if roll < 0.15:
        return _end(trace, Outcome.EMPTY, usable_ns, CensorCause.NONE)
    for attempt in trace.attempts:
        won = attempt.stamps[AttemptStage.FIRST_USABLE] == usable_ns
        attempt.won = won
        attempt.outcome = AttemptOutcome.COMPLETED if won else AttemptOutcome.CENSORED
        attempt.censor_cause = CensorCause.NONE if won else CensorCause.RACE
        attempt.stamps[AttemptStage.ENDED] = usable_ns + MS
        if not won and not (let_run := rng.random() < LET_RUN):
            attempt.stamps[AttemptStage.FIRST_USABLE] = 0
        elif not won:
            attempt.let_run = let_run
            attempt.stamps[AttemptStage.ENDED] = attempt.stamps[AttemptStage.FIRST_USABLE]
    trace.source = Source.PROVIDER
    _serve(trace, usable_ns)
    events = [Feedback(trace.sequence, FeedbackKind.SHOWN, usable_ns + 4 * MS)]
    if rng.random() < 0.25:
        accepted_ns = usable_ns + 600 * MS
        events.append(Feedback(trace.sequence, FeedbackKind.ACCEPTED, accepted_ns, 20))
    return events


def _attempt(
    trace: Trace, provider: str, start_ns: int, usable_ns: int, rng: random.Random
) -> Attempt:
    attempt = trace.attempt(provider, f"{provider}-coder")
    attempt.stamps[AttemptStage.STARTED] = start_ns
    first_ns = start_ns + (usable_ns - start_ns) * 3 // 4
    for stage, at_ns in (
        (AttemptStage.CONNECTED, start_ns + MS // 5),
        (AttemptStage.SENT, start_ns + MS // 4),
        (AttemptStage.HEADERS, first_ns - 2 * MS),
        (AttemptStage.FIRST_BYTE, first_ns - MS),
        (AttemptStage.FIRST_TOKEN, first_ns),
        (AttemptStage.FIRST_USABLE, usable_ns),
    ):
        attempt.stamps[stage] = at_ns
    attempt.cold_connection = rng.random() < 0.03
    attempt.usage = Usage(1200, rng.randrange(4, 40))
    attempt.text_length = 40
    return attempt


def _serve(trace: Trace, usable_ns: int) -> None:
    trace.stamps[Stage.USABLE] = usable_ns
    trace.stamps[Stage.RESPONSE_SENT] = usable_ns + MS // 5
    trace.text_length = 30
    trace.end(Outcome.SERVED)


def _end(trace: Trace, outcome: Outcome, at_ns: int, cause: CensorCause) -> list[Feedback]:
    trace.stamps[Stage.RESPONSE_SENT] = at_ns
    ended = AttemptOutcome.CENSORED if outcome is Outcome.SUPERSEDED else AttemptOutcome.EMPTY
    for attempt in trace.attempts:
        for stage in AttemptStage:
            if attempt.stamps[stage] > at_ns or stage is AttemptStage.FIRST_USABLE:
                attempt.stamps[stage] = 0
        attempt.stamps[AttemptStage.ENDED] = at_ns
        attempt.outcome = AttemptOutcome.ERROR if outcome is Outcome.ERROR else ended
        attempt.error = "Overloaded" if outcome is Outcome.ERROR else ""
        attempt.censor_cause = cause
    trace.end(outcome)
    return []
