"""How much a place counts: exp of a sum of terms, whose shares are fitted to be probabilities.

A log-linear model: a token weighs what the places that propose it weigh, and one more weight stands
for all that nothing proposes. There are two fits, one for the token behind a finished one, and one
for a half-typed word, where the words that begin so have a vote, too. Both were made by maximum
likelihood on 74,000 tokens and half-typed words of eleven Python packages (celery, jinja2,
werkzeug, networkx, pydantic, pygls, setuptools, trio, mypy, hypothesis, aiohttp), typed into their
own files; a quarter of them with the standard library's index alone, the others with the package's
too, without the file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghostlap.providers.local.alignment import Alignments
from ghostlap.providers.local.places import FAR_LINES, Places, Source, Spelled
from ghostlap.providers.local.query import CONTEXT_TOKENS

__all__ = [
    "FIRST_NEW",
    "Counted",
    "Features",
    "place_weights",
    "spelled_weight",
    "standing",
    "unknown_weight",
]


FIRST_NEW = 3
"""The first of the kinds of what the open documents do not hold."""


class _Fit(NamedTuple):
    """What is added to the logarithm of a place's weight."""

    exact: NDArray[Any]
    """By source, and by how many tokens before the place are exactly those before the cursor."""
    behind: float
    """For each token that is the same again, behind the first that is not."""
    kind: NDArray[Any]
    """By what is proposed: a line break, a word, an operator, a new word, a new operator."""
    new_of_workspace: float
    renamed: float
    renamed_in_conflict: float
    renamed_aligned: float
    """For each aligned token."""
    like_crowd: float
    """For each factor e of places of one source that agree as far,"""
    alike_crowd: float
    """and whose shapes agree as far."""
    within_20_lines: float
    within_120_lines: float
    above: float
    rank: float
    """Times the log of a place's number among those of the open documents."""


class _TypedFit(NamedTuple):
    """What else is added where a word is half typed."""

    letter: NDArray[Any]
    """By source, for each letter."""
    letter_new: float
    deep: float
    """For each exact token, up to six, from the second letter on."""


class _SpelledFit(NamedTuple):
    """What is added for a word that begins as the half-typed one does."""

    constant: float
    share: float
    choice: float
    letter: float
    one_letter: float
    seen: float
    nearness: float
    new: float


class _UnknownFit(NamedTuple):
    """What is added for all that nothing proposes."""

    constant: float
    choice: float
    deepest_4: float
    deepest_12: float
    deepest_in_buffer: float
    has: tuple[float, float, float]
    letters: tuple[float, ...] = (0.0,) * 6
    spelled: tuple[float, float, float] = (0.0, 0.0, 0.0)


# fmt: off
_WHOLE = _Fit(
    exact=np.array([
        [-5.53, -2.39, -1.54, -1.27, -0.66, -0.29, 0.04, 0.26, 0.78,
         0.67, 1.61, 1.09, 1.72, 1.89, 1.75, 1.83, 2.68],
        [-3.77, -2.17, -1.43, -1.04, -0.44, -0.29, 0.18, 0.49, 0.87,
         0.87, 1.42, 1.80, 1.74, 1.65, 1.80, 1.38, 3.25],
        [-2.91, -1.84, -1.29, -0.93, 0.02, -0.02, 0.05, -0.01, 0.18,
         0.08, 0.03, 0.03, -0.03, 0.02, 0.07, 0.19, 0.60],
    ]),
    behind=0.22,
    kind=np.array([0.25, 0.00, -0.21, -2.24, -2.45]),
    new_of_workspace=0.40,
    renamed=0.39,
    renamed_in_conflict=-0.76,
    renamed_aligned=0.01,
    like_crowd=-0.32,
    alike_crowd=-0.41,
    within_20_lines=0.46,
    within_120_lines=0.86,
    above=0.22,
    rank=-0.24,
)
_HALF = _Fit(
    exact=np.array([
        [-1.89, -2.28, -1.19, -0.99, -1.31, -0.56, 0.00, -0.61, 0.82,
         1.20, 2.11, 1.52, 1.82, 1.68, 0.36, 1.41, 2.04],
        [-3.44, -1.91, -0.73, -0.56, 0.35, 0.61, 0.93, 1.75, 2.36,
         2.10, 0.98, 1.57, 1.44, 1.00, 1.39, 1.09, 3.87],
        [-1.43, -2.48, -1.27, -1.16, -0.74, -0.33, -0.02, 0.12, 0.72,
         -0.07, 0.31, 0.55, 0.47, 0.05, 0.29, -0.06, 3.20],
    ]),
    behind=0.08,
    kind=np.array([0.00, 0.00, 0.00, -2.39, -2.39]),
    new_of_workspace=-0.17,
    renamed=0.38,
    renamed_in_conflict=-1.30,
    renamed_aligned=0.17,
    like_crowd=-0.33,
    alike_crowd=-0.43,
    within_20_lines=-0.46,
    within_120_lines=1.41,
    above=0.21,
    rank=-0.19,
)
_TYPED = _TypedFit(
    letter=np.array([0.08, -0.02, 0.05]), letter_new=0.37, deep=-0.13
)
_SPELLED = (
    _SpelledFit(
        constant=-5.41, share=0.40, choice=0.18, letter=0.62, one_letter=-0.03,
        seen=-0.03, nearness=-0.44, new=0.00,
    ),
    _SpelledFit(
        constant=-2.81, share=0.55, choice=-0.65, letter=0.29, one_letter=0.00,
        seen=0.00, nearness=0.00, new=-0.47,
    ),
    _SpelledFit(
        constant=-3.96, share=0.49, choice=-0.33, letter=0.32, one_letter=0.00,
        seen=0.00, nearness=0.00, new=-0.52,
    ),
)
_UNKNOWN_WHOLE = _UnknownFit(
    constant=-3.20,
    choice=1.15,
    deepest_4=0.11,
    deepest_12=0.02,
    deepest_in_buffer=0.13,
    has=(-0.23, -1.46, -0.58),
)
_UNKNOWN_HALF = _UnknownFit(
    constant=-2.92,
    choice=-0.20,
    deepest_4=0.04,
    deepest_12=0.11,
    deepest_in_buffer=0.10,
    has=(-0.03, 0.33, 0.28),
    letters=(-1.27, -1.34, -1.10, -0.51, -0.15, 1.45),
    spelled=(0.70, 0.03, -0.05),
)
# fmt: on

_MOST_LETTERS = 6
_MOST_ALIGNED = 6
_MOST_DEEP = 6
_LEAST_SHARE = 1e-4
_FARTHEST_LINES = 1_000
_LOG_FARTHEST = math.log1p(_FARTHEST_LINES)
_LOG_RANKS = np.log1p(np.arange(64))
_LOGS = np.log(np.maximum(np.arange(1_024), 1))
_SIZE = CONTEXT_TOKENS + 1


class _Tables(NamedTuple):
    """A fit's terms, added up beforehand for all that they may depend on."""

    fit: _Fit
    kind: NDArray[Any]
    """By source and kind."""
    renamed: NDArray[Any]
    """By whether it is in conflict, and by how many tokens are aligned behind the exact ones."""
    nearness: NDArray[Any]
    """By lines from the cursor; those above it at the end, what is too far away in the middle."""


def _tables(fit: _Fit) -> _Tables:
    kind = np.tile(fit.kind, (len(Source), 1))
    kind[Source.WORKSPACE, FIRST_NEW:] += fit.new_of_workspace
    aligned = np.minimum(np.arange(_SIZE), _MOST_ALIGNED)
    one = fit.renamed + fit.renamed_aligned * aligned
    away = np.arange(FAR_LINES)
    near = fit.within_20_lines * np.exp(-away / 20) + fit.within_120_lines * np.exp(-away / 120)
    both = np.concatenate([near, np.zeros(1), near[:0:-1] + fit.above])
    return _Tables(fit, kind, np.stack([one, one + fit.renamed_in_conflict]), both)


_WHOLE_TABLES, _HALF_TABLES = _tables(_WHOLE), _tables(_HALF)
_BY_LETTER = np.tile(_TYPED.letter[:, None], (1, 5))
_BY_LETTER[:, FIRST_NEW:] += _TYPED.letter_new
_BY_TWO_LETTERS = _TYPED.deep * np.minimum(np.arange(_SIZE), _MOST_DEEP)


class Features(NamedTuple):
    """What is known of the places before any letter is typed; a row for each."""

    exact: NDArray[Any]
    source: NDArray[Any]
    standing: NDArray[Any]
    """The logarithm of the weight, so far."""
    by_letter: NDArray[Any] | None
    """What each letter adds to it; None where no word is half typed."""
    like: NDArray[Any]
    """The same number for places of one source that agree as far,"""
    alike: NDArray[Any]
    """and whose shapes agree as far."""


@dataclass(slots=True)
class Counted:
    """What the weight of the unknown depends on."""

    typed: int
    is_half: bool
    deepest: int = 0
    """Exact tokens of the place that agrees best,"""
    deepest_in_buffer: int = 0
    """and of the one in the open documents."""
    has: list[bool] = field(default_factory=lambda: [False, False, False])
    """By source, whether any place fits."""
    choices: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    """By source, the logarithm of 1 + how many words begin so."""


def standing(
    places: Sequence[Places],
    alignments: Alignments,
    kept: NDArray[Any],
    kinds: NDArray[Any],
    *,
    is_half: bool,
) -> Features:
    """Return the features of the rows `kept` of all places; `kinds` are what those propose."""
    tables = _HALF_TABLES if is_half else _WHOLE_TABLES
    fit = tables.fit
    exact, exact_total, aligned, conflicts, renamed = alignments
    source = np.repeat([int(each.source) for each in places], [len(each.nexts) for each in places])
    if len(kept) < len(source):
        exact, exact_total, aligned = exact[kept], exact_total[kept], aligned[kept]
        conflicts, renamed, source = conflicts[kept], renamed[kept], source[kept]
    z = fit.exact[source, exact]
    z += fit.behind * (exact_total - exact)
    z += tables.kind[source, kinds]
    rows = (renamed >= 0).nonzero()[0]
    if len(rows):
        z[rows] += tables.renamed[(conflicts[rows] > 0).view(np.int8), (aligned - exact)[rows]]
    first = places[0]
    if first.distances is not None:
        own = kept[: int(kept.searchsorted(len(first.nexts)))]
        z[: len(own)] += tables.nearness[first.distances[own]] + fit.rank * _LOG_RANKS[own]
    like = source * _SIZE + exact
    by_letter = _BY_LETTER[source, kinds] if is_half else None
    return Features(exact, source, z, by_letter, like, like * _SIZE + aligned)


def place_weights(
    features: Features, proposals: NDArray[Any], rows: NDArray[Any] | None, counted: Counted
) -> NDArray[Any]:
    """Return what each proposal weighs, by the rows that fit; None stands for all of them.

    What the unknown's weight needs goes into `counted`.
    """
    fit = _HALF if counted.is_half else _WHOLE
    exact, source, standing, by_letter, like, alike = features
    if rows is None:
        z = standing.copy()
    else:
        z, proposals = standing[rows], proposals[rows]
        exact, source, like, alike = exact[rows], source[rows], like[rows], alike[rows]
    if counted.typed and by_letter is not None:
        own = by_letter if rows is None else by_letter[rows]
        z += min(counted.typed, _MOST_LETTERS) * own
        if counted.typed > 1:
            z += _BY_TWO_LETTERS[exact]
    # Many places that resemble the context equally say the same thing over again.
    z += (fit.like_crowd * _LOGS)[np.bincount(like)[like]]
    z += (fit.alike_crowd * _LOGS)[np.bincount(alike)[alike]]
    by_source = np.bincount(source, minlength=3).tolist()
    counted.has = [size > 0 for size in by_source]
    counted.deepest = int(exact[exact.argmax()])
    if by_source[0]:  # its rows are the first
        in_buffer = exact[: by_source[0]]
        counted.deepest_in_buffer = int(in_buffer[in_buffer.argmax()])
    weights: NDArray[Any] = np.bincount(proposals, np.exp(z))
    return weights


def spelled_weight(each: Spelled, source: Source, counted: Counted, *, is_new: bool) -> float:
    """Return what a word weighs for its spelling alone."""
    fit = _SPELLED[source]
    counted.choices[source] = max(counted.choices[source], math.log1p(each.choice))
    z = fit.constant + fit.share * math.log(max(each.share, _LEAST_SHARE))
    z += fit.choice * math.log(each.choice) + fit.letter * min(counted.typed, _MOST_LETTERS)
    if counted.typed == 1:
        z += fit.one_letter
    if each.seen:
        away = math.log1p(min(each.distance, _FARTHEST_LINES)) - _LOG_FARTHEST
        z += fit.seen * math.log1p(each.seen) + fit.nearness * away
    if is_new:
        z += fit.new
    return math.exp(z)


def unknown_weight(counted: Counted, choice: int) -> float:
    """Return the weight of all tokens that nothing proposes; `choice` tokens are proposed."""
    fit = _UNKNOWN_HALF if counted.is_half else _UNKNOWN_WHOLE
    z = fit.constant + fit.choice * math.log(choice)
    z += fit.deepest_4 * min(counted.deepest, 4) + fit.deepest_12 * min(counted.deepest, 12)
    z += fit.deepest_in_buffer * min(counted.deepest_in_buffer, 8)
    for weight, has in zip(fit.has, counted.has, strict=True):
        if has:
            z += weight
    if counted.typed:
        z += fit.letters[min(counted.typed, _MOST_LETTERS) - 1]
        for weight, choices in zip(fit.spelled, counted.choices, strict=True):
            z += weight * choices
    return math.exp(z)
