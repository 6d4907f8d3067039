"""Simulated providers for a comparison: a process of their own, so that they slow no key."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ghostlap.lsp_server.commands import Failure
from ghostlap.lsp_server.harness.place import children_elsewhere
from ghostlap.lsp_server.launch import server_command

__all__ = ["simulators"]

_START_S = 20.0


@asynccontextmanager
async def simulators(
    names: Sequence[str], workload: Path, seed: int
) -> AsyncIterator[dict[str, str]]:
    """Play these profiles, and yield their addresses. Raises Failure."""
    *python, _serve = server_command()
    command = [*python, "simulate", "--json", "--seed", str(seed), "--workload", str(workload)]
    with children_elsewhere():
        process = await asyncio.create_subprocess_exec(
            *command, *names, stdout=asyncio.subprocess.PIPE, stderr=sys.stderr
        )
    try:
        assert process.stdout is not None, "it is a pipe"
        async with asyncio.timeout(_START_S):
            line = await process.stdout.readline()
        if not line:
            raise Failure("the simulated providers did not start")
        yield {name: row["base_url"] for name, row in json.loads(line).items()}
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
