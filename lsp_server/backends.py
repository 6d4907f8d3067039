"""Which provider the settings ask for, imported only then: most sessions need one of them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ghostlap.lsp_server.config import EMBEDDED, Config
from ghostlap.providers import Provider
from ghostlap.providers.local.settings import EmbeddedSettings

if TYPE_CHECKING:
    from ghostlap.providers._transport import Transport

__all__ = ["Backends", "LearnsFromFolders", "OurBackends", "cache_dir"]


class Backends(Protocol):
    """Makes providers from a configuration, and owns what they share."""

    async def open(self, config: Config) -> Provider:
        """Return the provider that is asked. Raises ProviderError."""
        ...

    async def aclose(self) -> None:
        """Let go of what is shared, when all providers are closed."""
        ...


@runtime_checkable
class LearnsFromFolders(Protocol):
    """Backends of which one learns from the source files of the workspace."""

    def open_folders(self, roots: Sequence[Path], progress: Callable[[int, int], None]) -> None:
        """Learn from these folders from now on.

        `progress` is told how many bytes of source are indexed, of how many.
        """
        ...


class OurBackends:
    """The embedded engine, and all that the registry knows. Used from one event loop."""

    def __init__(self) -> None:
        self._transport: Transport | None = None
        self._roots: Sequence[Path] = ()
        self._progress: Callable[[int, int], None] | None = None
        self._learns: Callable[[], None] = _nothing

    def open_folders(self, roots: Sequence[Path], progress: Callable[[int, int], None]) -> None:
        self._roots, self._progress = roots, progress
        self._learns()

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

        engine = EmbeddedEngine(config.embedded, cache_dir())
        indexer = _indexer(config.embedded, config.context.exclude)

        def learn() -> None:
            engine.folders.use(self._roots, indexer, self._progress)

        self._learns = learn
        learn()
        return engine

    def _remote(self, config: Config) -> Provider:
        from ghostlap.providers._transport import Transport  # noqa: PLC0415 - see open
        from ghostlap.providers.registry import build  # noqa: PLC0415 - see open

        if self._transport is None:
            self._transport = Transport()
        return build(config.primary, config.provider(config.primary), self._transport)


def _nothing() -> None:
    pass


def _indexer(settings: EmbeddedSettings, excluded: Sequence[str]) -> list[str]:
    """Return the program that brings the index of a folder, its last argument, up to date."""
    command = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "index", "--porcelain"]
    command.append(f"--most-mb={settings.workspace_mb}")
    if not settings.installed_packages:
        command.append("--no-packages")
    if settings.cache_dir:
        command.append(f"--cache-dir={settings.cache_dir}")
    command += [f"--exclude={each}" for each in excluded]
    return command


def cache_dir() -> Path:
    """Where files are kept that can be made again."""
    if named := os.environ.get("GHOSTLAP_CACHE_DIR"):
        return Path(named).expanduser()
    from platformdirs import user_cache_dir  # noqa: PLC0415 - 8 ms, behind the handshake

    return Path(user_cache_dir("ghostlap", appauthor=False))
