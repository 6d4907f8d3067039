"""Which of the open files a file imports, told by the words of its import lines.

Not resolved as a compiler would: the last word of a module's name is enough to prefer one of a
dozen open files to another, in any language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

__all__ = ["imported_words", "module_words"]

# Python, JavaScript, TypeScript, Go, Rust, Java, Kotlin, Swift, C, C++, C#, Ruby, PHP, Lua, shell.
_IMPORT = re.compile(
    r"\s*(?:from|import|export|use|using|mod|pub|require(?:_relative|_once)?|include(?:_once)?"
    r"|\#\s*include|@import|package|source|local\b.*\brequire|(?:const|let|var)\b.*\brequire)\b"
)
_CONTINUED = re.compile(r"\s*(?:[\"'][\w./@-]+[\"'],?|\w+(?:\s+as\s+\w+)?,?|}\s*from\b.*)\s*")
_WORD = re.compile(r"[A-Za-z_]\w+")
_FOLDER_MODULES = frozenset({"__init__", "index", "mod", "main", "lib", "init"})


def imported_words(lines: Iterable[str]) -> frozenset[str]:
    """Return the words of the import lines among a file's first lines, in lower case."""
    words: set[str] = set()
    is_import = False
    for line in lines:
        is_import = bool(_IMPORT.match(line)) or (is_import and bool(_CONTINUED.fullmatch(line)))
        if is_import:
            words.update(word.lower() for word in _WORD.findall(line))
    return frozenset(words)


def module_words(path: str) -> frozenset[str]:
    """Return what a file is called where it is imported, in lower case."""
    parts = PurePosixPath(path).parts
    stem = parts[-1].partition(".")[0].lower() if parts else ""
    if stem in _FOLDER_MODULES and len(parts) > 1:
        stem = parts[-2].lower()
    return frozenset({stem}) if stem else frozenset()
