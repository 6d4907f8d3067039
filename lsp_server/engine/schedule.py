"""How long to wait after a key before a provider is asked."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.quantiles import median, quantile
from ghostlap.telemetry import Stage, Trace, monotonic_ns

__all__ = ["INVOKED", "AdaptiveDebounce", "FixedDebounce", "Rhythm", "Schedule"]

INVOKED = 1  # LSP 3.18, InlineCompletionTriggerKind: the user asked for it, and waits

_OPENERS = ("(", "[", "{")

_GAPS_KEPT = 64  # the last ten seconds of typing, or so
_LONGEST_GAP_S = 1.0  # a longer one is no typing
_FIRST_GAPS_S = (0.08, 0.11, 0.14, 0.17, 0.24)
"""Until the user is known: quartiles about .11, .14 and .17 s, 70 words a minute (Dhakal et al.,
Observations on Typing from 136 Million Keystrokes, CHI 2018, have a mean of .24 s, fast ones .12).
"""
_REFRESHED_EVERY = 8
_ANSWERS_KEPT = 32


class Schedule(Protocol):
    usable_s: float | None
    """How long the provider takes to a usable text, as the median of late; None: not known."""

    def delay_s(self, snapshot: Snapshot, trace: Trace) -> float:
        """Seconds to wait from now on; 0 or less: none."""
        ...

    def typed(self, at_ns: int) -> None:
        """A key was typed."""
        ...

    def answered(self, usable_s: float) -> None:
        """The provider took so long from being asked to a usable text."""
        ...


@dataclass(slots=True)
class FixedDebounce:
    """The same wait after every key, counted from the arrival of its request."""

    debounce_s: float = 0.0
    usable_s: float | None = None

    def delay_s(self, snapshot: Snapshot, trace: Trace) -> float:  # noqa: ARG002 - see Schedule
        if not self.debounce_s or trace.trigger == INVOKED:
            return 0.0
        return _left(self.debounce_s, trace)

    def typed(self, at_ns: int) -> None:
        pass

    def answered(self, usable_s: float) -> None:
        pass


class Rhythm:
    """The gaps between one user's keys, of late. Used from one event loop alone."""

    def __init__(self) -> None:
        self._gaps_s: deque[float] = deque(_FIRST_GAPS_S, maxlen=_GAPS_KEPT)
        self._last_ns = 0
        self._new = 0
        self.burst_s = quantile(self._gaps_s, 0.25)
        """A gap as within a word."""
        self.median_s = median(self._gaps_s)

    def typed(self, at_ns: int) -> None:
        gap_s = (at_ns - self._last_ns) / 1e9
        self._last_ns = at_ns
        if not 0 < gap_s <= _LONGEST_GAP_S:
            return
        self._gaps_s.append(gap_s)
        self._new += 1
        if self._new >= _REFRESHED_EVERY:
            self._new = 0
            self.burst_s = quantile(self._gaps_s, 0.25)
            self.median_s = median(self._gaps_s)


class AdaptiveDebounce:
    """Waits so that wait and answer together take as long as the user's usual gap between keys.

    A provider that takes longer than that is asked at once; a quick one is asked when the key was
    not one of a burst, which is to say at the lower quartile of the gaps at the latest. After a new
    line or an opening bracket nobody waits: there a thought begins.
    """

    def __init__(self, rhythm: Rhythm, least_s: float, most_s: float) -> None:
        self._rhythm = rhythm
        self._least_s = min(least_s, most_s)
        self._most_s = most_s
        self._answers_s: deque[float] = deque(maxlen=_ANSWERS_KEPT)
        self.usable_s: float | None = None

    def delay_s(self, snapshot: Snapshot, trace: Trace) -> float:
        if not self._most_s or trace.trigger == INVOKED or _begins_a_thought(snapshot):
            return 0.0
        rhythm = self._rhythm
        wait_s = min(rhythm.burst_s, rhythm.median_s - (self.usable_s or 0.0))
        return _left(min(max(wait_s, self._least_s), self._most_s), trace)

    def typed(self, at_ns: int) -> None:
        self._rhythm.typed(at_ns)

    def answered(self, usable_s: float) -> None:
        self._answers_s.append(usable_s)
        self.usable_s = median(self._answers_s)


def _left(wait_s: float, trace: Trace) -> float:
    """What is left of a wait that began when the request arrived."""
    return wait_s - (monotonic_ns() - trace.stamps[Stage.REQUEST_RECEIVED]) / 1e9


def _begins_a_thought(snapshot: Snapshot) -> bool:
    before = snapshot.line_prefix
    return not before or before.isspace() or before.endswith(_OPENERS)
