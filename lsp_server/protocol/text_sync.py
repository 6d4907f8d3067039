"""Keeping documents in step with the client, and telling who wants to know of them."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from ghostlap.lsp_server.documents import Documents
from ghostlap.lsp_server.engine import Engine
from ghostlap.lsp_server.logs import log_failure
from ghostlap.lsp_server.protocol.keystrokes import Keystrokes
from ghostlap.lsp_server.protocol.params import optional, require
from ghostlap.providers import DocumentObserver

__all__ = ["TextSync"]

log = logging.getLogger(__name__)

PAUSE_NS = 30_000_000_000
"""After so long a pause a provider may have closed the connections that were kept for it."""


class Arrivals(Protocol):
    """Of a channel, when the message in hand arrived."""

    received_ns: int


class Watcher(Protocol):
    """Who wants to know, within a microsecond, which document is open and which was edited."""

    def document_opened(self, uri: str) -> None: ...
    def document_edited(self, uri: str) -> None: ...
    def document_closed(self, uri: str) -> None: ...


class TextSync:
    """The handlers of textDocument/did*. Used from one event loop alone."""

    def __init__(
        self, channel: Arrivals, documents: Documents, keystrokes: Keystrokes, engine: Engine
    ) -> None:
        self._channel = channel
        self._documents = documents
        self._keystrokes = keystrokes
        self._engine = engine
        self._observer: DocumentObserver | None = None
        self._tap: DocumentObserver | None = None
        self.watcher: Watcher | None = None
        self._last_edit_ns = 0

    def observe(self, observer: DocumentObserver | None) -> None:
        """Tell `observer`, instead of the one before it, of the open documents and all edits."""
        self._observer = observer
        for document in self._documents:
            self._tell_opened(document.uri)

    def tap(self, observer: DocumentObserver | None) -> None:
        """Tell `observer` of them as well: one that records typing, and makes nothing of it."""
        self._tap = observer
        if observer is not None:
            for document in self._documents:
                observer.document_opened(document.uri, document.language, document.lines())

    def did_open(self, params: Any) -> None:
        uri = require(params, str, "textDocument", "uri")
        text = require(params, str, "textDocument", "text")
        language = optional(params, str, "textDocument", "languageId") or "plaintext"
        version = optional(params, int, "textDocument", "version") or 0
        if uri in self._documents:
            self._forget(uri)
        self._documents.open(uri, text, language=language, version=version)
        self._keystrokes.opened(uri, language)
        if self._tap is not None:
            self._tap.document_opened(uri, language, self._documents[uri].lines())
        self._tell_opened(uri)
        if self.watcher is not None:
            self.watcher.document_opened(uri)
        self._engine.expect()

    def did_change(self, params: Any) -> None:
        uri = require(params, str, "textDocument", "uri")
        changes = require(params, list, "contentChanges")
        version = optional(params, int, "textDocument", "version")
        edits = self._documents.change(uri, changes, version=version)
        if self.watcher is not None:
            self.watcher.document_edited(uri)
        now_ns = self._channel.received_ns
        self._engine.edited(uri, now_ns)
        self._keystrokes.changed(uri, now_ns)
        if now_ns - self._last_edit_ns > PAUSE_NS:
            self._engine.expect()
        self._last_edit_ns = now_ns
        if self._tap is not None:
            for edit in edits:
                self._tap.document_edited(uri, *edit)
        if self._observer is None:
            return
        try:
            for edit in edits:
                self._observer.document_edited(uri, *edit)
        except Exception as error:  # noqa: BLE001 - the document itself is in step
            self._lose_observer(error)

    def did_close(self, params: Any) -> None:
        uri = require(params, str, "textDocument", "uri")
        self._documents.close(uri)
        self._forget(uri)

    def did_save(self, params: Any) -> None:
        """Nothing depends on it yet; editors may send it though it was not asked for."""

    def _forget(self, uri: str) -> None:
        self._engine.closed(uri)
        self._keystrokes.closed(uri)
        if self.watcher is not None:
            self.watcher.document_closed(uri)
        if self._tap is not None:
            self._tap.document_closed(uri)
        if self._observer is not None:
            try:
                self._observer.document_closed(uri)
            except Exception as error:  # noqa: BLE001 - as above
                self._lose_observer(error)

    def _tell_opened(self, uri: str) -> None:
        if self._observer is None:
            return
        document = self._documents[uri]
        try:
            self._observer.document_opened(uri, document.language, document.lines())
        except Exception as error:  # noqa: BLE001 - as above
            self._lose_observer(error)

    def _lose_observer(self, error: Exception) -> None:
        """An observer that missed one edit is wrong about all the later ones."""
        self._observer = None
        log_failure(log, "Telling a provider of an edit", error)
