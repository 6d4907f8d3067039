"""When bytes arrived on a connection, before anybody parsed them."""

from __future__ import annotations

import asyncio

from ghostlap.telemetry import monotonic_ns

__all__ = ["Arrivals"]


class Arrivals(asyncio.Protocol):
    """Stands between a transport and its protocol, and notes the time.

    Parsing the head of an answer and waking who waits for it takes 0.3 ms, which is our time, not
    the provider's.
    """

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self.last_ns = 0
        """When the bytes that came last had been read; 0: none have come."""
        self._protocol = protocol
        self.connection_made = protocol.connection_made  # type: ignore[method-assign]
        self.connection_lost = protocol.connection_lost  # type: ignore[method-assign]
        self.eof_received = protocol.eof_received  # type: ignore[method-assign]
        self.pause_writing = protocol.pause_writing  # type: ignore[method-assign]
        self.resume_writing = protocol.resume_writing  # type: ignore[method-assign]

    def data_received(self, data: bytes) -> None:
        self.last_ns = monotonic_ns()
        self._protocol.data_received(data)
