"""The providers that are open, and what is known of each: policies come and go over them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ghostlap.lsp_server.backends import Backends
from ghostlap.lsp_server.config import EMBEDDED, Config
from ghostlap.lsp_server.hedging.plan import Plan, plan_of
from ghostlap.lsp_server.logs import log_failure
from ghostlap.providers import DocumentObserver, Provider, ProviderError
from ghostlap.providers.policies import Ledger

if TYPE_CHECKING:
    from ghostlap.providers.policies import Backend

__all__ = ["Asked", "Pool", "made_from"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked: a provider, or a policy over several."""

    plan: Plan
    provider: Provider
    backends: Mapping[str, Backend]
    """Whoever the settings name. They outlive it where the next one wants them, too."""

    @property
    def is_policy(self) -> bool:
        return all(each.provider is not self.provider for each in self.backends.values())

    @property
    def observer(self) -> DocumentObserver | None:
        """Who of them wants to know the open documents: the embedded engine alone."""
        for each in self.backends.values():
            if isinstance(each.provider, DocumentObserver):
                return each.provider
        return None


def made_from(config: Config) -> tuple[object, ...]:
    """What `Pool.open` goes by: another value needs another `Asked`."""
    plan = plan_of(config)
    return plan, *((name, _settings(config, name)) for name in _names(config, plan))


def _names(config: Config, plan: Plan) -> list[str]:
    """Whom to have open, the primary first: also those that a switch away would be asked."""
    asked = config.asked() | ({EMBEDDED} if config.suggestion.instant_guess else set())
    return [*plan.names, *sorted(asked - {*plan.names})]


def _settings(config: Config, name: str) -> object:
    return config.embedded if name == EMBEDDED else config.providers.get(name)


class Pool:
    """Opens each provider once. Used from one event loop, by one caller at a time."""

    def __init__(
        self,
        backends: Backends,
        problem: Callable[[str], None],
        failure: Callable[[ProviderError], None],
    ) -> None:
        """`problem` is told why one can't be opened, `failure` of each failed request."""
        self.ledger = Ledger()
        self._backends = backends
        self._problem = problem
        self._failure = failure
        self._open: dict[str, tuple[object, Backend]] = {}
        self._uses: Counter[Backend] = Counter()

    async def open(self, config: Config) -> Asked | None:
        """Return whom the settings ask; None where nobody can be. One that can't be is left out."""
        from ghostlap.lsp_server.hedging.build import build  # noqa: PLC0415 - not while one starts

        plan = plan_of(config)
        backends: dict[str, Backend] = {}
        for name in _names(config, plan):
            if (found := await self._find(config, name)) is not None:
                backends[name] = found
                self._uses[found] += 1
        if not any(name in backends for name in (plan.primary, *plan.backups)):
            await self._let_go(backends.values())
            return None
        return Asked(plan, build(plan, backends, self.ledger, self._failed), backends)

    async def retire(self, old: Asked) -> None:
        """Close what is asked no more, and those of its backends that are not asked otherwise."""
        if old.is_policy:
            await old.provider.aclose()
        await self._let_go(old.backends.values())

    async def _let_go(self, backends: Iterable[Backend]) -> None:
        for backend in backends:
            self._uses[backend] -= 1
            if self._uses[backend]:
                continue
            del self._uses[backend]
            self._open = {name: each for name, each in self._open.items() if each[1] is not backend}
            await backend.provider.aclose()

    async def aclose(self) -> None:
        """Close whatever is open."""
        await self._let_go([each for each in self._uses for _ in range(self._uses[each])])

    async def _find(self, config: Config, name: str) -> Backend | None:
        settings = _settings(config, name)
        known = self._open.get(name)
        if known is not None and known[0] == settings:
            return known[1]
        try:
            provider = await self._backends.open(replace(config, primary=name))
            backend = await asyncio.to_thread(_backend, provider, name)
        except ProviderError as error:
            self._problem(str(error))
            return None
        except Exception as error:  # noqa: BLE001 - without a provider the server is calm, not dead
            log_failure(log, f"Opening the provider {name!r}", error)
            return None
        self._open[name] = settings, backend
        return backend

    def _failed(self, error: Exception) -> None:
        if isinstance(error, ProviderError):
            self._failure(error)
        else:
            log_failure(log, "Completing", error)


def _backend(provider: Provider, name: str) -> Backend:
    """Put to a provider what the catalogue knows of its price. Reads a file the first time."""
    from ghostlap.providers.policies import Backend  # noqa: PLC0415 - not while a server starts

    if name == EMBEDDED:
        return Backend(provider, cancel_billed="nothing")
    from ghostlap.providers.catalog import catalog  # noqa: PLC0415 - not for the embedded engine

    row = catalog().get(name)
    if row is None:
        return Backend(provider)
    return Backend(provider, price=row.price, cancel_billed=row.cancel_billed)
