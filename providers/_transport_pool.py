"""The HTTP client itself: httpx's transport interface over aiohttp's connections and parser.

Imported late, by `_transport` alone: aiohttp and httpx cost about 350 ms at import. Of the clients
that keep httpx's interface this one added the least time to a request; httpx's own pool costs twice
as much, forgets an idle connection after 5 s, and over HTTP/2 never tells the server of a cancel.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any, Protocol
from weakref import WeakSet

import aiohttp
import httpx
from aiohttp.abc import AbstractStreamWriter
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from httpx_aiohttp import AiohttpTransport
from yarl import URL

__all__ = ["Pool", "Watcher", "tls_context"]

IDLE_S = 240.0
"""How long a kept connection may be idle. Longer than a thinking pause, shorter than the five
minutes after which home routers begin to forget connections without telling either end."""
DNS_S = 300
"""How long a looked-up address is used: a new connection after a cancel should not look it up."""


class Watcher(Protocol):
    """Is told how one request gets on. The calls come from within the request's own task."""

    fresh_only: bool
    """Whether a kept connection won't do: one has just turned out to be dead."""

    def connected(self, connection: Connection, *, fresh: bool) -> None: ...

    def sent(self) -> None: ...


_watcher: ContextVar[Watcher | None] = ContextVar("_watcher", default=None)


def tls_context(
    ca_file: str, cert_file: str, key_file: str, *, secure: bool = True
) -> ssl.SSLContext:
    """Return a context that verifies, as httpx makes it: SSL_CERT_FILE and SSL_CERT_DIR count.

    Takes about 20 ms of reading certificates: call it from a thread. Where nothing goes over TLS
    (`secure` is false) it reads none, and would trust nobody.

    :raises OSError: a file is missing or holds no certificate
    """
    if not secure:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.create_default_context(cafile=ca_file) if ca_file else httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    if cert_file:
        context.load_cert_chain(cert_file, key_file or None)
    return context


class _Connector(aiohttp.TCPConnector):
    """Tells the watcher of each connection, and which of them are kept ones."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._used: WeakSet[aiohttp.client_proto.ResponseHandler] = WeakSet()

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  aiohttp's signature
    ) -> Connection:
        watcher = _watcher.get()
        while True:
            connection = await super().connect(req, traces, timeout)
            fresh = self._is_fresh(connection)
            if watcher is None:
                return connection
            if fresh or not watcher.fresh_only:
                watcher.connected(connection, fresh=fresh)
                return connection
            connection.close()

    def _is_fresh(self, connection: Connection) -> bool:
        protocol = connection.protocol
        assert protocol is not None  # it has one until it is released
        fresh = protocol not in self._used
        self._used.add(protocol)
        return fresh


class _Request(ClientRequest):
    """Tells the watcher when the request has been handed to the system."""

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        await super().write_bytes(writer, conn, content_length)
        watcher = _watcher.get()
        if watcher is not None:
            watcher.sent()


class Pool:
    """Connections that share TLS settings and a proxy. Used from one event loop."""

    def __init__(self, context: ssl.SSLContext, proxy: str) -> None:
        self._proxy = URL(proxy) if proxy else None
        self._connector = _Connector(
            ssl=context, limit=0, keepalive_timeout=IDLE_S, ttl_dns_cache=DNS_S
        )
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=_Request,
            proxy=self._proxy,  # with user and password: httpx-aiohttp's own way is deprecated
            timeout=aiohttp.ClientTimeout(total=None),
        )
        self._transport = AiohttpTransport(verify=context, client=self._session)
        self._before_connecting = aiohttp.TraceConfig()
        self._before_connecting.on_connection_create_start.append(_put_back)
        self._before_connecting.freeze()

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        *,
        connect_timeout_s: float,
        watcher: Watcher,
    ) -> httpx.Response:
        """Send a request and return its response as soon as the headers are there."""
        request = httpx.Request(
            method,
            url,
            headers=headers,
            content=content,
            extensions={"timeout": {"connect": connect_timeout_s, "pool": connect_timeout_s}},
        )
        token = _watcher.set(watcher)
        try:
            return await self._transport.handle_async_request(request)
        finally:
            _watcher.reset(token)

    async def fill(self, url: str, count: int, connect_timeout_s: float) -> None:
        """Have `count` idle connections to the origin of `url`, opening those that are missing.

        Sends no request. To count the idle ones they are taken out of the pool; they are back in it
        before a new one begins to connect, thus within one step of the event loop.
        """
        request = ClientRequest(
            "GET",
            URL(url),
            loop=asyncio.get_running_loop(),
            session=self._session,
            proxy=self._proxy,
        )
        timeout = aiohttp.ClientTimeout(connect=connect_timeout_s)
        held: list[Connection] = []
        traces = [Trace(self._session, self._before_connecting, SimpleNamespace(held=held))]
        try:
            for _ in range(count * (count + 1)):  # each new one has the others taken again
                held.append(await self._connector.connect(request, traces, timeout))
                if len(held) == count:
                    break
        finally:
            _release(held)

    async def aclose(self) -> None:
        await self._session.close()


def _release(held: list[Connection]) -> None:
    while held:
        held.pop().release()


async def _put_back(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    _release(context.held)
