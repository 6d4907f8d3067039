"""The embedded engine as a provider: no weights, no network, no key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ghostlap.providers._base import CompletionRequest, CompletionStream
from ghostlap.providers.local.settings import EmbeddedSettings
from ghostlap.telemetry import Attempt, AttemptOutcome, Trace

__all__ = ["EmbeddedEngine", "EngineState", "EngineStatus"]


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

    @property
    def status(self) -> EngineStatus:
        return self._status

    @asynccontextmanager
    async def _stream(
        self, _request: CompletionRequest, trace: Trace
    ) -> AsyncIterator[CompletionStream]:
        attempt = trace.attempt(self.name, self.model)
        yield _Stream(attempt)

    def stream(
        self, request: CompletionRequest, trace: Trace
    ) -> AbstractAsyncContextManager[CompletionStream]:
        return self._stream(request, trace)

    async def warm(self) -> None:
        """Open the standard library's index, or start to build it and return at once."""

    async def aclose(self) -> None:
        """Stop a build that is under way and close the index."""

    def document_opened(self, uri: str, language: str, lines: Sequence[str]) -> None:
        pass

    def document_edited(self, uri: str, start: int, stop: int, lines: Sequence[str]) -> None:
        pass

    def document_closed(self, uri: str) -> None:
        pass


class _Stream:
    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.alternatives: Sequence[str] = ()

    async def __aiter__(self) -> AsyncIterator[str]:
        self.attempt.end(AttemptOutcome.EMPTY)
        return
        yield
