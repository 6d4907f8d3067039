"""The tasks of one server, owned in one place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from ghostlap.lsp_server.logs import log_failure

__all__ = ["Tasks"]

log = logging.getLogger(__name__)


class Tasks:
    """Runs coroutines until they end or `aclose` cancels them. Used from one event loop alone.

    Unlike in a TaskGroup, one that fails takes nobody along: it leaves a line in the log.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(
        self, work: Coroutine[Any, Any, None], *, then: Callable[[], None] | None = None
    ) -> asyncio.Task[None]:
        """Run `work` from the loop's next turn on, and `then` when it has ended, however it did.

        `then` is called also for a task that was cancelled before its first step.
        """
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(partial(self._ended, then))
        return task

    async def idle(self) -> None:
        """Wait until nothing runs."""
        while self._running:
            await asyncio.wait(self._running)

    async def aclose(self, timeout_s: float) -> None:
        """Cancel what runs, and wait for its end, for at most `timeout_s`."""
        running = set(self._running)
        if not running:
            return
        for task in running:
            task.cancel()
        _, left = await asyncio.wait(running, timeout=timeout_s)
        if left:
            log.warning("%d tasks did not end within %g s.", len(left), timeout_s)

    def _ended(self, then: Callable[[], None] | None, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_failure(log, "A task", error)
        if then is not None:
            then()
