"""The documents of a replay, as an editor would have them."""

from __future__ import annotations

from ghostlap.telemetry.workload import Place, Workload

__all__ = ["Page", "final_texts"]


class Page:
    """One text, as its lines. Lines end at LF alone, as those of workloads do."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self.cursor = Place(0, 0)

    @property
    def text(self) -> str:
        return "\n".join(self._lines)

    def line(self, number: int) -> str:
        return self._lines[number] if number < len(self._lines) else ""

    def replace(self, start: Place, end: Place, text: str) -> None:
        """Put `text` in place of what stands from `start` to `end`, and the cursor behind it."""
        head = self.line(start.line)[: start.column]
        tail = self.line(end.line)[end.column :]
        new = (head + text).split("\n")
        self.cursor = Place(start.line + len(new) - 1, len(new[-1]))
        new[-1] += tail
        self._lines[start.line : end.line + 1] = new


def final_texts(workload: Workload) -> list[str]:
    """Return what the documents hold after all edits."""
    pages = [Page(each.text or "") for each in workload.documents]
    for edit in workload.edits:
        pages[edit.document].replace(edit.start, edit.end, edit.text or "")
    return [each.text for each in pages]
