"""Where traces go: the protocol that the server knows, and two recorders without a file."""

from __future__ import annotations

from typing import Protocol

from ghostlap.telemetry._clock import monotonic_ns
from ghostlap.telemetry._feedback import Feedback, FeedbackKind
from ghostlap.telemetry._session import Session
from ghostlap.telemetry._trace import Trace

__all__ = ["MemoryRecorder", "NullRecorder", "Recorder"]


class Recorder(Protocol):
    """Keeps traces and what the editor reports of them. Used from one event loop.

    Nothing here raises or waits for a disk, but for `close`, which waits.
    """

    @property
    def session(self) -> str:
        """Names this run of the server in the store: 32 hexadecimal digits, or empty."""
        ...

    @property
    def lost(self) -> int:
        """Traces and feedback that were recorded and could not be kept."""
        ...

    def record(self, trace: Trace) -> None:
        """Keep `trace` as it stands now.

        A trace may be recorded again when more is known of it: the later state replaces the earlier
        one of the same sequence number.
        """
        ...

    def record_feedback(
        self, sequence: int, kind: FeedbackKind, *, at_ns: int = 0, length: int = 0
    ) -> None:
        """Keep what became of the suggestion of keystroke `sequence` (`at_ns`: now if 0)."""
        ...

    def close(self, timeout_s: float = 2.0) -> bool:
        """Write what is left; False when that took longer than `timeout_s` and was abandoned.

        Blocks for as long. What is recorded from now on counts as lost.
        """
        ...


class NullRecorder:
    """Keeps nothing: for a user who has switched telemetry off."""

    session = ""
    lost = 0

    def record(self, trace: Trace) -> None:
        pass

    def record_feedback(
        self, sequence: int, kind: FeedbackKind, *, at_ns: int = 0, length: int = 0
    ) -> None:
        pass

    def close(self, timeout_s: float = 2.0) -> bool:  # noqa: ARG002 - the protocol's
        return True


class MemoryRecorder:
    """Keeps everything in lists: the fake for tests, and for a run that leaves no file."""

    def __init__(self) -> None:
        self.session = Session().uuid
        self.lost = 0
        self.feedback: list[Feedback] = []
        self._traces: dict[int, Trace] = {}
        self._closed = False

    @property
    def traces(self) -> list[Trace]:
        """Copies of what was recorded, one per sequence number, in the order of first recording."""
        return list(self._traces.values())

    def record(self, trace: Trace) -> None:
        if self._closed:
            self.lost += 1
        else:
            self._traces[trace.sequence] = trace.copy()

    def record_feedback(
        self, sequence: int, kind: FeedbackKind, *, at_ns: int = 0, length: int = 0
    ) -> None:
        if self._closed:
            self.lost += 1
        else:
            self.feedback.append(Feedback(sequence, kind, at_ns or monotonic_ns(), length))

    def close(self, timeout_s: float = 2.0) -> bool:  # noqa: ARG002 - the protocol's
        self._closed = True
        return True
