"""Connections are made ready when a document is opened, and when typing begins after a pause."""

from __future__ import annotations

from typing import Any

from ghostlap.lsp_server.documents import Documents
from ghostlap.lsp_server.engine import Engine, Route
from ghostlap.lsp_server.engine.schedule import FixedDebounce
from ghostlap.lsp_server.protocol.keystrokes import Keystrokes
from ghostlap.lsp_server.protocol.text_sync import PAUSE_NS, TextSync
from ghostlap.lsp_server.tasks import Tasks
from ghostlap.providers.scripted import ScriptedProvider

URI = "file:///a.py"
OPENING = {"textDocument": {"uri": URI, "languageId": "python", "version": 1, "text": "a\n"}}


class Arrival:
    received_ns = PAUSE_NS + 1


def insertion() -> dict[str, Any]:
    at = {"line": 0, "character": 0}
    change = {"range": {"start": at, "end": at}, "text": "b"}
    return {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [change]}


async def test_an_opened_document_and_the_first_edit_after_a_pause_warm_the_provider() -> None:
    tasks, arrival, provider = Tasks(), Arrival(), ScriptedProvider()
    engine = Engine(tasks, lambda _trace: None, lambda _error: None)
    engine.use(Route(provider, FixedDebounce()))
    text_sync = TextSync(arrival, Documents(), Keystrokes(), engine)

    async def times() -> int:
        await tasks.idle()
        return provider.warmed

    text_sync.did_open(OPENING)
    assert await times() == 1
    text_sync.did_change(insertion())
    assert await times() == 2, "the first edit of all"
    arrival.received_ns += PAUSE_NS
    text_sync.did_change(insertion())
    assert await times() == 2, "typing went on"
    arrival.received_ns += PAUSE_NS + 1
    text_sync.did_change(insertion())
    assert await times() == 3


async def test_without_a_provider_there_is_nothing_to_warm() -> None:
    engine = Engine(Tasks(), lambda _trace: None, lambda _error: None)
    TextSync(Arrival(), Documents(), Keystrokes(), engine).did_open(OPENING)
