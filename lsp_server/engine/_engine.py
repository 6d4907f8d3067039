"""Keystroke to suggestion: who is asked, who is answered, and who has to make way.

The client's latest request for a document is the one that is answered. The answer comes from the
cache, from what is under way for an older state when its text goes on from what was typed since, or
from a request of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine.ahead import Budget
from ghostlap.lsp_server.engine.asking import Context, OpenContext
from ghostlap.lsp_server.engine.desk import Desk
from ghostlap.lsp_server.engine.job import Answer, Job
from ghostlap.lsp_server.engine.shared import Route, Shared
from ghostlap.lsp_server.tasks import Tasks
from ghostlap.providers import ProviderError
from ghostlap.telemetry import CensorCause, Outcome, Stage, Trace

__all__ = ["Engine"]


class Engine:
    """Serves the requests of one client. Used from one event loop alone.

    `record` gets each trace once, when all its attempts have ended. `failed` gets the error of each
    request that a provider could not answer, `withheld` the URI of each document of which nothing
    may be sent, and why.
    """

    def __init__(
        self,
        tasks: Tasks,
        record: Callable[[Trace], None],
        failed: Callable[[ProviderError], None],
        *,
        context: Context | None = None,
        withheld: Callable[[str, str], None] = lambda _uri, _reason: None,
    ) -> None:
        self._record = record
        self._shared = Shared(tasks, context or OpenContext(), failed, withheld)
        self._desks: dict[str, Desk] = {}
        """By URI. One is opened by its document's first request."""

    def use(self, route: Route | None) -> None:
        """Ask by `route` from now on; None: nobody, and every request comes out empty.

        What is under way goes on; what the old provider has said is suggested no more.
        """
        shared = self._shared
        old, shared.route = shared.route, route
        if old is None or route is None or old.provider is not route.provider:
            shared.cache.clear()
        shared.budget = Budget(route.ahead if route else 0.0)
        if shared.settled:
            return
        shared.settled = True
        for desk in self._desks.values():
            if (job := desk.job) is not None:
                desk.job = None
                desk.ask(job)

    def look_through(self, context: Context) -> None:
        """Know the workspace by `context` from now on."""
        self._shared.context = context

    def expect(self) -> None:
        """Have connections ready: someone is about to type, for the first time or after a pause."""
        if self._shared.route is not None:
            self._shared.tasks.start(self._shared.route.provider.warm())

    def complete(self, snapshot: Snapshot, trace: Trace, answer: Answer) -> Job:
        """Ask for a suggestion at the snapshot's position. It may be answered before this returns.

        A request for the same document that still waits is answered as superseded.
        """
        trace.stamp(Stage.HANDLER_STARTED)
        job = Job(snapshot, trace, answer, self._record)
        desk = self._desks.get(snapshot.uri)
        if desk is None:
            desk = self._desks[snapshot.uri] = Desk(self._shared)
        desk.ask(job)
        return job

    def edited(self, uri: str, at_ns: int) -> None:
        """Answer what a document's last request still waits for: its text has changed."""
        if self._shared.route is not None:
            self._shared.route.schedule.typed(at_ns)
        desk = self._desks.get(uri)
        if desk is not None:
            desk.edited()

    def closed(self, uri: str) -> None:
        """Forget a document."""
        desk = self._desks.pop(uri, None)
        if desk is not None:
            desk.close(Outcome.SUPERSEDED, CensorCause.KEYSTROKE)
        self._shared.cache.forget(uri)

    def cancel(self, job: Job) -> None:
        """Answer a request as cancelled and close its stream, if it is not answered yet.

        For a client that cancels for the sake of a newer key, the stream is kept for that key.
        """
        desk = self._desks.get(job.snapshot.uri)
        if desk is not None:
            desk.cancel(job)

    def cancel_all(self) -> None:
        """Do so for every request, because the server ends."""
        for desk in self._desks.values():
            desk.close(Outcome.CANCELLED, CensorCause.SHUTDOWN)

    async def drain(self, timeout_s: float) -> None:
        """Wait for the requests that are under way now to end, for at most `timeout_s`."""
        tasks = [flight.task for flight in self._shared.flights if flight.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)
