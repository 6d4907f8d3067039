"""Times of which some were cut short, for many weightings at once (Kaplan and Meier, 1958).

It holds where what cut a time short does not depend on how long it would have been: keystrokes,
not races.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ghostlap.telemetry.what_if._clusters import Floats

__all__ = ["quantiles", "share_within", "survival"]

Flags = npt.NDArray[np.bool_]


def survival(times: Floats, observed: Flags, weights: Floats) -> tuple[Floats, Floats]:
    """The times in their order, and for each weighting the share that takes longer than each."""
    order = np.lexsort((~observed, times))  # at one time what was seen comes before what was cut
    weighted = weights[:, order]
    at_risk = np.cumsum(weighted[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(observed[order] & (at_risk > 0), weighted / at_risk, 0.0)
    left: Floats = np.cumprod(1.0 - hazard, axis=1, dtype=np.float64)
    return times[order], left


def quantiles(times: Floats, observed: Flags, weights: Floats, shares: tuple[float, ...]) -> Floats:
    """The times within which these shares are there, a column each; NaN where never reached."""
    found = np.full((len(weights), len(shares)), np.nan)
    if not len(times):
        return found
    ordered, left = survival(times, observed, weights)
    for column, share in enumerate(shares):
        reached = left <= 1 - share + 1e-9
        at = reached.argmax(axis=1)
        is_reached = reached[np.arange(len(at)), at]
        found[is_reached, column] = ordered[at[is_reached]]
    return found


def share_within(times: Floats, observed: Flags, weights: Floats, limit: float) -> Floats:
    """For each weighting the share that was seen within `limit`, of all."""
    hits = (observed & (times <= limit)).astype(np.float64)
    total = weights.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(total > 0, weights @ hits / total, np.nan), dtype=np.float64)
