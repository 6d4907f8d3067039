"""Types a block of a workload by its own clock, and notes what came back and when.

The clock waits for nobody: a server that is slow, or stands still, gets its next key when that is
due, and what it did not answer until then it has not served. Latency begins when a key was pressed;
how late that was is noted beside it, so that a busy machine is not taken for a slow server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ghostlap.lsp_server.harness.intent import Intent
from ghostlap.lsp_server.harness.target import Reply, Target
from ghostlap.telemetry import monotonic_ns
from ghostlap.telemetry.workload import Edit

__all__ = ["Stroke", "Typist"]

_READING_MS = 300.0  # to see that a suggestion is right, and to press Tab
_WORTH_ACCEPTING = 4  # a shorter one is typed sooner than read
_LAST_LOOK_MS = 1000.0  # behind a block's last key, unless the next one was due sooner


@dataclass(slots=True)
class Stroke:
    """One key. Times are monotonic; 0 where it did not happen."""

    index: int
    """Of its edit in the workload."""
    block: int
    due_ns: int
    pressed_ns: int
    until_ns: int = 0
    """When the next key made its answer worthless."""
    usable_ns: int = 0
    """When a text was read; before `until_ns`, or it does not count."""
    answered_ns: int = 0
    """When it was answered at all, be it with nothing, and be it too late."""
    text_length: int = 0
    accepted: int = 0
    """How many characters it brought, if it took a suggestion over."""
    error: str = ""

    @property
    def lag_ms(self) -> float:
        return (self.pressed_ns - self.due_ns) / 1e6

    @property
    def served(self) -> bool:
        return 0 < self.usable_ns < self.until_ns

    @property
    def waited_ms(self) -> float:
        """Until it was served, or until that was no use any more: see `served`."""
        return ((self.usable_ns if self.served else self.until_ns) - self.pressed_ns) / 1e6


class Typist:
    """Types one workload into one target. Used from one event loop.

    `clock_ns` is the loop's own clock, in nanoseconds.
    """

    def __init__(
        self,
        target: Target,
        *,
        accepts: bool = True,
        clock_ns: Callable[[], int] = monotonic_ns,
        turns_s: float = 0.0,
    ) -> None:
        """`turns_s` before a key is due the loop no longer sleeps but turns: its sleep ends at
        whole milliseconds. Where time is virtual it must be 0.
        """
        self._target = target
        self._accepts = accepts
        self._clock_ns = clock_ns
        self._turns_ns = round(turns_s * 1e9)
        self._ghost: Reply | None = None
        self._last: Stroke | None = None

    async def type_block(
        self, edits: Sequence[Edit], *, first: int, block: int, then_ms: float, into: list[Stroke]
    ) -> None:
        """Type `edits`, the workload's from `first` on; `then_ms` is the pause behind them.

        The strokes are put `into` the list as they are pressed.
        """
        intent = Intent(edits)
        start_ns = self._clock_ns()
        due_ns, at = start_ns, 0
        while at < len(edits):
            edit = edits[at]
            due_ns += self._pause_ns(edits, at)
            await self._until(due_ns)
            keys = 0 if self._ghost is None else self._wanted(intent, at)
            ghost = self._ghost
            if keys and ghost is not None:
                read_ns = ghost.at_ns + round(_READING_MS * 1e6)
                if read_ns > due_ns:  # a person's time, not the server's
                    due_ns = read_ns
                    await self._until(due_ns)
                self._target.accepted(ghost)
            text = ghost.text if keys and ghost is not None else edit.text or ""
            stroke = self._press(edit, text, due_ns, first + at, block, into)
            stroke.accepted = len(text) if keys else 0
            at += keys or 1
        last_ns = round(min(then_ms, _LAST_LOOK_MS) * 1e6)
        await self._until(self._clock_ns() + last_ns)
        self._end_last()

    def _pause_ns(self, edits: Sequence[Edit], at: int) -> int:
        return round((edits[at].at_ms - edits[at - 1].at_ms) * 1e6) if at else 0

    def _wanted(self, intent: Intent, at: int) -> int:
        """Return how many keys the suggestion on display saves, if a user would take it over."""
        assert self._ghost is not None, "the caller has looked"
        if not self._accepts or len(self._ghost.text) < _WORTH_ACCEPTING:
            return 0
        return intent.keys_saved(at, self._ghost.text)

    def _press(
        self, edit: Edit, text: str, due_ns: int, index: int, block: int, into: list[Stroke]
    ) -> Stroke:
        self._end_last()
        stroke = self._last = Stroke(index, block, due_ns, self._clock_ns())
        into.append(stroke)
        answered = partial(self._answered, stroke)
        self._target.edit(edit.document, edit.start, edit.end, text, answered)
        return stroke

    def _end_last(self) -> None:
        self._ghost = None
        if self._last is not None and not self._last.until_ns:
            self._last.until_ns = self._clock_ns()

    def _answered(self, stroke: Stroke, reply: Reply) -> None:
        stroke.answered_ns = reply.at_ns
        stroke.error = reply.error
        if reply.text.strip():
            stroke.usable_ns = reply.at_ns
            stroke.text_length = len(reply.text)
            if stroke is self._last and not stroke.until_ns:
                self._ghost = reply

    async def _until(self, at_ns: int) -> None:
        wait_ns = at_ns - self._turns_ns - self._clock_ns()
        if wait_ns > 0:
            await asyncio.sleep(wait_ns / 1e9)
        while self._turns_ns and self._clock_ns() < at_ns:  # noqa: ASYNC110 - time is the condition
            await asyncio.sleep(0)
