"""`make soak`: the same with real processes, pipes, sockets and time.

A hundred comparisons of two servers, many at a time, since all of them wait most of the time; the
backends behind the servers are asked over TCP, and their distributions are known.
"""

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import numpy as np
import pytest

from ghostlap.lsp_server.harness.arms import start, their_arm
from ghostlap.lsp_server.harness.blocks import blocks, order
from ghostlap.lsp_server.harness.figures import figures
from ghostlap.lsp_server.harness.place import children_elsewhere, typists_place
from ghostlap.lsp_server.harness.target import LspTarget
from ghostlap.lsp_server.harness.typist import Stroke, Typist
from ghostlap.telemetry.workload import (
    Document,
    Edit,
    Workload,
    take_out,
    write_workload,
)
from tests.lsp_server.harness.soak_known_answers import (
    NEEDED,
    RUNS,
    SOURCE,
    Speed,
    edits,
    is_recovered,
    width,
)

HERE = Path(__file__).parent
GHOSTLAP = (sys.executable, "-I", "-m", "ghostlap.lsp_server")
AT_A_TIME = 50
KEYS = 240
SPEEDS = (Speed(120), Speed(220, 0.5))


@pytest.mark.timeout(900)
async def test_the_true_curves_lie_within_their_intervals_over_real_sockets() -> None:
    script = edits(KEYS)
    seen: list[list[list[Stroke]]] = []
    for first in range(0, RUNS, AT_A_TIME):
        seen += await at_once(range(first, min(first + AT_A_TIME, RUNS)), script)
    recovered, widest = 0, 0.0
    for seed, strokes in enumerate(seen):
        found = [figures(each, seed, arms=2) for each in strokes]
        recovered += all(map(is_recovered, SPEEDS, strokes, found))
        widest = max(widest, *map(width, found))
    lags = [each.lag_ms for run in seen for arm in run for each in arm]
    print(  # noqa: T201 - for whoever runs it
        f"recovered in {recovered} of {RUNS} runs; intervals up to {widest:.3f} wide; "
        f"{len(lags)} keys, late by {np.percentile(lags, 50):.2f} ms (p50), "
        f"{np.percentile(lags, 99):.2f} (p99)"
    )
    assert recovered >= NEEDED
    assert widest < 0.35, "an interval that holds anything is no recovery"


async def at_once(seeds: Sequence[int], script: list[Edit]) -> list[list[list[Stroke]]]:
    async with backend() as port, asyncio.TaskGroup() as answers, AsyncExitStack() as stack:
        with children_elsewhere():
            typists = [
                [await typist(stack, answers, port, f"{seed}.{arm}") for arm in range(len(SPEEDS))]
                for seed in seeds
            ]
        with still(), typists_place():
            return await asyncio.gather(*map(typed, typists, [script] * len(seeds), seeds))


@asynccontextmanager
async def backend() -> AsyncIterator[int]:
    command = (sys.executable, str(HERE / "known_backend.py"))
    with children_elsewhere():
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield int(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


async def typist(stack: AsyncExitStack, answers: asyncio.TaskGroup, port: int, name: str) -> Typist:
    speed = SPEEDS[int(name.partition(".")[2])]
    spec = f"{name} {speed.median_ms} {speed.spread} {speed.tail}"
    server = their_arm((sys.executable, str(HERE / "known_server.py"), str(port), spec))
    started = await stack.enter_async_context(start(server))
    target = LspTarget(started.client, started.root, answers)
    target.open(0, Document("a.py", "python", opening()))
    return Typist(target, accepts=False, turns_s=0.0015)


def opening() -> str:
    manuscript = take_out(SOURCE.name, "python", SOURCE.read_text("utf-8") * 4, KEYS, seed=5)
    assert manuscript is not None
    return manuscript.before + manuscript.after


async def typed(typists: Sequence[Typist], script: list[Edit], seed: int) -> list[list[Stroke]]:
    """Take turns in shuffled blocks, as a bench does; begin a little after one another."""
    await asyncio.sleep(seed % AT_A_TIME * 0.037)
    cut = blocks(script, 15)
    strokes: list[list[Stroke]] = [[] for _ in typists]
    for block, arms in zip(cut, order(len(cut), len(typists), seed), strict=True):
        for arm in arms:
            await typists[arm].type_block(
                block.edits,
                first=block.first,
                block=block.number,
                then_ms=block.then_ms,
                into=strokes[arm],
            )
    return strokes


@contextmanager
def still() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.timeout(400)
def test_a_real_server_that_freezes_is_reported_in_full(tmp_path: Path) -> None:
    """`ghostlap bench` itself; the server stands still for two seconds of thirty."""
    workload = tmp_path / "w.jsonl"
    text = opening()
    write_workload(workload, Workload("a", "synth", [Document("a.py", "python", text)], edits(300)))
    server = f"{sys.executable} {HERE / 'known_server.py'} 0 freeze=2,30"
    done = subprocess.run(
        [*GHOSTLAP, "bench", str(workload), "--target", server, "--no-accept", "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    told = json.loads(done.stdout)["arms"][0]["figures"]
    print({each: told[each] for each in told if each.startswith(("answered", "lag", "served"))})  # noqa: T201
    assert told["keys"] == 300, "no key waited for it"
    assert 1500 < told["answered_max_ms"] < 2100
    assert told["answered_p99_ms"] > 1000, "a closed loop would have seen one slow request"
    assert told["answered_p50_ms"] < 20
    assert told["censored"] > 5
