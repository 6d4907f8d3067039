"""A histogram whose buckets grow by 2.2 %, which merges exactly with others of its kind.

Base-2 exponential, scale 5: bucket i holds (2^(i/32), 2^((i+1)/32)] seconds, as an OpenTelemetry
exponential histogram and a Prometheus native histogram of schema 5 do. A quantile that is read from
it is off by 1.1 % at most. About 512 buckets lie between 1 ms and 60 s; only those in use are kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["SCALE", "Histogram", "upper_bound_s"]

SCALE = 5
_PER_OCTAVE = 1 << SCALE
_S_NS = 1_000_000_000


class Histogram:
    """Durations, counted by bucket. 0 and less have a bucket of their own."""

    __slots__ = ("buckets", "max_ns", "min_ns", "sum_ns", "zeros")

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        self.zeros = 0
        self.sum_ns = 0
        self.min_ns: int | None = None
        self.max_ns: int | None = None

    @property
    def count(self) -> int:
        return self.zeros + sum(self.buckets.values())

    def add(self, duration_ns: int) -> None:
        duration_ns = max(duration_ns, 0)
        if duration_ns:
            index = _index(duration_ns)
            self.buckets[index] = self.buckets.get(index, 0) + 1
        else:
            self.zeros += 1
        self._note(duration_ns, duration_ns, duration_ns)

    def add_all(self, durations_ns: npt.NDArray[np.int64]) -> None:
        """As `add` for each, a hundred times as fast."""
        import numpy as np  # noqa: PLC0415 - 100 ms, which who adds one by one need not wait for

        if not len(durations_ns):
            return
        durations_ns = np.maximum(durations_ns, 0)
        positive = durations_ns[durations_ns > 0]
        indices = np.ceil(np.log2(positive / _S_NS) * _PER_OCTAVE).astype(np.int64) - 1
        for index, count in zip(*np.unique(indices, return_counts=True), strict=True):
            self.buckets[int(index)] = self.buckets.get(int(index), 0) + int(count)
        self.zeros += len(durations_ns) - len(positive)
        self._note(int(durations_ns.sum()), int(durations_ns.min()), int(durations_ns.max()))

    def merge(self, other: Histogram) -> None:
        for index, count in other.buckets.items():
            self.buckets[index] = self.buckets.get(index, 0) + count
        self.zeros += other.zeros
        if other.min_ns is not None and other.max_ns is not None:
            self._note(other.sum_ns, other.min_ns, other.max_ns)

    def quantile_ns(self, permille: int) -> int | None:
        """The middle of the bucket that holds the quantile, by its geometric mean; None if empty.

        The same rank as for single values: the smallest that at least `permille` thousandths do
        not exceed. Never beyond the smallest and the largest duration there was.
        """
        count = self.count
        if not count:
            return None
        assert self.min_ns is not None
        assert self.max_ns is not None
        rank = -(-permille * count // 1000)
        if rank <= self.zeros:
            return 0
        rank -= self.zeros
        for index in sorted(self.buckets):
            rank -= self.buckets[index]
            if rank <= 0:
                middle_ns = round(2 ** ((index + 0.5) / _PER_OCTAVE) * _S_NS)
                return min(max(middle_ns, self.min_ns), self.max_ns)
        raise AssertionError("a rank lies within the count")

    def share_within(self, limit_ns: int) -> float | None:
        """The share of durations up to `limit_ns`; a bucket that it cuts is taken as even."""
        count = self.count
        if not count:
            return None
        below = float(self.zeros)
        for index, number in self.buckets.items():
            low, high = upper_bound_s(index - 1) * _S_NS, upper_bound_s(index) * _S_NS
            below += number * min(max((limit_ns - low) / (high - low), 0.0), 1.0)
        return below / count

    def to_json(self) -> dict[str, Any]:
        return {
            "scale": SCALE,
            "buckets": sorted(self.buckets.items()),
            "zeros": self.zeros,
            "sum_ns": self.sum_ns,
            "min_ns": self.min_ns,
            "max_ns": self.max_ns,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Histogram:
        """Read what `to_json` gave. Buckets of a finer scale are put together, exactly."""
        made = cls()
        shift = data["scale"] - SCALE
        assert shift >= 0, "no coarser histogram was ever written"
        for index, count in data["buckets"]:
            made.buckets[index >> shift] = made.buckets.get(index >> shift, 0) + count
        made.zeros, made.sum_ns = data["zeros"], data["sum_ns"]
        made.min_ns, made.max_ns = data["min_ns"], data["max_ns"]
        return made

    @classmethod
    def of(cls, durations_ns: Iterable[int]) -> Histogram:
        made = cls()
        for each in durations_ns:
            made.add(each)
        return made

    def _note(self, sum_ns: int, min_ns: int, max_ns: int) -> None:
        self.sum_ns += sum_ns
        self.min_ns = min_ns if self.min_ns is None else min(self.min_ns, min_ns)
        self.max_ns = max_ns if self.max_ns is None else max(self.max_ns, max_ns)


def upper_bound_s(index: int) -> float:
    """The largest duration that bucket `index` holds."""
    return float(2.0 ** ((index + 1) / _PER_OCTAVE))


def _index(duration_ns: int) -> int:
    return math.ceil(math.log2(duration_ns / _S_NS) * _PER_OCTAVE) - 1
