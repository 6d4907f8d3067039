"""One peer that speaks JSON-RPC, over stdio or a loopback socket."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from ghostlap.lsp_server.protocol.framing import (
    FrameDecoder,
    FrameError,
    decode_body,
    encode_message,
)
from ghostlap.lsp_server.protocol.stdio import ThreadOutput, are_pipes, claim_stdio, read_in_thread
from ghostlap.telemetry import monotonic_ns

__all__ = [
    "Channel",
    "FrameDecoder",
    "FrameError",
    "MessageHandler",
    "OnConnect",
    "encode_message",
    "run_stdio",
    "run_tcp",
]

log = logging.getLogger(__name__)

PARSE_ERROR = -32700
INVALID_REQUEST = -32600

_UNREAD_LIMIT_BYTES = 32 * 1024 * 1024
_FLUSH_TIMEOUT_S = 1.0

MessageHandler: TypeAlias = Callable[[dict[str, Any]], None]


class Output(Protocol):
    """What a channel needs of an `asyncio.WriteTransport`."""

    def write(self, data: bytes) -> None: ...
    def get_write_buffer_size(self) -> int: ...
    def is_closing(self) -> bool: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class Channel:
    """Messages to and from one peer. Used from one event loop alone.

    A peer that stops reading costs memory up to a limit: beyond it messages to it are dropped until
    it has read half of what waits.
    """

    def __init__(self, output: Output, *, unread_limit_bytes: int = _UNREAD_LIMIT_BYTES) -> None:
        self.received_ns = 0
        """`monotonic_ns` when the bytes that ended the message in hand were read.

        Holds for as long as the handler has not returned.
        """
        self.dropped = 0
        """Messages that the peer did not get because it had stopped reading."""
        self._output = output
        self._unread_limit_bytes = unread_limit_bytes
        self._dropping = False
        self._decoder = FrameDecoder()
        self._handler: MessageHandler | None = None
        self._closed = asyncio.Event()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send without waiting. Does nothing once the channel is closed."""
        output = self._output
        if self._closed.is_set() or output.is_closing():
            return
        data = encode_message(message)
        unread = output.get_write_buffer_size()
        if (unread or self._dropping) and not self._has_room(unread, len(data)):
            self.dropped += 1
            return
        output.write(data)

    def send_error(self, request_id: int | str | None, code: int, message: str) -> None:
        """Answer a request with an error; `request_id` is None when it could not be read."""
        self.send({"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}})

    def close(self) -> None:
        """End the connection after what was sent. May be called often."""
        self._closed.set()

    async def wait_closed(self) -> None:
        """Wait for the peer's end of input, the loss of its output, or `close`."""
        await self._closed.wait()

    def start(self, handler: MessageHandler) -> None:
        """Give messages to `handler` from now on. It is called on the loop, one after the other."""
        self._handler = handler

    def feed(self, data: bytes, received_ns: int) -> None:
        """Handle the messages that `data` completes. For transports."""
        for frame in self._decoder.feed(data):
            if self._closed.is_set():
                return
            self.received_ns = received_ns
            if isinstance(frame, FrameError):
                log.warning("Skipped bytes that are no LSP message: %s.", frame.reason)
                self.send_error(None, PARSE_ERROR, f"Not an LSP message: {frame.reason}.")
            else:
                self._handle(frame)

    def _handle(self, body: bytes) -> None:
        try:
            message = decode_body(body)
        except ValueError:
            # The error's text would quote the body, which is the user's code.
            log.warning("Received a message of %d bytes that is not JSON.", len(body))
            self.send_error(None, PARSE_ERROR, "The message is not JSON.")
            return
        if not isinstance(message, dict):
            log.warning("Received a message that is not a JSON object.")
            self.send_error(None, INVALID_REQUEST, "A message has to be a JSON object.")
            return
        assert self._handler is not None, "fed before start"
        try:
            self._handler(message)
        except Exception:
            log.exception("Handling %r failed.", message.get("method", "a response"))

    def _has_room(self, unread_bytes: int, message_bytes: int) -> bool:
        """Whether to send, and a log line whenever that changes."""
        if self._dropping:
            if unread_bytes > self._unread_limit_bytes // 2:
                return False
            self._dropping = False
            log.warning("The client reads again; %d messages were dropped so far.", self.dropped)
        elif unread_bytes + message_bytes > self._unread_limit_bytes:
            self._dropping = True
            log.warning(
                "The client has stopped reading: %d bytes wait for it, messages are dropped.",
                unread_bytes,
            )
            return False
        return True


OnConnect: TypeAlias = Callable[[Channel], MessageHandler]


class _Link(asyncio.Protocol):
    """The asyncio side of a channel: once for a socket, twice for a pair of pipes."""

    def __init__(self) -> None:
        self.channel: Channel | None = None
        self.lost = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        assert self.channel is not None, "reading began before the channel stood"
        self.channel.feed(data, monotonic_ns())

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.lost.set()
        if self.channel is not None:
            self.channel.close()


async def run_stdio(
    on_connect: OnConnect,
    *,
    pipes: bool | None = None,
    unread_limit_bytes: int = _UNREAD_LIMIT_BYTES,
    flush_timeout_s: float = _FLUSH_TIMEOUT_S,
) -> None:
    """Serve the peer at stdin and stdout until its input ends or the channel is closed.

    What was sent by then is flushed for at most `flush_timeout_s`. `pipes` chooses between asyncio
    pipes and a thread each way; None takes pipes where they work. Takes stdin and stdout for good
    (see `claim_stdio`); the reading thread may outlive the call, as a daemon.
    """
    read_fd, write_fd = claim_stdio()
    loop = asyncio.get_running_loop()
    reader, writer = _Link(), _Link()
    use_pipes = are_pipes(read_fd, write_fd) if pipes is None else pipes
    output: Output
    if use_pipes:
        output, _ = await loop.connect_write_pipe(lambda: writer, os.fdopen(write_fd, "wb", 0))
    else:
        output = ThreadOutput(write_fd, writer, loop)
    channel = Channel(output, unread_limit_bytes=unread_limit_bytes)
    reader.channel = writer.channel = channel
    source: asyncio.ReadTransport | None = None
    try:
        channel.start(on_connect(channel))
        if use_pipes:
            source, _ = await loop.connect_read_pipe(lambda: reader, os.fdopen(read_fd, "rb", 0))
        else:
            read_in_thread(read_fd, loop, channel.feed, channel.close)
        await channel.wait_closed()
    finally:
        if source is not None:
            source.close()
        await _flush(output, writer, flush_timeout_s)


async def run_tcp(
    host: str,
    port: int,
    on_connect: OnConnect,
    *,
    on_listening: Callable[[int], None] | None = None,
    unread_limit_bytes: int = _UNREAD_LIMIT_BYTES,
    flush_timeout_s: float = _FLUSH_TIMEOUT_S,
) -> None:
    """Serve the first peer that connects, as `run_stdio` does, and return.

    `on_listening` gets the port, which the system chooses when `port` is 0. Raises ValueError when
    `host` is not a loopback address, OSError when the port cannot be had.
    """
    loop = asyncio.get_running_loop()
    with _listen(_loopback_address(host), port) as listener:
        if on_listening is not None:
            on_listening(listener.getsockname()[1])
        peer, _ = await loop.sock_accept(listener)
    link = _Link()
    transport, _ = await loop.connect_accepted_socket(lambda: link, peer)
    channel = link.channel = Channel(transport, unread_limit_bytes=unread_limit_bytes)
    try:
        channel.start(on_connect(channel))
        await channel.wait_closed()
    finally:
        await _flush(transport, link, flush_timeout_s)


async def _flush(output: Output, link: _Link, timeout_s: float) -> None:
    """Close `output` when all is written, or after `timeout_s` if the peer does not read it."""
    output.close()
    try:
        async with asyncio.timeout(timeout_s):
            await link.lost.wait()
    except TimeoutError:
        if not link.lost.is_set():
            log.warning("The client did not read the last messages; they are given up.")
            output.abort()


def _loopback_address(host: str) -> str:
    import ipaddress  # noqa: PLC0415 - only a socket needs it, and start-up is short

    address = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass  # a name, which could be any machine's
    raise ValueError(f"--tcp {host}: only a loopback address such as 127.0.0.1 is served.")


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family, backlog=1)
    listener.setblocking(False)
    return listener
