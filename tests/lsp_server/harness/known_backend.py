"""Backends whose every draw is known: over TCP, each connection another one. Prints its port.

The first line of a connection is `SEED MEDIAN_MS SPREAD TAIL`, each further one a number; the same
number comes back after a log-normal time, that share of them after four times as long.
"""

from __future__ import annotations

import asyncio
from math import log
from random import Random


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    seed, *speed = (await reader.readline()).split()
    random = Random(seed)
    median_ms, spread, tail = map(float, speed)
    loop = asyncio.get_running_loop()
    while line := await reader.readline():
        drawn_ms = random.lognormvariate(log(median_ms), spread)
        drawn_ms *= 4 if random.random() < tail else 1
        loop.call_later(drawn_ms / 1000, writer.write, line)


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - for whoever started it
    await server.serve_forever()


asyncio.run(main())
