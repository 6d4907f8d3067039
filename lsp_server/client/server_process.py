"""A server as a child process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from ghostlap.telemetry import monotonic_ns

__all__ = ["ServerProcess"]


class ServerProcess(asyncio.SubprocessProtocol):
    """The server's process: its three pipes and its end."""

    def __init__(
        self,
        on_stdout: Callable[[bytes, int], None],
        on_stdout_end: Callable[[], None],
        on_stderr: Callable[[bytes], None],
        on_stderr_end: Callable[[], None],
    ) -> None:
        self.transport: asyncio.SubprocessTransport
        self.stdin: asyncio.WriteTransport
        self._on_stdout = on_stdout
        self._on_stderr = on_stderr
        self._on_end = {1: on_stdout_end, 2: on_stderr_end}
        self._stdin_is_open = True
        self._exited = asyncio.Event()
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.SubprocessTransport", transport)
        self.stdin = cast("asyncio.WriteTransport", self.transport.get_pipe_transport(0))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self._on_stdout(data, monotonic_ns())
        else:
            self._on_stderr(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if fd == 0:
            self._stdin_is_open = False
        else:
            self._on_end[fd]()

    def process_exited(self) -> None:
        self._exited.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._closed.set()

    async def wait(self) -> int:
        await self._exited.wait()
        code = self.transport.get_returncode()
        assert code is not None, "an exited process has a code"
        return code

    async def kill(self) -> None:
        """End the process if it runs, and close what is left of its pipes."""
        if not self._exited.is_set():
            with suppress(ProcessLookupError):  # it may just have ended by itself
                self.transport.kill()
            await self._exited.wait()
        if self._stdin_is_open:
            self.stdin.abort()  # or what is unwritten would wait for a child of the server
        self.transport.close()
        await self._closed.wait()
