"""What a workload is: documents, and the edits that somebody made in them, with their times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

__all__ = ["Document", "Edit", "Place", "Workload"]


class Place(NamedTuple):
    """Between two characters: a line, and code points within it, both from 0."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """A text as it was before the first edit."""

    name: str
    """Of the file, without a folder; where texts are not kept an extension alone."""
    language: str
    text: str | None
    """None where only shapes are kept."""

    def without_text(self) -> Document:
        dot, extension = self.name.rpartition(".")[1:]
        return Document(dot + extension if dot else "", self.language, None)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change, as one key makes it: what stands from `start` to `end` makes way for `text`."""

    at_ms: float
    """Since the workload began. Never falls."""
    document: int
    """Its index among the workload's documents."""
    start: Place
    end: Place
    text: str | None
    """None where only shapes are kept."""
    chars: int
    """How many code points came."""
    newlines: int = 0
    """How many of them end a line."""
    accepted: bool = False
    """Whether it took a suggestion over; it was no typing, then."""

    def without_text(self) -> Edit:
        return replace(self, text=None)


@dataclass(frozen=True, slots=True)
class Workload:
    """Some minutes of typing."""

    name: str
    origin: str
    """`synth` or `recorded`."""
    documents: Sequence[Document]
    edits: Sequence[Edit]
    seed: int = 0
    gaps: str = ""
    """Where the times between the keys come from."""
    made_by: str = ""

    @property
    def has_text(self) -> bool:
        """Whether it can be typed: without text it holds times and shapes alone."""
        texts = [each.text for each in self.documents] + [each.text for each in self.edits]
        return None not in texts

    def shapes_only(self) -> Workload:
        documents = [each.without_text() for each in self.documents]
        edits = [each.without_text() for each in self.edits]
        return replace(self, name="", documents=documents, edits=edits)
