"""The way to pygls, which is imported when the first message needs it, and in a thread.

That import takes a third of a second and 20 MB, and most sessions need it late or never.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ghostlap.lsp_server.logs import log_failure
from ghostlap.lsp_server.protocol.refusals import INTERNAL_ERROR
from ghostlap.lsp_server.protocol.wire import Channel, MessageHandler
from ghostlap.lsp_server.tasks import Tasks

if TYPE_CHECKING:
    from ghostlap.lsp_server.protocol.pygls_room import Services

__all__ = ["SlowPath"]

log = logging.getLogger(__name__)

OpenRoom: TypeAlias = Callable[
    [Mapping[str, Any], "Services", MessageHandler],
    MessageHandler,
]


def _import() -> OpenRoom:
    from ghostlap.lsp_server.protocol.pygls_room import open_room  # noqa: PLC0415 - what all this is for

    return open_room


class SlowPath:
    """Hands messages to pygls in their order. Used from one event loop alone."""

    def __init__(
        self,
        channel: Channel,
        tasks: Tasks,
        services: Services,
        find_room: Callable[[], OpenRoom] = _import,
    ) -> None:
        self._find_room = find_room
        self._channel = channel
        self._tasks = tasks
        self._services = services
        self._initialize: dict[str, Any] = {}
        self._room: MessageHandler | None = None
        self._waiting: list[dict[str, Any]] = []

    def begin(self, params: Any) -> None:
        """Keep the params of `initialize`, which pygls will want to see."""
        self._initialize = {"method": "initialize", "params": params}

    def __call__(self, message: dict[str, Any]) -> None:
        if self._room is not None:
            self._room(message)
        elif "method" in message:  # a response can only be to a request of pygls
            self._waiting.append(message)
            if len(self._waiting) == 1:
                self._tasks.start(self._load())

    def cancel(self, request_id: int | str) -> None:
        """Cancel a request that was handed over, if there is one."""
        if self._room is not None or self._waiting:
            self({"method": "$/cancelRequest", "params": {"id": request_id}})

    async def _load(self) -> None:
        try:
            open_room = await asyncio.to_thread(self._find_room)
            room = open_room(self._initialize, self._services, self._channel.send)
        except Exception as error:  # noqa: BLE001 - ghost text goes on without it
            log_failure(log, "Starting pygls", error)
            room = self._refuse
        self._room = room
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            try:
                room(message)
            except Exception as error:  # noqa: BLE001 - the next one is handled all the same
                log_failure(log, f"Handling {message['method']}", error)

    def _refuse(self, message: dict[str, Any]) -> None:
        if "id" in message and "method" in message:
            self._channel.send_error(
                message["id"], INTERNAL_ERROR, "This part of the server could not be started."
            )
