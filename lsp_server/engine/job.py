"""One request of the client, and what is answered to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine.schedule import INVOKED
from ghostlap.telemetry import Outcome, Source, Stage, Trace

__all__ = ["Answer", "Job", "Suggestion"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    id: int
    """The sequence number of the keystroke that it answers."""
    text: str
    replaces: int = 0
    """How many code points right of the cursor it takes the place of."""


Answer: TypeAlias = Callable[[Outcome, Sequence[Suggestion]], None]
"""Called once per request, on the loop. Must not raise, nor call the engine."""


class Job:
    """One request, from `Engine.complete` until it is answered and all that it began has ended."""

    __slots__ = ("_record", "_under_way", "answer", "snapshot", "trace")

    def __init__(
        self, snapshot: Snapshot, trace: Trace, answer: Answer, record: Callable[[Trace], None]
    ) -> None:
        self.snapshot = snapshot
        self.trace = trace
        self.answer: Answer | None = answer
        """None once it was called."""
        self._record = record
        self._under_way = 0
        """How many requests to providers were begun for it, or may yet be, and have not ended."""

    @property
    def is_answered(self) -> bool:
        return self.answer is None

    @property
    def invoked(self) -> bool:
        """Whether the user asked for it, rather than the editor at a key."""
        return self.trace.trigger == INVOKED

    def reply(self, outcome: Outcome, suggestions: Sequence[Suggestion] = ()) -> bool:
        """Answer, unless that was done before; says whether it was not."""
        answer = self.answer
        if answer is None:
            return False
        self.answer = None
        self.trace.end(outcome)
        answer(outcome, suggestions)
        self.trace.stamp(Stage.RESPONSE_SENT)
        self._record_if_over()
        return True

    def serve(
        self, *texts: tuple[str, int], source: Source, text_from: int, at_ns: int = 0
    ) -> None:
        """Answer with texts and what each replaces, the first the one to be shown."""
        trace = self.trace
        trace.stamp(Stage.USABLE, at_ns)
        trace.source = source
        trace.text_from = text_from if text_from != trace.sequence else 0
        trace.text_length = len(texts[0][0])
        self.reply(Outcome.SERVED, [Suggestion(trace.sequence, *text) for text in texts])

    def began(self) -> None:
        """Something was begun whose attempts belong into this job's trace."""
        self._under_way += 1

    def ended(self) -> None:
        self._under_way -= 1
        self._record_if_over()

    def _record_if_over(self) -> None:
        if self.answer is not None or self._under_way:
            return
        if self.trace.unsettled:  # attempts that a policy lets run on
            self.trace.when_settled = self._record_if_over
        else:
            self._record(self.trace)
