"""A token bucket that works at a developer's low rate: it counts requests, not time."""

from __future__ import annotations

__all__ = ["Bucket"]

_MOST = 10.0
_AT_FIRST = 5.0


class Bucket:
    """Each keystroke adds a share of a token, each extra request takes one. Nothing expires."""

    __slots__ = ("_level", "_share")

    def __init__(self, share: float) -> None:
        """`share` is how many extra requests there may be to each keystroke, in the long run."""
        self._share = share
        self._level = _AT_FIRST if share > 0 else 0.0

    @property
    def is_half_full(self) -> bool:
        """Whether there is enough for what can be done without."""
        return self._level >= _MOST / 2

    def earn(self) -> None:
        self._level = min(_MOST, self._level + self._share)

    def spend(self) -> bool:
        """Take a token, if there is one."""
        if self._level < 1:
            return False
        self._level -= 1
        return True
