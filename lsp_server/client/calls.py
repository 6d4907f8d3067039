"""Requests of a client to its server, and a client's answers to requests of the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeAlias

from ghostlap.telemetry import monotonic_ns

__all__ = ["DEFAULT_ANSWERS", "Answer", "Call", "LspError", "ServerGone", "answer"]

METHOD_NOT_FOUND = -32601
INTERNAL_ERROR = -32603

Answer: TypeAlias = Callable[[Any], Any]
"""Params of a server's request to its result. May raise LspError."""


class LspError(Exception):
    """The far side answered a request with an error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.data = data

    @classmethod
    def from_response(cls, error: Any) -> LspError:
        """From the `error` of a response, whatever its shape."""
        if not isinstance(error, dict):
            return cls(0, f"The error is no object: {error!r}.")
        return cls(error.get("code", 0), error.get("message", ""), error.get("data"))

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message}


class ServerGone(ConnectionError):
    """The server closed its output, and will answer nothing any more."""


class Call:
    """A request on its way. Awaiting it gives the result, or raises LspError or ServerGone."""

    __slots__ = ("_done", "_error", "_result", "id", "method", "received_ns", "sent_ns")

    def __init__(self, call_id: int, method: str) -> None:
        self.id = call_id
        self.method = method
        self.sent_ns = monotonic_ns()
        """`monotonic_ns` just before the request was written."""
        self.received_ns = 0
        """`monotonic_ns` when the bytes that ended the answer were read; 0 until then."""
        self._result: Any = None
        self._error: Exception | None = None
        # Resolved without the error, so that nobody has to fetch the error of a call that does not
        # matter any more.
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def __await__(self) -> Generator[Any, None, Any]:
        yield from self._done.__await__()
        if self._error is not None:
            raise self._error
        return self._result

    def done(self) -> bool:
        return self._done.done()

    def settle(self, result: Any, error: Exception | None, received_ns: int) -> None:
        """Called by the client alone."""
        self.received_ns = received_ns
        if not self._done.done():
            self._result, self._error = result, error
            self._done.set_result(None)


def answer(answers: Mapping[str, Answer], message: Mapping[str, Any]) -> dict[str, Any]:
    """The response to a request, by the table."""
    method = message["method"]
    reply: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
    handler = answers.get(method)
    if handler is None:
        error = LspError(METHOD_NOT_FOUND, f"This client does not answer {method}.")
        return {**reply, "error": error.as_dict()}
    try:
        return {**reply, "result": handler(message.get("params"))}
    except LspError as error:
        return {**reply, "error": error.as_dict()}
    except Exception as error:  # noqa: BLE001 - the server waits for an answer
        wrong = LspError(INTERNAL_ERROR, f"{type(error).__name__}: {error}")
        return {**reply, "error": wrong.as_dict()}


def _no_settings(params: Any) -> list[None]:
    return [None] * len(params["items"])


def _nothing(_params: Any) -> None:
    return None


DEFAULT_ANSWERS: Mapping[str, Answer] = {
    "client/registerCapability": _nothing,
    "client/unregisterCapability": _nothing,
    "window/showDocument": lambda _params: {"success": False},
    "window/showMessageRequest": _nothing,
    "window/workDoneProgress/create": _nothing,
    "workspace/applyEdit": lambda _params: {"applied": False},
    "workspace/configuration": _no_settings,
    "workspace/workspaceFolders": _nothing,
}
