"""One provider as policies see it: what it costs, how long it takes, whether it may be asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ghostlap.providers._base import CompletionRequest, Provider
from ghostlap.providers._circuit import Circuit
from ghostlap.providers._errors import ProviderError
from ghostlap.providers.policies.breaker import Breaker
from ghostlap.providers.policies.budget import Denial
from ghostlap.providers.policies.cost import cost_usd
from ghostlap.providers.policies.estimator import Estimator, SizeClass, size_class
from ghostlap.telemetry import Attempt, monotonic_ns

if TYPE_CHECKING:
    from ghostlap.providers.catalog import Price

__all__ = ["Backend"]

_STALLED_BELOW = 0.001
"""Silences as long as these in a row are no accident any more."""


class Backend:
    """What is known of a provider outlives the policies that it is part of.

    One of one name and model: times of different models are never mixed. Used from one event loop.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        price: Price | None = None,
        cancel_billed: str = "unknown",
        clock: Callable[[], int] = monotonic_ns,
    ) -> None:
        self.provider = provider
        self._price = price
        self._cancel_billed = cancel_billed
        self._circuit = Circuit(clock)
        self._breaker = Breaker(clock)
        self._times: dict[SizeClass, Estimator] = {}
        self._silence = 1.0
        """How likely it was that the last attempts all took so long that none was heard of."""

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def is_stalled(self) -> bool:
        """Whether nothing has been heard of it for longer than it ever takes.

        A process that hangs, or a network that swallows packets, fails without an error.
        """
        return self._silence < _STALLED_BELOW

    def times(self, request: CompletionRequest) -> Estimator:
        """Return the times of requests of this one's size."""
        size = size_class(request)
        found = self._times.get(size)
        if found is None:
            found = self._times[size] = Estimator()
        return found

    def refusal(self) -> str:
        """Say why it is not to be asked now: a `Denial`."""
        if self._circuit.open_error() is not None:
            return Denial.SET_ASIDE
        return Denial.NONE if self._breaker.allows() else Denial.BREAKER

    def asked(self) -> None:
        self._breaker.asked()

    def answered(self) -> None:
        """Note that it said something, be it that it has nothing to suggest."""
        self._circuit.succeeded()
        self._breaker.succeeded()
        self.heard()

    def failed(self, error: Exception) -> None:
        """Note a failure: one of the key or a rate limit sets it aside for a while."""
        self._breaker.failed()
        if isinstance(error, ProviderError):
            self._circuit.failed(error)

    def heard(self) -> None:
        """Note that anything at all came from it."""
        self._silence = 1.0

    def silent(self, request: CompletionRequest, for_s: float) -> None:
        """Note that an attempt was given up after `for_s` without a byte having come."""
        self._silence *= self.times(request).beyond(for_s)

    def cost_usd(self, attempt: Attempt) -> float:
        """Return the most that an attempt can have cost; 0.0 where no price is known."""
        if self._price is None:
            return 0.0
        return cost_usd(attempt, self._price, self._cancel_billed).high

    def __repr__(self) -> str:
        return f"<Backend {self.name}>"
