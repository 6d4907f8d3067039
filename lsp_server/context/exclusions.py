"""Which files are never sent anywhere.

A file is kept back when a rule says so (`.gitignore`, `.ghostlapignore`, git's own excludes, the
user's patterns, all in gitignore's syntax), when its name is that of a key, a certificate or an
environment file, or when it is too large to be source. A link is judged by all of its names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from ghostlap.lsp_server.context.credential_files import credential_reason
from ghostlap.lsp_server.context.git_excludes import global_excludes, info_exclude, is_repository
from ghostlap.lsp_server.context.ignore_rules import IgnoreRules, RuleFiles

__all__ = ["Exclusions"]

_OUR_FILE = ".ghostlapignore"
_Named: TypeAlias = tuple[str, IgnoreRules]
LARGEST_BYTES = 1_000_000
"""Generated code and data; no file that a person edits."""
_MOST_LINKS = 8


class Exclusions:
    """Answers for files, by the rules as they are now. Safe to use from one thread at a time."""

    def __init__(
        self,
        roots: tuple[Path, ...] = (),
        *,
        largest_bytes: int = LARGEST_BYTES,
        patterns: tuple[str, ...] = (),
        home: Path | None = None,
    ) -> None:
        """`patterns` hold below every root. `home`: whose git settings count, None for nobody's."""
        self._roots = tuple(dict.fromkeys([*roots, *(_real(each) for each in roots)]))
        self._largest_bytes = largest_bytes
        self._patterns = IgnoreRules.of([*patterns]) if patterns else None
        self._home = home
        self._files = RuleFiles()

    def reason(self, path: Path, size_bytes: int = 0) -> str | None:
        """Return why `path` is kept back, as words for a status line; None where it is not.

        `path` is absolute; a file outside of every root and repository has no rule files, and its
        name still counts. `size_bytes` counts where the file on the disk is smaller, or is not.
        """
        for each in _names(path):
            if found := credential_reason(each) or self._unwanted(each) or self._ruled_out(each):
                return found
        if max(size_bytes, _size_of(path)) > self._largest_bytes:
            return f"larger than {self._largest_bytes // 1000} kB"
        return None

    def _unwanted(self, path: Path) -> str | None:
        """Judge a path by the patterns of the settings: below its root, or by its name alone."""
        if self._patterns is None:
            return None
        if self._patterns.trouble:
            return f"the exclude setting {self._patterns.trouble}"
        relative = path.relative_to(self._own_root(path) or path.parent).as_posix()
        return "excluded by the settings" if self._patterns.verdict(relative) else None

    def _ruled_out(self, path: Path) -> str | None:
        """Judge the folders around a file from the outermost on, and then the file.

        As in git, nothing below an ignored folder can be included again.
        """
        top = self._top(path)
        if top is None:
            return None
        folders = [top, *reversed([each for each in path.parents if _is_below(each, top)])]
        for rules_in in (self._our_rules, self._git_rules):
            known = [(folder, [*rules_in(folder)]) for folder in folders]
            for depth in range(1, len(folders) + 1):
                judged = folders[depth] if depth < len(folders) else path
                if found := _judge(judged, known[:depth], is_folder=judged != path):
                    return found
        return None

    def _our_rules(self, folder: Path) -> Iterator[_Named]:
        """Apart from git's: neither can include what the other excludes."""
        if rules := self._files.read(folder / _OUR_FILE):
            yield _OUR_FILE, rules

    def _git_rules(self, folder: Path) -> Iterator[_Named]:
        if rules := self._files.read(folder / ".gitignore"):
            yield ".gitignore", rules
        if not is_repository(folder):
            return
        if (file := info_exclude(folder)) and (rules := self._files.read(file)):
            yield ".git/info/exclude", rules
        if self._home is None:
            return
        if (file := global_excludes(self._home)) and (rules := self._files.read(file)):
            yield "git's global excludes", rules

    def _own_root(self, path: Path) -> Path | None:
        return next((root for root in self._roots if path.is_relative_to(root)), None)

    def _top(self, path: Path) -> Path | None:
        """Return the outermost folder whose rules hold for `path`.

        That is the repository around it, or around the workspace; without one, the workspace.
        """
        root = self._own_root(path)
        inner = root or path.parent
        repository = next((each for each in (inner, *inner.parents) if is_repository(each)), None)
        return repository or root


def _judge(judged: Path, known: list[tuple[Path, list[_Named]]], *, is_folder: bool) -> str | None:
    """Ask the rule files from the nearest folder to the farthest: the first to speak decides."""
    for folder, named in reversed(known):
        relative = _relative(judged, folder, is_folder=is_folder)
        for name, rules in named:
            verdict = rules.verdict(relative)
            if verdict is None:
                continue
            if not verdict:
                return None
            return f"{name} {rules.trouble}" if rules.trouble else f"ignored by {name}"
    return None


def _relative(path: Path, folder: Path, *, is_folder: bool) -> str:
    return path.relative_to(folder).as_posix() + ("/" if is_folder else "")


def _is_below(path: Path, top: Path) -> bool:
    return path != top and path.is_relative_to(top)


def _names(path: Path) -> list[Path]:
    """Return what a file is called: as it was named, by each link on its way, and by itself."""
    names = [path]
    while len(names) <= _MOST_LINKS:
        try:
            target = names[-1].readlink()
        except (OSError, ValueError):
            break
        names.append(Path(os.path.normpath(names[-1].parent / target)))
    return [*dict.fromkeys([*names, _real(path)])]


def _real(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return path


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0
