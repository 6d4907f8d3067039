"""Cuts a workload into blocks, and says in which order they are typed into whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ghostlap.telemetry.workload import Edit

__all__ = ["Block", "blocks", "order"]

_PAUSE_MS = 350.0  # a block ends where a person pauses: nothing is on its way there


@dataclass(frozen=True, slots=True)
class Block:
    number: int
    first: int
    """The index of its first edit in the workload."""
    edits: Sequence[Edit]
    then_ms: float
    """The pause behind its last edit."""

    @property
    def seconds(self) -> float:
        return (self.edits[-1].at_ms - self.edits[0].at_ms + min(self.then_ms, 1000.0)) / 1000


def blocks(edits: Sequence[Edit], size: int) -> list[Block]:
    """Cut at the first pause behind each `size` edits, and where the document changes."""
    found: list[Block] = []
    first = 0
    for at in range(1, len(edits) + 1):
        if at < len(edits):
            then_ms = edits[at].at_ms - edits[at - 1].at_ms
            changes = edits[at].document != edits[at - 1].document
            long_enough = at - first >= size and then_ms >= _PAUSE_MS
            if not (changes or long_enough or at - first >= 2 * size):
                continue
        else:
            then_ms = 1000.0
        found.append(Block(len(found), first, edits[first:at], then_ms))
        first = at
    return found


def order(count: int, arms: int, seed: int) -> list[list[int]]:
    """Return for each block the order of the arms: each is shuffled by itself."""
    random = Random(seed)  # noqa: S311 - a schedule, not cryptography
    return [random.sample(range(arms), arms) for _ in range(count)]
