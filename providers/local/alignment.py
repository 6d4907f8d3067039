"""How much the context of a place resembles the query's, token by token backwards.

Where the two differ in words of one shape, the pair is remembered. If the place goes on with the
one, the query is taken to go on with the other: `self.width = width` tells what follows
`self.height = `.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghostlap.providers.local.places import Places
from ghostlap.providers.local.query import CONTEXT_TOKENS, Query
from ghostlap.providers.local.words import ITSELF

__all__ = ["Alignments", "align"]

_EARLIER = np.tril(np.ones((CONTEXT_TOKENS, CONTEXT_TOKENS), bool), -1)
_COLUMNS = np.arange(CONTEXT_TOKENS)


class Alignments(NamedTuple):
    """A row for each place of each index, in their order."""

    exact: NDArray[Any]
    """Tokens that are the same, up to the first that is not."""
    exact_total: NDArray[Any]
    """Tokens that are the same within the aligned ones."""
    aligned: NDArray[Any]
    """Tokens that are the same or words of the same shape, up to the first that is neither."""
    conflicts: NDArray[Any]
    """Aligned tokens whose word stands for another one nearer to the cursor, where it matters: in
    the rows in which a word takes the next word's place."""
    renamed: NDArray[Any]
    """Which word of the context takes the next word's place; -1 where none does."""


def align(places: Sequence[Places], query: Query) -> Alignments:
    tokens = np.concatenate([each.tokens for each in places])
    same = np.concatenate([each.tokens == each.query_tokens for each in places])
    alike = np.concatenate([each.shapes == each.query_shapes for each in places])
    shaped = np.concatenate([each.shapes < ITSELF for each in places])
    nexts = np.concatenate([each.nexts for each in places]) >> 1
    rebindable = np.concatenate([each.next_shaped for each in places])
    exact = _run(same)
    aligned = _run(alike)
    inside = aligned[:, None] > _COLUMNS
    same &= inside
    words = tokens >> 1
    named = inside & shaped
    hit = words == nexts[:, None]
    hit &= named
    first = hit.argmax(1)
    renamed = np.where(rebindable & hit.any(1), first, -1)
    conflicts = np.zeros(len(nexts), np.int64)
    rows = ((aligned > exact) & (renamed >= 0)).nonzero()[0]
    if len(rows):
        conflicts[rows] = _conflicts(words[rows], named[rows], query)
    return Alignments(exact, same.sum(1), aligned, conflicts, renamed)


def _run(agrees: NDArray[Any]) -> NDArray[Any]:
    """Return how many columns agree before the first that does not, for each row."""
    first: NDArray[Any] = agrees.argmin(1)
    first[agrees.all(1)] = agrees.shape[1]
    return first


def _conflicts(words: NDArray[Any], named: NDArray[Any], query: Query) -> NDArray[Any]:
    seen: dict[str | int, int] = {}
    own = np.array([seen.setdefault(word, len(seen)) for word in query.words])
    other = _EARLIER & (own[:, None] != own[None, :])
    equal = words[:, :, None] == words[:, None, :]
    equal &= other
    equal &= named[:, :, None]
    equal &= named[:, None, :]
    found: NDArray[Any] = equal.any(2).sum(1)
    return found
