"""Edits, requests and cancels in random order, against a model that is a plain string."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from hashlib import sha1
from typing import Any

import pytest

from ghostlap.lsp_server.client import Call, LspClient, LspError

StartServer = Callable[..., AbstractAsyncContextManager[LspClient]]

STEPS = 10_000
WORDS = [
    "x",
    "foo(",
    ")",
    " ",
    "😀",
    "é",
    "\u2028",
    "\x0c",
    "\n",
    "\r\n",
    "    return\n",
    '"',
    "\n\n",
]
MOST_CHARS = 900  # so that the windows around the cursor hold all of it
LINE_END = re.compile(r"\r\n|\n|\r")
REQUEST_CANCELLED = -32800


class Text:
    """One document as its client has it."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.text = "import os\n"

    def random_offset(self, chance: random.Random) -> int:
        offset = chance.randint(0, len(self.text))
        # Between CR and LF there is no position.
        return offset - (self.text[offset - 1 : offset + 1] == "\r\n")

    def position(self, offset: int) -> dict[str, int]:
        before = LINE_END.split(self.text[:offset])
        return {"line": len(before) - 1, "character": len(before[-1].encode("utf-16-le")) // 2}

    def replace(self, start: int, end: int, text: str) -> dict[str, Any]:
        """Make an edit, and return it as a content change."""
        change = {
            "range": {"start": self.position(start), "end": self.position(end)},
            "text": text,
        }
        self.text = self.text[:start] + text + self.text[end:]
        return change

    def is_at_line_end(self, offset: int) -> bool:
        return self.text[offset : offset + 1] in ("", "\r", "\n")

    def echo(self, offset: int) -> str:
        seen = f"{self.text[:offset]}\0{self.text[offset:]}".encode()
        return f"⟦{sha1(seen, usedforsecurity=False).hexdigest()[:16]}⟧"


class Typist:
    """Does random things to some documents, and remembers what each answer has to be."""

    def __init__(self, client: LspClient, seed: int) -> None:
        self.client = client
        self.chance = random.Random(seed)
        self.texts = [Text(f"file:///{name}.py") for name in "abc"]
        self.pending: list[tuple[Call, str, bool]] = []
        self.counts = {"served": 0, "superseded": 0, "cancelled": 0}

    def step(self) -> None:
        text = self.chance.choice(self.texts)
        kind = self.chance.random()
        if kind < 0.45:
            self.edit(text)
        elif kind < 0.85:
            self.ask(text)
        elif kind < 0.97 and self.pending:
            self.client.cancel(self.chance.choice(self.pending)[0].id)
        elif kind < 0.985:
            text.text = self.chance.choice(["", "x = 1\r\ny", "def f():\n    "])
            self.client.change(text.uri, {"text": text.text})
        else:
            self.client.close(text.uri)
            self.client.open(text.uri, "python", text.text)

    def edit(self, text: Text) -> None:
        changes = []
        for _ in range(self.chance.choice([1, 1, 1, 2, 3])):
            start, end = sorted(text.random_offset(self.chance) for _ in range(2))
            is_insertion = len(text.text) < MOST_CHARS and self.chance.random() < 0.7
            new = self.chance.choice(WORDS) if is_insertion else ""
            changes.append(text.replace(start, start if is_insertion else end, new))
        self.client.change(text.uri, *changes)

    def ask(self, text: Text) -> None:
        offset = text.random_offset(self.chance)
        position = text.position(offset)
        call = self.client.inline_completion(text.uri, position["line"], position["character"])
        self.pending.append((call, text.echo(offset), text.is_at_line_end(offset)))

    async def settle(self) -> None:
        """Wait for all answers, and check each against the text that its request saw."""
        for call, expected, at_line_end in self.pending:
            try:
                answer = await call
            except LspError as error:
                if error.code != REQUEST_CANCELLED:
                    raise
                self.counts["cancelled"] += 1
                continue
            if answer is None:
                self.counts["superseded"] += 1
            else:
                shown = [item["insertText"].strip(" ") for item in answer["items"]]
                # Below a colon it is indented; within a line it may not fit, as in a word.
                assert shown == [expected] or not (shown or at_line_end)
                self.counts["served"] += 1
        self.pending.clear()

    async def check(self, text: Text) -> None:
        """The server has the same text: seen from its start and from its end."""
        for offset in (0, len(text.text)):
            position = text.position(offset)
            call = self.client.inline_completion(text.uri, position["line"], position["character"])
            self.pending.append((call, text.echo(offset), text.is_at_line_end(offset)))
            await self.settle()


@pytest.mark.parametrize("seed", [1, 2])
async def test_any_order_of_edits_requests_and_cancels_leaves_both_sides_in_step(
    start_server: StartServer, seed: int
) -> None:
    async with start_server() as client:
        await client.initialize()
        typist = Typist(client, seed)
        for text in typist.texts:
            client.open(text.uri, "python", text.text)
        for _ in range(STEPS // 2):
            typist.step()
            pause = typist.chance.random()
            if pause < 0.1:
                await typist.settle()
            elif pause < 0.4:
                await asyncio.sleep(0)
        await typist.settle()
        for text in typist.texts:
            await typist.check(text)
        assert client.unmatched == []  # nothing was answered twice
        assert client.protocol_errors == []
        assert min(typist.counts.values()) > STEPS // 100, typist.counts
        assert await client.shutdown() == 0
        assert "failed" not in client.stderr
