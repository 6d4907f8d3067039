"""What comes next: candidates from every index vote, each with the weight of its resemblance.

A candidate's context is aligned with the query's, token by token backwards. Where the two differ
in identifiers of one shape, the pair is remembered, and if the candidate goes on with the one, the
query is taken to go on with the other: `self.width = width` tells what follows `self.height = `.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from ghostlap.providers.local.confidence import Evidence, probability
from ghostlap.providers.local.query import Half, Index, Query
from ghostlap.providers.local.words import FIRST_WORD

__all__ = ["Token", "Verdict", "vote"]

Token: TypeAlias = tuple[str | int, int]
"""A word, or a `Break`, and whether a space stands before it."""

# The weight is 4^e, in which e counts exact tokens, aligned ones for less, conflicts against.
_LONGEST = 12
_PER_EXACT = 0.5
_PER_ALIGNED = 0.15
_PER_CONFLICT = 1.5
_NEW_WORD = 0.5
_LOG_BASE = math.log(4.0)
_BUFFER_BONUS = 2.0
_NEARNESS = 3.0
_NEAR_TOKENS = 300.0


class Verdict(NamedTuple):
    token: Token
    probability: float
    others: tuple[Token, ...]
    """The runners-up, the best first."""


class _Alignment(NamedTuple):
    exact: int
    exact_total: int
    aligned: int
    conflicts: int
    renamed: dict[int, str | int]


class _Ballot(NamedTuple):
    token: Token
    alignment: _Alignment
    own: bool
    """Whether it comes from the open documents."""
    distance: float


def vote(
    query: Query,
    half: Half | None,
    own: Index,
    others: Sequence[Index],
    *,
    is_first: bool,
    only: Token | None = None,
) -> Verdict | None:
    """Return the likeliest token after `query`; None when nothing is known.

    `half` is the word being typed. With `only`, the ballot is restricted to that token.
    """
    ballots = list(_ballots(query, half, own, others))
    if only is not None:
        ballots = [each for each in ballots if each.token == only]
    if not ballots:
        return None
    crowd = Counter((each.alignment.exact, each.alignment.aligned, each.own) for each in ballots)
    weights: dict[Token, float] = {}
    for each in ballots:
        alignment = each.alignment
        weight = _weight(each, is_new=_is_new(each.token, own))
        weight /= math.sqrt(crowd[alignment.exact, alignment.aligned, each.own])
        weights[each.token] = weights.get(each.token, 0.0) + weight
    ranked = sorted(weights, key=lambda token: -weights[token])
    winner = ranked[0]
    supporters = [each.alignment for each in ballots if each.token == winner]
    best = max(supporters, key=lambda each: (each.exact, each.aligned))
    seen = Evidence(
        share=weights[winner] / sum(weights.values()),
        exact=best.exact,
        aligned=best.aligned,
        alternatives=len(ranked),
        support=len(supporters),
        typed=len(half[1]) + half[0] if half else 0,
        is_new=_is_new(winner, own),
        is_first=is_first,
    )
    return Verdict(winner, probability(seen), tuple(ranked[1:]))


def _ballots(query: Query, half: Half | None, own: Index, others: Sequence[Index]) -> list[_Ballot]:
    ballots = []
    for index in (own, *others):
        context, shapes = query.tokens(index)
        for position in index.candidates(query, half):
            alignment = _align(index, position, context, shapes, query)
            token = _proposed(index, position, alignment)
            if half and not _continues(token, half):
                continue
            distance = index.distance(position, query)
            ballots.append(_Ballot(token, alignment, index is own, distance))
    return ballots


def _align(
    index: Index, position: int, context: list[int], shapes: list[int], query: Query
) -> _Alignment:
    token_at, last = index.token_at, position - 1
    depth, most = 0, min(query.length, position)
    while depth < most and token_at(last - depth) == context[depth]:
        depth += 1
    exact = exact_total = depth
    renamed: dict[int, str | int] = {}
    conflicts = 0
    pairs: list[tuple[int, int]] = []
    while depth < most:
        token = token_at(last - depth)
        shape = index.shape(token >> 1)
        if token == context[depth]:
            exact_total += 1
        elif not shape or -(2 * shape + (token & 1)) != shapes[depth]:
            break
        else:
            pairs.append((token >> 1, depth))
        depth += 1
    if pairs:
        for at in range(depth):
            word = token_at(last - at) >> 1
            if index.shape(word):
                known = renamed.setdefault(word, query.words[at])
                conflicts += known != query.words[at]
    return _Alignment(exact, exact_total, depth, conflicts, renamed)


def _proposed(index: Index, position: int, alignment: _Alignment) -> Token:
    token = index.token_at(position)
    word = token >> 1
    if word < FIRST_WORD:
        return word, 0
    renamed = alignment.renamed.get(word)
    return (index.text(word) if renamed is None else renamed), token & 1


def _continues(token: Token, half: Half) -> bool:
    word, space = token
    return isinstance(word, str) and space == half[0] and word.startswith(half[1])


def _weight(ballot: _Ballot, *, is_new: bool) -> float:
    alignment = ballot.alignment
    e = (
        min(alignment.exact, _LONGEST)
        + _PER_EXACT * (alignment.exact_total - alignment.exact)
        + _PER_ALIGNED * (alignment.aligned - alignment.exact_total)
        - _PER_CONFLICT * alignment.conflicts
        - _NEW_WORD * is_new
    )
    weight = math.exp(_LOG_BASE * e + (_BUFFER_BONUS if ballot.own else 0.0))
    if ballot.own:
        weight *= 1 + _NEARNESS * math.exp(-ballot.distance / _NEAR_TOKENS)
    return weight


def _is_new(token: Token, own: Index) -> bool:
    return isinstance(token[0], str) and own.word(token[0]) < 0
