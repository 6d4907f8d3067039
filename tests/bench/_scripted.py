"""The scripted provider in a process of its own: prints its port, and ends with its stdin."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

from ghostlap.providers.scripted_dialects import Answer
from ghostlap.providers.scripted_server import ScriptedServer
from tests.bench._driver import ROOT

__all__ = ["FIRST", "answer", "scripted_provider"]

FIRST = "zeta"
"""The first token of the answer, which stands nowhere in a request."""


def answer() -> Answer:
    return Answer(pieces=(FIRST, "(alpha", ", beta", ")", *(f" + gamma_{n}" for n in range(16))))


@contextmanager
def scripted_provider() -> Iterator[int]:
    """The port of a scripted provider that gives every request the same answer, at once."""
    command = [sys.executable, "-m", __name__]
    with Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def _serve() -> None:
    async with ScriptedServer(lambda _: answer()) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
