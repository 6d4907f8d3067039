"""Brings a workspace's index files up to date: what a process of its own does, under a lock.

A folder of the cache holds a manifest and, for each family of languages, one or two index files: a
large one, and one with the files that have changed since. The manifest says which files of the
large one are to be hidden: those, and the ones that are gone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ghostlap.providers.local.build import build
from ghostlap.providers.local.families import family_of
from ghostlap.providers.local.file_lock import locked
from ghostlap.providers.local.index_file import MAGIC, IndexFileInvalid, map_index, verify_index

__all__ = [
    "MANIFEST",
    "Listed",
    "families",
    "most_recent",
    "read_manifest",
    "update",
    "workspace_folder",
]

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
_MOST_CHANGED = 0.2
"""When more of an index than this share has changed it is made anew."""
_TELL_EVERY_BYTES = 500_000
_LONGEST_LINE = 5_000
"""Paragraphs of prose are shorter. One word of a line of base64 may be all of it."""
_VERSION = MAGIC.decode("ascii").strip()

Manifest = Mapping[str, Sequence[Mapping[str, Any]]]
"""By family: index files (`file`), each with the numbers of its files to be hidden (`hidden`)."""
Progress = Callable[[int, int], None]
"""Is told how many bytes of source are indexed, of how many."""


class Listed(NamedTuple):
    """A source file as it is on disk."""

    path: str
    """Relative to the workspace with forward slashes, or absolute."""
    mtime_ns: int
    size_bytes: int


def workspace_folder(cache_dir: Path, root: Path) -> Path:
    """Return where the index of a workspace lies: servers on one workspace share it."""
    mark = hashlib.sha256(os.path.realpath(root).encode("utf-8", "surrogatepass")).hexdigest()
    return cache_dir / "workspaces" / mark[:20]


def most_recent(
    files: Iterable[Listed], most_bytes: int, is_wanted: Callable[[Listed], bool] = lambda _: True
) -> list[Listed]:
    """Return the most recently changed files that together are not larger than `most_bytes`.

    Of more files than these nobody asks whether they are wanted: that may be slow.
    """
    chosen, total = [], 0
    for each in sorted(files, key=lambda each: (-each.mtime_ns, each.path)):
        if total + each.size_bytes <= most_bytes and is_wanted(each):
            total += each.size_bytes
            chosen.append(each)
    return chosen


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest; an empty one where there is none of this version, or it is damaged."""
    try:
        return _manifest(folder)
    except (OSError, _Damaged):
        return {}


class _Damaged(Exception):
    """The manifest does not say what was written into it."""


def _manifest(folder: Path) -> Manifest:
    """Raises `_Damaged` and OSError."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if found["version"] != _VERSION:
            return {}
        if found["sum"] != _sum(found["families"]):
            raise _Damaged
        return {str(name): list(parts) for name, parts in found["families"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _Damaged from error


def _sum(families: object) -> int:
    return zlib.crc32(json.dumps(families).encode())


def update(
    folder: Path,
    root: Path,
    listing: Callable[[], Mapping[str, Sequence[Listed]]],
    progress: Progress = lambda _done, _total: None,
) -> bool:
    """Index what `listing` returns, by family; False when nothing had changed.

    The listing is made under the lock: whoever had to wait for another finds its work done.
    """
    with locked(folder / "lock"):
        _remove_half_done(folder)
        wanted = listing()
        old = _manifest_or_anew(folder)
        plans = {name: _plan(folder, old.get(name, ()), files) for name, files in wanted.items()}
        total = sum(each.size_bytes for plan in plans.values() for each in plan.to_index)
        manifest: dict[str, list[Mapping[str, Any]]] = {}
        done = 0
        for name, plan in plans.items():
            parts: list[Mapping[str, Any]] = [*plan.kept]
            if plan.to_index:
                texts = _texts(root, plan.to_index, done, total, progress)
                name_of_file = _index(folder, name, plan.to_index, texts)
                parts.append({"file": name_of_file, "hidden": []})
                done += sum(each.size_bytes for each in plan.to_index)
            if parts:
                manifest[name] = parts
        if manifest == old and not total:
            return False
        _write_manifest(folder, manifest)
        progress(total, total)
        return True


def _remove_half_done(folder: Path) -> None:
    """Remove what processes have left that were ended: no other one writes now."""
    for pattern in ("*.index.*", f"{MANIFEST}.*"):
        for path in folder.glob(pattern):
            with contextlib.suppress(OSError):
                path.unlink()


def _manifest_or_anew(folder: Path) -> Manifest:
    try:
        return _manifest(folder)
    except FileNotFoundError:
        return {}
    except (OSError, _Damaged):
        log.warning("The workspace's index is made anew: its manifest is damaged.")
        return {}


class _Plan(NamedTuple):
    kept: Sequence[Mapping[str, Any]]
    to_index: Sequence[Listed]


def _plan(folder: Path, parts: Sequence[Mapping[str, Any]], files: Sequence[Listed]) -> _Plan:
    """Return which index files stay, with what of them hidden, and what is to be indexed."""
    held = [(part, _files_of(folder / str(part["file"]))) for part in parts]
    if not held or any(files_of is None for _, files_of in held):
        return _Plan((), files)
    missing = dict.fromkeys(files)
    kept: list[Mapping[str, Any]] = []
    for part, files_of in reversed(held):  # the newest first
        hidden = []
        for number, each in enumerate(files_of or ()):
            if each in missing:
                del missing[each]
            else:
                hidden.append(number)
        kept.insert(0, {"file": part["file"], "hidden": hidden})
    changed = sum(each.size_bytes for each in missing)
    total = sum(each.size_bytes for each in files)
    hidden_files = sum(len(part["hidden"]) for part in kept)
    all_files = sum(len(files_of or ()) for _, files_of in held)
    if not missing and hidden_files <= _MOST_CHANGED * all_files:
        return _Plan(kept, ())
    if changed > _MOST_CHANGED * total or hidden_files > _MOST_CHANGED * all_files:
        return _Plan((), files)
    # Of several parts the first one stays; what the others held is indexed along with what is new.
    first_files = set(held[0][1] or ())
    return _Plan(kept[:1], [each for each in files if each not in first_files])


def _files_of(path: Path) -> list[Listed] | None:
    """Return the files that an index holds, by their numbers; None where it can't be used."""
    try:
        verify_index(path)
        _, _, about = map_index(path)
        return [Listed(*each) for each in about["files"]]
    except (KeyError, TypeError, IndexFileInvalid) as error:
        log.warning("The workspace's index is made anew: %s.", error)
    except OSError:
        log.warning("The workspace's index is made anew: a part of it is missing.")
    return None


def _texts(
    root: Path, files: Sequence[Listed], done: int, total: int, progress: Progress
) -> Iterator[str]:
    """Yield the files' texts, an empty one for a file that can't be read any more."""
    told = done
    for each in files:
        text = ""
        with contextlib.suppress(OSError):
            text = (root / each.path).read_text(encoding="utf-8", errors="replace")
        yield _written_by_hand(text)
        done += each.size_bytes
        if done - told >= _TELL_EVERY_BYTES:
            told = done
            progress(min(done, total - 1), total)  # it is sorted yet


def _written_by_hand(text: str) -> str:
    """Return a text without its lines that are data or made by a program; none of a binary file."""
    if "\0" in text:
        return ""
    lines = text.split("\n")
    if max(map(len, lines)) <= _LONGEST_LINE:
        return text
    return "\n".join("" if len(line) > _LONGEST_LINE else line for line in lines)


def _index(folder: Path, family: str, files: Sequence[Listed], texts: Iterable[str]) -> str:
    mark = hashlib.sha256(repr((_VERSION, files)).encode("utf-8", "surrogatepass")).hexdigest()
    name = f"{family}-{mark[:16]}.index"
    about = {"files": [list(each) for each in reversed(files)]}  # numbered from the last one
    build(texts, folder / name, about)
    return name


def _write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    half_done = folder / f"{MANIFEST}.{os.getpid()}"
    text = json.dumps({"version": _VERSION, "families": manifest, "sum": _sum(manifest)})
    half_done.write_text(text, encoding="utf-8")
    half_done.replace(folder / MANIFEST)
    used = {str(part["file"]) for parts in manifest.values() for part in parts}
    for path in folder.glob("*.index"):
        if path.name not in used:
            with contextlib.suppress(OSError):  # Windows keeps what another server has mapped
                path.unlink()


def families(files: Iterable[Listed]) -> dict[str, list[Listed]]:
    """Sort files by the family of their languages; what belongs to none is left out."""
    found: dict[str, list[Listed]] = {}
    for each in files:
        if name := family_of(each.path):
            found.setdefault(name, []).append(each)
    return found
