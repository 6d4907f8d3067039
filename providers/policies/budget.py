"""How many extra requests a user is willing to make, and to pay for."""

from __future__ import annotations

from dataclasses import dataclass

from ghostlap.providers.policies.bucket import Bucket
from ghostlap.providers.policies.ledger import Ledger

__all__ = ["Budget", "Denial", "Limits"]

_FAILOVERS_PER_KEY = 1.0
"""An outage of the primary sends every keystroke to a backup, once."""


@dataclass(frozen=True, slots=True)
class Limits:
    extra_percent: float = 10.0
    """Hedges in percent of the keystrokes that a provider was asked for; 100 and more: each."""
    daily_requests: int = 0
    """Extra requests of one day (UTC); 0: no limit."""
    daily_usd: float = 0.0
    """What the extra requests of one day may cost by the catalogue's prices; 0: no limit."""


class Denial:
    """Why a backup that was due was not asked; empty: it was not denied."""

    NONE = ""
    BUCKET = "bucket"
    FAILOVER_BUCKET = "failover bucket"
    DAILY_REQUESTS = "daily requests"
    DAILY_MONEY = "daily money"
    BREAKER = "breaker"
    SET_ASIDE = "set aside"


class Budget:
    """Says of each extra request whether it may be made. Used from one event loop alone."""

    def __init__(self, limits: Limits, ledger: Ledger) -> None:
        self._limits = limits
        self._ledger = ledger
        share = limits.extra_percent / 100
        self._hedges = Bucket(share)
        self._is_open = share >= 1
        self._failovers = Bucket(_FAILOVERS_PER_KEY)

    def earn(self) -> None:
        """Note a keystroke for which somebody is asked."""
        self._hedges.earn()
        self._failovers.earn()

    def hedge(self) -> str:
        """Pay for a backup that starts because the first is late; or say why not."""
        return self._pay(None if self._is_open else self._hedges, Denial.BUCKET)

    def spare(self) -> str:
        """Pay as for a hedge what can be done without: late answers come first."""
        if not self._is_open and not self._hedges.is_half_full:
            return Denial.BUCKET
        return self.hedge()

    def failover(self) -> str:
        """Pay for a backup that starts because another has failed; or say why not."""
        return self._pay(self._failovers, Denial.FAILOVER_BUCKET)

    def measure(self) -> str:
        """Pay for a request that is only measured, because the user asked for that."""
        return self._pay(None, "")

    def charge(self, usd: float) -> None:
        """Add what an extra request turned out to have cost."""
        self._ledger.add(usd=usd)

    def _pay(self, bucket: Bucket | None, empty: str) -> str:
        limits, spent = self._limits, self._ledger.spent()
        if limits.daily_requests and spent.requests >= limits.daily_requests:
            return Denial.DAILY_REQUESTS
        if limits.daily_usd and spent.usd >= limits.daily_usd:
            return Denial.DAILY_MONEY
        if bucket is not None and not bucket.spend():
            return empty
        self._ledger.add(requests=1)
        return Denial.NONE
