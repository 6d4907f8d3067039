from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostlap.telemetry import (
    AttemptOutcome,
    AttemptStage,
    Feedback,
    FeedbackKind,
    LaunchReason,
    NothingRecorded,
    Outcome,
    Role,
    ServerTiming,
    Session,
    Source,
    Stage,
    Trace,
)
from ghostlap.telemetry._store import Store
from ghostlap.telemetry.waterfall import path_of, read_waterfall

MS = 1_000_000
START_NS = 10**15


def hedged(sequence: int = 1, *, outcome: Outcome = Outcome.SERVED) -> Trace:
    """Return a keystroke that a backup answered, with every stage there is."""
    trace = Trace(sequence, language="python")
    for place, stage in enumerate(each for each in Stage if each <= Stage.DISPATCHED):
        trace.stamp(stage, START_NS + place * MS)
    for stage, at_ms in ((Stage.USABLE, 401), (Stage.RESPONSE_SENT, 402), (Stage.RENDERED, 410)):
        trace.stamp(stage, START_NS + at_ms * MS)
    primary = trace.attempt("slow")
    primary.stamps[AttemptStage.STARTED] = START_NS + 8 * MS
    backup = trace.attempt("fast", role=Role.BACKUP, launch_reason=LaunchReason.DELAY)
    times = (
        (AttemptStage.STARTED, 250),
        (AttemptStage.CONNECTED, 252),
        (AttemptStage.SENT, 253),
        (AttemptStage.FIRST_TOKEN, 353),
        (AttemptStage.FIRST_USABLE, 400),
    )
    for each, at_ms in times:
        backup.stamps[each] = START_NS + at_ms * MS
    backup.server_timing = ServerTiming(queue_s=0.020, prefill_s=0.030)
    backup.won = True
    backup.end(AttemptOutcome.COMPLETED)
    trace.source = Source.PROVIDER
    trace.end(outcome)
    return trace


def write(path: Path, *traces: Trace, feedback: tuple[Feedback, ...] = ()) -> Session:
    session = Session()
    with closing(Store(path, session)) as store:
        store.write(traces, feedback)
    return session


def test_the_stages_follow_the_text_through_the_attempt_that_won(path: Path) -> None:
    write(path, hedged())
    found = read_waterfall(path)
    assert found is not None
    assert [(each.name, each.duration_ns // MS) for each in found.segments] == [
        ("sync", 1),
        ("editor", 1),
        ("queue", 1),
        ("cache", 1),
        ("debounce", 1),
        ("context", 1),
        ("dispatch", 1),
        ("hedge delay", 243),
        ("connect", 2),
        ("send", 1),
        ("network", 50),
        ("provider queue", 20),
        ("prefill", 30),
        ("decode", 47),
        ("shaping", 1),
        ("reply", 1),
        ("render", 8),
    ]
    assert (found.total_ns, found.reaches) == (410 * MS, Stage.RENDERED)
    assert [(bar.provider, bar.won) for bar in found.attempts] == [("slow", False), ("fast", True)]


@given(
    st.dictionaries(st.sampled_from(list(Stage)[:12]), st.integers(0, 10**9), min_size=1),
    st.dictionaries(st.sampled_from(AttemptStage), st.integers(-(10**6), 10**9)),
    st.tuples(*[st.none() | st.integers(0, 10**9)] * 2),
)
def test_the_stages_are_the_whole_time_without_gap_or_overlap(
    stamps: dict[Stage, int],
    attempt: dict[AttemptStage, int],
    server: tuple[int | None, int | None],
) -> None:
    segments = path_of(stamps, attempt, server)
    at_ns = min(stamps.values())
    for each in segments:
        assert each.start_ns == at_ns
        assert each.duration_ns > 0
        at_ns = each.end_ns
    last = max((stage for stage in stamps if stage is not Stage.KEYSTROKE), default=None)
    if last is not None:
        assert at_ns >= stamps[last]


def test_the_last_one_is_the_last_that_was_served(path: Path) -> None:
    write(path, hedged(1), hedged(2), hedged(3, outcome=Outcome.SUPERSEDED))
    found = read_waterfall(path)
    assert found is not None
    assert found.outcome == "served"


def test_a_number_means_the_last_session_unless_one_is_named(path: Path) -> None:
    first, second = write(path, hedged(7)), write(path, hedged(7), hedged(8))
    by_number = read_waterfall(path, "7")
    assert by_number is not None
    assert by_number.session == second.uuid
    named = read_waterfall(path, f"{first.uuid[:12]}:7")
    assert named is not None
    assert named.session == first.uuid
    assert read_waterfall(path, "9") is None
    assert read_waterfall(path, "nonsense") is None
    assert read_waterfall(path, "9" * 30) is None


def test_what_became_of_it_is_told_with_its_time(path: Path) -> None:
    write(path, hedged(), feedback=(Feedback(1, FeedbackKind.ACCEPTED, START_NS + 900 * MS),))
    found = read_waterfall(path)
    assert found is not None
    assert found.feedback == (("accepted", 900 * MS),)


def test_a_file_that_is_not_there_is_said_to_hold_nothing(path: Path) -> None:
    with pytest.raises(NothingRecorded):
        read_waterfall(path)
