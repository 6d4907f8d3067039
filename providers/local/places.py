"""Places in an index whose tokens may come next, each with the context that it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from ghostlap.providers.local.query import Index

__all__ = ["Places", "Source"]


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
    query_tokens: list[int]
    """The query's context, as the index numbers it."""
    query_shapes: list[int]
    source: Source
    distances: NDArray[Any] | None = None
    """Lines from the cursor, negative above it; infinite in other documents. None: all are so."""
    shares: NDArray[Any] | None = None
    """Of a place found by its half-typed word alone: how frequent the word is. Else 0."""
