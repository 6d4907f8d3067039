"""Requests over kept-open WebSockets, in the shape that the streaming loop knows from HTTP.

One request has a socket to itself, and gives it back when its answer has ended; leaving early
closes it, which is the one way to stop an answer that every server of this kind understands. A
spare is opened off the path. Imported late: it needs aiohttp.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from ghostlap.providers._deadline import Deadline
from ghostlap.providers._errors import ConnectError, ProviderError
from ghostlap.providers._exchange import Endpoint, shut_down
from ghostlap.providers._proxies import proxy_for
from ghostlap.providers._transport_pool import tls_context
from ghostlap.telemetry import Attempt, AttemptStage, monotonic_ns

__all__ = ["SOCKET_LIFE_S", "WebSocketTransport"]

SOCKET_LIFE_S = 55 * 60.0
"""OpenAI closes a socket after 60 minutes, in the middle of an answer if need be."""
_PING_S = 20.0
_CLOSE_S = 0.05
_PREPARE_S = 10.0
_GONE = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)


class _Socket:
    def __init__(self, client: aiohttp.ClientWebSocketResponse, opened_ns: int) -> None:
        self.client = client
        self.opened_ns = opened_ns

    @property
    def usable(self) -> bool:
        young = (monotonic_ns() - self.opened_ns) / 1e9 < SOCKET_LIFE_S
        return young and not self.client.closed and self.client.exception() is None


class WebSocketTransport:
    """The sockets of one provider. Used from one event loop."""

    def __init__(
        self,
        refused: Callable[[int, Mapping[str, str]], ProviderError],
        prepare: Callable[[aiohttp.ClientWebSocketResponse], Awaitable[None]] | None = None,
    ) -> None:
        self.headers: Callable[[], Awaitable[Mapping[str, str]]] = _no_headers
        """What a new socket is opened with, the key included."""
        self._refused = refused
        """Tells what a status means that the upgrade was refused with."""
        self._prepare = prepare
        """Gets the far side ready for requests on a new socket, off the path of a keystroke."""
        self._session: aiohttp.ClientSession | None = None
        self._idle: deque[_Socket] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._warming = asyncio.Lock()
        self.closed = False

    def exchange(
        self,
        endpoint: Endpoint,
        headers: Mapping[str, str],
        content: bytes,
        attempt: Attempt,
    ) -> _Exchange:
        """Return a request: sent on entering it as a context, cancelled on leaving it early."""
        del headers  # they went out when the socket was opened
        return _Exchange(self, endpoint, content, attempt)

    async def warm(self, endpoint: Endpoint) -> None:
        """Have the endpoint's spare sockets open. Never raises."""
        async with self._warming:
            while not self.closed and len(self._idle) < endpoint.spares:
                try:
                    self._idle.append(await self._prepared(await self.open(endpoint)))
                except Exception:  # noqa: BLE001  the next request meets it too, and tells
                    return

    async def take(self, endpoint: Endpoint) -> tuple[_Socket, bool]:
        """Return a socket, and whether it had to be opened."""
        while self._idle:
            socket = self._idle.popleft()
            if socket.usable:
                return socket, False
            self.discard(socket)
        return await self.open(endpoint), True

    def give_back(self, socket: _Socket) -> None:
        if socket.usable and not self.closed:
            self._idle.append(socket)
        else:
            self.discard(socket)

    def discard(self, socket: _Socket) -> None:
        """Close a socket at once, without the handshake that would wait for the far side."""
        response = socket.client._response  # noqa: SLF001  its close() waits for an answer
        if response.connection is not None and response.connection.transport is not None:
            response.connection.transport.abort()
        self.later(_closed(socket.client))

    def refill(self, endpoint: Endpoint) -> None:
        if endpoint.spares and not self.closed:
            self.later(self.warm(endpoint))

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def open(self, endpoint: Endpoint) -> _Socket:
        """Raises `ConnectError`."""
        if self.closed:
            raise shut_down(endpoint.provider)
        url = endpoint.url.replace("http", "ws", 1)
        try:
            async with asyncio.timeout(endpoint.connect_timeout_s):
                session = await self._started(endpoint)
                client = await session.ws_connect(
                    url,
                    headers=await self.headers(),
                    autoping=True,
                    heartbeat=_PING_S,
                    proxy=proxy_for(endpoint.url) or None,
                )
        except aiohttp.WSServerHandshakeError as error:
            told = {name.lower(): value for name, value in (error.headers or {}).items()}
            raise self._refused(error.status, told) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreachable(endpoint, error) from error
        return _Socket(client, monotonic_ns())

    async def aclose(self) -> None:
        """Close every socket."""
        self.closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self._idle:
            await _closed(self._idle.popleft().client)
        if self._session is not None:
            await self._session.close()

    async def _prepared(self, socket: _Socket) -> _Socket:
        if self._prepare:
            async with asyncio.timeout(_PREPARE_S):
                await self._prepare(socket.client)
        return socket

    async def _started(self, endpoint: Endpoint) -> aiohttp.ClientSession:
        if self._session is None:
            files = (endpoint.ca_file, endpoint.client_cert_file, endpoint.client_key_file)
            secure = endpoint.url.startswith("https:")
            context = await asyncio.to_thread(tls_context, *files, secure=secure)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context, limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


class _Exchange:
    """One request and the messages that answer it, each with a line end behind it."""

    def __init__(
        self, transport: WebSocketTransport, endpoint: Endpoint, content: bytes, attempt: Attempt
    ) -> None:
        self.status = 200
        self.headers: Mapping[str, str] = {}
        self._transport = transport
        self._endpoint = endpoint
        self._content = content
        self._attempt = attempt
        self._socket: _Socket | None = None
        self._complete = False
        self._deadline = Deadline(
            endpoint.provider,
            endpoint.first_token_timeout_s,
            endpoint.stall_timeout_s,
            self._fail,
        )
        self._failure: ProviderError | None = None

    async def __aenter__(self) -> Self:
        socket, fresh = await self._transport.take(self._endpoint)
        try:
            await self._send(socket, fresh=fresh)
        except (aiohttp.ClientError, OSError):
            self._transport.discard(socket)
            self._attempt.reconnects += 1
            await self._send(await self._transport.open(self._endpoint), fresh=True)
        self._deadline.start()
        return self

    async def _send(self, socket: _Socket, *, fresh: bool) -> None:
        stamps = self._attempt.stamps
        stamps[AttemptStage.CONNECTED] = monotonic_ns()
        self._attempt.cold_connection = fresh
        self._socket = socket
        await socket.client.send_str(self._content.decode())
        stamps[AttemptStage.SENT] = monotonic_ns()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._deadline.stop()
        socket, self._socket = self._socket, None
        if socket is None:
            return
        if self._complete:
            self._transport.give_back(socket)
        else:
            self._transport.discard(socket)
            self._transport.refill(self._endpoint)

    async def receive(self) -> bytes:
        """Return the next message, `b""` when the socket has closed."""
        assert self._socket is not None  # entered
        message = await self._socket.client.receive()
        self._attempt.received_ns = received_ns = monotonic_ns()
        if self._failure is not None:
            raise self._failure
        if message.type in _GONE and self._may_ask_again():
            await self._ask_again()
            return await self.receive()
        if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            return b""
        self._attempt.stamp(AttemptStage.HEADERS, received_ns)  # there is no other head
        self._attempt.stamp(AttemptStage.FIRST_BYTE, received_ns)
        self._attempt.status = self.status
        self._deadline.progressed()
        data = message.data
        return (data.encode() if isinstance(data, str) else bytes(data)) + b"\n"

    def _may_ask_again(self) -> bool:
        """Whether a kept socket turns out to have been closed before the request reached it."""
        stamps = self._attempt.stamps
        return not self._attempt.cold_connection and not stamps[AttemptStage.FIRST_BYTE]

    async def _ask_again(self) -> None:
        assert self._socket is not None  # entered
        self._transport.discard(self._socket)
        self._attempt.reconnects += 1
        await self._send(await self._transport.open(self._endpoint), fresh=True)

    async def read(self, limit: int) -> bytes:
        """Return a message: what refuses a request is one."""
        return (await self.receive())[:limit]

    def token_seen(self) -> None:
        """From now on silence is a stall: the first token is there."""
        self._deadline.token_seen()

    def completed(self) -> None:
        """All that matters has been read: the socket can be used again."""
        self._complete = True

    def _fail(self, error: ProviderError) -> None:
        self._failure = error
        if self._socket is not None:
            self._transport.discard(self._socket)


async def _closed(client: aiohttp.ClientWebSocketResponse) -> None:
    try:
        async with asyncio.timeout(_CLOSE_S):
            await client.close()
    except (TimeoutError, aiohttp.ClientError, OSError):
        pass


async def _no_headers() -> Mapping[str, str]:
    return {}


def _unreachable(endpoint: Endpoint, error: BaseException) -> ConnectError:
    where = urlsplit(endpoint.url).netloc.rpartition("@")[2]
    number = getattr(error, "errno", None)
    reason = os.strerror(number).lower() if number else type(error).__name__
    return ConnectError(
        endpoint.provider, f"no connection to {where} ({reason})", "check base_url and the network"
    )
