"""The server as it ships, with providers that a test can foresee: `primary` names which.

echo     a digest of the text around the cursor, after a moment that depends on it
held     nothing, ever; a line on stderr when the stream is closed
refused  a permanent error
broken   a bug
late     opened only after the handshake and a moment more; then as echo, without the moment
unopened cannot be opened
stuck    occupies a thread for ever
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha1

from ghostlap.lsp_server import config
from ghostlap.lsp_server.logs import set_up_logs
from ghostlap.lsp_server.server import serve
from ghostlap.providers import (
    AuthenticationFailed,
    CompletionRequest,
    CompletionStream,
    Provider,
    ProviderError,
)
from ghostlap.telemetry import Attempt, AttemptOutcome, Trace


class Echo:
    """⟦digest⟧: brackets that no text of the tests has, so that nothing of it is a repetition."""

    def __init__(self, attempt: Attempt, request: CompletionRequest, most_ms: int) -> None:
        self.attempt = attempt
        self.alternatives: Sequence[str] = ()
        seen = f"{request.prefix}\0{request.suffix}".encode("utf-8", "surrogatepass")
        self._digest = sha1(seen, usedforsecurity=False).hexdigest()[:16]
        self._wait_s = int(self._digest[0], 16) % (most_ms + 1) / 1000

    async def __aiter__(self) -> AsyncIterator[str]:
        yield "⟦"
        if self._wait_s:
            await asyncio.sleep(self._wait_s)
        yield self._digest
        yield "⟧\n and no more"
        raise AssertionError("the stream should have been closed at the line's end")


class Held:
    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.alternatives: Sequence[str] = ()

    async def __aiter__(self) -> AsyncIterator[str]:
        await asyncio.Event().wait()
        yield ""


class Foreseen:
    def __init__(self, name: str) -> None:
        self.name = name

    @asynccontextmanager
    async def _stream(
        self, request: CompletionRequest, trace: Trace
    ) -> AsyncIterator[CompletionStream]:
        attempt = trace.attempt(self.name, "model")
        if self.name == "refused":
            attempt.end(AttemptOutcome.ERROR)
            raise AuthenticationFailed(self.name, "the key is wrong", "set key_env")
        if self.name == "broken":
            raise RuntimeError(request.prefix)
        try:
            if self.name == "held":
                sys.stderr.write("held: asked\n")
                yield Held(attempt)
            else:
                yield Echo(attempt, request, 3 if self.name == "echo" else 0)
        finally:
            attempt.end(AttemptOutcome.CENSORED)
            if self.name == "held":
                sys.stderr.write("held: closed\n")

    def stream(
        self, request: CompletionRequest, trace: Trace
    ) -> AbstractAsyncContextManager[CompletionStream]:
        return self._stream(request, trace)

    async def warm(self) -> None:
        if self.name == "stuck":
            await asyncio.to_thread(threading.Event().wait)

    async def aclose(self) -> None:
        sys.stderr.write(f"{self.name}: provider closed\n")


class ForeseenBackends:
    async def open(self, wanted: config.Config) -> Provider:
        if wanted.primary == "late":
            await asyncio.sleep(0.2)
        if wanted.primary == "unopened":
            raise ProviderError("unopened", "there is no key", "set key_env")
        return Foreseen(wanted.primary)

    async def aclose(self) -> None:
        sys.stderr.write("connections closed\n")


if __name__ == "__main__":
    set_up_logs(os.environ["GHOSTLAP_LOG"])
    code = serve(*config.load(), backends=ForeseenBackends())
    if os.environ["GHOSTLAP_LOG"] == "debug":
        imported = [name for name in sys.modules if name.startswith(("pygls", "lsprotocol"))]
        sys.stderr.write(f"modules of pygls: {len(imported)}\n")
    sys.exit(code)
