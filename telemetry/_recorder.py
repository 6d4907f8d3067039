"""Where traces go: the protocol that the server knows, and two recorders without a file."""

from __future__ import annotations

from typing import Protocol

from ghostlap.telemetry._clock import monotonic_ns
from ghostlap.telemetry._feedback import EditorTimes, Feedback, FeedbackKind
from ghostlap.telemetry._session import Session
from ghostlap.telemetry._trace import Stage, Trace

__all__ = ["MemoryRecorder", "NullRecorder", "Recorder", "stamp_editor_times"]


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
        self,
        sequence: int,
        kind: FeedbackKind,
        *,
        at_ns: int = 0,
        length: int = 0,
        after_s: int = 0,
    ) -> None:
        """Keep what became of the suggestion of keystroke `sequence` (`at_ns`: now if 0).

        `length` counts the characters taken over, or still there; `after_s` goes with `PERSISTED`.
        """
        ...

    def record_editor_times(
        self,
        sequence: int,
        *,
        keystroke_ns: int = 0,
        received_ns: int = 0,
        rendered_ns: int = 0,
        hidden_ns: int = 0,
    ) -> None:
        """Keep when the editor says that things happened around keystroke `sequence`.

        On this process's monotonic clock: matching the clocks is the caller's work. 0: not said.
        May come before the trace is recorded, and more than once; what comes later than about 500
        keystrokes after it is dropped.
        """
        ...

    def close(self, timeout_s: float = 2.0) -> bool:
        """Write what is left; False when that took longer than `timeout_s` and was abandoned.

        Blocks for as long. What is recorded from now on counts as lost.
        """
        ...


def stamp_editor_times(trace: Trace, times: EditorTimes) -> None:
    """Put the editor's times into `trace`; what is said later replaces what was said before."""
    for stage, at_ns in (
        (Stage.KEYSTROKE, times.keystroke_ns),
        (Stage.RESPONSE_RECEIVED, times.received_ns),
        (Stage.RENDERED, times.rendered_ns),
        (Stage.HIDDEN, times.hidden_ns),
    ):
        if at_ns:
            trace.stamps[stage] = at_ns


class NullRecorder:
    """Keeps nothing: for a user who has switched telemetry off."""

    session = ""
    lost = 0

    def record(self, trace: Trace) -> None:
        pass

    def record_feedback(
        self,
        sequence: int,
        kind: FeedbackKind,
        *,
        at_ns: int = 0,
        length: int = 0,
        after_s: int = 0,
    ) -> None:
        pass

    def record_editor_times(
        self,
        sequence: int,
        *,
        keystroke_ns: int = 0,
        received_ns: int = 0,
        rendered_ns: int = 0,
        hidden_ns: int = 0,
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
        self._early: dict[int, list[EditorTimes]] = {}
        self._closed = False

    @property
    def traces(self) -> list[Trace]:
        """Copies of what was recorded, one per sequence number, in the order of first recording."""
        return list(self._traces.values())

    def record(self, trace: Trace) -> None:
        if self._closed:
            self.lost += 1
            return
        kept = self._traces[trace.sequence] = trace.copy()
        for times in self._early.get(trace.sequence, ()):
            stamp_editor_times(kept, times)

    def record_feedback(
        self,
        sequence: int,
        kind: FeedbackKind,
        *,
        at_ns: int = 0,
        length: int = 0,
        after_s: int = 0,
    ) -> None:
        if self._closed:
            self.lost += 1
        else:
            at_ns = at_ns or monotonic_ns()
            self.feedback.append(Feedback(sequence, kind, at_ns, length, after_s))

    def record_editor_times(
        self,
        sequence: int,
        *,
        keystroke_ns: int = 0,
        received_ns: int = 0,
        rendered_ns: int = 0,
        hidden_ns: int = 0,
    ) -> None:
        if self._closed:
            self.lost += 1
            return
        times = EditorTimes(sequence, keystroke_ns, received_ns, rendered_ns, hidden_ns)
        self._early.setdefault(sequence, []).append(times)
        if sequence in self._traces:
            stamp_editor_times(self._traces[sequence], times)

    def close(self, timeout_s: float = 2.0) -> bool:  # noqa: ARG002 - the protocol's
        self._closed = True
        return True
