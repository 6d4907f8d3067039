"""How much a place counts: exp of a sum of terms, whose shares are fitted to be probabilities.

A log-linear model: a token weighs what the places that propose it weigh, and one more weight stands
for all that no place proposes. Fitted by maximum likelihood on 25,000 tokens and half-typed words
of eight Python packages (celery, jinja2, werkzeug, networkx, pydantic, aiohttp, mypy, hypothesis),
typed into their own files; a quarter of them with the standard library's index alone, the others
with the package's too, without the file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghostlap.providers.local.alignment import Alignments
from ghostlap.providers.local.places import Places, Source
from ghostlap.providers.local.query import CONTEXT_TOKENS

__all__ = ["Rows", "row_weights", "unknown_weight"]

# By source, and by how many tokens before the place are exactly those before the cursor.
# fmt: off
_EXACT = np.array([
    [-3.79, -3.03, -1.96, -1.61, -1.23, -0.48, -0.46, 0.04, 0.39,
     0.37, 0.66, 1.05, 1.23, 1.48, 1.48, 1.48, 2.59],
    [-3.78, -2.70, -1.79, -1.27, -0.74, -0.59, -0.04, 0.34, 0.80,
     0.80, 1.04, 1.04, 1.26, 1.48, 1.48, 1.48, 3.31],
    [-3.56, -2.81, -2.19, -1.84, -1.54, -1.41, -0.92, -0.74, -0.41,
     -0.38, 0.83, 0.99, 1.12, 1.12, 1.96, 1.96, 3.43],
])
# fmt: on
_EXACT_BEHIND = 0.23  # a token that is the same again, behind the first that is not
_NEW_WORD = -2.23  # the open documents do not hold the word
_NEW_WORD_OF_WORKSPACE = 0.36
_NEW_WORD_HALF_TYPED = -0.87
_NEW_WORD_TYPED = 0.55  # for each character that is typed
_LINE_END = 0.28
_FOUND_BY_SPELLING = 2.20  # nothing but the half-typed word leads there
_SPELLING_SHARE = 0.36
_LIKE_CROWD = -0.43  # for each factor e of places of one source that agree as far
_ALIKE_CROWD = -0.35  # and whose shapes agree as far
_RENAMED = 0.22
_RENAMED_IN_CONFLICT = -1.36
_RENAMED_ALIGNED = 0.08  # for each aligned token
_WITHIN_20_LINES = 0.29
_WITHIN_120_LINES = 0.97
_ABOVE = 0.18
_BUFFER_RANK = -0.21  # times the log of a place's number among those of the open documents
_BUFFER_HALF_TYPED = -0.71
_BUFFER_TYPED = 0.43

_UNKNOWN = -4.27
_UNKNOWN_HALF_TYPED = -3.86
_UNKNOWN_ONE_TYPED = 1.89
_UNKNOWN_TYPED = 1.41
_UNKNOWN_WITH_WORKSPACE = -0.17
_UNKNOWN_ALONE = 1.2  # nothing but the open documents was asked, or knew anything
_UNKNOWN_WITHOUT_LIBRARY = 0.4  # or the nearer indexes knew enough, and it was not asked
_UNKNOWN_DEEPEST = ((0.14, 4), (0.05, 12))  # for each token of the best agreement, up to so many
_UNKNOWN_DEEPEST_IN_BUFFER = (0.18, 8)
_UNKNOWN_CHOICE = 0.82  # times the log of how many tokens are proposed
_MOST_TYPED = 6
_MOST_ALIGNED = 6
_LEAST_SHARE = 1e-4
_LOG_RANKS = np.log1p(np.arange(256))


class Rows(NamedTuple):
    """The places that vote, of all indexes."""

    places: Sequence[Places]
    alignments: Alignments
    proposals: NDArray[Any]
    """The number of what each place proposes; -1 where that does not fit what is typed."""
    is_new: NDArray[Any]
    """By proposal: whether the open documents do not hold the word."""
    is_break: NDArray[Any]
    """By proposal: whether it ends the line."""
    typed: int
    """Characters of the token that are typed already."""


def unknown_weight(rows: Rows) -> float:
    """Return the weight of all tokens that no place proposes."""
    fits = rows.proposals >= 0
    exact = rows.alignments.exact * fits
    deepest = int(exact.max())
    in_buffer, with_workspace, start = 0, False, 0
    for each in rows.places:
        stop = start + len(each.nexts)
        if each.source == Source.BUFFER:
            in_buffer = max(in_buffer, int(exact[start:stop].max()))
        elif each.source == Source.WORKSPACE:
            with_workspace = with_workspace or bool(fits[start:stop].any())
        start = stop
    z = _UNKNOWN + _UNKNOWN_CHOICE * math.log(len(rows.is_new))
    z += sum(each * min(deepest, most) for each, most in _UNKNOWN_DEEPEST)
    z += _UNKNOWN_DEEPEST_IN_BUFFER[0] * min(in_buffer, _UNKNOWN_DEEPEST_IN_BUFFER[1])
    z += _UNKNOWN_WITH_WORKSPACE * with_workspace
    sources = {each.source for each in rows.places}
    if sources == {Source.BUFFER}:
        z += _UNKNOWN_ALONE
    elif Source.LIBRARY not in sources:
        z += _UNKNOWN_WITHOUT_LIBRARY
    if rows.typed:
        z += _UNKNOWN_HALF_TYPED + _UNKNOWN_TYPED * min(rows.typed, _MOST_TYPED)
        z += _UNKNOWN_ONE_TYPED * (rows.typed == 1)
    return math.exp(z)


def row_weights(rows: Rows) -> NDArray[Any]:
    """Return each place's weight; 0 where its proposal does not fit."""
    exact, exact_total, aligned, conflicts, renamed = rows.alignments
    sizes = [len(each.nexts) for each in rows.places]
    source = np.repeat([int(each.source) for each in rows.places], sizes)
    fits = rows.proposals >= 0
    proposals = np.maximum(rows.proposals, 0)
    z = _EXACT[source, exact] + _EXACT_BEHIND * (exact_total - exact)
    is_renamed = renamed >= 0
    if is_renamed.any():
        z += is_renamed * (
            _RENAMED
            + _RENAMED_IN_CONFLICT * (conflicts > 0)
            + _RENAMED_ALIGNED * np.minimum(aligned - exact, _MOST_ALIGNED)
        )
    z += _crowding(exact, aligned, source, fits)
    typed = min(rows.typed, _MOST_TYPED)
    new = _NEW_WORD + (_NEW_WORD_HALF_TYPED + _NEW_WORD_TYPED * typed if typed else 0.0)
    if rows.is_new.any():
        z += rows.is_new[proposals] * (new + _NEW_WORD_OF_WORKSPACE * (source == Source.WORKSPACE))
    if rows.is_break.any():
        z += _LINE_END * rows.is_break[proposals]
    start = 0
    for each, size in zip(rows.places, sizes, strict=True):
        z[start : start + size] += _own_terms(each, size, typed)
        start += size
    weights: NDArray[Any] = np.exp(z) * fits
    return weights


def _own_terms(places: Places, size: int, typed: int) -> NDArray[Any] | float:
    """Return what counts in one source alone."""
    if places.source == Source.BUFFER:
        z: NDArray[Any] = _BUFFER_RANK * _LOG_RANKS[:size]
        if typed:
            z += _BUFFER_HALF_TYPED + _BUFFER_TYPED * typed
        if places.distances is not None:
            z += _nearness(places.distances)
        return z
    if places.shares is None:
        return 0.0
    lone = places.shares > 0
    spelling: NDArray[Any] = np.log(np.maximum(places.shares, _LEAST_SHARE))
    return (_FOUND_BY_SPELLING + _SPELLING_SHARE * spelling) * lone


def _crowding(
    exact: NDArray[Any], aligned: NDArray[Any], source: NDArray[Any], fits: NDArray[Any]
) -> NDArray[Any]:
    """Many places that resemble the context equally say the same thing over again."""
    like = source * (CONTEXT_TOKENS + 1) + exact
    alike = like * (CONTEXT_TOKENS + 1) + aligned
    counts, finer = np.bincount(like, fits), np.bincount(alike, fits)
    z: NDArray[Any] = _LIKE_CROWD * np.log(np.maximum(counts[like], 1.0))
    z += _ALIKE_CROWD * np.log(np.maximum(finer[alike], 1.0))
    return z


def _nearness(distances: NDArray[Any]) -> NDArray[Any]:
    away = np.abs(distances)
    near: NDArray[Any] = _WITHIN_20_LINES * np.exp(-away / 20) + _WITHIN_120_LINES * np.exp(
        -away / 120
    )
    near += _ABOVE * (np.isfinite(distances) & (distances < 0))
    return near
