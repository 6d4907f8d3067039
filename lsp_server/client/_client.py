"""A small LSP client: what the demo, the harness and the tests drive a server with, ours or not."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, cast

from ghostlap.lsp_server.client.calls import (
    DEFAULT_ANSWERS,
    Answer,
    Call,
    LspError,
    ServerGone,
    answer,
)
from ghostlap.lsp_server.client.server_process import ServerProcess
from ghostlap.lsp_server.protocol.framing import (
    FrameDecoder,
    FrameError,
    decode_body,
    encode_message,
)

__all__ = ["Answer", "Call", "LspClient", "LspError", "ServerGone"]

log = logging.getLogger(__name__)

# Enough for a traceback, and a server that logs for days does not fill the memory.
_STDERR_KEPT_BYTES = 64 * 1024
_NOTIFICATIONS_KEPT = 1000


class LspClient:
    """Drives one server that it has started. Used from one event loop alone; see `spawn`.

    Requests may be answered in any order. What the server asks is answered from a table, by default
    as an editor without any settings would.
    """

    def __init__(
        self,
        *,
        answers: Mapping[str, Answer] | None = None,
        on_notification: Callable[[str, Any], None] | None = None,
        on_stderr: Callable[[bytes], None] | None = None,
    ) -> None:
        self.encoding = "utf-16"
        """The position encoding that the server chose in `initialize`."""
        self.capabilities: dict[str, Any] = {}
        """The server's, from `initialize`."""
        self.notifications: deque[tuple[str, Any]] = deque(maxlen=_NOTIFICATIONS_KEPT)
        """Method and params of the last ones that `next_notification` has not taken."""
        self.unmatched: list[dict[str, Any]] = []
        """Answers to no request of ours: how a server complains of what it cannot read."""
        self.protocol_errors: list[str] = []
        """What the server wrote that was no message."""
        self._answers = {**DEFAULT_ANSWERS, **(answers or {})}
        self._on_notification = on_notification
        self._on_stderr = on_stderr
        self._stderr = bytearray()
        self._calls: dict[int, Call] = {}
        self._last_id = 0
        self._versions: dict[str, int] = {}
        self._waiting: list[tuple[str, asyncio.Future[Any]]] = []
        self._decoder = FrameDecoder()
        self._stderr_changed = asyncio.Event()
        self._stderr_ended = False
        self._process = ServerProcess(self._feed, self._lose, self._keep_stderr, self._end_stderr)
        self._is_gone = False

    @classmethod
    @asynccontextmanager
    async def spawn(
        cls,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        answers: Mapping[str, Answer] | None = None,
        on_notification: Callable[[str, Any], None] | None = None,
        on_stderr: Callable[[bytes], None] | None = None,
    ) -> AsyncIterator[Self]:
        """Start a server and speak to it over its stdio. Leaving the context kills it.

        `env` replaces the environment, as in `subprocess`. `answers` adds to the table for the
        server's requests, or overrides it. stderr is always read. Raises OSError when the command
        cannot be started.
        """
        client = cls(answers=answers, on_notification=on_notification, on_stderr=on_stderr)
        loop = asyncio.get_running_loop()
        await loop.subprocess_exec(lambda: client._process, *command, env=env, cwd=cwd)
        try:
            yield client
        finally:
            await client._process.kill()
            client._lose()

    @property
    def pid(self) -> int:
        return self._process.transport.get_pid()

    @property
    def stderr(self) -> str:
        """The end of what the server has written to stderr."""
        return self._stderr.decode("utf-8", "replace")

    async def stderr_has(self, words: str) -> None:
        """Wait until `words` stand in `stderr`. Raises ServerGone when it ends without them."""
        while words not in self.stderr:
            if self._stderr_ended:
                raise ServerGone(f"The server closed its stderr without saying {words!r}.")
            self._stderr_changed.clear()
            await self._stderr_changed.wait()

    def start(self, method: str, params: Any = None) -> Call:
        """Send a request now, to be awaited at leisure. Raises ServerGone."""
        self._last_id += 1
        message = {"jsonrpc": "2.0", "id": self._last_id, "method": method}
        if params is not None:
            message["params"] = params
        data = encode_message(message)
        call = Call(self._last_id, method)
        self.send_bytes(data)
        self._calls[call.id] = call
        return call

    async def request(self, method: str, params: Any = None) -> Any:
        """Send a request and wait for its result. Raises LspError and ServerGone."""
        return await self.start(method, params)

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification. Raises ServerGone."""
        message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        self.send_bytes(encode_message(message))

    def cancel(self, call_id: int) -> None:
        """Tell the server that an answer is not wanted any more. It still has to give one."""
        self.notify("$/cancelRequest", {"id": call_id})

    def send_bytes(self, data: bytes) -> None:
        """Write bytes as they are, also such as no client should. Raises ServerGone."""
        if self._is_gone:
            raise ServerGone("The server has closed its output.")
        self._process.stdin.write(data)

    async def next_notification(self, method: str) -> Any:
        """The params of the first notification of this method that was not taken yet."""
        for notification in self.notifications:
            if notification[0] == method:
                self.notifications.remove(notification)
                return notification[1]
        if self._is_gone:
            raise ServerGone(f"The server closed its output before it sent {method}.")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((method, future))
        return await future

    async def initialize(
        self,
        *,
        root: str | Path | None = None,
        encodings: Sequence[str] = ("utf-16",),
        options: Any = None,
        capabilities: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Shake hands, and return the server's InitializeResult.

        `encodings` are offered in this order; none are with an empty one. `options` are the
        initializationOptions. `capabilities` add to, or override, what an editor with ghost text
        has.
        """
        folder = None if root is None else _workspace_folder(root)
        offered = dict(_CAPABILITIES)
        if encodings:
            offered["general"] = {"positionEncodings": list(encodings)}
        params = {
            "processId": os.getpid(),
            "clientInfo": {"name": "ghostlap"},
            "rootUri": folder and folder["uri"],
            "workspaceFolders": folder and [folder],
            "capabilities": {**offered, **(capabilities or {})},
        }
        if options is not None:
            params["initializationOptions"] = options
        result = cast("dict[str, Any]", await self.request("initialize", params))
        self.capabilities = result.get("capabilities") or {}
        self.encoding = self.capabilities.get("positionEncoding") or "utf-16"
        self.notify("initialized", {})
        return result

    def open(self, uri: str, language: str, text: str) -> None:
        self._versions[uri] = 1
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, *changes: Mapping[str, Any]) -> None:
        """Send contentChanges under the document's next version."""
        version = self._versions[uri] = self._versions.get(uri, 0) + 1
        params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes}
        self.notify("textDocument/didChange", params)

    def insert(self, uri: str, line: int, character: int, text: str) -> None:
        """Send the change that typing `text` makes, in the server's position encoding."""
        at = {"line": line, "character": character}
        self.change(uri, {"range": {"start": at, "end": at}, "text": text})

    def close(self, uri: str) -> None:
        self._versions.pop(uri, None)
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def inline_completion(
        self, uri: str, line: int, character: int, *, trigger_kind: int = 2
    ) -> Call:
        """Ask for ghost text. `trigger_kind`: 1 invoked, 2 automatic."""
        params = {
            "textDocument": {"uri": uri},
            "position": {"line": line, "character": character},
            "context": {"triggerKind": trigger_kind},
        }
        return self.start("textDocument/inlineCompletion", params)

    async def shutdown(self, *, timeout_s: float = 5.0) -> int:
        """End the server as the protocol asks for, and return its exit code.

        Raises TimeoutError when that takes longer, and LspError and ServerGone as `request` does.
        """
        async with asyncio.timeout(timeout_s):
            await self.request("shutdown")
            self.notify("exit")
            return await self.wait()

    async def wait(self) -> int:
        """Wait for the server to end by itself, and return its exit code."""
        return await self._process.wait()

    def _feed(self, data: bytes, received_ns: int) -> None:
        for frame in self._decoder.feed(data):
            if isinstance(frame, FrameError):
                self.protocol_errors.append(frame.reason)
                continue
            try:
                message = decode_body(frame)
            except ValueError:
                self.protocol_errors.append("a body that is not JSON")
                continue
            if not isinstance(message, dict):
                self.protocol_errors.append("a message that is no object")
                continue
            try:
                self._receive(message, received_ns)
            except Exception:
                log.exception("Handling a message of the server failed.")

    def _receive(self, message: dict[str, Any], received_ns: int) -> None:
        method = message.get("method")
        if method is None:
            self._settle(message, received_ns)
        elif "id" in message:
            self._answer(message)
        else:
            self._take_notification(method, message.get("params"))

    def _settle(self, message: dict[str, Any], received_ns: int) -> None:
        call_id = message.get("id")
        call = self._calls.pop(call_id, None) if isinstance(call_id, int) else None
        if call is None:
            self.unmatched.append(message)
            return
        failure = message.get("error")
        error = None if failure is None else LspError.from_response(failure)
        call.settle(message.get("result"), error, received_ns)

    def _answer(self, message: dict[str, Any]) -> None:
        reply = answer(self._answers, message)
        if not self._is_gone:
            self.send_bytes(encode_message(reply))

    def _take_notification(self, method: str, params: Any) -> None:
        if self._on_notification is not None:
            self._on_notification(method, params)
        for waiting in self._waiting:
            if waiting[0] == method and not waiting[1].done():
                waiting[1].set_result(params)
                self._waiting.remove(waiting)
                return
        self.notifications.append((method, params))

    def _keep_stderr(self, data: bytes) -> None:
        self._stderr += data
        del self._stderr[:-_STDERR_KEPT_BYTES]
        self._stderr_changed.set()
        if self._on_stderr is not None:
            self._on_stderr(data)

    def _end_stderr(self) -> None:
        self._stderr_ended = True
        self._stderr_changed.set()

    def _lose(self) -> None:
        self._is_gone = True
        for call in self._calls.values():
            gone = ServerGone(f"The server closed its output before it answered {call.method}.")
            call.settle(None, gone, 0)
        self._calls.clear()
        for method, future in self._waiting:
            if not future.done():
                gone = ServerGone(f"The server closed its output before it sent {method}.")
                future.set_exception(gone)
        self._waiting.clear()


_CAPABILITIES: Mapping[str, Any] = {
    "textDocument": {
        "synchronization": {"dynamicRegistration": False},
        "completion": {"dynamicRegistration": False},
        "inlineCompletion": {"dynamicRegistration": False},
    },
    "workspace": {"configuration": True, "workspaceFolders": True},
    "window": {"workDoneProgress": True},
}


def _workspace_folder(root: str | Path) -> dict[str, str]:
    path = Path(root).resolve()
    return {"uri": path.as_uri(), "name": path.name}
