"""What came out of a replay, and the table that holds two clients side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from rich.console import Console

from tests.bench._figures import percentile, table
from tests.bench._replay_provider import Asked
from tests.bench._replay_typist import Stroke

__all__ = ["Replayed", "compare"]

_AT_ONCE_MS = 5.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """One client with one provider. Shares are percent; rates are per 100 keys."""

    strokes: Sequence[Stroke]
    asked: Sequence[Asked]
    unexplained: int

    @property
    def keys(self) -> int:
        return len(self.strokes)

    @property
    def requests(self) -> float:
        return self._rate(len(self.asked))

    @property
    def served(self) -> float:
        return self._rate(len(self._waits_ms))

    @property
    def at_once(self) -> float:
        return self._rate(sum(wait <= _AT_ONCE_MS for wait in self._waits_ms))

    @property
    def cancelled(self) -> float:
        return self._rate(sum(each.cancelled for each in self.asked))

    @property
    def wasted(self) -> float:
        return self.wasted_generated + self.wasted_prompts

    @property
    def wasted_generated(self) -> float:
        return self._rate(sum(each.unseen_tokens for each in self.asked))

    @property
    def wasted_prompts(self) -> float:
        return self._rate(sum(each.prompt_tokens for each in self.asked if not each.was_shown))

    @property
    def wait_ms(self) -> float:
        """The median, of those that were served."""
        return median(self._waits_ms) if self._waits_ms else float("nan")

    @property
    def right(self) -> float:
        """Of those that were served."""
        return 100 * sum(each.right for each in self.strokes) / max(1, len(self._waits_ms))

    @property
    def replaced(self) -> float:
        """Of those that came up while the last one was being typed."""
        along = [each for each in self.strokes if each.goes_on and each.ghost is not None]
        return 100 * sum(each.replaced for each in along) / max(1, len(along))

    @property
    def late_ms(self) -> float:
        return percentile([each.late_ms for each in self.strokes], 99)

    @property
    def accepted(self) -> float:
        """Characters taken over, to each 100 keys."""
        return self._rate(sum(each.accepted for each in self.strokes))

    @property
    def _waits_ms(self) -> list[float]:
        return [wait for each in self.strokes if (wait := each.wait_ms) is not None]

    def _rate(self, number: float) -> float:
        return 100 * number / max(1, self.keys)


Read: TypeAlias = Callable[[Replayed], float]

_COMPARED: tuple[tuple[str, Read, int], ...] = (
    ("requests per 100 keys", lambda each: each.requests, -1),
    ("served, % of keys", lambda each: each.served, 1),
    ("served at once, %", lambda each: each.at_once, 1),
    ("cancelled per 100 keys", lambda each: each.cancelled, -1),
    ("wasted tokens per 100 keys", lambda each: each.wasted, -1),
)
"""The sign tells where better is."""
_SHOWN: tuple[tuple[str, Read], ...] = (
    ("  of these generated", lambda each: each.wasted_generated),
    ("wait of the served, p50 ms", lambda each: each.wait_ms),
    ("right, % of the served", lambda each: each.right),
    ("replaced while typed along, %", lambda each: each.replaced),
    ("accepted chars per 100 keys", lambda each: each.accepted),
    ("shown, said by no answer", lambda each: each.unexplained),
    ("keys pressed late, p99 ms", lambda each: each.late_ms),
    ("keys", lambda each: each.keys),
)

Pair: TypeAlias = tuple[Replayed, Replayed]


def compare(console: Console, title: str, heads: Sequence[str], pairs: Sequence[Pair]) -> bool:
    """Print one table, the plain client's figures before ours; say whether ours are all better."""
    rows, all_better = [], True
    for name, read, sign in _COMPARED:
        not_at = [
            head.removesuffix(" ms")
            for head, (plain, ours) in zip(heads, pairs, strict=True)
            if sign * (read(ours) - read(plain)) <= 0
        ]
        all_better &= not not_at
        verdict = f"NOT at {' '.join(not_at)}" if not_at else "yes"
        rows.append((name, *(_cell(read, *pair) for pair in pairs), verdict))
    for name, read in _SHOWN:
        rows.append((name, *(_cell(read, *pair) for pair in pairs), ""))
    table(console, title, ("", *heads, "better"), rows)
    return all_better


def _cell(read: Read, plain: Replayed, ours: Replayed) -> str:
    return f"{_short(read(plain))} → {_short(read(ours))}"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}"
