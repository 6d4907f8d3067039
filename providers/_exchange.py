"""One HTTP request and its answer, from the first byte sent to the connection's return or end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ghostlap.providers._deadline import Deadline
from ghostlap.providers._errors import ConnectError, ProviderError
from ghostlap.telemetry import Attempt, AttemptStage, monotonic_ns

if TYPE_CHECKING:
    from ghostlap.providers._transport import Transport
    from ghostlap.providers._transport_pool import Line, Route

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
        self.provider = endpoint.provider
        self.headers: Mapping[str, str] = {}
        """The answer's; a name is found in any case."""
        self._transport = transport
        self._endpoint = endpoint
        self._request = (method, headers, content)
        self._attempt = attempt
        self._deadline = Deadline(
            endpoint.provider,
            endpoint.first_token_timeout_s,
            endpoint.stall_timeout_s,
            self.fail,
        )
        self._line: Line | None = None
        self._failure: ProviderError | None = None
        self._complete = False

    async def __aenter__(self) -> Self:
        try:
            await self._send()
        except BaseException as error:
            self._leave()
            self._translate(error)
            raise
        assert self._line is not None  # it was sent
        self._attempt.stamp(AttemptStage.HEADERS, self._line.arrived_ns)
        self._attempt.status = self.status
        self._deadline.progressed()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._complete and self._line is not None and not self._line.kept:
            self._transport.later(self._drain())
        else:
            self._leave()

    async def receive(self) -> bytes:
        """Return the bytes that arrived next, `b""` at the end of the body."""
        assert self._line is not None  # entered
        try:
            received = await self._line.receive()
        except Exception as error:
            self._translate(error)
            raise
        if received:
            self._attempt.received_ns = received_ns = self._line.arrived_ns
            self._attempt.stamp(AttemptStage.FIRST_BYTE, received_ns)
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

    def fail(self, error: ProviderError) -> None:
        """Close the connection; whoever waits for the answer gets `error`."""
        self._failure = error
        if self._line is not None:
            self._line.fail(error)

    async def _send(self) -> None:
        route = await self._transport.route(self._endpoint)
        message = route.message(*self._request)
        try:
            await self._ask(route, message, fresh_only=False)
        except Exception as error:
            if self._line is None or not self._was_dead(self._line, error):
                raise
            self._line.cut()
            self._attempt.reconnects += 1
            await self._ask(route, message, fresh_only=True)

    async def _ask(self, route: Route, message: bytes, *, fresh_only: bool) -> None:
        line = self._line = await route.connect(fresh_only=fresh_only)
        stamps = self._attempt.stamps
        stamps[AttemptStage.CONNECTED] = monotonic_ns()
        self._attempt.cold_connection = line.fresh
        line.write(message)
        stamps[AttemptStage.SENT] = monotonic_ns()
        self._deadline.start()
        self._transport.track(self)
        if line.fresh:
            self._transport.refill(self._endpoint)
        self.status, self.headers = await line.head()
        if self._failure is not None:  # it came between the head's arrival and its being read
            raise self._failure

    def _was_dead(self, line: Line, error: Exception) -> bool:
        """Tell whether `line` was a kept one, closed before the request reached the far side."""
        if line.fresh or self._failure is not None:
            return False
        from ghostlap.providers._transport_errors import is_stale  # noqa: PLC0415 - as the pool

        return is_stale(error)

    def _translate(self, error: BaseException) -> None:
        """Raise what `error` means for the provider, unless it says so itself."""
        if isinstance(error, ProviderError) or not isinstance(error, Exception):
            return
        if self._failure is not None:
            raise self._failure from error
        from ghostlap.providers._transport_errors import translate  # noqa: PLC0415 - as the pool

        answered = bool(self.status)
        raise translate(error, self.provider, self._endpoint.url, answered=answered) from error

    async def _drain(self) -> None:
        """Read to the end: a connection left before it can't be used again."""
        try:
            async with asyncio.timeout(DRAIN_S):
                while await self.receive():
                    pass
        except (ProviderError, TimeoutError):
            pass
        finally:
            self._leave()

    def _leave(self) -> None:
        self._deadline.stop()
        self._transport.forget(self)
        if self._line is not None and not self._line.kept:
            self._line.cut()
            self._transport.refill(self._endpoint)


def shut_down(provider: str) -> ConnectError:
    return ConnectError(provider, "the connections are being closed", "ask again after a restart")
