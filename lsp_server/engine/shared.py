"""What the desks of all documents have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ghostlap.lsp_server.engine.ahead import Budget
from ghostlap.lsp_server.engine.asking import Context
from ghostlap.lsp_server.engine.cache import Cache
from ghostlap.lsp_server.engine.cancels import Cancels
from ghostlap.lsp_server.engine.flight import Flight
from ghostlap.lsp_server.engine.schedule import Schedule
from ghostlap.lsp_server.tasks import Tasks
from ghostlap.providers import Provider, ProviderError

__all__ = ["Route", "Shared"]


@dataclass(frozen=True, slots=True)
class Route:
    """Who is asked, when, and for how much."""

    provider: Provider
    schedule: Schedule
    max_tokens: int = 256
    single_line: bool = False
    instant: bool = False
    """It answers within the time of a key, from this process: nothing is gained by asking ahead."""
    guess: Provider | None = None
    """Whose guess is shown until `provider` answers."""
    ahead: float = 0.0
    """How many requests ahead of need there may be to each one that a key asks for."""


@dataclass(slots=True)
class Shared:
    tasks: Tasks
    context: Context
    failed: Callable[[ProviderError], None]
    withheld: Callable[[str, str], None]
    settled: bool = False
    """Whether it is known who is asked: requests that came before wait for it."""
    route: Route | None = None
    cache: Cache = field(default_factory=Cache)
    budget: Budget = field(default_factory=lambda: Budget(0.0))
    flights: set[Flight] = field(default_factory=set)
    cancels: Cancels = field(default_factory=Cancels)
