"""What the typist means to write, key by key: whether a suggestion is right, and what it saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ghostlap.telemetry.workload import Edit, Place

__all__ = ["Intent"]

_LONGEST_RUN = 500


@dataclass(slots=True)
class _Run:
    """Keys that go on from one another at one cursor; what each of them left behind."""

    texts: list[str]
    """Before each key, and behind the last: what the run has written so far."""
    first: int
    shortest: list[int]
    """Of `texts`, from each on: behind it nothing is taken back beyond that."""


class Intent:
    """Looks ahead in some edits that are typed one after another."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._runs: list[_Run] = []
        self._run_of: list[int] = []
        for index, edit in enumerate(edits):
            before = edits[index - 1] if index else None
            if before is None or not self._goes_on(before, edit):
                self._runs.append(_Run([""], index, []))
            run = self._runs[-1]
            removed = edit.end.column - edit.start.column if edit.end != edit.start else 0
            so_far = run.texts[-1]
            run.texts.append(so_far[: len(so_far) - removed] + (edit.text or ""))
            self._run_of.append(len(self._runs) - 1)
        for run in self._runs:
            shortest = len(run.texts[-1])
            for text in reversed(run.texts):
                shortest = min(shortest, len(text))
                run.shortest.append(shortest)
            run.shortest.reverse()

    def keys_saved(self, index: int, text: str) -> int:
        """Return how many keys, from `index` on, write just `text`; 0 where none do."""
        run = self._runs[self._run_of[index]]
        at = index - run.first
        wanted = run.texts[at] + text
        if not run.texts[-1].startswith(wanted):
            return 0
        for later in range(at + 1, len(run.texts)):
            if run.texts[later] == wanted and run.shortest[later] >= len(wanted):
                return later - at
        return 0

    def _goes_on(self, before: Edit, edit: Edit) -> bool:
        run = self._runs[-1]
        removed = edit.end.column - edit.start.column
        return (
            before.document == edit.document
            and edit.end == _cursor(before)
            and edit.start.line == edit.end.line
            and len(run.texts) < _LONGEST_RUN
            and removed <= len(run.texts[-1])
        )


def _cursor(edit: Edit) -> Place:
    """Return where the cursor stands behind an edit."""
    text = edit.text or ""
    newlines = text.count("\n")
    tail = text.rpartition("\n")[2]
    column = len(tail) if newlines else edit.start.column + len(tail)
    return Place(edit.start.line + newlines, column)
