"""The last keystrokes of a session, for what becomes known of them only later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ghostlap.telemetry._feedback import EditorTimes
from ghostlap.telemetry._recorder import stamp_editor_times
from ghostlap.telemetry._trace import Attempt, Role, Trace

__all__ = ["Recent", "decisive_attempt"]

_LIMIT = 512
"""Keystrokes kept, of about 2 kB each: a minute of fast typing."""


class Recent:
    """Keeps traces, the editor's times that came early, and who waits for whose provider."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._traces: dict[int, Trace] = {}
        self._early: dict[int, list[EditorTimes]] = {}
        self._waiting: dict[int, list[int]] = {}
        """By keystroke not seen yet, those that were served with its text."""
        self._accepted: dict[int, bool] = {}

    def add(self, trace: Trace) -> list[Trace]:
        """Keep `trace`; returns what is to be written now: it, and whoever waited for it."""
        known = self._traces.get(trace.sequence)
        self._traces[trace.sequence] = trace
        for times in self._early.get(trace.sequence, ()):
            stamp_editor_times(trace, times)
        if known is None and trace.text_from and trace.text_from not in self._traces:
            self._waiting.setdefault(trace.text_from, []).append(trace.sequence)
        _trim(self._traces, self._limit)
        _trim(self._waiting, self._limit)
        waiting = self._waiting.pop(trace.sequence, ())
        return [trace, *(self._traces[each] for each in waiting if each in self._traces)]

    def apply(self, times: EditorTimes) -> Trace | None:
        """Note the editor's times; returns the trace to write again, where there is one."""
        self._early.setdefault(times.sequence, []).append(times)
        _trim(self._early, self._limit)
        trace = self._traces.get(times.sequence)
        if trace is not None:
            stamp_editor_times(trace, times)
        return trace

    def accept(self, sequence: int) -> None:
        """Note that a suggestion was taken over: perhaps before its trace is recorded."""
        self._accepted[sequence] = True
        _trim(self._accepted, self._limit)

    def accepted(self, trace: Trace) -> bool:
        return trace.sequence in self._accepted

    def author(self, trace: Trace) -> Attempt | None:
        """The attempt that a keystroke is counted under: of the one whose text it was served."""
        if trace.text_from and trace.text_from in self._traces:
            attempts = self._traces[trace.text_from].attempts
            return decisive_attempt(attempts) or (attempts[-1] if attempts else None)
        return decisive_attempt(trace.attempts)


def decisive_attempt(attempts: Sequence[Attempt]) -> Attempt | None:
    """The winner, else the primary one; what only measures, or asks ahead, decides nothing."""
    own = [each for each in attempts if each.role not in (Role.SHADOW, Role.SPECULATIVE)]
    return max(own, key=lambda each: (each.won, each.role is not Role.BACKUP), default=None)


def _trim(kept: dict[int, Any], limit: int) -> None:
    while len(kept) > limit:
        del kept[next(iter(kept))]
