"""What comes next: places from every index vote, each with the weight of its resemblance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ghostlap.providers.local.ballot import Ballot, Token, gather
from ghostlap.providers.local.query import Half, Index, Query
from ghostlap.providers.local.weights import Counted, place_weights, spelled_weight, unknown_weight

__all__ = ["Token", "Verdict", "Votes"]

_MOST_HELD = 2_000


class Verdict(NamedTuple):
    token: Token
    probability: float
    """That the token comes next."""
    others: tuple[Token, ...]
    """The runners-up, the best first."""


class Votes:
    """The votes at one cursor, each held once: from key to key most of them are the same."""

    def __init__(self, own: Index, others: Sequence[Index]) -> None:
        """`own` is the index of the open documents. What the indexes hold must not change."""
        self.own = own
        self.others = others
        self._held: dict[object, Verdict | None] = {}
        self._queries: dict[object, Query] = {}
        """Each context once: with it its words' numbers are kept from key to key."""
        self._ballots: dict[object, Ballot | None] = {}
        self.gathered = 0
        """How many ballots were: half a millisecond each."""

    def on(self, query: Query, half: Half | None, only: Token | None = None) -> Verdict | None:
        """Return the likeliest token after `query`; None when nothing is known.

        `half` is the word being typed. With `only`, the verdict is on that token.
        """
        context = query.key
        key = (context, half, only)
        if key not in self._held:
            if len(self._held) >= _MOST_HELD:
                self._held.clear()
                self._queries.clear()
                self._ballots.clear()
            query = self._queries.setdefault(context, query)
            self._held[key] = self._vote(query, context, half, only)
        return self._held[key]

    def _vote(
        self, query: Query, context: object, half: Half | None, only: Token | None
    ) -> Verdict | None:
        weights, total = self.weighed(query, context, half)
        if not weights:
            return None
        if only is not None:
            own = weights.get(only)
            return None if own is None else Verdict(only, own / total, ())
        ranked = sorted(weights, key=lambda token: -weights[token])
        return Verdict(ranked[0], weights[ranked[0]] / total, tuple(ranked[1:]))

    def weighed(
        self, query: Query, context: object, half: Half | None
    ) -> tuple[dict[Token, float], float]:
        """Return what each token weighs that may come next, and the unknown along with them."""
        counted = Counted(typed=len(half[1]) if half else 0, is_half=half is not None)
        weights: dict[Token, float] = {}
        ballot = self._ballot(query, context, half)
        if ballot is not None and (choice := ballot.choice(half)) is not None and choice.tokens:
            by_number = place_weights(ballot.features, ballot.proposals, choice.rows, counted)
            tokens = ballot.tokens
            weights = {tokens[at]: weight for at, weight in enumerate(by_number.tolist()) if weight}
        if half and half[1]:
            for index in (self.own, *self.others):
                for each in index.spelled(half, query):
                    is_new = self.own is not index and self.own.number(each.word) < 0
                    token = (each.word, half[0])
                    weight = spelled_weight(each, index.source, counted, is_new=is_new)
                    weights[token] = weights.get(token, 0.0) + weight
        if not weights:
            return weights, 0.0
        return weights, sum(weights.values()) + unknown_weight(counted, len(weights))

    def _ballot(self, query: Query, context: object, half: Half | None) -> Ballot | None:
        """Return the ballot that was gathered for the letters before, while it serves."""
        key = (context, half[0] if half else -1)
        held = self._ballots.get(key)
        if held is not None and half is not None:
            if half[1].startswith(held.typed) and held.choice(half) is not None:
                return held
        elif key in self._ballots:
            return held
        self.gathered += 1
        found = self._ballots[key] = gather(query, half, self.own, self.others)
        return found
