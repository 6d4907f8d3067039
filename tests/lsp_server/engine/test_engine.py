from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine import Route, Suggestion
from ghostlap.lsp_server.engine.schedule import FixedDebounce
from ghostlap.providers import (
    AuthenticationFailed,
    ProviderError,
)
from ghostlap.telemetry import (
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    Outcome,
    Source,
    Stage,
    Trace,
    monotonic_ns,
)

if TYPE_CHECKING:
    from tests.lsp_server.engine.conftest import Client, HeldProvider

AtCursor: TypeAlias = Callable[..., Snapshot]


def outcomes(client: Client) -> list[tuple[int, Outcome]]:
    return [(number, outcome) for number, outcome, _ in client.answers]


async def test_a_completion_is_served_with_its_stages_in_order(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x = 1\ny = █\n"))
    stream = await held.nth(1)
    stream.say("f(x)")
    stream.end()
    [trace] = await client.traces(1)
    assert client.answers == [(1, Outcome.SERVED, (Suggestion(1, "f(x)"),))]
    assert (held.requests[0].prefix, held.requests[0].suffix) == ("x = 1\ny = ", "\n")
    assert held.requests[0].line == 1
    assert (trace.outcome, trace.source) == (Outcome.SERVED, Source.PROVIDER)
    assert trace.text_length == len("f(x)")
    passed = [
        Stage.REQUEST_RECEIVED,
        Stage.HANDLER_STARTED,
        Stage.DEBOUNCED,
        Stage.CONTEXT_READY,
        Stage.DISPATCHED,
        Stage.USABLE,
        Stage.RESPONSE_SENT,
    ]
    stamps = [trace.stamps[stage] for stage in passed]
    assert all(stamps)
    assert stamps == sorted(stamps)
    [attempt] = trace.attempts
    assert attempt.won
    assert attempt.outcome is AttemptOutcome.COMPLETED
    assert attempt.stamps[AttemptStage.FIRST_USABLE] == trace.stamps[Stage.USABLE]


async def test_the_stream_is_closed_at_the_lines_end_and_the_answer_goes_out_before(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x = █"))
    stream = await held.nth(1)
    stream.say("1\ny")
    await stream.closed.wait()
    assert client.answers == [(1, Outcome.SERVED, (Suggestion(1, "1"),))]
    [trace] = await client.traces(1)
    assert trace.attempts[0].outcome is AttemptOutcome.COMPLETED
    assert trace.attempts[0].stamps[AttemptStage.ENDED] >= trace.stamps[Stage.RESPONSE_SENT] > 0


async def test_several_lines_are_waited_for_when_they_are_wanted(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce(), max_tokens=99, single_line=False))
    client.ask(at_cursor("def f():\n    █"))
    stream = await held.nth(1)
    stream.say("if x:\n")
    stream.say("        return 1\n")
    stream.say("    ")
    stream.end()
    await client.traces(1)
    assert client.answers[0][2] == (Suggestion(1, "if x:\n        return 1"),)
    assert (held.requests[0].max_tokens, held.requests[0].single_line) == (99, False)


async def test_a_request_elsewhere_supersedes_the_older_one_before_it_is_asked(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x█"))
    older = await held.nth(1)
    client.ask(at_cursor("y█"))
    assert outcomes(client) == [(1, Outcome.SUPERSEDED)]
    assert len(held.requests) == 1
    newer = await held.nth(2)
    await older.closed.wait()
    older.say("too late")
    newer.say("z")
    newer.end()
    traces = await client.traces(2)
    assert outcomes(client) == [(1, Outcome.SUPERSEDED), (2, Outcome.SERVED)]
    attempt = traces[0].attempts[0]
    assert (attempt.outcome, attempt.censor_cause) == (
        AttemptOutcome.CENSORED,
        CensorCause.KEYSTROKE,
    )
    assert not attempt.won


async def test_of_requests_that_came_at_once_only_the_last_reaches_the_provider(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    for typed in ("x█", "xy█", "xyz█"):
        client.ask(at_cursor(typed))
    await held.nth(1)
    assert [request.prefix for request in held.requests] == ["xyz"]
    assert outcomes(client) == [(1, Outcome.SUPERSEDED), (2, Outcome.SUPERSEDED)]
    assert [trace.outcome for trace in await client.traces(2)] == [Outcome.SUPERSEDED] * 2


async def test_requests_for_two_documents_leave_each_other_alone(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x█", uri="file:///a.py"))
    client.ask(at_cursor("y█", uri="file:///b.py"))
    for number in (2, 1):
        stream = await held.nth(number)
        stream.say(str(number))
        stream.end()
    await client.traces(2)
    assert sorted(client.answers) == [
        (1, Outcome.SERVED, (Suggestion(1, "1"),)),
        (2, Outcome.SERVED, (Suggestion(2, "2"),)),
    ]


async def test_an_edit_supersedes_the_request_that_did_not_see_it(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x█"))
    stream = await held.nth(1)
    client.engine.edited("file:///another.py", 0)
    assert client.answers == []
    client.engine.edited("file:///a.py", 0)
    assert outcomes(client) == [(1, Outcome.SUPERSEDED)]
    await stream.closed.wait()


async def test_a_cancelled_request_is_answered_at_once_and_once(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    job = client.ask(at_cursor("x█"))
    stream = await held.nth(1)
    client.engine.cancel(job)
    client.engine.cancel(job)
    assert outcomes(client) == [(1, Outcome.CANCELLED)]
    await stream.closed.wait()
    [trace] = await client.traces(1)
    assert trace.outcome is Outcome.CANCELLED
    client.engine.cancel(job)
    client.ask(at_cursor("xy█"))
    assert outcomes(client) == [(1, Outcome.CANCELLED)]


async def test_a_cancel_before_the_first_step_never_reaches_the_provider(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.engine.cancel(client.ask(at_cursor("x█")))
    [trace] = await client.traces(1)
    assert (trace.outcome, trace.attempts, held.requests) == (Outcome.CANCELLED, [], [])


@pytest.mark.parametrize("raw", ["", "   ", "\n"])
async def test_nothing_worth_showing_comes_out_empty(
    client: Client, held: HeldProvider, at_cursor: AtCursor, raw: str
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x = █"))
    stream = await held.nth(1)
    if raw:
        stream.say(raw)
    stream.end()
    [trace] = await client.traces(1)
    assert client.answers == [(1, Outcome.EMPTY, ())]
    assert (trace.outcome, trace.stamps[Stage.USABLE]) == (Outcome.EMPTY, 0)
    assert not trace.attempts[0].won


async def test_a_providers_error_ends_one_request_and_is_reported(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    error = AuthenticationFailed("held", "the key is wrong", "set key_env")
    client.ask(at_cursor("x█"))
    stream = await held.nth(1)
    stream.say("half of i")
    stream.fail(error)
    [trace] = await client.traces(1)
    assert client.answers == [(1, Outcome.ERROR, ())]
    assert client.failures == [error]
    assert trace.attempts[0].error == "AuthenticationFailed"


async def test_a_providers_bug_ends_one_request_and_its_text_is_not_logged(
    client: Client,
    held: HeldProvider,
    at_cursor: AtCursor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x█"))
    (await held.nth(1)).fail(RuntimeError("the user's code"))
    [trace] = await client.traces(1)
    assert client.answers == [(1, Outcome.ERROR, ())]
    assert client.failures == []
    assert trace.outcome is Outcome.ERROR
    assert "RuntimeError at" in caplog.text
    assert "user's code" not in caplog.text


async def test_an_error_while_the_stream_is_closed_changes_nothing(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    held.error_at_end = ProviderError("held", "the door was slammed")
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x█"))
    stream = await held.nth(1)
    stream.say("y")
    stream.end()
    [trace] = await client.traces(1)
    assert outcomes(client) == [(1, Outcome.SERVED)]
    assert trace.outcome is Outcome.SERVED
    assert client.failures == []


async def test_a_provider_that_ignores_its_cancellation_serves_nobody(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    held.deaf = True
    client.engine.use(Route(held, FixedDebounce()))
    job = client.ask(at_cursor("x█"))
    await held.nth(1)
    client.engine.cancel(job)
    [trace] = await client.traces(1)
    assert outcomes(client) == [(1, Outcome.CANCELLED)]
    assert (trace.source, trace.text_length, trace.stamps[Stage.USABLE]) == (Source.NONE, 0, 0)
    assert not trace.attempts[0].won


async def test_requests_wait_until_it_is_known_who_is_asked(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.ask(at_cursor("x█", uri="file:///a.py"))
    client.ask(at_cursor("y█", uri="file:///b.py"))
    client.engine.edited("file:///b.py", 0)
    assert outcomes(client) == [(2, Outcome.SUPERSEDED)]
    client.engine.use(Route(held, FixedDebounce()))
    await held.nth(1)
    assert [request.prefix for request in held.requests] == ["x"]


async def test_without_a_provider_every_request_comes_out_ineligible(
    client: Client, at_cursor: AtCursor
) -> None:
    client.engine.use(None)
    client.ask(at_cursor("x█"))
    [trace] = await client.traces(1)
    assert client.answers == [(1, Outcome.INELIGIBLE, ())]
    assert trace.attempts == []


async def test_a_provider_is_not_asked_before_the_debounce_is_over(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce(0.02)))
    client.ask(at_cursor("x█"))
    await held.nth(1)
    (await held.nth(1)).end()
    [trace] = await client.traces(1)
    waited_ns = trace.stamps[Stage.DEBOUNCED] - trace.stamps[Stage.REQUEST_RECEIVED]
    assert waited_ns >= 20_000_000 - 1_000_000  # asyncio rounds by its clock's resolution


async def test_a_request_superseded_in_its_debounce_is_never_asked(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce(3600)))
    client.ask(at_cursor("x█"))
    await asyncio.sleep(0)
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("xy█"))
    await held.nth(1)
    assert [request.prefix for request in held.requests] == ["xy"]


async def test_at_the_end_every_request_is_answered_and_recorded(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    for name in "abc":
        client.ask(at_cursor("x█", uri=f"file:///{name}.py"))
    await held.nth(3)
    client.engine.cancel_all()
    assert outcomes(client) == [(number, Outcome.CANCELLED) for number in (1, 2, 3)]
    for trace in await client.traces(3):
        assert trace.attempts[0].censor_cause is CensorCause.SHUTDOWN
        assert trace.attempts[0].stamps[AttemptStage.ENDED]


async def test_draining_waits_for_the_streams_that_are_open(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x█"))
    stream = await held.nth(1)
    stream.end()
    await client.engine.drain(60.0)
    assert stream.closed.is_set()
    await client.engine.drain(60.0)


def test_a_debounce_counts_from_the_arrival_and_spares_who_asked_by_hand(
    at_cursor: AtCursor,
) -> None:
    snapshot, trace = at_cursor("x█"), Trace(1)
    trace.stamps[Stage.REQUEST_RECEIVED] = monotonic_ns() - 3_000_000_000
    assert FixedDebounce(2.0).delay_s(snapshot, trace) < 0
    assert 6.0 < FixedDebounce(10.0).delay_s(snapshot, trace) <= 7.0
    trace.trigger = 1
    assert FixedDebounce(10.0).delay_s(snapshot, trace) == 0
    assert FixedDebounce().delay_s(snapshot, Trace(2)) == 0
