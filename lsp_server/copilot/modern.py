"""The messages of today's clients: LSP 3.18's inline completion, with reports of what became of it.

By the README of @github/copilot-language-server 1.539.0, and by the sources of its clients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ghostlap.lsp_server.copilot.offers import Offers
from ghostlap.lsp_server.copilot.status import StatusLine
from ghostlap.lsp_server.documents import Documents, InvalidParams, Snapshot
from ghostlap.lsp_server.engine import Engine, Suggestion
from ghostlap.lsp_server.protocol.completions import Completions
from ghostlap.lsp_server.protocol.items import inline_list
from ghostlap.lsp_server.protocol.params import optional, require
from ghostlap.lsp_server.protocol.wire import Channel

__all__ = ["DID_ACCEPT", "Modern", "is_outdated"]

DID_ACCEPT = "github.copilot.didAcceptCompletionItem"
"""The command of each item: the client runs it when the user has taken the whole text over."""


class Modern:
    """Used from one event loop alone."""

    def __init__(
        self,
        channel: Channel,
        documents: Documents,
        completions: Completions,
        engine: Engine,
        offers: Offers,
        status: StatusLine,
    ) -> None:
        self.is_spoken = False
        """Whether items carry the dialect's command, or ours."""
        self._channel = channel
        self._documents = documents
        self._completions = completions
        self._engine = engine
        self._offers = offers
        self._status = status

    def inline_completion(self, request_id: int | str, params: Any) -> None:
        uri = require(params, str, "textDocument", "uri")
        if self.is_spoken:
            version = optional(params, int, "textDocument", "version")
            if is_outdated(self._documents, uri, version):
                self._reply(request_id, None)
                return
        self._completions.draws_inline = True
        trigger = optional(params, int, "context", "triggerKind")
        self._completions.ask(request_id, params, self.render, trigger)
        if self.is_spoken:
            self._status.asked_about(uri)

    def render(self, snapshot: Snapshot, suggestions: Sequence[Suggestion]) -> dict[str, Any]:
        ids = self._offers.put(snapshot, suggestions)
        shown = inline_list(snapshot, suggestions)
        if self.is_spoken:
            for item, name in zip(shown["items"], ids, strict=True):
                item["command"] = {"title": "Accepted", "command": DID_ACCEPT, "arguments": [name]}
        return shown

    def accepted(self, request_id: int | str, params: Any) -> None:
        """Serve the command of an item."""
        self._offers.accepted(_first_argument(params))
        self._reply(request_id, None)

    def did_show(self, params: Any) -> None:
        self._offers.shown(self._id_of(params))

    def did_partially_accept(self, params: Any) -> None:
        self._offers.partly_accepted(self._id_of(params), require(params, int, "acceptedLength"))

    def did_focus(self, _params: Any) -> None:
        """Have connections ready: someone looks at a document, and is likely to type."""
        self._engine.expect()

    def did_show_edit(self, _params: Any) -> None:
        """No edits are offered, so none is shown."""

    def next_edits(self, request_id: int | str, _params: Any) -> None:
        """Answer that there are none: nobody here foresees edits elsewhere."""
        self._reply(request_id, {"edits": []})

    def _id_of(self, params: Any) -> str:
        """Return the id of the item that a report is about.

        Some clients strip the item of all but its command, and some of its command.
        """
        command = optional(params, dict, "item", "command")
        if command is None:
            return self._offers.id_of_text(require(params, str, "item", "insertText"))
        return _first_argument(command)

    def _reply(self, request_id: int | str, result: Any) -> None:
        self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": result})


def is_outdated(documents: Documents, uri: str, version: int | None) -> bool:
    """Whether a request is about a text that was edited since: its position may be nowhere now."""
    document = documents.get(uri)
    return document is not None and version is not None and version < document.version


def _first_argument(command: Any) -> str:
    arguments = require(command, list, "arguments")
    if not arguments or type(arguments[0]) not in (str, int):
        raise InvalidParams(f"{DID_ACCEPT} takes the id of a suggestion.")
    return str(arguments[0])
