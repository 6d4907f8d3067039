"""The folders of the workspace: their indexes, and when those are brought up to date."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from urllib.parse import unquote

from ghostlap.providers.local.query import Index
from ghostlap.providers.local.settings import EmbeddedSettings
from ghostlap.providers.local.workspace import LIBRARY_MARK, IndexingFailed, Workspace
from ghostlap.telemetry import monotonic_ns

__all__ = ["Folders", "IndexProgress"]

log = logging.getLogger(__name__)

_REFRESH_EVERY_S = 30.0
"""Only after edits. A refresh that finds nothing costs a process of .3 s and 1 s per 2500 files."""
_REST = 30
"""It is taken so many times as long a rest from refreshing as that took: in a large tree it waits
longer."""
_LOOK_EVERY_S = 10.0
"""How long a file that was deleted is suggested from at most."""
IndexProgress = Callable[[int, int], None]
"""Is told how many bytes of source are indexed, of how many; the same twice when it ends."""


class Folders:
    """Used from one event loop alone."""

    def __init__(self, settings: EmbeddedSettings, cache_dir: Path) -> None:
        self.is_stale = False
        """Whether files may have changed since the indexes were brought up to date."""
        self.version = 0
        """Another one when something else may be suggested than before."""
        self.problem = ""
        """Why a folder's index is not up to date, in one sentence."""
        self._is_wanted = settings.workspace
        self._cache_dir = cache_dir
        self._workspaces: list[Workspace] = []
        self._open: list[Path] = []
        self._progress: IndexProgress = _ignored
        self._keeping_up: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._is_current = asyncio.Event()

    def use(
        self,
        roots: Sequence[Path],
        indexer: Sequence[str],
        progress: IndexProgress | None = None,
    ) -> None:
        """Take these as the workspace's folders from now on.

        `indexer` is a program that brings the index of a folder, its last argument, up to date, and
        prints how far it is as lines of JSON.
        """
        if not self._is_wanted:
            return
        known = {each.root: each for each in self._workspaces}
        self._workspaces = [
            known.get(root) or Workspace(root, self._cache_dir, indexer) for root in roots
        ]
        self._progress = progress or _ignored
        for each in self._workspaces:
            each.open()
            each.hide_open(self._open)
        self.version += 1
        self.is_stale = True
        self._is_current.clear()
        self._changed.set()

    def start(self) -> None:
        """Begin to keep the indexes up to date."""
        if self._is_wanted and self._keeping_up is None:
            self._keeping_up = asyncio.get_running_loop().create_task(self._keep_up())

    async def settled(self) -> None:
        """Wait until the indexes are as the files were when the folders were last set."""
        if self._keeping_up is not None and self._workspaces:
            await self._is_current.wait()

    async def aclose(self) -> None:
        if self._keeping_up is not None:
            self._keeping_up.cancel()
            await asyncio.gather(self._keeping_up, return_exceptions=True)

    def segments(self, family: str) -> tuple[Index, ...]:
        """Return what to ask beside the open documents, the nearest first."""
        found: list[Index] = []
        for name in (family, family + LIBRARY_MARK):
            for each in self._workspaces:
                found += each.segments(name)
        return tuple(found)

    def hide_open(self, uris: Collection[str]) -> None:
        self._open = [path for uri in uris if (path := _path_of(uri))]
        for each in self._workspaces:
            each.hide_open(self._open)
        self.version += 1

    async def forget_missing(self) -> None:
        """Suggest nothing from files that are gone from the disk."""
        for each in self._workspaces:
            if await each.forget_missing():
                self.version += 1

    async def _keep_up(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            waited_s = pause_s = _REFRESH_EVERY_S
            while self._workspaces:
                if self.is_stale and waited_s >= pause_s:
                    began_ns = monotonic_ns()
                    await self._refresh()
                    waited_s = 0.0
                    pause_s = max(_REFRESH_EVERY_S, _REST * (monotonic_ns() - began_ns) / 1e9)
                try:
                    async with asyncio.timeout(_LOOK_EVERY_S):
                        await self._changed.wait()
                    break
                except TimeoutError:
                    waited_s += _LOOK_EVERY_S
                    await self._open_what_others_made()
                    await self.forget_missing()
                    self.is_stale |= any(each.is_damaged for each in self._workspaces)

    async def _open_what_others_made(self) -> None:
        """Take up what another server on the same folder has brought up to date."""
        for each in self._workspaces:
            if await each.reopen():
                self.version += 1

    async def _refresh(self) -> None:
        self.is_stale = False
        self.problem = ""
        for each in self._workspaces:
            try:
                await each.refresh(self._progress)
            except IndexingFailed as error:
                self.problem = str(error)
                log.warning("The index of a folder is not up to date: %s.", error)
            except Exception as error:  # noqa: BLE001 - other folders, and later refreshes, go on
                self.problem = f"its index could not be opened ({type(error).__name__})"
                log.warning("The index of a folder is not up to date: %s.", self.problem)
            self._progress(1, 1)  # it has ended, however
        self.version += 1
        self._is_current.set()


def _ignored(_done: int, _total: int) -> None:
    pass


def _path_of(uri: str) -> Path | None:
    found = re.fullmatch(r"file://(?:localhost)?(/[^?#]*)", uri)
    if found is None:
        return None
    path = unquote(found[1])
    if os.name == "nt" or sys.platform == "win32":
        path = path.lstrip("/")
    return Path(os.path.normpath(path))
