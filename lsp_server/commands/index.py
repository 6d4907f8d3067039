"""Index a folder for the embedded engine, or show what is indexed.

The server does so by itself for the folders of the editor's workspace. Files that an ignore rule or
their name keeps back are not indexed. Of a Python project the packages that its code imports are
indexed too, as they are installed in its environment.
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ghostlap.lsp_server.commands import Failure

if TYPE_CHECKING:
    from ghostlap.lsp_server.context.exclusions import Exclusions
    from ghostlap.providers.local.workspace_build import Listed

__all__ = ["add_arguments", "run"]

_SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", "site-packages"}
)

_PROGRESS_WIDTH = len("500.0 of 500.0 MB")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", default=".", type=Path, help="the folder (this one)")
    parser.add_argument("--stats", action="store_true", help="show what is indexed, index nothing")
    parser.add_argument("--porcelain", action="store_true", help="report as lines of JSON")
    parser.add_argument(
        "--most-mb", type=int, metavar="MB", help="index no more (embedded.workspace_mb)"
    )
    parser.add_argument(
        "--no-packages", action="store_true", help="no packages (embedded.installed_packages)"
    )
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="PATTERN",
        help="nor what this matches, as in .gitignore (besides context.exclude)",
    )
    parser.add_argument("--cache-dir", type=Path, help="where (embedded.cache_dir)")


def run(args: argparse.Namespace) -> int:
    root = args.path.expanduser().resolve()
    if not root.is_dir():
        if args.porcelain:
            print(json.dumps({"problem": "the folder is not there any more"}))
        raise Failure(f"{args.path} is not a folder.")
    if args.most_mb is not None and args.most_mb < 1:
        raise Failure("--most-mb is 1 at least.")
    if args.stats:
        return _show(root, _cache_dir(args))
    if args.porcelain:
        with contextlib.suppress(AttributeError, OSError):  # Windows has no such call
            os.nice(10)
        logging.getLogger("ghostlap.providers.local").addHandler(_Porcelain())
    began = time.monotonic()
    try:
        changed = _index(root, args)
    except OSError as error:
        why = f"the index can't be written ({error.strerror}): embedded.cache_dir says where"
        if args.porcelain:
            print(json.dumps({"problem": why}))
        raise Failure(f"{why[0].upper()}{why[1:]}.") from error
    if args.porcelain:
        return 0
    print(f"{'Indexed' if changed else 'Nothing has changed'}: {time.monotonic() - began:.1f} s")
    return _show(root, _cache_dir(args), "holds no source that may be indexed.")


def _index(root: Path, args: argparse.Namespace) -> bool:
    from ghostlap.lsp_server import config  # noqa: PLC0415 - no other command needs all
    from ghostlap.lsp_server.context.exclusions import Exclusions  # noqa: PLC0415 - as above
    from ghostlap.providers.local.installed import imported_sources  # noqa: PLC0415 - as above
    from ghostlap.providers.local.workspace import LIBRARY_MARK  # noqa: PLC0415 - as above
    from ghostlap.providers.local.workspace_build import (  # noqa: PLC0415 - as above
        families,
        most_recent,
        update,
        workspace_folder,
    )

    loaded = config.load()[0]
    settings = loaded.embedded
    excluded = (*loaded.context.exclude, *args.exclude)

    def listing() -> dict[str, list[Listed]]:
        most_mb = args.most_mb or settings.workspace_mb
        exclusions = Exclusions((root,), patterns=excluded, home=_home())
        found = _sources(root, exclusions)
        files = most_recent(found, most_mb * 1_000_000, _allowed_by(exclusions, root))
        wanted = families(files)
        if settings.installed_packages and not args.no_packages and wanted.get("py"):
            wanted["py" + LIBRARY_MARK] = imported_sources(root, wanted["py"])
        return wanted

    def progress(done: int, total: int) -> None:
        if args.porcelain:
            print(json.dumps({"done": done, "total": total}), flush=True)
        elif sys.stderr.isatty():
            said = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB" if done < total else ""
            print(f"\r{said:{_PROGRESS_WIDTH}}\r", end="", file=sys.stderr, flush=True)

    return update(workspace_folder(_cache_dir(args), root), root, listing, progress)


class _Porcelain(logging.Handler):
    """Tells the server what it is to log."""

    def emit(self, record: logging.LogRecord) -> None:
        print(json.dumps({"warning": record.getMessage()}), flush=True)


def _allowed_by(exclusions: Exclusions, root: Path) -> Callable[[Listed], bool]:
    return lambda each: exclusions.reason(root / each.path) is None


def _sources(root: Path, exclusions: Exclusions) -> Iterator[Listed]:
    """Yield the source files below `root` but those in folders that are kept back."""
    from ghostlap.providers.local.families import family_of  # noqa: PLC0415 - see _index
    from ghostlap.providers.local.workspace_build import Listed  # noqa: PLC0415 - see _index

    folders = [root]
    while folders:
        here = folders.pop()
        with contextlib.suppress(OSError), os.scandir(here) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        if _is_searched(entry, exclusions):
                            folders.append(Path(entry.path))
                    elif family_of(entry.name) and entry.is_file(follow_symlinks=False):
                        stat = entry.stat()
                        if stat.st_size:
                            relative = Path(entry.path).relative_to(root).as_posix()
                            yield Listed(relative, stat.st_mtime_ns, stat.st_size)


def _is_searched(folder: os.DirEntry[str], exclusions: Exclusions) -> bool:
    path = Path(folder.path)
    return (
        folder.name not in _SKIPPED_FOLDERS
        and not (path / "pyvenv.cfg").exists()
        and exclusions.reason(path / "x.py") is None
    )


def _show(root: Path, cache_dir: Path, no_index: str = "") -> int:
    """Print what is indexed; `no_index` says why nothing is."""
    from ghostlap.providers.local.index_file import (  # noqa: PLC0415 - see _index
        IndexFileInvalid,
        map_index,
    )
    from ghostlap.providers.local.workspace_build import (  # noqa: PLC0415 - see _index
        read_manifest,
        workspace_folder,
    )

    folder = workspace_folder(cache_dir, root)
    manifest = read_manifest(folder)
    if not manifest:
        print(f"{root} {no_index or f'is not indexed: ghostlap index {root} does so.'}")
        return 0
    print(f"{root}, in {folder}:")
    print(f"{'':12}{'files':>8}{'source':>12}{'index':>12}{'hidden':>8}")
    for family, parts in sorted(manifest.items()):
        files = hidden = source = size = 0
        for part in parts:
            path = folder / str(part["file"])
            try:
                about = map_index(path)[2]
            except (OSError, IndexFileInvalid) as error:
                print(f"{family:12} can't be read: {error}")
                continue
            files += len(about["files"])
            hidden += len(part["hidden"])
            source += int(about["source_bytes"])
            size += path.stat().st_size
        name = f"{family[:-1]} packages" if family.endswith("+") else family
        print(f"{name:12}{files:>8}{source / 1e6:>9.1f} MB{size / 1e6:>9.1f} MB{hidden:>8}")
    return 0


def _cache_dir(args: argparse.Namespace) -> Path:
    from ghostlap.lsp_server import config  # noqa: PLC0415 - see _index
    from ghostlap.lsp_server.backends import cache_dir  # noqa: PLC0415 - see _index

    named = args.cache_dir or config.load()[0].embedded.cache_dir
    return Path(named) if named else cache_dir()


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:  # a system user without one
        return None
