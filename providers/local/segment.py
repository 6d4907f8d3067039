"""A mapped index file, asked for places that resemble a context.

Nothing but a few words is kept in the server's own memory. Positions count from the end of the
indexed text: what follows a position in the arrays stands before it in the text.
"""

from __future__ import annotations

import mmap
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ghostlap.providers.local.index_file import IndexFileInvalid, map_index
from ghostlap.providers.local.places import Places, Source, Spelled
from ghostlap.providers.local.query import (
    LEAST_TYPED,
    UNKNOWN,
    Half,
    Query,
    unknown_token,
)
from ghostlap.providers.local.sorted_contexts import DEPTH, SortedContexts, context_bytes
from ghostlap.providers.local.words import EDGE_TOKEN, FIRST_WORD, ITSELF, shape_code

__all__ = ["Segment"]

_CACHED_WORDS = 20_000
_HELD = 64
"""Contexts whose places are kept, for the next letter."""

# How many places are compared with the context for one token.
_KEPT = {Source.WORKSPACE: 48, Source.LIBRARY: 24}
_KEPT_BY_SHAPE = {Source.WORKSPACE: 16, Source.LIBRARY: 8}
_SHALLOWEST_SHAPE = 4
_FEW_BY_WORD = 8
_SEARCHED = 1_024
"""Places whose next word is held against the half-typed one."""
_SPELLED = 6
_BEHIND = np.arange(1, 17)


class _Found(NamedTuple):
    """What was found for one context."""

    typed: str
    positions: NDArray[np.int64]
    surely: int
    by_word: bool
    """Whether only words that begin as what is typed were kept."""


class Segment:
    """One index file, open for reading. Used from one thread."""

    def __init__(self, path: Path, source: Source = Source.LIBRARY) -> None:
        """Raises `IndexFileInvalid`, and OSError where the file can't be read."""
        raw, arrays, self.about = map_index(path)
        self.source = source
        self._tokens = arrays["tokens"]
        self._shapes = arrays["shapes"]
        counts = arrays["counts"].astype(np.int64)
        shapes = _shape_counts(arrays["word_shapes"], counts)
        self._by_context = _sorted(raw, arrays, "tokens", "by_context", counts)
        self._by_shape = _sorted(raw, arrays, "shapes", "by_shape", shapes)
        self._file_starts = arrays["file_starts"]
        self._word_shapes = arrays["word_shapes"]
        self._word_ends = arrays["word_ends"].data
        self._raw = raw
        self._word_base = _offset(raw, arrays["word_bytes"])
        self._counts = arrays["counts"]
        self._seen: NDArray[Any] = self._counts
        """How often each token stands in files that are not hidden."""
        self._numbers: dict[tuple[str, int], tuple[int, int]] = {}
        self._texts: dict[int, str] = {}
        self._hidden = np.zeros(0, np.int64)
        """Where what is hidden begins and ends, in turn."""
        self._ranges: dict[str, tuple[int, int]] = {}
        self._found: dict[tuple[int, tuple[int, ...], int], _Found] = {}

    def hide(self, files: Collection[int]) -> None:
        """Suggest nothing from these files, by their numbers in the header's list."""
        self._found.clear()
        bounds = np.append(self._file_starts.astype(np.int64), len(self._tokens))
        numbers = np.array(sorted(files), np.int64)
        self._hidden = np.stack([bounds[numbers], bounds[numbers + 1]], axis=1).ravel()
        self._seen = self._counts
        if len(numbers):
            parts = [self._tokens[bounds[each] : bounds[each + 1]] for each in numbers]
            hidden = np.concatenate(parts).astype(np.int64)
            hidden = hidden[hidden < len(self._counts)]
            self._seen = self._counts - np.bincount(hidden, minlength=len(self._counts))

    def number(self, text: str) -> int:
        token, _ = self.numbered(text, 0)
        return token >> 1 if token != UNKNOWN else -1

    def numbered(self, word: str, space: int) -> tuple[int, int]:
        found = self._numbers.get((word, space))
        if found is None:
            if len(self._numbers) >= _CACHED_WORDS:
                self._numbers.clear()
            found = self._numbers[word, space] = self._look_up(word, space)
        return found

    def _look_up(self, word: str, space: int) -> tuple[int, int]:
        wanted = word.encode("utf-8", "surrogatepass")
        at = self._bisect(wanted)
        if at < len(self._word_ends) and self._bytes(at) == wanted:
            token = 2 * (at + FIRST_WORD) + space
            return token, shape_code(token, int(self._word_shapes[token >> 1]))
        return unknown_token(word, space)

    def text(self, word: int) -> str:
        text = self._texts.get(word)
        if text is None:
            if len(self._texts) >= _CACHED_WORDS:
                self._texts.clear()
            text = self._texts[word] = self._bytes(word - FIRST_WORD).decode("utf-8", "replace")
        return text

    def places(self, query: Query, half: Half | None) -> Places | None:
        """Return places whose tokens may continue the query; None where there are none."""
        numbered = query.numbered(self)
        words = self._with_prefix(half[1]) if half and half[1] else None
        wanted, by_shape = _KEPT[self.source], _KEPT_BY_SHAPE[self.source]
        found = self._near(self._by_context, numbered.tokens, half, words, wanted, 1)
        is_whole = found is None or len(found) < wanted
        if found is None or len(found) < _FEW_BY_WORD:
            # Not by its word: a word of the context may take its place.
            more = self._near(
                self._by_shape, numbered.shapes, half, None, by_shape, _SHALLOWEST_SHAPE
            )
            found = _together(found, more)
        if found is None or not len(found):
            return None
        around = found[:, None] + _BEHIND
        return Places(
            index=self,
            nexts=self._tokens[found].astype(np.int32),
            tokens=self._tokens[around].astype(np.int32),
            shapes=self._shapes[around].astype(np.int32),
            next_shaped=self._shapes[found] < ITSELF,
            query=numbered,
            source=self.source,
            is_whole=is_whole,
        )

    def _near(
        self,
        order: SortedContexts,
        codes: list[int],
        half: Half | None,
        words: tuple[int, int] | None,
        wanted: int,
        shallowest: int,
    ) -> NDArray[np.int64] | None:
        """Return up to `wanted` places, those of the deepest agreement first."""
        if not codes:
            return None
        positions, surely = self._searched(order, codes, half, words, wanted, shallowest)
        if len(positions) > wanted:
            deep = min(surely, wanted)
            positions = np.concatenate([positions[:deep], _spread(positions[deep:], wanted - deep)])
        return positions if len(positions) else None

    def _searched(
        self,
        order: SortedContexts,
        codes: list[int],
        half: Half | None,
        words: tuple[int, int] | None,
        wanted: int,
        shallowest: int,
    ) -> tuple[NDArray[np.int64], int]:
        """Return all places that were found to fit, and how many are not of the widest range.

        What fits a half-typed word is among what fitted it a letter ago.
        """
        if half is None:
            nearest, surely = _nearest(order, codes, wanted, shallowest)
            keep = self._tokens[nearest] != EDGE_TOKEN
            shown = self._shown(nearest[keep].astype(np.int64))
            return shown, min(surely, len(shown))
        by_word = words is not None
        space, typed = half
        key = (id(order), tuple(codes[:DEPTH]), space)
        held = self._found.get(key)
        found: NDArray[Any]
        if held is not None and typed.startswith(held.typed) and held.by_word <= by_word:
            found, surely = held.positions, held.surely
        else:
            found, surely = _nearest(order, codes, _SEARCHED, shallowest)
        keep = self._fitting(found, half, words)
        at = keep.nonzero()[0]
        surely = int(keep[:surely].sum())
        shown = self._shown(found[at].astype(np.int64))
        surely = min(surely, len(shown))
        if len(self._found) >= _HELD:
            self._found.clear()
        self._found[key] = _Found(typed, shown, surely, by_word=by_word)
        return shown, surely

    def _fitting(
        self, positions: NDArray[Any], half: Half, words: tuple[int, int] | None
    ) -> NDArray[np.bool_]:
        """Say whose token fits what is half typed."""
        nexts = self._tokens[positions]
        first, last = words or (FIRST_WORD, len(self._counts) >> 1)
        keep: NDArray[np.bool_] = nexts & 1 == half[0]
        keep &= nexts >= 2 * first
        keep &= nexts < 2 * last
        return keep

    def _shown(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Leave out the positions in files that are hidden."""
        if not len(self._hidden):
            return positions
        # An odd number of bounds before it: as fast for 500 hidden files as for one.
        shown: NDArray[np.int64] = positions[self._hidden.searchsorted(positions, "right") & 1 == 0]
        return shown

    def spelled(self, half: Half, _query: Query) -> list[Spelled]:
        """Return the most frequent of the words that begin so; of a single letter, none."""
        typed = half[1]
        if len(typed) < LEAST_TYPED:
            return []
        first, last = self._with_prefix(typed)
        if last <= first:
            return []
        counts = self._seen[2 * first : 2 * last].reshape(-1, 2).sum(1)
        best = np.arange(len(counts))
        if len(counts) > _SPELLED:
            best = counts.argpartition(-_SPELLED)[-_SPELLED:]
        total = max(1, int(counts.sum()))
        return [
            Spelled(self.text(first + at), int(counts[at]) / total, len(counts))
            for at in best.tolist()
            if counts[at]
        ]

    def _with_prefix(self, prefix: str) -> tuple[int, int]:
        """Return the range of words that begin so: they are sorted by their bytes."""
        found = self._ranges.get(prefix)
        if found is None:
            if len(self._ranges) >= _HELD:
                self._ranges.clear()
            found = self._ranges[prefix] = self._look_up_prefix(prefix)
        return found

    def _look_up_prefix(self, prefix: str) -> tuple[int, int]:
        start = prefix.encode("utf-8", "surrogatepass")
        low = self._bisect(start)
        step = 1
        while low + step < len(self._word_ends) and self._bytes(low + step).startswith(start):
            step *= 2
        high = self._bisect(start + b"\xff", low + step // 2, low + step)  # no byte of UTF-8
        return low + FIRST_WORD, high + FIRST_WORD

    def _bisect(self, wanted: bytes, low: int = 0, high: int | None = None) -> int:
        ends, raw, base = self._word_ends, self._raw, self._word_base
        high = len(ends) if high is None else min(high, len(ends))
        while low < high:
            middle = (low + high) >> 1
            if raw[base + (ends[middle - 1] if middle else 0) : base + ends[middle]] < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def _bytes(self, at: int) -> bytes:
        ends, base = self._word_ends, self._word_base
        return self._raw[base + (ends[at - 1] if at else 0) : base + ends[at]]


def _spread(positions: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return `count` of more positions, evenly spread, the first and the last among them."""
    return positions[np.arange(count) * (len(positions) - 1) // max(1, count - 1)]


def _nearest(
    order: SortedContexts, codes: list[int], enough: int, shallowest: int
) -> tuple[NDArray[np.int32], int]:
    """Return positions, those of the deepest agreement first, and how many before the widest.

    Of a range that adds more than `enough`, they are taken evenly spread.
    """
    low = high = surely = 0
    parts: list[NDArray[np.int32]] = []
    for _, start, stop in order.ranges(context_bytes(codes), enough=enough, shallowest=shallowest):
        surely = sum(map(len, parts))
        step = max(1, -(-(stop - start - (high - low)) // enough))
        if parts:
            parts += [order.order[start:low:step], order.order[high:stop:step]]
        else:
            parts.append(order.order[start:stop:step])
        low, high = start, stop
    if not parts:
        return order.order[:0], 0
    return np.concatenate(parts) if len(parts) > 1 else parts[0], surely


def _sorted(
    raw: mmap.mmap,
    arrays: dict[str, NDArray[Any]],
    stream: str,
    order: str,
    counts: NDArray[np.int64],
) -> SortedContexts:
    """Return an order. `counts` is how often each code is in the stream, but for its edge."""
    codes, positions = arrays[stream], arrays[order]
    if len(positions):
        if max(codes[0], codes[len(positions)]) >= len(counts):
            raise IndexFileInvalid("its tokens are damaged")
        counts[codes[0]] -= 1  # nothing is before it: the stream stands last first
        counts[codes[len(positions)]] += 1
    return SortedContexts(raw, _offset(raw, codes), positions, counts)


def _shape_counts(word_shapes: NDArray[np.uint8], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how often each shape code is in the stream."""
    tokens = np.arange(len(counts))
    shapes = word_shapes[tokens >> 1].astype(np.int64)
    codes = np.where(shapes > 0, 2 * shapes + (tokens & 1), ITSELF + tokens)
    found = np.zeros(ITSELF + len(counts), np.int64)
    np.add.at(found, codes, counts)
    return found


def _offset(raw: mmap.mmap, array: NDArray[Any]) -> int:
    """Return where an array's bytes begin in the file."""
    start = np.frombuffer(raw, np.uint8).__array_interface__["data"][0]
    return int(array.__array_interface__["data"][0] - start)


def _together(
    first: NDArray[np.int64] | None, second: NDArray[np.int64] | None
) -> NDArray[np.int64] | None:
    if first is None or second is None:
        return second if first is None else first
    known = set(first.tolist())
    return np.concatenate([first, [each for each in second.tolist() if each not in known]]).astype(
        np.int64
    )
