"""After how long a backup is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ghostlap.providers._base import CompletionRequest
from ghostlap.providers.policies.backend import Backend

__all__ = ["AdaptiveDelay", "Delay", "FixedDelay", "NoDelay"]


class Delay(Protocol):
    @property
    def name(self) -> str:
        """What the mode is called in settings and figures."""
        ...

    def delay_s(self, first: Backend, request: CompletionRequest) -> float | None:
        """Seconds from asking `first` until a backup is asked; None: never for the time's sake."""
        ...


@dataclass(frozen=True, slots=True)
class FixedDelay:
    """The same for each request. Of 0 it is a race."""

    seconds: float

    @property
    def name(self) -> str:
        return "hedge" if self.seconds else "race"

    def delay_s(self, first: Backend, request: CompletionRequest) -> float:  # noqa: ARG002 - see Delay
        return self.seconds


@dataclass(frozen=True, slots=True)
class AdaptiveDelay:
    """When the first is later than it usually is: a percentile of its own time to usable text."""

    percentile: float = 90.0
    least_s: float = 0.03
    """Sooner it is no hedge any more: two requests for the price of a moment."""
    most_s: float = 0.8
    """Later the user has typed on."""
    unknown_s: float = 0.25
    """While there are fewer than 50 observations."""

    @property
    def name(self) -> str:
        return "adaptive"

    def delay_s(self, first: Backend, request: CompletionRequest) -> float:
        found = first.times(request).quantile_s(self.percentile / 100)
        return min(max(self.unknown_s if found is None else found, self.least_s), self.most_s)


@dataclass(frozen=True, slots=True)
class NoDelay:
    """A backup is asked when another has failed, and not before."""

    @property
    def name(self) -> str:
        return "failover"

    def delay_s(self, first: Backend, request: CompletionRequest) -> None:  # noqa: ARG002 - see Delay
        return None
