"""Positions in the order of what stands before them, searched as in a suffix array.

A stream of codes stands last first, as big-endian 32-bit numbers: the bytes that follow a position
then are its context, nearest code first, and comparing bytes compares contexts.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DEPTH", "Positions", "SortedContexts", "context_bytes", "sort_by_context"]

DEPTH = 8
"""How many codes decide a position's place in the order."""
_CODE_BYTES = 4
_DEPTHS = (5, 4, 3, 2, 1)
"""The agreements that are told apart, below the deepest: each costs some 5 µs."""

_PACKED = struct.Struct(f">{DEPTH}I")
Positions = NDArray[np.int64]


def context_bytes(codes: Sequence[int]) -> bytes:
    """Return a context, nearest code first, as it stands in the stream."""
    return _PACKED.pack(*codes[:DEPTH])


class SortedContexts:
    """One stream in a mapped file and its order."""

    __slots__ = ("_base", "_begins", "_count", "_order", "_raw", "order")

    def __init__(
        self, raw: mmap.mmap, base: int, order: NDArray[np.int32], counts: NDArray[np.int64]
    ) -> None:
        """`base` is where the stream's bytes begin in `raw`.

        `counts` is how many positions there are behind each code: it tells where in the order
        those begin, which spares a search half of its steps.
        """
        self._raw = raw
        self._base = base
        self.order = order
        self._order = order.data
        self._count = len(order)
        self._begins = np.concatenate([np.zeros(1, np.int32), counts.cumsum(dtype=np.int32)]).data

    def ranges(self, key: bytes, *, enough: int, shallowest: int) -> list[tuple[int, int, int]]:
        """Return where contexts agree with `key`, the deepest agreement first: depth, low, high.

        Ranges contain one another. They end with the first that holds `enough` positions, or at
        the agreement of `shallowest` codes.
        """
        nearest = int.from_bytes(key[:_CODE_BYTES], "big")
        if nearest + 1 >= len(self._begins):
            return []
        first, last = self._begins[nearest], self._begins[nearest + 1]
        if first == last:
            return []
        at = self._insertion(key, first, last)
        depth = max(self._agreement(at - 1, key), self._agreement(at, key))
        low = high = at
        found: list[tuple[int, int, int]] = []
        for deep in [depth, *(each for each in _DEPTHS if each < depth)]:
            if deep < shallowest:
                break
            part = key[: deep * _CODE_BYTES]
            if deep > 1:
                low, high = self._low(low, part), self._high(high, part)
            else:
                low, high = first, last
            if found and found[-1][1:] == (low, high):
                continue
            found.append((deep, low, high))
            if high - low >= enough:
                break
        return found

    def _insertion(self, key: bytes, low: int, high: int) -> int:
        raw, order, size = self._raw, self._order, len(key)
        base = self._base + _CODE_BYTES
        while low < high:
            middle = (low + high) >> 1
            start = base + _CODE_BYTES * order[middle]
            if raw[start : start + size] < key:
                low = middle + 1
            else:
                high = middle
        return low

    def _agreement(self, at: int, key: bytes) -> int:
        if not 0 <= at < self._count:
            return 0
        start = self._base + _CODE_BYTES * (1 + self._order[at])
        there = self._raw[start : start + len(key)]
        for depth in range(len(key) // _CODE_BYTES):
            begin = depth * _CODE_BYTES
            if there[begin : begin + _CODE_BYTES] != key[begin : begin + _CODE_BYTES]:
                return depth
        return len(key) // _CODE_BYTES

    def _low(self, inside: int, part: bytes) -> int:
        """Return the first place that agrees with `part`, going down from one that does."""
        raw, order, size = self._raw, self._order, len(part)
        base = self._base + _CODE_BYTES
        step, good = 1, inside
        bad = -1
        while good - step >= 0:
            start = base + _CODE_BYTES * order[good - step]
            if raw[start : start + size] != part:
                bad = good - step
                break
            good -= step
            step *= 2
        while good - bad > 1:
            middle = (good + bad) >> 1
            start = base + _CODE_BYTES * order[middle]
            if raw[start : start + size] == part:
                good = middle
            else:
                bad = middle
        return good

    def _high(self, inside: int, part: bytes) -> int:
        """Return the first place behind those that agree with `part`."""
        raw, order, size = self._raw, self._order, len(part)
        base = self._base + _CODE_BYTES
        step, good, bad = 1, inside - 1, self._count
        while good + step < self._count:
            start = base + _CODE_BYTES * order[good + step]
            if raw[start : start + size] != part:
                bad = good + step
                break
            good += step
            step *= 2
        while bad - good > 1:
            middle = (good + bad) >> 1
            start = base + _CODE_BYTES * order[middle]
            if raw[start : start + size] == part:
                good = middle
            else:
                bad = middle
        return bad


def sort_by_context(codes: NDArray[Any], count: int) -> NDArray[np.int32]:
    """Return the first `count` positions of a stream that stands last first, in order.

    What ties stands as in the stream. By prefix doubling: the order by so many codes, moved by as
    many, is the order by those behind them, and a stable sort by the first ones makes it twice as
    deep. Positions are sorted along with the numbers they are sorted by, as one number: sorting
    numbers takes a fifth of the time of finding their order.
    """
    if not count:
        return np.zeros(0, np.int32)
    size = len(codes)
    keys, depth = _packed(_dense(codes), _KEY_BITS - size.bit_length())
    order, begins = _sorted(keys)
    while depth < DEPTH:
        rank = np.empty(size, np.int32)
        rank[order] = np.cumsum(begins, dtype=np.int32)
        ends = np.arange(size - depth, size, dtype=np.int32)  # nothing stands behind these
        order = np.concatenate([ends, order[order >= depth] - np.int32(depth)])
        within, begins = _sorted(rank[order])
        order = order[within]
        depth *= 2
        if depth < DEPTH:
            behind = np.minimum(order + np.int32(depth // 2), size - 1)
            begins |= _changes(rank[behind])
    order -= np.int32(1)  # a position's context begins behind it
    return order[(order >= 0) & (order < count)]


_KEY_BITS = 63


def _dense(codes: NDArray[Any]) -> NDArray[np.int32]:
    """Return numbers in the order of the codes, without gaps."""
    there = np.zeros(int(codes.max()) + 1, bool)
    there[codes] = True
    numbers = np.cumsum(there, dtype=np.int32) - np.int32(1)
    return numbers.take(codes)


def _packed(rank: NDArray[np.int32], most_bits: int) -> tuple[NDArray[np.int64], int]:
    """Return as many codes as fit into so many bits, as one number at each position; how many."""
    bits = max(1, int(rank.max()).bit_length())
    keys = rank.astype(np.int64)
    depth = 1
    while depth < DEPTH and 2 * depth * bits <= most_bits:
        behind = keys[depth:].copy()
        keys <<= depth * bits
        keys[:-depth] |= behind
        depth *= 2
    return keys, depth


def _sorted(values: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return where the values stand in order, equal ones in turn, and at which another begins."""
    bits = len(values).bit_length()
    keys = values.astype(np.int64)
    keys <<= bits
    keys |= np.arange(len(keys))
    keys.sort()
    order = (keys & ((1 << bits) - 1)).astype(np.int32)
    keys >>= bits
    return order, _changes(keys)


def _changes(ordered: NDArray[Any]) -> NDArray[np.bool_]:
    """Say which values differ from the one before. The first does not."""
    found = np.zeros(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=found[1:])
    return found
