"""A guess is shown until the provider has answered, and what can have been read does not change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import pytest

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine import Route
from ghostlap.lsp_server.engine.guess import UNREAD_S, gives_way
from ghostlap.lsp_server.engine.schedule import FixedDebounce
from ghostlap.providers import CompletionRequest
from ghostlap.telemetry import Attempt, AttemptOutcome, Outcome, Source, Stage, Trace

if TYPE_CHECKING:
    from tests.lsp_server.engine.conftest import Client, HeldProvider

AtCursor: TypeAlias = Callable[..., Snapshot]


@pytest.mark.parametrize(
    ("left", "remote", "shown_s", "is_typed", "expected"),
    [
        ("values", "values)", 9, True, True),
        ("values", "values", 9, True, True),
        ("values)", "values", 0, False, False),
        ("values", "", 0, False, False),
        ("values", "first", UNREAD_S, False, True),
        ("values", "first", UNREAD_S + 0.001, False, False),
        ("values", "first", 0, True, False),
        ("", "first", 9, True, True),
    ],
)
def test_what_a_remote_text_may_do_to_a_guess(
    left: str, remote: str, shown_s: float, is_typed: bool, expected: bool
) -> None:
    assert gives_way(left, remote, shown_s=shown_s, is_typed=is_typed) is expected


class AtOnce:
    """A provider that answers in one step, as the embedded engine does."""

    name = "embedded"

    def __init__(self, text: str) -> None:
        self.text = text

    @asynccontextmanager
    async def stream(self, _request: CompletionRequest, trace: Trace) -> AsyncIterator[Said]:
        said = Said(self.text, trace.attempt(self.name, "model"))
        yield said
        said.attempt.end(AttemptOutcome.COMPLETED)

    async def warm(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


class Said:
    def __init__(self, text: str, attempt: Attempt) -> None:
        self._text = text
        self.attempt = attempt
        self.alternatives: Sequence[str] = ()

    async def __aiter__(self) -> AsyncIterator[str]:
        if self._text:
            yield self._text


def guessing(client: Client, held: HeldProvider, text: str, debounce_s: float = 0.0) -> None:
    client.engine.use(Route(held, FixedDebounce(debounce_s), guess=AtOnce(text)))


async def known(held: HeldProvider, count: int, text: str) -> None:
    """Have the provider's `count`-th request answered."""
    stream = await held.nth(count)
    stream.say(text + "\n")
    await stream.closed.wait()


async def test_a_guess_is_shown_while_the_provider_works(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    guessing(client, held, "sum(values")
    client.ask(at_cursor("total = █"))
    assert await client.answered(1) == (Outcome.SERVED, ["sum(values"])
    await known(held, 1, "sum(values) + 1")
    [trace] = await client.traces(1)
    assert [(each.provider, each.won) for each in trace.attempts] == [
        ("embedded", True),
        ("held", False),
    ]
    assert trace.source is Source.PROVIDER
    stamps = [trace.stamps[each] for each in (Stage.DISPATCHED, Stage.USABLE, Stage.RESPONSE_SENT)]
    assert stamps == sorted(stamps)


async def test_the_answer_extends_what_is_shown(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    guessing(client, held, "sum(values")
    client.ask(at_cursor("total = █"))
    await client.answered(1)
    await known(held, 1, "sum(values) + 1")
    client.ask(at_cursor("total = su█"))
    assert await client.answered(2) == (Outcome.SERVED, ["m(values) + 1"])
    assert len(held.requests) == 1


async def test_another_answer_does_not_take_the_place_of_what_was_typed_along(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    guessing(client, held, "sum(values)")
    client.ask(at_cursor("total = █"))
    await client.answered(1)
    await known(held, 1, "sum(numbers)")
    client.ask(at_cursor("total = su█"))
    assert await client.answered(2) == (Outcome.SERVED, ["m(values)"])
    client.ask(at_cursor("total = sum(n█"))  # nothing is left of the guess
    assert await client.answered(3) == (Outcome.SERVED, ["umbers)"])
    assert len(held.requests) == 1


async def test_the_answer_may_come_while_the_guess_is_typed_along(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    guessing(client, held, "sum(values")
    client.ask(at_cursor("total = █"))
    await client.answered(1)
    client.ask(at_cursor("total = s█"))
    assert await client.answered(2) == (Outcome.SERVED, ["um(values"])
    await known(held, 1, "sum(values) + 1")
    client.ask(at_cursor("total = sum█"))
    assert await client.answered(3) == (Outcome.SERVED, ["(values) + 1"])
    assert len(held.requests) == 1


async def test_the_provider_is_asked_at_a_pause_alone(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    guessing(client, held, "sum(values)", debounce_s=0.2)
    for typed in ("", "s", "su", "sum"):
        client.ask(at_cursor(f"total = {typed}█"))
        await client.answered(client.asked)
    assert client.shown == ["(values)"]
    await known(held, 1, "(values)")
    assert len(held.requests) == 1
    assert len(await client.traces(4)) == 4


async def test_without_a_guess_the_provider_answers(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    guessing(client, held, "")
    client.ask(at_cursor("total = █"))
    await known(held, 1, "sum(values)")
    assert await client.answered(1) == (Outcome.SERVED, ["sum(values)"])


async def test_a_guess_that_fails_costs_nothing(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    class Fails(AtOnce):
        @asynccontextmanager
        async def stream(self, _request: CompletionRequest, trace: Trace) -> AsyncIterator[Said]:
            raise RuntimeError
            yield Said("", trace.attempt(""))

    client.engine.use(Route(held, FixedDebounce(), guess=Fails("")))
    client.ask(at_cursor("total = █"))
    await known(held, 1, "sum(values)")
    assert await client.answered(1) == (Outcome.SERVED, ["sum(values)"])
