"""Requests for suggestions, and their answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from ghostlap.lsp_server.documents import Documents, Snapshot
from ghostlap.lsp_server.engine import Engine, Job, Suggestion
from ghostlap.lsp_server.protocol.items import completion_list, inline_list
from ghostlap.lsp_server.protocol.keystrokes import Keystrokes
from ghostlap.lsp_server.protocol.params import optional, require
from ghostlap.lsp_server.protocol.refusals import INVALID_REQUEST, REQUEST_CANCELLED, Refused
from ghostlap.lsp_server.protocol.wire import Channel
from ghostlap.telemetry import Outcome

__all__ = ["Completions", "Render"]

RequestId: TypeAlias = int | str
Render: TypeAlias = Callable[[Snapshot, Sequence[Suggestion]], Any]
"""Makes a result of what is suggested. Must not raise, nor call the engine."""


class Completions:
    """The handlers of both kinds of completion. Used from one event loop alone."""

    def __init__(
        self, channel: Channel, documents: Documents, keystrokes: Keystrokes, engine: Engine
    ) -> None:
        self.draws_inline = False
        """Whether the client draws ghost text itself.

        It says so in `initialize`, or by asking for it: lsp-mode asks without having said so.
        """
        self._channel = channel
        self._documents = documents
        self._keystrokes = keystrokes
        self._engine = engine
        self._in_flight: dict[RequestId, Job] = {}

    def inline_completion(self, request_id: RequestId, params: Any) -> None:
        self.draws_inline = True
        trigger = optional(params, int, "context", "triggerKind")
        self.ask(request_id, params, inline_list, trigger)

    def completion(self, request_id: RequestId, params: Any) -> None:
        """Serve clients without ghost text; in one that has it the text would stand there twice."""
        if self.draws_inline:
            self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": None})
        else:
            self.ask(request_id, params, completion_list)

    def cancel(self, request_id: Any) -> bool:
        """Answer a request as cancelled; False when none of that id waits here."""
        job = self._in_flight.get(request_id)
        if job is not None:
            self._engine.cancel(job)
        return job is not None

    def ask(
        self,
        request_id: RequestId,
        params: Any,
        render: Render,
        trigger: int | None = None,
        *,
        superseded: Any = None,
    ) -> None:
        """Answer with what `render` makes of it; with `superseded` when a newer key came before.

        Null leaves the editor's display alone; an empty list clears it.
        """
        if request_id in self._in_flight:
            raise Refused(INVALID_REQUEST, "A request of this id is not answered yet.")
        answer = partial(self._answer, request_id, render, superseded)
        job = self.begin(params, answer, trigger)
        if not job.is_answered:
            self._in_flight[request_id] = job

    def begin(
        self,
        params: Any,
        answer: Callable[[Snapshot, Outcome, Sequence[Suggestion]], None],
        trigger: int | None = None,
    ) -> Job:
        """Have the engine look for what fits at the params' position, and tell `answer` of it."""
        uri = require(params, str, "textDocument", "uri")
        position = require(params, dict, "position")
        snapshot = self._documents.snapshot(uri, position)
        trace = self._keystrokes.begin(uri, self._channel.received_ns, trigger)
        return self._engine.complete(snapshot, trace, partial(answer, snapshot))

    def _answer(
        self,
        request_id: RequestId,
        render: Render,
        superseded: Any,
        snapshot: Snapshot,
        outcome: Outcome,
        suggestions: Sequence[Suggestion],
    ) -> None:
        self._in_flight.pop(request_id, None)  # not there yet when it is answered at once
        if outcome is Outcome.CANCELLED:
            self._channel.send_error(request_id, REQUEST_CANCELLED, "The request was cancelled.")
            return
        result = superseded if outcome is Outcome.SUPERSEDED else render(snapshot, suggestions)
        self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": result})
