"""From the share of the shown texts that shall be right to the probability that shows a text."""

from __future__ import annotations

from itertools import pairwise

__all__ = ["cutoff"]

# Measured: of what is shown above the second figure, the first is right.
_MEASURED = ((0.0, 0.0), (0.5, 0.32), (0.7, 0.60), (0.8, 0.74), (1.0, 1.0))


def cutoff(precision: float) -> float:
    """Return the least probability to show a text with, so that of those shown a share is right.

    It is less than that share: most of what is shown is far likelier than the least likely. What
    counts against it is that a wrong text is shown at several keys in a row, a right one once.
    """
    for (low, at_low), (high, at_high) in pairwise(_MEASURED):
        if precision <= high:
            return at_low + (at_high - at_low) * (precision - low) / (high - low)
    return 1.0
