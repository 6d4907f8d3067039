"""Keystroke to suggestion: who is asked, who is answered, and who has to make way.

The latest request wins, per document: a newer one, and any edit, answers the older one as
superseded at once and closes its stream.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine.asking import OpenContext, request_for
from ghostlap.lsp_server.engine.schedule import Schedule
from ghostlap.lsp_server.logs import log_failure
from ghostlap.lsp_server.shape import shape
from ghostlap.lsp_server.tasks import Tasks
from ghostlap.providers import CompletionRequest, CompletionStream, Provider, ProviderError, Verdict
from ghostlap.telemetry import (
    AttemptOutcome,
    AttemptStage,
    CensorCause,
    Outcome,
    Source,
    Stage,
    Trace,
)

__all__ = ["Answer", "Engine", "Job", "Route", "Suggestion"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Suggestion:
    id: int
    """The sequence number of the keystroke that it answers."""
    text: str
    replaces: int = 0
    """How many code points right of the cursor it takes the place of."""


Answer: TypeAlias = Callable[[Outcome, Sequence[Suggestion]], None]
"""Called once per request, on the loop. Must not raise, nor call the engine."""


@dataclass(frozen=True, slots=True)
class Route:
    """Who is asked, when, and for how much."""

    provider: Provider
    schedule: Schedule
    max_tokens: int = 64
    single_line: bool = True


class Job:
    """One request under way, from `Engine.complete` until its stream is closed."""

    __slots__ = ("answer", "snapshot", "task", "trace")

    def __init__(self, snapshot: Snapshot, trace: Trace, answer: Answer) -> None:
        self.snapshot = snapshot
        self.trace = trace
        self.answer: Answer | None = answer
        """None once it was called."""
        self.task: asyncio.Task[None] | None = None


class Engine:
    """Serves the requests of one client. Used from one event loop alone.

    `record` gets each trace once, when all its attempts have ended. `failed` gets the error of each
    request that a provider could not answer.
    """

    def __init__(
        self,
        tasks: Tasks,
        record: Callable[[Trace], None],
        failed: Callable[[ProviderError], None],
    ) -> None:
        self._tasks = tasks
        self._record = record
        self._failed = failed
        self._route: Route | None = None
        self._settled = asyncio.Event()
        """Whether it is known who is asked: requests that came before wait for it."""
        self._latest: dict[str, Job] = {}
        """By URI, the request that is not answered yet."""
        self._jobs: set[Job] = set()

    def use(self, route: Route | None) -> None:
        """Ask by `route` from now on; None: nobody, and every request comes out empty."""
        self._route = route
        self._settled.set()

    def expect(self) -> None:
        """Have connections ready: someone is about to type, for the first time or after a pause."""
        if self._route is not None:
            self._tasks.start(self._route.provider.warm())

    def complete(self, snapshot: Snapshot, trace: Trace, answer: Answer) -> Job:
        """Ask for a suggestion at the snapshot's position. `answer` is not called before return."""
        trace.stamp(Stage.HANDLER_STARTED)
        self.supersede(snapshot.uri)
        job = Job(snapshot, trace, answer)
        self._latest[snapshot.uri] = job
        self._jobs.add(job)
        job.task = self._tasks.start(self._serve(job), then=partial(self._ended, job))
        return job

    def supersede(self, uri: str) -> None:
        """Answer what a document's last request still waits for: its text has changed, or went."""
        job = self._latest.get(uri)
        if job is not None:
            self._give_up(job, Outcome.SUPERSEDED, CensorCause.KEYSTROKE)

    def cancel(self, job: Job) -> None:
        """Answer a request as cancelled and close its stream, if it is not answered yet."""
        self._give_up(job, Outcome.CANCELLED, CensorCause.KEYSTROKE)

    def cancel_all(self) -> None:
        """Do so for every request, because the server ends."""
        for job in list(self._latest.values()):
            self._give_up(job, Outcome.CANCELLED, CensorCause.SHUTDOWN)

    async def drain(self, timeout_s: float) -> None:
        """Wait for the requests that are under way now to end, for at most `timeout_s`."""
        tasks = [job.task for job in self._jobs if job.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)

    async def _serve(self, job: Job) -> None:
        try:
            if not self._settled.is_set():
                await self._settled.wait()
            if self._route is None:
                self._reply(job, Outcome.INELIGIBLE)
            else:
                await self._ask(job, self._route)
        except ProviderError as error:
            if self._reply(job, Outcome.ERROR):
                self._failed(error)
        except Exception as error:  # noqa: BLE001 - a provider's bug costs one answer, no more
            self._reply(job, Outcome.ERROR)
            for attempt in job.trace.attempts:
                attempt.end(AttemptOutcome.ERROR, error=type(error).__name__)
            log_failure(log, "Completing", error)

    async def _ask(self, job: Job, route: Route) -> None:
        snapshot, trace = job.snapshot, job.trace
        delay_s = route.schedule.delay_s(snapshot, trace)
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        trace.stamp(Stage.DEBOUNCED)
        request = request_for(
            snapshot,
            OpenContext().surroundings(snapshot),
            _judge,
            max_tokens=route.max_tokens,
            single_line=route.single_line,
        )
        trace.stamp(Stage.CONTEXT_READY)
        trace.stamp(Stage.DISPATCHED)
        async with route.provider.stream(request, trace) as stream:
            pieces = aiter(stream)
            try:
                text = ""
                async for piece in pieces:
                    text += piece
                    if _is_decided(text, request):
                        break
                # The answer goes out before anything is closed.
                self._offer(job, request, stream, text)
            finally:
                if isinstance(pieces, AsyncGenerator):
                    await pieces.aclose()  # or the loop would, in a task that nobody owns

    def _offer(
        self, job: Job, request: CompletionRequest, stream: CompletionStream, text: str
    ) -> None:
        if job.answer is None:  # given up, and its provider has not noticed
            return
        snapshot, trace = job.snapshot, job.trace
        shaped = shape(
            text,
            line_suffix=snapshot.line_suffix,
            newline=snapshot.newline,
            single_line=request.single_line,
        )
        attempt = stream.attempt
        if not shaped.text:
            attempt.end(AttemptOutcome.EMPTY)
            self._reply(job, Outcome.EMPTY)
            return
        trace.stamp(Stage.USABLE)
        attempt.stamp(AttemptStage.FIRST_USABLE, trace.stamps[Stage.USABLE])
        attempt.won = True
        trace.source = Source.PROVIDER
        trace.text_length = len(shaped.text)
        self._reply(
            job, Outcome.SERVED, (Suggestion(trace.sequence, shaped.text, shaped.replaces),)
        )

    def _give_up(self, job: Job, outcome: Outcome, cause: CensorCause) -> None:
        if self._reply(job, outcome):
            for attempt in job.trace.attempts:
                if attempt.outcome is AttemptOutcome.RUNNING:
                    attempt.censor_cause = cause  # whoever closes it takes it from here
            assert job.task is not None, "a job is known only once its task was started"
            job.task.cancel()

    def _reply(self, job: Job, outcome: Outcome, suggestions: Sequence[Suggestion] = ()) -> bool:
        """Answer `job`, unless it was answered before; says whether it was not."""
        answer = job.answer
        if answer is None:
            return False
        job.answer = None
        del self._latest[job.snapshot.uri]
        job.trace.end(outcome)
        answer(outcome, suggestions)
        job.trace.stamp(Stage.RESPONSE_SENT)
        return True

    def _ended(self, job: Job) -> None:
        """Record a job whose task has ended, and with it all that it had opened."""
        self._jobs.discard(job)
        self._reply(job, Outcome.CANCELLED)  # only its owner's closing ends a task unanswered
        for attempt in job.trace.attempts:  # none, unless a provider forgot its part
            attempt.end(AttemptOutcome.CENSORED, cause=attempt.censor_cause)
        self._record(job.trace)


def _is_decided(text: str, request: CompletionRequest) -> bool:
    """Whether nothing that may still arrive would be shown."""
    return request.single_line and "\n" in text


def _judge(text: str, finished: bool) -> Verdict:
    complete = finished or "\n" in text
    return Verdict(complete and bool(text.strip()), complete)
