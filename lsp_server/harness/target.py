"""What a replay types into: it is driven, and nobody here learns what it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from ghostlap.lsp_server.client import Call, LspClient, LspError, ServerGone
from ghostlap.lsp_server.documents.positions import PositionEncoding, character_at, index_at
from ghostlap.lsp_server.harness.page import Page
from ghostlap.telemetry import monotonic_ns
from ghostlap.telemetry.workload import Document, Place

__all__ = ["Answered", "LspTarget", "Reply", "Target"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one edit."""

    text: str
    """What it would add at the cursor; empty: nothing was suggested."""
    at_ns: int
    error: str = ""
    command: Any = None
    """What an editor runs when the text was accepted."""


Answered: TypeAlias = Callable[[Reply], None]
"""Called once for each edit that is answered, however late, unless the server ends before."""


class Target(Protocol):
    def open(self, number: int, document: Document) -> None: ...

    def edit(self, number: int, start: Place, end: Place, text: str, answered: Answered) -> None:
        """Make an edit, and ask what comes next; it makes any older question void."""
        ...

    def accepted(self, reply: Reply) -> None: ...


class LspTarget:
    """A language server with `textDocument/inlineCompletion` (LSP 3.18), whoever made it.

    As VS Code does it: the older request is cancelled, then comes the edit, then the request.
    """

    def __init__(self, client: LspClient, root: Path, tasks: asyncio.TaskGroup) -> None:
        self._client = client
        self._root = root
        self._tasks = tasks
        self._pages: dict[int, tuple[str, Page]] = {}
        self._call: Call | None = None

    def open(self, number: int, document: Document) -> None:
        assert document.text is not None, "only what has text is typed"
        path = self._root / str(number) / (document.name or "untitled")
        path.parent.mkdir(exist_ok=True)
        path.write_text(document.text, encoding="utf-8", newline="\n")
        self._pages[number] = path.as_uri(), Page(document.text)
        self._client.open(path.as_uri(), document.language, document.text)

    def edit(self, number: int, start: Place, end: Place, text: str, answered: Answered) -> None:
        uri, page = self._pages[number]
        if self._call is not None and not self._call.done():
            self._client.cancel(self._call.id)
        span = {"start": self._position(page, start), "end": self._position(page, end)}
        self._client.change(uri, {"range": span, "text": text})
        page.replace(start, end, text)
        at = self._position(page, page.cursor)
        self._call = self._client.inline_completion(uri, at["line"], at["character"])
        self._tasks.create_task(self._wait(self._call, page, page.cursor, answered))

    def uri(self, number: int) -> str:
        return self._pages[number][0]

    def accepted(self, reply: Reply) -> None:
        if reply.command is not None:
            self._client.start("workspace/executeCommand", reply.command)

    async def _wait(self, call: Call, page: Page, cursor: Place, answered: Answered) -> None:
        line = page.line(cursor.line)
        try:
            answer = await call
        except ServerGone:
            return
        except LspError as error:
            answered(Reply("", call.received_ns or monotonic_ns(), error=str(error.code)))
            return
        items = answer.get("items") if isinstance(answer, dict) else answer
        item = items[0] if items else {}
        text = self._addition(item, line, cursor.column)
        answered(Reply(text, call.received_ns, command=item.get("command")))

    def _addition(self, item: Any, line: str, column: int) -> str:
        """Return what an item adds at the cursor; empty where it changes what stands there."""
        text = item.get("insertText", "")
        if isinstance(text, dict):  # a StringValue, a snippet's
            text = text.get("value", "")
        span = item.get("range")
        if span is None:
            return str(text)
        start = index_at(line, span["start"]["character"], self._encoding)
        before = line[start:column]
        return str(text)[len(before) :] if str(text).startswith(before) else ""

    def _position(self, page: Page, place: Place) -> dict[str, int]:
        line = page.line(place.line)
        return {"line": place.line, "character": character_at(line, place.column, self._encoding)}

    @property
    def _encoding(self) -> PositionEncoding:
        return PositionEncoding(self._client.encoding)
