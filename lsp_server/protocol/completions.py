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

__all__ = ["Completions"]

RequestId: TypeAlias = int | str
_Render: TypeAlias = Callable[[Snapshot, Sequence[Suggestion]], Any]


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
        self._ask(request_id, params, inline_list, trigger)

    def completion(self, request_id: RequestId, params: Any) -> None:
        """Serve clients without ghost text; in one that has it the text would stand there twice."""
        if self.draws_inline:
            self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": None})
        else:
            self._ask(request_id, params, completion_list)

    def cancel(self, request_id: Any) -> bool:
        """Answer a request as cancelled; False when none of that id waits here."""
        job = self._in_flight.get(request_id)
        if job is not None:
            self._engine.cancel(job)
        return job is not None

    def _ask(
        self, request_id: RequestId, params: Any, render: _Render, trigger: int | None = None
    ) -> None:
        if request_id in self._in_flight:
            raise Refused(INVALID_REQUEST, "A request of this id is not answered yet.")
        uri = require(params, str, "textDocument", "uri")
        position = require(params, dict, "position")
        snapshot = self._documents.snapshot(uri, position)
        trace = self._keystrokes.begin(uri, self._channel.received_ns, trigger)
        answer = partial(self._answer, request_id, render, snapshot)
        job = self._engine.complete(snapshot, trace, answer)
        if not job.is_answered:
            self._in_flight[request_id] = job

    def _answer(
        self,
        request_id: RequestId,
        render: _Render,
        snapshot: Snapshot,
        outcome: Outcome,
        suggestions: Sequence[Suggestion],
    ) -> None:
        self._in_flight.pop(request_id, None)  # not there yet when it is answered at once
        if outcome is Outcome.CANCELLED:
            self._channel.send_error(request_id, REQUEST_CANCELLED, "The request was cancelled.")
            return
        # Null leaves the editor's display alone; an empty list clears it.
        result = None if outcome is Outcome.SUPERSEDED else render(snapshot, suggestions)
        self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": result})
