from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostlap.telemetry import (
    CorruptStore,
    Feedback,
    FeedbackKind,
    MeasuredFrom,
    NothingRecorded,
    Outcome,
    ProviderFacts,
    Session,
    Source,
    Stage,
    Trace,
    Usage,
    monotonic_ns,
    summarise,
    wall_clock_offset_ns,
)
from ghostlap.telemetry._database import open_for_writing
from ghostlap.telemetry._store import Store

MakeTrace = Callable[..., Trace]

MS = 1_000_000


def write(path: Path, *traces: Trace, feedback: tuple[Feedback, ...] = ()) -> Session:
    session = Session()
    with closing(Store(path, session)) as store:
        store.write(traces, feedback)
    return session


def test_a_group_says_how_its_keystrokes_ended(path: Path, make_trace: MakeTrace) -> None:
    outcomes = [*Outcome, Outcome.SERVED, Outcome.SUPERSEDED, None]
    write(path, *(make_trace(n, outcome=outcome) for n, outcome in enumerate(outcomes)))
    (row,) = summarise(path)
    assert (row.key, row.simulated) == ("chip", False)
    assert (row.keystrokes, row.eligible) == (9, 8)
    assert (row.served, row.share_served) == (2, 2 / 8)
    assert (row.superseded, row.cancelled, row.empty, row.errors) == (2, 1, 1, 1)
    assert (row.latencies, row.censored) == (2, 3)


def test_what_was_superseded_before_an_answer_is_counted_and_not_averaged(
    path: Path, make_trace: MakeTrace
) -> None:
    late = {Stage.CHANGE_RECEIVED: 0, Stage.HANDLER_STARTED: 900}
    write(
        path,
        make_trace(1),
        make_trace(2, outcome=Outcome.SUPERSEDED, stamps_ms=late),
        make_trace(3, outcome=Outcome.CANCELLED, stamps_ms=late),
    )
    (row,) = summarise(path)
    assert (row.latencies, row.p50_ms, row.p99_ms, row.censored) == (1, 40, 40, 2)


def test_what_was_superseded_with_an_answer_at_hand_has_a_latency(
    path: Path, make_trace: MakeTrace
) -> None:
    answered = {Stage.CHANGE_RECEIVED: 0, Stage.USABLE: 30}
    write(path, make_trace(1, outcome=Outcome.SUPERSEDED, stamps_ms=answered))
    (row,) = summarise(path)
    assert (row.served, row.latencies, row.p50_ms, row.censored) == (0, 1, 30, 0)
    assert row.share_within_100_ms == 0


@pytest.mark.parametrize(
    ("stages", "measured_from"),
    [
        ([Stage.KEYSTROKE, Stage.CHANGE_RECEIVED], MeasuredFrom.KEYSTROKE),
        ([Stage.CHANGE_RECEIVED], MeasuredFrom.ARRIVAL),
        ([Stage.REQUEST_RECEIVED], MeasuredFrom.ARRIVAL),
        ([Stage.HANDLER_STARTED], MeasuredFrom.NOTHING),
    ],
)
def test_latency_starts_at_the_arrival_of_the_keystroke(
    path: Path, make_trace: MakeTrace, stages: list[Stage], measured_from: MeasuredFrom
) -> None:
    stamps_ms = {stage: 3.0 * stage for stage in stages} | {Stage.USABLE: 50.0}
    write(path, make_trace(1, stamps_ms=stamps_ms))
    (row,) = summarise(path)
    assert row.measured_from is measured_from
    assert row.p50_ms == (50 - 3 * stages[0] if measured_from else None)


def test_latencies_from_different_stages_are_said_to_be_mixed(
    path: Path, make_trace: MakeTrace
) -> None:
    write(path, make_trace(1), make_trace(2, stamps_ms={Stage.KEYSTROKE: 0, Stage.USABLE: 9}))
    (row,) = summarise(path)
    assert row.measured_from is MeasuredFrom.MIXED


def test_shares_within_a_time_are_of_all_eligible_keystrokes(
    path: Path, make_trace: MakeTrace
) -> None:
    traces = [
        make_trace(n, stamps_ms={Stage.CHANGE_RECEIVED: 0, Stage.USABLE: after_ms})
        for n, after_ms in enumerate([100, 100.000001, 200, 500, 501])
    ]
    traces += [make_trace(5, outcome=Outcome.SUPERSEDED), make_trace(6, outcome=Outcome.INELIGIBLE)]
    write(path, *traces)
    (row,) = summarise(path)
    assert row.eligible == 6
    assert row.share_within_100_ms == 1 / 6
    assert row.share_within_200_ms == 3 / 6
    assert row.share_within_500_ms == 4 / 6


def test_a_group_of_ineligible_keystrokes_has_no_shares(path: Path, make_trace: MakeTrace) -> None:
    write(path, make_trace(1, outcome=Outcome.INELIGIBLE, provider=""))
    (row,) = summarise(path)
    assert (row.key, row.share_served, row.share_within_500_ms, row.p50_ms) == (
        "",
        None,
        None,
        None,
    )
    assert row.measured_from is MeasuredFrom.NOTHING


def test_what_the_cache_answered_is_served_and_its_latency_is_no_providers(
    path: Path, make_trace: MakeTrace
) -> None:
    cached, recycled = make_trace(2, provider=""), make_trace(3, provider="")
    cached.source, recycled.source = Source.CACHE, Source.RECYCLED
    cached.text_from = 1
    write(path, make_trace(1), cached, recycled)
    rows = summarise(path)
    assert [(row.key, row.keystrokes, row.from_cache, row.latencies) for row in rows] == [
        ("chip", 2, 1, 1),
        ("cache", 1, 1, 0),  # whose text it was is not known
    ]
    assert rows[0].share_from_cache == 1 / 2
    assert rows[0].share_within_100_ms == 1
    (row,) = summarise(path, by="language")
    assert (row.key, row.served, row.from_cache, row.latencies) == ("python", 3, 2, 1)


def test_hardware_is_what_was_stored_and_else_what_is_known_today(
    path: Path, make_trace: MakeTrace
) -> None:
    facts = {"chip": ProviderFacts("on-chip SRAM")}
    with closing(Store(path, Session(), facts=facts.get)) as store:
        store.write([make_trace(1), make_trace(2, provider="old"), make_trace(3, provider="who")])
    rows = summarise(path, by="hardware", hardware={"chip": "HBM", "old": "HBM"})
    assert {row.key: row.keystrokes for row in rows} == {"on-chip SRAM": 1, "HBM": 1, "": 1}


def test_cold_connections_are_told_from_warm_ones(path: Path, make_trace: MakeTrace) -> None:
    traces = [make_trace(number) for number in range(3)]
    traces[2].attempts[0].cold_connection = True
    traces[2].stamps[Stage.USABLE] += 160 * MS
    write(path, *traces)
    (row,) = summarise(path)
    assert (row.cold, row.p50_ms_warm, row.p50_ms_cold) == (1, 40, 200)


def test_costs_are_added_up_and_shared_among_the_accepted(
    path: Path, make_trace: MakeTrace
) -> None:
    facts = {"chip": ProviderFacts("HBM", 1.0, 1.0)}
    traces = [make_trace(number) for number in range(4)]
    for trace in traces[:3]:
        trace.attempts[0].usage = Usage(900, 100)
    accepted = tuple(Feedback(number, FeedbackKind.ACCEPTED, 1) for number in (0, 1))
    with closing(Store(path, Session(), facts=facts.get)) as store:
        store.write(traces, accepted)
    (row,) = summarise(path)
    assert row.priced == 3
    assert row.cost_usd == pytest.approx((0.003, 0.003))
    assert row.cost_per_accepted_usd == pytest.approx((0.0015, 0.0015))


def test_nothing_is_said_of_a_cost_that_nobody_knows(path: Path, make_trace: MakeTrace) -> None:
    write(path, make_trace(1))
    (row,) = summarise(path)
    assert (row.priced, row.cost_usd, row.cost_per_accepted_usd) == (0, None, None)


def test_few_keystrokes_make_wide_intervals_and_fewer_none(
    path: Path, make_trace: MakeTrace
) -> None:
    write(path, *(make_trace(number) for number in range(3)))
    (few,) = summarise(path)
    assert few.p50_ms_interval is None
    more = [
        make_trace(number, stamps_ms={Stage.CHANGE_RECEIVED: 0, Stage.USABLE: number})
        for number in range(1, 101)
    ]
    write(path, *more)
    (row,) = summarise(path)
    assert row.p50_ms_interval is not None
    low, high = row.p50_ms_interval
    assert 38 <= low < 50 < high <= 62  # by the binomial distribution: the 40th and the 61st
    assert row.share_served_interval is not None
    assert row.share_served_interval[0] < 1 == row.share_served


@pytest.mark.parametrize("by", ["provider", "language", "day"])
def test_simulated_keystrokes_are_a_group_of_their_own(
    path: Path, make_trace: MakeTrace, by: str
) -> None:
    write(path, make_trace(1), make_trace(2, simulated=True), make_trace(3, simulated=True))
    rows = summarise(path, by=by)
    assert sorted((row.simulated, row.keystrokes) for row in rows) == [(False, 1), (True, 2)]
    assert rows[0].key == rows[1].key


def test_a_model_is_named_with_its_provider(path: Path, make_trace: MakeTrace) -> None:
    write(
        path,
        make_trace(1, provider="a", model="coder"),
        make_trace(2, provider="b", model="coder"),
        make_trace(3, provider="c"),
        make_trace(4, provider=""),
    )
    keys = {row.key for row in summarise(path, by="model")}
    assert keys == {"a/coder", "b/coder", "c", "cache"}


def test_languages_and_extensions_are_groups(path: Path, make_trace: MakeTrace) -> None:
    go = make_trace(1, language="go")
    go.file_type = ""
    write(path, go, make_trace(2), make_trace(3))
    assert [row.key for row in summarise(path, by="language")] == ["python", "go"]
    assert [row.key for row in summarise(path, by="file-type")] == ["py", ""]


def test_days_are_local_and_in_order(path: Path) -> None:
    offset_ns = wall_clock_offset_ns()
    traces = []
    # A second to midnight, a second past it, and the noons of both days.
    for sequence, (day, hour, minute, second) in enumerate(
        [(30, 23, 59, 59), (31, 0, 0, 1), (31, 12, 0, 0), (30, 12, 0, 0)]
    ):
        moment = datetime(2025, 10, day, hour, minute, second).astimezone()
        trace = Trace(sequence)
        trace.stamp(Stage.CHANGE_RECEIVED, int(moment.timestamp()) * 1000 * MS - offset_ns)
        traces.append(trace)
    write(path, *traces)
    rows = summarise(path, by="day")
    assert [(row.key, row.keystrokes) for row in rows] == [("2025-10-30", 2), ("2025-10-31", 2)]


def test_only_what_happened_since_then_is_counted(path: Path) -> None:
    now_ns = monotonic_ns()
    old, new = Trace(1), Trace(2)
    old.stamp(Stage.CHANGE_RECEIVED, now_ns - 3_600_000 * MS)
    new.stamp(Stage.CHANGE_RECEIVED, now_ns - 10_000 * MS)
    write(path, old, new)
    now_ms = (now_ns + wall_clock_offset_ns()) // MS
    assert [row.keystrokes for row in summarise(path, now_ms - 60_000)] == [1]
    assert [row.keystrokes for row in summarise(path, now_ms - 7_200_000)] == [2]
    assert summarise(path, now_ms) == []
    assert summarise(path, 1 << 80) == []


def test_only_one_sessions_keystrokes_are_counted(path: Path, make_trace: MakeTrace) -> None:
    first = write(path, make_trace(1))
    write(path, make_trace(1), make_trace(2))
    assert [row.keystrokes for row in summarise(path)] == [3]
    assert [row.keystrokes for row in summarise(path, session=first.uuid)] == [1]
    assert summarise(path, session="0" * 32) == []


def test_a_suggestion_is_accepted_once_however_often_and_in_its_own_session(
    path: Path, make_trace: MakeTrace
) -> None:
    def event(sequence: int, kind: FeedbackKind, at_ns: int) -> Feedback:
        return Feedback(sequence, kind, at_ns)

    write(
        path,
        *(make_trace(sequence) for sequence in (1, 2, 3)),
        feedback=(
            event(1, FeedbackKind.ACCEPTED_PARTLY, 1),
            event(1, FeedbackKind.ACCEPTED_PARTLY, 2),
            event(1, FeedbackKind.ACCEPTED, 3),
            event(2, FeedbackKind.SHOWN, 4),
            event(2, FeedbackKind.REJECTED, 5),
        ),
    )
    write(path, make_trace(2), feedback=(event(9, FeedbackKind.ACCEPTED, 1),))
    (row,) = summarise(path)
    assert (row.served, row.accepted) == (4, 1)


def test_several_files_are_read_as_one(tmp_path: Path, make_trace: MakeTrace) -> None:
    # Each file numbers its names as they come: the same number stands for different ones.
    write(tmp_path / "a", make_trace(1, provider="x", language="go"), make_trace(2, provider="y"))
    write(tmp_path / "b", make_trace(1, provider="y", outcome=Outcome.SUPERSEDED))
    rows = summarise([tmp_path / "a", tmp_path / "b"])
    assert [(row.key, row.keystrokes, row.served) for row in rows] == [("y", 2, 1), ("x", 1, 1)]


def test_nothing_recorded_is_an_error_of_its_own(path: Path) -> None:
    with pytest.raises(NothingRecorded):
        summarise(path)
    open_for_writing(path).close()
    assert summarise(path) == []


def test_a_file_that_is_damaged_within_is_said_to_be(path: Path, make_trace: MakeTrace) -> None:
    write(path, *(make_trace(sequence) for sequence in range(2000)))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(CorruptStore):
        summarise(path)


def test_what_another_process_has_not_committed_is_not_counted(
    path: Path, make_trace: MakeTrace
) -> None:
    write(path, make_trace(1))
    with closing(open_for_writing(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM keystroke")
        (row,) = summarise(path)
    assert row.keystrokes == 1


@st.composite
def keystrokes(draw: st.DrawFn) -> Trace:
    trace = Trace(0, language=draw(st.sampled_from(["", "go", "python"])))
    trace.end(draw(st.sampled_from(Outcome)))
    trace.source = draw(st.sampled_from(Source))
    start_ns = 10**15
    trace.stamp(draw(st.sampled_from(list(Stage)[:3])), start_ns)
    if draw(st.booleans()):
        trace.stamp(Stage.USABLE, start_ns + draw(st.integers(0, 600 * MS)))
    for provider in draw(st.lists(st.sampled_from("ab"), max_size=2)):
        trace.attempt(provider, simulated=provider == "b").won = draw(st.booleans())
    return trace


def naive_key(trace: Trace) -> tuple[str, bool]:
    decisive = next((attempt for attempt in trace.attempts if attempt.won), None)
    if decisive is None and trace.attempts:
        decisive = trace.attempts[0]
    simulated = decisive is not None and decisive.simulated
    if decisive is None and trace.source not in (Source.NONE, Source.PROVIDER):
        return "cache", simulated
    return decisive.provider if decisive else "", simulated


def naive_percentile_ms(latencies_ns: list[int], percent: int) -> float | None:
    for value in sorted(latencies_ns):
        if 100 * sum(other <= value for other in latencies_ns) >= percent * len(latencies_ns):
            return value / MS
    return None


@settings(deadline=None, max_examples=60)
@given(st.lists(keystrokes(), max_size=40))
def test_a_summary_says_what_counting_by_hand_says(traces: list[Trace]) -> None:
    for sequence, trace in enumerate(traces):
        trace.sequence = sequence
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "telemetry.sqlite3", *traces)
        rows = summarise(Path(folder) / "telemetry.sqlite3")
    assert sum(row.keystrokes for row in rows) == len(traces)
    for row in rows:
        group = [trace for trace in traces if naive_key(trace) == (row.key, row.simulated)]
        served = [trace for trace in group if trace.outcome is Outcome.SERVED]
        known = [trace for trace in group if trace.stamps[Stage.USABLE]]
        cut = [t for t in group if t.outcome in (Outcome.SUPERSEDED, Outcome.CANCELLED)]
        own = [t for t in known if t.source in (Source.NONE, Source.PROVIDER)]
        latencies_ns = [trace.stamps[Stage.USABLE] - 10**15 for trace in own]
        assert (row.keystrokes, row.served) == (len(group), len(served))
        assert row.eligible == sum(trace.outcome is not Outcome.INELIGIBLE for trace in group)
        assert row.censored == sum(trace not in known for trace in cut)
        assert row.latencies == len(own)
        assert row.p50_ms == naive_percentile_ms(latencies_ns, 50)
        assert row.p90_ms == naive_percentile_ms(latencies_ns, 90)
        fast = [t for t in served if t in known and t.stamps[Stage.USABLE] - 10**15 <= 200 * MS]
        share = len(fast) / row.eligible if row.eligible else None
        assert row.share_within_200_ms == share
