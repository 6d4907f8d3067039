"""A scripted provider over real sockets: it answers what it is told to, and notes what it sees.

HTTP/1.1 on asyncio's transports, without a framework: a test or a benchmark learns exactly when a
request had arrived, when each chunk left, and when the far side's close was seen.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeAlias

import orjson

from ghostlap.providers.scripted_dialects import WRITERS, Answer, Pace, Reply, json_reply
from ghostlap.providers.scripted_vendors import VENDOR_WRITERS
from ghostlap.telemetry import monotonic_ns

__all__ = ["ScriptedServer", "SeenConnection", "SeenRequest"]


@dataclass(slots=True)
class SeenRequest:
    """One request, as the server saw it. Stamps are monotonic; 0 until it happened."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    received_ns: int
    """When its last byte had been read."""
    headers_sent_ns: int = 0
    chunk_sent_ns: list[int] = field(default_factory=list)
    """When each write of the body left."""
    answered_ns: int = 0
    """When the whole answer had left."""
    closed_ns: int = 0
    """When the far side's close was seen before the answer had ended."""

    def json(self) -> dict[str, Any]:
        parsed = orjson.loads(self.body or b"{}")
        assert isinstance(parsed, dict)
        return parsed

    def chunks_after(self, at_ns: int) -> int:
        """Return how many writes left after `at_ns`: what a cancel did not save."""
        return sum(sent > at_ns for sent in self.chunk_sent_ns)


@dataclass(slots=True)
class SeenConnection:
    opened_ns: int
    closed_ns: int = 0
    requests: list[SeenRequest] = field(default_factory=list)


_ROUTES = {**WRITERS, **VENDOR_WRITERS}

_Script: TypeAlias = Callable[[SeenRequest], Answer | Reply]


class ScriptedServer:
    """Serves on a free port of the loopback interface while its context is open.

    What it answers: the next of `upcoming`, else what `script` says of the request. An `Answer` is
    worded in the dialect of the path that was asked; a `Reply` goes out as it is.
    """

    def __init__(
        self,
        script: _Script | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        keeps: bool = True,
    ) -> None:
        """`keeps`: whether what was seen stays in `requests` and `connections`, for ever."""
        self._keeps = keeps
        self.script: _Script = script or (lambda _: Answer())
        self.upcoming: deque[Answer | Reply] = deque()
        self.connections: list[SeenConnection] = []
        self.requests: list[SeenRequest] = []
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()
        self._changed = asyncio.Event()

    @property
    def url(self) -> str:
        """The base URL, with `/v1`."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    @property
    def port(self) -> int:
        assert self._server is not None  # entered
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def open_connections(self) -> int:
        return sum(not each.closed_ns for each in self.connections)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, ssl=self._tls
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None  # entered
        self._server.close()
        self.disconnect_all()
        await self._server.wait_closed()

    def disconnect_all(self) -> None:
        """Close every connection, as a provider that restarts would."""
        for each in list(self._open):
            each.abort()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds; it is looked at whenever the server has seen something."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    # For the connections.

    def opened(self, connection: _Connection) -> None:
        self._open.add(connection)
        if self._keeps:
            self.connections.append(connection.seen)
        self.changed()

    def closed(self, connection: _Connection) -> None:
        self._open.discard(connection)
        self.changed()

    def changed(self) -> None:
        self._changed.set()

    def keep(self, connection: SeenConnection, request: SeenRequest) -> None:
        if self._keeps:
            connection.requests.append(request)

    def reply_to(self, request: SeenRequest) -> Reply:
        if self._keeps:
            self.requests.append(request)
        self.changed()
        told = self.upcoming.popleft() if self.upcoming else self.script(request)
        if isinstance(told, Reply):
            return told
        path = request.path.partition("?")[0]
        fitting = [route for route in _ROUTES if path.endswith(route)]
        if not fitting:
            return json_reply(404, {"error": {"message": f"no route {path}", "type": "not_found"}})
        return _ROUTES[max(fitting, key=len)](told, request.json())


class _Connection(asyncio.Protocol):
    """Reads requests, one after another, and plays a reply to each."""

    def __init__(self, server: ScriptedServer) -> None:
        self._server = server
        self._buffer = bytearray()
        self._player: asyncio.Task[None] | None = None
        self._request: SeenRequest | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.seen = SeenConnection(monotonic_ns())
        self._server.opened(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._player is None:
            self._next_request()

    def eof_received(self) -> bool:
        self._gone()
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._gone()

    def abort(self) -> None:
        self._transport.abort()

    def _gone(self) -> None:
        if self.seen.closed_ns:
            return
        self.seen.closed_ns = monotonic_ns()
        if self._request is not None:
            self._request.closed_ns = self.seen.closed_ns
        if self._player is not None:
            self._player.cancel()
        self._server.closed(self)

    def _next_request(self) -> None:
        request = _parse(self._buffer)
        if request is None:
            return
        self._request = request
        self._server.keep(self.seen, request)
        reply = self._server.reply_to(request)
        self._player = asyncio.get_running_loop().create_task(self._play(request, reply))

    async def _play(self, request: SeenRequest, reply: Reply) -> None:
        pace = reply.pace
        await _pause(pace.head_delay_s)
        if pace.hang_up:
            self._transport.close()
            return
        self._transport.write(_head(reply))
        request.headers_sent_ns = monotonic_ns()
        for number, chunk in enumerate(reply.writes):
            if pace.stall_after == number:
                await asyncio.Event().wait()
            if pace.close_after == number:
                self._transport.close()
                return
            await _pause(pace.delay_s if number else pace.first_delay_s)
            await self._write(chunk, pace)
            request.chunk_sent_ns.append(monotonic_ns())
            self._server.changed()
        if pace.stall_after is not None and pace.stall_after >= len(reply.writes):
            await asyncio.Event().wait()
        self._end(request, pace)

    async def _write(self, chunk: bytes, pace: Pace) -> None:
        size = pace.fragment_bytes or len(chunk)
        for start in range(0, len(chunk), size):
            part = chunk[start : start + size]
            framed = b"%x\r\n%b\r\n" % (len(part), part) if pace.keep_alive else part
            self._transport.write(framed)
            if pace.fragment_bytes:
                await asyncio.sleep(0)

    def _end(self, request: SeenRequest, pace: Pace) -> None:
        request.answered_ns = monotonic_ns()
        self._request = self._player = None
        if pace.keep_alive:
            self._transport.write(b"0\r\n\r\n")
            self._next_request()
        else:
            self._transport.close()
        self._server.changed()


async def _pause(delay_s: float) -> None:
    if delay_s:
        await asyncio.sleep(delay_s)


def _parse(buffer: bytearray) -> SeenRequest | None:
    """Take one whole request off `buffer`; None while it is not there."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = buffer[:end].decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    stop = end + 4 + int(headers.get("content-length", 0))
    if len(buffer) < stop:
        return None
    body = bytes(buffer[end + 4 : stop])
    del buffer[:stop]
    method, path, _ = first.split(" ", 2)
    return SeenRequest(method, path, headers, body, monotonic_ns())


def _head(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} Scripted"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines.append("transfer-encoding: chunked" if reply.pace.keep_alive else "connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
