"""Types a passage into a language server, as an editor with a person at it would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ghostlap.lsp_server.client import Call, LspClient, LspError
from ghostlap.lsp_server.demo.material import Passage
from ghostlap.lsp_server.demo.pace import Pace
from ghostlap.lsp_server.documents.positions import PositionEncoding, character_at, index_at
from ghostlap.telemetry import monotonic_ns

__all__ = ["Figures", "Ghost", "Typist"]

# A shorter suggestion is typed sooner than read.
_WORTH_ACCEPTING = 4
_DRAWN_AFTER_S = 0.03


@dataclass(frozen=True, slots=True)
class Ghost:
    """A suggestion at the cursor."""

    text: str
    command: Any = None
    """The LSP command that an editor runs when it was accepted."""


@dataclass(slots=True)
class Figures:
    """What was seen from the editor's side."""

    keys: int = 0
    requests: int = 0
    """One per edit: keys, and accepted suggestions."""
    accepted: list[range] = field(default_factory=list)
    """Which characters of the passage came from suggestions, in their order."""
    round_trips_ms: list[float] = field(default_factory=list)
    """From just before an edit was sent until its suggestion was read: one per suggestion."""

    @property
    def accepted_share(self) -> float:
        """How much of the text came from suggestions; a key that brings blanks counts once."""
        chars = sum(map(len, self.accepted))
        return chars / max(1, chars + self.keys)


class Typist:
    """Types a passage, and accepts what is suggested where it says what the passage says.

    Used from one event loop. `show` is called whenever there is something new to see.
    """

    def __init__(
        self, client: LspClient, uri: str, passage: Passage, pace: Pace, show: Callable[[], None]
    ) -> None:
        self.passage = passage
        self.figures = Figures()
        self.typed = passage.indentation
        """The beginning of the passage, which stands in the document."""
        self.ghost: Ghost | None = None
        self._client = client
        self._uri = uri
        self._pace = pace
        self._show = show
        self._edited_ns = 0
        self._call: Call | None = None

    @property
    def left(self) -> str:
        """What is still to be typed."""
        return self.passage.wanted[len(self.typed) :]

    def open(self) -> None:
        """Open the document: without the passage, and with the cursor in its place."""
        lines = [*self.passage.before, self.typed, *self.passage.after]
        self._client.open(self._uri, self.passage.material.language, "\n".join(lines))

    async def type_on(self) -> None:
        """Type to the passage's end; to be cancelled when the time is over. Raises ServerGone."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._pace.pause_s("\n"))  # to find the place
        while self.left:
            key = _next_key(self.left)
            self._edit(key)
            self.figures.keys += 1
            next_key_at = loop.time() + self._pace.pause_s(key)
            await self._watch(next_key_at)
            while self._wants_ghost():
                await asyncio.sleep(self._pace.reading_s())
                self._accept()
                next_key_at = loop.time() + self._pace.pause_s("")
                await self._watch(next_key_at)
            await asyncio.sleep(next_key_at - loop.time())

    def _edit(self, text: str) -> None:
        """Put `text` at the cursor, and ask what comes next."""
        self.ghost = None
        self._edited_ns = monotonic_ns()
        self._client.insert(self._uri, *self._cursor(), text)
        self.typed += text
        self._call = self._client.inline_completion(self._uri, *self._cursor())
        self.figures.requests += 1

    def _accept(self) -> None:
        ghost = self.ghost
        assert ghost is not None, "only what is seen is accepted"
        start = len(self.typed)
        self.figures.accepted.append(range(start, start + len(ghost.text)))
        self._edit(ghost.text)
        if ghost.command is not None:
            self._client.start("workspace/executeCommand", ghost.command)

    async def _watch(self, until: float) -> None:
        """Wait for the answer, no longer than `until`, and show what it suggests."""
        call = self._call
        assert call is not None, "every edit asks"
        # Drawing takes some ms in which no answer is read: a quick one is drawn with its key.
        without_answer = asyncio.get_running_loop().call_later(_DRAWN_AFTER_S, self._show)
        try:
            async with asyncio.timeout_at(until):
                answer = await call
        except (TimeoutError, LspError):
            answer = None
        finally:
            without_answer.cancel()
        if answer is not None:
            self.ghost = self._ghost_of(answer)
        if self.ghost is not None:
            self.figures.round_trips_ms.append((call.received_ns - self._edited_ns) / 1e6)
        self._show()

    def _wants_ghost(self) -> bool:
        """Tell whether the suggestion is right, and worth a Tab."""
        text = "" if self.ghost is None else self.ghost.text
        return len(text) >= _WORTH_ACCEPTING and self.left.startswith(text)

    def _ghost_of(self, answer: Any) -> Ghost | None:
        """Return the first item of an answer as what appears right of the cursor."""
        items = answer.get("items") if isinstance(answer, dict) else answer
        if not items:
            return None
        text, line = items[0]["insertText"], self._last_line()
        if (span := items[0].get("range")) is not None:
            start = index_at(line, span["start"]["character"], self._encoding)
            if not text.startswith(line[start:]):
                return None  # it changes what stands there: nothing that a ghost shows
            text = text[len(line) - start :]
        return Ghost(text, items[0].get("command")) if text else None

    def _cursor(self) -> tuple[int, int]:
        """Return line and character, as the server counts them."""
        line = self._last_line()
        number = self.passage.start + self.typed.count("\n")
        return number, character_at(line, len(line), self._encoding)

    def _last_line(self) -> str:
        return self.typed.rpartition("\n")[2]

    @property
    def _encoding(self) -> PositionEncoding:
        return PositionEncoding(self._client.encoding)


def _next_key(left: str) -> str:
    """Return the next character; with a line's end comes indentation, as editors have it."""
    if not left.startswith("\n"):
        return left[0]
    return "\n" + _indentation(left[1:])


def _indentation(text: str) -> str:
    """Return the blanks that `text` begins with, unless that line is blank."""
    blanks = text[: len(text) - len(text.lstrip(" \t"))]
    return "" if text[len(blanks) :].startswith("\n") else blanks
