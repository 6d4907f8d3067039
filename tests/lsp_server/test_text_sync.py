from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ghostlap.lsp_server.documents import Documents
from ghostlap.lsp_server.engine import Engine
from ghostlap.lsp_server.protocol.keystrokes import Keystrokes
from ghostlap.lsp_server.protocol.text_sync import TextSync
from ghostlap.lsp_server.tasks import Tasks

URI = "file:///a.py"


class Observer:
    def __init__(self, *, fails: bool = False) -> None:
        self.seen: list[Any] = []
        self.fails = fails

    def document_opened(self, uri: str, language: str, lines: Sequence[str]) -> None:
        self.seen.append(("opened", uri, language, list(lines)))

    def document_edited(self, uri: str, start: int, stop: int, lines: Sequence[str]) -> None:
        self.seen.append(("edited", uri, start, stop, list(lines)))
        if self.fails:
            raise ValueError("secret")

    def document_closed(self, uri: str) -> None:
        self.seen.append(("closed", uri))


class Arrival:
    """Of a channel, only when the message in hand arrived."""

    received_ns = 5


@pytest.fixture
async def documents() -> Documents:
    return Documents()


@pytest.fixture
async def text_sync(documents: Documents) -> TextSync:
    engine = Engine(Tasks(), lambda _trace: None, lambda _error: None)
    return TextSync(Arrival(), documents, Keystrokes(), engine)


def opening(text: str, uri: str = URI) -> dict[str, Any]:
    item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    return {"textDocument": item}


def insertion(line: int, text: str) -> dict[str, Any]:
    at = {"line": line, "character": 0}
    change = {"range": {"start": at, "end": at}, "text": text}
    return {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [change]}


async def test_an_observer_is_told_of_what_is_open_and_of_every_edit(text_sync: TextSync) -> None:
    text_sync.did_open(opening("x\ny"))
    observer = Observer()
    text_sync.observe(observer)
    text_sync.did_change(insertion(1, "a\nb"))
    text_sync.did_open(opening("z"))
    text_sync.did_close({"textDocument": {"uri": URI}})
    assert observer.seen == [
        ("opened", URI, "python", ["x", "y"]),
        ("edited", URI, 1, 2, ["a", "by"]),
        ("closed", URI),
        ("opened", URI, "python", ["z"]),
        ("closed", URI),
    ]


async def test_a_new_observer_takes_the_place_of_the_old_one(text_sync: TextSync) -> None:
    old, new = Observer(), Observer()
    text_sync.observe(old)
    text_sync.did_open(opening("x"))
    text_sync.observe(new)
    text_sync.did_change(insertion(0, "a"))
    assert len(old.seen) == 1
    assert [each[0] for each in new.seen] == ["opened", "edited"]


async def test_an_observer_that_fails_is_told_no_more_and_the_document_is_in_step(
    text_sync: TextSync, documents: Documents, caplog: pytest.LogCaptureFixture
) -> None:
    observer = Observer(fails=True)
    text_sync.observe(observer)
    text_sync.did_open(opening("x"))
    text_sync.did_change(insertion(0, "a"))
    text_sync.did_change(insertion(0, "b"))
    assert documents[URI].text == "bax"
    assert [each[0] for each in observer.seen] == ["opened", "edited"]
    assert "Telling a provider of an edit failed: ValueError" in caplog.text
    assert "secret" not in caplog.text
