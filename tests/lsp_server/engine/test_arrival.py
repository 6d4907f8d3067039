"""Where the provider's time ends and ours begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine import Route
from ghostlap.lsp_server.engine.schedule import FixedDebounce
from ghostlap.telemetry import AttemptStage, Stage, monotonic_ns

if TYPE_CHECKING:
    from tests.lsp_server.engine.conftest import Client, HeldProvider

AtCursor: TypeAlias = Callable[..., Snapshot]


async def test_an_attempt_is_usable_when_its_bytes_came_and_the_keystroke_once_they_were_shaped(
    client: Client, held: HeldProvider, at_cursor: AtCursor
) -> None:
    client.engine.use(Route(held, FixedDebounce()))
    client.ask(at_cursor("x = 1\ny = █\n"))
    stream = await held.nth(1)
    stream.attempt.received_ns = arrived_ns = monotonic_ns()
    stream.say("f(x)")
    stream.end()
    [trace] = await client.traces(1)
    assert trace.attempts[0].stamps[AttemptStage.FIRST_USABLE] == arrived_ns
    assert trace.stamps[Stage.USABLE] > arrived_ns
