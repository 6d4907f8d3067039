"""The embedded engine as a provider: no weights, no network, no key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from ghostlap.providers._base import CompletionRequest
from ghostlap.providers.local.buffer import Buffer
from ghostlap.providers.local.confidence import cutoff
from ghostlap.providers.local.decode import Suggested, decode
from ghostlap.providers.local.families import PYTHON, family_of
from ghostlap.providers.local.folders import Folders
from ghostlap.providers.local.library import (
    LibraryFailed,
    build_library,
    library_path,
    open_library,
)
from ghostlap.providers.local.query import Index, query_at
from ghostlap.providers.local.segment import Segment
from ghostlap.providers.local.settings import EmbeddedSettings
from ghostlap.providers.local.vote import Votes
from ghostlap.telemetry import Attempt, AttemptOutcome, AttemptStage, CensorCause, Trace

__all__ = ["EmbeddedEngine", "EngineState", "EngineStatus"]

_CATCH_UP_LINES = 40
"""Lines that a request indexes itself, some 3 ms; the rest waits for the loop to be idle."""
_SLICE_LINES = 40
_SLICE_PAUSE_S = 0.002
_UNSEEN = "unseen:"


class EngineState(StrEnum):
    """How far the standard library's index is. Completions are served in every state."""

    COLD = "cold"
    """`warm()` was not called yet, or no index is wanted."""
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EngineStatus:
    state: EngineState
    detail: str = ""
    """What went wrong, in one sentence, when the state is FAILED."""
    source_bytes: int = 0
    """How much source text the open index was built from."""


class EmbeddedEngine:
    """Completes from what the open documents and the standard library have shown before."""

    name = "embedded"
    model = "match-index"

    def __init__(self, settings: EmbeddedSettings, cache_dir: Path) -> None:
        self._settings = settings
        self._cache_dir = Path(settings.cache_dir) if settings.cache_dir else cache_dir
        self._status = EngineStatus(EngineState.COLD)
        self._library: Segment | None = None
        self._building: asyncio.Task[None] | None = None
        self._indexing: asyncio.Task[None] | None = None
        self._held: object = None
        self._votes = Votes(Buffer(), ())
        self._buffers: dict[str, Buffer] = {}
        self._families: dict[str, str] = {}
        """By URI of the open documents."""
        self._folders = Folders(self._settings, self._cache_dir)

    @property
    def status(self) -> EngineStatus:
        return self._status

    @property
    def folders(self) -> Folders:
        """The indexes of the workspace's folders."""
        return self._folders

    def stream(self, request: CompletionRequest, trace: Trace) -> _Stream:
        return _Stream(self, request, trace.attempt(self.name, self.model))

    async def warm(self) -> None:
        """Open the indexes there are, or start to build them and return at once."""
        self._folders.start()
        if not self._settings.standard_library or self._building or self._library:
            return
        path = library_path(self._cache_dir)
        if self._open(path):
            return
        self._status = EngineStatus(EngineState.BUILDING)
        self._building = asyncio.get_running_loop().create_task(self._build(path))

    async def settled(self) -> EngineStatus:
        """Wait until no index is being built, and return how that ended."""
        if self._building is not None:
            await asyncio.wait([self._building])
        return self._status

    async def aclose(self) -> None:
        """Stop a build that is under way and close the index."""
        await self._folders.aclose()
        tasks = [task for task in (self._building, self._indexing) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._library = None

    def document_opened(self, uri: str, language: str, lines: Sequence[str]) -> None:
        self.document_closed(uri)
        family = self._families[uri] = family_of(uri, language)
        self._buffers.setdefault(family, Buffer()).open(uri, lines)
        self._folders.hide_open(self._families)
        self._index_later()

    def document_edited(self, uri: str, start: int, stop: int, lines: Sequence[str]) -> None:
        self._folders.is_stale = True
        if buffer := self._buffer_of(uri):
            buffer.edit(uri, start, stop, lines)
            if len(lines) > 1:
                self._index_later()

    def document_closed(self, uri: str) -> None:
        if buffer := self._buffer_of(uri):
            buffer.close(uri)
            if not len(buffer):
                del self._buffers[self._families[uri]]
        if self._families.pop(uri, None) is not None:
            self._folders.hide_open(self._families)

    def suggest(self, request: CompletionRequest) -> list[Suggested]:
        """Return what may come at the cursor, the likeliest first; empty when unsure."""
        line_suffix = request.suffix.partition("\n")[0]
        if line_suffix[:1].isalnum() or line_suffix[:1] == "_":
            return []  # inside a word
        buffer, uri, line = self._buffer_for(request)
        buffer.catch_up(uri, line, _CATCH_UP_LINES)
        query, half, _ = query_at(request.prefix, document=buffer.number_of(uri), line=line)
        family = family_of(request.uri or request.path, request.language)
        others: tuple[Index, ...] = self._folders.segments(family)
        if self._library is not None and family == PYTHON:
            others = (*others, self._library)
        indent = None if self._stays_on_line(request, line_suffix) else _indent(request)
        least = cutoff(self._settings.threshold)
        votes = self._votes_of(buffer, others, request, line)
        best = decode(query, half, votes, cutoff=least, indent=indent)
        found = [best] if best.text else []
        for token in best.others[: max(0, request.alternatives - 1)]:
            other = decode(query, half, votes, cutoff=least, first=token)
            if other.text and all(other.text != each.text for each in found):
                found.append(other)
        if uri.startswith(_UNSEEN):
            buffer.close(uri)
        return found[: request.alternatives]

    def _votes_of(
        self, buffer: Buffer, others: tuple[Index, ...], request: CompletionRequest, line: int
    ) -> Votes:
        """Return the votes of the last key, unless anything that they rest on has changed."""
        held = (id(buffer), buffer.version, others, self._folders.version, request.uri, line)
        if self._held != held:
            self._held = held
            self._votes = Votes(buffer, others)
        return self._votes

    def _stays_on_line(self, request: CompletionRequest, line_suffix: str) -> bool:
        return request.single_line or not self._settings.multi_line or bool(line_suffix.strip())

    def _buffer_for(self, request: CompletionRequest) -> tuple[Buffer, str, int]:
        """Return where the document is indexed; one that nobody opened is so for this request."""
        buffer = self._buffer_of(request.uri)
        if buffer is not None and request.uri in buffer and request.line >= 0:
            return buffer, request.uri, request.line
        family = family_of(request.uri or request.path, request.language)
        buffer = self._buffers.get(family) or Buffer()
        uri = _UNSEEN + request.uri
        line = request.prefix.count("\n")
        buffer.open(uri, (request.prefix + request.suffix).split("\n"))
        return buffer, uri, line

    def _buffer_of(self, uri: str) -> Buffer | None:
        return self._buffers.get(self._families.get(uri, ""))

    def _open(self, path: Path) -> bool:
        """Open the index if it is there; True when there is no more to be done."""
        try:
            self._library = open_library(path)
        except LibraryFailed as error:
            self._status = EngineStatus(EngineState.FAILED, str(error))
            return True
        if self._library is None:
            return False
        size = int(self._library.about.get("source_bytes", 0))
        self._status = EngineStatus(EngineState.READY, source_bytes=size)
        return True

    async def _build(self, path: Path) -> None:
        try:
            await build_library(path)
        except LibraryFailed as error:
            self._status = EngineStatus(EngineState.FAILED, str(error))
            return
        if not self._open(path):
            self._status = EngineStatus(EngineState.FAILED, "the index was made, and is not there")

    def _index_later(self) -> None:
        if self._indexing is None or self._indexing.done():
            self._indexing = asyncio.get_running_loop().create_task(self._index_the_rest())

    async def _index_the_rest(self) -> None:
        """Index what was opened, a few lines at a time, so that a key never waits for it."""
        left = True
        while left:
            left = False
            for buffer in list(self._buffers.values()):
                left |= buffer.catch_up("", -1, _SLICE_LINES) >= _SLICE_LINES
                await asyncio.sleep(_SLICE_PAUSE_S)


class _Stream:
    """One suggestion, made in one step when it is first asked for."""

    def __init__(
        self, engine: EmbeddedEngine, request: CompletionRequest, attempt: Attempt
    ) -> None:
        self._engine = engine
        self._request = request
        self._asked = False
        self.attempt = attempt
        self.alternatives: Sequence[str] = ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        attempt = self.attempt
        if attempt.outcome is AttemptOutcome.RUNNING:
            done = attempt.stamps[AttemptStage.FIRST_TOKEN]
            outcome = AttemptOutcome.COMPLETED if done else AttemptOutcome.CENSORED
            cause = CensorCause.NONE if done else CensorCause.KEYSTROKE
            attempt.end(outcome, cause=cause)

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        if self._asked:
            self.attempt.end(AttemptOutcome.COMPLETED)
            raise StopAsyncIteration
        self._asked = True
        found = self._engine.suggest(self._request)
        if not found:
            self.attempt.end(AttemptOutcome.EMPTY)
            raise StopAsyncIteration
        attempt = self.attempt
        attempt.stamp(AttemptStage.FIRST_TOKEN)
        attempt.stamp(AttemptStage.LAST_TOKEN, attempt.stamps[AttemptStage.FIRST_TOKEN])
        attempt.finish_reason = found[0].reason
        attempt.text_length = len(found[0].text)
        self.alternatives = [each.text for each in found[1:]]
        return found[0].text


def _indent(request: CompletionRequest) -> tuple[str, str]:
    """Return the white space that the cursor's line begins with, and that of one step more."""
    line = request.prefix.rpartition("\n")[2]
    own = line[: len(line) - len(line.lstrip(" \t"))]
    return own, "\t" if own.startswith("\t") or "\n\t" in request.prefix else "    "
