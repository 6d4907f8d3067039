"""From the product over a text's tokens to the share of such texts that are right when shown."""

from __future__ import annotations

__all__ = ["all_right"]

_OVERRATED = 0.3


def all_right(product: float) -> float:
    """Return the probability that a text is right, of those that someone who types is shown.

    The product promises too much: a text that is wrong is shown at several keys in a row, one that
    is right once. Of what was shown above .5 and .7 in three, rxjs and vue, whose languages nothing
    was fitted to, .53 and .75 was right with the package indexed, and .49 and .72 with the open
    documents alone; in django and scrapy .63 and .82.
    """
    return product - _OVERRATED * product * (1 - product)
