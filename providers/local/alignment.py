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
_INSIDE = np.tri(CONTEXT_TOKENS + 1, CONTEXT_TOKENS, -1, dtype=np.bool_)
"""By how many are aligned, which."""
_ROWS = np.arange(512)


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
    rows = sum([len(each.nexts) for each in places])
    tokens = np.empty((rows, CONTEXT_TOKENS), np.int32)
    nexts = np.empty(rows, np.int32)
    rebindable = np.empty(rows, np.bool_)
    # With one column more, in which nothing agrees.
    same = np.zeros((rows, CONTEXT_TOKENS + 1), np.bool_)
    alike = np.zeros((rows, CONTEXT_TOKENS + 1), np.bool_)
    shaped = np.empty((rows, CONTEXT_TOKENS), np.bool_)
    start = 0
    for each in places:
        stop = start + len(each.nexts)
        tokens[start:stop] = each.tokens
        nexts[start:stop] = each.nexts
        rebindable[start:stop] = each.next_shaped
        np.equal(each.tokens, each.query.token_array, out=same[start:stop, :-1])
        np.equal(each.shapes, each.query.shape_array, out=alike[start:stop, :-1])
        np.less(each.shapes, ITSELF, out=shaped[start:stop])
        start = stop
    exact = same.argmin(1)
    aligned = alike.argmin(1)
    inside = _INSIDE[aligned]
    words = tokens >> 1
    shaped &= inside
    hit = words == (nexts >> 1)[:, None]
    hit &= shaped
    first = hit.argmax(1)
    is_hit = hit[_ROWS[:rows], first] if rows <= len(_ROWS) else hit.any(1)
    is_hit &= rebindable
    renamed = np.where(is_hit, first, -1)
    conflicts = np.zeros(rows, np.int64)
    conflicting = (is_hit & (aligned > exact)).nonzero()[0]
    if len(conflicting):
        conflicts[conflicting] = _conflicts(words[conflicting], shaped[conflicting], query)
    same[:, :-1] &= inside
    return Alignments(exact, np.count_nonzero(same, axis=1), aligned, conflicts, renamed)


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
