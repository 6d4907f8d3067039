"""The server as it ships, with providers that know which lines will be typed.

They complete the line before the cursor to the first line of $GHOSTLAP_TEST_LINES that goes on from
it, and say which others do; the lines are parted by ASCII's record separator, since one may hold
breaks. `primary` names how fast: `swift` at once, `sixty` after 60 ms, `slow` after 400 ms,
`refused` with an error that only the user can end.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from ghostlap.lsp_server import config
from ghostlap.lsp_server.cli import main
from ghostlap.lsp_server.logs import set_up_logs
from ghostlap.lsp_server.server import serve
from ghostlap.providers import (
    AuthenticationFailed,
    CompletionRequest,
    CompletionStream,
    Provider,
)
from ghostlap.telemetry import Attempt, AttemptOutcome, AttemptStage, Trace

DELAYS_S = {"swift": 0.0, "sixty": 0.06, "slow": 0.4}
SEPARATOR = "\x1e"


class Foreseen:
    def __init__(self, attempt: Attempt, texts: Sequence[str], delay_s: float) -> None:
        self.attempt = attempt
        self.alternatives: Sequence[str] = texts[1:]
        self._text = texts[0] if texts else ""
        self._delay_s = delay_s

    async def __aiter__(self) -> AsyncIterator[str]:
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        if self._text:
            self.attempt.stamp(AttemptStage.FIRST_TOKEN)
            yield self._text
        self.attempt.end(AttemptOutcome.COMPLETED if self._text else AttemptOutcome.EMPTY)


class Foreseeing:
    def __init__(self, name: str) -> None:
        self.name = name
        self._lines = os.environ["GHOSTLAP_TEST_LINES"].split(SEPARATOR)

    @asynccontextmanager
    async def _stream(
        self, request: CompletionRequest, trace: Trace
    ) -> AsyncIterator[CompletionStream]:
        attempt = trace.attempt(self.name, "foreseen")
        if self.name == "refused":
            attempt.end(AttemptOutcome.ERROR)
            raise AuthenticationFailed(self.name, "the key is wrong", "set key_env")
        typed = request.prefix.rpartition("\n")[2].lstrip()
        texts = [line[len(typed) :] for line in self._lines if typed and line.startswith(typed)]
        try:
            yield Foreseen(attempt, [text for text in texts if text], DELAYS_S[self.name])
        finally:
            attempt.end(AttemptOutcome.CENSORED)

    def stream(
        self, request: CompletionRequest, trace: Trace
    ) -> AbstractAsyncContextManager[CompletionStream]:
        return self._stream(request, trace)

    async def warm(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


class ForeseeingBackends:
    async def open(self, wanted: config.Config) -> Provider:
        return Foreseeing(wanted.primary)

    async def aclose(self) -> None:
        pass


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["serve"]):  # as the plugins run the rest of the command line
        sys.exit(main(sys.argv[1:]))
    set_up_logs(os.environ.get("GHOSTLAP_LOG", "warning"))
    sys.exit(serve(*config.load(), backends=ForeseeingBackends()))
