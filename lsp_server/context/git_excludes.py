"""Where git keeps excludes besides `.gitignore`: its documentation of gitignore names the places.

`git` itself is not run: which program that is, an opened folder might have a say in.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["global_excludes", "info_exclude", "is_repository"]

_LONGEST_CONFIG_CHARS = 1_000_000
_SECTION = re.compile(r'\s*\[\s*([\w.-]+)\s*(?:"(.*)")?\s*\]')
_EXCLUDES = re.compile(r"\s*excludesfile\s*=\s*(.*?)\s*", re.IGNORECASE)


def is_repository(folder: Path) -> bool:
    """Tell whether a folder is the top of a working tree; in a linked one `.git` is a file."""
    return (folder / ".git").exists()


def info_exclude(top: Path) -> Path | None:
    """Return the file with a repository's own excludes, whether it is there or not."""
    git = top / ".git"
    if git.is_dir():
        return git / "info" / "exclude"
    try:
        named = git.read_text(encoding="utf-8", errors="surrogateescape")[:4096]
    except OSError:
        return None
    if not named.startswith("gitdir:"):
        return None
    linked = (top / named.removeprefix("gitdir:").strip()).resolve()
    # A worktree's folder lies in .git/worktrees of the repository, which holds the excludes.
    common = linked.parent.parent if linked.parent.name == "worktrees" else linked
    return common / "info" / "exclude"


def global_excludes(home: Path) -> Path | None:
    """Return the file that `core.excludesFile` of the user's git settings names, or the usual one.

    Settings that these include from other files are not followed.
    """
    xdg = os.environ.get("XDG_CONFIG_HOME")
    folder = Path(xdg) if xdg else home / ".config"
    for config in (home / ".gitconfig", folder / "git" / "config"):
        if named := _excludes_file(config):
            return home / named[2:] if named.startswith("~/") else home / named
    return folder / "git" / "ignore"


def _excludes_file(config: Path) -> str:
    """Return the value of core.excludesFile in one file, the last that there is."""
    try:
        with config.open(encoding="utf-8", errors="surrogateescape") as opened:
            lines = opened.read(_LONGEST_CONFIG_CHARS).splitlines()
    except OSError:
        return ""
    section, value = "", ""
    for line in lines:
        if head := _SECTION.match(line):
            section = head[1].lower() if head[2] is None else ""
        elif section == "core" and (found := _EXCLUDES.fullmatch(line)):
            value = found[1].strip('"')
    return value
