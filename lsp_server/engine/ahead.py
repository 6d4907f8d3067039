"""Asking ahead of need: what would be wanted next if the suggestion on display were accepted.

Worth it while a suggestion is looked at, or typed to its end; and never more than a share of the
requests that are asked for by keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ghostlap.lsp_server.engine.advance import Rest
from ghostlap.lsp_server.engine.job import Job
from ghostlap.telemetry import LaunchReason, Role, Trace

__all__ = ["Budget", "Glance", "mark_as_ahead"]

_LOOKED_AT_S = 0.3
"""On display for so long without a key, a text is being read rather than typed past: the upper
quartile of the gaps between keys is below .2 s."""

_MOST_SAVED = 5.0
_AT_FIRST = 2.0
_NEARLY = 0.5
"""So much of a suggestion typed, and its end is likely to be reached."""


@dataclass(slots=True)
class Budget:
    """A bucket: each request that a key asked for adds a share of one, each one ahead takes one."""

    share: float
    """How many requests ahead of need there may be to each other one; 0: none."""
    saved: float = _AT_FIRST

    def earn(self) -> None:
        self.saved = min(_MOST_SAVED, self.saved + self.share)

    def spend(self) -> bool:
        """Take one, if there is one."""
        if self.share <= 0 or self.saved < 1:
            return False
        self.saved -= 1
        return True


class Glance:
    """What is on display until the next key: tells when to ask what comes behind it."""

    def __init__(self, ask: Callable[[Job, Rest], None]) -> None:
        self._ask = ask
        self._timer: asyncio.TimerHandle | None = None
        self._job: Job | None = None
        """Whose trace is kept open: what is asked then belongs into it."""

    def look(self, job: Job, rest: Rest, typed: int) -> None:
        """Begin to look at `rest` of a suggestion, `typed` characters of which stand there."""
        if typed and typed >= (typed + len(rest.text)) * _NEARLY:
            self._ask(job, rest)
            return
        self._job = job
        job.began()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_LOOKED_AT_S, self._read, job, rest)

    def look_away(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        job, self._job = self._job, None
        if job is not None:
            job.ended()

    def _read(self, job: Job, rest: Rest) -> None:
        self._ask(job, rest)
        self.look_away()


def mark_as_ahead(trace: Trace, start: int) -> None:
    """Mark the attempts of a trace from the one at `start` on as asked before they were needed."""
    for attempt in trace.attempts[start:]:
        attempt.role = Role.SPECULATIVE
        attempt.launch_reason = LaunchReason.SPECULATION
