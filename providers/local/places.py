"""Places in an index whose tokens may come next, each with the context that it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

if TYPE_CHECKING:
    from ghostlap.providers.local.query import Index, Numbered

__all__ = ["FAR_LINES", "Places", "Source", "Spelled"]

FAR_LINES = 1_000
"""Places as far away as that, or in another document, are not near."""


class Source(IntEnum):
    """Where an index's text comes from: the nearer to what is typed, the more it counts."""

    BUFFER = 0
    WORKSPACE = 1
    LIBRARY = 2


@dataclass(slots=True)
class Places:
    """Some places of one index. Arrays have a row for each; contexts stand nearest first."""

    index: Index
    nexts: NDArray[Any]
    """The token at each place."""
    tokens: NDArray[Any]
    """The `CONTEXT_TOKENS` tokens before it."""
    shapes: NDArray[Any]
    """The shape codes of these."""
    next_shaped: NDArray[Any]
    """Whether another word of its shape may take the next word's place."""
    query: Numbered
    """The query's context, as the index numbers it."""
    source: Source
    is_whole: bool = False
    """Whether there are no more: of another letter's places, all are among these."""
    distances: NDArray[Any] | None = None
    """Lines from the cursor, negative above it, `FAR_LINES` at most. None: all are as far."""


class Spelled(NamedTuple):
    """A word that begins as the half-typed one does, whatever it stands behind."""

    word: str
    share: float
    """How frequent it is among the words that begin so."""
    choice: int
    """How many words begin so."""
    seen: int = 0
    """How often it was seen, at most 12 times, in the open documents."""
    distance: float = 0.0
    """Lines from the cursor to the nearest of these; infinite in other documents."""
