"""How long a backend takes, from times of which some were cut short.

A wait that a keystroke cut short is independent of how long it would have been: the Kaplan-Meier
estimate holds (Kaplan and Meier, J. Amer. Statist. Assoc. 53, 1958). A wait that was cut because
another backend answered is not, where both are slow for the same reason. For these the answer comes
from losers that were let run: a random share of them, so each loser that was cut is given the times
of those that had lost at about the same moment.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import neg

__all__ = ["Survival", "estimate"]

_DONORS = 5
"""How many of the nearest losers that were let run stand for one that was cut."""


@dataclass(frozen=True, slots=True)
class Survival:
    """How likely it is that a time is longer than some other."""

    times_s: Sequence[float]
    """Ascending."""
    left: Sequence[float]
    """The probability of more than each of them; falling."""

    def quantile_s(self, share: float) -> float | None:
        """Return the time within which a share of the answers is there; None: not reached."""
        at = bisect_left(self.left, share - 1 - 1e-9, key=neg)
        return self.times_s[at] if at < len(self.times_s) else None

    def beyond(self, time_s: float) -> float:
        """Return the probability of more than `time_s`."""
        at = bisect_right(self.times_s, time_s)
        return self.left[at - 1] if at else 1.0


def estimate(
    seen_s: Iterable[float],
    cut_s: Iterable[float] = (),
    lost_s: Iterable[float] = (),
    let_run: Iterable[tuple[float, float]] = (),
) -> Survival:
    """Return the distribution behind times seen whole, cut by a keystroke, and cut at a defeat.

    `let_run` holds when a loser had lost, and its time in full.
    """
    events = [(time_s, 1.0) for time_s in seen_s]
    cuts = [(time_s, 1.0) for time_s in cut_s]
    donors = sorted(let_run)
    lost_at = [pair[0] for pair in donors]
    for time_s in lost_s:
        near = _nearest(donors, lost_at, time_s)
        if near:
            events += [(whole_s, 1 / len(near)) for whole_s in near]
        else:
            cuts.append((time_s, 1.0))
    return _kaplan_meier(sorted(events), sorted(cuts))


def _nearest(
    donors: Sequence[tuple[float, float]], lost_at: Sequence[float], time_s: float
) -> list[float]:
    """Return the whole times of the losers nearest to `time_s`, of those that took longer."""
    above = bisect_left(lost_at, time_s)
    below = above - 1
    found: list[float] = []
    while len(found) < _DONORS and (below >= 0 or above < len(donors)):
        take_above = below < 0 or (
            above < len(donors) and lost_at[above] - time_s <= time_s - lost_at[below]
        )
        at = above if take_above else below
        above, below = above + take_above, below - (not take_above)
        if donors[at][1] > time_s:
            found.append(donors[at][1])
    return found


def _kaplan_meier(
    events: Sequence[tuple[float, float]], cuts: Sequence[tuple[float, float]]
) -> Survival:
    at_risk = sum(weight for _, weight in events) + len(cuts)
    times_s: list[float] = []
    left: list[float] = []
    survival, cut = 1.0, 0
    for time_s, weight in events:
        while cut < len(cuts) and cuts[cut][0] < time_s:
            at_risk -= cuts[cut][1]
            cut += 1
        survival *= max(0.0, 1 - weight / at_risk) if at_risk > 1e-9 else 0.0
        at_risk -= weight
        if times_s and times_s[-1] == time_s:
            left[-1] = survival
        else:
            times_s.append(time_s)
            left.append(survival)
    return Survival(times_s, left)
