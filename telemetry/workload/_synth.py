"""From manuscripts to a workload: their keys, one after another, as edits with times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ghostlap.telemetry.workload._manuscript import Manuscript
from ghostlap.telemetry.workload._workload import Document, Edit, Place, Workload

__all__ = ["synthesise"]

_BETWEEN_FILES_S = 2.0
"""To open another file, and to find the place."""


def synthesise(
    manuscripts: Sequence[Manuscript], *, keys: int = 0, name: str = "", made_by: str = ""
) -> Workload:
    """Return what typing the manuscripts one by one comes to; `keys` at most of each, 0: all."""
    edits: list[Edit] = []
    for number, manuscript in enumerate(manuscripts):
        start_ms = edits[-1].at_ms + _BETWEEN_FILES_S * 1000 if edits else 0.0
        edits += islice(_edits(number, manuscript, start_ms), keys or None)
    first = manuscripts[0]
    return Workload(
        name=name or first.name,
        origin="synth",
        documents=[
            Document(each.name, each.language, each.before + each.after) for each in manuscripts
        ],
        edits=edits,
        seed=first.seed,
        gaps=first.gaps.source,
        made_by=made_by,
    )


def _edits(document: int, manuscript: Manuscript, at_ms: float) -> Iterator[Edit]:
    line = manuscript.before.count("\n")
    column = len(manuscript.before) - (manuscript.before.rfind("\n") + 1)
    for key in manuscript.keys_from(0):
        at_ms += key.pause_s * 1000
        start, end = Place(line, column - key.removes), Place(line, column)
        newlines = key.text.count("\n")
        yield Edit(at_ms, document, start, end, key.text, len(key.text), newlines)
        line += newlines
        tail = key.text.rpartition("\n")[2]
        column = len(tail) if newlines else start.column + len(tail)
