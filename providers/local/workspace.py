"""One workspace's index as a server uses it: opened, kept up to date by a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ghostlap.providers.local.guarded import GuardedSegment
from ghostlap.providers.local.index_file import IndexFileInvalid
from ghostlap.providers.local.places import Source
from ghostlap.providers.local.segment import Segment
from ghostlap.providers.local.workspace_build import MANIFEST, read_manifest, workspace_folder

__all__ = ["LIBRARY_MARK", "IndexingFailed", "Workspace"]

log = logging.getLogger(__name__)

LIBRARY_MARK = "+"
"""A family with this at its end holds what the workspace's files import."""
_LINE_BYTES = 1 << 16


class IndexingFailed(Exception):
    """The index could not be brought up to date. `str()` is one sentence that says why."""


class _Parts(NamedTuple):
    """What is open."""

    mark: object
    """Another one when something else is on the disk."""
    segments: dict[str, list[GuardedSegment]]
    hidden: dict[Segment, frozenset[int]]
    numbers: dict[Segment, dict[str, int]]
    """Those of the files of each."""


class Workspace:
    """Used from one event loop alone."""

    def __init__(self, root: Path, cache_dir: Path, indexer: Sequence[str]) -> None:
        """`indexer` is the program that brings the index of a folder, its argument, up to date."""
        self.root = root
        self._folder = workspace_folder(cache_dir, root)
        self._indexer = [*indexer, str(root)]
        self._segments: dict[str, list[GuardedSegment]] = {}
        self._hidden: dict[Segment, frozenset[int]] = {}
        self._numbers: dict[Segment, dict[str, int]] = {}
        self._open_files: frozenset[str] = frozenset()
        self._mark: object = None
        self._given_up: set[Path] = set()

    @property
    def source_bytes(self) -> int:
        return sum(
            int(each.about.get("source_bytes", 0))
            for parts in self._segments.values()
            for each in parts
        )

    def segments(self, family: str) -> Sequence[Segment]:
        return self._segments.get(family, ())

    @property
    def is_damaged(self) -> bool:
        """Whether a part turned out to be damaged since it was opened, and is to be made anew."""
        return bool(self._damaged())

    def _damaged(self) -> list[Path]:
        parts = [each for parts in self._segments.values() for each in parts]
        return [each.path for each in parts if each.is_damaged and each.path not in self._given_up]

    def open(self) -> bool:
        """Open the index as it is on disk; True if that is another one than what was open.

        A part that can't be opened is left out: the indexing process makes it anew and says so.
        """
        return self._take(self._read())

    async def reopen(self) -> bool:
        """Do so while keys are answered: reading takes some ms."""
        return self._take(await asyncio.to_thread(self._read))

    def _read(self) -> _Parts | None:
        """Open all parts; None where they are those that are open. Touches nothing."""
        manifest = read_manifest(self._folder)
        files = [str(part["file"]) for parts in manifest.values() for part in parts]
        mark = [_mtime_ns(self._folder / name) for name in (MANIFEST, *files)]
        if mark == self._mark:
            return None
        found = _Parts(mark, {}, {}, {})
        for family, parts in manifest.items():
            source = Source.LIBRARY if family.endswith(LIBRARY_MARK) else Source.WORKSPACE
            for part in parts:
                segment = _opened(self._folder / str(part["file"]), source)
                if segment is None:
                    continue
                found.segments.setdefault(family, []).append(segment)
                found.hidden[segment] = frozenset(part["hidden"])
                files_of = segment.about.get("files", [])
                found.numbers[segment] = {each[0]: number for number, each in enumerate(files_of)}
        return found

    def _take(self, parts: _Parts | None) -> bool:
        if parts is None:
            return False
        self._mark, self._segments, self._hidden, self._numbers = parts
        self._hide()
        return True

    def hide_open(self, paths: Collection[Path]) -> None:
        """Suggest nothing from the files of open documents: those are indexed as they are now."""
        inside = [each for each in paths if each.is_relative_to(self.root)]
        names = frozenset(each.relative_to(self.root).as_posix() for each in inside)
        if names != self._open_files:
            self._open_files = names
            self._hide()

    async def forget_missing(self) -> bool:
        """Hide the files that are gone from the disk; True if there are any new ones."""
        numbers_of = self._numbers
        gone = await asyncio.to_thread(self._gone, numbers_of, dict(self._hidden))
        if not any(gone.values()) or self._numbers is not numbers_of:
            return False
        for segment, numbers in gone.items():
            self._hidden[segment] |= numbers
        self._hide()
        return True

    def _gone(
        self,
        numbers_of: Mapping[Segment, Mapping[str, int]],
        hidden: Mapping[Segment, Collection[int]],
    ) -> dict[Segment, set[int]]:
        """Look for every file: some 3 µs each, most of them without the interpreter's lock."""
        return {
            segment: {
                number
                for name, number in numbers.items()
                if number not in hidden[segment] and not os.path.exists(self.root / name)  # noqa: PTH110 - a tenth of the time
            }
            for segment, numbers in numbers_of.items()
        }

    def _hide(self) -> None:
        for segment, numbers in self._numbers.items():
            own = {numbers[name] for name in self._open_files if name in numbers}
            segment.hide(self._hidden[segment] | own)

    async def refresh(self, progress: Callable[[int, int], None]) -> None:
        """Bring the index up to date, in a process of low priority, and open it.

        Raises `IndexingFailed`. `progress` is told how many bytes of source are done, of how many.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *self._indexer,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=_LINE_BYTES,
            )
        except OSError as error:
            raise IndexingFailed(
                f"the process that indexes could not be started ({error.strerror})"
            ) from error
        assert process.stdout is not None, "it is a pipe"
        problem = ""
        try:
            async for line in process.stdout:
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    told = json.loads(line)
                    if "problem" in told:
                        problem = str(told["problem"])
                    elif "warning" in told:
                        log.warning("%s", told["warning"])
                    else:
                        progress(int(told["done"]), int(told["total"]))
            await process.wait()
        except ValueError as error:  # a line without an end
            raise IndexingFailed("the process that indexes said what it never says") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise IndexingFailed(problem or f"indexing ended with {process.returncode}")
        await self.reopen()
        if left := self._damaged():  # as they were written: to make them anew would not help
            self._given_up.update(left)
            log.warning("A part of the workspace's index can't be used, and is left out.")


def _opened(path: Path, source: Source) -> GuardedSegment | None:
    try:
        return GuardedSegment(path, source)
    except (IndexFileInvalid, FileNotFoundError):
        return None
    except OSError as error:
        log.warning("A part of the workspace's index can't be read (%s).", error.strerror)
        return None


def _mtime_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
