"""Positions in the order of what stands before them, searched as in a suffix array.

A stream of codes stands last first, as big-endian 32-bit numbers: the bytes that follow a position
then are its context, nearest code first, and comparing bytes compares contexts.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["DEPTH", "Positions", "SortedContexts", "context_bytes", "sort_by_context"]

DEPTH = 8
"""How many codes decide a position's place in the order."""
_CODE_BYTES = 4
_DEPTHS = (5, 4, 3, 2, 1)
"""The agreements that are told apart, below the deepest: each costs some 5 µs."""

Positions = NDArray[np.int64]


def context_bytes(codes: Sequence[int]) -> bytes:
    """Return a context, nearest code first, as it stands in the stream."""
    return np.array(codes[:DEPTH], ">u4").tobytes()


class SortedContexts:
    """One stream in a mapped file and its order."""

    __slots__ = ("_base", "_count", "_order", "_raw", "order")

    def __init__(self, raw: mmap.mmap, base: int, order: NDArray[np.int32]) -> None:
        """`base` is where the stream's bytes begin in `raw`."""
        self._raw = raw
        self._base = base
        self.order = order
        self._order = order.data
        self._count = len(order)

    def ranges(self, key: bytes, *, enough: int, shallowest: int) -> list[tuple[int, int, int]]:
        """Return where contexts agree with `key`, the deepest agreement first: depth, low, high.

        Ranges contain one another. They end with the first that holds `enough` positions, or at
        the agreement of `shallowest` codes.
        """
        at = self._insertion(key)
        depth = max(self._agreement(at - 1, key), self._agreement(at, key))
        low = high = at
        found: list[tuple[int, int, int]] = []
        for deep in [depth, *(each for each in _DEPTHS if each < depth)]:
            if deep < shallowest:
                break
            part = key[: deep * _CODE_BYTES]
            low, high = self._low(low, part), self._high(high, part)
            if found and found[-1][1:] == (low, high):
                continue
            found.append((deep, low, high))
            if high - low >= enough:
                break
        return found

    def _insertion(self, key: bytes) -> int:
        raw, order, size = self._raw, self._order, len(key)
        base = self._base + _CODE_BYTES
        low, high = 0, self._count
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


def sort_by_context(codes: NDArray[np.int64], count: int) -> NDArray[np.int32]:
    """Return the first `count` positions of a stream that stands last first, in order.

    By prefix doubling: ranks of single codes make ranks of two, those make ranks of four.
    """
    if not count:
        return np.zeros(0, np.int32)
    rank = _ranks(codes)
    step = 1
    while step < DEPTH:
        behind = np.concatenate([rank[step:], np.zeros(step, np.int64)])
        rank = _ranks((rank << 32) | behind)
        step *= 2
    return np.argsort(rank[1:][:count], kind="stable").astype(np.int32)


def _ranks(values: NDArray[np.int64]) -> NDArray[np.int64]:
    order = np.argsort(values)
    ordered = values[order]
    steps = np.empty(len(values), np.int64)
    steps[0] = 0
    np.cumsum(ordered[1:] != ordered[:-1], out=steps[1:])
    rank = np.empty(len(values), np.int64)
    rank[order] = steps
    return rank
