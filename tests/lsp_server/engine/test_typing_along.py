"""What is served without asking again, and what goes on being asked while the user types."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine import Route, Surroundings
from ghostlap.lsp_server.engine.schedule import FixedDebounce
from ghostlap.telemetry import AttemptOutcome, AttemptStage, CensorCause, Outcome, Role, Source

if TYPE_CHECKING:
    from tests.lsp_server.engine.conftest import Client, HeldProvider

AtCursor: TypeAlias = Callable[..., Snapshot]
URI = "file:///a.py"


async def said(client: Client, held: HeldProvider, snapshot: Snapshot, text: str) -> None:
    """Have `text` suggested at a place, and shown."""
    client.ask(snapshot)
    stream = await held.nth(len(held.streams) + 1)
    stream.say(text + "\n")
    await stream.closed.wait()


# The cache.


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("total = sum(█", "values)"),
        ("total = sum(val█", "ues)"),
        ("total = sum(values█", ")"),
        ("total = s█", "um(values)"),
        ("total = █", "sum(values)"),
    ],
)
async def test_every_beginning_of_a_suggestion_is_completed_at_once(
    client: Client, held: HeldProvider, at_cursor: AtCursor, state: str, shown: str
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    await said(client, held, at_cursor("total = █"), "sum(values)")
    client.ask(at_cursor(state))
    assert client.outcomes[-1] == (2, Outcome.SERVED)
    assert client.shown == [shown]
    assert len(held.requests) == 1
    trace = client.recorder.traces[-1]
    assert (trace.source, trace.text_from, trace.attempts) == (Source.CACHE, 1, [])


async def test_backspaces_and_the_same_keys_again_are_served_from_the_cache(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    await said(client, held, at_cursor("total = █"), "sum(values)")
    for state, rest in (("total = su█", "m(values)"), ("total = s█", "um(values)")):
        client.ask(at_cursor(state))
        assert client.shown == [rest]
    assert len(held.requests) == 1


async def test_a_bracket_that_the_editor_closed_is_written_over(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    await said(client, held, at_cursor("total = █"), "sum(values) + 1")
    client.ask(at_cursor("total = sum(█)"))
    [suggestion] = client.answers[-1][2]
    assert (suggestion.text, suggestion.replaces) == ("values) + 1", 1)


@pytest.mark.parametrize(
    "state",
    [
        "total = max(█",
        "total = sum(values)█",
        "other = █",
        "total = █ + 1",
        "x = 1\ntotal = █",
        "total = \n█",
    ],
)
async def test_another_context_is_asked_about_anew(
    client: Client, held: HeldProvider, at_cursor: AtCursor, state: str
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    await said(client, held, at_cursor("total = █"), "sum(values)")
    client.ask(at_cursor(state))
    await held.nth(2)


async def test_lines_that_are_typed_of_a_longer_suggestion_are_left_off(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce(), single_line=False))
    client.ask(at_cursor("def f(x):\n    █"))
    stream = await held.nth(1)
    stream.say("if x:\n        return 1\n")
    stream.end()
    await client.answered(1)
    client.ask(at_cursor("def f(x):\n    if x:\n        █"))
    assert client.shown == ["return 1"]


async def test_what_a_provider_had_nothing_to_say_about_is_not_asked_again(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x = █"))
    (await held.nth(1)).end()
    await client.traces(1)
    client.ask(at_cursor("x = █"))
    assert client.outcomes == [(1, Outcome.EMPTY), (2, Outcome.EMPTY)]
    assert client.recorder.traces[-1].source is Source.CACHE
    client.ask(at_cursor("x = y█"))
    await held.nth(2)


async def test_another_providers_suggestions_are_asked_for_when_it_is_chosen(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    await said(client, held, at_cursor("x = █"), "1")
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x = █"))
    assert client.shown == ["1"]
    other = type(held)()
    client.engine.use(Route(other, FixedDebounce()))
    client.ask(at_cursor("x = █"))
    await other.nth(1)


# What is under way.


async def test_a_request_under_way_answers_the_keys_that_its_text_begins_with(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("total = █"))
    stream = await held.nth(1)
    stream.say("su")
    client.engine.edited(URI, 1)
    client.ask(at_cursor("total = s█"))
    client.engine.edited(URI, 2)
    client.ask(at_cursor("total = sum█"))
    stream.say("m(values)\n")
    assert await client.answered(3) == (Outcome.SERVED, ["(values)"])
    assert client.outcomes[:2] == [(1, Outcome.SUPERSEDED), (2, Outcome.SUPERSEDED)]
    assert len(held.requests) == 1
    await stream.closed.wait()
    traces = {trace.sequence: trace for trace in await client.traces(3)}
    assert (traces[3].source, traces[3].text_from) == (Source.RECYCLED, 1)
    [attempt] = traces[1].attempts
    assert attempt.won
    assert attempt.outcome is AttemptOutcome.COMPLETED
    assert attempt.stamps[AttemptStage.FIRST_USABLE]


async def test_a_stream_is_closed_the_moment_that_its_text_goes_elsewhere(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("total = █"))
    stream = await held.nth(1)
    client.ask(at_cursor("total = m█"))
    stream.say("sum(")
    await stream.closed.wait()
    newer = await held.nth(2)
    assert held.requests[1].prefix == "total = m"
    newer.say("ax(values)\n")
    assert await client.answered(2) == (Outcome.SERVED, ["ax(values)"])
    [attempt] = (await client.traces(2))[0].attempts
    assert (attempt.outcome, attempt.censor_cause) == (
        AttemptOutcome.CENSORED,
        CensorCause.KEYSTROKE,
    )


async def test_a_key_that_contradicts_what_was_said_closes_the_stream_at_once(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("total = █"))
    stream = await held.nth(1)
    stream.say("sum(")
    await stream.heard.wait()
    client.ask(at_cursor("total = m█"))
    await stream.closed.wait()
    await held.nth(2)


async def test_a_text_that_was_typed_to_its_end_makes_way_for_the_next(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x = █"))
    stream = await held.nth(1)
    client.ask(at_cursor("x = 12█"))
    stream.say("12\n")
    await held.nth(2)
    assert held.requests[1].prefix == "x = 12"


async def test_a_fast_typist_has_one_request_under_way_and_one_that_waits(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    word = "abcdefghij"
    client.ask(at_cursor("█"))
    first = await held.nth(1)
    for end in range(1, len(word) + 1):
        client.engine.edited(URI, end)
        client.ask(at_cursor(f"{word[:end]}█"))
        await asyncio.sleep(0)
    assert len(held.requests) == 1
    first.say("zebra\n")
    await held.nth(2)
    assert [each.prefix for each in held.requests] == ["", word]


async def test_a_key_after_a_switch_asks_the_new_provider_though_the_old_one_is_silent(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x = █"))
    hung = await held.nth(1)
    other = type(held)()
    client.engine.use(Route(other, FixedDebounce()))
    client.engine.edited(URI, 1)
    client.ask(at_cursor("x = v█"))
    await hung.closed.wait()
    await other.nth(1)


async def test_a_request_that_no_key_takes_over_is_closed_in_the_end(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x = █"))
    stream = await held.nth(1)
    client.engine.edited(URI, 1)
    await stream.closed.wait()
    assert client.outcomes == [(1, Outcome.SUPERSEDED)]


async def test_a_closed_documents_request_is_closed_at_once_and_its_suggestions_are_forgotten(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    await said(client, held, at_cursor("x = █"), "1")
    client.ask(at_cursor("y = █"))
    stream = await held.nth(2)
    client.engine.closed(URI)
    await stream.closed.wait()
    client.ask(at_cursor("x = █"))
    await held.nth(3)


async def test_a_client_that_cancels_for_the_sake_of_a_key_does_not_lose_its_request(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    for number, state in enumerate(("x = █", "x = v█"), start=1):
        job = client.ask(at_cursor(state))
        stream = await held.nth(number)
        client.engine.cancel(job)
        client.engine.edited(URI, number)
        await stream.closed.wait()  # nothing is known of this client yet: it is taken at its word
    job = client.ask(at_cursor("x = va█"))
    third = await held.nth(3)
    client.engine.cancel(job)
    client.engine.edited(URI, 3)
    client.ask(at_cursor("x = val█"))
    third.say("lues\n")
    assert await client.answered(4) == (Outcome.SERVED, ["ues"])
    assert len(held.requests) == 3


async def test_a_client_that_means_it_after_all_is_taken_at_its_word_again(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    for number in range(2):
        client.engine.cancel(client.ask(at_cursor("x = █")))
        client.engine.edited(URI, number)
    meant = client.ask(at_cursor("x = v█"))
    stream = await held.nth(1)
    client.engine.cancel(meant)
    await asyncio.sleep(0)
    assert not stream.closed.is_set()
    await stream.closed.wait()
    meant = client.ask(at_cursor("x = va█"))
    stream = await held.nth(2)
    client.engine.cancel(meant)
    for _ in range(5):  # turns of the loop, without any time to wait for
        await asyncio.sleep(0)
    assert stream.closed.is_set()


async def test_a_silent_request_is_replaced_at_a_pause_when_a_new_one_is_likely_sooner(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    schedule = FixedDebounce(usable_s=3600.0)
    client.engine.use(Route(held, schedule))
    client.ask(at_cursor("█"))
    stream = await held.nth(1)
    client.ask(at_cursor("abcdefghijkl█"))
    await stream.closed.wait()
    await held.nth(2)
    assert [each.prefix for each in held.requests] == ["", "abcdefghijkl"]


# Ahead of need.


async def test_what_follows_a_suggestion_is_asked_for_while_it_is_looked_at(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce(), ahead=1.0))
    await said(client, held, at_cursor("x = █"), "sum(values)")
    stream = await held.nth(2)
    assert held.requests[1].prefix == "x = sum(values)"
    stream.say(" / 2\n")
    await stream.closed.wait()
    client.engine.edited(URI, 1)
    client.ask(at_cursor("x = sum(values)█"))
    assert client.shown == [" / 2"]
    (await held.nth(3)).end()  # what follows that in turn
    traces = {trace.sequence: trace for trace in await client.traces(2)}
    assert traces[2].source is Source.SPECULATED
    assert [each.role for each in traces[1].attempts] == [Role.PRIMARY, Role.SPECULATIVE]


async def test_typing_along_leaves_what_is_asked_ahead_alone(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce(), ahead=1.0))
    await said(client, held, at_cursor("x = █"), "sum(values)")
    stream = await held.nth(2)
    for state, rest in (("x = sum█", "(values)"), ("x = sum(value█", "s)")):
        client.engine.edited(URI, 1)
        client.ask(at_cursor(state))
        assert client.shown == [rest]
    client.engine.edited(URI, 2)
    client.ask(at_cursor("x = sum(values)█"))
    stream.say(" / 2\n")
    assert await client.answered(4) == (Outcome.SERVED, [" / 2"])
    assert len(held.requests) == 2


async def test_a_key_that_needs_an_answer_ends_what_was_asked_ahead(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce(), ahead=1.0))
    await said(client, held, at_cursor("x = █"), "sum(values)")
    ahead = await held.nth(2)
    client.engine.edited(URI, 1)
    client.ask(at_cursor("x = m█"))
    await ahead.closed.wait()
    await held.nth(3)


async def test_nothing_is_asked_ahead_beyond_its_share_of_the_requests(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce(), ahead=0.01))
    for number in range(4):
        await said(client, held, at_cursor(f"x{number} = █"), "sum(values)")
        client.engine.edited(URI, 1)
        client.ask(at_cursor(f"x{number} = sum(values█"))
        await asyncio.sleep(0)
        if number < 2:
            (await held.nth(2 * number + 2)).end()
    assert len(held.requests) == 6


# Invoked.


async def test_an_invoked_request_brings_up_to_three_texts_the_shown_one_first(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce(3600)))
    client.ask(at_cursor("x = █"), invoked=True)
    for number, text in ((3, "three"), (1, "one"), (2, "one")):
        stream = await held.nth(number)
        stream.say(text + "\n")
        await stream.closed.wait()
    outcome, texts = await client.answered(1)
    assert outcome is Outcome.SERVED
    assert sorted(texts) == ["one", "three"]
    client.ask(at_cursor("x = █"))
    shown = client.shown
    client.ask(at_cursor("x = █"), invoked=True)
    for number in (4, 5, 6):
        stream = await held.nth(number)
        stream.say("four\n")
        await stream.closed.wait()
    assert await client.answered(3) == (Outcome.SERVED, [*shown, "four"])


async def test_a_provider_in_this_process_gives_its_own_alternatives(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce(), instant=True))
    client.ask(at_cursor("x = █"), invoked=True)
    stream = await held.nth(1)
    stream.alternatives = ("two", "one", "three")
    stream.say("one")
    stream.end()
    assert await client.answered(1) == (Outcome.SERVED, ["one", "two", "three"])
    assert held.requests[0].alternatives == 3


async def test_an_invoked_request_fails_when_all_of_its_requests_do(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    from ghostlap.providers import Overloaded  # noqa: PLC0415 - this test alone needs it

    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x = █"), invoked=True)
    for number in (1, 2, 3):
        (await held.nth(number)).fail(Overloaded("held", "busy", "wait"))
    assert await client.answered(1) == (Outcome.ERROR, [])
    assert len(client.failures) == 1


# What is kept back.


class Walls:
    def why_not(self, snapshot: Snapshot) -> str | None:
        return "ignored by .gitignore" if snapshot.uri.endswith("secret.py") else None

    def surroundings(self, snapshot: Snapshot) -> Surroundings:
        raise AssertionError(snapshot)


async def test_a_document_that_is_kept_back_comes_out_ineligible_and_says_why(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.engine.look_through(Walls())
    client.ask(at_cursor("x = █", uri="file:///secret.py"))
    assert client.outcomes == [(1, Outcome.INELIGIBLE)]
    assert client.withheld == [("file:///secret.py", "ignored by .gitignore")]
    assert held.requests == []
