"""One HTTP request and its answer, from the first byte sent to the connection's return or end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ghostlap.providers._deadline import Deadline
from ghostlap.providers._errors import ConnectError, ProviderError
from ghostlap.telemetry import Attempt, AttemptStage

if TYPE_CHECKING:
    import httpx
    from aiohttp.connector import Connection

    from ghostlap.providers._transport import Transport

__all__ = ["Endpoint", "Exchange", "shut_down"]

DRAIN_S = 0.5
"""How long to wait for the end of a body whose last event has been read. It is one packet away."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go, how to get there, and how long to wait on the way."""

    provider: str
    """For the sentences of errors."""
    url: str
    connect_timeout_s: float = 5.0
    first_token_timeout_s: float = 10.0
    stall_timeout_s: float = 5.0
    spares: int = 2
    """Idle connections to hold open."""
    ca_file: str = ""
    client_cert_file: str = ""
    client_key_file: str = ""


class Exchange:
    """A context: entering it sends, leaving it before the answer's end closes the connection.

    Used from one task. Whatever goes wrong is raised as a `ProviderError`.
    """

    def __init__(
        self,
        transport: Transport,
        endpoint: Endpoint,
        headers: Mapping[str, str],
        content: bytes,
        attempt: Attempt,
        method: str,
    ) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        """The response's; a name is found in any case."""
        self.fresh_only = False
        self._transport = transport
        self._endpoint = endpoint
        self._request = (method, endpoint.url, headers, content)
        self._attempt = attempt
        self._deadline = Deadline(
            endpoint.provider,
            endpoint.first_token_timeout_s,
            endpoint.stall_timeout_s,
            self._abort,
        )
        self._connection: Connection | None = None
        self._socket: asyncio.Transport | None = None
        self._reused = False
        self._response: httpx.Response | None = None
        self._reads: AsyncIterator[bytes] | None = None
        self._complete = False

    async def __aenter__(self) -> Self:
        try:
            response = await self._send()
        except BaseException:
            self._deadline.stop()
            self._transport.forget(self)
            if self._connection is not None:
                self._abort()
                self._transport.refill(self._endpoint)
            raise
        self._attempt.stamp(AttemptStage.HEADERS)
        self._deadline.progressed()
        self._response = response
        self._reads = aiter(response.stream)  # type: ignore[arg-type]  # httpx's union of streams
        self.status = self._attempt.status = response.status_code
        self.headers = response.headers
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._deadline.stop()
        self._transport.forget(self)
        if self._complete and not self._released:
            self._transport.later(self._drain())
        else:
            await self._close()

    async def receive(self) -> bytes:
        """Return the bytes that arrived next, `b""` at the end of the body."""
        assert self._reads is not None  # entered
        try:
            received = await anext(self._reads, b"")
        except Exception as error:
            raise self._trouble(error) from error
        if self._deadline.missed:
            raise self._deadline.missed
        if received:
            self._attempt.stamp(AttemptStage.FIRST_BYTE)
            self._deadline.progressed()
        return received

    async def read(self, limit: int) -> bytes:
        """Return the body, at most about `limit` bytes of it: for what is no stream."""
        parts: list[bytes] = []
        size = 0
        while size < limit and (received := await self.receive()):
            parts.append(received)
            size += len(received)
        return b"".join(parts)

    def token_seen(self) -> None:
        """From now on silence is a stall: the first token is there."""
        self._deadline.token_seen()

    def completed(self) -> None:
        """All that matters has been read: leave the connection to be used again."""
        self._complete = True

    async def end(self) -> None:
        """Cut it from outside: whoever reads it gets `ConnectError`. For `Transport`."""
        self._abort()
        if self._response is not None:
            await self._response.aclose()

    # What the connections tell (`_transport_pool.Watcher`).

    def connected(self, connection: Connection, *, fresh: bool) -> None:
        self._connection = connection
        self._socket = connection.transport
        self._reused = not fresh
        self._attempt.stamp(AttemptStage.CONNECTED)
        self._attempt.cold_connection = fresh
        self._deadline.start()
        self._transport.track(self)
        if fresh:
            self._transport.refill(self._endpoint)

    def sent(self) -> None:
        self._attempt.stamp(AttemptStage.SENT)

    async def _send(self) -> httpx.Response:
        pool = await self._transport.pool(self._endpoint)
        timeout_s = self._endpoint.connect_timeout_s
        try:
            return await pool.send(*self._request, connect_timeout_s=timeout_s, watcher=self)
        except Exception as error:
            if not self._may_ask_again(error):
                raise self._trouble(error) from error
        self._ask_again()
        try:
            return await pool.send(*self._request, connect_timeout_s=timeout_s, watcher=self)
        except Exception as error:
            raise self._trouble(error) from error

    def _may_ask_again(self, error: Exception) -> bool:
        """Tell whether a kept connection was dead already when the request was sent."""
        from ghostlap.providers._transport_errors import is_stale  # noqa: PLC0415  slow to import

        return self._reused and not self._deadline.missed and is_stale(error)

    def _ask_again(self) -> None:
        self.fresh_only = True
        attempt = self._attempt
        attempt.reconnects += 1
        attempt.stamps[AttemptStage.CONNECTED] = attempt.stamps[AttemptStage.SENT] = 0

    def _trouble(self, error: Exception) -> ProviderError:
        from ghostlap.providers._transport_errors import translate  # noqa: PLC0415  slow to import

        if self._deadline.missed:
            return self._deadline.missed
        if self._transport.closed:
            return shut_down(self._endpoint.provider)
        if isinstance(error, ProviderError):
            return error
        answered = self._response is not None
        return translate(error, self._endpoint.provider, self._endpoint.url, answered=answered)

    @property
    def _released(self) -> bool:
        """Whether the body has been read to its end, and the connection went back to the pool."""
        return self._connection is None or self._connection.protocol is None

    def _abort(self) -> None:
        # Not close(): that would say goodbye over TLS, and wait for the answer.
        if self._socket is not None:
            self._socket.abort()

    async def _drain(self) -> None:
        """Read to the end: a connection left before it can't be used again."""
        try:
            async with asyncio.timeout(DRAIN_S):
                while await self.receive():
                    pass
        except (ProviderError, TimeoutError):
            pass
        finally:
            await self._close()

    async def _close(self) -> None:
        if not self._released:
            self._abort()
            self._transport.refill(self._endpoint)
        if self._reads is not None:
            await self._reads.aclose()  # type: ignore[attr-defined]  # it is a generator
        if self._response is not None:
            await self._response.aclose()


def shut_down(provider: str) -> ConnectError:
    return ConnectError(provider, "the connections are being closed", "ask again after a restart")
