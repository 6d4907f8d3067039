"""What comes next: places from every index vote, each with the weight of its resemblance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from ghostlap.providers.local.alignment import align
from ghostlap.providers.local.places import Places, Source
from ghostlap.providers.local.query import Half, Index, Query
from ghostlap.providers.local.weights import Rows, row_weights, unknown_weight
from ghostlap.providers.local.words import FIRST_WORD

__all__ = ["Token", "Verdict", "Votes", "vote"]

_MOST_HELD = 2_000
_ENOUGH = 16
"""Places of the nearer indexes after which libraries are not asked any more."""

Token: TypeAlias = tuple[str | int, int]
"""A word, or a `Break`, and whether a space stands before it."""


class Verdict(NamedTuple):
    token: Token
    probability: float
    """That the token comes next."""
    others: tuple[Token, ...]
    """The runners-up, the best first."""


class Votes:
    """The votes at one cursor, each held once: from key to key most of them are the same."""

    def __init__(self, own: Index, others: Sequence[Index]) -> None:
        """What the indexes hold must not change meanwhile."""
        self.own = own
        self.others = others
        self._held: dict[object, Verdict | None] = {}
        self._queries: dict[object, Query] = {}
        """Each context once: with it its words' numbers are kept from key to key."""

    def on(self, query: Query, half: Half | None, only: Token | None = None) -> Verdict | None:
        context = query.key
        key = (context, half, only)
        if key not in self._held:
            if len(self._held) >= _MOST_HELD:
                self._held.clear()
                self._queries.clear()
            query = self._queries.setdefault(context, query)
            self._held[key] = vote(query, half, self.own, self.others, only=only)
        return self._held[key]


def vote(
    query: Query,
    half: Half | None,
    own: Index,
    others: Sequence[Index],
    *,
    only: Token | None = None,
) -> Verdict | None:
    """Return the likeliest token after `query`; None when nothing is known.

    `own` is the index of the open documents. `half` is the word being typed. With `only`, the
    verdict is on that token.
    """
    places = _ask(query, half, (own, *others))
    if not places:
        return None
    alignments = align(places, query)
    proposed: dict[Token, int] = {}
    numbers: list[int] = []
    renamed = alignments.renamed.tolist()
    row = 0
    for each in places:
        text = each.index.text
        for token in each.nexts.tolist():
            image = renamed[row]
            row += 1
            word: str | int = token >> 1
            if word >= FIRST_WORD:  # type: ignore[operator] # it still is a number
                word = text(token >> 1) if image < 0 else query.words[image]
            elif half is not None:
                numbers.append(-1)
                continue
            proposal = (word, token & 1)
            if half is not None and not _continues(proposal, half):
                numbers.append(-1)
                continue
            numbers.append(proposed.setdefault(proposal, len(proposed)))
    if not proposed:
        return None
    number = np.array(numbers)
    is_new = np.array([isinstance(word, str) and own.number(word) < 0 for word, _ in proposed])
    is_break = np.array([isinstance(word, int) for word, _ in proposed])
    typed = half[0] + len(half[1]) if half else 0
    rows = Rows(places, alignments, number, is_new, is_break, typed)
    weights = np.bincount(np.maximum(number, 0), row_weights(rows), len(proposed))
    total = float(weights.sum()) + unknown_weight(rows)
    tokens = list(proposed)
    if only is not None:
        at = proposed.get(only)
        return None if at is None else Verdict(only, _corrected(weights[at] / total), ())
    ranked = (-weights).argsort(kind="stable").tolist()
    winner = ranked[0]
    return Verdict(
        tokens[winner],
        _corrected(weights[winner] / total),
        tuple(tokens[each] for each in ranked[1:]),
    )


def _corrected(share: float) -> float:
    """The fit promises too little in the middle: of tokens said to be .60 and .75 likely, .67 and
    .82 were right.
    """
    return float(share + 0.3 * share * share * (1 - share))


def _ask(query: Query, half: Half | None, indexes: Sequence[Index]) -> list[Places]:
    """Return the places of each index; a library is asked where the nearer ones know little."""
    places: list[Places] = []
    rows = 0
    for index in indexes:
        if rows >= _ENOUGH and index.source is Source.LIBRARY:
            break
        found = index.places(query, half)
        if found is not None:
            places.append(found)
            rows += len(found.nexts)
    return places


def _continues(token: Token, half: Half) -> bool:
    word, space = token
    return isinstance(word, str) and space == half[0] and word.startswith(half[1])
