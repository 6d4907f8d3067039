"""Stdin and stdout as the protocol's own, and threads for where a loop cannot wait on them."""

from __future__ import annotations

import asyncio
import os
import queue
import stat
import sys
import threading
from collections.abc import Callable
from functools import partial

from ghostlap.telemetry import monotonic_ns

__all__ = ["ThreadOutput", "are_pipes", "claim_stdio", "read_in_thread"]

_READ_BYTES = 64 * 1024  # what a pipe holds on Linux


def claim_stdio() -> tuple[int, int]:
    """Take stdin and stdout for the protocol alone; returns file descriptors to read and write.

    From here on a stray `print`, in Python or in a library below it, ends in stderr, and a child
    process that reads stdin finds it empty. Not undone: the process serves until it ends.
    """
    if sys.stdout is not None:
        sys.stdout.flush()
    read_fd, write_fd = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # started without a stderr
        os.dup2(nowhere, 1)
    os.close(nowhere)
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - there is none elsewhere

        msvcrt.setmode(read_fd, os.O_BINARY)
        msvcrt.setmode(write_fd, os.O_BINARY)
    return read_fd, write_fd


def are_pipes(read_fd: int, write_fd: int) -> bool:
    """Whether an asyncio loop can wait on both.

    A file or /dev/null cannot be waited on, and a terminal's O_NONBLOCK would be its shell's too.
    One socket for both ways (socat, inetd) looks hung up to asyncio's write pipe whenever input
    arrives.
    """
    if sys.platform == "win32":
        return False
    read_stat, write_stat = os.fstat(read_fd), os.fstat(write_fd)
    if os.path.samestat(read_stat, write_stat):
        return False
    return all(
        stat.S_ISFIFO(s.st_mode) or stat.S_ISSOCK(s.st_mode) for s in (read_stat, write_stat)
    )


class ThreadOutput:
    """Writes to a file descriptor from a thread of its own.

    Has of `asyncio.WriteTransport` what a channel uses. The methods are for the loop's thread.
    `protocol.connection_lost` is called on the loop once everything is written after `close`, or
    when writing fails.
    """

    def __init__(
        self, fd: int, protocol: asyncio.BaseProtocol, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._fd = fd
        self._protocol = protocol
        self._loop = loop
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        # Two counters with one writer each need no lock.
        self._queued_bytes = 0
        self._written_bytes = 0
        self._closing = False
        if sys.platform != "win32":
            os.set_blocking(fd, True)  # Node hands out non-blocking ones
        threading.Thread(target=self._write_all, name="stdout", daemon=True).start()

    def write(self, data: bytes) -> None:
        if not self._closing:
            self._queued_bytes += len(data)
            self._queue.put(data)

    def get_write_buffer_size(self) -> int:
        return self._queued_bytes - self._written_bytes

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._queue.put(None)

    def abort(self) -> None:
        """Give up on what is unwritten. The thread may stay in its write: it is a daemon."""
        self.close()

    def _write_all(self) -> None:
        error: OSError | None = None
        try:
            while (data := self._queue.get()) is not None:
                rest = memoryview(data)
                while rest:
                    count = os.write(self._fd, rest)
                    self._written_bytes += count
                    rest = rest[count:]
            os.close(self._fd)
        except OSError as raised:
            error = raised
        _call(self._loop, lambda: self._protocol.connection_lost(error))


def read_in_thread(
    fd: int,
    loop: asyncio.AbstractEventLoop,
    on_data: Callable[[bytes, int], None],
    on_end: Callable[[], None],
) -> None:
    """Read `fd` to its end in a daemon thread.

    On the loop, `on_data` gets the bytes with the `monotonic_ns` of their arrival, and `on_end` is
    called after the last of them.
    """
    if sys.platform != "win32":
        os.set_blocking(fd, True)

    def read_all() -> None:
        try:
            while data := os.read(fd, _READ_BYTES):
                at_ns = monotonic_ns()
                if not _call(loop, partial(on_data, data, at_ns)):
                    return
        except OSError:
            pass  # a terminal or pipe that went away has ended
        _call(loop, on_end)

    threading.Thread(target=read_all, name="stdin", daemon=True).start()


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> bool:
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:  # the loop was closed before the thread had ended
        return False
    return True
