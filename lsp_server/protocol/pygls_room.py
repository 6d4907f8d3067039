"""The part of the protocol that pygls serves: all that does not come with every key.

Imported when the first such message arrives (see `slow_path`). pygls sees neither the documents nor
the completions: its workspace knows the folders and no texts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from ghostlap.lsp_server.controls import CONTROLS
from ghostlap.lsp_server.hedging.commands import SWITCHES
from ghostlap.lsp_server.logs import describe
from ghostlap.lsp_server.protocol.capabilities import COMPLETION_OPTIONS, INLINE_COMPLETION_OPTIONS
from ghostlap.lsp_server.protocol.framing import decode_body
from ghostlap.lsp_server.protocol.items import ACCEPTED
from ghostlap.lsp_server.protocol.refusals import INVALID_PARAMS, METHOD_NOT_FOUND
from ghostlap.lsp_server.protocol.wire import MessageHandler
from ghostlap.lsp_server.version import VERSION

__all__ = ["Services", "language_server", "open_room"]

log = logging.getLogger(__name__)

SECTION = "ghostlap"
_BARE_INITIALIZE: Mapping[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}


class Services(Protocol):
    """What the handlers here need of the server."""

    def change_settings(self, settings: Any) -> None:
        """Take the editor's settings over, in place of those it sent before."""
        ...

    def accepted(self, suggestion_id: int) -> None:
        """Note that the user has taken a suggestion over."""
        ...


def open_room(
    initialize: Mapping[str, Any], services: Services, send: MessageHandler
) -> MessageHandler:
    """Start pygls with the client's `initialize` message, and return what takes the later ones."""
    server = language_server(services)
    protocol = server.protocol
    protocol.set_writer(_Writer(lambda _answer: None), include_headers=False)
    try:
        _deliver(server, {**initialize, "id": 0})
    except JsonRpcException as error:
        log.warning("The client's initialize is not valid: %s.", describe(error))
        _deliver(server, {"method": "initialize", "id": 0, "params": _BARE_INITIALIZE})
    protocol.set_writer(_Writer(send), include_headers=False)
    known = {*protocol.fm.features, *protocol.fm.builtin_features, types.CANCEL_REQUEST}

    def refuse(request_id: Any, code: int, reason: str) -> None:
        error = {"code": code, "message": reason}
        send({"jsonrpc": "2.0", "id": request_id, "error": error})

    def handle(message: Mapping[str, Any]) -> None:
        method = message.get("method")
        try:
            if method is None or method in known:
                _deliver(server, message)
            elif "id" in message:
                refuse(message["id"], METHOD_NOT_FOUND, f"There is no method {method}.")
            else:
                log.info("Ignored %s: there is no such method.", method)
        except JsonRpcException:
            log.warning("Not of the shape that LSP gives it: %s.", method or "a response")
            if method and "id" in message:
                reason = f"The params of {method} are not of the shape that LSP gives them."
                refuse(message["id"], INVALID_PARAMS, reason)

    return handle


def language_server(services: Services) -> LanguageServer:
    """Return pygls with all our features registered, also those that never reach it."""
    _silence_pygls()
    server = _Server("ghostlap", VERSION)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        settings = params.settings
        if settings is None:  # the client wants to be asked
            item = types.ConfigurationItem(section=SECTION)
            answer = await server.workspace_configuration_async(types.ConfigurationParams([item]))
            settings = answer[0] if answer else None
        services.change_settings(settings)

    @server.command(ACCEPTED)
    def accepted(suggestion_id: int) -> None:
        services.accepted(suggestion_id)

    for command in (*SWITCHES, *CONTROLS):
        server.command(command)(_served_elsewhere)
    _announce(server)
    return server


def _announce(server: LanguageServer) -> None:
    """Register what the fast path serves, so that pygls knows of it."""
    converter = server.protocol._converter  # noqa: SLF001 - the one that knows lsprotocol
    inline = converter.structure({**INLINE_COMPLETION_OPTIONS}, types.InlineCompletionOptions)
    completion = converter.structure({**COMPLETION_OPTIONS}, types.CompletionOptions)

    server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, inline)(_served_elsewhere)
    server.feature(types.TEXT_DOCUMENT_COMPLETION, completion)(_served_elsewhere)


def _served_elsewhere(_params: Any) -> None:
    raise AssertionError("the fast path serves this")


class _Server(LanguageServer):
    def report_server_error(self, error: Exception, source: Any) -> None:  # noqa: ARG002 - pygls's
        """Log what pygls would pop up as a message box: a client's mistake is not the user's."""
        log.warning("A message was not served: %s.", describe(error))


class _Writer:
    """What pygls writes to, as messages again: the channel frames them."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send

    def write(self, data: bytes) -> None:
        self._send(decode_body(data))

    def close(self) -> None:
        """The channel is closed by the lifecycle, not by pygls."""


def _deliver(server: LanguageServer, message: Mapping[str, Any]) -> None:
    """Raises JsonRpcException when the message is not of the shape that LSP gives it."""
    known = {name: message[name] for name in ("id", "result", "error") if name in message}
    if "method" in message:
        known |= {"method": message["method"], "params": message.get("params")}
    structured = server.protocol.structure_message({"jsonrpc": "2.0", **known})
    server.protocol.handle_message(structured)


def _silence_pygls() -> None:
    """Keep out what pygls logs: whole messages, with code and paths."""
    logger = logging.getLogger("pygls")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
