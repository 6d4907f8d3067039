"""How long to wait after a key before a provider is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.telemetry import Stage, Trace, monotonic_ns

__all__ = ["FixedDebounce", "Schedule"]

INVOKED = 1  # LSP 3.18, InlineCompletionTriggerKind: the user asked for it, and waits


class Schedule(Protocol):
    def delay_s(self, snapshot: Snapshot, trace: Trace) -> float:
        """Seconds to wait from now on; 0 or less: none."""
        ...


@dataclass(frozen=True, slots=True)
class FixedDebounce:
    """The same wait after every key, counted from the arrival of its request."""

    debounce_s: float = 0.0

    def delay_s(self, snapshot: Snapshot, trace: Trace) -> float:  # noqa: ARG002 - see Schedule
        if not self.debounce_s or trace.trigger == INVOKED:
            return 0.0
        return self.debounce_s - (monotonic_ns() - trace.stamps[Stage.REQUEST_RECEIVED]) / 1e9
