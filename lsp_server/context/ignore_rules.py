"""One file of rules in gitignore's syntax, which an opened folder may have written to do harm.

Whatever cannot be read as rules keeps back all that it could have spoken of: a folder's rules can
only narrow what is sent. That holds for a file that is too long, no regular file, or unreadable.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["IgnoreRules", "RuleFiles"]

_LONGEST_BYTES = 512 * 1024
_MOST_RULES = 5_000
"""The longest templates of github/gitignore have some 500."""
_MOST_WILDCARDS = 3
"""A pattern's cost grows with the length of a path to the power of its wildcards less one: with
three, 0.3 ms at 255 characters, with eight, hours."""
_WILDCARDS = re.compile(r"\*+")


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules of one file."""

    spec: Any = None
    """A pathspec.GitIgnoreSpec; None: `trouble` says why there is none."""
    trouble: str = ""
    """Why everything is kept back."""

    @classmethod
    def of(cls, lines: list[str]) -> IgnoreRules:
        from pathspec import GitIgnoreSpec  # noqa: PLC0415 - 20 ms, not needed without rule files

        if len(lines) > _MOST_RULES:
            return cls(trouble=f"has more than {_MOST_RULES} lines")
        try:
            return cls(GitIgnoreSpec.from_lines(list(_cheap(lines)), backend="simple"))
        except Exception:  # noqa: BLE001 - pathspec's own, and re's
            return cls(trouble="holds a pattern that can't be read")

    def verdict(self, relative: str) -> bool | None:
        """Return whether a path is ignored (True) or re-included (False); None: not mentioned.

        A folder's path ends with a slash.
        """
        if self.spec is None:
            return True
        include = self.spec.check_file(relative).include
        return None if include is None else bool(include)


class RuleFiles:
    """Rule files as they were read last; read again when they have changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int, int], IgnoreRules]] = {}

    def read(self, file: Path) -> IgnoreRules | None:
        """Return the rules of a file; None where there is none."""
        try:
            status = file.stat()
        except (FileNotFoundError, NotADirectoryError):
            self._known.pop(file, None)
            return None
        except (OSError, ValueError):
            return IgnoreRules(trouble="can't be read")
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = self._known.get(file)
        if known is None or known[0] != stamp:
            known = self._known[file] = (stamp, _read(file, status))
        return known[1]


def _read(file: Path, status: os.stat_result) -> IgnoreRules:
    if not stat.S_ISREG(status.st_mode):
        return IgnoreRules(trouble="is no regular file")
    if status.st_size > _LONGEST_BYTES:
        return IgnoreRules(trouble=f"is longer than {_LONGEST_BYTES // 1024} kB")
    try:
        with file.open("rb") as opened:
            data = opened.read(_LONGEST_BYTES + 1)
    except OSError:
        return IgnoreRules(trouble="can't be read")
    # Bytes that are not UTF-8 match the same bytes of a path, which is decoded so too.
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return IgnoreRules.of(re.split(r"\r?\n", text))


def _cheap(lines: list[str]) -> Iterator[str]:
    """Yield the rules, those with many wildcards replaced by simpler ones that match more."""
    for line in lines:
        if line.startswith("#") or not line.strip():
            continue
        stars = [*_WILDCARDS.finditer(line)]
        if len(stars) <= _MOST_WILDCARDS:
            yield line
        elif not line.startswith("!"):  # a rule that re-includes must not match more
            yield from _wider(line, stars[0].start())


def _wider(line: str, first: int) -> Iterator[str]:
    """Yield a rule that matches all that `line` matches: by what stands before its wildcards."""
    folder = line[:first].rpartition("/")[0]
    yield f"{folder}/**" if folder else "**"
