"""Deletes old telemetry while nobody waits for it: in a process of its own, once per server."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL
from pathlib import Path

__all__ = ["keep_to_retention"]

log = logging.getLogger(__name__)

_WAIT_S = 60.0
"""An editor that starts has other things to do, and many are closed again at once."""


async def keep_to_retention(database: Path, *, wait_s: float = _WAIT_S) -> None:
    """Run `ghostlap prune` after a while; end it with the server."""
    await asyncio.sleep(wait_s)
    command = ("-I", "-m", "ghostlap.lsp_server", "prune", "--db", str(database))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        if await process.wait():
            log.warning("Old telemetry could not be pruned; `ghostlap prune` says why.")
    finally:
        if process.returncode is None:
            process.kill()  # its transactions are whole, or undone
            await process.wait()
