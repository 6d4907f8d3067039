"""Leaving a backend alone for as long as it asked, without ever waiting inside a keystroke."""

from __future__ import annotations

from collections.abc import Callable

from ghostlap.providers._errors import ProviderError, RateLimited, StatusError
from ghostlap.telemetry import monotonic_ns

__all__ = ["Circuit"]

RATE_LIMIT_S = 2.0
"""How long to leave a backend alone that was asked too often and does not say for how long."""
LONGEST_S = 120.0
"""A longer hint is taken for this: limits are lifted, and a provider's clock may be wrong."""
PERMANENT_S = 300.0
"""When to try a backend again that refused the key or the model: someone may have mended it."""


class Circuit:
    """Remembers why and until when a backend is not to be asked. Used from one event loop."""

    __slots__ = ("_clock", "_error", "_not_before_ns")

    def __init__(self, clock: Callable[[], int] = monotonic_ns) -> None:
        self._clock = clock
        self._error: ProviderError | None = None
        self._not_before_ns = 0

    @property
    def not_before_ns(self) -> int:
        """When the backend may be asked again, on the monotonic clock; 0: now."""
        return self._not_before_ns if self.open_error() else 0

    def open_error(self) -> ProviderError | None:
        """Return the error that keeps the backend from being asked; None if nothing does."""
        if self._error is not None and self._clock() >= self._not_before_ns:
            self._error = None
        return self._error

    def failed(self, error: ProviderError) -> None:
        """Note a failure; some of them open the circuit.

        The error that `open_error` gave does not hold it open any longer: nobody was asked.
        """
        if error is self._error:
            return
        hold_s = _hold_s(error)
        if hold_s:
            self._error = error
            self._not_before_ns = self._clock() + int(hold_s * 1e9)

    def succeeded(self) -> None:
        self._error = None


def _hold_s(error: ProviderError) -> float:
    if error.permanent:
        return PERMANENT_S
    if isinstance(error, StatusError) and error.retry_after_s is not None:
        return min(error.retry_after_s, LONGEST_S)
    return RATE_LIMIT_S if isinstance(error, RateLimited) else 0.0
