"""Which provider the settings ask for, imported only then: most sessions need one of them."""

from __future__ import annotations

import asyncio
import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ghostlap.lsp_server.config import EMBEDDED, Config
from ghostlap.providers import Provider

if TYPE_CHECKING:
    from ghostlap.providers._transport import Transport

__all__ = ["Backends", "OurBackends"]


class Backends(Protocol):
    """Makes providers from a configuration, and owns what they share."""

    async def open(self, config: Config) -> Provider:
        """Return the provider that is asked. Raises ProviderError."""
        ...

    async def aclose(self) -> None:
        """Let go of what is shared, when all providers are closed."""
        ...


class OurBackends:
    """The embedded engine, and all that the registry knows. Used from one event loop."""

    def __init__(self) -> None:
        self._transport: Transport | None = None

    async def open(self, config: Config) -> Provider:
        # Imported in a thread: the client's first messages need not wait for it.
        if config.primary == EMBEDDED:
            await asyncio.to_thread(import_module, "ghostlap.providers.local")
            return self._embedded(config)
        await asyncio.to_thread(import_module, "ghostlap.providers.registry")
        return self._remote(config)

    async def aclose(self) -> None:
        if self._transport is not None:
            await self._transport.aclose()

    def _embedded(self, config: Config) -> Provider:
        from ghostlap.providers.local import EmbeddedEngine  # noqa: PLC0415 - see open

        return EmbeddedEngine(config.embedded, _cache_dir())

    def _remote(self, config: Config) -> Provider:
        from ghostlap.providers._transport import Transport  # noqa: PLC0415 - see open
        from ghostlap.providers.registry import build  # noqa: PLC0415 - see open

        if self._transport is None:
            self._transport = Transport()
        return build(config.primary, config.provider(config.primary), self._transport)


def _cache_dir() -> Path:
    """Where files are kept that can be made again."""
    if named := os.environ.get("GHOSTLAP_CACHE_DIR"):
        return Path(named).expanduser()
    from platformdirs import user_cache_dir  # noqa: PLC0415 - 8 ms, behind the handshake

    return Path(user_cache_dir("ghostlap", appauthor=False))
