"""The index of the standard library: where it lies, and the process that makes it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import platform
import sys
import sysconfig
from pathlib import Path

from ghostlap.providers.local.guarded import GuardedSegment
from ghostlap.providers.local.index_file import MAGIC, IndexFileInvalid

__all__ = ["LibraryFailed", "build_library", "library_path", "open_library"]

log = logging.getLogger(__name__)


class LibraryFailed(Exception):
    """The index could not be made. `str()` is one sentence that says why."""


def library_path(cache_dir: Path) -> Path:
    """Return the file for this interpreter's library and this version of the format."""
    version = f"{platform.python_implementation()} {sys.version} {sysconfig.get_path('stdlib')}"
    mark = hashlib.sha256(MAGIC + version.encode()).hexdigest()[:16]
    return cache_dir / f"python-{sys.version_info.major}.{sys.version_info.minor}-{mark}.index"


def open_library(path: Path) -> GuardedSegment | None:
    """Return the index, None where there is none. A damaged one is removed, with a line in the log.

    So is one that turns out to be damaged while somebody types.

    Raises `LibraryFailed` where it is there and can't be read.
    """
    try:
        return GuardedSegment(path, on_damage=lambda: _remove(path))
    except FileNotFoundError:
        return None
    except IndexFileInvalid as error:
        log.warning("The index of the standard library is made anew: %s.", error)
        path.unlink(missing_ok=True)
        return None
    except OSError as error:
        raise LibraryFailed(f"the index file can't be read ({error.strerror})") from error


def _remove(path: Path) -> None:
    log.warning("The index of the standard library is damaged: it is made anew at the next start.")
    with contextlib.suppress(OSError):  # Windows keeps what is mapped
        path.unlink()


async def build_library(path: Path) -> None:
    """Make the index in a process of low priority. Raises `LibraryFailed`.

    Several servers may do so at once: each makes a file of its own, and the last one is kept.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-m",
            "ghostlap.providers.local.build",
            str(path),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise LibraryFailed(f"its process could not be started ({error.strerror})") from error
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        kind = last.partition(":")[0]  # the exception's name: what follows may be a path
        raise LibraryFailed(f"making it ended with {kind or process.returncode}")
