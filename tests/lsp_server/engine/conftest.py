from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine import Engine, Job, Suggestion
from ghostlap.lsp_server.tasks import Tasks
from ghostlap.providers import (
    CompletionRequest,
    CompletionStream,
    ProviderError,
)
from ghostlap.telemetry import (
    Attempt,
    AttemptOutcome,
    AttemptStage,
    MemoryRecorder,
    Outcome,
    Stage,
    Trace,
)

AtCursor = Callable[..., Snapshot]


class HeldStream:
    """A completion that a test feeds piece by piece."""

    def __init__(self, attempt: Attempt, *, deaf: bool) -> None:
        self.attempt = attempt
        self.alternatives: Sequence[str] = ()
        self.closed = asyncio.Event()
        self._deaf = deaf
        self._pieces: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self.heard = asyncio.Event()
        """Set while whoever reads it has read all that was said, and waits for more."""

    def say(self, text: str) -> None:
        self.heard.clear()
        self._pieces.put_nowait(text)

    def end(self) -> None:
        self._pieces.put_nowait(None)

    def fail(self, error: Exception) -> None:
        self._pieces.put_nowait(error)

    async def __aiter__(self) -> AsyncIterator[str]:
        if self._deaf:
            with suppress(asyncio.CancelledError):
                await self._pieces.get()
            yield "too late"
            return
        while (piece := await self._next()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece
        self.attempt.end(AttemptOutcome.COMPLETED)

    async def _next(self) -> str | Exception | None:
        if self._pieces.empty():
            self.heard.set()
        return await self._pieces.get()


class HeldProvider:
    """A provider whose streams say what the test says."""

    name = "held"

    def __init__(self) -> None:
        self.requests: list[CompletionRequest] = []
        self.streams: list[HeldStream] = []
        self.asked = asyncio.Condition()
        self.error_at_end: ProviderError | None = None
        self.deaf = False
        """Whether a stream that is cancelled goes on with some text."""

    @asynccontextmanager
    async def _stream(self, request: CompletionRequest, trace: Trace) -> AsyncIterator[HeldStream]:
        attempt = trace.attempt(self.name, "model")
        stream = HeldStream(attempt, deaf=self.deaf)
        self.requests.append(request)
        self.streams.append(stream)
        async with self.asked:
            self.asked.notify_all()
        try:
            yield stream
        except ProviderError as error:
            attempt.end(AttemptOutcome.ERROR, error=type(error).__name__)
            raise
        finally:
            usable = attempt.stamps[AttemptStage.FIRST_USABLE]
            end = AttemptOutcome.COMPLETED if usable else AttemptOutcome.CENSORED
            attempt.end(end, cause=attempt.censor_cause)
            stream.closed.set()
        if self.error_at_end is not None:
            raise self.error_at_end

    def stream(
        self, request: CompletionRequest, trace: Trace
    ) -> AbstractAsyncContextManager[CompletionStream]:
        return self._stream(request, trace)

    async def nth(self, count: int) -> HeldStream:
        """The stream of the `count`-th request, counted from 1, once it is there."""
        async with self.asked:
            await self.asked.wait_for(lambda: len(self.streams) >= count)
        return self.streams[count - 1]

    async def warm(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


@dataclass
class Client:
    """Asks the engine, and keeps what it answers, in order."""

    engine: Engine
    recorder: MemoryRecorder
    failures: list[ProviderError]
    withheld: list[tuple[str, str]]
    answers: list[tuple[int, Outcome, tuple[Suggestion, ...]]] = field(default_factory=list)
    asked: int = 0
    recorded: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, snapshot: Snapshot, *, invoked: bool = False) -> Job:
        self.asked += 1
        number = self.asked
        trace = Trace(number, language=snapshot.language)
        trace.trigger = 1 if invoked else 2
        trace.stamp(Stage.REQUEST_RECEIVED)

        def answer(outcome: Outcome, suggestions: Sequence[Suggestion]) -> None:
            self.answers.append((number, outcome, tuple(suggestions)))
            self.news.set()

        return self.engine.complete(snapshot, trace, answer)

    @property
    def outcomes(self) -> list[tuple[int, Outcome]]:
        return [(number, outcome) for number, outcome, _ in self.answers]

    @property
    def shown(self) -> list[str]:
        """The texts of the last answer."""
        return [each.text for each in self.answers[-1][2]] if self.answers else []

    async def answered(self, number: int) -> tuple[Outcome, list[str]]:
        """How a request came out, once it has, and the texts that it was given."""
        while not (found := [each for each in self.answers if each[0] == number]):
            self.news.clear()
            await self.news.wait()
        [(_, outcome, suggestions)] = found
        return outcome, [each.text for each in suggestions]

    async def traces(self, count: int) -> list[Trace]:
        """What was recorded, once there is so much of it."""
        while len(self.recorder.traces) < count:
            self.recorded.clear()
            await self.recorded.wait()
        return self.recorder.traces


@pytest.fixture
async def held() -> HeldProvider:
    return HeldProvider()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    tasks, recorder = Tasks(), MemoryRecorder()
    failures: list[ProviderError] = []

    def record(trace: Trace) -> None:
        recorder.record(trace)
        asking.recorded.set()

    withheld: list[tuple[str, str]] = []
    engine = Engine(
        tasks,
        record,
        failures.append,
        withheld=lambda uri, reason: withheld.append((uri, reason)),
    )
    asking = Client(engine, recorder, failures, withheld)
    yield asking
    await tasks.aclose(1.0)
