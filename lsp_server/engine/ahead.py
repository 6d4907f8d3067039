"""Asking ahead of need: what would be wanted next if the suggestion on display were accepted.

Worth it while a suggestion is looked at, or typed to its end; and never more than a share of the
requests that are asked for by keys.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LOOKED_AT_S", "Budget", "is_nearly_typed"]

LOOKED_AT_S = 0.3
"""On display for so long without a key, a text is being read rather than typed past: the upper
quartile of the gaps between keys is below .2 s."""

_MOST_SAVED = 5.0
_AT_FIRST = 2.0
_NEARLY = 0.5


@dataclass(slots=True)
class Budget:
    """A bucket: each request that a key asked for adds a share of one, each one ahead takes one."""

    share: float
    """How many requests ahead of need there may be to each other one; 0: none."""
    saved: float = _AT_FIRST

    def earn(self) -> None:
        self.saved = min(_MOST_SAVED, self.saved + self.share)

    def spend(self) -> bool:
        """Take one, if there is one."""
        if self.share <= 0 or self.saved < 1:
            return False
        self.saved -= 1
        return True


def is_nearly_typed(typed: int, length: int) -> bool:
    """Whether so much of a suggestion was typed that its end is likely to be reached."""
    return typed > 0 and typed >= length * _NEARLY
