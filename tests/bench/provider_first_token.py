"""From asking to the first token through each HTTP dialect, and through a bare socket beside it.

Through a provider: from `stream(request)` to the first piece of text, over a kept-alive connection.
Bare: the same request's bytes handed to a socket of asyncio's, until the bytes of the first token
are there; no HTTP is read. Both read the stream to its end. Block by block they take turns with the
same scripted provider, in a process of its own, which answers at once.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console

from ghostlap.providers import CompletionRequest, Provider
from ghostlap.providers._transport import Transport
from ghostlap.providers.catalog import catalog
from ghostlap.providers.registry import build
from ghostlap.providers.scripted_server import ScriptedServer
from ghostlap.telemetry import Trace, monotonic_ns
from tests.bench._figures import ratio, table
from tests.bench._scripted import FIRST, answer, scripted_provider

ROWS = {
    "openai chat": "openai",
    "openai completions, suffix": "openai-completions",
    "openai completions, FIM": "vllm",
    "openai responses": "openai-responses",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "mistral FIM": "codestral",
    "mercury FIM": "mercury",
    "ollama": "ollama",
    "llama.cpp": "llama-cpp",
    "tgi": "tgi",
}
"""By what is shown: the row of the catalogue whose settings stand for the dialect."""

REQUEST = CompletionRequest(
    prefix="def weigh(value: float, scale: float) -> float:\n" * 80 + "    return ",
    suffix="\n\n\nprint(weigh(1.0, 2.0))\n" * 40,
    language="python",
    path="src/weigh.py",
)
END = b"0\r\n\r\n"

Once = Callable[[], Awaitable[float]]
"""Asks once and returns the ms to the first token."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The blocks of one dialect, in ms, round by round."""

    name: str
    provider: list[list[float]]
    bare: list[list[float]]


def provider_at(port: int, row: str, transport: Transport) -> Provider:
    settings = catalog()[row].settings
    path = urlsplit(settings.base_url).path
    settings = replace(
        settings,
        base_url=f"http://127.0.0.1:{port}{path}",
        model=settings.model or "bench",
        key_env="",
    )
    return build(row, settings, transport)


async def ask_provider(provider: Provider) -> float:
    begun_ns = monotonic_ns()
    first_ns = 0
    async with provider.stream(REQUEST, Trace(1)) as stream:
        async for _ in stream:
            first_ns = first_ns or monotonic_ns()
    return (first_ns - begun_ns) / 1e6


async def message_of(row: str) -> bytes:
    """The request that the provider sends, byte for byte but for the order of its headers."""
    async with ScriptedServer(lambda _: answer()) as server:
        transport = Transport()
        try:
            await ask_provider(provider_at(server.port, row, transport))
        finally:
            await transport.aclose()
        request = server.requests[0]
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join([f"{request.method} {request.path} HTTP/1.1", *lines, "", ""])
    return head.encode() + request.body


async def ask_bare(connection: socket.socket, message: bytes) -> float:
    loop = asyncio.get_running_loop()
    received = b""
    first_ns = 0
    begun_ns = monotonic_ns()
    await loop.sock_sendall(connection, message)
    while not received.endswith(END):
        received += await loop.sock_recv(connection, 65_536)
        if not first_ns and FIRST.encode() in received:
            first_ns = monotonic_ns()
    return (first_ns - begun_ns) / 1e6


async def block(once: Once, size: int) -> list[float]:
    for _ in range(5):
        await once()
    return [await once() for _ in range(size)]


async def compare(name: str, row: str, port: int, arguments: argparse.Namespace) -> Pair:
    message = await message_of(row)
    transport = Transport()
    provider = provider_at(port, row, transport)
    pair = Pair(name, [], [])
    try:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setblocking(False)
            for _ in range(arguments.rounds):
                bare = await block(lambda: ask_bare(connection, message), arguments.requests)
                pair.bare.append(bare)
                through = await block(lambda: ask_provider(provider), arguments.requests)
                pair.provider.append(through)
    finally:
        await provider.aclose()
        await transport.aclose()
    return pair


async def compare_all(port: int, arguments: argparse.Namespace) -> list[Pair]:
    return [await compare(name, row, port, arguments) for name, row in ROWS.items()]


def cells(pair: Pair) -> tuple[Any, ...]:
    times = ratio(pair.provider, pair.bare)
    bare, through = (median(chain(*blocks)) for blocks in (pair.bare, pair.provider))
    return (
        pair.name,
        f"{through:.3f}",
        f"{bare:.3f}",
        f"{through - bare:.3f}",
        f"{times.middle:.2f}x",
        f"{times.low:.2f} to {times.high:.2f}",
    )


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="provider_first_token", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="no target is set: changes nothing")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--requests", type=int, default=40, help="in a block")
    arguments = parser.parse_args(argv)
    with scripted_provider() as port:
        pairs = asyncio.run(compare_all(port, arguments))
    header = ("dialect", "provider", "bare", "more by", "times", "half of the rounds")
    table(Console(width=110), "to the first token, p50 in ms", header, map(cells, pairs))
    return 0
