"""The way of a message from the wire to its handler.

What comes with every key, and the lifecycle around it, is handled here as plain dicts. All else
goes to `other`, behind which pygls waits: importing that costs more than the start of all the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, TypeAlias

from ghostlap.lsp_server.logs import describe, log_failure
from ghostlap.lsp_server.protocol.refusals import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    SERVER_NOT_INITIALIZED,
    Refused,
    refusal_of,
)
from ghostlap.lsp_server.protocol.wire import Channel, MessageHandler

__all__ = ["Dispatcher", "NotificationHandler", "Phase", "RequestHandler"]

log = logging.getLogger(__name__)

RequestHandler: TypeAlias = Callable[[int | str, Any], None]
"""Takes id and params, and answers now or later; what it raises is the answer."""
NotificationHandler: TypeAlias = Callable[[Any], None]


class Phase(Enum):
    """How far the client's lifecycle is (LSP 3.18, Lifecycle Messages)."""

    STARTED = auto()
    INITIALIZED = auto()
    SHUT_DOWN = auto()


class Dispatcher:
    """Calls the handler of each message, and answers what has none. Used from one event loop."""

    def __init__(self, channel: Channel, other: MessageHandler) -> None:
        self.phase = Phase.STARTED
        self.requests: dict[str, RequestHandler] = {}
        self.notifications: dict[str, NotificationHandler] = {}
        self._channel = channel
        self._other = other

    def __call__(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if type(method) is not str:
            self._without_method(message)
        elif "id" in message:
            self._request(method, message)
        else:
            self._notification(method, message)

    def _request(self, method: str, message: dict[str, Any]) -> None:
        request_id = message["id"]
        if type(request_id) is not int and type(request_id) is not str:
            self._channel.send_error(
                None, INVALID_REQUEST, "The id of a request has to be an integer or a string."
            )
            return
        try:
            if self.phase is not Phase.INITIALIZED:
                self._check_phase(method)
            handler = self.requests.get(method)
            if handler is not None:
                handler(request_id, message.get("params"))
            else:
                self._other_request(method, message)
        except Exception as error:  # noqa: BLE001 - whoever asked is answered
            self._refuse(request_id, method, error)

    def _notification(self, method: str, message: dict[str, Any]) -> None:
        if self.phase is not Phase.INITIALIZED and method != "exit":
            log.info("Ignored %s: it came before initialize, or after shutdown.", method)
            return
        handler = self.notifications.get(method)
        try:
            if handler is not None:
                handler(message.get("params"))
            elif method in self.requests:
                log.warning("Ignored %s: it is a request, and has no id.", method)
            elif not method.startswith("$/"):
                self._other(message)
        except Exception as error:  # noqa: BLE001 - the next message is handled all the same
            refused = refusal_of(error)
            log.warning("Ignored %s: %s", method, refused.reason if refused else describe(error))

    def _check_phase(self, method: str) -> None:
        if self.phase is Phase.SHUT_DOWN:
            raise Refused(INVALID_REQUEST, "The server was shut down.")
        if method != "initialize":
            raise Refused(SERVER_NOT_INITIALIZED, "The first request has to be initialize.")

    def _other_request(self, method: str, message: dict[str, Any]) -> None:
        if method in self.notifications:
            raise Refused(INVALID_REQUEST, f"{method} is a notification, and has no id.")
        if method.startswith("$/"):
            raise Refused(METHOD_NOT_FOUND, f"There is no method {method}.")
        self._other(message)

    def _refuse(self, request_id: int | str, method: str, error: Exception) -> None:
        refused = refusal_of(error)
        if refused is None:
            log_failure(log, f"Handling {method}", error)
            refused = Refused(INTERNAL_ERROR, f"Handling {method} failed; the log says where.")
        self._channel.send_error(request_id, refused.code, refused.reason)

    def _without_method(self, message: dict[str, Any]) -> None:
        """Take a response to a request of the server, or what is no message at all."""
        if "result" in message or "error" in message:
            if str(message.get("id")).startswith("ghostlap-"):
                return  # whether a progress is shown is the client's affair
            if self.phase is Phase.INITIALIZED:
                self._other(message)
        elif "id" in message:
            self._channel.send_error(None, INVALID_REQUEST, "A request has to name its method.")
        else:
            log.warning("Ignored a message that is no request, notification or response.")
