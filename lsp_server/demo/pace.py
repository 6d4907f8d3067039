"""How fast a person types."""

from __future__ import annotations

import math
from random import Random

__all__ = ["Pace"]

# Between the 120 ms of fast typists and the mean of 239 ms in Dhakal et al., "Observations on
# Typing from 136 Million Keystrokes" (CHI 2018).
_KEY_MEDIAN_S, _KEY_SPREAD = 0.14, 0.35
_LINE_MEDIAN_S, _LINE_SPREAD = 0.45, 0.35  # what comes next is thought of between two lines
_SHORTEST_S, _LONGEST_S = 0.04, 1.2
_READING_S = 0.3  # to see that a suggestion is right, and to press Tab


class Pace:
    """Pauses between keys: log-normal, one median within a line and one between lines.

    The same seed gives the same pauses; `speed` divides them.
    """

    def __init__(self, seed: int, *, speed: float = 1.0) -> None:
        self._random = Random(seed)  # noqa: S311 - typing, not cryptography
        self._speed = speed

    def pause_s(self, after: str) -> float:
        """Return the pause that follows the key `after`."""
        ends_line = after.startswith("\n")
        median = _LINE_MEDIAN_S if ends_line else _KEY_MEDIAN_S
        spread = _LINE_SPREAD if ends_line else _KEY_SPREAD
        pause = self._random.lognormvariate(math.log(median), spread)
        return min(max(pause, _SHORTEST_S), _LONGEST_S) / self._speed

    def reading_s(self) -> float:
        """Return how long a suggestion is looked at before it is accepted."""
        return _READING_S / self._speed
