"""The messages of older clients, and of some of today's: copilot.vim 1.x, copilot.lua, LSP-copilot.

By the sources of these clients.
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Sequence
from typing import Any

from ghostlap.lsp_server.copilot.modern import is_outdated
from ghostlap.lsp_server.copilot.offers import Offers
from ghostlap.lsp_server.copilot.quirks import Quirk
from ghostlap.lsp_server.copilot.status import StatusLine
from ghostlap.lsp_server.documents import Document, Documents, InvalidParams, Snapshot
from ghostlap.lsp_server.documents.positions import PositionEncoding, character_at, index_at
from ghostlap.lsp_server.engine import Suggestion
from ghostlap.lsp_server.protocol.completions import Completions
from ghostlap.lsp_server.protocol.params import optional, require
from ghostlap.lsp_server.protocol.text_sync import TextSync
from ghostlap.lsp_server.protocol.wire import Channel
from ghostlap.lsp_server.version import VERSION

__all__ = ["INVOKED", "Legacy", "position_in"]

INVOKED = 1
"""InlineCompletionTriggerKind: several texts are wanted, to choose from."""

_OK = "OK"
_UTF_16 = PositionEncoding.UTF_16


def position_in(snapshot: Snapshot, column: int) -> dict[str, int]:
    """Return the position of a code point of the cursor's line as these messages count."""
    text = snapshot.line_prefix + snapshot.line_suffix
    return {"line": snapshot.line, "character": character_at(text, column, _UTF_16)}


class Legacy:
    """Used from one event loop alone."""

    def __init__(
        self,
        channel: Channel,
        documents: Documents,
        text_sync: TextSync,
        completions: Completions,
        offers: Offers,
        status: StatusLine,
    ) -> None:
        self.quirks: Collection[Quirk] = frozenset()
        self._channel = channel
        self._documents = documents
        self._text_sync = text_sync
        self._completions = completions
        self._offers = offers
        self._status = status
        self._by_source: dict[str, Document] = {}
        """Documents that were never opened: each request brings the whole text along."""

    def completions(self, request_id: int | str, params: Any) -> None:
        self._ask(request_id, params)

    def cycling(self, request_id: int | str, params: Any) -> None:
        self._ask(request_id, params, INVOKED)

    def place(self, params: Any) -> dict[str, Any] | None:
        """Return the document and position that are meant, in LSP's shape.

        None: the document was edited since the request was made.
        """
        doc = require(params, dict, "doc")
        uri = optional(doc, str, "uri")
        if uri is None:
            uri = require(params, str, "textDocument", "uri")
        version = optional(doc, int, "version")
        self._take_source(uri, doc, version)
        if is_outdated(self._documents, uri, version):
            return None
        position = optional(doc, dict, "position") or require(params, dict, "position")
        return {"textDocument": {"uri": uri}, "position": self._negotiated(uri, position)}

    def shown(self, request_id: int | str, params: Any) -> None:
        self._offers.shown(require(params, str, "uuid"))
        self._reply(request_id, _OK)

    def accepted(self, request_id: int | str, params: Any) -> None:
        uuid = require(params, str, "uuid")
        units = optional(params, int, "acceptedLength")
        if units is None:
            self._offers.accepted(uuid)
        else:
            self._offers.partly_accepted(uuid, units, self.quirks)
        self._reply(request_id, _OK)

    def rejected(self, request_id: int | str, params: Any) -> None:
        uuids = require(params, list, "uuids")
        if not all(type(each) is str for each in uuids):
            raise InvalidParams("uuids is not an array of strings.")
        self._offers.rejected(uuids, self.quirks)
        self._reply(request_id, _OK)

    def version(self, request_id: int | str, _params: Any) -> None:
        runtime = f"python/{platform.python_version()}"
        self._reply(request_id, {"version": VERSION, "runtimeVersion": runtime})

    def editor_info(self, request_id: int | str, _params: Any) -> None:
        self._reply(request_id, _OK)

    def _ask(self, request_id: int | str, params: Any, trigger: int | None = None) -> None:
        # Not null for what was superseded: these clients look into it unasked.
        nothing: dict[str, Any] = {"completions": []}
        place = self.place(params)
        if place is None:
            self._reply(request_id, nothing)
        else:
            self._completions.ask(request_id, place, self._render, trigger, superseded=nothing)
            self._status.asked_about(place["textDocument"]["uri"])

    def _render(self, snapshot: Snapshot, suggestions: Sequence[Suggestion]) -> dict[str, Any]:
        """Give whole lines: copilot.vim and copilot.lua take nothing that begins elsewhere than at
        the line's start, and the former deletes what stands behind the cursor whatever the range.
        """
        ids = self._offers.put(snapshot, suggestions)
        before, behind = snapshot.line_prefix, snapshot.line_suffix
        start, end = position_in(snapshot, 0), position_in(snapshot, len(before) + len(behind))
        completions = []
        for uuid, each in zip(ids, suggestions, strict=True):
            shown = each.text + behind[each.replaces :]
            completions.append(
                {
                    "uuid": uuid,
                    "text": before + shown,
                    "displayText": shown,
                    "range": {"start": start, "end": end},
                    "position": position_in(snapshot, len(before)),
                    "docVersion": snapshot.version,
                }
            )
        return {"completions": completions}

    def _negotiated(self, uri: str, position: dict[str, Any]) -> dict[str, Any]:
        """Return a position as LSP's messages have it. These ones are older than the choice of an
        encoding: a client may have agreed on another, and still counts in UTF-16 here.
        """
        document = self._documents.get(uri)
        number, units = optional(position, int, "line"), optional(position, int, "character")
        if (
            document is None
            or number is None
            or units is None
            or self._documents.encoding is _UTF_16
        ):
            return position
        text = document.line(number) if 0 <= number < document.line_count else ""
        index = index_at(text, units, _UTF_16)
        return {"line": number, "character": character_at(text, index, self._documents.encoding)}

    def _take_source(self, uri: str, doc: dict[str, Any], version: int | None) -> None:
        """Take over the text from a client that does not tell of its edits otherwise.

        Not that of an open document: copilot.el tries the server out with a text of its own.
        """
        source = optional(doc, str, "source")
        known = self._documents.get(uri)
        if source is None or (known is not None and self._by_source.get(uri) is not known):
            return
        named = {"uri": uri, "version": version}
        if known is None:
            language = optional(doc, str, "languageId")
            opened = {**named, "languageId": language, "text": source}
            self._text_sync.did_open({"textDocument": opened})
            self._by_source[uri] = self._documents[uri]
        elif known.text != source:
            self._text_sync.did_change(
                {"textDocument": named, "contentChanges": [{"text": source}]}
            )

    def _reply(self, request_id: int | str, result: Any) -> None:
        self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": result})
