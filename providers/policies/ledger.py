"""What extra requests have cost today: the daily limits are held against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

__all__ = ["Ledger", "Spent"]


@dataclass(frozen=True, slots=True)
class Spent:
    """Extra requests of one day and what they cost, by the upper end of what it can have been."""

    day: date
    requests: int = 0
    usd: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        """The sum of one day; of different days, the later one."""
        if self.day != other.day:
            return max(self, other, key=lambda spent: spent.day)
        return Spent(self.day, self.requests + other.requests, self.usd + other.usd)


def _today() -> date:
    return datetime.now(UTC).date()


class Ledger:
    """Used from one event loop alone. Shared by all policies of a process, and with other processes
    by whoever calls `take_unsaved` and `set_others`.
    """

    def __init__(self, today: Callable[[], date] = _today) -> None:
        self._today = today
        self._others = Spent(today())
        self._unsaved = Spent(today())

    def spent(self) -> Spent:
        """Return what was spent today, here and elsewhere."""
        return Spent(self._today()) + self._others + self._unsaved

    def add(self, requests: int = 0, usd: float = 0.0) -> None:
        self._unsaved = Spent(self._today()) + self._unsaved + Spent(self._today(), requests, usd)

    def take_unsaved(self) -> Spent:
        """Return what was added since the last call, and count it no more: see `set_others`."""
        unsaved, self._unsaved = self._unsaved, Spent(self._today())
        return unsaved

    def set_others(self, spent: Spent) -> None:
        """Be told the sum that is kept elsewhere, with all that was taken from here in it."""
        self._others = spent
