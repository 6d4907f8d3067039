"""A file of indexed text, mapped into memory: tokens, and their positions in the order of contexts.

Two orders stand in the file: positions sorted by the tokens before them (nearest first), and sorted
by the shapes of those. A context of any length is a range of the order, found by bisection, as in a
suffix array. Nothing but numbers is kept in the server's own memory.

Layout, little-endian: the magic, the length of a JSON header as 8 bytes, the header (where each
array stands, what was indexed), the arrays, each aligned to 8 bytes.
"""

from __future__ import annotations

import json
import mmap
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ghostlap.providers.local.query import FEW, LEAST_TYPED, Half, Query
from ghostlap.providers.local.words import EDGE_TOKEN, FIRST_WORD

__all__ = ["MAGIC", "IndexFileInvalid", "Segment", "write_arrays"]

MAGIC = b"ghostlap index 1\n"
_ARRAYS = ("tokens", "by_context", "by_shape", "buckets", "shapes", "word_ends", "word_bytes")
_TYPES = {"i": 4, "I": 4, "B": 1}
_CACHED_WORDS = 20_000

# How many positions are looked at and kept for one token: more did not measurably help a prototype.
_KEPT = 8
_LOOKED_AT = 16
_SHAPE_KEPT = 8
_SHAPE_LOOKED_AT = 16
_SHAPE_DEPTH_LEAST = 4
_DEPTH = 8
_HALF_FACTOR = 3
_WORDS_COUNTED = 300


class IndexFileInvalid(Exception):
    """The file is not an index of this version, or it is damaged. It can be built anew."""


class Segment:
    """One index file, open for reading. Used from one thread."""

    def __init__(self, path: Path) -> None:
        """Raises `IndexFileInvalid`, and OSError where the file can't be read."""
        with path.open("rb") as file:
            try:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError as error:
                raise IndexFileInvalid("it is empty") from error
        arrays, self.about = _read_header(memoryview(self._map))
        self._tokens = arrays["tokens"]
        self._by_context = arrays["by_context"]
        self._by_shape = arrays["by_shape"]
        self._buckets = arrays["buckets"]
        self._shapes = arrays["shapes"]
        self._word_ends = arrays["word_ends"]
        self._word_bytes = arrays["word_bytes"]
        self._numbers: dict[str, int] = {}
        self._texts: dict[int, str] = {}
        if len(self._word_ends) != len(self._shapes) - FIRST_WORD:
            raise IndexFileInvalid("its words and shapes do not match")

    def token_at(self, position: int) -> int:
        return self._tokens[position]

    def shape(self, word: int) -> int:
        return self._shapes[word]

    def word(self, text: str) -> int:
        number = self._numbers.get(text)
        if number is None:
            if len(self._numbers) >= _CACHED_WORDS:
                self._numbers.clear()
            wanted = text.encode("utf-8", "surrogatepass")
            at = self._bisect(wanted)
            found = at < len(self._word_ends) and self._bytes(at) == wanted
            number = self._numbers[text] = at + FIRST_WORD if found else -1
        return number

    def text(self, word: int) -> str:
        text = self._texts.get(word)
        if text is None:
            if len(self._texts) >= _CACHED_WORDS:
                self._texts.clear()
            text = self._texts[word] = self._bytes(word - FIRST_WORD).decode("utf-8", "replace")
        return text

    def distance(self, _position: int, _query: Query) -> float:
        return float("inf")

    def candidates(self, query: Query, half: Half | None) -> Sequence[int]:
        context, shapes = query.tokens(self)
        factor = _HALF_FACTOR if half else 1
        words = self._with_prefix(half[1]) if half and half[1] else None
        ranges = self._context_ranges(context)
        near = _nearest(ranges, self._by_context, _LOOKED_AT * factor)
        kept = self._keep(near, [], _KEPT, half, words)
        ranges = self._shape_ranges(shapes)[_SHAPE_DEPTH_LEAST:]
        near = _nearest(ranges, self._by_shape, _SHAPE_LOOKED_AT * factor)
        # Not by its word: a word of the context may take its place.
        self._keep(near, kept, len(kept) + _SHAPE_KEPT, half, None)
        if half and words and len(half[1]) >= LEAST_TYPED and len(kept) < FEW:
            kept += self._most_frequent(words, half[0])
        return kept

    def _keep(
        self,
        positions: Iterator[int],
        kept: list[int],
        limit: int,
        half: Half | None,
        words: tuple[int, int] | None,
    ) -> list[int]:
        """Add to `kept` the positions whose token fits what is half typed, up to `limit`."""
        for position in positions:
            token = self._tokens[position]
            if token == EDGE_TOKEN or position in kept:
                continue
            if half and (token & 1 != half[0] or token < 2 * FIRST_WORD):
                continue
            if words and not words[0] <= token >> 1 < words[1]:
                continue
            kept.append(position)
            if len(kept) >= limit:
                break
        return kept

    def _most_frequent(self, words: tuple[int, int], space: int) -> list[int]:
        """Return a place of each of the most frequent of a few words."""
        buckets = self._buckets
        counted = []
        for word in range(words[0], min(words[1], words[0] + _WORDS_COUNTED)):
            token = 2 * word + space
            count = buckets[token + 1] - buckets[token]
            if count:
                counted.append((count, self._by_context[buckets[token]] - 1))
        counted.sort(reverse=True)
        return [position for _, position in counted[:FEW]]

    def _context_ranges(self, context: list[int]) -> list[tuple[int, int]]:
        """Return the positions behind the last token, the last two, and so on, as ranges."""
        if not context or not 0 <= context[0] < len(self._buckets) - 1:
            return []
        low, high = self._buckets[context[0]], self._buckets[context[0] + 1]
        ranges: list[tuple[int, int]] = []
        tokens, order = self._tokens, self._by_context
        depth = 1
        while low < high:
            ranges.append((low, high))
            if depth >= min(len(context), _DEPTH):
                break
            wanted = context[depth]
            start, stop = low, high
            while start < stop:
                middle = (start + stop) >> 1
                if tokens[order[middle] - 1 - depth] < wanted:
                    start = middle + 1
                else:
                    stop = middle
            low, stop = start, high
            while start < stop:
                middle = (start + stop) >> 1
                if tokens[order[middle] - 1 - depth] <= wanted:
                    start = middle + 1
                else:
                    stop = middle
            high = start
            depth += 1
        return ranges

    def _shape_ranges(self, shapes: list[int]) -> list[tuple[int, int]]:
        low, high = 0, len(self._by_shape)
        ranges: list[tuple[int, int]] = []
        for depth in range(min(len(shapes), _DEPTH)):
            if high - low <= _SHAPE_DEPTH_LEAST and depth >= _SHAPE_DEPTH_LEAST:
                break
            low, high = self._narrow_by_shape(low, high, depth, shapes[depth])
            if low >= high:
                break
            ranges.append((low, high))
        return ranges

    def _narrow_by_shape(self, low: int, high: int, depth: int, wanted: int) -> tuple[int, int]:
        tokens, order, kinds = self._tokens, self._by_shape, self._shapes
        bounds = []
        start = low
        for after in (0, 1):
            stop = high
            while start < stop:
                middle = (start + stop) >> 1
                token = tokens[order[middle] - 1 - depth]
                kind = kinds[token >> 1]
                key = -(2 * kind + (token & 1)) if kind else token
                if key < wanted + after:
                    start = middle + 1
                else:
                    stop = middle
            bounds.append(start)
        return bounds[0], bounds[1]

    def _with_prefix(self, prefix: str) -> tuple[int, int]:
        """Return the range of words that begin so: they are sorted by their bytes."""
        start = prefix.encode("utf-8", "surrogatepass")
        low = self._bisect(start)
        high = self._bisect(start + b"\xff")  # no byte of UTF-8 is this
        return low + FIRST_WORD, high + FIRST_WORD

    def _bisect(self, wanted: bytes) -> int:
        low, high = 0, len(self._word_ends)
        while low < high:
            middle = (low + high) >> 1
            if self._bytes(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def _bytes(self, at: int) -> bytes:
        begin = self._word_ends[at - 1] if at else 0
        return bytes(self._word_bytes[begin : self._word_ends[at]])


def _nearest(ranges: list[tuple[int, int]], order: Sequence[int], budget: int) -> Iterator[int]:
    """Yield positions of the deepest range first, then what the shallower ones add to it.

    Of a range that is larger than what may be looked at, positions are taken evenly spread.
    """
    inner = (0, 0)
    for low, high in reversed(ranges):
        if inner[1] > inner[0]:
            parts = ((low, inner[0]), (inner[1], high))
        else:
            parts = ((low, high), (high, high))
        total = sum(stop - start for start, stop in parts)
        step = max(1, -(-total // budget)) if budget else total + 1
        for start, stop in parts:
            for at in range(stop - 1, start - 1, -step):
                if not budget:
                    return
                budget -= 1
                yield order[at]
        inner = (low, high)


def write_arrays(path: Path, arrays: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Write an index file: `arrays` by name, each with a `typecode` and `tobytes()`."""
    places: dict[str, list[object]] = {}
    at = 0
    for name in _ARRAYS:
        code, data = arrays[name]
        places[name] = [at, len(data) // _TYPES[code], code]
        at += -(-len(data) // 8) * 8
    header = json.dumps({"about": about, "arrays": places, "order": sys.byteorder}).encode()
    start = len(MAGIC) + 8 + len(header)
    padding = -start % 8
    with path.open("wb") as file:
        file.write(MAGIC + struct.pack("<Q", len(header) + padding) + header + b" " * padding)
        for name in _ARRAYS:
            _, data = arrays[name]
            file.write(data)
            file.write(bytes(-len(data) % 8))


def _read_header(raw: memoryview) -> tuple[dict[str, memoryview], dict[str, Any]]:
    if raw[: len(MAGIC)] != MAGIC:
        raise IndexFileInvalid("it is not an index of this version")
    start = len(MAGIC) + 8
    if len(raw) < start:
        raise IndexFileInvalid("it is cut off")
    (length,) = struct.unpack("<Q", raw[len(MAGIC) : start])
    try:
        header = json.loads(bytes(raw[start : start + length]))
        if header["order"] != sys.byteorder:
            raise IndexFileInvalid("it was made on another kind of machine")
        return {
            name: _array(raw, start + length, *header["arrays"][name]) for name in _ARRAYS
        }, header["about"]
    except (ValueError, KeyError, TypeError) as error:
        raise IndexFileInvalid("its header is damaged") from error


def _array(raw: memoryview, base: int, at: int, count: int, code: str) -> memoryview:
    begin, size = base + at, count * _TYPES[code]
    if begin + size > len(raw):
        raise IndexFileInvalid("it is cut off")
    part = raw[begin : begin + size]
    return part.cast("B") if code == "B" else part.cast("I") if code == "I" else part.cast("i")
