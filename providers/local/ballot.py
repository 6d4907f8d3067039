"""What every index proposes to go on with at one context, aligned and weighed for every letter.

It is gathered once for a context. With each letter that is typed then, those proposals that do not
begin so are left out, until too few are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ghostlap.providers.local.alignment import align
from ghostlap.providers.local.lexer import is_word
from ghostlap.providers.local.places import Places, Source
from ghostlap.providers.local.query import Half, Index, Query
from ghostlap.providers.local.weights import FIRST_NEW, Features, standing
from ghostlap.providers.local.words import FIRST_WORD

__all__ = ["Ballot", "Choice", "Token", "gather"]

_ENOUGH = 16
"""Places of the nearer indexes after which libraries are not asked any more."""
_TOO_FEW = 6
"""Places with fewer than which a ballot is gathered anew, if there may be others."""

Token: TypeAlias = tuple[str | int, int]
"""A word, or a `Break`, and whether a space stands before it."""


class Choice(NamedTuple):
    """The rows of a ballot that go on as what is typed does."""

    rows: NDArray[Any] | None
    """None for all of them."""
    tokens: int
    """How many tokens they propose."""


@dataclass(slots=True)
class Ballot:
    """Arrays have a row for each place."""

    tokens: list[Token]
    """What is proposed, each once."""
    proposals: NDArray[Any]
    """Which of the tokens each place proposes."""
    features: Features
    typed: str
    is_whole: bool

    def choice(self, half: Half | None) -> Choice | None:
        """Return the rows that fit; None where another ballot had better be gathered."""
        if half is None or half[1] == self.typed:
            return Choice(None, len(self.tokens))
        typed = half[1]
        fits = np.array([str(word).startswith(typed) for word, _ in self.tokens], np.bool_)
        rows = fits[self.proposals].nonzero()[0]
        if not self.is_whole and (not self.typed or len(rows) < _TOO_FEW):
            return None
        return Choice(rows, int(fits.sum()))


def gather(query: Query, half: Half | None, own: Index, others: Sequence[Index]) -> Ballot | None:
    """Ask the open documents (`own`) and the other indexes; None where nothing is known."""
    places, is_whole = _ask(query, half, (own, *others))
    if not places:
        return None
    alignments = align(places, query)
    number: dict[Token, int] = {}
    proposals: list[int] = []
    renamed = alignments.renamed.tolist()
    row = 0
    for each in places:
        known: dict[int, int] = {}  # by the index's own token
        for token in each.nexts.tolist():
            image = renamed[row]
            row += 1
            at = known.get(token) if image < 0 else None
            if at is None:
                word: str | int = token >> 1
                if word >= FIRST_WORD:  # type: ignore[operator] # it still is a number
                    word = each.index.text(token >> 1) if image < 0 else query.words[image]
                proposal = (word, token & 1)
                at = -1
                if half is None or _continues(proposal, half):
                    at = number.setdefault(proposal, len(number))
                if image < 0:
                    known[token] = at
            proposals.append(at)
    proposed = np.array(proposals)
    kept = (proposed >= 0).nonzero()[0]
    if not len(kept):
        return None
    proposed = proposed[kept]
    tokens = list(number)
    kinds = np.array([_kind(own, word) for word, _ in tokens])[proposed]
    features = standing(places, alignments, kept, kinds, is_half=half is not None)
    typed = half[1] if half else ""
    return Ballot(tokens, proposed, features, typed, is_whole)


def _kind(own: Index, word: str | int) -> int:
    """Return 0 for a line break, 1 for a word, 2 for an operator, 3 and 4 if it is new."""
    if isinstance(word, int):
        return 0
    return (1 if is_word(word) else 2) + (FIRST_NEW - 1 if own.number(word) < 0 else 0)


def _ask(query: Query, half: Half | None, indexes: Sequence[Index]) -> tuple[list[Places], bool]:
    """Return the places of each index; a library is asked where the nearer ones know little."""
    places: list[Places] = []
    rows = 0
    is_whole = True
    for index in indexes:
        if rows >= _ENOUGH and index.source is Source.LIBRARY:
            is_whole = False
            break
        found = index.places(query, half)
        if found is not None:
            places.append(found)
            is_whole &= found.is_whole
            rows += len(found.nexts)
    return places, is_whole


def _continues(token: Token, half: Half) -> bool:
    word, space = token
    return isinstance(word, str) and space == half[0] and word.startswith(half[1])
