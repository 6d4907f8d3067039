"""Which message of the dialect goes to whom, and how a session comes to speak it.

All of its messages are always served: to a client that sends none of them they mean nothing. What
would change something for such a client - notifications, commands, UTF-16 - comes only to one that
has introduced itself, or has sent a message that nobody else sends.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from ghostlap.lsp_server.copilot.introduction import (
    introduced,
    is_of_the_dialect,
    our_settings,
    translated,
)
from ghostlap.lsp_server.copilot.legacy import Legacy
from ghostlap.lsp_server.copilot.models import Chooses, Models
from ghostlap.lsp_server.copilot.modern import DID_ACCEPT, Modern
from ghostlap.lsp_server.copilot.offers import Offers
from ghostlap.lsp_server.copilot.panel import Panel
from ghostlap.lsp_server.copilot.quirks import quirks_of
from ghostlap.lsp_server.copilot.status import StatusLine, account_answers
from ghostlap.lsp_server.engine import Engine
from ghostlap.lsp_server.protocol.dispatch import (
    Dispatcher,
    NotificationHandler,
    RequestHandler,
)
from ghostlap.lsp_server.protocol.params import optional
from ghostlap.lsp_server.protocol.session import Session
from ghostlap.lsp_server.protocol.wire import Channel
from ghostlap.telemetry import Recorder

__all__ = ["Dialect", "Host"]

_INITIALIZE = "initialize"
_INLINE = "textDocument/inlineCompletion"
_COMMAND = "workspace/executeCommand"
_SETTINGS = "workspace/didChangeConfiguration"


class Host(Chooses, Protocol):
    """What serves the session."""

    @property
    def recorder(self) -> Recorder: ...

    def change_settings(self, settings: Any) -> None:
        """Take the editor's settings over, in place of those it sent before."""
        ...


class Dialect:
    """Adds the dialect to one session. Used from one event loop alone."""

    def __init__(self, channel: Channel, session: Session, engine: Engine, host: Host) -> None:
        self._channel = channel
        self._session = session
        self._host = host
        documents, completions = session.documents, session.completions
        self._offers = offers = Offers(documents, lambda: host.recorder)
        self._status = status = StatusLine(channel, session.status)
        self._modern = Modern(channel, documents, completions, engine, offers, status)
        self._legacy = Legacy(channel, documents, session.text_sync, completions, offers, status)
        self._panel = Panel(channel, completions, offers, self._modern, self._legacy)
        self._models = Models(channel, host)
        self._take_over(session.handle)

    def _take_over(self, handle: Dispatcher) -> None:
        """Add what is new, and stand before what a client of this dialect means otherwise."""
        requests, notifications = handle.requests, handle.notifications
        self._ours = {name: requests[name] for name in (_INITIALIZE, _COMMAND)}
        requests |= {
            _INITIALIZE: self._initialize,
            _INLINE: self._modern.inline_completion,
            _COMMAND: self._execute_command,
            "shutdown": self._settled(requests["shutdown"]),
            **{name: partial(self._request, each) for name, each in self._requests().items()},
            **{name: partial(self._legacy_request, each) for name, each in self._older().items()},
        }
        notifications |= {
            _SETTINGS: self._did_change_configuration,
            "exit": self._ended(notifications["exit"]),
            **{name: partial(self._notification, each) for name, each in self._reports().items()},
        }

    def _requests(self) -> dict[str, RequestHandler]:
        return {
            **{name: self._says(answer) for name, answer in account_answers().items()},
            "copilot/models": self._models.list,
            "textDocument/copilotInlineEdit": self._modern.next_edits,
            "textDocument/copilotPanelCompletion": self._panel.complete,
        }

    def _older(self) -> dict[str, RequestHandler]:
        return {
            "getVersion": self._legacy.version,
            "setEditorInfo": self._set_editor_info,
            "getCompletions": self._legacy.completions,
            "getCompletionsCycling": self._legacy.cycling,
            "getPanelCompletions": self._panel.complete_legacy,
            "notifyShown": self._legacy.shown,
            "notifyAccepted": self._legacy.accepted,
            "notifyRejected": self._legacy.rejected,
        }

    def _reports(self) -> dict[str, NotificationHandler]:
        return {
            "textDocument/didFocus": self._modern.did_focus,
            "textDocument/didShowCompletion": self._modern.did_show,
            "textDocument/didPartiallyAcceptCompletion": self._modern.did_partially_accept,
            "textDocument/didShowInlineEdit": self._modern.did_show_edit,
        }

    def _initialize(self, request_id: int | str, params: Any) -> None:
        client = introduced(optional(params, dict, "initializationOptions"))
        if client is None:
            self._ours[_INITIALIZE](request_id, params)
            return
        self._session.dialect_commands[:] = [DID_ACCEPT]
        self._ours[_INITIALIZE](request_id, translated(params, client))
        self._legacy.quirks = quirks_of(client.plugin)
        self._speak()

    def _set_editor_info(self, request_id: int | str, params: Any) -> None:
        client = introduced(params)
        if client is not None:
            self._legacy.quirks = quirks_of(client.plugin)
        self._legacy.editor_info(request_id, params)

    def _execute_command(self, request_id: int | str, params: Any) -> None:
        if optional(params, str, "command") == DID_ACCEPT:
            self._modern.accepted(request_id, params)
        else:
            self._ours[_COMMAND](request_id, params)

    def _did_change_configuration(self, params: Any) -> None:
        settings = params.get("settings") if isinstance(params, dict) else None
        if not self._modern.is_spoken and not is_of_the_dialect(settings):
            self._session.forward(_SETTINGS, params)
            return
        self._speak()
        ours = our_settings(settings)
        if ours is not None:
            self._host.change_settings(ours)
        self._models.settings_changed(settings)

    def _speak(self) -> None:
        """From now on the client is one of the dialect. It draws suggestions, so it needs no
        entries of a completion menu.
        """
        self._session.completions.draws_inline = True
        if not self._modern.is_spoken:
            self._modern.is_spoken = True
            self._status.begin()

    def _request(self, handler: RequestHandler, request_id: int | str, params: Any) -> None:
        self._speak()
        handler(request_id, params)

    def _legacy_request(self, handler: RequestHandler, request_id: int | str, params: Any) -> None:
        self._speak()
        self._status.begin_legacy()
        handler(request_id, params)

    def _notification(self, handler: NotificationHandler, params: Any) -> None:
        self._speak()
        handler(params)

    def _says(self, result: Any) -> RequestHandler:
        def answer(request_id: int | str, _params: Any) -> None:
            self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": result})

        return answer

    def _settled(self, then: RequestHandler) -> RequestHandler:
        def shutdown(request_id: int | str, params: Any) -> None:
            self._offers.settle()
            then(request_id, params)

        return shutdown

    def _ended(self, then: NotificationHandler) -> Callable[[Any], None]:
        def end(params: Any) -> None:
            self._offers.settle()
            then(params)

        return end
