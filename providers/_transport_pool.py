"""Kept connections and the bytes on them, on aiohttp's connector and its HTTP parser written in C.

Imported late, by `_transport` alone: aiohttp costs about 300 ms at import. Only what connects and
what parses is used of it. Its `ClientSession`, and httpx's interface on top of that, take two to
three times as long over a request, more than all the rest of the way from key to text; httpx's own
pool forgets a connection after 5 s, and over HTTP/2 never tells the server of a cancel.
"""

from __future__ import annotations

import os
import ssl
from base64 import b64encode
from collections.abc import Mapping
from types import SimpleNamespace
from typing import cast

import aiohttp
import certifi
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.streams import StreamReader
from aiohttp.tracing import Trace
from yarl import URL

from ghostlap.providers._arrivals import Arrivals
from ghostlap.providers._transport_errors import HeaderError

__all__ = ["Line", "Pool", "Route", "tls_context"]

IDLE_S = 240.0
"""How long a kept connection may be idle. Longer than a thinking pause, shorter than the five
minutes after which home routers begin to forget connections without telling either end."""
DNS_S = 300
"""How long a looked-up address is used: a new connection after a cancel should not look it up."""

HEADER_BYTES = 65536
"""The longest header that is read; gateways add policies of many kilobytes."""


def tls_context(
    ca_file: str, cert_file: str, key_file: str, *, secure: bool = True
) -> ssl.SSLContext:
    """Return a context that verifies. SSL_CERT_FILE and SSL_CERT_DIR count as they do for httpx.

    Takes about 20 ms of reading certificates: call it from a thread. Where nothing goes over TLS
    (`secure` is false) it reads none, and would trust nobody.

    :raises OSError: a file is missing or holds no certificate
    """
    if not secure:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file, folder = ca_file or os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file:
        context = ssl.create_default_context(cafile=file)
    elif folder:
        context = ssl.create_default_context(capath=folder)
    else:
        context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    if cert_file:
        context.load_cert_chain(cert_file, key_file or None)
    return context


class Pool:
    """Connections that share TLS settings and a proxy. Used from one event loop."""

    def __init__(self, context: ssl.SSLContext, proxy: str) -> None:
        self.proxy = URL(proxy) if proxy else None
        self._connector = aiohttp.TCPConnector(
            ssl=context, limit=0, keepalive_timeout=IDLE_S, ttl_dns_cache=DNS_S
        )
        self._before_connecting = aiohttp.TraceConfig()
        self._before_connecting.on_connection_create_start.append(_put_back)
        self._before_connecting.freeze()

    async def connect(
        self, request: aiohttp.ClientRequest, limits: aiohttp.ClientTimeout, *, fresh_only: bool
    ) -> Line:
        """Return a line that nobody else uses: a kept one if there is one, unless `fresh_only`."""
        while True:
            line = self._line(await self._connector.connect(request, [], limits))
            if line.fresh or not (fresh_only or line.spoiled):
                return line
            line.cut()

    async def fill(
        self, request: aiohttp.ClientRequest, limits: aiohttp.ClientTimeout, count: int
    ) -> None:
        """Have `count` idle connections where `request` goes, opening those that are missing.

        Sends no request. To count the idle ones they are taken out of the pool; they are back in it
        before a new one begins to connect, thus within one step of the event loop.
        """
        held: list[Connection] = []
        session = cast("aiohttp.ClientSession", None)  # only handed on to the hook
        traces = [Trace(session, self._before_connecting, SimpleNamespace(held=held))]
        try:
            for _ in range(count * (count + 1)):  # each new one has the others taken again
                connection = await self._connector.connect(request, traces, limits)
                self._line(connection)
                held.append(connection)
                if len(held) == count:
                    break
        finally:
            _release(held)

    async def aclose(self) -> None:
        await self._connector.close()

    def _line(self, connection: Connection) -> Line:
        protocol = connection.protocol
        assert protocol is not None  # it has one until it is released
        assert connection.transport is not None  # as the protocol
        arrivals = connection.transport.get_protocol()
        if isinstance(arrivals, Arrivals):  # put there when it was first used
            return Line(connection, protocol, arrivals, fresh=False)
        arrivals = Arrivals(protocol)
        connection.transport.set_protocol(arrivals)
        return Line(connection, protocol, arrivals, fresh=True)


def _release(held: list[Connection]) -> None:
    while held:
        held.pop().release()


async def _put_back(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    _release(context.held)


class Route:
    """One address through one pool: what all requests to it share."""

    def __init__(self, pool: Pool, url: str, connect_timeout_s: float) -> None:
        """:raises ValueError: `url` is no address of HTTP"""
        address = URL(url)
        if address.scheme not in ("http", "https") or not address.host:
            raise ValueError(url)
        self._pool = pool
        # Never sent: it tells the connector where to, and by which proxy.
        self._request = aiohttp.ClientRequest("GET", address, proxy=pool.proxy)
        self._limits = aiohttp.ClientTimeout(total=None, connect=connect_timeout_s)
        self._target = address.raw_path_qs
        self._headers = {"host": self._request.headers["Host"], "accept-encoding": "identity"}
        if address.user or address.password:
            self._headers["authorization"] = _basic(address)
        if pool.proxy and address.scheme == "http":  # else the connector makes a tunnel
            self._target = str(address.with_user(None).with_fragment(None))
            if pool.proxy.user or pool.proxy.password:
                self._headers["proxy-authorization"] = _basic(pool.proxy)
        self._asked: tuple[object, ...] = ()
        self._head = b""
        """Of the last request, all but its content's length."""

    async def connect(self, *, fresh_only: bool = False) -> Line:
        return await self._pool.connect(self._request, self._limits, fresh_only=fresh_only)

    async def fill(self, count: int) -> None:
        await self._pool.fill(self._request, self._limits, count)

    def message(self, method: str, headers: Mapping[str, str], content: bytes) -> bytes:
        """Return a whole request as bytes. Raises `HeaderError`."""
        asked = (method, *headers.items())
        if asked != self._asked:  # they are the same from request to request
            self._head = self._head_of(method, headers)
            self._asked = asked
        if content or method == "POST":
            return b"%bcontent-length: %d\r\n\r\n%b" % (self._head, len(content), content)
        return self._head + b"\r\n"

    def _head_of(self, method: str, headers: Mapping[str, str]) -> bytes:
        merged = {**self._headers, **{name.lower(): value for name, value in headers.items()}}
        merged.pop("content-length", None)
        lines = [f"{name}: {value}" for name, value in merged.items()]
        head = "\r\n".join([f"{method} {self._target} HTTP/1.1", *lines])
        if head.count("\n") != len(lines) or head.count("\r") != len(lines) or "\0" in head:
            raise HeaderError
        return head.encode() + b"\r\n"


def _basic(address: URL) -> str:
    return "Basic " + b64encode(f"{address.user or ''}:{address.password or ''}".encode()).decode()


class Line:
    """A connection while it carries one request and its answer. Used from one task."""

    __slots__ = ("_arrivals", "_body", "_connection", "_protocol", "_socket", "fresh", "kept")

    def __init__(
        self, connection: Connection, protocol: ResponseHandler, arrivals: Arrivals, *, fresh: bool
    ) -> None:
        self.fresh = fresh
        """Whether it has just been opened, rather than kept from before."""
        self.kept = False
        """Whether the answer was read to its end, and the connection went back to the pool."""
        self._connection = connection
        self._protocol = protocol
        self._arrivals = arrivals
        self._body: StreamReader | None = None
        socket = connection.transport
        assert socket is not None  # as the protocol
        self._socket = socket

    @property
    def arrived_ns(self) -> int:
        """When the bytes arrived that came last."""
        return self._arrivals.last_ns

    @property
    def spoiled(self) -> bool:
        """Whether the far side has said something unasked, which would be taken for an answer."""
        return self._protocol.should_close

    def write(self, message: bytes) -> None:
        self._protocol.set_response_params(
            read_until_eof=True, max_line_size=HEADER_BYTES, max_field_size=HEADER_BYTES
        )
        self._socket.write(message)

    async def head(self) -> tuple[int, Mapping[str, str]]:
        """Return the answer's status and its headers, whose names are found in any case."""
        while True:
            head, body = await self._protocol.read()
            if head.code >= 200:  # not 100 Continue and its like
                break
        self._body = body
        body.on_eof(self._keep)
        return head.code, head.headers

    def _keep(self) -> None:
        self.kept = True
        self._connection.release()

    async def receive(self) -> bytes:
        """Return the body's next bytes, unpacked; empty at its end."""
        assert self._body is not None  # after head()
        return await self._body.readany()

    def fail(self, error: Exception) -> None:
        """Close the connection, and have whoever waits for its bytes get `error`."""
        self._protocol.set_exception(error)
        if self._body is not None:
            self._body.set_exception(error)
        self.cut()

    def cut(self) -> None:
        """Close the connection at once, whatever is under way: the far side sees it within a ms."""
        # Not close(): that would say goodbye over TLS, and wait for the answer.
        self._socket.abort()
        self._connection.close()
